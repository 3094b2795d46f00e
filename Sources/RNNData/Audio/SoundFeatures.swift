import Foundation
public import RNNTensor

/// How sound becomes rows of numbers, one for every few milliseconds: the logarithms of the power in bands of the mel scale, or
/// their cosine transform (Davis & Mermelstein 1980).
///
/// Frames begin with the first sample and are not padded, so that a stream has the same ones as a whole file; sound shorter than
/// one frame is taken to be followed by silence.
public struct SoundFeatures: Sendable, Hashable, Codable {
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    case logMel = "log-mel"
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

  /// Frames of 25 ms every 10 ms.
  public init(_ kind: Kind = .logMel, rate: Int = 16_000, bands: Int = 40, coefficients: Int = 13, preemphasis: Float = 0.97) {
    self.kind = kind
    self.rate = rate
    window = max(rate / 40, 1)
    hop = max(rate / 100, 1)
    var points = 1
    while points < window { points *= 2 }
    self.points = points
    self.bands = bands
    lowest = 20
    highest = Double(rate) / 2
    self.preemphasis = preemphasis
    self.coefficients = coefficients
  }

  /// The numbers of a row.
  public var size: Int { kind == .mfcc ? coefficients : bands }

  /// - Throws: `.usage` saying what can't be.
  public func validate() throws(RNNError) {
    guard rate > 0, window > 0, (1...window).contains(hop), points >= window, points <= 1 << 20 else {
      throw RNNError(.usage, "a frame has from 1 sample to the points of the transform, and the next one begins within it or at its end; found rate \(rate), window \(window), hop \(hop), points \(points)")
    }
    guard bands > 0, lowest >= 0, highest > lowest, highest <= Double(rate) / 2 else {
      throw RNNError(.usage, "bands lie between 0 and half the rate, \(rate / 2) Hz; found \(bands) between \(lowest) and \(highest)")
    }
    guard kind == .logMel || (1...bands).contains(coefficients) else {
      throw RNNError(.usage, "of \(bands) bands there are 1 to \(bands) coefficients, not \(coefficients)")
    }
    guard preemphasis.isFinite else { throw RNNError(.usage, "a pre-emphasis of \(preemphasis) can't be") }
  }

  /// How many frames so many samples have.
  public func frames(_ samples: Int) -> Int { samples == 0 ? 0 : max((samples - window) / hop, 0) + 1 }

  /// The rows of a sound, `[frames, size]`.
  ///
  /// - Throws: `.usage` as ``validate()``.
  public func rows(of sound: Sound) throws(RNNError) -> Tensor {
    var stream = try SoundStream(self, rate: sound.rate)
    let first = stream.push(sound.samples), rest = stream.finish()
    return Tensor(first.values + rest.values, shape: [first.shape[0] + rest.shape[0], size])
  }
}

/// The rows of sound that comes bit by bit; they don't depend on how it is cut.
public struct SoundStream: Sendable {
  public let features: SoundFeatures
  private let transform: SoundTransform
  private var resampler: Resampler?
  /// Samples from the next frame on.
  private var kept: [Float] = []
  /// The sample before those, for pre-emphasis.
  private var before: Float = 0
  private var frames = 0
  private var received = 0

  /// - Parameter rate: the samples a second of what comes.
  /// - Throws: `.usage` for features that can't be.
  public init(_ features: SoundFeatures, rate: Int) throws(RNNError) {
    try features.validate()
    guard rate > 0 else { throw RNNError(.usage, "sound has at least one sample a second, not \(rate)") }
    self.features = features
    transform = SoundTransform(features)
    resampler = rate == features.rate ? nil : Resampler(from: rate, to: features.rate)
  }

  /// The rows that are complete now, `[rows, size]`.
  public mutating func push(_ samples: [Float]) -> Tensor {
    take(resampler?.push(samples) ?? samples)
    let rows = kept.count >= features.window ? (kept.count - features.window) / features.hop + 1 : 0
    return next(rows)
  }

  /// The rows that are left when nothing more comes: one for sound shorter than a frame, and what the change of rate held back.
  public mutating func finish() -> Tensor {
    take(resampler?.finish() ?? [])
    if frames == 0, received > 0, kept.count < features.window {
      kept += [Float](repeating: 0, count: features.window - kept.count)
    }
    let rows = kept.count >= features.window ? (kept.count - features.window) / features.hop + 1 : 0
    return next(rows)
  }

