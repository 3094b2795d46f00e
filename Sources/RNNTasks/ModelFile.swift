import Foundation
import RNNCells
import RNNData
package import RNNLayers
import RNNTensor
import RNNTraining

/// A model's file while it is read: what the files of all tasks have in common, and messages that name the file.
package struct ModelFile {
  /// The version of the layout of model files.
  static let format = "swift-rnn 1"

  private let file: Safetensors
  private let source: String
  /// All tensors; of a checkpoint those of the model, with the best weights so far.
  let tensors: Weights
  private let isCheckpoint: Bool

  /// Throws `.badData` if it is no model or checkpoint, one of another task, or has numbers that are not finite.
  init(_ file: Safetensors, source: String, task expected: String) throws(RNNError) {
    self.file = file
    self.source = source
    try Self.check(file.metadata, source: source, task: expected)
    var all = Weights()
    isCheckpoint = TrainingCheckpoint.isOne(file)
    do {
      if isCheckpoint {
        all = try TrainingCheckpoint(file).modelTensors
      } else {
        for name in file.entries.keys.sorted() { all[name] = try file.tensor(named: name) }
      }
    } catch {
      throw Self.naming(source, error)
    }
    tensors = all
  }

  /// Throws `.badData` if what has these metadata is no model, or one of another task.
  ///
  /// - Parameter expected: the task; nil for any.
  package static func check(_ metadata: [String: String], source: String, task expected: String? = nil) throws(RNNError) {
    func bad(_ message: String) -> RNNError { RNNError(.badData, "\(source): \(message)") }
    guard let format = metadata["format"] else { throw bad(Self.missing("format")) }
    guard format == Self.format || TrainingCheckpoint.isFormat(format) else { throw bad("its format is “\(format)”, expected “\(Self.format)”") }
    guard let task = metadata["task"] else { throw bad(Self.missing("task")) }
    guard task == expected ?? task else { throw bad("it is a model for the task “\(task)”, expected “\(expected ?? "")”") }
  }

  private static func missing(_ key: String) -> String { "there is no “\(key)” in its metadata; is it a model of this program?" }

  /// An error about this file.
  func bad(_ message: String) -> RNNError { RNNError(.badData, "\(source): \(message)") }

  /// The same error, naming the file unless it does already.
  private static func naming(_ source: String, _ error: RNNError) -> RNNError {
    error.message.hasPrefix(source) ? error : RNNError(.badData, "\(source): \(error.message)")
  }

  /// Does `body`; its errors name the file.
  func naming<R>(_ body: () throws(RNNError) -> R) throws(RNNError) -> R {
    do {
      return try body()
    } catch {
      throw Self.naming(source, error)
    }
  }

  /// A text of the metadata.
  func metadata(_ key: String) throws(RNNError) -> String {
    guard let text = file.metadata[key] else { throw bad(Self.missing(key)) }
    return text
  }

  func has(_ key: String) -> Bool { file.metadata[key] != nil }

  /// A value that stands in the metadata as JSON.
  func decoded<T: Decodable>(_ type: T.Type, _ key: String) throws(RNNError) -> T {
    try Self.decoded(type, try metadata(key), "\(source): the “\(key)” in its metadata")
  }

  /// A value by its JSON; `name` is what messages call it.
  static func decoded<T: Decodable>(_ type: T.Type, _ json: String, _ name: String) throws(RNNError) -> T {
    do {
      return try JSONDecoder().decode(type, from: Data(json.utf8))
    } catch let error as RNNError {
      throw RNNError(.badData, "\(name): \(error.message)")
    } catch {
      throw RNNError(.badData, "\(name) can't be read\(reason(error))")
    }
  }

  /// What is wrong with JSON, as far as its decoder says it: the key and what was expected.
  private static func reason(_ error: any Error) -> String {
    func place(_ context: DecodingError.Context) -> String { context.codingPath.map(\.stringValue).joined(separator: ".") }
    switch error {
    case DecodingError.keyNotFound(let key, _): return ": “\(key.stringValue)” is missing"
    case DecodingError.typeMismatch(let type, let context), DecodingError.valueNotFound(let type, let context):
      return ": expected \(type) in “\(place(context))”"
    case DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty: return ": a wrong value in “\(place(context))”"
    default: return ""
    }
  }

  /// A value as JSON for the metadata, keys in order.
  static func encoded(_ value: some Encodable) throws(RNNError) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    guard let json = try? encoder.encode(value) else { throw RNNError(.software, "a value can't be written as JSON: \(value)") }
    return String(decoding: json, as: UTF8.self)
  }

  // MARK: Architecture

  /// What only one task's architecture has.
  protocol OwnSizes: Codable {
    /// Throws `.badData` for a size that can't be.
    func check() throws(RNNError)
  }

  /// What stands in the metadata of an architecture beside the cell: what all tasks have, and a task's own, in one JSON object.
  /// Sizes from a file are within their limits: no memory is asked for before the tensors are compared with them.
  @dynamicMemberLookup
  struct Sizes<Own: OwnSizes>: Codable {
    private struct Common: Codable {
      var hidden: Int
      var layers: Int
      var dropout: Double
      var others: [String: Int]

      init(_ architecture: some ModelArchitecture) {
        (hidden, layers) = (architecture.hidden, architecture.layers)
        (dropout, others) = (architecture.dropout, architecture.sizes)
      }

      init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        hidden = try values.decode(Limits.units, forKey: .hidden)
        layers = try values.decode(Limits.layers, forKey: .layers)
        dropout = try values.decode(Limits.rate, forKey: .dropout)
        others = try values.decode([String: Int].self, forKey: .others)
        for (name, size) in others { try Limits.units.check(size, "“\(name)”", .badData) }
      }
    }

    private let common: Common
    private let own: Own

    init(_ architecture: some ModelArchitecture, _ own: Own) {
      common = Common(architecture)
      self.own = own
    }

    init(from decoder: any Decoder) throws {
      (common, own) = (try Common(from: decoder), try Own(from: decoder))
      try own.check()
    }

    func encode(to encoder: any Encoder) throws {
      try common.encode(to: encoder)
      try own.encode(to: encoder)
    }

    var hidden: Int { common.hidden }
    var layers: Int { common.layers }
    var dropout: Double { common.dropout }
    /// Further sizes that the cell needs.
    var others: [String: Int] { common.others }
    subscript<T>(dynamicMember path: KeyPath<Own, T>) -> T { own[keyPath: path] }
  }

  /// The cell and the sizes in the metadata.
  func architecture<Own>(_ own: Own.Type) throws(RNNError) -> (cell: Cell, sizes: Sizes<Own>) {
    let sizes = try decoded(Sizes<Own>.self, "architecture")
    return (try cell(), sizes)
  }

  /// The cell that stands in the metadata as equations.
  private func cell() throws(RNNError) -> Cell {
    let equations = try metadata("cell")
    do {
      return try Cell(equations: equations)
    } catch {
      throw bad("the equations of its cell, \(error.message)")
    }
  }

  /// The tokenizer that stands in the metadata.
  func tokenizer(_ key: String = "tokenizer") throws(RNNError) -> Tokenizer {
    let encoded = try metadata(key)
    return try naming { () throws(RNNError) in try Tokenizer(encoded: encoded) }
  }

  /// A tensor of this shape.
  func tensor(_ name: String, _ shape: [Int]) throws(RNNError) -> Tensor {
    guard let tensor = tensors[name] else { throw bad("the tensor \(name) is missing") }
    guard tensor.shape == shape else { throw bad("the tensor \(name) has the shape \(tensor.shape), expected was \(shape)") }
    return tensor
  }

  /// Throws if a tensor holds a number that isn't finite.
  func checkFinite() throws(RNNError) {
    for (name, tensor) in zip(tensors.names, tensors.tensors) where !tensor.isFinite { throw bad("\(name) holds numbers that are not finite") }
  }

  // MARK: Weights

  /// Some of a model's weights: a tensor by its name and shape, or recurrent layers.
  package enum Part {
    case tensor(String, [Int])
    case stack(RecurrentStack)
  }

  static func parts(_ embedding: Embedding) -> [Part] { [.tensor(embedding.weightName, [embedding.count, embedding.size])] }

  static func parts(_ linear: Linear) -> [Part] {
    [.tensor(linear.weightName, [linear.outputs, linear.inputs])] + (linear.hasBias ? [.tensor(linear.biasName, [linear.outputs])] : [])
  }

  /// The weights of a model's layers, in their order.
  func weights(_ parts: [Part]) throws(RNNError) -> Weights {
    try checkFinite()
    // Looked at first: what is missing is said before anything is computed.
    for case .tensor(let name, let shape) in parts { _ = try tensor(name, shape) }
    var weights = Weights()
    for part in parts {
      switch part {
      case .tensor(let name, let shape): weights[name] = try tensor(name, shape)
      case .stack(let stack) where isCheckpoint:
        for (name, shape) in stack.parameterShapes { weights[name] = try tensor(name, shape) }
      case .stack(let stack):
        let own = try naming { () throws(RNNError) in try stack.ownWeights(fromFile: tensors) }
        for (name, tensor) in zip(own.names, own.tensors) { weights[name] = tensor }
      }
    }
    return weights
  }

  /// The same weights as entries of a file.
  static func entries(_ weights: Weights, _ parts: [Part]) throws(RNNError) -> [String: Safetensors.Entry] {
    var entries: [String: Safetensors.Entry] = [:]
    for part in parts {
      switch part {
      case .tensor(let name, _):
        guard let tensor = weights[name] else { throw RNNError(.software, "the parameter \(name) is missing") }
        entries[name] = .float(tensor)
      case .stack(let stack):
        let own = try stack.fileTensors(weights)
        for (name, tensor) in zip(own.names, own.tensors) { entries[name] = .float(tensor) }
      }
    }
    return entries
  }

  /// The notes as they stand in the metadata.
  var notes: [String: String] {
    file.metadata.reduce(into: [:]) { notes, entry in
      if entry.key.hasPrefix("note.") { notes[String(entry.key.dropFirst(5))] = entry.value }
    }
  }

  /// The metadata of every model.
  static func metadata(
    task: String, _ architecture: some ModelArchitecture, _ own: some OwnSizes, notes: [String: String]
  ) throws(RNNError) -> [String: String] {
    var metadata = notes.reduce(into: [:]) { $0["note.\($1.key)"] = $1.value }
    metadata["format"] = format
    metadata["task"] = task
    metadata["cell"] = architecture.cell.equations
    metadata["architecture"] = try encoded(Sizes(architecture, own))
    return metadata
  }
}
