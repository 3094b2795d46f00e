"""RESULTS.md: the tables, made of the raw results."""
import math
import statistics

import grid


def time(seconds):
    """Three digits and their unit."""
    for limit, factor, unit in ((0.9995e-3, 1e6, "µs"), (0.9995, 1e3, "ms"), (math.inf, 1, "s")):
        if seconds < limit:
            value = seconds * factor
            return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f} {unit}"


def table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(str(cell) for cell in line) + " |\n" for line in lines) + "\n"


def medians(entry):
    """Seconds by system: the median over the rounds."""
    return {name: statistics.median(rounds) for name, rounds in entry["seconds"].items() if rounds}


def lead(seconds):
    """How many times as fast as the best peer ours is, and which one that is; nothing without peers."""
    peers = {name: value for name, value in seconds.items() if name != "ours"}
    if "ours" not in seconds or not peers:
        return None
    best = min(peers, key=peers.get)
    return peers[best] / seconds["ours"], best


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def summary(name, entries):
    """A line: the geometric mean of the leads, and the smallest."""
    leads = [(lead(medians(entry)), entry) for entry in entries]
    leads = [(found[0], found[1], entry["ours"]) for found, entry in leads if found]
    if not leads:
        return ""
    least = min(leads, key=lambda found: found[0])
    ahead = sum(1 for found in leads if found[0] > 1)
    return (
        f"- {name}: **{geometric_mean([found[0] for found in leads]):.2f}×** as fast as the best of the others (geometric mean), "
        f"ahead in {ahead} of {len(leads)}; least {least[0]:.2f}×, {least[2]['cell']} {grid.shape(least[2])} against {least[1]}\n")


def grid_table(entries, names, peaks):
    rows = []
    for entry in entries:
        request, seconds = entry["ours"], medians(entry)
        if "ours" not in seconds:
            continue
        speed = entry["operations"] / seconds["ours"] / 1e9
        found = lead(seconds)
        rows.append([
            request["cell"], grid.shape(request), time(seconds["ours"]), f"{speed:.1f}", f"{100 * speed / peaks[request['threads']]:.0f}%",
            *[time(seconds[name]) if name in seconds else "" for name in names[1:]], f"{found[0]:.2f}×" if found else ""])
    return table(["cell", "shape", "ours", "GFLOP/s", "of peak", *names[1:], "as fast as the best of them"], rows)


def steps_table(entries, names):
    """One row for each cell and size, a column for each system and number of threads; the best of a system's counts."""
    threads = sorted({entry["ours"]["threads"] for entry in entries})
    columns = [(name, n) for name in names for n in threads if any(name in medians(e) for e in entries if e["ours"]["threads"] == n)]
    rows = []
    for cell, size in dict.fromkeys((e["ours"]["cell"], e["ours"]["hidden"]) for e in entries):
        found = {e["ours"]["threads"]: medians(e) for e in entries if (e["ours"]["cell"], e["ours"]["hidden"]) == (cell, size)}
        best = {}
        for seconds in found.values():
            for name, value in seconds.items():
                best[name] = min(value, best.get(name, value))
        share = f"{best['ours'] / best['ONNX Runtime']:.2f}" if "ONNX Runtime" in best and "ours" in best else ""
        ahead = lead(best)
        rows.append([
            cell, f"H{size}", *[time(found[n][name]) if name in found.get(n, {}) else "" for name, n in columns],
            f"{ahead[0]:.2f}×" if ahead else "", share])
    header = [f"{name}, {n} thread{'s' * (n > 1)}" for name, n in columns]
    return table(["cell", "size", *header, "as fast as the best of them", "of ONNX Runtime's time"], rows)


def own_table(entries, peaks):
    """A row for each cell of a user's own: beside which built-in one, and what each operation costs in comparison."""
    known = {(e["ours"]["cell"], grid.shape(e["ours"]), e["ours"]["mode"]): (medians(e).get("ours"), e.get("operations")) for e in entries}
    rows = []
    for (cell, shape, mode), (seconds, operations) in known.items():
        if cell not in grid.OWN_CELLS or not seconds:
            continue
        speed, (beside, beside_operations) = operations / seconds / 1e9, known[grid.OWN_CELLS[cell], shape, mode]
        peak = peaks[entries[0]["ours"]["threads"]]
        rows.append([
            cell, mode, shape, time(seconds), f"{speed:.1f}", f"{100 * speed / peak:.0f}%",
            grid.OWN_CELLS[cell], time(beside), f"{100 * beside_operations / beside / 1e9 / peak:.0f}%",
            f"{operations / beside_operations:.2f}", f"{seconds / beside:.2f}×", f"{seconds / operations * beside_operations / beside:.2f}×"])
    return table(
        ["cell", "mode", "shape", "time", "GFLOP/s", "of peak", "beside", "its time", "of peak", "operations / its", "time / its",
         "time an operation / its"], rows)


def kept_table(kept):
    return table(["cell", "bytes", "a unit"], [[cell, f"{size:,}", f"{size / 256:g}"] for cell, size in kept.items()])


