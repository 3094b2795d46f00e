"""Whole models: updates of a language model, a classifier, a forecaster, a translator or a transcriber, everything included that an
update is made of, and translations, in PyTorch and ours."""
import array
import atexit
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

# Lines of words, and batches of pairs of nearly one length.
TRANSLATOR = {
    "text": "mt-multi30k/train.lc.norm.tok.en", "translations": "mt-multi30k/train.lc.norm.tok.de", "tokens": "words", "vocabulary": 10000,
    "layers": 1, "hidden": 512, "embedding": 256, "dropout": 0.3, "label_smoothing": 0.1, "batch": 64, "optimizer": "adamw",
    "learning_rate": 0.001, "clip": 1,
}

MODELS = [
    {
        "model": "transcriber", "title": "2 × 256 LSTM in both directions with connectionist temporal classification, 200 rows of 40 numbers, 30 classes (rows a second)",
        "clips": 160, "rows": 200, "input": 40, "tokens_said": 40, "letters": 28, "layers": 2, "hidden": 256,
        "batch": 16, "optimizer": "adam", "learning_rate": 0.001, "clip": 5, "steps": 40, "warm_up": 5,
    },
    {
        "model": "translator", "title": "512 LSTM with attention and input feeding (Luong et al. 2015), Multi30k English to German (tokens a second)",
        **TRANSLATOR, "steps": 40, "warm_up": 5,
    },
    {
        "model": "translations", "title": "the same, greedy translations of 20 words each (sentences a second)",
        **TRANSLATOR, "sentences": 1000, "length": 20, "warm_up": 64,
    },
    {
        "model": "forecaster", "title": "2 × 64 LSTM step by step with Student's t (Salinas et al. 2020, DeepAR), 168 + 24 hours of ETTh1's oil temperature (windows a second)",
        "text": "ts-ett/ETTh1.csv", "target": "OT", "context": 168, "horizon": 24, "lags": [1, 2, 3, 24, 168], "layers": 2, "hidden": 64,
        "batch": 64, "optimizer": "adam", "learning_rate": 0.001, "clip": 10, "steps": 60, "warm_up": 5,
    },
    {
        "model": "classifier", "title": "128 LSTM of words in both directions, highest over time, sentences of SST-2 (texts a second)",
        "text": "sent-sst/stsa.binary.train", "tokens": "words", "classes": 2, "layers": 1, "hidden": 128, "embedding": 300,
        "batch": 64, "optimizer": "adam", "learning_rate": 0.002, "clip": 1, "steps": 100, "warm_up": 5,
    },
    {
        "model": "characters", "title": "2 × 512 LSTM of characters, Tiny Shakespeare",
        "text": "text-tinyshakespeare/input.txt", "tokens": "characters", "layers": 2, "hidden": 512, "embedding": 64,
        "batch": 50, "sequence_length": 50, "optimizer": "adam", "learning_rate": 0.002, "clip": 5, "steps": 40, "warm_up": 5,
    },
    {
        "model": "words", "title": "2 × 200 LSTM of 10,000 words (Zaremba et al. 2014, small), Penn Treebank",
        "text": "text-ptb-word/ptb.train.txt", "tokens": "words", "layers": 2, "hidden": 200, "embedding": 200,
        "batch": 20, "sequence_length": 20, "optimizer": "sgd", "learning_rate": 1.0, "clip": 5, "steps": 100, "warm_up": 5,
    },
]

# Whole epochs of the small network of Zaremba et al. as README.md trains it. Their loss is twenty times ours: see there.
EPOCHS = [
    {
        "model": "words-epochs", "title": "2 × 200 LSTM of 10,000 words (Zaremba et al. 2014, small), Penn Treebank, two epochs",
        "text": "text-ptb-word/ptb.train.txt", "tokens": "words", "vocabulary": 10000, "layers": 2, "hidden": 200, "embedding": 200,
        "initial": 0.1, "batch": 20, "sequence_length": 20, "optimizer": "sgd", "learning_rate": 20, "clip": 0.25, "epochs": 2,
    },
]


# What names a file of the data.
TEXTS = ("text", "translations")


def available(models, rnn):
    """Those of the models that can be measured here; says of the others why not."""
    folder = os.environ.get("RNN_DATA")
    if not folder:
        print("Whole models are left out, but for those of numbers drawn here: RNN_DATA doesn't name a folder of data", file=sys.stderr)
    screen = subprocess.run([rnn, "train", "generate", "--help"], capture_output=True, text=True).stdout
    kinds = re.search(r"--tokens .*?values:([^;)]*)", screen, re.DOTALL)
    result = []
    for model in models:
        if "clips" in model:
            if subprocess.run([rnn, "train", "transcribe", "--help"], capture_output=True).returncode == 0:
                result.append({**model, "text": draw_clips(model)})
            else:
                print(f"{model['title']}: left out, there is no rnn train transcribe", file=sys.stderr)
            continue
        if not folder:
            continue
        texts = {name: os.path.join(folder, model[name]) for name in TEXTS if name in model}
        missing = [name for name, path in texts.items() if not os.path.exists(path)]
        if "tokens" in model and model["tokens"] not in (kinds.group(1) if kinds else ""):
            print(f"{model['title']}: left out, rnn train generate has no --tokens {model['tokens']}", file=sys.stderr)
        elif missing:
            print(f"{model['title']}: left out, RNN_DATA has no {model[missing[0]]}", file=sys.stderr)
        else:
            result.append({**model, **texts})
    return result


