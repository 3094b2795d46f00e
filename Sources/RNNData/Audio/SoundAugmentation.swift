import Foundation
public import RNNTensor

/// Changes to the clips that a model is trained on, other ones in every epoch, so that it hears more than there is: speed,
/// loudness and noise of the sound (Ko et al. 2015), and masks over its rows (SpecAugment, Park et al. 2019).
///
/// Nothing but the seed, the epoch and the clip's number decides what is drawn.
public struct SoundAugmentation: Sendable, Hashable, Codable {
  /// The largest change of speed, 0.1 for 90 to 110%: pitch and length change with it. 0 for none.
  public var speed: Double
  /// The largest change of loudness in decibels. 0 for none.
  public var gain: Double
  /// The part of the clips that get noise, half of them white, half of them pink (of equal power in every octave).
  public var noise: Double
  /// How far the noise is below the clip's mean power, in decibels.
  public var noiseDistance: ClosedRange<Double>
  /// Masks over bands of columns, each over 0 to `widestColumns` of them.
  public var columnMasks: Int
  public var widestColumns: Int
  /// Masks over spans of rows, each over 0 to `longestRows` of them, but no more than a part of the clip.
  public var rowMasks: Int
  public var longestRows: Int
  public var rowPart: Double

  public init(
    speed: Double = 0, gain: Double = 0, noise: Double = 0, noiseDistance: ClosedRange<Double> = 10...40, columnMasks: Int = 0,
    widestColumns: Int = 0, rowMasks: Int = 0, longestRows: Int = 0, rowPart: Double = 0.2
  ) {
    self.speed = speed
    self.gain = gain
    self.noise = noise
    self.noiseDistance = noiseDistance
    self.columnMasks = columnMasks
    self.widestColumns = widestColumns
    self.rowMasks = rowMasks
    self.longestRows = longestRows
    self.rowPart = rowPart
  }

  /// Clips as they are.
  public static let none = SoundAugmentation()

  /// Whether sound is changed, not only rows.
  public var changesSound: Bool { speed != 0 || gain != 0 || noise != 0 }
  public var masks: Bool { (columnMasks > 0 && widestColumns > 0) || (rowMasks > 0 && longestRows > 0) }

  /// - Throws: `.usage` saying what can't be.
  public func validate() throws(RNNError) {
    guard (0...0.5).contains(speed) else { throw RNNError(.usage, "speed is changed by 0 (not at all) to 0.5, not by \(speed)") }
    guard (0...60).contains(gain) else { throw RNNError(.usage, "loudness is changed by 0 (not at all) to 60 decibels, not by \(gain)") }
    guard (0...1).contains(noise) else { throw RNNError(.usage, "0 (none) to 1 (all) of the clips get noise, not \(noise)") }
    guard noiseDistance.lowerBound >= -60, noiseDistance.upperBound <= 200 else {
      throw RNNError(.usage, "noise is −60 to 200 decibels below the sound, not \(noiseDistance.lowerBound) to \(noiseDistance.upperBound)")
    }
    guard (0...1000).contains(columnMasks), (0...1000).contains(rowMasks), widestColumns >= 0, longestRows >= 0 else {
      throw RNNError(
        .usage, "there are 0 to 1000 masks of 0 or more; found \(columnMasks) of \(widestColumns) columns, \(rowMasks) of \(longestRows) rows")
    }
    guard (0...1).contains(rowPart) else { throw RNNError(.usage, "a mask lies over 0 to 1 of a clip, not \(rowPart)") }
  }

  // MARK: Draws

  /// What decides the draws of one clip.
  public struct Draw: Sendable, Hashable {
    public var seed: UInt64
    public var epoch: Int
    /// The clip's number among all.
    public var clip: Int

    public init(seed: UInt64, epoch: Int, clip: Int) {
      self.seed = seed
      self.epoch = epoch
      self.clip = clip
    }

    fileprivate enum Use: UInt64 {
      case sound, noise, masks
    }

    // Any number that no other use of the seed has.
    private static let stream: UInt64 = 0x736F_756E_6400_0000

    fileprivate func random(_ use: Use) -> Philox {
      Philox(seed: seed, stream: Self.stream ^ (UInt64(truncatingIfNeeded: epoch) << 40 | UInt64(truncatingIfNeeded: clip) << 2 | use.rawValue))
    }
  }

  // MARK: Sound

