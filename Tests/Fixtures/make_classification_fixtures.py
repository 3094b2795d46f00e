#!/usr/bin/env python3
"""Make the reference values of classification, as make_fixtures.py does its own.

    python3 Tests/Fixtures/make_classification_fixtures.py

Made with torch 2.13.0 and scikit-learn 1.9.1.

classification_metrics
    <case>.actual, .predicted (I64), .probabilities [N, classes]; and of scikit-learn
    accuracy, log_loss, macro [precision, recall, F1] over the classes that occur or
    were predicted; per_class [classes, precision recall F1], support and confusion over all classes.
weighted_cross_entropy
    logits [B, classes], targets, class weights; the loss and its gradient by the logits.
text_classifier
    Embedding, LSTM in both directions on packed sequences, max, mean and last over time
    one behind the other, linear, weighted cross-entropy. tokens [B, T] (-1 beyond a text),
    lengths, targets; weights under PyTorch's names, logits, loss, grad.<name>.
"""

import warnings

import numpy as np
import torch
from sklearn import metrics
from torch import nn
from torch.nn import functional as F

from make_fixtures import Draws, as_given, as_result, gradients, draw_weights, save

CASES = {"five": 5, "binary": 2, "absent": 6, "wrong": 3, "certain": 4}


def classification_metrics(seed):
    random = np.random.default_rng(seed)
    arrays = {}
    for name, classes in CASES.items():
        count = 60 if name != "wrong" else 9
        actual = random.integers(0, classes, count)
        if name == "absent":
            # A class that neither occurs nor is predicted, one that doesn't occur, one that isn't predicted.
            actual = random.choice([0, 1, 3], count)
        probabilities = random.dirichlet(np.full(classes, 0.5), count)
        probabilities[np.arange(count), actual] += 0.4
        if name == "absent":
            probabilities[:, [2, 3]] = 1e-6
        if name == "wrong":
            probabilities[np.arange(count), actual] = 1e-3
        if name == "certain":
            probabilities[:30] = np.eye(classes)[actual[:30]] + 1e-7
        probabilities = (probabilities / probabilities.sum(1, keepdims=True)).astype(np.float32)
        predicted = probabilities.argmax(1)
        labels = list(range(classes))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            macro = metrics.precision_recall_fscore_support(actual, predicted, average="macro")[:3]
            own = metrics.precision_recall_fscore_support(actual, predicted, labels=labels)
            loss = -np.log(probabilities.astype(np.float64)[np.arange(count), actual]).mean()
            exact = probabilities.astype(np.float64) / probabilities.astype(np.float64).sum(1, keepdims=True)
            assert abs(metrics.log_loss(actual, exact, labels=labels) - loss) < 1e-5
        arrays |= {
            f"{name}.actual": actual.astype(np.int64), f"{name}.predicted": predicted.astype(np.int64),
            f"{name}.probabilities": probabilities,
            f"{name}.accuracy": np.array([metrics.accuracy_score(actual, predicted)]),
            f"{name}.log_loss": np.array([loss]), f"{name}.macro": np.array(macro),
            f"{name}.per_class": np.stack(own[:3], 1).astype(np.float64), f"{name}.support": own[3].astype(np.int64),
            f"{name}.confusion": metrics.confusion_matrix(actual, predicted, labels=labels).astype(np.int64)}
    save("classification_metrics", arrays, cases=" ".join(CASES))


def weighted_cross_entropy(seed):
    draws = Draws(seed)
    logits = draws.normal(7, 4).requires_grad_(True)
    targets = torch.tensor([0, 3, -1, 1, 1, 2, 3])
    weights = draws.uniform(4, bound=1.0).abs() + 0.125
    loss = F.cross_entropy(logits, targets, weight=weights, ignore_index=-1)
    loss.backward()
    save("weighted_cross_entropy", as_given({"logits": logits, "weights": weights})
         | {"targets": targets.numpy()} | as_result({"loss": loss.reshape(1), "grad": logits.grad}))


def text_classifier(seed):
    vocabulary, size, hidden, classes = 11, 5, 6, 3
    lengths = [4, 9, 1, 9, 6]
    draws = Draws(seed)
    embedding = nn.Embedding(vocabulary, size).double()
    lstm = nn.LSTM(size, hidden, num_layers=2, bidirectional=True, batch_first=True).double()
    linear = nn.Linear(6 * hidden, classes).double()
    for module in (embedding, lstm, linear):
        draw_weights(module, draws)
    with torch.no_grad():
        for name, weight in lstm.named_parameters():
            if "bias_hh" in name:
                weight.zero_()
    tokens = torch.full((len(lengths), max(lengths)), -1)
    for row, length in enumerate(lengths):
        tokens[row, :length] = draws.integers(vocabulary, length)
    targets = draws.integers(classes, len(lengths))
    weights = torch.tensor([0.5, 2.0, 1.25], dtype=torch.float64)
    packed = nn.utils.rnn.pack_padded_sequence(
        embedding(tokens.clamp(min=0)), torch.tensor(lengths), batch_first=True, enforce_sorted=False)
    y, (h, _) = lstm(packed)
    y, _ = nn.utils.rnn.pad_packed_sequence(y, batch_first=True)
    inside = (torch.arange(max(lengths))[None] < torch.tensor(lengths)[:, None])[..., None]
    highest = y.masked_fill(~inside, -torch.inf).max(1).values
    mean = (y * inside).sum(1) / torch.tensor(lengths)[:, None]
    last = torch.cat([h[-2], h[-1]], 1)
    logits = linear(torch.cat([highest, mean, last], 1))
    loss = F.cross_entropy(logits, targets, weight=weights)
    loss.backward()
    named = {f"embedding.{k}": v for k, v in embedding.named_parameters()}
    named |= {f"rnn.{k}": v for k, v in lstm.named_parameters()}
    named |= {f"classifier.{k}": v for k, v in linear.named_parameters()}
    save("text_classifier", as_given(named | {"class_weights": weights})
         | {"tokens": tokens.numpy(), "lengths": np.array(lengths, np.int64), "targets": targets.numpy()}
         | as_result({"logits": logits, "loss": loss.reshape(1)}) | as_result(gradients(named)),
         pooling="max,mean,last", biases="bias_hh zero")


if __name__ == "__main__":
    torch.set_num_threads(1)
    classification_metrics(seed=400)
    weighted_cross_entropy(seed=401)
    text_classifier(seed=402)
