public import RNNTensor

/// Sound that comes as bare samples, without a header, while it is recorded: from a pipe or standard input.
public struct PCMReader: ~Copyable {
  public let format: SampleFormat
  public let channels: Int
  /// The channel that is heard, from 1; nil for the mean of all.
  public let channel: Int?
  /// Samples a second, as somebody said: nothing in the stream tells.
  public let rate: Int
  /// What was strange at the end.
  public private(set) var remarks: [String] = []
  private var file: InputFile
  /// The bytes of a frame that isn't complete yet.
  private var rest: [UInt8] = []
  /// Samples that were given.
  private var count = 0

  /// Bytes taken at once, two seconds at most rates: what a fast file hands over while a slow microphone gives less.
  private static let portion = 1 << 16

  /// - Parameter path: `-` for standard input.
  /// - Throws: `.usage` for a rate or channels that can't be, `.noInput` where the file is missing.
  public init(_ path: String, format: SampleFormat = .s16, channels: Int = 1, channel: Int? = nil, rate: Int) throws(RNNError) {
    guard Sound.rates.contains(rate) else {
      throw RNNError(.usage, "sound has \(Sound.rates.lowerBound) to \(Sound.rates.upperBound) samples a second, not \(rate)")
    }
    guard (1...Sound.mostChannels).contains(channels) else {
      throw RNNError(.usage, "sound has 1 to \(Sound.mostChannels) channels, not \(channels)")
    }
    if let channel, !(1...channels).contains(channel) {
      throw RNNError(.usage, "there is no channel \(channel) among \(channels) (--channel, --channels)")
    }
    self.init(try path == "-" ? InputFile.standardInput() : InputFile(path), format, channels, channel, rate)
  }

  private init(_ file: consuming InputFile, _ format: SampleFormat, _ channels: Int, _ channel: Int?, _ rate: Int) {
    self.file = file
    self.format = format
    self.channels = channels
    self.channel = channel
    self.rate = rate
  }

  /// The samples that have come; waits only where there is none yet. Nil at the end.
  ///
  /// - Throws: `.badData` for what is not a number, or the header of a WAV file; as for reading a file.
  public mutating func next() throws(RNNError) -> [Float]? {
    let frame = format.size * channels
    while true {
      let bytes = try readOn()
      if bytes.count == rest.count {
        if !rest.isEmpty { remarks = ["\(file.name): \(Sound.leftOut(bytes: rest.count))"] }
        rest = []
        return nil
      }
      if count == 0, bytes.starts(with: Array("RIFF".utf8)) {
        throw RNNError(.badData, "\(file.name): found the header of a WAV file, expected bare samples; name the file instead")
      }
      let whole = bytes.count / frame * frame
      rest = Array(bytes[whole...])
      if whole == 0 { continue }
      let samples = try bytes[..<whole].withUnsafeBytes { bytes in
        Result { () throws(RNNError) in try format.samples(bytes, channels: channels, channel: channel, first: count + 1, name: file.name) }
      }.get()
      count += samples.count
      return samples
    }
  }
  /// What is left and what has come after it.
  private mutating func readOn() throws(RNNError) -> [UInt8] {
    var failure: RNNError?
    let bytes = [UInt8](unsafeUninitializedCapacity: rest.count + Self.portion) { target, filled in
      filled = target.update(fromContentsOf: rest)
      do throws(RNNError) {
        filled += try file.readSome(into: UnsafeMutableBufferPointer(rebasing: target[filled...]))
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }
}
