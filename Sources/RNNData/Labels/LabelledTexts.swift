public import RNNTensor

/// Texts with labels, in memory: what a classifier is trained and measured on.
public struct LabelledTexts: Sendable {
  /// The different labels: by their values where all are whole numbers, else by their bytes.
  public private(set) var labels: [String] = []
  /// The number of texts.
  public var count: Int { labelOf.count }
  /// What the files were taken for, and their names.
  public private(set) var descriptions: [String] = []
  public private(set) var sources: [String] = []
  /// The fingerprint of all texts and labels.
  public private(set) var fingerprint = Fingerprint()

  private var bytes: [UInt8] = []
  private var ends: [Int] = []
  private var labelOf: [Int32] = []
  // Rows, of which a phrase has that of its sentence; and which texts are whole.
  private var rowOf: [Int32] = []
  private var isWhole: [Bool] = []
  /// A remark on labels of `LabelledOptions.map` that no text has.
  private(set) var mapRemark: String?

  /// Texts that are there already.
  public init(_ texts: [(text: String, label: String)]) {
    var numbers: [String: Int32] = [:]
    for (row, text) in texts.enumerated() { add(Array(text.text.utf8), text.label, row: row, isWhole: true, &numbers) }
    finish()
  }

  /// Texts in files; see ``LabelledReader``.
  ///
  /// - Parameters:
  ///   - requiresUTF8: whether a text that isn't UTF-8 is an error.
  ///   - known: the labels there may be; nil for any.
  ///   - reading: called now and then with the number of texts read.
  /// - Throws: as ``LabelledReader``, and `.badData` where there is no text, or one with a label that isn't known.
  public init(
    reading paths: [String], options: LabelledOptions = .init(), requiresUTF8: Bool = true, labels known: [String]? = nil,
    reading: (_ texts: Int) -> Void = { _ in }
  ) throws(RNNError) {
    var reader = try LabelledReader(paths, options: options, requiresUTF8: requiresUTF8)
    descriptions = reader.descriptions
    sources = paths.map { path in path == "-" ? "standard input" : path.split(separator: "/").last.map(String.init) ?? path }
    var numbers: [String: Int32] = [:]
    let allowed = known.map { Set($0) }
    while let example = try reader.next() {
      if let allowed, let known, !allowed.contains(example.label) { throw Self.unknown(example, known) }
      add(example.text, example.label, row: example.row, isWhole: example.isWhole, &numbers)
      if count % 4096 == 0 { reading(count) }
    }
    guard count > 0 else {
      throw RNNError(.badData, "\(sources.joined(separator: ", ")): found no text\(options.map == nil ? "" : " of these labels"), expected texts with labels\(reader.mapRemark.map { "; \($0)" } ?? "")")
    }
    mapRemark = reader.mapRemark
    finish()
  }

  /// An error about a label that isn't among those expected.
  package static func unknown(_ example: LabelledReader.Example, _ labels: [String]) -> RNNError {
    let shown = labels.prefix(20).map { "‘\($0)’" }.joined(separator: ", ") + (labels.count > 20 ? " …" : "")
    return RNNError(.badData, "\(example.place): found the label ‘\(example.label.prefix(60))’, expected one of \(shown)")
  }

  private mutating func add(_ text: [UInt8], _ label: String, row: Int, isWhole: Bool, _ numbers: inout [String: Int32]) {
    let number = numbers[label] ?? Int32(labels.count)
    if Int(number) == labels.count {
      numbers[label] = number
      labels.append(label)
    }
    bytes += text
    ends.append(bytes.count)
    labelOf.append(number)
    rowOf.append(Int32(truncatingIfNeeded: row))
    self.isWhole.append(isWhole)
  }

