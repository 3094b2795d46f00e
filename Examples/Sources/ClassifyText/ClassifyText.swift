// Train a classifier of texts, save it, load it, and ask it.
//
//     swift run -c release --package-path Examples ClassifyText

import RNN

@main
enum ClassifyText {
  static func main() throws {
    let path = CommandLine.arguments.dropFirst().first ?? "numbers.safetensors"
    let words = [
      "English": ["one", "two", "three", "four", "five", "six", "seven"], "German": ["eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben"],
      "French": ["un", "deux", "trois", "quatre", "cinq", "six", "sept"],
    ]
    let texts = LabelledTexts(words.sorted { $0.key < $1.key }.flatMap { label, words in
      (0..<343).map { (text: "\(words[$0 % 7]) \(words[$0 / 7 % 7]) \(words[$0 / 49])", label: label) }
    })

    // What the options don't say follows from the texts.
    var trainer = try ClassifierTrainer(texts, options: ClassifierTrainingOptions(tokens: .characters, training: .init(budget: .epochs(5))))
    try trainer.train(to: path, start: .fresh)
    if let metrics = try trainer.metrics() { print("accuracy", metrics.accuracy) }

    let session = try TextClassifier.Session(TextClassifier(contentsOf: path))
    for text in ["six seven", "six sept", "sechs"] { print(text, session.classify(text).label) }
  }
}
