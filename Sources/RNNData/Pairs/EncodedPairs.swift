public import RNNTensor

/// Sentences and their translations as tokens.
public struct EncodedPairs: Sendable {
  private var sourceTokens: [Int32] = [], targetTokens: [Int32] = []
  private var sourceEnds: [Int] = [], targetEnds: [Int] = []
  /// Pairs that were left out: those without a token on one side, and those with too many.
  public private(set) var empty = 0
  public private(set) var long = 0

  /// Which of the pairs that were appended these are, or the numbers they came with.
  public private(set) var numbers: [Int] = []

  public init() {}

  /// The number of pairs.
  public var count: Int { sourceEnds.count }

  /// The tokens of a sentence and of its translation.
  public func source(_ index: Int) -> ArraySlice<Int32> { sourceTokens[(index > 0 ? sourceEnds[index - 1] : 0)..<sourceEnds[index]] }
  public func target(_ index: Int) -> ArraySlice<Int32> { targetTokens[(index > 0 ? targetEnds[index - 1] : 0)..<targetEnds[index]] }

  /// All tokens of the targets, and one more for the end of each.
  public var targetCount: Int { targetTokens.count + count }

  /// Adds a pair, unless it is empty on one side or has more than `longest` tokens there.
  public mutating func append(_ source: [Int32], _ target: [Int32], number: Int? = nil, longest: Int? = nil) {
    let number = number ?? count + empty + long
    guard !source.isEmpty, !target.isEmpty else { return empty += 1 }
    if let longest, max(source.count, target.count) > longest { return long += 1 }
    numbers.append(number)
    sourceTokens += source
    sourceEnds.append(sourceTokens.count)
    targetTokens += target
    targetEnds.append(targetTokens.count)
  }

  /// The order in which the pairs are trained on: in a batch translations of nearly one length, and of these sentences of nearly one
  /// length.
  ///
  /// - Throws: `.usage` where a batch would have no row.
  public func batches(rows: Int, seed: UInt64) throws(RNNError) -> LengthBatches {
    try LengthBatches(lengths: (0..<count).map { target($0).count << 24 | min(source($0).count, 1 << 24 - 1) }, rows: rows, seed: seed)
  }

  /// Some pairs side by side.
  ///
  /// - Parameter end: the token that ends a translation, and that stands before its first one.
  public func batch(_ pairs: ArraySlice<Int>, end: Int32) -> PairBatch { PairBatch(pairs.map { (source($0), target($0)) }, end: end) }
}

/// Pairs side by side: the sentences to read `[S, B]`, and of the translations what a decoder reads and what it says `[T, B]`, each
/// time-major. Beyond a row's end all are below 0, which is no token.
public struct PairBatch: Sendable, Hashable {
  /// B.
  public let rows: Int
  /// The sentences' tokens and their lengths.
  public private(set) var sources: [Int32]
  public let sourceLengths: [Int]
  /// The end token and then the translation's tokens; the translation's tokens and then the end token.
  public private(set) var inputs: [Int32]
  public private(set) var targets: [Int32]
  /// The translations' lengths, the end token included.
  public let targetLengths: [Int]

  public init(_ pairs: [(source: ArraySlice<Int32>, target: ArraySlice<Int32>)], end: Int32) {
    rows = pairs.count
    sourceLengths = pairs.map(\.source.count)
    targetLengths = pairs.map { $0.target.count + 1 }
    sources = [Int32](repeating: -1, count: (sourceLengths.max() ?? 0) * rows)
    inputs = [Int32](repeating: -1, count: (targetLengths.max() ?? 0) * rows)
    targets = inputs
    for (row, pair) in pairs.enumerated() {
      for (time, token) in pair.source.enumerated() { sources[time * rows + row] = token }
      inputs[row] = end
      for (time, token) in pair.target.enumerated() {
        inputs[(time + 1) * rows + row] = token
        targets[time * rows + row] = token
      }
      targets[pair.target.count * rows + row] = end
    }
  }
}
