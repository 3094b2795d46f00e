public import RNNTensor

/// Sound of one channel.
public struct Sound: Sendable, Hashable {
  /// What a file of integers holds is in −1 … 1.
  public var samples: [Float]
  /// Samples a second.
  public var rate: Int

  /// The rates that sound may have: below them no word can be told from another, above them nobody records.
  public static let rates = 1000...1_000_000
  public static let mostChannels = 256

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
    try self.init(wav: try Files.read(path, limit: WAV.largest), name: path)
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

  /// Sounds one behind the other at one rate, with so many milliseconds of silence before each, and at the end if there is one
  /// more of them.
  public init(joining sounds: [Sound], pauses: [Double] = [], rate: Int) {
    var samples: [Float] = []
    for index in 0..<max(sounds.count, pauses.count) {
      if index < pauses.count { samples += repeatElement(0, count: Int((max(pauses[index], 0) * Double(rate) / 1000).rounded())) }
      if index < sounds.count { samples += sounds[index].resampled(to: rate).samples }
    }
    self.init(samples: samples, rate: rate)
    remarks = sounds.flatMap(\.remarks)
  }
}
