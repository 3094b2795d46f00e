#!/usr/bin/env python3
"""Make the reference values that the tests compare with.

    python3 Tests/Fixtures/make_fixtures.py

writes the .safetensors files beside this script. Made with Python 3.11, torch
2.13.0 (CPU) and numpy 2.4.6, and read back with safetensors 0.8.0; the
metadata of every file names the torch that made it. Seeds are fixed, so that
a second run gives the same bytes on the same machine (another processor may
differ in the last bits of a double).

What was given (inputs, weights, upstream gradients) is rounded to float32
first and stored as F32; everything is computed in float64 from those rounded
values, and results are stored as F64. So a comparison is limited by the code
under test, not by PyTorch's rounding. The `explain_*` files are the
exception: their weights are short decimals and everything there is F64.

Files:

torch_<rnn|rnn_relu|lstm|gru>_<1|2|3>layers, torch_lstm_proj_<1|2>layers
    x [T,B,I], h0 (c0) [L,B,H], the weights under PyTorch's names, gy, gh (gc);
    y, h_n (c_n), loss = sum(y*gy) + sum(h_n*gh) (+ sum(c_n*gc)), and
    grad.<name> for x, the initial states and every weight. With a projection
    h0, h_n, y and gh have P columns in place of H.
torch_<rnn|lstm|gru>_bidirectional, torch_<gru|lstm_proj>_lengths
    The same for four rows of the lengths `lengths` (I64) in six steps, run as
    a packed sequence: two layers in both directions (three for rnn; gru_lengths
    has two layers forward only). h0, h_n … are [L D,B,H] in PyTorch's order; y
    has D H columns and zeros past a row's end.
torch_<lstm_layer_norm|lstm_peephole|mgu|gru_reset_before>
    The same for one layer of a cell which torch lacks; the equations are in
    the functions below and in the metadata. Weights are `layers.0.W.xi` (a
    matrix), `layers.0.b.i` (a bias), `layers.0.v.pi` (a vector: peephole or
    gain). States are [1,B,H].
explain_<rnn|lstm|gru>_<scalar|vector>
    Three steps, small enough for paper: y_t = Why h_t + by and
    loss = 1/2 sum_t |y_t - target_t|^2. Every intermediate value is
    [step, unit]; grad.<value> is the whole derivative of the loss by it, all
    later steps included. Biases are in bias_ih; bias_hh is zero but for the
    GRU's n, where it can't be merged.
optimizers
    12 steps on 7 parameters, [step, parameter] after each step, for each
    optimiser; hyperparameters in the metadata. clip.*: clip_grad_norm_.
cross_entropy
    Mean over the targets that are not ignored; targets are I64, -1 = ignored.
language_model, language_model_two_biases
    Embedding, two-layer LSTM, linear: ten steps of Adam on one repeated batch
    from zero states. tokens and targets are I64 [T,B]. initial.*, grad.* (of
    the first step), final.*, losses (each before its step's update). In the
    first file bias_hh stays zero (one bias a gate); in the second both of
    PyTorch's biases are trained.
"""

import json
import os
import struct

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

FOLDER = os.path.dirname(os.path.abspath(__file__))
T, B, I, H, P = 5, 3, 4, 7, 3


# Drawing and writing

class Draws:
    """Random numbers rounded to float32, as float64 tensors."""

    def __init__(self, seed):
        self.generator = np.random.Generator(np.random.PCG64(seed))

    def normal(self, *shape, scale=1.0):
        return rounded(self.generator.standard_normal(shape) * scale)

    def uniform(self, *shape, bound=0.6):
        return rounded(self.generator.uniform(-bound, bound, shape))

    def integers(self, below, *shape):
        return torch.from_numpy(self.generator.integers(0, below, shape))


def rounded(array):
    """The values float32 can hold, as float64."""
    return torch.from_numpy(np.asarray(array).astype(np.float32).astype(np.float64))


def numbers(*values):
    return torch.tensor(values, dtype=torch.float64)


