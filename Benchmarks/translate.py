#!/usr/bin/env python3
"""Training and translating with the same network, ours and PyTorch's, on the same cores, one after the other.

    python3 Benchmarks/translate.py RNN SOURCE TARGET [--threads 2] [--steps 100] [--sentences 500]

RNN is the program; SOURCE and TARGET are lines of words (Multi30k's train.lc.norm.tok.en and .de). Both train for so many steps on
batches of 64 pairs of nearly one length, then translate the first sentences greedily. The network: embeddings of 256, a
bidirectional LSTM of 2 x 256 units, a bridge, an LSTM of 512 units with general attention and input feeding, an attentional vector
of 256, output weights that are the target's embedding; dropout 0.3, label smoothing 0.1, AdamW, clipping at 1.

PyTorch's numbers leave out its start; ours of translating are those of the whole process.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections import Counter

import torch
from torch import nn
from torch.nn import functional as F

EMBEDDING, HIDDEN, DROPOUT, BATCH, VOCABULARY = 256, 512, 0.3, 64, 10_000


def vocabulary(lines):
    counts = Counter(word for line in lines for word in line)
    return {word: i for i, (word, n) in enumerate(counts.most_common(VOCABULARY - 2)) if n > 1}


class Network(nn.Module):
    def __init__(self, sources, targets):
        super().__init__()
        self.source, self.target = nn.Embedding(sources, EMBEDDING), nn.Embedding(targets, EMBEDDING)
        for table in (self.source, self.target):
            nn.init.uniform_(table.weight, -0.1, 0.1)
        self.encoder = nn.LSTM(EMBEDDING, HIDDEN // 2, bidirectional=True)
        self.bridge = nn.ModuleList([nn.Linear(HIDDEN, HIDDEN) for _ in range(2)])
        self.decoder = nn.LSTMCell(2 * EMBEDDING, HIDDEN)
        self.keys = nn.Linear(HIDDEN, HIDDEN, bias=False)
        self.combine = nn.Linear(2 * HIDDEN, EMBEDDING, bias=False)
        self.bias = nn.Parameter(torch.zeros(targets))

    def encode(self, sources, lengths):
        x = F.dropout(self.source(sources), DROPOUT, self.training)
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
        memory, last = self.encoder(packed)
        memory, _ = nn.utils.rnn.pad_packed_sequence(memory)
        state = tuple(torch.tanh(linear(torch.cat([s[0], s[1]], 1))) for linear, s in zip(self.bridge, last))
        memory = memory.transpose(0, 1)
        outside = torch.arange(memory.shape[1])[None] >= lengths[:, None]
        return memory, self.keys(memory).transpose(1, 2), outside, state

    def step(self, x, fed, state, memory, keys, outside):
        h, c = self.decoder(torch.cat([x, fed], 1), state)
        scores = torch.bmm(h[:, None], keys)[:, 0].masked_fill(outside, -torch.inf)
        context = torch.bmm(scores.softmax(1)[:, None], memory)[:, 0]
        return torch.tanh(self.combine(torch.cat([context, h], 1))), (h, c)

    def loss(self, sources, lengths, inputs, targets):
        memory, keys, outside, state = self.encode(sources, lengths)
        x = F.dropout(self.target(inputs), DROPOUT, self.training)
        fed = x.new_zeros(x.shape[1], EMBEDDING)
        vectors = []
        for t in range(x.shape[0]):
            fed, state = self.step(x[t], fed, state, memory, keys, outside)
            vectors.append(fed)
        vectors = F.dropout(torch.stack(vectors), DROPOUT, self.training)
        # Only rows that count, as a careful program has it.
        counted = targets >= 0
        logits = F.linear(vectors[counted], self.target.weight, self.bias)
        return F.cross_entropy(logits, targets[counted], label_smoothing=0.1)

    @torch.inference_mode()
    def translate(self, sources, lengths, end):
        memory, keys, outside, state = self.encode(sources, lengths)
        rows = sources.shape[1]
        token, fed = torch.full((rows,), end), torch.zeros(rows, EMBEDDING)
        most, finished, tokens = 2 * lengths + 10, torch.zeros(rows, dtype=torch.bool), []
        for t in range(int(most.max())):
            fed, state = self.step(self.target(token), fed, state, memory, keys, outside)
            token = F.linear(fed, self.target.weight, self.bias).argmax(1)
            tokens.append(token)
            finished |= (token == end) | (t + 1 >= most)
            if finished.all():
                break
        return torch.stack(tokens)


def padded(rows, end=None):
    """[T, B] of lists of ids; with an end, also what a decoder reads."""
    width = max(len(row) for row in rows) + (end is not None)
    out = torch.full((width, len(rows)), -1 if end is not None else 0)
    given = torch.zeros_like(out)
    for i, row in enumerate(rows):
        row = torch.tensor(row, dtype=torch.long)
        out[:len(row), i] = row
        if end is not None:
            out[len(row), i] = end
            given[0, i], given[1:len(row) + 1, i] = end, row
    return out if end is None else (given, out)


def pytorch(sources, targets, steps, sentences):
    words = vocabulary(sources), vocabulary(targets)
    ids = [[[table.get(word, len(table)) for word in line] for line in lines] for table, lines in zip(words, (sources, targets))]
    end = len(words[1]) + 1
    network = Network(len(words[0]) + 1, end + 1)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
    torch.manual_seed(1)
    order = sorted((i for i in range(len(sources)) if ids[0][i] and ids[1][i]), key=lambda i: (len(ids[1][i]), len(ids[0][i])))
    batches = [order[i:i + BATCH] for i in range(0, len(order) - BATCH, BATCH)]
    batches = [batches[i] for i in torch.randperm(len(batches))]
    tokens, begin = 0, None
    for step in range(steps + 5):
        if step == 5:
            begin = time.perf_counter()
        batch = batches[step % len(batches)]
        lengths = torch.tensor([len(ids[0][i]) for i in batch])
        inputs, expected = padded([ids[1][i] for i in batch], end)
        loss = network.loss(padded([ids[0][i] for i in batch]), lengths, inputs, expected)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        tokens += int((expected >= 0).sum()) if step >= 5 else 0
    trained = tokens / (time.perf_counter() - begin)
    network.eval()
    some = sorted((i for i in range(sentences) if ids[0][i]), key=lambda i: len(ids[0][i]))
    begin = time.perf_counter()
    for i in range(0, len(some), BATCH):
        rows = [ids[0][j] for j in some[i:i + BATCH]]
        network.translate(padded(rows), torch.tensor([len(row) for row in rows]), end)
    return trained, len(some) / (time.perf_counter() - begin)


def ours(program, source, target, steps, sentences, threads):
    with tempfile.TemporaryDirectory() as folder:
        model = os.path.join(folder, "m.safetensors")
        result = subprocess.run(
            [program, "train", "translate", "--source", source, "--target", target, "-o", model, "--tokens", "words",
             "--vocabulary", str(VOCABULARY), "--hidden", str(HIDDEN), "--embedding", str(EMBEDDING), "--dropout", str(DROPOUT),
             "--batch", str(BATCH), "--validation-part", "0", "--steps", str(steps), "--threads", str(threads), "--json", "--quiet"],
            check=True, capture_output=True, text=True)
        summary = json.loads(result.stdout)
        with open(source, "rb") as file:
            lines = b"".join(file.readlines()[:sentences])
        begin = time.perf_counter()
        subprocess.run([program, "translate", model, "--beam", "1", "--threads", str(threads)], input=lines, check=True, capture_output=True)
        return summary["tokens"] / summary["seconds"], sentences / (time.perf_counter() - begin)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--sentences", type=int, default=500)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.set_num_interop_threads(1)
    lines = [[line.split() for line in open(path, encoding="utf-8")] for path in (given.source, given.target)]
    print(f"{'':10}{'tokens/s, training':>22}{'sentences/s, greedy':>22}")
    for name, run in [
        ("ours", lambda: ours(given.program, given.source, given.target, given.steps, given.sentences, given.threads)),
        ("PyTorch", lambda: pytorch(*lines, given.steps, given.sentences)),
    ]:
        trained, translated = run()
        print(f"{name:10}{trained:22.0f}{translated:22.1f}", flush=True)
