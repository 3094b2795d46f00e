"""PyTorch: torch.nn.RNN, LSTM and GRU, and whole models of them."""
import time

import peer


def load(threads):
    import torch

    torch.set_num_interop_threads(1)
    modules = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}

    def prepare(request):
        if "model" in request:
            return whole_model(torch, request)
        cell = request["cell"]
        module = modules[cell](request["input"], request["hidden"])
        with torch.no_grad():
            for parameter, value in zip(module.parameters(), peer.weights(cell, request["input"], request["hidden"])):
                parameter.copy_(torch.from_numpy(value))
        x, initial, gradient = peer.sequences(request)
        x, gradient = torch.from_numpy(x), torch.from_numpy(gradient)
        initial = [torch.from_numpy(state)[None] for state in initial]
        state = tuple(initial) if len(initial) > 1 else initial[0]

        if request["mode"] == "infer":
            @torch.inference_mode()
            def call():
                return module(x, state)

            return call, peer.checksum([call()[0].numpy()])

        leaves = [x, *initial, *module.parameters()]
        for leaf in leaves:
            leaf.requires_grad_()

        def call():
            for leaf in leaves:
                leaf.grad = None
            module(x, state)[0].backward(gradient)

        call()
        return call, peer.checksum([leaf.grad.numpy() for leaf in leaves[:1 + len(initial) + 2]])

    versions = {"PyTorch": torch.__version__}
    return versions, torch.set_num_threads, prepare


# Whole models, by everything that decides how fast they are: built once, then trained on as long as they are asked to.
models = {}


def whole_model(torch, request):
    key = request["model"]
    if key not in models:
        builders = {"clips": transcriber, "classes": classifier, "horizon": forecaster, "sentences": greedy, "translations": translator}
        build = next((build for name, build in builders.items() if name in request), train)
        models[key] = build(torch, request)
        models[key][0](request.get("warm_up", 0))
    run, steps_per_epoch = models[key]
    given = [request[name] for name in ("steps", "sentences") if name in request]
    tokens, seconds = run(given[0] if given else request["epochs"] * steps_per_epoch)
    return {"tokens": tokens, "seconds": seconds}


def read(request):
    """The text's tokens as numbers, and how many different ones there are."""
    with open(request["text"], encoding="utf-8", newline="") as file:
        text = file.read()
    tokens = text.replace("\n", " <eos> ").split() if request["tokens"] == "words" else text
    numbers = {token: number for number, token in enumerate(dict.fromkeys(tokens))}
    return [numbers[token] for token in tokens], len(numbers)


def train(torch, request):
    """A function that makes so many updates of truncated back-propagation through time, the state carried, and returns the
    tokens read and the seconds taken; and how many updates an epoch has."""
    numbers, count = read(request)
    rows, length = request["batch"], request["sequence_length"]
    lane = len(numbers) // rows
    lanes = torch.tensor(numbers[:lane * rows]).reshape(rows, lane).t().contiguous()

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = torch.nn.Embedding(count, request["embedding"])
            self.rnn = torch.nn.LSTM(request["embedding"], request["hidden"], request["layers"])
            self.decoder = torch.nn.Linear(request["hidden"], count)

        def forward(self, tokens, state):
            y, state = self.rnn(self.embedding(tokens), state)
            return self.decoder(y), state

    model = Model()
    if "initial" in request:
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.uniform_(-request["initial"], request["initial"])
    if request["optimizer"] == "adam":
        optimizer = torch.optim.Adam(model.parameters(), lr=request["learning_rate"], fused=True)
    else:
        optimizer = torch.optim.SGD(model.parameters(), lr=request["learning_rate"], fused=True)
    place, state = 0, None

    def run(steps):
        nonlocal place, state
        start = time.perf_counter()
        for _ in range(steps):
            if place + length + 1 > lane:
                place, state = 0, None
            inputs, targets = lanes[place:place + length], lanes[place + 1:place + length + 1]
            place += length
            optimizer.zero_grad(set_to_none=True)
            logits, state = model(inputs, state)
            state = tuple(part.detach() for part in state)
            torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten()).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), request["clip"])
            optimizer.step()
        return steps * rows * length, time.perf_counter() - start

    return run, (lane - 1) // length


