#!/usr/bin/env python3
"""Make the reference values of translation metrics and of byte-pair encoding.

    python3 Tests/Fixtures/make_translation_fixtures.py

Made with sacrebleu 2.6.0 and tokenizers 0.23.3. Texts, so JSON:

translation_metrics.json
    cases: translations and references, and what sacreBLEU says of them with its
    defaults: bleu, chrf (numbers), and both lines as printed, without the version.
    words: texts as the tokenisation 13a cuts them.
byte_pairs.json
    corpus, from which pairs are learnt; texts, and the ids that tokenizers gives them
    by tokenizer_theirs.json, which it learnt itself from corpus, and by
    tokenizer_own.json, which Tokenizer(bytePairsOf: corpus, vocabulary: 400).json is:
    this script only reads it.
"""

import json
import os
import random

import sacrebleu
from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

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


def save(name, content, indent=0):
    with open(os.path.join(FOLDER, name + ".json"), "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=True, indent=indent)
        file.write("\n")


SPECIAL = ["<s>", "</s>", "<s> >"]

CUTS = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'", "'r", "'v", "'l", "''s", " '", "don't", "we'll", " ", "  ", "\n", "\n\n", "\t", "\r\n",
        "\u00a0", "\u2003", "\u3000", "\u0085", "\u2028", "a", "the", " the", "ing", " Männer", "é", "e\u0301", "ß", "1", "23", "²", "Ⅷ", "½",
        "٣", "日本", "語", "🦊", "!", "?!", "...", "—", "“", "$", "_", "\x00", "\x1f", "\u200b", "\u0301", "\ufeff", "ª", "ʰ", "<s>", "</s>", "<s",
        "<s> ", "<s> >", "<"]


def character(draws):
    ranges = [(0x20, 0x7F), (0x80, 0x800), (0x800, 0xD800), (0xE000, 0x10000), (0x10000, 0x20000)]
    return chr(draws.randrange(*draws.choice(ranges)))


def byte_pairs():
    draws = random.Random(501)
    words = [w for pair in SENTENCES for s in pair for w in s.split(" ")] + ["don't", "we'll", "lower", "newest", "widest", "low"]
    corpus = "".join(draws.choice(words) + draws.choice([" ", " ", " ", "  ", "\n"]) for _ in range(1500))
    theirs = Tokenizer(models.BPE())
    theirs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    theirs.decoder = decoders.ByteLevel()
    theirs.train_from_iterator([corpus], trainers.BpeTrainer(
        vocab_size=400, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    theirs.save(os.path.join(FOLDER, "tokenizer_theirs.json"))
    texts = ["".join(draws.choice(CUTS) for _ in range(draws.randrange(1, 14))) for _ in range(300)]
    texts += ["".join(character(draws) for _ in range(draws.randrange(1, 14))) for _ in range(60)]
    texts += ["".join(draws.choice(words + [" "]) for _ in range(draws.randrange(1, 14))) for _ in range(60)] + ["", " " * 70, "a" * 300, "lowest" * 50]
    content = {"corpus": corpus, "texts": texts, "theirs": [theirs.encode(t).ids for t in texts]}
    own = os.path.join(FOLDER, "tokenizer_own.json")
    content["own"] = [Tokenizer.from_file(own).encode(t).ids for t in texts] if os.path.exists(own) else []
    save("byte_pairs", content, indent=None)


if __name__ == "__main__":
    translation_metrics()
    byte_pairs()