def draw_clips(model):
    """Writes clips of random rows, all of one length, with random texts of letters from A on, and returns their list."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    draws = random.Random(1)
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({model['rows']}, {model['input']}), }}"
    header = header.ljust(128 - 11) + "\n"
    lines = ["path\ttext"]
    for number in range(model["clips"]):
        with open(os.path.join(folder, f"{number}.npy"), "wb") as file:
            file.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode())
            values = array.array("f", (draws.gauss(0, 1) for _ in range(model["rows"] * model["input"])))
            if sys.byteorder == "big":
                values.byteswap()
            values.tofile(file)
        # The first texts together have every letter.
        letters = [(number * model["tokens_said"] + i) % model["letters"] if number < model["letters"] else draws.randrange(model["letters"])
                   for i in range(model["tokens_said"])]
        lines.append(f"{number}.npy\t" + "".join(chr(ord("A") + letter) for letter in letters))
    path = os.path.join(folder, "clips.tsv")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return path


def first_line(text, path):
    """Copies the first line with anything in it to a file of its own, and returns that."""
    with open(text, encoding="utf-8") as source, open(path, "w", encoding="utf-8") as file:
        file.write(next(line for line in source if line.strip()))
    return path


def ours(rnn, model, threads):
    """Tokens (of a classifier: texts; of a forecaster: windows; of a transcriber: rows) and seconds of a run of `rnn train`: those of its updates from the first,
    reading and measuring excluded. Or sentences and seconds of a run of `rnn translate`, all included."""
    tasks = {"clips": "transcribe", "classes": "classify", "horizon": "forecast", "translations": "translate"}
    task = next((task for name, task in tasks.items() if name in model), "generate")
    with tempfile.TemporaryDirectory() as folder:
        files = [model["text"]]
        if task == "transcribe":
            own = ["--row-size", model["input"], "--stacking", 1, "--validation-part", 0, "--no-augmentation"]
        elif task == "translate":
            files = ["--source", model["text"], "--target", model["translations"]]
            own = ["--tokens", model["tokens"], "--embedding", model["embedding"], "--label-smoothing", model["label_smoothing"], "--validation-part", 0]
        elif task == "forecast":
            own = ["--target-column", model["target"], "--kind", "recurrent", "--context", model["context"], "--horizon", model["horizon"],
                   "--lags", ",".join(map(str, model["lags"])), "--head", "student-t", "--no-linear", "--split", "rest/0/0",
                   "--windows", model["batch"] * model["steps"]]
        else:
            own = ["--tokens", model["tokens"], "--embedding", model["embedding"]]
            own += ["--format", "lines", "--pooling", "max", "--word-dropout", 0] if task == "classify" else ["--sequence-length", model["sequence_length"]]
        command = [
            rnn, "train", task, *files, *own,
            "--output", os.path.join(folder, "model.safetensors"), "--cell", "lstm",
            "--layers", model["layers"], "--hidden", model["hidden"],
            "--batch", model["batch"], "--optimizer", model["optimizer"],
            "--learning-rate", model["learning_rate"], "--clip", model["clip"], "--threads", threads,
            "--dropout", model.get("dropout", 0), "--weight-decay", 0, "--schedule", "constant", "--averaging", 0, "--checkpoint-every", "1h",
            "--quiet", "--json"]
        for name in ("steps", "epochs", "vocabulary", "initial"):
            if name in model:
                command += ["--" + name, model[name]]
        if "sentences" in model:
            # How a model translates so many tokens takes as long whatever it has learnt.
            command += ["--steps", 1]
        if "epochs" in model:
            # All of the text is for training, and the measuring in between, which is counted too, is of a few words.
            command += ["--valid", first_line(model["text"], os.path.join(folder, "valid.txt"))]
        run = subprocess.run([str(word) for word in command], capture_output=True, text=True)
        if run.returncode != 0:
            return {"error": run.stderr.strip()}
        if "sentences" in model:
            return translations(rnn, model, threads, folder)
        result = json.loads(run.stdout)
        return {"tokens": result[{"classify": "texts", "forecast": "windows", "transcribe": "rows"}.get(task, "tokens")], "seconds": result["seconds"]}


def translations(rnn, model, threads, folder):
    """Sentences and seconds of `rnn translate`, its start included."""
    with open(model["text"], "rb") as file:
        lines = b"".join(file.readlines()[:model["sentences"]])
    command = [
        rnn, "translate", os.path.join(folder, "model.safetensors"), "--beam", 1, "--min-length", model["length"],
        "--max-length", model["length"], "--threads", threads]
    start = time.perf_counter()
    run = subprocess.run([str(word) for word in command], input=lines, capture_output=True)
    seconds = time.perf_counter() - start
    if run.returncode != 0:
        return {"error": run.stderr.decode().strip()}
    return {"tokens": model["sentences"], "seconds": seconds}
