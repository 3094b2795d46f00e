"""What is measured: cells × shapes × modes, in requests that all systems understand."""

CELLS = ["rnn", "lstm", "gru"]
GATES = {"rnn": 1, "lstm": 4, "gru": 3}

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


def operations(r):
    """Floating-point operations of a call: those of the matrix products, three times forward for training."""
    forward = 2 * r["sequence_length"] * r["batch"] * GATES[r["cell"]] * r["hidden"] * (r["input"] + r["hidden"])
    return forward * (3 if r["mode"] == "train" else 1)


def shape(r):
    return f"T{r['sequence_length']} B{r['batch']} I{r['input']} H{r['hidden']}"
