public import RNNCells
public import RNNTensor
public import RNNTraining

/// A trained model of any task: one self-contained `.safetensors` file.
public protocol TaskModel: Sendable {
  /// The task's name in the file, which is also the command that uses it.
  static var task: String { get }
  /// The kind of model, for people, with its article.
  static var noun: String { get }
  var weights: Weights { get set }
  /// What the model was trained on and how it was measured, for people: written to the file and shown by `rnn inspect`.
  var notes: [String: String] { get set }
  /// Everything about the model.
  func file() throws(RNNError) -> Safetensors
  /// Everything but the weights, as ``file()`` has it.
  func frame() throws(RNNError) -> Safetensors
  /// The model in the content of its file, or of a checkpoint of its training, which has the best weights so far; `source` is its name in messages.
  init(_ file: Safetensors, source: String) throws(RNNError)
  /// What must hold of this model: of its cell's equations, of each layer with its own weights, and of the whole.
  ///
  /// - Parameter progress: hears after each row of the cell and the layers how many of how many are done.
  func verify(seed: UInt64, progress: (_ done: Int, _ all: Int) -> Void) throws(RNNError) -> [(part: String, checks: [Check])]
}

extension TaskModel {
  /// What must hold of this model: of its cell's equations, of each layer with its own weights, and of the whole.
  public func verify(seed: UInt64 = 1) throws(RNNError) -> [(part: String, checks: [Check])] { try verify(seed: seed) { _, _ in } }

  /// The number of trained numbers.
  public var parameterCount: Int { weights.parameterCount }

  /// Writes the model to a file, whole or not at all.
  public func save(to path: String) throws(RNNError) { try file().write(to: path) }

  /// The model in a file, or in a checkpoint.
  ///
  /// Throws `.noInput` if the file can't be opened, and `.badData` if it isn't a model of this task or is damaged, saying where.
  public init(contentsOf path: String) throws(RNNError) {
    let file = try Safetensors(contentsOf: path) { (metadata) throws(RNNError) in
      try ModelFile.check(metadata, source: path, task: Self.task)
    }
    try self.init(file, source: path)
  }

  /// A short name for these very weights and all that belongs to them, for states that must know their model.
  public func fingerprint() throws(RNNError) -> Fingerprint { Fingerprint(of: try file().bytes()) }

  /// The model as its file gives it back, compared with itself.
  func savedAgainstLoaded() throws(RNNError) -> Check {
    let loaded = try Self(try Safetensors(bytes: file().bytes()), source: "the model")
    return Check(
      name: "saved = loaded", measure: "numbers that differ in any bit",
      error: bitDifferences(weights.names.map { weights[$0]?.values ?? [] }, weights.names.map { loaded.weights[$0]?.values ?? [] }), bound: 0)
  }
}

/// How many numbers differ in any bit; infinite where they aren't as many.
func bitDifferences<Number: BinaryFloatingPoint>(_ a: [[Number]], _ b: [[Number]]) -> Double {
  guard a.map(\.count) == b.map(\.count) else { return .infinity }
  return Double(zip(a.joined(), b.joined()).count { $0.isNaN ? !$1.isNaN : $0 != $1 || $0.sign != $1.sign })
}

