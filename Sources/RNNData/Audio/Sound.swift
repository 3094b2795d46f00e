public import RNNTensor

/// Sound of one channel.
public struct Sound: Sendable, Hashable {
  /// What a file of integers holds is in −1 … 1.
  public var samples: [Float]
  /// Samples a second.
  public var rate: Int
  /// What was strange in the file and was taken as it was probably meant: a wrong size, a cut end.
  public var remarks: [String] = []

  public init(samples: [Float], rate: Int) {
    self.samples = samples
    self.rate = rate
  }

  public var seconds: Double { Double(samples.count) / Double(rate) }

  /// The sound in a file; several channels become their mean.
  ///
  /// - Throws: as for reading a file, and `.badData` for what is not WAV of integers or floats.
  public init(contentsOf path: String) throws(RNNError) {
    var file = try InputFile(path)
    try self.init(wav: try file.readAll(limit: WAV.largest), name: path)
  }

  /// The sound of a WAV file that is in memory.
  ///
  /// - Throws: `.badData` for what is not WAV of integers or floats.
  public init(wav bytes: [UInt8], name: String) throws(RNNError) { self = try WAV.sound(bytes, name: name) }

  /// The same at another rate (``Resampler``).
  public func resampled(to other: Int) -> Sound {
    guard other != rate else { return self }
    var resampler = Resampler(from: rate, to: other)
    var result = Sound(samples: resampler.push(samples) + resampler.finish(), rate: other)
    result.remarks = remarks
    return result
  }

  /// Sounds of one rate one behind the other, with so many milliseconds of silence before each, and at the end if there is one
  /// more of them.
  ///
  /// - Throws: `.badData` for sounds of several rates.
  public init(joining sounds: [Sound], pauses: [Double] = []) throws(RNNError) {
    guard let rate = sounds.first?.rate else {
      self.init(samples: [], rate: 8000)
      return
    }
    var samples: [Float] = []
    for index in 0..<max(sounds.count, pauses.count) {
      if index < pauses.count { samples += [Float](repeating: 0, count: max(Int((pauses[index] * Double(rate) / 1000).rounded()), 0)) }
      guard index < sounds.count else { continue }
      guard sounds[index].rate == rate else {
        throw RNNError(.badData, "sounds of \(rate) and of \(sounds[index].rate) samples a second can't be joined")
      }
      samples += sounds[index].samples
    }
    self.init(samples: samples, rate: rate)
  }
}
