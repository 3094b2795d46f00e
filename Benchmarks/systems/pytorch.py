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
        build = transcriber if "clips" in request else classifier if "classes" in request else forecaster if "horizon" in request else train
        models[key] = build(torch, request)
        models[key][0](request.get("warm_up", 0))
    run, steps_per_epoch = models[key]
    tokens, seconds = run(request["steps"] if "steps" in request else request["epochs"] * steps_per_epoch)
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


if __name__ == "__main__":
    peer.serve(load)