def classifier(torch, request):
    """A function that makes so many updates of a classifier on packed sequences, and returns the texts read and the
    seconds taken; and how many updates an epoch has."""
    import random

    with open(request["text"], encoding="utf-8") as file:
        lines = [line.rstrip("\n").split(" ", 1) for line in file]
    texts = [text.split() for _, text in lines]
    labels = torch.tensor([int(label) for label, _ in lines])
    numbers = {word: number for number, word in enumerate(dict.fromkeys(word for text in texts for word in text))}
    texts = [torch.tensor([numbers[word] for word in text]) for text in texts]
    rows = request["batch"]

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = torch.nn.Embedding(len(numbers), request["embedding"])
            self.rnn = torch.nn.LSTM(request["embedding"], request["hidden"], request["layers"], bidirectional=True)
            self.classifier = torch.nn.Linear(2 * request["hidden"], request["classes"])

        def forward(self, tokens, lengths):
            packed = torch.nn.utils.rnn.pack_padded_sequence(self.embedding(tokens), lengths, enforce_sorted=False)
            y, lengths = torch.nn.utils.rnn.pad_packed_sequence(self.rnn(packed)[0], padding_value=-torch.inf)
            return self.classifier(y.max(0).values)

    model = Model()
    optimizer = torch.optim.Adam(model.parameters(), lr=request["learning_rate"], fused=True)
    shuffle = random.Random(1)

    def epoch():
        """Batches of texts of nearly one length, as ours are."""
        order = list(range(len(texts)))
        shuffle.shuffle(order)
        batches = []
        for start in range(0, len(order), 50 * rows):
            part = sorted(order[start:start + 50 * rows], key=lambda index: len(texts[index]))
            batches += [part[i:i + rows] for i in range(0, len(part), rows)]
        shuffle.shuffle(batches)
        return batches

    batches = []

    def run(steps):
        nonlocal batches
        read, start = 0, time.perf_counter()
        for _ in range(steps):
            batches = batches or epoch()
            batch = batches.pop()
            read += len(batch)
            tokens = torch.nn.utils.rnn.pad_sequence([texts[index] for index in batch])
            lengths = torch.tensor([len(texts[index]) for index in batch])
            optimizer.zero_grad(set_to_none=True)
            torch.nn.functional.cross_entropy(model(tokens, lengths), labels[batch]).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), request["clip"])
            optimizer.step()
        return read, time.perf_counter() - start

    return run, len(epoch())


