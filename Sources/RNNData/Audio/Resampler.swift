import Foundation

/// Changes the rate of sound: a sinc under a Hann window, six zeros to each side, that cuts off at 99% of what the lower of both
/// rates can hold (Smith 2002, “Digital audio resampling”; with torchaudio's defaults).
///
/// Sound may come in parts of any size: what comes out doesn't depend on them.
public struct Resampler: Sendable {
  public let from: Int
  public let to: Int
  /// Both rates without their common divisor: of `step` samples become `phases`.
  private let step: Int
  private let phases: Int
  /// Of each phase: the first sample that it needs, relative to its block, and what samples count.
  private let kernels: [(first: Int, weights: [Float])]
  /// Samples that are still needed, the first of them the sample `start` of all.
  private var kept: [Float] = []
  private var start = 0
  /// How many came, and how many went.
  private var received = 0
  private var sent = 0

  private static let zeros = 6.0
  private static let rolloff = 0.99

  /// - Precondition: both rates are positive.
  public init(from: Int, to: Int) {
    precondition(from > 0 && to > 0, "rates are positive, not \(from) and \(to)")
    self.from = from
    self.to = to
    var (a, b) = (from, to)
    while b != 0 { (a, b) = (b, a % b) }
    let step = from / a, phases = to / a
    self.step = step
    self.phases = phases
    // The cutoff, relative to the input's rate.
    let cutoff = Double(min(step, phases)) * Self.rolloff / Double(step)
    kernels = (0..<phases).map { phase in
      let centre = Double(phase) * Double(step) / Double(phases)
      let first = Int((centre - Self.zeros / cutoff).rounded(.down)) + 1, last = Int((centre + Self.zeros / cutoff).rounded(.up)) - 1
      let weights = (first...max(first, last)).map { index in
        let t = (Double(index) - centre) * cutoff
        guard abs(t) < Self.zeros else { return Float(0) }
        let window = cos(t * .pi / Self.zeros / 2)
        return Float((t == 0 ? 1 : sin(t * .pi) / (t * .pi)) * window * window * cutoff)
      }
      return (first, weights)
    }
  }

  /// Takes some samples, and gives those that are certain now.
  public mutating func push(_ samples: some Collection<Float>) -> [Float] {
    kept += samples
    received += samples.count
    return output(isLast: false)
  }

  /// Gives the rest: silence follows. So many come out as the time takes, rounded up.
  public mutating func finish() -> [Float] { output(isLast: true) }

  private mutating func output(isLast: Bool) -> [Float] {
    let all = (received * phases + step - 1) / step
    var result: [Float] = []
    while sent < all {
      let (first, weights) = kernels[sent % phases]
      let begin = sent / phases * step + first
      guard isLast || begin + weights.count <= received else { break }
      var sum: Float = 0
      for (i, weight) in weights.enumerated() where begin + i >= 0 && begin + i < received { sum += weight * kept[begin + i - start] }
      result.append(sum)
      sent += 1
    }
    // Later phases of a block may begin before earlier ones of the next, never before this.
    let needed = max(sent / phases * step + (kernels.map(\.first).min() ?? 0), 0)
    if needed - start > 1 << 12 {
      let dropped = min(needed - start, kept.count)
      kept.removeFirst(dropped)
      start += dropped
    }
    return result
  }
}