def as_given(tensors):
    """Float64 tensors that hold float32 values, as float32 arrays."""
    arrays = {}
    for name, tensor in tensors.items():
        array = tensor.detach().numpy().astype(np.float32)
        assert (array.astype(np.float64) == tensor.detach().numpy()).all(), name
        arrays[name] = array
    return arrays


def as_result(tensors):
    return {name: tensor.detach().numpy().astype(np.float64)
            for name, tensor in tensors.items()}


def save(name, arrays, **metadata):
    """Write a safetensors file. The package writes metadata in an order that
    changes from run to run; this keeps the order of the arguments."""
    kinds = {"float64": "F64", "int64": "I64", "float32": "F32"}
    strings = {key: str(value) for key, value in metadata.items()}
    header = {"__metadata__": {**strings, "torch": torch.__version__.split("+")[0]}}
    data = b""
    for key in sorted(arrays, key=lambda k: (-arrays[k].dtype.itemsize, k)):
        array = arrays[key]
        assert np.isfinite(array).all(), (name, key)
        block = array.astype(array.dtype.newbyteorder("<")).tobytes()
        header[key] = {"dtype": kinds[array.dtype.name], "shape": list(array.shape),
                       "data_offsets": [len(data), len(data) + len(block)]}
        data += block
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(FOLDER, name + ".safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def gradients(tensors):
    return {"grad." + name: tensor.grad for name, tensor in tensors.items()}


def require_gradients(tensors):
    for tensor in tensors.values():
        tensor.requires_grad_(True)


# Cells that torch has

def torch_module(kind, layers, projection=0, both=False):
    if kind == "rnn":
        return nn.RNN(I, H, layers, bidirectional=both).double()
    if kind == "rnn_relu":
        return nn.RNN(I, H, layers, nonlinearity="relu").double()
    if kind == "gru":
        return nn.GRU(I, H, layers, bidirectional=both).double()
    return nn.LSTM(I, H, layers, proj_size=projection, bidirectional=both).double()


def draw_weights(module, draws, bound=0.6):
    with torch.no_grad():
        for weight in module.parameters():
            weight.copy_(draws.uniform(*weight.shape, bound=bound))


def torch_stack(name, kind, layers, seed, projection=0):
    draws = Draws(seed)
    module = torch_module(kind, layers, projection)
    draw_weights(module, draws)
    output = projection or H
    given = {"x": draws.normal(T, B, I), "h0": draws.normal(layers, B, output, scale=0.5)}
    upstream = {"gy": draws.normal(T, B, output), "gh": draws.normal(layers, B, output)}
    if kind == "lstm":
        given["c0"] = draws.normal(layers, B, H, scale=0.5)
        upstream["gc"] = draws.normal(layers, B, H)
    require_gradients(given)

    if kind == "lstm":
        y, (h_n, c_n) = module(given["x"], (given["h0"], given["c0"]))
        results = {"y": y, "h_n": h_n, "c_n": c_n}
    else:
        y, h_n = module(given["x"], given["h0"])
        results = {"y": y, "h_n": h_n}
    finish_sequence(name, {**given, **dict(module.named_parameters())}, upstream, results,
                    cell=kind, layers=layers, projection=projection,
                    gates={"lstm": "i f g o", "gru": "r z n"}.get(kind, "h"))


def torch_lengths(name, kind, layers, seed, both, projection=0, lengths=(3, 5, 1, 5), time=6):
    draws = Draws(seed)
    module = torch_module(kind, layers, projection, both)
    draw_weights(module, draws)
    batch, output, runs = len(lengths), projection or H, layers * (2 if both else 1)
    given = {"x": draws.normal(time, batch, I), "h0": draws.normal(runs, batch, output, scale=0.5)}
    upstream = {"gy": draws.normal(time, batch, output * (2 if both else 1)), "gh": draws.normal(runs, batch, output)}
    if kind == "lstm":
        given["c0"] = draws.normal(runs, batch, H, scale=0.5)
        upstream["gc"] = draws.normal(runs, batch, H)
    require_gradients(given)

    packed = nn.utils.rnn.pack_padded_sequence(given["x"], list(lengths), enforce_sorted=False)
    y, states = module(packed, (given["h0"], given["c0"]) if kind == "lstm" else given["h0"])
    y, _ = nn.utils.rnn.pad_packed_sequence(y, total_length=time)
    results = {"y": y, "h_n": states[0], "c_n": states[1]} if kind == "lstm" else {"y": y, "h_n": states}
    finish_sequence(name, {**given, **dict(module.named_parameters())}, upstream, results, time=time, batch=batch,
                    lengths=lengths, cell=kind, layers=layers, directions=2 if both else 1, projection=projection,
                    gates={"lstm": "i f g o", "gru": "r z n"}.get(kind, "h"))


def finish_sequence(name, given, upstream, results, time=T, batch=B, lengths=None, **metadata):
    """The loss, its gradients, the file."""
    loss = (results["y"] * upstream["gy"]).sum() + (results["h_n"] * upstream["gh"]).sum()
    if "c_n" in results:
        loss = loss + (results["c_n"] * upstream["gc"]).sum()
    loss.backward()
    own = {} if lengths is None else {"lengths": np.asarray(lengths, dtype=np.int64)}
    save(name,
         {**as_given(given), **as_given(upstream), **own,
          **as_result({**results, "loss": loss, **gradients(given)})},
         **metadata, time=time, batch=batch, input=I, hidden=H)


# Cells that torch lacks. W, b and v are dictionaries of parameters; x is
# [B,I], the states are [B,H]; `x @ W["xi"].T` is W_xi x for every row.

def layer_norm(a, gain, bias, epsilon=1e-5):
    """(a - mean) / sqrt(variance + 1e-5) * gain + bias over the units; the
    variance is the biased one (divided by the number of units)."""
    mean = a.mean(dim=-1, keepdim=True)
    variance = ((a - mean) ** 2).mean(dim=-1, keepdim=True)
    return (a - mean) / torch.sqrt(variance + epsilon) * gain + bias


def lstm_layer_norm(x, h, c, W, b, v):
    def gate(k):
        return layer_norm(x @ W["x" + k].T + h @ W["h" + k].T, v["g" + k], b[k])
    i, f, o = torch.sigmoid(gate("i")), torch.sigmoid(gate("f")), torch.sigmoid(gate("o"))
    c = f * c + i * torch.tanh(gate("g"))
    return o * torch.tanh(layer_norm(c, v["gc"], b["c"])), c


def lstm_peephole(x, h, c, W, b, v):
    def gate(k):
        return x @ W["x" + k].T + h @ W["h" + k].T + b[k]
    i = torch.sigmoid(gate("i") + v["pi"] * c)
    f = torch.sigmoid(gate("f") + v["pf"] * c)
    c = f * c + i * torch.tanh(gate("g"))
    o = torch.sigmoid(gate("o") + v["po"] * c)
    return o * torch.tanh(c), c


def mgu(x, h, c, W, b, v):
    f = torch.sigmoid(x @ W["xf"].T + h @ W["hf"].T + b["f"])
    n = torch.tanh(x @ W["xn"].T + (f * h) @ W["hn"].T + b["n"])
    return (1 - f) * h + f * n, None


def gru_reset_before(x, h, c, W, b, v):
    z = torch.sigmoid(x @ W["xz"].T + h @ W["hz"].T + b["z"])
    r = torch.sigmoid(x @ W["xr"].T + h @ W["hr"].T + b["r"])
    n = torch.tanh(x @ W["xn"].T + (r * h) @ W["hn"].T + b["n"])
    return (1 - z) * n + z * h, None


# name: (step, gates, vectors, further biases, has a cell state, equations)
OTHER_CELLS = {
    "lstm_layer_norm": (
        lstm_layer_norm, "ifgo", ["gi", "gf", "gg", "go", "gc"], ["c"], True,
        "k = LN(W.xk x + W.hk h) * v.gk + b.k for k in i f g o; "
        "c = sigmoid(f) c + sigmoid(i) tanh(g); "
        "h = sigmoid(o) tanh(LN(c) * v.gc + b.c); "
        "LN(a) = (a - mean a) / sqrt(biased variance of a + 1e-5) over the units"),
    "lstm_peephole": (
        lstm_peephole, "ifgo", ["pi", "pf", "po"], [], True,
        "i = sigmoid(W.xi x + W.hi h + v.pi c + b.i); "
        "f = sigmoid(W.xf x + W.hf h + v.pf c + b.f); "
        "g = tanh(W.xg x + W.hg h + b.g); c' = f c + i g; "
        "o = sigmoid(W.xo x + W.ho h + v.po c' + b.o); h' = o tanh(c')"),
    "mgu": (
        mgu, "fn", [], [], False,
        "f = sigmoid(W.xf x + W.hf h + b.f); n = tanh(W.xn x + W.hn (f h) + b.n); "
        "h' = (1 - f) h + f n"),
    "gru_reset_before": (
        gru_reset_before, "zrn", [], [], False,
        "z = sigmoid(W.xz x + W.hz h + b.z); r = sigmoid(W.xr x + W.hr h + b.r); "
        "n = tanh(W.xn x + W.hn (r h) + b.n); h' = (1 - z) n + z h"),
}


def other_cell(name, seed):
    step, gates, vectors, further, has_c, equations = OTHER_CELLS[name]
    draws = Draws(seed)
    W = {"x" + k: draws.uniform(H, I) for k in gates}
    W.update({"h" + k: draws.uniform(H, H) for k in gates})
    b = {k: draws.uniform(H) for k in [*gates, *further]}
    offset = 1 if name == "lstm_layer_norm" else 0  # gains lie around 1
    v = {k: rounded(draws.uniform(H).numpy() + offset) for k in vectors}
    given = {"layers.0." + letter + "." + k: tensor
             for letter, group in (("W", W), ("b", b), ("v", v))
             for k, tensor in group.items()}
    given.update(x=draws.normal(T, B, I), h0=draws.normal(1, B, H, scale=0.5))
    upstream = {"gy": draws.normal(T, B, H), "gh": draws.normal(1, B, H)}
    if has_c:
        given["c0"] = draws.normal(1, B, H, scale=0.5)
        upstream["gc"] = draws.normal(1, B, H)
    require_gradients(given)

    h, c, ys = given["h0"][0], given["c0"][0] if has_c else None, []
    for x in given["x"]:
        h, c = step(x, h, c, W, b, v)
        ys.append(h)
    results = {"y": torch.stack(ys), "h_n": h[None]}
    if has_c:
        results["c_n"] = c[None]
    finish_sequence("torch_" + name, given, upstream, results,
                    cell=name, layers=1, equations=equations)


# Examples to be explained number by number

def explained_step(kind, x, state, W):
    """One step; every intermediate value by its name, the new state among
    them. x and the states are vectors."""
    a = W["weight_ih_l0"] @ x + W["bias_ih_l0"]
    u = W["weight_hh_l0"] @ state["h"] + W["bias_hh_l0"]
    if kind == "rnn":
        a = a + u
        return {"a": a, "h": torch.tanh(a)}
    if kind == "lstm":
        i, f, g, o = (a + u).chunk(4)
        i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
        c = f * state["c"] + i * g
        return {"i": i, "f": f, "g": g, "o": o, "c": c, "h": o * torch.tanh(c)}
    (ar, az, an), (ur, uz, un) = a.chunk(3), u.chunk(3)
    r, z = torch.sigmoid(ar + ur), torch.sigmoid(az + uz)
    n = torch.tanh(an + r * un)
    return {"r": r, "z": z, "n": n, "h": (1 - z) * n + z * state["h"]}


EQUATIONS = {
    "rnn": "a = Wih x + bih + Whh h + bhh; h' = tanh(a)",
    "lstm": "gates i f g o; c' = f c + i g; h' = o tanh(c')",
    "gru": "gates r z n; n = tanh(Win x + bin + r (Whn h + bhn)); h' = (1 - z) n + z h",
}

# weight_ih, weight_hh, bias_ih, bias_hh: one row a gate and unit, the gates in
# PyTorch's order.
SCALAR_WEIGHTS = {
    "rnn": ([[0.5]], [[-0.3]], [0.1], [0]),
    "lstm": ([[0.5], [-0.4], [0.3], [0.2]], [[-0.3], [0.6], [0.7], [-0.5]],
             [0.1, 1, -0.2, 0.3], [0, 0, 0, 0]),
    "gru": ([[0.5], [-0.4], [0.3]], [[-0.3], [0.6], [0.7]], [0.1, 0.2, -0.2], [0, 0, 0.4]),
}
VECTOR_WEIGHTS = {
    "rnn": ([[0.5, -0.2], [0.3, 0.4]], [[-0.3, 0.6], [0.2, 0.1]], [0.1, -0.1], [0, 0]),
    "lstm": ([[0.5, -0.2], [0.3, 0.4], [-0.4, 0.1], [0.2, -0.6],
              [0.3, 0.7], [-0.5, 0.2], [0.2, 0.1], [0.4, -0.3]],
             [[-0.3, 0.6], [0.2, 0.1], [0.6, -0.1], [0.3, 0.5],
              [0.7, -0.4], [-0.2, 0.8], [-0.5, 0.3], [0.1, 0.4]],
             [0.1, -0.1, 1, 1, -0.2, 0.2, 0.3, -0.3], [0] * 8),
    "gru": ([[0.5, -0.2], [0.3, 0.4], [-0.4, 0.1], [0.2, -0.6], [0.3, 0.7], [-0.5, 0.2]],
            [[-0.3, 0.6], [0.2, 0.1], [0.6, -0.1], [0.3, 0.5], [0.7, -0.4], [-0.2, 0.8]],
            [0.1, -0.1, 0.2, -0.3, -0.2, 0.2], [0, 0, 0, 0, 0.4, -0.1]),
}


def explained(kind, shape):
    scalar = shape == "scalar"
    names = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]
    values = (SCALAR_WEIGHTS if scalar else VECTOR_WEIGHTS)[kind]
    W = {name: numbers(*value) for name, value in zip(names, values)}
    hidden = W["weight_hh_l0"].shape[1]
    x = numbers([1], [2], [3]) if scalar else numbers([1, -1], [2, 0.5], [3, -2])
    target = (numbers([0.5], [-0.2], [0.8]) if scalar
              else numbers([0.5, -0.5], [-0.2, 0.1], [0.8, 0.3]))
    W["linear.weight"] = numbers([0.8]) if scalar else numbers([0.8, -0.4], [0.3, 0.9])
    W["linear.bias"] = numbers(-0.1) if scalar else numbers(-0.1, 0.2)
    state = {"h": torch.zeros(hidden, dtype=torch.float64)}
    if kind == "lstm":
        state["c"] = torch.zeros(hidden, dtype=torch.float64)
    given = {**W, "x": x, **{key + "0": tensor for key, tensor in state.items()}}
    require_gradients(given)

    steps = []
    for t in range(3):
        values = explained_step(kind, x[t], state, W)
        assert_as_torch(kind, x[t], state, W, values)
        values["y"] = W["linear.weight"] @ values["h"] + W["linear.bias"]
        values["loss_t"] = 0.5 * ((values["y"] - target[t]) ** 2).sum()
        for value in values.values():
            value.retain_grad()
        state = values
        steps.append(values)
    loss = sum(values["loss_t"] for values in steps)
    loss.backward()

    seen = {key: torch.stack([values[key] for values in steps]) for key in steps[0]}
    seen.update({"grad." + key: torch.stack([values[key].grad for values in steps])
                 for key in steps[0] if key != "loss_t"})
    save(f"explain_{kind}_{shape}",
         as_result({**given, "target": target, **seen, "loss": loss, **gradients(given)}),
         cell=kind, steps=3, input=x.shape[1], hidden=hidden, output=target.shape[1],
         equations=EQUATIONS[kind],
         loss="y_t = linear.weight h_t + linear.bias; loss = 1/2 sum_t |y_t - target_t|^2")


