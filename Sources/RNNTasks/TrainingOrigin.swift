import RNNData
import RNNLayers
public import RNNTensor
import RNNTraining

/// A trained model that training starts from, instead of random weights. The new model has its cell, its sizes and its weights.
///
/// Its tokens and labels stay as they are, or are extended by those of the new data (``TrainingOptions/extendsOrigin``): old ones keep
/// their weights, new ones are drawn.
public struct TrainingOrigin: Sendable {
  /// The kind of model: “a language model”.
  public let noun: String
  /// The name of its file; nil where nobody said it.
  public let name: String?
  public let fingerprint: Fingerprint
  /// The differences between the model and what becomes of it: “3 new characters”.
  public private(set) var remarks: [String] = []
  private let isExtended: Bool

  init(_ model: some TaskModel, _ options: TrainingOptions) throws(RNNError) {
    noun = type(of: model).noun
    name = options.originName
    fingerprint = try model.fingerprint()
    isExtended = options.extendsOrigin
  }

  private var label: String { name.map { "\($0) (\(fingerprint))" } ?? "\(fingerprint)" }

  /// Settings that distinguish runs starting from this model from others.
  var settings: RunSettings { ["--from": label, "--extend": isExtended ? true : nil] }

  /// Notes a difference.
  mutating func note(_ remark: String) { remarks.append(remark) }
}

extension TrainingOrigin: CustomStringConvertible {
  public var description: String { (["\(noun), \(label)"] + remarks).joined(separator: "; ") }
}

// MARK: Options

extension TrainingOrigin {
  /// Throws `.usage` where an option asks for something else than the model has, naming both.
  ///
  /// - Parameters:
  ///   - asked: the options that were given.
  ///   - own: those that would make the model.
  package static func check(_ asked: RunSettings, against own: RunSettings) throws(RNNError) {
    func option(_ name: String, _ value: String) -> String {
      switch value {
      case "true": name
      case "false": "--no-\(name.dropFirst(2))"
      default: "\(name) \(value)"
      }
    }
    for name in asked.names {
      guard let wanted = asked[name], wanted != own[name] ?? "false" else { continue }
      throw RNNError(
        .usage, "\(option(name, wanted)) contradicts --from: that model \(own[name].map { "has \(option(name, $0))" } ?? "is without \(name)")")
    }
  }

  /// Throws `.usage` where tokens are asked for that a model doesn't have, and where it is to be extended and can't be.
  ///
  /// - Parameter extendsLabels: whether there is something else to extend.
  func check(
    tokens kind: Tokenizer.Kind?, _ given: Tokenizer?, vocabulary: Int?, against own: Tokenizer, extendsLabels: Bool = false
  ) throws(RNNError) {
    try Self.check(["--tokens": kind?.rawValue], against: ["--tokens": own.kind.rawValue])
    try own.kind.checkVocabulary(vocabulary)
    if isExtended, !extendsLabels, own.kind.readsAnything {
      throw RNNError(.usage, "--extend has nothing to add to the model of --from: its tokens, \(own.kind.rawValue), make up any text")
    }
    if let given, given != own { throw RNNError(.usage, "the tokens of a file contradict --from: that model has others") }
    guard let vocabulary else { return }
    let canGrow = own.kind == .words
    guard vocabulary == own.count || canGrow && isExtended && vocabulary > own.count else {
      // As it was given: by itself, or behind the kind of tokens.
      func option(_ size: Int) -> String { kind.map { "--tokens \($0.rawValue):\(size)" } ?? "--vocabulary \(size)" }
      throw RNNError(
        .usage,
        "\(option(vocabulary)) contradicts --from: that model has \(option(own.count))\(canGrow && vocabulary > own.count ? ", to which --extend adds" : "")")
    }
    if isExtended, !extendsLabels, vocabulary == own.count {
      throw RNNError(.usage, "a vocabulary of \(vocabulary) leaves --extend nothing to add: the model of --from has as many tokens")
    }
  }

