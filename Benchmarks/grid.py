"""What is measured: cells × shapes × modes, in requests that all systems understand."""
import os

CELLS = ["rnn", "lstm", "gru"]

# T, B, I, H and the modes: streams, a lone sequence, and batches from small to large.
SHAPES = [
    (1, 1, 64, 64, ["infer"]),
    (1, 1, 256, 256, ["infer"]),
    (100, 1, 128, 128, ["infer", "train"]),
    (100, 32, 128, 256, ["infer", "train"]),
    (35, 20, 650, 650, ["infer", "train"]),
    (100, 64, 512, 512, ["infer", "train"]),
    (128, 128, 64, 128, ["infer", "train"]),
]

# One step of one sequence as it comes in.
STEP_SIZES = [64, 256]

# Cells as a user would bring them, each a file of equations, and the built-in cell that each is measured beside.
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cells")
OWN_CELLS = {"indrnn": "rnn", "slstm": "lstm", "lstm-layer-norm": "lstm", "mgu": "gru"}
OWN_SHAPES = [(100, 32, 128, 256), (100, 64, 512, 512)]


def request(cell, steps, batch, input, hidden, mode, threads):
    return {
        "cell": cell, "sequence_length": steps, "batch": batch, "input": input, "hidden": hidden, "mode": mode, "threads": threads}


def grid(cells, threads):
    """The whole table, each entry with the same request for all systems."""
    requests = [
        request(cell, steps, batch, input, hidden, mode, threads)
        for cell in cells for steps, batch, input, hidden, modes in SHAPES for mode in modes]
    return [{"ours": r, "peers": r} for r in requests]


def steps(cells, threads):
    """Steps on one and on all threads: ours by its stepper, the peers by a sequence of one step."""
    return [
        {"ours": request(cell, 1, 1, size, size, "step", n), "peers": request(cell, 1, 1, size, size, "infer", n)}
        for cell in cells for size in STEP_SIZES for n in sorted({1, threads})]


def own(cells, threads):
    """Cells of a user's own, each right after the built-in one that it is compared with; only ours runs them."""
    groups = [[cell] + [name for name, beside in OWN_CELLS.items() if beside == cell] for cell in cells]
    return [
        {"ours": request(cell, *shape, mode, threads)}
        for mode in ("train", "infer") for shape in OWN_SHAPES for group in groups for cell in group]


def argument(cell):
    """What `rnn bench --cell` takes: the file of a user's cell, the name of a built-in one."""
    return os.path.join(FOLDER, cell + ".txt") if cell in OWN_CELLS else cell


def shape(r):
    return f"T{r['sequence_length']} B{r['batch']} I{r['input']} H{r['hidden']}"
