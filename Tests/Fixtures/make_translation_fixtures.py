#!/usr/bin/env python3
"""Make the reference values of translation metrics and of byte-pair encoding.

    python3 Tests/Fixtures/make_translation_fixtures.py

Made with sacrebleu 2.6.0 and tokenizers 0.23.3. Texts, so JSON:

translation_metrics.json
    cases: translations and references, and what sacreBLEU says of them with its
    defaults: bleu, chrf (numbers), and both lines as printed, without the version.
    words: texts as the tokenisation 13a cuts them.
"""

import json
import os
import random

import sacrebleu
from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

FOLDER = os.path.dirname(os.path.abspath(__file__))

SENTENCES = [
    ("Zwei Männer stehen am Herd und bereiten Essen zu.", "Zwei Männer stehen am Herd, um Essen zuzubereiten."),
    ("Ein kleines Mädchen klettert in ein Spielhaus aus Holz.", "Ein kleines Mädchen klettert in ein Holzspielhaus."),
    ("Es kostet 1,234.50 € (etwa 3-4 %).", "Es kostet 1,234.50 € – ungefähr 3-4 %!"),
    ("Il n'y a qu'un chien, l'autre est parti...", "Il n’y a qu’un chien ; l’autre est parti…"),
    ("The man said: \"I don't know.\"", "The man said \"I do not know\"."),
    ("A dog runs.", "A dog runs through the high grass near the water."),
    ("Yes.", "Yes."),
    ("", "An empty translation."),
    ("An empty reference.", ""),
    ("word " * 9, "word word"),
    ("&lt;b&gt;bold &amp;amp; &quot;quoted&quot;&lt;/b&gt;", "<b>bold & \"quoted\"</b>"),
    ("日本語の文です。", "日本語の文でした。"),
    ("a\u00a0b\u2003c\x1cd", "a b c d"),
    ("e\u0301t\u00e9 3.5,6.7 8, 9 .5 5. 1-2 a-b -7", "\u00e9te\u0301 3.5,6.7 8,9 . 5 5 . 1 - 2 a-b - 7"),
]

PIECES = ["a", "b", "the", "dog", " ", "  ", ".", ",", "..", "-", "'", "’", "3", "14", "%", "&", "&amp;", "&lt;", "<skipped>", "-\n", "\n",
          "é", "e\u0301", "ß", "日", "🦊", "(", ")", "/", ":", "[", "`", "{", "~", "_", "@", "\t", "\u00a0", "\u2028", "\x1d", "\x85"]


def line(metric, score):
    signature = str(metric.get_signature())
    return score.format(width=2, signature=signature[:signature.rindex("|version:")])


def case(name, pairs):
    translations, references = [p[0] for p in pairs], [p[1] for p in pairs]
    bleu, chrf = BLEU(), CHRF()
    b, c = bleu.corpus_score(translations, [references]), chrf.corpus_score(translations, [references])
    return {"name": name, "translations": translations, "references": references, "bleu": b.score, "chrf": c.score,
            "bleu_line": line(bleu, b), "chrf_line": line(chrf, c)}


def perturbed(text, draws):
    words = text.split(" ")
    for _ in range(draws.randrange(3)):
        i, j = draws.randrange(len(words)), draws.randrange(len(words))
        words[i], words[j] = words[j], words[i]
        if draws.random() < 0.4 and len(words) > 1:
            words.pop(i)
    return " ".join(words)


def translation_metrics():
    draws = random.Random(500)
    cases = [case("sentences", SENTENCES), case("the same", [(r, r) for _, r in SENTENCES[:5]]), case("empty", [("", "a b c")]),
             case("nothing right", [("x y z", "a b c d")]), case("one word right", [("a x y z v", "a b c d e")]),
             case("no four words", [("a b c", "a b c")]), case("short", [(SENTENCES[5][0], SENTENCES[5][1])]),
             # 6.25 % of the words: halves are rounded to even.
             case("halves", [("a b c d e f g h i j k l m n o p", "a 1 2 3 4 5 6 7 8 9 0 q r s t u")])]
    cases += [case(f"alone {i}", [p]) for i, p in enumerate(SENTENCES)]
    for i in range(40):
        size = draws.choice([1, 2, 5])
        cases.append(case(f"perturbed {i}", [(perturbed(r, draws), r) for _, r in draws.sample(SENTENCES, size)]))
    for i in range(40):
        text = lambda: "".join(draws.choice(PIECES) for _ in range(draws.randrange(30)))
        cases.append(case(f"random {i}", [(text(), text()) for _ in range(3)]))
    tokenizer = Tokenizer13a()
    texts = ["".join(draws.choice(PIECES) for _ in range(draws.randrange(1, 25))) for _ in range(200)]
    words = [{"text": t, "words": tokenizer(t.rstrip()).split()} for t in texts + [s for p in SENTENCES for s in p]]
    save("translation_metrics", {"sacrebleu": sacrebleu.__version__, "cases": cases, "words": words})


def save(name, content):
    with open(os.path.join(FOLDER, name + ".json"), "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=True, indent=0)
        file.write("\n")


if __name__ == "__main__":
    translation_metrics()