  /// Puts the labels in order.
  private mutating func finish() {
    let areNumbers = labels.allSatisfy { Int($0) != nil }
    let order = labels.indices.sorted { a, b in
      if areNumbers, let x = Int(labels[a]), let y = Int(labels[b]), x != y { return x < y }
      return labels[a].utf8.lexicographicallyPrecedes(labels[b].utf8)
    }
    var place = [Int32](repeating: 0, count: labels.count)
    for (new, old) in order.enumerated() { place[old] = Int32(new) }
    labels = order.map { labels[$0] }
    for i in labelOf.indices { labelOf[i] = place[Int(labelOf[i])] }
    bytes.withUnsafeBufferPointer { fingerprint.add($0) }
    for number in zip(ends, labelOf).flatMap({ [UInt64($0), UInt64($1)] }) {
      withUnsafeBytes(of: number.littleEndian) { fingerprint.add($0.bindMemory(to: UInt8.self)) }
    }
    for label in labels { Array(label.utf8).withUnsafeBufferPointer { fingerprint.add($0) } }
  }

  /// The bytes of a text.
  public func text(_ index: Int) -> ArraySlice<UInt8> { bytes[(index > 0 ? ends[index - 1] : 0)..<ends[index]] }

  /// The number of a text's label.
  public func label(_ index: Int) -> Int { Int(labelOf[index]) }

  /// How many of these texts have each label.
  public func counts(of texts: [Int]) -> [Int] {
    var counts = [Int](repeating: 0, count: labels.count)
    for i in texts { counts[label(i)] += 1 }
    return counts
  }

  /// Whole texts, not their phrases.
  public var wholes: [Int] { isWhole.indices.filter { isWhole[$0] } }

  /// A text's tokens' bytes, of a tokenizer that is to be made: how often what occurs is counted in these.
  func joined(_ texts: [Int], _ normalizer: TextNormalizer) -> [UInt8] {
    var all: [UInt8] = []
    for i in texts {
      normalizer.append(Array(text(i)), to: &all)
      all.append(UInt8(ascii: "\n"))
    }
    return all
  }

  // MARK: Two parts

  /// The texts in two parts, both with the labels in the same proportion; a label that occurs once is trained on.
  ///
  /// Phrases go with their sentences, and are never measured on. A phrase that occurs several times with one label is trained on
  /// once.
  ///
  /// - Throws: `.usage` for a fraction outside 0...0.5.
  public func split(validation fraction: Double, seed: UInt64) throws(RNNError) -> (training: [Int], validation: [Int]) {
    guard (0...0.5).contains(fraction) else {
      throw RNNError(.usage, "the validation part can't be \(fraction) of the texts: expected 0 (none) to 0.5")
    }
    var ofLabel = [[Int]](repeating: [], count: labels.count)
    for i in wholes { ofLabel[label(i)].append(i) }
    var random = Philox(seed: seed, stream: 0x7370_6C69_74)
    var validation: [Int] = []
    for var own in ofLabel where fraction > 0 && own.count > 1 {
      own.shuffle(using: &random)
      validation += own.prefix(max(1, Int((Double(own.count) * fraction).rounded())))
    }
    validation.sort()
    let held = Set(validation.map { rowOf[$0] })
    var seen = Set<Phrase>()
    let training = labelOf.indices.filter { i in
      guard !held.contains(rowOf[i]) else { return false }
      return isWhole[i] || seen.insert(Phrase(text: text(i), label: labelOf[i])).inserted
    }
    return (training, validation)
  }

  private struct Phrase: Hashable {
    let text: ArraySlice<UInt8>
    let label: Int32
  }
}

/// Labelled texts as tokens.
public struct EncodedTexts: Sendable {
  /// All tokens, one text after the other.
  public private(set) var tokens: [Int32] = []
  private var starts = [0]
  /// Each text's label, by its number.
  public private(set) var labels: [Int32] = []
  /// How many texts are longer than they may be: of these the beginning is read.
  public private(set) var cut = 0

  public init() {}

  public var count: Int { labels.count }

  /// The number of a text's tokens: at least 1.
  public func length(_ index: Int) -> Int { starts[index + 1] - starts[index] }

  public subscript(index: Int) -> ArraySlice<Int32> { tokens[starts[index]..<starts[index + 1]] }

