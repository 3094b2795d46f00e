public import RNNTensor

/// The rows of sound that comes bit by bit; they don't depend on how it is cut.
public struct SoundStream: Sendable {
  private let transform: SoundTransform
  private var resampler: Resampler?
  private var kept = Kept()

  fileprivate struct Kept: Sendable, Hashable, Codable {
    /// Samples from the next frame on.
    var samples: [Float] = []
    /// The sample before what comes next, for pre-emphasis.
    var before: Float = 0
    /// The rows that there were.
    var rows = 0
  }

  public var features: SoundFeatures { transform.features }

  /// - Parameter rate: the samples a second of what comes.
  /// - Throws: `.usage` for features or a rate that can't be, and for features of levelled clips, which must be there as a whole.
  public init(_ features: SoundFeatures, rate: Int) throws(RNNError) {
    guard !features.isLevelled else {
      throw RNNError(.usage, "clips are brought to one loudness, which needs the whole sound: a stream takes a model that was trained with --no-level")
    }
    try self.init(SoundTransform(features), rate: rate)
  }

  init(_ transform: SoundTransform, rate: Int) throws(RNNError) {
    guard Sound.rates.contains(rate) else {
      throw RNNError(
        .usage, "sound has \(Sound.rates.lowerBound) to \(Sound.rates.upperBound) samples a second, not \(rate)")
    }
    self.init(transform, resampler: rate == transform.features.rate ? nil : Resampler(from: rate, to: transform.features.rate))
  }

  /// The same of sound that goes through a resampler, whatever rates that names.
  init(_ transform: SoundTransform, resampler: Resampler?) {
    self.transform = transform
    self.resampler = resampler
  }

  /// The rows that are complete now, `[rows, size]`.
  public mutating func push(_ samples: [Float]) -> Tensor {
    take(resampler?.push(samples) ?? samples)
    return next()
  }

  /// The rows that are left when nothing more comes: one for sound shorter than a frame, and what the change of rate held back.
  /// Nothing may be pushed after it.
  public mutating func finish() -> Tensor {
    take(resampler?.finish() ?? [])
    let missing = features.window - kept.samples.count
    if kept.rows == 0, !kept.samples.isEmpty, missing > 0 { kept.samples += repeatElement(0, count: missing) }
    return next()
  }

  private mutating func take(_ samples: [Float]) {
    guard features.preemphasis != 0 else {
      kept.samples += samples
      return
    }
    kept.samples.reserveCapacity(kept.samples.count + samples.count)
    var before = kept.before
    for sample in samples {
      kept.samples.append(sample - features.preemphasis * before)
      before = sample
    }
    kept.before = before
  }

  private mutating func next() -> Tensor {
    let (window, hop) = (features.window, features.hop)
    let count = kept.samples.count >= window ? (kept.samples.count - window) / hop + 1 : 0
    let rows = kept.samples.withUnsafeBufferPointer { transform.rows($0, count: count) }
    kept.samples.removeFirst(min(count * hop, kept.samples.count))
    kept.rows += count
    return rows
  }
}

// MARK: State

extension SoundStream {
  /// Everything that a continuation depends on.
  public struct State: Sendable, Hashable, Codable {
    fileprivate var kept: Kept
    /// Of sound whose rate is changed.
    fileprivate var resampler: Resampler.State?
  }

  public var state: State { State(kept: kept, resampler: resampler?.state) }

  /// Goes on where another stream of the same features and rate was.
  ///
  /// - Throws: `.usage` for features or a rate that can't be, `.badData` for a state that is none of theirs.
  public init(_ features: SoundFeatures, rate: Int, continuing state: State) throws(RNNError) {
    try self.init(features, rate: rate)
    let isOurs = state.kept.samples.count < features.window && Limits.soundRows.contains(state.kept.rows)
      && state.kept.before.isFinite && state.kept.samples.allSatisfy(\.isFinite) && (resampler == nil) == (state.resampler == nil)
    if let own = state.resampler { resampler = Resampler(from: rate, to: features.rate, continuing: own) }
    guard isOurs, (resampler == nil) == (state.resampler == nil) else {
      throw RNNError(.badData, "the state of the sound is not one of sound of \(rate) samples a second and these features")
    }
    kept = state.kept
  }
}