def forecaster(torch, request):
    """A function that makes so many updates of a network that sees lagged values and the clock and says Student's t of each
    next value, and returns the windows read and the seconds taken; and how many updates an epoch has."""
    import csv
    import datetime
    import math
    import random

    with open(request["text"], encoding="utf-8") as file:
        rows_of_table = list(csv.DictReader(file))
    times = [datetime.datetime.fromisoformat(row["date"]) for row in rows_of_table]
    values = torch.tensor([float(row[request["target"]]) for row in rows_of_table])
    values = (values - values.mean()) / values.std()
    parts = [((t.hour / 24), (t.weekday() + t.hour / 24) / 7, (t.timetuple().tm_yday - 1) / 365.2425) for t in times]
    clock = torch.tensor([[0.5 * f(2 * math.pi * part) for part in row for f in (math.sin, math.cos)] for row in parts])
    context, horizon, lags = request["context"], request["horizon"], request["lags"]
    steps = torch.arange(context + horizon)[:, None] - context
    origins = range(context + max(lags), len(values) - horizon + 1)
    rows = request["batch"]

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = torch.nn.LSTM(len(lags) + 1 + clock.shape[1], request["hidden"], request["layers"])
            self.output = torch.nn.Linear(request["hidden"], 3)

        def forward(self, x, last):
            location, scale, degrees = self.output(self.rnn(x)[0]).unbind(-1)
            softplus = torch.nn.functional.softplus
            return torch.distributions.StudentT(2 + softplus(degrees), last + location, softplus(scale) + 1e-4, validate_args=False)

    model = Model()
    optimizer = torch.optim.Adam(model.parameters(), lr=request["learning_rate"], fused=True)
    shuffle = random.Random(1)

    def run(count):
        start = time.perf_counter()
        for _ in range(count):
            at = torch.tensor(shuffle.sample(origins, rows))[None] + steps
            lagged = [values[at - lag] for lag in lags]
            # Nothing is missing here; the network is told so as ours is.
            x = torch.cat([torch.stack(lagged + [torch.zeros_like(lagged[0])], -1), clock[at]], -1)
            optimizer.zero_grad(set_to_none=True)
            losses = -model(x, lagged[0]).log_prob(values[at])
            losses[context // 2:].mean().backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), request["clip"])
            optimizer.step()
        return count * rows, time.perf_counter() - start

    return run, len(origins) // rows


def transcriber(torch, request):
    """A function that makes so many updates of a network with connectionist temporal classification, and returns the rows read and
    the seconds taken; and how many updates an epoch has."""
    import os
    import random

    import numpy

    folder = os.path.dirname(request["text"])
    with open(request["text"], encoding="utf-8") as file:
        clips = [line.rstrip("\n").split("\t") for line in list(file)[1:]]
    x = torch.stack([torch.from_numpy(numpy.load(os.path.join(folder, path))) for path, _ in clips], 1)
    x = (x - x.mean((0, 1))) / x.std((0, 1))
    letters = {letter: number for number, letter in enumerate(sorted(set("".join(text for _, text in clips))))}
    targets = torch.tensor([[letters[letter] for letter in text] for _, text in clips])
    rows = request["batch"]

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = torch.nn.LSTM(request["input"], request["hidden"], request["layers"], bidirectional=True)
            # One more for what is unknown, as ours has, and the blank.
            self.output = torch.nn.Linear(2 * request["hidden"], len(letters) + 2)

        def forward(self, x):
            return torch.nn.functional.log_softmax(self.output(self.rnn(x)[0]), -1)

    model = Model()
    optimizer = torch.optim.Adam(model.parameters(), lr=request["learning_rate"], fused=True)
    shuffle = random.Random(1)
    lengths = torch.full((rows,), x.shape[0])
    said = torch.full((rows,), targets.shape[1])

    def run(steps):
        start = time.perf_counter()
        for _ in range(steps):
            batch = torch.tensor(shuffle.sample(range(len(clips)), rows))
            optimizer.zero_grad(set_to_none=True)
            losses = torch.nn.functional.ctc_loss(model(x[:, batch]), targets[batch], lengths, said, blank=len(letters) + 1, reduction="sum")
            (losses / said.sum()).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), request["clip"])
            optimizer.step()
        return steps * rows * x.shape[0], time.perf_counter() - start

    return run, len(clips) // rows


class Pairs:
    """Lines of words and their translations as numbers; a translation ends with the number after those of its words."""

    def __init__(self, request):
        import collections

        self.sides, self.counts = [], []
        for name in ("text", "translations"):
            with open(request[name], encoding="utf-8") as file:
                lines = [line.split() for line in file]
            frequencies = collections.Counter(word for line in lines for word in line).most_common(request["vocabulary"] - 2)
            numbers = {word: number for number, (word, _) in enumerate(frequencies)}
            self.sides.append([[numbers.get(word, len(numbers)) for word in line] for line in lines])
            self.counts.append(len(numbers) + 1)
        self.end = self.counts[1]


