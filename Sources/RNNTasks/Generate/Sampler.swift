import RNNTensor

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How a token is chosen from what a model says about all of them.
public struct SamplingOptions: Sendable, Hashable {
  /// What the logits are divided by: 1 leaves the model's probabilities, less sharpens them, 0 takes the most probable token.
  public let temperature: Double
  /// Only that many most probable tokens are considered.
  public let topK: Int?
  /// Only the fewest most probable tokens that together have this probability are considered (the nucleus).
  public let topP: Double?

  /// What the model says, unchanged: temperature 1, all tokens.
  public static let asTrained = SamplingOptions(valid: 1)
  /// The most probable token each time.
  public static let mostProbable = SamplingOptions(valid: 0)

  private init(valid temperature: Double) {
    (self.temperature, topK, topP) = (temperature, nil, nil)
  }

  /// - Throws: `.usage` for a temperature that is negative or not finite, a `topK` below 1, a `topP` outside (0, 1].
  public init(temperature: Double = 1, topK: Int? = nil, topP: Double? = nil) throws(RNNError) {
    guard temperature >= 0, temperature.isFinite else {
      throw RNNError(.usage, "a temperature of \(temperature) can't be: expected 0 (the most probable token) or more")
    }
    if let topK, topK < 1 { throw RNNError(.usage, "top-k of \(topK) leaves no token: expected at least 1") }
    if let topP, !(topP > 0 && topP <= 1) {
      throw RNNError(.usage, "top-p of \(topP) is no probability: expected more than 0, at most 1")
    }
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
  }
}

/// Chooses tokens from logits.
///
/// In this order: forbidden tokens are out, the logits are divided by the temperature, then the `topK` most probable tokens
/// stay, of these the nucleus of `topP`, and one of them is drawn by its probability. Of equally probable tokens the lower
/// index comes first. The same logits and the same uniform number always give the same token.
///
/// A logit of −∞ is an impossible token; logits of +∞ are certain and share all probability. Keeps its buffers: after the
/// first call nothing is allocated.
public struct Sampler: Sendable {
  public let options: SamplingOptions
  private let isForbidden: [Bool]
  private var candidates: [Candidate] = []

  private struct Candidate {
    var token: Int32
    // The logit at first, then what the token's probability is proportional to.
    var weight: Double

    func isBefore(_ other: Candidate) -> Bool {
      weight != other.weight ? weight > other.weight : token < other.token
    }
  }

  /// - Parameter forbidden: tokens that are never chosen, such as a tokenizer's unknown token.
  public init(_ options: SamplingOptions, forbidden: some Sequence<Int32> = EmptyCollection<Int32>()) {
    self.options = options
    var isForbidden: [Bool] = []
    for token in forbidden {
      precondition(token >= 0, "a token can't be negative: \(token)")
      while isForbidden.count <= token { isForbidden.append(false) }
      isForbidden[Int(token)] = true
    }
    self.isForbidden = isForbidden
  }

  /// Chooses a token.
  ///
  /// - Parameters:
  ///   - logits: one for each token.
  ///   - uniform: a number of [0, 1), drawn by the caller, who thus owns the place in the random sequence. Not looked at when
  ///     the temperature is 0; draw it all the same to keep the sequence in step.
  ///   - isAllowed: whether a token can come next at this place, on top of those forbidden everywhere.
  /// - Throws: `.badData` when a logit is not a number, or when no token is possible.
  public mutating func sample(
    _ logits: UnsafeBufferPointer<Float>, uniform: Double, isAllowed: (Int32) -> Bool = { _ in true }
  ) throws(RNNError) -> Int32 {
    precondition(uniform >= 0 && uniform < 1, "\(uniform) is not in 0..<1")
    var largest = -Float.infinity
    var mostProbable: Int32?
    candidates.removeAll(keepingCapacity: true)
    for (index, logit) in logits.enumerated() {
      let token = Int32(index)
      guard !logit.isNaN else {
        throw RNNError(
          .badData, "the model's output for token \(token) is not a number: its weights or its state are damaged")
      }
      guard logit > -.infinity, index >= isForbidden.count || !isForbidden[index], isAllowed(token) else { continue }
      if logit > largest {
        largest = logit
        mostProbable = token
      }
      candidates.append(Candidate(token: token, weight: Double(logit)))
    }
    guard let mostProbable else { throw RNNError(.badData, "the model leaves no token possible here") }
    if options.temperature == 0 { return mostProbable }

    weigh(largest: Double(largest))
    let first = select()
    var total = 0.0
    for candidate in candidates[first...] { total += candidate.weight }
    let target = uniform * total
    var sum = 0.0
    var chosen = mostProbable
    // Strictly more: what has no weight is never chosen. Where rounding lets the sum end at the target, the last one is.
    for candidate in candidates[first...] where candidate.weight > 0 {
      chosen = candidate.token
      sum += candidate.weight
      if sum > target { break }
    }
    return chosen
  }

  /// Chooses a token, as above.
  public mutating func sample(
    _ logits: [Float], uniform: Double, isAllowed: (Int32) -> Bool = { _ in true }
  ) throws(RNNError) -> Int32 {
    try logits.withUnsafeBufferPointer { (logits) throws(RNNError) in
      try sample(logits, uniform: uniform, isAllowed: isAllowed)
    }
  }

  /// Turns the candidates' logits to weights, the largest of which is 1.
  private mutating func weigh(largest: Double) {
    for i in candidates.indices {
      let logit = candidates[i].weight
      // Equal infinities have no difference.
      candidates[i].weight = logit == largest ? 1 : exp((logit - largest) / options.temperature)
    }
  }

  /// Moves those candidates that top-k and top-p leave to the end, the most probable last.
  ///
  /// - Returns: where they begin.
  private mutating func select() -> Int {
    guard options.topK != nil || options.topP != nil else { return 0 }
    // As in heapsort, but only as far as needed: the heap shrinks while what leaves it gathers behind it.
    for i in (0..<candidates.count / 2).reversed() { siftDown(i, count: candidates.count) }
    var first = candidates.count
    if let topK = options.topK {
      while first > 0, candidates.count - first < topK { moveTop(behind: &first) }
    }
    guard let topP = options.topP, topP < 1 else { return options.topK == nil ? 0 : first }
    let considered = options.topK == nil ? 0..<candidates.count : first..<candidates.count
    var needed = 0.0
    for candidate in candidates[considered] { needed += candidate.weight }
    needed *= topP
    var sum = 0.0
    var next = candidates.count
    while next > considered.lowerBound, sum < needed {
      if next == first { moveTop(behind: &first) }
      next -= 1
      sum += candidates[next].weight
    }
    return next
  }

  /// Swaps the heap's top with its last element, which thereby leaves the heap.
  private mutating func moveTop(behind first: inout Int) {
    first -= 1
    candidates.swapAt(0, first)
    siftDown(0, count: first)
  }

  /// Restores the heap's order (each candidate before its two children) below `start`.
  private mutating func siftDown(_ start: Int, count: Int) {
    var parent = start
    while 2 * parent + 1 < count {
      var child = 2 * parent + 1
      if child + 1 < count, candidates[child + 1].isBefore(candidates[child]) { child += 1 }
      guard candidates[child].isBefore(candidates[parent]) else { return }
      candidates.swapAt(parent, child)
      parent = child
    }
  }
}
