import ArgumentParser
import RNN

struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what a model is: its equations, sizes, tensors and notes.",
    discussion: """
      Example:
        rnn inspect model.safetensors
      """)

  @Argument(help: ArgumentHelp("The model.", valueName: "model"))
  var model: String

  @OptionGroup var json: JSONOption

  private struct Description: Encodable {
    struct Entry: Encodable {
      let name: String
      let shape: [Int]
    }

    let model: String
    let cell: String
    let equations: String
    let hidden: Int
    let layers: Int
    let embedding: Int
    let dropout: Double
    let sizes: [String: Int]
    let tokenizer: String
    let isUtf8: Bool
    let parameters: Int
    let fingerprint: String
    let tensors: [Entry]
    let notes: [String: String]
  }

  func run() throws {
    let model = try LanguageModel(contentsOf: model)
    let file = try model.file()
    let a = model.architecture
    let tensors = file.entries.sorted { $0.key < $1.key }.map { Description.Entry(name: $0.key, shape: $0.value.shape) }
    if json.json {
      return try Output.json(
        Description(
          model: self.model, cell: a.cell.name, equations: a.cell.equations, hidden: a.hidden, layers: a.layers, embedding: a.embedding,
          dropout: a.dropout, sizes: a.sizes, tokenizer: model.tokenizer.description, isUtf8: model.isUTF8,
          parameters: model.parameterCount, fingerprint: try model.fingerprint().description, tensors: tensors, notes: model.notes))
    }
    let others = a.sizes.sorted { $0.key < $1.key }.map { ", \($0.key) \($0.value)" }.joined()
    try Output.write(
      Output.table([
        ("model", self.model),
        ("task", "generate: text, \(model.isUTF8 ? "UTF-8" : "any bytes")"),
        ("tokens", model.tokenizer.description),
        ("layers", "\(a.layers) × \(a.cell.name) with \(a.hidden) units\(others), embedding \(a.embedding), dropout \(a.dropout)"),
        ("parameters", "\(model.parameterCount)"),
        ("fingerprint", try model.fingerprint().description),
      ]))
    try Output.write("\nequations\n" + a.cell.equations.split(separator: "\n").map { "  \($0)\n" }.joined())
    try Output.write("\ntensors\n" + Output.table(tensors.map { ("  " + $0.name, $0.shape.map(String.init).joined(separator: " × ")) }))
    if !model.notes.isEmpty {
      try Output.write("\nnotes\n" + Output.table(model.notes.sorted { $0.key < $1.key }.map { ("  " + $0.key, $0.value) }))
    }
  }
}
