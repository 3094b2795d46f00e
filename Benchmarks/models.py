"""Whole models: updates of a language model, a classifier or a forecaster, everything included that an update is made of, in PyTorch and ours."""
import json
import os
import re
import subprocess
import sys
import tempfile

MODELS = [
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


def available(models, rnn):
    """Those of the models that can be measured here; says of the others why not."""
    folder = os.environ.get("RNN_DATA")
    if not folder:
        print("Whole models are left out: RNN_DATA doesn't name a folder of data", file=sys.stderr)
        return []
    screen = subprocess.run([rnn, "train", "generate", "--help"], capture_output=True, text=True).stdout
    kinds = re.search(r"--tokens .*?values:([^;)]*)", screen, re.DOTALL)
    result = []
    for model in models:
        text = os.path.join(folder, model["text"])
        if "tokens" in model and model["tokens"] not in (kinds.group(1) if kinds else ""):
            print(f"{model['title']}: left out, rnn train generate has no --tokens {model['tokens']}", file=sys.stderr)
        elif not os.path.exists(text):
            print(f"{model['title']}: left out, RNN_DATA has no {model['text']}", file=sys.stderr)
        else:
            result.append({**model, "text": text})
    return result


def first_line(text, path):
    """Copies the first line with anything in it to a file of its own, and returns that."""
    with open(text, encoding="utf-8") as source, open(path, "w", encoding="utf-8") as file:
        file.write(next(line for line in source if line.strip()))
    return path


def ours(rnn, model, threads):
    """Tokens (of a classifier: texts; of a forecaster: windows) and seconds of a run of `rnn train`: those of its updates from the first, reading and measuring
    excluded."""
    task = "classify" if "classes" in model else "forecast" if "horizon" in model else "generate"
    with tempfile.TemporaryDirectory() as folder:
        if task == "forecast":
            own = ["--target-column", model["target"], "--kind", "recurrent", "--context", model["context"], "--horizon", model["horizon"],
                   "--lags", ",".join(map(str, model["lags"])), "--head", "student-t", "--no-linear", "--split", "rest/0/0",
                   "--windows", model["batch"] * model["steps"]]
        else:
            own = ["--tokens", model["tokens"], "--embedding", model["embedding"]]
            own += ["--format", "lines", "--pooling", "max", "--word-dropout", 0] if task == "classify" else ["--sequence-length", model["sequence_length"]]
        command = [
            rnn, "train", task, model["text"], *own,
            "--output", os.path.join(folder, "model.safetensors"), "--cell", "lstm",
            "--layers", model["layers"], "--hidden", model["hidden"],
            "--batch", model["batch"], "--optimizer", model["optimizer"],
            "--learning-rate", model["learning_rate"], "--clip", model["clip"], "--threads", threads,
            "--dropout", 0, "--weight-decay", 0, "--schedule", "constant", "--averaging", 0, "--checkpoint-every", "1h",
            "--quiet", "--json"]
        for name in ("steps", "epochs", "vocabulary", "initial"):
            if name in model:
                command += ["--" + name, model[name]]
        if "epochs" in model:
            # All of the text is for training, and the measuring in between, which is counted too, is of a few words.
            command += ["--valid", first_line(model["text"], os.path.join(folder, "valid.txt"))]
        run = subprocess.run([str(word) for word in command], capture_output=True, text=True)
        if run.returncode != 0:
            return {"error": run.stderr.strip()}
        result = json.loads(run.stdout)
        return {"tokens": result[{"classify": "texts", "forecast": "windows", "generate": "tokens"}[task]], "seconds": result["seconds"]}
