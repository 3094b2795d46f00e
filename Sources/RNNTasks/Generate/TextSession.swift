import RNNCells
import RNNData
import RNNLayers
public import RNNTensor
import RNNTraining

/// A language model made ready to generate: parameters packed once, shared by any number of sessions at once.
public struct TextGenerator: Sendable {
  public let model: LanguageModel
  let packed: [CellEngine.Packed]
  let head: PackedMatrix

  public init(_ model: LanguageModel) throws(RNNError) {
    self.model = model
    packed = try model.stack.pack(model.weights)
    head = PackedMatrix(model.weights[model.output.weightName] ?? Tensor(zeros: [0, 0]), model.weights[model.output.biasName])
  }
}

/// What a generated text depends on besides the model.
public struct GenerationOptions: Sendable {
  public var sampling: SamplingOptions
  /// Tokens to generate at most; where a saved session goes on, as many again.
  public var length: Int
  public var seed: UInt64
  /// The text ends before the first of these.
  public var stops: [String]

  public init(sampling: SamplingOptions = .asTrained, length: Int = 500, seed: UInt64 = 1, stops: [String] = []) {
    self.sampling = sampling
    self.length = length
    self.seed = seed
    self.stops = stops
  }
}

/// One text being read and continued: hidden states, the sampler's position, half-finished characters, whether a space is
/// due. It can be saved in the middle and continued later to the same bytes.
///
/// ```swift
/// while let piece = try session.next() { print(piece, terminator: "") }
/// print(session.finish())
/// ```
///
/// A session belongs to one task at a time.
public final class TextSession {
  public let generator: TextGenerator
  private let steppers: [CellStepper]
  private let logits: UnsafeMutableBufferPointer<Float>
  private var sampler: Sampler
  private var random: Philox
  private var assembler: TextAssembler
  private let stops: [String]
  /// Tokens still to be generated.
  private var remaining: Int
  /// Whether `logits` are those of the next token; before the first token there are none.
  private var hasRead = false
  /// Whether the text so far ends in a word, from which a next word is separated by a space.
  private var isAfterWord = false
  /// Tokens generated so far, those before a save included.
  public private(set) var generated = 0

  /// A session at the beginning of a text.
  public init(_ generator: TextGenerator, _ options: GenerationOptions) throws(RNNError) {
    self.generator = generator
    steppers = try generator.model.stack.steppers(generator.packed)
    logits = .allocate(capacity: generator.head.lanes)
    logits.initialize(repeating: 0)
    sampler = Sampler(options.sampling, forbidden: generator.model.tokenizer.unknown.map { [$0] } ?? [])
    random = Philox(seed: options.seed, stream: Self.stream)
    assembler = try TextAssembler(stops: options.stops)
    stops = options.stops
    remaining = options.length
  }

  private static let stream: UInt64 = 0x7361_6D70_6C65

  deinit { logits.deallocate() }

  /// Reads a text: what is generated next continues it. Where tokens are words, the text's last word is whole.
  public func read(_ text: [UInt8]) {
    for token in generator.model.tokenizer.encode(text) { read(token) }
    endRead(text)
  }

  /// Notes how a text ends whose tokens have been read one by one.
  func endRead(_ text: [UInt8]) {
    if !text.isEmpty { isAfterWord = generator.model.tokenizer.endsInWord(text) }
  }

  /// Reads one token.
  func read(_ token: Int32) {
    let model = generator.model
    guard let table = model.weights[model.embedding.weightName] else { return }
    let size = model.embedding.size
    table.withUnsafeBufferPointer { table in
      let row = UnsafeBufferPointer(rebasing: table[Int(token) * size..<(Int(token) + 1) * size])
      steppers[0].withInput { _ = $0.update(fromContentsOf: row) }
    }
    for layer in steppers.indices.dropLast() {
      steppers[layer].step { output in steppers[layer + 1].withInput { _ = $0.update(fromContentsOf: output) } }
    }
    steppers[steppers.count - 1].step { output in
      if let x = output.baseAddress, let y = logits.baseAddress { generator.head.apply(x, y) }
    }
    hasRead = true
  }

  /// Reads a token; what the model then says about each next one, as logarithms up to a constant.
  public func logits(after token: Int32) -> [Float] {
    read(token)
    return Array(logits[..<generator.model.tokenizer.count])
  }

