// Build a model of text, train it, save it, load it, and stream what it writes.
//
//     swift run -c release --package-path Examples GenerateText

import RNN

@main
enum GenerateText {
  static func main() async throws {
    let path = CommandLine.arguments.dropFirst().first ?? "sheep.safetensors"
    let lines = (0..<2000).map { "\($0 % 10) sheep jumped over the fence, then \(($0 + 1) % 10).\n" }

    // What the options don't say follows from the size of the text.
    let options = TextTrainingOptions(cell: .gru, hidden: 64, training: .init(budget: .steps(800)))
    var trainer = try TextTrainer(TextCorpus(lines.joined()), options: options)
    try trainer.train(to: path, start: .fresh)

    // The model is a value: any number of tasks may use it at once.
    let model = try LanguageModel(contentsOf: path)
    let generator = try TextGenerator(model)
    let sampling = try SamplingOptions(temperature: 0.5)
    print("3 sheep", terminator: "")
    for try await piece in generator.stream("3 sheep", GenerationOptions(sampling: sampling, length: 120)) {
      print(piece, terminator: "")
    }
    print()
  }
}
