public import RNNTensor

/// Sentences and their translations, in memory: what a translator is trained and measured on.
public struct SentencePairs: Sendable {
  public enum Side: Sendable, Hashable, CaseIterable {
    case source, target
  }

  /// The number of pairs.
  public var count: Int { sourceEnds.count }
  /// What the files were taken for, and their names.
  public private(set) var descriptions: [String] = []
  public private(set) var sources: [String] = []
  /// The fingerprint of all pairs.
  public private(set) var fingerprint = Fingerprint()

  private var sourceBytes: [UInt8] = [], targetBytes: [UInt8] = []
  private var sourceEnds: [Int] = [], targetEnds: [Int] = []

  /// Pairs that are there already.
  public init(_ pairs: [(source: String, target: String)]) {
    for pair in pairs { add(Array(pair.source.utf8), Array(pair.target.utf8)) }
    finish()
  }

  /// Pairs in files; see ``PairReader``.
  ///
  /// - Parameters:
  ///   - requiresUTF8: whether a text that isn't UTF-8 is an error.
  ///   - reading: called now and then with the number of pairs read.
  /// - Throws: as ``PairReader``, and `.badData` where there is no pair.
  public init(
    reading files: PairFiles, options: PairOptions = .init(), requiresUTF8: Bool = true, reading: (_ pairs: Int) -> Void = { _ in }
  ) throws(RNNError) {
    var reader = try PairReader(files, options: options, requiresUTF8: requiresUTF8)
    while let pair = try reader.next() {
      add(pair.source, pair.target)
      if count % 4096 == 0 { reading(count) }
    }
    let paths =
      switch files {
      case .tables(let paths): paths
      case .lines(let source, let target): [source, target]
      }
    sources = paths.map { path in path == "-" ? "standard input" : path.split(separator: "/").last.map(String.init) ?? path }
    descriptions = reader.descriptions
    guard count > 0 else { throw RNNError(.badData, "\(paths.joined(separator: ", ")): found no sentence, expected sentences and their translations") }
    finish()
  }

  private mutating func add(_ source: [UInt8], _ target: [UInt8]) {
    sourceBytes += source
    sourceEnds.append(sourceBytes.count)
    targetBytes += target
    targetEnds.append(targetBytes.count)
  }

  private mutating func finish() {
    sourceBytes.withUnsafeBufferPointer { fingerprint.add($0) }
    targetBytes.withUnsafeBufferPointer { fingerprint.add($0) }
    for number in zip(sourceEnds, targetEnds).flatMap({ [UInt64($0), UInt64($1)] }) {
      withUnsafeBytes(of: number.littleEndian) { fingerprint.add($0.bindMemory(to: UInt8.self)) }
    }
  }

  /// The bytes of a sentence, and of its translation.
  public func source(_ index: Int) -> ArraySlice<UInt8> { sourceBytes[(index > 0 ? sourceEnds[index - 1] : 0)..<sourceEnds[index]] }
  public func target(_ index: Int) -> ArraySlice<UInt8> { targetBytes[(index > 0 ? targetEnds[index - 1] : 0)..<targetEnds[index]] }

  public func text(_ side: Side, _ index: Int) -> ArraySlice<UInt8> { side == .source ? source(index) : target(index) }

  /// Pairs with nothing but white space on one side, from which nothing can be learnt.
  public func isEmpty(_ index: Int) -> Bool { Side.allCases.contains { text($0, index).allSatisfy(WordCutter.isWhitespace) } }

  // MARK: Two parts

  /// The pairs to train on and those to measure on, of which no sentence is among those to train on: where one has several
  /// translations, all of them are on the same side. Pairs with nothing on one side are in neither.
  ///
  /// - Parameters:
  ///   - fraction: the part of the different sentences that is for measuring; all but one at most.
  ///   - most: the most of them.
  /// - Throws: `.usage` for a fraction outside 0...0.5.
  public func split(validation fraction: Double, most: Int = .max, seed: UInt64) throws(RNNError) -> (training: [Int], validation: [Int]) {
    guard (0...0.5).contains(fraction) else {
      throw RNNError(.usage, "the validation part can't be \(fraction) of the sentences: expected 0 (none) to 0.5")
    }
    let all = (0..<count).filter { !isEmpty($0) }
    guard fraction > 0 else { return (all, []) }
    var numbers: [ArraySlice<UInt8>: Int] = [:]
    let sentences = all.map { pair in
      let number = numbers[source(pair)] ?? numbers.count
      numbers[source(pair)] = number
      return number
    }
    var order = Array(0..<numbers.count)
    var random = Philox(seed: seed, stream: Self.stream)
    order.shuffle(using: &random)
    let wanted = Int((Double(order.count) * fraction).rounded(.up))
    // One is left to train on.
    let held = Set(order.prefix(max(min(wanted, most, order.count - 1), 0)))
    return (zip(all, sentences).filter { !held.contains($1) }.map(\.0), zip(all, sentences).filter { held.contains($1) }.map(\.0))
  }

  // Any number that no other use of the seed has.
  private static let stream: UInt64 = 0x7061_6972_73

  // MARK: Tokens

  /// The tokenizer of one side of some of the pairs, or of both together: bytes, all characters, the most frequent words, or what
  /// pairs of bytes are merged to.
  ///
  /// - Parameters:
  ///   - side: nil for both, which then share their tokens.
  ///   - vocabulary: tokens at most, where the kind has a choice; nil for its default.
  ///   - least: how often a word must occur to have a token; nil for twice, so that some are unknown.
  /// - Throws: `.usage` for a vocabulary that can't be.
  public func tokenizer(
    of pairs: [Int], _ side: Side?, _ kind: Tokenizer.Kind, _ normalizer: TextNormalizer = .none, vocabulary: Int? = nil, least: Int? = nil
  ) throws(RNNError) -> Tokenizer {
    try kind.checkVocabulary(vocabulary)
    var counter = TokenCounter(kind, countingFrequencies: true)
    for pair in pairs {
      for own in side.map({ [$0] }) ?? Side.allCases {
        normalizer(Array(text(own, pair))).withUnsafeBufferPointer { counter.read($0) }
        // Every sentence by itself.
        counter.finish()
      }
    }
    return counter.tokenizer(vocabulary: vocabulary, least: least)
  }

  /// Some of the pairs as tokens.
  ///
  /// - Parameter longest: pairs with more tokens than this on one side are left out; nil for none.
  public func encoded(
    _ pairs: [Int], source: Tokenizer, target: Tokenizer, _ normalizer: TextNormalizer = .none, longest: Int? = nil
  ) -> EncodedPairs {
    var result = EncodedPairs()
    var encoders = (TokenEncoder(source), TokenEncoder(target))
    for pair in pairs {
      let own = (source: normalizer(Array(self.source(pair))), target: normalizer(Array(self.target(pair))))
      result.append(encoders.0.encode(own.source[...]), encoders.1.encode(own.target[...]), number: pair, longest: longest)
    }
    return result
  }
}
