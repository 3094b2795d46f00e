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
  /// Where sound is cut off, as a part of what the rate it comes with can hold.
  private let cutoff: Double
  /// Samples that count for one that comes out: whole vectors, the last weights are 0.
  private let taps: Int
  /// The weights of each phase; empty where they would be too many to keep.
  private var table: [Float] = []
  /// What the future depends on.
  private(set) var state: State

  /// Everything that a continuation depends on.
  public struct State: Sendable, Hashable, Codable {
    /// Samples that are still needed, the first of them the sample `start` of all; silence before the sound begins.
    var kept: [Float]
    var start: Int
    /// How many came, and how many went.
    var received = 0
    var sent = 0
  }

  private typealias Lanes = SIMD8<Float>
  private static let zeros = 6.0
  private static let rolloff = 0.99
  /// The most weights that are kept, 4 MB. Rates of a great common divisor, all those in use, need some thousands.
  private static let mostKept = 1 << 20
  /// How much may have been used before it is dropped.
  private static let slack = 1 << 12

  /// - Precondition: both rates are positive.
  public init(from: Int, to: Int) {
    precondition(from > 0 && to > 0, "rates are positive, not \(from) and \(to)")
    self.from = from
    self.to = to
    var (a, b) = (from, to)
    while b != 0 { (a, b) = (b, a % b) }
    step = from / a
    phases = to / a
    cutoff = min(1, Double(to) / Double(from)) * Self.rolloff
    taps = (Int((2 * Self.zeros / cutoff).rounded(.up)) + Lanes.scalarCount) / Lanes.scalarCount * Lanes.scalarCount
    // Silence before the first sample, as much as the first one that comes out needs.
    state = State(kept: [], start: 0)
    if phases <= Self.mostKept / taps {
      table.reserveCapacity(phases * taps)
      for phase in 0..<phases { table += weights(phase) }
    }
    state.start = first(0)
    state.kept = [Float](repeating: 0, count: -state.start)
  }

  /// Goes on where another one was.
  ///
  /// - Returns: nil for the state of other rates, or none at all.
  init?(from: Int, to: Int, continuing state: State) {
    self.init(from: from, to: to)
    // Of no use before the first sample that the next one needs.
    guard state.received >= 0, state.sent >= 0, state.received < 1 << 40, state.sent <= outputs(state.received),
      state.start <= needed(state.sent), state.start + state.kept.count == state.received,
      state.kept.count <= taps + step + Self.slack, state.kept.allSatisfy(\.isFinite)
    else { return nil }
    self.state = state
  }

  /// The first sample that counts for the first one that comes out in a phase.
  private func first(_ phase: Int) -> Int { Int((centre(phase) - Self.zeros / cutoff).rounded(.down)) + 1 }

  private func centre(_ phase: Int) -> Double { Double(phase) * Double(step) / Double(phases) }

  private func weights(_ phase: Int) -> [Float] {
    let centre = centre(phase), first = first(phase)
    return (first..<first + taps).map { index in
      let t = (Double(index) - centre) * cutoff
      guard abs(t) < Self.zeros else { return 0 }
      let window = cos(t * .pi / Self.zeros / 2)
      return Float((t == 0 ? 1 : sin(t * .pi) / (t * .pi)) * window * window * cutoff)
    }
  }

  /// How many samples come out of so many: as many as the time takes, rounded up.
  public func outputs(_ samples: Int) -> Int { (samples * phases + step - 1) / step }

  /// The first sample that the one at `index` of those that come out needs.
  private func needed(_ index: Int) -> Int { index / phases * step + first(index % phases) }

  /// Takes some samples, and gives those that are certain now.
  public mutating func push(_ samples: [Float]) -> [Float] {
    state.kept += samples
    state.received += samples.count
    return output()
  }

  /// Gives the rest: silence follows. Nothing may come after it.
  public mutating func finish() -> [Float] {
    let silence = max(needed(max(outputs(state.received) - 1, 0)) + taps - state.received, 0)
    state.kept += [Float](repeating: 0, count: silence)
    return output()
  }

  private mutating func output() -> [Float] {
    let all = outputs(state.received), start = state.start, available = start + state.kept.count
    var result: [Float] = [], sent = state.sent
    result.reserveCapacity(max(min(all - sent, state.kept.count * phases / step + 1), 0))
    state.kept.withUnsafeBufferPointer { kept in
      table.withUnsafeBufferPointer { table in
        while sent < all {
          let begin = needed(sent), phase = sent % phases
          guard begin + taps <= available else { break }
          let samples = kept.extracting(begin - start..<begin - start + taps)
          if table.isEmpty {
            weights(phase).withUnsafeBufferPointer { result.append(Self.sum(samples, $0)) }
          } else {
            result.append(Self.sum(samples, table.extracting(phase * taps..<(phase + 1) * taps)))
          }
          sent += 1
        }
      }
    }
    state.sent = sent
    let used = min(needed(sent) - start, state.kept.count)
    if used > Self.slack {
      state.kept.removeFirst(used)
      state.start += used
    }
    return result
  }

  /// The sum of products of samples and weights, whole vectors of them, in a fixed order.
  private static func sum(_ samples: UnsafeBufferPointer<Float>, _ weights: UnsafeBufferPointer<Float>) -> Float {
    let (samples, weights) = (UnsafeRawBufferPointer(samples), UnsafeRawBufferPointer(weights))
    var sum = Lanes()
    for offset in stride(from: 0, to: weights.count, by: MemoryLayout<Lanes>.size) {
      sum += samples.loadUnaligned(fromByteOffset: offset, as: Lanes.self) * weights.loadUnaligned(fromByteOffset: offset, as: Lanes.self)
    }
    return sum.sum()
  }
}
