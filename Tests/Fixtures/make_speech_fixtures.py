#!/usr/bin/env python3
"""Make the reference values of speech recognition, as make_fixtures.py does its own.

    python3 Tests/Fixtures/make_speech_fixtures.py

Made with torch 2.13.0 and jiwer 4.0.0 (pip install jiwer).

ctc_loss
    Of each case logits [T, B, C], lengths [B], targets one after another and target_lengths [B], upstream [B]: the loss of
    each row, and the gradient of their sum with the weights `upstream`. The blank is the last class.
word_errors
    Cases of references and hypotheses: of the words and of the characters of all of them the hits, substitutions, deletions
    and insertions, and WER, MER and CER, as jiwer counts them.
"""

import json
import os
import random

import jiwer
import numpy as np
import torch
from torch.nn import functional as F

from make_fixtures import Draws, as_given, as_result, save


def ctc_loss(seed):
    draws = Draws(seed)
    given, whole, results = {}, {}, {}
    cases = {
        # Repeats, an empty target, one that has just enough steps, one row shorter than the rest.
        "usual": (12, 5, 1.5, [12, 12, 7, 9, 12], [[0, 1, 2, 3], [2, 2, 2], [0, 0, 1, 1, 2], [], [3] * 6]),
        "single": (1, 4, 1.0, [1, 1], [[2], []]),
        "long": (150, 30, 2.0, [150, 90], [list(np.arange(60) % 29), [7, 7, 3, 3, 3, 28, 0] * 4]),
        # Logits that leave nothing to chance, for the target and against it.
        "sure": (20, 6, 40.0, [20, 20, 11], [[0, 1, 0, 1, 2], [4, 4, 4, 4, 4], [3]]),
    }
    for name, (steps, classes, scale, lengths, targets) in cases.items():
        x = (draws.normal(steps, len(lengths), classes) * scale).float().double()
        if name == "sure":
            x = x.clamp(-80, 80)
        x.requires_grad_(True)
        upstream = draws.uniform(len(lengths), bound=1.0).float().double()
        losses = F.ctc_loss(
            F.log_softmax(x, -1), torch.tensor(sum(targets, []), dtype=torch.long), torch.tensor(lengths),
            torch.tensor([len(target) for target in targets]), blank=classes - 1, reduction="none")
        (losses * upstream).sum().backward()
        given |= {f"{name}.logits": x, f"{name}.upstream": upstream}
        whole |= {
            f"{name}.lengths": np.array(lengths, np.int64), f"{name}.targets": np.array(sum(targets, []), np.int64),
            f"{name}.target_lengths": np.array([len(target) for target in targets], np.int64)}
        results |= as_result({f"{name}.losses": losses, f"{name}.grad": x.grad})
    save("ctc_loss", as_given(given) | whole | results, cases=" ".join(cases))


def word_errors(seed):
    draws = random.Random(seed)
    words = ["one", "two", "three", "ONE", "o", "naïve", "e\u0301", "é", "don't", "2,5", "日本", "a"]

    def sentence(most):
        return " ".join(draws.choice(words) for _ in range(draws.randint(1, most)))

    def spoilt(text):
        result = []
        for word in text.split():
            chance = draws.random()
            if chance < 0.15:
                continue
            result.append(draws.choice(words) if chance < 0.35 else word)
            if chance > 0.85:
                result.append(draws.choice(words))
        return " ".join(result)

    cases = {
        "equal": (["a b c"], ["a b c"]),
        "nothing said": (["a b c"], [""]),
        "nothing to say": ([""], ["a b"]),
        "nothing at all": (["", "a"], ["", "a"]),
        "white space": (["  a  b\tc \n d "], ["a b c d"]),
        "no-break space": (["a\u00a0b c"], ["a b c"]),
        "case and signs": (["Hello, World!"], ["hello world"]),
        "swapped": (["a b c d"], ["b a d c"]),
        "combined letters": (["caf\u00e9 x"], ["cafe\u0301 x"]),
        "family": (["\U0001F469\u200D\U0001F467 x"], ["\U0001F469 x"]),
    }
    for i in range(40):
        references = [sentence(12) for _ in range(draws.randint(1, 5))]
        cases[f"draw {i}"] = (references, [spoilt(text) for text in references])
    result = []
    for name, (references, hypotheses) in cases.items():
        case = {"name": name, "references": references, "hypotheses": hypotheses}
        for kind, measure in {"words": jiwer.process_words, "characters": jiwer.process_characters}.items():
            found = measure(references, hypotheses)
            case[kind] = {
                "hits": found.hits, "substitutions": found.substitutions, "deletions": found.deletions, "insertions": found.insertions,
                "rate": found.wer if kind == "words" else found.cer}
        case["words"]["mer"] = jiwer.mer(references, hypotheses)
        result.append(case)
    folder = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(folder, "word_errors.json"), "w", encoding="utf-8") as file:
        json.dump(result, file, ensure_ascii=False, indent=1)
        file.write("\n")


if __name__ == "__main__":
    ctc_loss(61)
    word_errors(62)