  /// Throws `.usage` where options say how recurrent layers begin, which the model has.
  static func check(_ initialization: RecurrentStack.Initialization) throws(RNNError) {
    let given = [initialization.forgetBias != 0 ? "--forget-bias" : nil, initialization.orthogonal ? "--orthogonal" : nil].compactMap(\.self)
    guard given.isEmpty, initialization.span == nil else {
      let options = given.isEmpty ? "a span that units remember contradicts" : given.joined(separator: " and ") + (given.count == 1 ? " contradicts" : " contradict")
      throw RNNError(.usage, "\(options) --from: the recurrent layers begin as that model's")
    }
  }

  /// Throws `.usage` where an option says how weights begin, and all are the model's.
  static func check(_ initialization: RecurrentStack.Initialization, hasAllWeights: Bool) throws(RNNError) {
    if hasAllWeights, initialization.range != nil {
      throw RNNError(.usage, "--initial contradicts --from: nothing is new, and all weights begin as that model's")
    }
  }
}

// MARK: Tokens and labels

extension TrainingOrigin {
  /// The model's tokens, with those of the data that it lacks if it is extended. Notes how many there are.
  ///
  /// - Parameters:
  ///   - vocabulary: tokens at most, where the user says it.
  ///   - new: how many are added at most where nobody says it.
  ///   - side: the part of the data, where there are several.
  ///   - found: the tokens of the data, of words so many at most.
  mutating func tokenizer(
    _ own: Tokenizer, vocabulary: Int?, new: Int, of side: String = "the data", found: (_ vocabulary: Int?) throws(RNNError) -> Tokenizer
  ) throws(RNNError) -> Tokenizer {
    guard !own.kind.readsAnything else { return own }
    let most = own.kind.vocabularySizes?.upperBound
    let extended = own.extended(by: try found(most), vocabulary: isExtended ? vocabulary ?? min(own.count + new, most ?? .max) : nil)
    note(extended.count - own.count, own.kind == .words ? "word" : "character", of: side)
    return isExtended ? extended : own
  }

  /// The labels of a classifier that starts from one: the model's, if it knows all of the data's; else it is extended, or the data's
  /// labels take their place.
  mutating func labels(_ own: [String], for found: [String]) -> [String] {
    let known = Set(own), new = found.filter { !known.contains($0) }
    guard !new.isEmpty else { return own }
    if isExtended {
      note(new.count, "label", of: "the data")
      return own + new
    }
    note("other labels than \(own.prefix(5).joined(separator: ", "))\(own.count > 5 ? " …" : ""): the output layer begins anew")
    return found
  }

  private mutating func note(_ count: Int, _ what: String, of side: String) {
    guard count > 0 else {
      if isExtended { note("no new \(what)s of \(side)") }
      return
    }
    let things = count == 1 ? what : "\(what)s"
    note(isExtended ? "\(count) new \(things) of \(side)" : "\(count) \(things) of \(side) unknown to it, which --extend adds")
  }
}

// MARK: Weights

extension Weights {
  /// Takes the weights of a model that training starts from: those of equal names and shapes.
  ///
  /// - Parameter rows: of some tensors, the place here of each of the model's rows; a negative one isn't taken, and rows that no place
  ///   names stay as they are.
  /// - Returns: whether all weights are the model's now.
  mutating func take(_ origin: Weights, rows: [String: [Int32]] = [:]) -> Bool {
    var whole: Set<String> = []
    for (name, tensor) in zip(origin.names, origin.tensors) {
      guard let own = self[name] else { continue }
      if let places = rows[name] {
        if Set(places.filter { $0 >= 0 }).count == own.shape[0] { whole.insert(name) }
        let width = own.shape.dropFirst().reduce(1, *)
        precondition(tensor.shape.dropFirst() == own.shape.dropFirst() && places.count <= tensor.shape[0], "\(name) has other columns")
        var values = own.values
        tensor.withUnsafeBufferPointer { from in
          for (row, place) in places.enumerated() where place >= 0 {
            for i in 0..<width { values[Int(place) * width + i] = from[row * width + i] }
          }
        }
        self[name] = Tensor(values, shape: own.shape)
      } else if own.shape == tensor.shape {
        self[name] = tensor
        whole.insert(name)
      }
    }
    return names.allSatisfy(whole.contains)
  }
}