  /// The sound with its speed, loudness and noise changed.
  ///
  /// - Parameter leastSamples: the samples that the words need; sound that would become shorter keeps its speed.
  public func changed(_ sound: Sound, _ draw: Draw, leastSamples: Int = 0) -> Sound {
    var random = draw.random(.sound)
    // All are drawn, whatever is used: one setting doesn't change what another one draws.
    let drawn = (
      speed: random.uniform(), gain: random.uniform(), noise: random.uniform(), isPink: random.uniform() < 0.5, distance: random.uniform()
    )
    var result = sound
    // In whole percent, so that the resampler has few phases.
    let percent = Int((100 * (1 + speed * (2 * drawn.speed - 1))).rounded())
    if percent != 100 {
      var resampler = Resampler(from: percent, to: 100)
      if resampler.outputs(sound.samples.count) >= leastSamples { result.samples = resampler.push(sound.samples) + resampler.finish() }
    }
    if drawn.noise < noise {
      let distance = noiseDistance.lowerBound + drawn.distance * (noiseDistance.upperBound - noiseDistance.lowerBound)
      var source = draw.random(.noise)
      Self.addNoise(isPink: drawn.isPink, distance: distance, to: &result.samples, &source)
    }
    if gain != 0 {
      let factor = Float(Self.amplitude(gain * (2 * drawn.gain - 1)))
      for i in result.samples.indices { result.samples[i] *= factor }
    }
    return result
  }

  /// Adds noise whose mean power is so many decibels below that of the samples; none to silence.
  private static func addNoise(isPink: Bool, distance: Double, to samples: inout [Float], _ random: inout Philox) {
    func power(_ samples: [Float]) -> Double { samples.reduce(0) { $0 + Double($1) * Double($1) } / Double(max(samples.count, 1)) }
    // Nearly normal: the sum of four numbers, the quarters of one draw.
    func white() -> Float {
      let bits = random.next()
      return Float((bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + bits >> 48) / 65536 - 2
    }
    var octaves = [Float](repeating: 0, count: isPink ? 16 : 0)
    for i in octaves.indices { octaves[i] = white() }
    var sum = octaves.reduce(0, +)
    let noise = samples.indices.map { i in
      guard isPink else { return white() }
      // Voss and McCartney: of sources that change every 2, 4, 8 … samples one changes now, and one changes always.
      let octave = min((i + 1).trailingZeroBitCount, octaves.count - 1), new = white()
      sum += new - octaves[octave]
      octaves[octave] = new
      return sum + white()
    }
    let own = power(noise), wanted = power(samples) * amplitude(-distance) * amplitude(-distance)
    guard own > 0, wanted > 0 else { return }
    let factor = Float((wanted / own).squareRoot())
    for i in samples.indices { samples[i] += factor * noise[i] }
  }

  private static func amplitude(_ decibels: Double) -> Double { pow(10, decibels / 20) }

  // MARK: Rows

  /// Masks the rows of a clip, `[rows, size]`: those columns and rows become `value`, the mean of what was normalised.
  public func mask(_ rows: inout Tensor, _ draw: Draw, value: Float = 0) {
    guard masks else { return }
    precondition(rows.shape.count == 2, "the rows of a clip have the shape [rows, size], not \(rows.shape)")
    let (count, size) = (rows.shape[0], rows.shape[1])
    var random = draw.random(.masks)
    /// A span of 0 to `longest` of `all`.
    func span(of all: Int, longest: Int) -> Range<Int> {
      let width = Int(random.uniform() * Double(min(longest, all) + 1))
      let start = Int(random.uniform() * Double(all - width + 1))
      return start..<start + width
    }
    let columns = (0..<columnMasks).map { _ in span(of: size, longest: widestColumns) }
    let spans = (0..<rowMasks).map { _ in span(of: count, longest: min(longestRows, Int(rowPart * Double(count)))) }
    rows.withUnsafeMutableBufferPointer { values in
      for row in 0..<count {
        for own in columns { values[row * size + own.lowerBound..<row * size + own.upperBound].update(repeating: value) }
      }
      for own in spans { values[own.lowerBound * size..<own.upperBound * size].update(repeating: value) }
    }
  }
}

extension SoundInput {
  /// The rows of some clips whose sound is changed, as it is drawn for an epoch; stored rows are as they are. Masks are not yet
  /// laid over them: that is for after the normalisation.
  ///
  /// - Parameters:
  ///   - clips: those of a batch.
  ///   - numbers: each one's number among all, which decides its draws.
  ///   - leastRows: the rows that each one's text needs.
  /// - Throws: as ``rows(of:allowsEmpty:reading:)``, `.usage` for an augmentation that can't be.
  public func rows(
    of clips: [Clip], numbers: [Int], changedBy augmentation: SoundAugmentation, seed: UInt64, epoch: Int, leastRows: [Int]
  ) throws(RNNError) -> [Tensor] {
    precondition(clips.count == numbers.count && clips.count == leastRows.count, "each clip has its number and its rows")
    try augmentation.validate()
    let reader = try SoundReader(self)
    return try reader.map(clips.count) { (i) throws(RNNError) in
      guard augmentation.changesSound, let transform = reader.transform else { return try reader.rows(of: clips[i]).rows }
      let features = transform.features
      let sound = augmentation.changed(
        try clips[i].sound(rate: features.rate), .init(seed: seed, epoch: epoch, clip: numbers[i]),
        leastSamples: features.samples(leastRows[i]))
      return try transform.rows(of: sound)
    }
  }
}
