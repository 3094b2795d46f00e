import Foundation
public import RNNTensor

/// How sound becomes rows of numbers, one for every few milliseconds: the logarithms of the power in bands of the mel scale, their
/// cosine transform (Davis & Mermelstein 1980), or roots of the power (Lockwood & Alexandre 1994).
///
/// Frames begin with the first sample and are not padded, so that a stream has the same ones as a whole file; sound shorter than
/// one frame is taken to be followed by silence.
public struct SoundFeatures: Sendable, Hashable, Codable {
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    case logMel = "log-mel"
    /// Powers to 0.15: what is nearly silent is nearly 0, where its logarithm says most of all how quiet a room was.
    case rootMel = "root-mel"
    case mfcc
  }

  public var kind: Kind
  /// Samples a second; other sound is brought to it.
  public var rate: Int
  /// Samples of a frame, and from one frame to the next.
  public var window: Int
  public var hop: Int
  /// Points of the Fourier transform, at least those of a frame.
  public var points: Int
  /// Bands, evenly spaced on the mel scale between two frequencies in Hz.
  public var bands: Int
  public var lowest: Double
  public var highest: Double
  /// How much of the sample before is taken off each; 0 for none.
  public var preemphasis: Float
  /// With MFCC, how many coefficients, the first one included.
  public var coefficients: Int
  /// Whether a clip is brought to one loudness first, that of its loudest frame; a stream can't be.
  public var isLevelled = false

  /// Frames of 25 ms every 10 ms.
  public init(_ kind: Kind = .logMel, rate: Int = 16_000, bands: Int = 40, coefficients: Int = 13, preemphasis: Float = 0.97) {
    self.kind = kind
    self.rate = rate
    window = max(rate / 40, 1)
    hop = max(rate / 100, 1)
    var points = 1
    while points < min(window, Self.mostPoints) { points *= 2 }
    self.points = points
    self.bands = bands
    lowest = 20
    highest = Double(rate) / 2
    self.preemphasis = preemphasis
    self.coefficients = coefficients
  }

  /// The features that a model's file has, which are some that can be.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      try values.decode(Kind.self, forKey: .kind), rate: try values.decode(Int.self, forKey: .rate), bands: try values.decode(Int.self, forKey: .bands),
      coefficients: try values.decode(Int.self, forKey: .coefficients), preemphasis: try values.decode(Float.self, forKey: .preemphasis))
    window = try values.decode(Int.self, forKey: .window)
    hop = try values.decode(Int.self, forKey: .hop)
    points = try values.decode(Int.self, forKey: .points)
    lowest = try values.decode(Double.self, forKey: .lowest)
    highest = try values.decode(Double.self, forKey: .highest)
    isLevelled = try values.decode(Bool.self, forKey: .isLevelled)
    try validate()
  }

  /// The numbers of a row.
  public var size: Int { kind == .mfcc ? coefficients : bands }

  /// The most points of the transform: frames of 85 ms at 48 kHz.
  private static let mostPoints = 4096

  /// - Throws: `.usage` saying what can't be.
  public func validate() throws(RNNError) {
    guard Limits.sampleRate.contains(rate), (1...Self.mostPoints).contains(points), (1...points).contains(window), (1...window).contains(hop)
    else {
      throw RNNError(
        .usage,
        "a frame has 1 to \(Self.mostPoints) samples, as many as the transform has points at most, and the next one begins within it or at its end; "
          + "found frames of \(window) samples every \(hop), \(points) points, at \(rate) samples a second")
    }
    guard Limits.bands.contains(bands), lowest >= 0, highest > lowest, highest <= Double(rate) / 2 else {
      throw RNNError(
        .usage,
        "1 to \(Limits.bands.range.upperBound) bands lie between 0 and half the rate, \(rate / 2) Hz; found \(bands) between \(lowest) and \(highest)")
    }
    guard kind != .mfcc || (1...bands).contains(coefficients) else {
      throw RNNError(.usage, "of \(bands) bands there are 1 to \(bands) coefficients, not \(coefficients)")
    }
    guard (0...1).contains(preemphasis) else { throw RNNError(.usage, "pre-emphasis is from 0 (none) to 1, not \(preemphasis)") }
  }

  /// How many frames so many samples have.
  public func frames(_ samples: Int) -> Int { samples == 0 ? 0 : max((samples - window) / hop, 0) + 1 }

  /// The fewest samples that have so many frames.
  public func samples(_ frames: Int) -> Int { frames < 2 ? frames : (frames - 1) * hop + window }

  /// The rows of a sound, `[frames, size]`.
  ///
  /// - Throws: `.usage` as ``validate()``.
  public func rows(of sound: Sound) throws(RNNError) -> Tensor { try SoundTransform(self).rows(of: sound) }
}