def assert_as_torch(kind, x, state, W, values):
    """The equations written out above are those of torch's own cell."""
    cell = {"rnn": nn.RNNCell, "lstm": nn.LSTMCell, "gru": nn.GRUCell}[kind]
    cell = cell(x.shape[0], state["h"].shape[0]).double()
    with torch.no_grad():
        for name, parameter in cell.named_parameters():
            parameter.copy_(W[name + "_l0"])
        if kind == "lstm":
            h, c = cell(x, (state["h"], state["c"]))
            torch.testing.assert_close(c, values["c"].detach(), rtol=1e-14, atol=1e-15)
        else:
            h = cell(x, state["h"])
        torch.testing.assert_close(h, values["h"].detach(), rtol=1e-14, atol=1e-15)


# Training

OPTIMIZERS = {
    "adam": (torch.optim.Adam, dict(lr=0.05, betas=(0.9, 0.999), eps=1e-8)),
    "adamw": (torch.optim.AdamW, dict(lr=0.05, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.1)),
    "sgd": (torch.optim.SGD, dict(lr=0.1)),
    "sgd_momentum": (torch.optim.SGD, dict(lr=0.1, momentum=0.9)),
    "sgd_weight_decay": (torch.optim.SGD, dict(lr=0.1, weight_decay=0.01)),
    "sgd_momentum_weight_decay": (
        torch.optim.SGD, dict(lr=0.1, momentum=0.9, weight_decay=0.01)),
    "sgd_nesterov": (torch.optim.SGD, dict(lr=0.1, momentum=0.9, nesterov=True)),
    "rmsprop": (torch.optim.RMSprop, dict(lr=0.01, alpha=0.99, eps=1e-8)),
    "rmsprop_momentum": (
        torch.optim.RMSprop, dict(lr=0.01, alpha=0.99, eps=1e-8, momentum=0.9)),
}


