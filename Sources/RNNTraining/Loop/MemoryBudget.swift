public import RNNTensor

/// The memory that a training may take: from it follows how its sequences are cut into segments (``RNNTensor/Segments``).
///
/// Nothing is estimated from a formula that could be forgotten when the code changes: a few steps are trained, and the memory
/// that they take is counted where it is allocated.
public struct MemoryBudget: Sendable, Hashable {
  /// What the whole process may take.
  public let bytes: Int

  public init(_ bytes: Int) { self.bytes = bytes }

  /// The longest segments with which an update stays within the budget.
  ///
  /// - Parameters:
  ///   - steps: the steps of a sequence.
  ///   - rows: the rows of a batch.
  ///   - parameters: the number of trained numbers.
  ///   - states: the numbers in each state that a segment leaves for the next.
  ///   - kept: the bytes that an update takes however it is cut.
  ///   - trial: makes an update with two segments of so many steps, and forgets it.
  ///   - measuring: measures the model, which happens between two updates.
  /// Throws `.usage` if no cut fits; the message says how much is needed.
  public func segments(
    steps: Int, rows: Int, parameters: Int, states: [Int], kept: Int, trial: (_ steps: Int) -> Void, measuring: () -> Void
  ) throws(RNNError) -> Segments {
    // Until it is known how much, nothing is kept for later.
    Memory.keep(atMost: 0)
    // Twice as many steps each time, until what comes with many rows is there; a trial must not itself exceed the budget.
    let first = Memory.most { trial(1) }
    var length = 1, before = first, taken = first
    while length < steps, length == 1 || (length * rows < Self.rowsOfATrial && taken - first < bytes / 8) {
      length *= 2
      (before, taken) = (taken, Memory.most { trial(length) })
    }
    let exact = length == 1 ? taken : (taken - before) / (length / 2)
    // Memory comes in sizes up to a sixteenth apart.
    let step = exact + exact / 16
    let fixed = max(0, taken - length * exact)

    let size = 4 * parameters
    // Between two updates: a measurement, or a checkpoint with the weights, the average, the best and two moments.
    let between = max(Memory.most(during: measuring), 5 * size)
    // What the process takes already, the same five of the parameters, and what the allocator wastes.
    let taking = (ProcessMemory.now ?? 64 << 20) + 5 * size + kept + Self.slack
    let stateBytes = Self.bytesOfASegment + states.reduce(0) { $0 + 4 * $1 + Self.bytesOfATensor }

    let left = bytes - taking
    if left >= between, let segments = Segments(steps: steps, within: left - fixed, step: step, states: stateBytes) {
      Memory.keep(atMost: left - max(between, fixed + segments.bytes(steps: steps, step: step, states: stateBytes)))
      return segments
    }
    let least = taking + max(between, fixed + Segments.leastBytes(steps: steps, step: step, states: stateBytes))
    throw RNNError(
      .usage,
      "\(Self.megabytes(bytes)) of memory are too little for this training: it needs \(Self.megabytes(least + Self.slack)), "
        + "or less with a smaller batch or model")
  }

  private static let rowsOfATrial = 8192
  private static let slack = 4 << 20
  /// What stands on the tape for a segment, and what belongs to a tensor beside its numbers.
  private static let bytesOfASegment = 2048, bytesOfATensor = 256

  /// Rounded up, so that what a message asks for is enough.
  private static func megabytes(_ bytes: Int) -> String { "\((bytes + 999_999) / 1_000_000) MB" }
}
