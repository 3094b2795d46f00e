import Foundation
import RNNCells
import RNNData
import RNNLayers
public import RNNTensor
public import RNNTraining

extension LanguageModel {
  /// The version of the layout of model files.
  static let format = "swift-rnn 1"

  /// The part of the architecture that is written as JSON.
  private struct Sizes: Codable {
    var hidden: Int
    var layers: Int
    var embedding: Int
    var dropout: Double
    var others: [String: Int]
    var utf8: Bool
  }

  /// Everything about the model as one `.safetensors` file: weights, and in the metadata the cell's equations, the
  /// architecture, the tokenizer and the notes.
  public func file() throws(RNNError) -> Safetensors {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let sizes = Sizes(
      hidden: architecture.hidden, layers: architecture.layers, embedding: architecture.embedding, dropout: architecture.dropout,
      others: architecture.sizes, utf8: isUTF8)
    guard let json = try? encoder.encode(sizes) else { throw RNNError(.software, "the model's sizes can't be written as JSON") }
    var metadata = notes.reduce(into: [:]) { $0["note.\($1.key)"] = $1.value }
    metadata["format"] = Self.format
    metadata["task"] = "generate"
    metadata["cell"] = architecture.cell.equations
    metadata["architecture"] = String(decoding: json, as: UTF8.self)
    metadata["tokenizer"] = tokenizer.encoded
    let own = try stack.fileTensors(weights)
    var entries: [String: Safetensors.Entry] = [:]
    for (name, tensor) in zip(own.names, own.tensors) { entries[name] = .float(tensor) }
    for name in [embedding.weightName] + output.parameterNames {
      guard let tensor = weights[name] else { throw RNNError(.software, "the parameter \(name) is missing") }
      entries[name] = .float(tensor)
    }
    return Safetensors(metadata: metadata, entries: entries)
  }

  /// Writes the model to a file, whole or not at all.
  public func save(to path: String) throws(RNNError) { try file().write(to: path) }

  /// The model in a file.
  ///
  /// Throws `.noInput` if the file can't be opened, and `.badData` if it isn't a language model or is damaged, saying where.
  public init(contentsOf path: String) throws(RNNError) { try self.init(Safetensors(contentsOf: path), source: path) }

  /// The model in a file's content; `source` is its name in messages.
  public init(_ file: Safetensors, source: String) throws(RNNError) {
    func bad(_ message: String) -> RNNError { RNNError(.badData, "\(source): \(message)") }
    func metadata(_ key: String) throws(RNNError) -> String {
      guard let text = file.metadata[key] else { throw bad("there is no “\(key)” in its metadata; is it a model of this program?") }
      return text
    }
    let format = try metadata("format")
    guard format == Self.format else {
      throw bad("its format is “\(format)”, expected “\(Self.format)”\(format.hasPrefix("swift-rnn checkpoint") ? ": it is a checkpoint of training, not a model" : "")")
    }
    let task = try metadata("task")
    guard task == "generate" else { throw bad("it is a model for the task “\(task)”, expected “generate”") }
    let sizes: Sizes
    do {
      sizes = try JSONDecoder().decode(Sizes.self, from: Data(try metadata("architecture").utf8))
    } catch let error as RNNError {
      throw error
    } catch {
      throw bad("the “architecture” in its metadata can't be read")
    }
    let range = 1...(1 << 24)
    guard range.contains(sizes.hidden), range.contains(sizes.embedding), (1...1024).contains(sizes.layers), sizes.others.values.allSatisfy(range.contains) else {
      throw bad("sizes that can't be: hidden \(sizes.hidden), embedding \(sizes.embedding), layers \(sizes.layers)")
    }
    do throws(RNNError) {
      let cell = try Self.cell(try metadata("cell"))
      let architecture = Architecture(
        cell: cell, hidden: sizes.hidden, layers: sizes.layers, embedding: sizes.embedding, dropout: sizes.dropout, sizes: sizes.others)
      try self.init(layersOf: architecture, tokenizer: try Tokenizer(encoded: try metadata("tokenizer")), isUTF8: sizes.utf8)
      var all = Weights()
      for name in file.entries.keys.sorted() { all[name] = try file.tensor(named: name) }
      for tensor in all.tensors where !tensor.isFinite { throw RNNError(.badData, "\(Self.name(of: tensor, in: all)) holds numbers that are not finite") }
      let expected = [(embedding.weightName, [embedding.count, embedding.size])] + zip(output.parameterNames, [[output.outputs, output.inputs], [output.outputs]])
      weights[embedding.weightName] = nil
      for (name, shape) in expected {
        guard let tensor = all[name] else { throw RNNError(.badData, "the tensor \(name) is missing") }
        guard tensor.shape == shape else { throw RNNError(.badData, "the tensor \(name) has the shape \(tensor.shape), expected was \(shape)") }
        if name == embedding.weightName { weights[name] = tensor }
      }
      let own = try stack.ownWeights(fromFile: all)
      for (name, tensor) in zip(own.names, own.tensors) { weights[name] = tensor }
      for name in output.parameterNames { weights[name] = all[name] }
    } catch {
      throw error.message.hasPrefix(source) ? error : bad(error.message)
    }
    for (key, value) in file.metadata where key.hasPrefix("note.") { notes[String(key.dropFirst(5))] = value }
  }

  private static func cell(_ equations: String) throws(RNNError) -> Cell {
    do {
      return try Cell(equations: equations)
    } catch {
      throw RNNError(.badData, "the equations of its cell, \(error.message)")
    }
  }

  private static func name(of tensor: Tensor, in weights: Weights) -> String {
    zip(weights.names, weights.tensors).first { !$0.1.isFinite }?.0 ?? "a tensor"
  }

  /// A short name for these very weights and tokens, for states that must know their model.
  public func fingerprint() throws(RNNError) -> Fingerprint { Fingerprint(of: try file().bytes()) }
}