  /// Draws the next token and reads it.
  ///
  /// - Returns: the text that is complete with it (often nothing, in the middle of a character); nil when a stop string or the
  ///   options' length has ended the text. What is held back then comes from ``finish()``.
  /// Throws `.badData` if the model's output is not a number.
  public func next() throws(RNNError) -> String? {
    guard !assembler.isStopped, remaining > 0 else { return nil }
    // A text without a beginning begins as after a line's end.
    if !hasRead { read(generator.model.tokenizer.encode([UInt8(ascii: "\n")]).first ?? 0) }
    let tokenizer = generator.model.tokenizer
    // Words are whole characters; asking for each of many thousands would cost more than the model.
    let isFree = !generator.model.isUTF8 || tokenizer.kind == .words
    let candidates = UnsafeBufferPointer(rebasing: logits[..<tokenizer.count])
    let token = try sampler.sample(candidates, uniform: random.uniform()) { token in
      isFree || assembler.allows(tokenizer.decode(token))
    }
    generated += 1
    remaining -= 1
    read(token)
    let bytes = tokenizer.decode(token, afterWord: isAfterWord)
    isAfterWord = tokenizer.endsInWord(bytes)
    let text = assembler.append(bytes)
    return assembler.isStopped && text.isEmpty ? nil : text
  }

  /// What was held back at the end: text that could have been the beginning of a stop string.
  public func finish() -> String { assembler.finish().text }

  // MARK: Saving

  private static let format = "swift-rnn text state 1"

  /// Everything that the text's continuation depends on.
  public func state() throws(RNNError) -> Safetensors {
    var file = Safetensors(metadata: [
      "format": Self.format, "model": try generator.model.fingerprint().description, "seed": String(random.seed),
      "sampler_position": String(random.position), "generated": String(generated), "has_read": String(hasRead),
      "half_character": assembler.utf8.encoded, "after_word": String(isAfterWord),
    ])
    for (layer, stepper) in steppers.enumerated() {
      file.metadata["position.\(layer)"] = String(stepper.position)
      for (state, values) in zip(stepper.engine.cell.graph.states, stepper.states) {
        file.entries["\(layer).\(state.name)"] = .float(Tensor(values, shape: [values.count]))
      }
    }
    file.entries["logits"] = .float(Tensor(Array(logits), shape: [logits.count]))
    return file
  }

  /// Goes on from a saved state; options that a state has (the seed) are the state's.
  ///
  /// Throws `.badData` if it isn't a state, is damaged, or belongs to another model.
  public func restore(_ file: Safetensors, source: String = "the state") throws(RNNError) {
    guard file.metadata["format"] == Self.format else {
      throw RNNError(.badData, "\(source) is not a saved state of text generation: its format is “\(file.metadata["format"] ?? "none")”, expected “\(Self.format)”")
    }
    let fingerprint = try generator.model.fingerprint().description
    guard file.metadata["model"] == fingerprint else {
      throw RNNError(.badData, "\(source) belongs to another model: it has \(file.metadata["model"] ?? "none"), this model is \(fingerprint)")
    }
    let saved = SavedNumbers(file, source)
    var states: [[[Float]]] = []
    for (layer, stepper) in steppers.enumerated() {
      var own: [[Float]] = []
      for (state, size) in zip(stepper.engine.cell.graph.states, stepper.engine.stateSizes) {
        let tensor = try file.tensor(named: "\(layer).\(state.name)")
        guard tensor.shape == [size] else {
          throw RNNError(.badData, "\(source): the state \(layer).\(state.name) has the shape \(tensor.shape), expected was [\(size)]")
        }
        own.append(tensor.values)
      }
      states.append(own)
    }
    let savedLogits = try file.tensor(named: "logits")
    guard savedLogits.count == logits.count else {
      throw RNNError(.badData, "\(source): \(savedLogits.count) logits, expected \(logits.count)")
    }
    let assembler = try TextAssembler(stops: stops, continuing: UTF8State(encoded: file.metadata["half_character"] ?? "?"))
    let random = Philox(seed: try saved.word("seed"), stream: Self.stream, position: try saved.word("sampler_position"))
    let generated = try saved.count("generated")
    var positions: [Int] = []
    for layer in steppers.indices { positions.append(try saved.count("position.\(layer)")) }
    for (layer, stepper) in steppers.enumerated() { stepper.setStates(states[layer], position: positions[layer]) }
    _ = logits.update(fromContentsOf: savedLogits.values)
    hasRead = file.metadata["has_read"] == "true"
    isAfterWord = file.metadata["after_word"] == "true"
    self.assembler = assembler
    self.random = random
    self.generated = generated
  }
}