def models_table(models, names):
    rows = []
    for model in models:
        speeds = {name: statistics.median(tokens / seconds for tokens, seconds in rounds) for name, rounds in model["rounds"].items() if rounds}
        shown = [name for name in names if name in ("ours", "PyTorch")]
        ratio = f"{speeds['ours'] / speeds['PyTorch']:.2f}×" if {"ours", "PyTorch"} <= speeds.keys() else ""
        rows.append([model["title"], *[f"{speeds[name]:,.0f}" if name in speeds else "" for name in shown], ratio])
    return table(["tokens a second", *[name for name in names if name in ("ours", "PyTorch")], "as fast"], rows)


def machine(results):
    """The kind of machine, as a section is named: the instruction set is the one in use, which may be narrower than the widest."""
    caches = f", {results['caches'][0] >> 10} and {results['caches'][1] >> 10} KiB of cache a core" if "caches" in results else ""
    widest = results["peaks"][0]["instruction_set"]
    narrower = f" with RNN_ISA={results['instruction_set']}" if results["instruction_set"] != widest else ""
    return f"{results['processor']}, {results['cores']} cores, {results['instruction_set']}{caches}{narrower}"


def page(machines):
    """A section for each kind of machine."""
    text = "# Results\n\nA section for each kind of machine that was measured, written by the command that it names; a run replaces its own. "
    text += "Absolute figures move with the machine and the day, ratios of one run hold.\n\n"
    return text + "".join(section(results) for results in machines)


def section(results):
    """All tables of one run."""
    names = results["systems"]
    own_peaks = [peak for peak in results["peaks"] if peak["instruction_set"] == results["instruction_set"]]
    peaks = {peak["threads"]: peak["gflop_per_second"] for peak in own_peaks}
    text = f"## {machine(results)}\n\nWritten by `{results['command']}`.\n\n"
    facts = [["processor", f"{results['processor']}, {results['cores']} cores, {results['system']}"], ["threads", results["threads"]]]
    facts += [
        [f"peak, {peak['instruction_set']}, {peak['threads']} thread{'s' * (peak['threads'] > 1)}", f"{peak['gflop_per_second']:.1f} GFLOP/s"]
        for peak in results["peaks"]]
    facts += [[name, version] for name, version in results["versions"].items()]
    facts.append(["rounds", f"{results['rounds']}; in each, every system measured the same shape in turn; figures are medians over the rounds"])
    facts += [[f"{name} while others measured", f"{100 * share:.1f}% of a core"] for name, share in results["idle"].items()]
    text += table(["", ""], facts)

    inference = [entry for entry in results["grid"] if entry["ours"]["mode"] == "infer"]
    training = [entry for entry in results["grid"] if entry["ours"]["mode"] == "train"]
    for name, entries in (("Training", training), ("Inference", inference)):
        text += summary(name, entries)
    text += "\n"
    if training:
        text += "### Training\n\nForward from given inputs, then backward from a given gradient of every output to the gradients of inputs, "
        text += "initial states, weights and biases; weights packed anew, gradients reset.\n\n" + grid_table(training, names, peaks)
    if inference:
        text += "### Inference\n\n" + grid_table(inference, names, peaks)
    if results["steps"]:
        text += "### One step of one sequence\n\nOurs is the stepper, which keeps the states; the others run a sequence of one step.\n\n"
        text += steps_table(results["steps"], names)
    if results["cells"]:
        text += "### Cells of a user's own\n\nEquations in a file ([cells](cells)), each measured beside a built-in cell and in turn with it. "
        text += "An sLSTM and an LSTM with layer normalisation have the matrices of an LSTM: there the time is the comparison. "
        text += "A minimal gated unit has two thirds of a GRU's, and an IndRNN only the first of an Elman network's two: there it is the time "
        text += "for each operation of the matrix products, of which fewer have to pay for everything else.\n\n"
        text += own_table(results["cells"], peaks)
        text += "### Memory\n\nBytes that training keeps for the way back, for each step and row, with 256 units (a projection has half as many): "
        text += "the states, and the values in between that are dear to compute again. A number takes four.\n\n"
        text += kept_table(results["kept_bytes_per_step_and_row"])
    if results["models"] or results["epochs"]:
        text += "### Whole models\n\n"
    if results["models"]:
        text += "Updates with everything they are made of: reading, embedding, layers, logits and loss, backward, clipping, "
        text += "optimiser (PyTorch's fused one). So many updates were measured in each round, not an epoch: "
        text += ", ".join(f"{model['model']} {model['steps']}" for model in results["models"] if "steps" in model)
        text += f". Ours count from the first update of a fresh process, PyTorch's after {results['models'][0]['warm_up']}.\n\n"
        text += models_table(results["models"], names)
    if results["epochs"]:
        text += "Whole epochs, from first weights drawn alike, one system after the other. Counted is every update from the first to the last; "
        text += "not the reading of the text before, nor any measuring: ours, which measures while it trains, was given a single line for that.\n\n"
        text += models_table(results["epochs"], names)
    return text