  /// Some texts side by side.
  ///
  /// - Returns: tokens `[T · B]`, time-major, below 0 beyond a text's end, and the texts' lengths.
  public func batch(_ texts: ArraySlice<Int>) -> (tokens: [Int32], lengths: [Int]) {
    let lengths = texts.map(length)
    var result = [Int32](repeating: -1, count: (lengths.max() ?? 0) * texts.count)
    for (row, text) in texts.enumerated() {
      for (time, token) in self[text].enumerated() { result[time * texts.count + row] = token }
    }
    return (result, lengths)
  }

  /// Adds a text that is already tokens.
  public mutating func append(_ text: [Int32], label: Int, longest: Int) {
    if text.count > longest { cut += 1 }
    tokens += text.prefix(longest)
    starts.append(tokens.count)
    labels.append(Int32(label))
  }
}

extension Tokenizer {
  /// The tokens of a text by itself, at least one: a text without any is read as a line end.
  public func encode(_ text: [UInt8], _ normalizer: TextNormalizer) -> [Int32] {
    var normal: [UInt8] = []
    normalizer.append(text, to: &normal)
    let tokens = encode(normal)
    return tokens.isEmpty ? Array(encode([UInt8(ascii: "\n")]).prefix(1)) : tokens
  }
}

extension LabelledTexts {
  /// Some of the texts as tokens.
  public func encoded(_ texts: [Int], by tokenizer: Tokenizer, _ normalizer: TextNormalizer, longest: Int) -> EncodedTexts {
    var result = EncodedTexts()
    for i in texts { result.append(tokenizer.encode(Array(text(i)), normalizer), label: label(i), longest: longest) }
    return result
  }

  /// The tokenizer of some of the texts: bytes, all characters, the most frequent words, or what pairs are merged to.
  ///
  /// - Parameters:
  ///   - vocabulary: tokens at most, where the kind has a choice; nil for its default.
  ///   - least: how often a word must occur to have a token.
  /// - Throws: `.usage` for a vocabulary that can't be.
  public func tokenizer(
    of texts: [Int], _ kind: Tokenizer.Kind, _ normalizer: TextNormalizer, vocabulary: Int? = nil, least: Int = 1
  ) throws(RNNError) -> Tokenizer {
    if kind == .bytes { return .bytes }
    if kind.vocabularySizes != nil { try kind.checkVocabulary(vocabulary) }
    var counter = TokenCounter(kind, countingFrequencies: true)
    for part in stride(from: 0, to: texts.count, by: 4096) {
      joined(Array(texts[part..<min(part + 4096, texts.count)]), normalizer).withUnsafeBufferPointer { counter.read($0) }
    }
    counter.finish()
    return counter.tokenizer(vocabulary: vocabulary, least: least)
  }
}

extension LabelledTexts {
  /// Some of the texts as tokens, their labels numbered as in `labels`.
  ///
  /// - Throws: `.badData` for a label that isn't among them.
  public func encoded(
    _ texts: [Int], by tokenizer: Tokenizer, _ normalizer: TextNormalizer, longest: Int, labels known: [String]
  ) throws(RNNError) -> EncodedTexts {
    let numbers = Dictionary(uniqueKeysWithValues: zip(known, known.indices))
    var result = EncodedTexts()
    for i in texts {
      guard let number = numbers[labels[label(i)]] else {
        throw RNNError(.badData, "\(sources.joined(separator: ", ")): found the label ‘\(labels[label(i)])’, which none of the texts to train on has")
      }
      result.append(tokenizer.encode(Array(text(i)), normalizer), label: number, longest: longest)
    }
    return result
  }

  /// How many words, separated by whitespace, some of the texts have on average; the first thousand of them are looked at.
  public func meanWords(_ texts: [Int]) -> Double {
    let some = texts.prefix(1000)
    let words = some.reduce(0) { $0 + text($1).split(whereSeparator: WordCutter.isWhitespace).count }
    return Double(words) / Double(max(some.count, 1))
  }
}
