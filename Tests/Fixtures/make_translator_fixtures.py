#!/usr/bin/env python3
"""Make the reference values of attention and of a translator, as make_fixtures.py does its own.

    python3 Tests/Fixtures/make_translator_fixtures.py

Made with torch 2.13.0.

attention_<additive|dot|general>
    queries [T, B, Q] and a source [S, B, V] of the given lengths; weights under the names that our layer
    gives them; context [T, B, V], weights [T, B, S] (of the source's steps), loss = sum(context * gc),
    grad.<name>.
translator_<general|additive|tied>
    Embedding, bidirectional LSTM on packed sequences, a bridge tanh(W [forward; reverse] + b) from each
    layer's last states, and a decoder of two LSTM layers with attention and input feeding, its attentional
    vector through an output layer (whose weights are those of the target's embedding if tied), cross-entropy
    with label smoothing. sources [S, B], inputs and targets [T, B] (-1 beyond an end); source_lengths,
    target_lengths; weights under the names of a model file, logits [T, B, V] (zero beyond an end),
    loss, grad.<name>.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from make_fixtures import Draws, as_given, as_result, gradients, require_gradients, save


def scores(kind, weights, prefix, queries, source):
    """[T, B, S] of queries [T, B, Q] and a source [S, B, V]."""
    if kind == "dot":
        return torch.einsum("tbq,sbq->tbs", queries, source)
    keys = source @ weights[prefix + "key.weight"].T
    if kind == "general":
        return torch.einsum("tbq,sbq->tbs", queries, keys)
    both = torch.tanh((queries @ weights[prefix + "query.weight"].T)[:, :, None] + keys.transpose(0, 1)[None])
    return both @ weights[prefix + "score.weight"][0]


def attend(kind, weights, prefix, queries, source, lengths):
    inside = torch.arange(source.shape[0])[None] < lengths[:, None]
    shares = scores(kind, weights, prefix, queries, source).masked_fill(~inside[None], -torch.inf).softmax(-1)
    return torch.einsum("tbs,sbv->tbv", shares, source), shares


def attention_weights(kind, draws, prefix, queries, values):
    if kind == "dot":
        return {}
    if kind == "general":
        return {prefix + "key.weight": draws.uniform(queries, values)}
    return {prefix + "key.weight": draws.uniform(queries, values), prefix + "query.weight": draws.uniform(queries, queries),
            prefix + "score.weight": draws.uniform(1, queries)}


def attention(kind, seed):
    draws = Draws(seed)
    steps, rows, times, queries = 5, 3, 4, 6
    values = queries if kind == "dot" else 7
    lengths = torch.tensor([3, 5, 1])
    given = {"queries": draws.normal(times, rows, queries), "source": draws.normal(steps, rows, values)}
    given |= attention_weights(kind, draws, "attention.", queries, values)
    upstream = draws.normal(times, rows, values)
    require_gradients(given)
    context, shares = attend(kind, given, "attention.", given["queries"], given["source"], lengths)
    loss = (context * upstream).sum()
    loss.backward()
    save("attention_" + kind, as_given(given | {"gc": upstream}) | {"lengths": lengths.numpy()}
         | as_result({"context": context, "weights": shares, "loss": loss.reshape(1)}) | as_result(gradients(given)))


def translator(name, kind, tied, seed):
    draws = Draws(seed)
    source_vocabulary, target_vocabulary, size, hidden, layers, smoothing = 9, 11, 5, 8, 2, 0.1
    own = hidden // 2
    outputs = size if tied else hidden
    source_lengths, target_lengths = torch.tensor([4, 1, 6, 3]), torch.tensor([3, 5, 1, 5])
    weights = {"source.weight": draws.uniform(source_vocabulary, size), "target.weight": draws.uniform(target_vocabulary, size)}
    encoder = nn.LSTM(size, own, num_layers=layers, bidirectional=True).double()
    decoder = nn.LSTM(size + outputs, hidden, num_layers=layers).double()
    with torch.no_grad():
        for prefix, module in (("encoder.", encoder), ("decoder.rnn.", decoder)):
            for key, weight in module.named_parameters():
                weight.copy_(draws.uniform(*weight.shape) * (0 if "bias_hh" in key else 1))
                weights[prefix + key] = weight
    for layer in range(layers):
        for state in "hc":
            weights[f"bridge.{layer}.{state}.weight"] = draws.uniform(hidden, 2 * own)
            weights[f"bridge.{layer}.{state}.bias"] = draws.uniform(hidden)
    weights |= attention_weights(kind, draws, "decoder.attention.", hidden, 2 * own)
    weights["decoder.combine.weight"] = draws.uniform(outputs, 2 * own + hidden)
    if not tied:
        weights["output.weight"] = draws.uniform(target_vocabulary, outputs)
    weights["output.bias"] = draws.uniform(target_vocabulary)
    for key in weights:
        weights[key].requires_grad_(True)

    rows = len(source_lengths)
    sources = torch.full((int(source_lengths.max()), rows), -1)
    inputs, targets = torch.full((int(target_lengths.max()), rows), -1), torch.full((int(target_lengths.max()), rows), -1)
    end = target_vocabulary - 1
    for row in range(rows):
        sources[:source_lengths[row], row] = draws.integers(source_vocabulary, int(source_lengths[row]))
        words = draws.integers(end, int(target_lengths[row]) - 1)
        inputs[0, row], targets[target_lengths[row] - 1, row] = end, end
        inputs[1:target_lengths[row], row] = words
        targets[:target_lengths[row] - 1, row] = words

    packed = nn.utils.rnn.pack_padded_sequence(
        F.embedding(sources.clamp(min=0), weights["source.weight"]), source_lengths, enforce_sorted=False)
    memory, last = encoder(packed)
    memory, _ = nn.utils.rnn.pad_packed_sequence(memory)
    states = tuple(
        torch.stack([
            torch.tanh(F.linear(torch.cat([state[2 * layer], state[2 * layer + 1]], 1),
                                weights[f"bridge.{layer}.{letter}.weight"], weights[f"bridge.{layer}.{letter}.bias"]))
            for layer in range(layers)])
        for letter, state in zip("hc", last))
    x = F.embedding(inputs.clamp(min=0), weights["target.weight"])
    fed = torch.zeros(1, rows, outputs, dtype=torch.float64)
    vectors = []
    for t in range(inputs.shape[0]):
        y, states = decoder(torch.cat([x[t:t + 1], fed], 2), states)
        context, _ = attend(kind, weights, "decoder.attention.", y, memory, source_lengths)
        fed = torch.tanh(F.linear(torch.cat([context, y], 2), weights["decoder.combine.weight"]))
        vectors.append(fed)
    logits = F.linear(torch.cat(vectors), weights["target.weight" if tied else "output.weight"], weights["output.bias"])
    loss = F.cross_entropy(logits.reshape(-1, target_vocabulary), targets.reshape(-1), ignore_index=-1, label_smoothing=smoothing)
    loss.backward()
    save("translator_" + name, as_given(weights)
         | {"sources": sources.numpy(), "inputs": inputs.numpy(), "targets": targets.numpy(),
            "source_lengths": source_lengths.numpy(), "target_lengths": target_lengths.numpy()}
         | as_result({"logits": logits * (targets >= 0)[..., None], "loss": loss.reshape(1)}) | as_result(gradients(weights)),
         smoothing=smoothing, score=kind, tied=tied, biases="bias_hh zero")


if __name__ == "__main__":
    torch.set_num_threads(1)
    for number, kind in enumerate(("additive", "dot", "general")):
        attention(kind, seed=500 + number)
    translator("general", "general", False, seed=510)
    translator("additive", "additive", False, seed=511)
    translator("tied", "dot", True, seed=512)