def translation_network(torch, request, sources, targets):
    """Embeddings, an LSTM in both directions, a linear layer and tanh between the states, an LSTM that is fed what it found in the step
    before, general attention, output weights that are the vectors of the target's words."""
    functional, nn = torch.nn.functional, torch.nn
    hidden, embedding, rate = request["hidden"], request["embedding"], request["dropout"]

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.source, self.target = nn.Embedding(sources, embedding), nn.Embedding(targets, embedding)
            self.encoder = nn.LSTM(embedding, hidden // 2, bidirectional=True)
            self.bridge = nn.ModuleList([nn.Linear(hidden, hidden) for _ in range(2)])
            self.decoder = nn.LSTMCell(2 * embedding, hidden)
            self.keys = nn.Linear(hidden, hidden, bias=False)
            self.combine = nn.Linear(2 * hidden, embedding, bias=False)
            self.bias = nn.Parameter(torch.zeros(targets))
            for table in (self.source, self.target):
                nn.init.uniform_(table.weight, -0.1, 0.1)

        def encode(self, tokens, lengths):
            x = functional.dropout(self.source(tokens), rate, self.training)
            packed = nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
            memory, last = self.encoder(packed)
            memory = nn.utils.rnn.pad_packed_sequence(memory)[0].transpose(0, 1)
            state = tuple(torch.tanh(linear(torch.cat([part[0], part[1]], 1))) for linear, part in zip(self.bridge, last))
            outside = torch.arange(memory.shape[1])[None] >= lengths[:, None]
            return (memory, self.keys(memory).transpose(1, 2), outside), state

        def step(self, x, fed, state, source):
            memory, keys, outside = source
            h, c = self.decoder(torch.cat([x, fed], 1), state)
            scores = torch.bmm(h[:, None], keys)[:, 0].masked_fill(outside, -torch.inf)
            context = torch.bmm(scores.softmax(1)[:, None], memory)[:, 0]
            return torch.tanh(self.combine(torch.cat([context, h], 1))), (h, c)

        def logits(self, vectors):
            return functional.linear(vectors, self.target.weight, self.bias)

        def loss(self, tokens, lengths, inputs, targets):
            source, state = self.encode(tokens, lengths)
            x = functional.dropout(self.target(inputs), rate, self.training)
            fed, vectors = x.new_zeros(x.shape[1], embedding), []
            for step in x:
                fed, state = self.step(step, fed, state, source)
                vectors.append(fed)
            vectors = functional.dropout(torch.stack(vectors), rate, self.training)
            # Only of what counts, as a careful program has it.
            counted = targets >= 0
            return functional.cross_entropy(self.logits(vectors[counted]), targets[counted], label_smoothing=request["label_smoothing"])

        @torch.inference_mode()
        def translate(self, tokens, lengths, end, most):
            source, state = self.encode(tokens, lengths)
            rows = tokens.shape[1]
            token, fed, found = torch.full((rows,), end), torch.zeros(rows, embedding), []
            for _ in range(most):
                fed, state = self.step(self.target(token), fed, state, source)
                logits = self.logits(fed)
                logits[:, end] = -torch.inf
                token = logits.argmax(1)
                found.append(token)
            return torch.stack(found)

    return Network()


def translator(torch, request):
    """A function that makes so many updates of a translator on batches of pairs of nearly one length, and returns the tokens of the
    translations and the seconds taken; and how many updates an epoch has."""
    import random

    pairs, rows = Pairs(request), request["batch"]
    sources, targets = pairs.sides
    model = translation_network(torch, request, pairs.counts[0], pairs.end + 1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=request["learning_rate"], weight_decay=0, fused=True)
    order = sorted((i for i in range(len(sources)) if sources[i] and targets[i]), key=lambda i: (len(targets[i]), len(sources[i])))
    whole = [order[i:i + rows] for i in range(0, len(order), rows)]
    shuffle, batches = random.Random(1), []
    pad = torch.nn.utils.rnn.pad_sequence

    def run(steps):
        nonlocal batches
        tokens, start = 0, time.perf_counter()
        for _ in range(steps):
            batches = batches or shuffle.sample(whole, len(whole))
            batch = batches.pop()
            source = [torch.tensor(sources[i]) for i in batch]
            inputs = pad([torch.tensor([pairs.end] + targets[i]) for i in batch])
            expected = pad([torch.tensor(targets[i] + [pairs.end]) for i in batch], padding_value=-1)
            optimizer.zero_grad(set_to_none=True)
            model.loss(pad(source), torch.tensor([len(row) for row in source]), inputs, expected).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), request["clip"])
            optimizer.step()
            tokens += sum(len(targets[i]) + 1 for i in batch)
        return tokens, time.perf_counter() - start

    return run, len(whole)


def greedy(torch, request):
    """A function that translates so many sentences greedily, and returns their number and the seconds taken."""
    pairs, rows = Pairs(request), request["batch"]
    model = translation_network(torch, request, pairs.counts[0], pairs.end + 1).eval()

    def run(sentences):
        start = time.perf_counter()
        some = sorted((row for row in pairs.sides[0][:sentences] if row), key=len)
        for i in range(0, len(some), rows):
            source = [torch.tensor(row) for row in some[i:i + rows]]
            lengths = torch.tensor([len(row) for row in source])
            model.translate(torch.nn.utils.rnn.pad_sequence(source), lengths, pairs.end, request["length"])
        return sentences, time.perf_counter() - start

    return run, 1


if __name__ == "__main__":
    peer.serve(load)
