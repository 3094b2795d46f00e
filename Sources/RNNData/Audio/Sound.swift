public import RNNTensor

/// Sound of one channel.
public struct Sound: Sendable, Hashable {
  /// What a file of integers holds is in −1 … 1.
  public var samples: [Float]
  /// Samples a second.
  public var rate: Int

  /// The rates that sound may have: below them no word can be told from another, above them nobody records.
  public static let rates = Limits.sampleRate.range
  public static let mostChannels = Limits.channels.range.upperBound

  /// What was strange in the file and was taken as it was probably meant: a wrong size, a cut end.
  public var remarks: [String] = []

  public init(samples: [Float], rate: Int) {
    self.samples = samples
    self.rate = rate
  }

  public var seconds: Double { Double(samples.count) / Double(rate) }

  /// The sound in a file. WAV is always read, everything that libsndfile knows where the package is built with the trait `SndFile`.
  ///
  /// - Parameters:
  ///   - path: a file; `-` is standard input.
  ///   - channel: the channel to take, from 1; nil for the mean of all.
  /// - Throws: as for reading a file, and `.badData` for what can't be read, and where there is no such channel.
  public init(contentsOf path: String, channel: Int? = nil) throws(RNNError) {
    var file = try path == "-" ? InputFile.standardInput() : InputFile(path)
    let name = file.name
    // The first bytes say whether it is WAV: only then the rest, which may be anything of any size, is read.
    let start = try file.read(WAV.firstBytes)
    if !WAV.isBeginning(start) {
      #if SndFile
        if path != "-", let sound = try SndFile.sound(contentsOf: path, channel: channel) {
          self = sound
          return
        }
      #endif
      try self.init(wav: start, name: name)
      return
    }
    let bytes = start + (try file.readAll(limit: WAV.largest))
    #if SndFile
      if !WAV.isOurs(bytes), path != "-", let sound = try SndFile.sound(contentsOf: path, channel: channel) {
        self = sound
        return
      }
    #endif
    try self.init(wav: bytes, name: name, channel: channel)
  }

  /// The sound of a WAV file that is in memory.
  ///
  /// - Parameter channel: the channel to take, from 1; nil for the mean of all.
  /// - Throws: `.badData` for what is not WAV of integers, floats, µ-law or A-law, and where there is no such channel.
  public init(wav bytes: [UInt8], name: String, channel: Int? = nil) throws(RNNError) {
    self = try WAV.sound(bytes, name: name, channel: channel)
  }

  /// Throws `.badData` where a channel is asked for that a file doesn't have.
  static func check(_ channel: Int?, of channels: Int, _ name: String) throws(RNNError) {
    guard let channel, !(1...channels).contains(channel) else { return }
    throw RNNError(.badData, "\(name): found \(channels) channel\(channels == 1 ? "" : "s"), expected a channel \(channel) (--channel)")
  }

  /// What is wrong with so many channels or such a rate.
  static func wrong(_ channels: Int, _ rate: Int, _ place: String) -> RNNError {
    RNNError(
      .badData,
      "\(place): found \(channels) channel\(channels == 1 ? "" : "s") at \(rate) samples a second; "
        + "expected 1 to \(mostChannels) at \(rates.lowerBound) to \(rates.upperBound)")
  }

  /// The remark on bytes at the end.
  static func leftOut(bytes: Int) -> String {
    "the last \(bytes == 1 ? "byte is" : "\(bytes) bytes are") no whole sample and \(bytes == 1 ? "was" : "were") left out"
  }

  /// The mean amplitude (RMS) of the loudest frame in ``levelled(frame:)``, 20 dB below the highest.
  private static let level = 0.1

  /// The same as loud as every other: scaled so that the loudest frame of so many samples has one loudness. Silence stays.
  package func levelled(frame: Int) -> Sound {
    let frame = max(frame, 1)
    var loudest = 0.0
    for start in stride(from: 0, to: samples.count, by: frame) {
      let power = samples[start..<min(start + frame, samples.count)].reduce(0) { $0 + Double($1) * Double($1) } / Double(frame)
      loudest = max(loudest, power)
    }
    guard loudest > 0 else { return self }
    var result = self
    let factor = Self.level / loudest.squareRoot()
    if Float(factor).isFinite {
      for i in result.samples.indices { result.samples[i] *= Float(factor) }
    } else {
      for i in result.samples.indices { result.samples[i] = Float(Double(result.samples[i]) * factor) }
    }
    return result
  }

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