  private mutating func take(_ samples: [Float]) {
    received += samples.count
    guard features.preemphasis != 0 else {
      kept += samples
      return
    }
    kept.reserveCapacity(kept.count + samples.count)
    for sample in samples {
      kept.append(sample - features.preemphasis * before)
      before = sample
    }
  }

  private mutating func next(_ rows: Int) -> Tensor {
    let result = transform.rows(kept, count: rows)
    kept.removeFirst(min(rows * features.hop, kept.count))
    frames += rows
    return result
  }
}

/// Frames to rows: three matrix products with what is not linear between them. The Fourier transform is a product too: of short
/// frames it costs less than the layers behind it, and no bit depends on how many frames come at once.
private struct SoundTransform: Sendable {
  private let features: SoundFeatures
  /// Cosines and sines under the window, `[2 · bins, window]`.
  private let fourier: Tensor
  /// `[bands, bins]`.
  private let mel: Tensor
  /// `[coefficients, bands]`.
  private let cosine: Tensor?
  private let bins: Int

  /// What is added to the power of a band, so that silence has a logarithm.
  private static let floor: Float = 1e-6

  init(_ f: SoundFeatures) {
    features = f
    let bins = f.points / 2 + 1
    self.bins = bins
    var waves = [Float](repeating: 0, count: 2 * bins * f.window)
    for n in 0..<f.window {
      // Hann's window, periodic.
      let weight = 0.5 - 0.5 * cos(2 * .pi * Double(n) / Double(f.window))
      for k in 0..<bins {
        // The angle within one turn: large ones lose digits.
        let angle = 2 * .pi * Double(n * k % f.points) / Double(f.points)
        waves[k * f.window + n] = Float(weight * cos(angle))
        waves[(bins + k) * f.window + n] = Float(weight * sin(angle))
      }
    }
    fourier = Tensor(waves, shape: [2 * bins, f.window])
    mel = Tensor(Self.melBands(f, bins: bins), shape: [f.bands, bins])
    cosine = f.kind == .logMel ? nil : Tensor(Self.cosines(f), shape: [f.coefficients, f.bands])
  }

  /// Triangles between neighbouring points of the mel scale, m = 2595 log₁₀(1 + f / 700).
  private static func melBands(_ f: SoundFeatures, bins: Int) -> [Float] {
    func mel(_ hertz: Double) -> Double { 2595 * log10(1 + hertz / 700) }
    func hertz(_ mel: Double) -> Double { 700 * (pow(10, mel / 2595) - 1) }
    let (low, high) = (mel(f.lowest), mel(f.highest))
    let points = (0..<f.bands + 2).map { hertz(low + (high - low) * Double($0) / Double(f.bands + 1)) }
    return (0..<f.bands).flatMap { band in
      (0..<bins).map { bin in
        let frequency = Double(bin) * Double(f.rate) / Double(f.points)
        let rising = (frequency - points[band]) / (points[band + 1] - points[band])
        let falling = (points[band + 2] - frequency) / (points[band + 2] - points[band + 1])
        return Float(max(0, min(rising, falling)))
      }
    }
  }

  /// The cosine transform of the second kind, orthonormal.
  private static func cosines(_ f: SoundFeatures) -> [Float] {
    (0..<f.coefficients).flatMap { k in
      (0..<f.bands).map { n in
        let scale = (k == 0 ? 1.0 : 2.0) / Double(f.bands)
        return Float(cos(.pi * Double(k) * (Double(n) + 0.5) / Double(f.bands)) * scale.squareRoot())
      }
    }
  }

  func rows(_ samples: [Float], count: Int) -> Tensor {
    guard count > 0 else { return Tensor(zeros: [0, features.size]) }
    let frames = Tensor(shape: [count, features.window], writing: { to in
      samples.withUnsafeBufferPointer { samples in
        for row in 0..<count {
          for n in 0..<features.window { to[row * features.window + n] = samples[row * features.hop + n] }
        }
      }
    })
    let waves = linear(Variable(frames), Variable(fourier)).value
    let power = Tensor(shape: [count, bins], writing: { to in
      waves.withPointer { waves in
        for row in 0..<count {
          for k in 0..<bins {
            let (c, s) = (waves[row * 2 * bins + k], waves[row * 2 * bins + bins + k])
            to[row * bins + k] = c * c + s * s
          }
        }
      }
    })
    var bands = linear(Variable(power), Variable(mel)).value
    bands.withMutablePointer { values in
      for i in 0..<count * features.bands { values[i] = log(values[i] + Self.floor) }
    }
    guard let cosine else { return bands }
    return linear(Variable(bands), Variable(cosine)).value
  }
}
