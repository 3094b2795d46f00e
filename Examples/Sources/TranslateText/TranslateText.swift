// Train a translator of small sentences, save it, load it, translate, and see which words it looked at.
//
//     swift run -c release --package-path Examples TranslateText

import RNN

@main
enum TranslateText {
  static func main() throws {
    let path = CommandLine.arguments.dropFirst().first ?? "german.safetensors"
    // In German the verb stays second: what comes first in English turns the others round.
    var pairs: [(source: String, target: String)] = []
    for (who, wer) in [("the dog", "der Hund"), ("the cat", "die Katze"), ("my father", "mein Vater"), ("our child", "unser Kind")] {
      for (does, tut) in [("sleeps", "schläft"), ("sings", "singt"), ("runs", "läuft"), ("waits", "wartet")] {
        for (when, wann) in [("today", "heute"), ("here", "hier"), ("again", "wieder"), ("often", "oft")] {
          pairs += [("\(who) \(does) \(when) .", "\(wer) \(tut) \(wann) ."), ("\(when) \(who) \(does) .", "\(wann) \(tut) \(wer) .")]
        }
      }
    }
    // Some sentences, of words that are all in others, are not trained on.
    let options = TranslatorTrainingOptions(
      tokens: .words, hidden: 48, embedding: 32, dropout: 0.1, validationFraction: 0.1,
      training: .init(budget: .epochs(60), batch: 16, learningRate: 0.01))
    var trainer = try TranslatorTrainer(SentencePairs(pairs), options: options)
    try trainer.train(to: path, start: .fresh)
    if let metrics = try trainer.metrics() { print("BLEU of sentences it never saw:", metrics.bleu.score.rounded()) }

    // Its parameters are packed once; any number of tasks may use it then at once.
    let translator = try Translator.Packed(Translator(contentsOf: path))
    let sentence = "today our child sings ."
    let found = try translator.translate([Array(sentence.utf8)], TranslationOptions(beam: 4))[0][0]
    print("\(sentence) → \(found.text)")
    let words = sentence.split(separator: " ")
    for (word, weights) in zip(found.text.split(separator: " "), found.attention) {
      let most = weights.indices.max { weights[$0] < weights[$1] } ?? 0
      print("  \(word) looked at \(words[most]), \(Int((100 * weights[most]).rounded()))%")
    }
  }
}