def optimized(make, options, initial, steps):
    parameter = initial.clone().requires_grad_(True)
    optimizer = make([parameter], **options)
    after = []
    for gradient in steps:
        parameter.grad = gradient.clone()
        optimizer.step()
        after.append(parameter.detach().clone())
    return torch.stack(after)


def optimizers(seed):
    draws = Draws(seed)
    given = {"initial": draws.normal(7), "gradients": draws.normal(12, 7)}
    results, metadata = {}, {}
    for name, (make, options) in OPTIMIZERS.items():
        results[name] = optimized(make, options, given["initial"], given["gradients"])
        for option, value in options.items():
            if option == "betas":
                metadata[name + ".beta1"], metadata[name + ".beta2"] = value
            else:
                metadata[name + "." + option] = str(value).lower()
    clip_given, clip_results, clip_metadata = clipping(draws)
    save("optimizers",
         {**as_given({**given, **clip_given}), **as_result({**results, **clip_results})},
         steps=12, parameters=7, **metadata, **clip_metadata)


def clipping(draws):
    """One norm that is clipped, one that is left alone."""
    given = {"clip.a": draws.normal(3, 2), "clip.b": draws.normal(5)}
    results, metadata = {}, {"clip.rule": "g *= min(1, max_norm / (norm + 1e-6))"}
    for case, limit in (("clipped", 1.0), ("unclipped", 100.0)):
        tensors = {key: nn.Parameter(torch.zeros_like(g)) for key, g in given.items()}
        for key, tensor in tensors.items():
            tensor.grad = given[key].clone()
        results["clip.norm"] = nn.utils.clip_grad_norm_(tensors.values(), limit)
        for key, tensor in tensors.items():
            results[key.replace("clip.", case + ".")] = tensor.grad
        metadata[case + ".max_norm"] = limit
    return given, results, metadata


