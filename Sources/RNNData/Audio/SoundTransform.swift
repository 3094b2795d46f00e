import Foundation
import RNNTensor

/// Frames to rows: matrix products with what is not linear between them. The Fourier transform is a product too: of short frames
/// it costs less than the layers behind it, and no bit depends on how many frames come at once.
struct SoundTransform: Sendable {
  let features: SoundFeatures
  /// Cosines and sines under the window, `[2 · bins, window]`.
  private let fourier: PackedMatrix
  /// `[bands, bins]`.
  private let mel: PackedMatrix
  /// `[coefficients, bands]`.
  private let cosine: PackedMatrix?
  private let bins: Int

  /// What is added to the power of a band, so that silence has a logarithm.
  private static let floor: Float = 1e-6
  private static let root: Float = 0.15
  /// Frames that are worked on at once, and samples that are taken at once.
  private static let block = 64
  private static let part = 1 << 16

  /// - Throws: `.usage` for features that can't be.
  init(_ f: SoundFeatures) throws(RNNError) {
    try f.validate()
    features = f
    bins = f.points / 2 + 1
    fourier = PackedMatrix(Tensor(Self.waves(f, bins), shape: [2 * bins, f.window]))
    mel = PackedMatrix(Tensor(Self.melBands(f, bins), shape: [f.bands, bins]))
    cosine = f.kind != .mfcc ? nil : PackedMatrix(Tensor(Self.cosines(f), shape: [f.coefficients, f.bands]))
  }

  /// The rows of frames that begin every hop, `[count, size]`.
  func rows(_ samples: UnsafeBufferPointer<Float>, count: Int) -> Tensor {
    precondition(count == 0 || (count - 1) * features.hop + features.window <= samples.count, "frames lie within the samples")
    return Tensor(shape: [count, features.size], writing: { rows in
      guard let samples = samples.baseAddress else { return }
      Threads.blocks(of: count, size: Self.block) { frames in
        write(samples + frames.lowerBound * features.hop, count: frames.count, rows + frames.lowerBound * features.size)
      }
    })
  }

  private func write(_ samples: UnsafePointer<Float>, count: Int, _ rows: UnsafeMutablePointer<Float>) {
    // A row of each result lies behind the other, wide enough for all of them.
    let bands = mel.lanes, waves = fourier.lanes, last = cosine?.lanes ?? 0
    withUnsafeTemporaryAllocation(of: Float.self, capacity: count * (waves + bands + last)) { room in
      guard let spectrum = room.baseAddress else { return }
      let melRows = spectrum + count * waves, lastRows = melRows + count * bands
      fourier.apply(samples, stride: features.hop, rows: count, spectrum, stride: waves)
      for row in 0..<count {
        let real = spectrum + row * waves, imaginary = real + bins
        for k in 0..<bins { real[k] = real[k] * real[k] + imaginary[k] * imaginary[k] }
      }
      mel.apply(spectrum, stride: waves, rows: count, melRows, stride: bands)
      for row in 0..<count {
        let power = melRows + row * bands
        switch features.kind {
        case .logMel, .mfcc: for k in 0..<features.bands { power[k] = log(power[k] + Self.floor) }
        case .rootMel: for k in 0..<features.bands { power[k] = pow(power[k], Self.root) }
        }
      }
      cosine?.apply(melRows, stride: bands, rows: count, lastRows, stride: last)
      let (from, stride) = cosine == nil ? (melRows, bands) : (lastRows, last)
      for row in 0..<count { (rows + row * features.size).update(from: from + row * stride, count: features.size) }
    }
  }

  /// The rows of a sound, `[frames, size]`, taken part by part: only the rows need room.
  ///
  /// - Parameter resampler: what brings it to the rate of the features; nil for the one of its rate.
  func rows(of sound: Sound, resampler: Resampler? = nil) throws(RNNError) -> Tensor {
    let sound = features.isLevelled ? sound.levelled(frame: features.window * sound.rate / features.rate) : sound
    var stream = resampler == nil ? try SoundStream(self, rate: sound.rate) : SoundStream(self, resampler: resampler)
    var values: [Float] = []
    values.reserveCapacity((sound.samples.count / features.hop + 1) * features.size)
    func append(_ rows: Tensor) { rows.withUnsafeBufferPointer { values += $0 } }
    for start in Swift.stride(from: 0, to: sound.samples.count, by: Self.part) {
      append(stream.push(Array(sound.samples[start..<min(start + Self.part, sound.samples.count)])))
    }
    append(stream.finish())
    return Tensor(values, shape: [values.count / features.size, features.size])
  }

  // MARK: Matrices

  private static func waves(_ f: SoundFeatures, _ bins: Int) -> [Float] {
    // Each angle within one turn: large ones lose digits.
    let angles = (0..<f.points).map { 2 * .pi * Double($0) / Double(f.points) }
    let (cosines, sines) = (angles.map { cos($0) }, angles.map { sin($0) })
    // Hann's window, periodic.
    let window = (0..<f.window).map { 0.5 - 0.5 * cos(2 * .pi * Double($0) / Double(f.window)) }
    func rows(_ wave: [Double]) -> [Float] {
      [Float](unsafeUninitializedCapacity: bins * f.window) { values, filled in
        for k in 0..<bins { for n in 0..<f.window { values[k * f.window + n] = Float(window[n] * wave[n * k % f.points]) } }
        filled = bins * f.window
      }
    }
    return rows(cosines) + rows(sines)
  }

  /// Triangles between neighbouring points of the mel scale, m = 2595 log₁₀(1 + f / 700).
  private static func melBands(_ f: SoundFeatures, _ bins: Int) -> [Float] {
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
}