def cross_entropy(seed):
    draws = Draws(seed)
    logits = draws.normal(6, 11, scale=2.5).requires_grad_(True)
    targets = draws.integers(11, 6)
    targets[1] = targets[4] = -1
    loss = F.cross_entropy(logits, targets, ignore_index=-1)
    loss.backward()
    save("cross_entropy",
         {**as_given({"logits": logits}), "targets": targets.numpy(),
          **as_result({"loss": loss, "grad.logits": logits.grad})},
         rows=6, classes=11, ignored=-1, reduction="mean over the targets not ignored")


class LanguageModel(nn.Module):
    def __init__(self, vocabulary, embedding, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.lstm = nn.LSTM(embedding, hidden, 2)
        self.linear = nn.Linear(hidden, vocabulary)

    def forward(self, tokens):
        return self.linear(self.lstm(self.embedding(tokens))[0])


def language_model(name, seed, two_biases):
    draws, time, batch, vocabulary, embedding, hidden = Draws(seed), 6, 2, 13, 5, 8
    model = LanguageModel(vocabulary, embedding, hidden).double()
    draw_weights(model, draws, bound=0.4)
    if not two_biases:
        for key, weight in model.named_parameters():
            if "bias_hh" in key:
                weight.requires_grad_(False).zero_()
    tokens = draws.integers(vocabulary, time + 1, batch)
    tokens, targets = tokens[:-1], tokens[1:]
    trained = {k: w for k, w in model.named_parameters() if w.requires_grad}
    initial = {"initial." + k: w.detach().clone() for k, w in model.named_parameters()}
    optimizer = torch.optim.Adam(trained.values(), lr=0.01)
    losses, first = [], None
    for _ in range(10):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(tokens).flatten(0, 1), targets.flatten())
        loss.backward()
        if first is None:
            first = {k: g.clone() for k, g in gradients(trained).items()}
        losses.append(loss.detach())
        optimizer.step()
    final = {"final." + k: w for k, w in model.named_parameters()}
    save(name,
         {**as_given(initial), "tokens": tokens.numpy(), "targets": targets.numpy(),
          **as_result({**first, **final, "losses": torch.stack(losses)})},
         time=time, batch=batch, vocabulary=vocabulary, embedding=embedding, hidden=hidden,
         layers=2, steps=10, optimizer="adam", lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8,
         reduction="mean over time and batch", state="zero at every step of training",
         biases="both trained" if two_biases else "bias_hh zero and not trained")


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for k, kind in enumerate(["rnn", "rnn_relu", "lstm", "gru"]):
        for layers in (1, 2, 3):
            torch_stack(f"torch_{kind}_{layers}layers", kind, layers, seed=100 + 10 * k + layers)
    for layers in (1, 2):
        torch_stack(f"torch_lstm_proj_{layers}layers", "lstm", layers, seed=140 + layers,
                    projection=P)
    for k, (kind, layers) in enumerate([("rnn", 3), ("lstm", 2), ("gru", 2)]):
        torch_lengths(f"torch_{kind}_bidirectional", kind, layers, seed=150 + k, both=True)
    torch_lengths("torch_gru_lengths", "gru", 2, seed=153, both=False)
    torch_lengths("torch_lstm_proj_lengths", "lstm", 2, seed=154, both=True, projection=P)
    for k, name in enumerate(OTHER_CELLS):
        other_cell(name, seed=200 + k)
    for kind in ("rnn", "lstm", "gru"):
        for shape in ("scalar", "vector"):
            explained(kind, shape)
    optimizers(seed=300)
    cross_entropy(seed=301)
    # Adam divides by |g|, so a gradient that is nearly zero would make float32
    # differ by chance: with this seed torch in float32 ends within 1e-7.
    language_model("language_model", seed=343, two_biases=False)
    language_model("language_model_two_biases", seed=343, two_biases=True)


if __name__ == "__main__":
    main()
