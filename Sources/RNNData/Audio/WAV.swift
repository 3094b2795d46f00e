import RNNTensor

/// Reads WAV (RIFF/WAVE, and RF64 with its sizes of 64 bits): PCM of 8, 16, 24 or 32 bits, floats of 32 or 64, µ-law and A-law, any
/// number of channels, any rate.
enum WAV {
  /// The largest file that is read, 4 GB: sizes in RIFF have 32 bits.
  static let largest = 1 << 32

  private struct Format {
    var sample: SampleFormat
    var channels: Int
    var rate: Int
    var bytesPerFrame: Int { sample.size * channels }
  }

  /// - Parameter channel: the channel to take, from 1; nil for the mean of all.
  /// - Throws: `.badData` saying at which byte what was found and what was expected.
  static func sound(_ bytes: [UInt8], name: String, channel: Int? = nil) throws(RNNError) -> Sound {
    try bytes.withUnsafeBytes { bytes in Result { () throws(RNNError) in try sound(bytes, name: name, channel: channel) } }.get()
  }

  private static func sound(_ bytes: UnsafeRawBufferPointer, name: String, channel: Int?) throws(RNNError) -> Sound {
    guard isWAV(bytes) else {
      throw RNNError(.badData, "\(name): \(foundInstead(bytes)); expected a WAV file, which begins with RIFF, a size and WAVE")
    }
    var format: Format?, remarks: [String] = []
    /// The size of the samples where 32 bits don't hold it.
    var longSize: Int?
    var place = firstChunk
    while let chunk = chunk(bytes, place, longSize: longSize) {
      let begin = chunk.bytes.lowerBound
      if chunk.id == "ds64", chunk.bytes.count >= 16 {
        longSize = max(number(bytes, begin + 8, 8), 0)
      } else if chunk.id == "fmt " {
        format = try self.format(bytes, chunk.bytes, name: name)
      } else if chunk.id == "data" {
        guard let format else {
          throw RNNError(.badData, "\(name), byte \(place): found samples before the chunk ‘fmt ’ that says what they are")
        }
        // Recorders that were stopped, or wrote to a pipe, leave 0 or the largest number.
        let stated = chunk.stated, size = chunk.bytes.count
        var count = size
        if stated == 0, begin < bytes.count, !areChunks(bytes, begin) {
          count = bytes.count - begin
          remarks.append("the header says that there are no samples: all to the end of the file were taken")
        } else if size < stated {
          remarks.append("the header promises \(stated) bytes of samples, found \(size): those were taken")
        }
        let rest = count % format.bytesPerFrame
        if rest > 0 {
          count -= rest
          remarks.append(Sound.leftOut(bytes: rest))
        }
        try Sound.check(channel, of: format.channels, name)
        let samples = try format.sample.samples(
          UnsafeRawBufferPointer(rebasing: bytes[begin..<begin + count]), channels: format.channels, channel: channel, name: name)
        var sound = Sound(samples: samples, rate: format.rate)
        sound.remarks = remarks
        return sound
      }
      place = chunk.next
    }
    throw RNNError(.badData, "\(name): found the end of the file after \(bytes.count) bytes; expected a chunk ‘data’ with samples")
  }

  private static func format(_ bytes: UnsafeRawBufferPointer, _ chunk: Range<Int>, name: String) throws(RNNError) -> Format {
    let begin = chunk.lowerBound
    guard let (encoding, bits) = encoding(bytes, chunk) else {
      throw RNNError(.badData, "\(name), byte \(begin): found a chunk ‘fmt ’ of \(chunk.count) bytes, expected at least 16")
    }
    let channels = number(bytes, begin + 2, 2), rate = number(bytes, begin + 4, 4)
    guard let sample = formats[encoding]?[bits] else {
      throw RNNError(
        .badData,
        "\(name), byte \(begin): found \(encodingName(encoding)) of \(bits) bits\(advice); "
          + "expected PCM of 8, 16, 24 or 32 bits, floats of 32 or 64, or µ-law or A-law of 8")
    }
    guard (1...Sound.mostChannels).contains(channels), Sound.rates.contains(rate) else {
      throw Sound.wrong(channels, rate, "\(name), byte \(begin + 2)")
    }
    return Format(sample: sample, channels: channels, rate: rate)
  }

  /// The formats of samples by their encoding and their bits.
  private static let formats: [Int: [Int: SampleFormat]] = [
    1: [8: .u8, 16: .s16, 24: .s24, 32: .s32], 3: [32: .f32, 64: .f64], 6: [8: .alaw], 7: [8: .mulaw],
  ]

  private static func encoding(_ bytes: UnsafeRawBufferPointer, _ chunk: Range<Int>) -> (encoding: Int, bits: Int)? {
    let begin = chunk.lowerBound
    guard chunk.count >= 16 else { return nil }
    var encoding = number(bytes, begin, 2)
    // Extensible: what it really is stands at the beginning of a GUID.
    if encoding == 0xFFFE, chunk.count >= 26 { encoding = number(bytes, begin + 24, 2) }
    return (encoding, number(bytes, begin + 14, 2))
  }

  /// What to do about sound that is no WAV, or not of these encodings.
  #if SndFile
    private static let advice = ", which libsndfile can't read either"
  #else
    private static let advice = ": convert it to WAV, or build with libsndfile (swift build --traits SndFile)"
  #endif

  /// Whether a file is WAV, and not of an encoding that only others read.
  static func isOurs(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { bytes in
      guard isWAV(bytes) else { return false }
      var place = firstChunk
      while let chunk = chunk(bytes, place) {
        if chunk.id == "fmt ", let (encoding, bits) = encoding(bytes, chunk.bytes) { return formats[encoding]?[bits] != nil }
        place = chunk.next
      }
      return true
    }
  }

  // MARK: Chunks

  private static func isWAV(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count >= firstChunk && ["RIFF", "RF64", "BW64"].contains(text(bytes, 0)) && text(bytes, 8) == "WAVE"
  }

  private static let firstChunk = 12

  /// The bytes that say whether a file is WAV.
  static let firstBytes = firstChunk

  /// Recognises the header of a WAV file.
  static func isBeginning(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes(isWAV) }

  private struct Chunk {
    var id: String
    /// The size it says that it has, and where it is as far as the file goes.
    var stated: Int
    var bytes: Range<Int>
    /// Where the next one begins: behind a byte more if the size is odd.
    var next: Int { bytes.upperBound + bytes.count % 2 }
  }

  private static func chunk(_ bytes: UnsafeRawBufferPointer, _ place: Int, longSize: Int? = nil) -> Chunk? {
    guard place + 8 <= bytes.count else { return nil }
    let id = text(bytes, place), begin = place + 8
    var stated = number(bytes, place + 4, 4)
    if let longSize, id == "data", stated == 0xFFFF_FFFF { stated = longSize }
    return Chunk(id: id, stated: stated, bytes: begin..<begin + min(stated, bytes.count - begin))
  }

  /// Whether the rest of the file is nothing but whole chunks, as after samples of which there are really none.
  private static func areChunks(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> Bool {
    var place = start
    while let chunk = chunk(bytes, place), chunk.stated == chunk.bytes.count, bytes[place..<place + 4].allSatisfy({ (0x20..<0x7F).contains($0) }) {
      place = chunk.next
    }
    return place >= bytes.count
  }

  // MARK: Bytes

  private static func number(_ bytes: UnsafeRawBufferPointer, _ at: Int, _ count: Int) -> Int {
    (0..<count).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) }
  }

  private static func text(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> String {
    String(decoding: bytes[at..<min(at + 4, bytes.count)], as: UTF8.self)
  }

  private static func encodingName(_ encoding: Int) -> String {
    switch encoding {
    case 1: "PCM"
    case 2: "ADPCM"
    case 3: "floats"
    case 6: "A-law"
    case 7: "µ-law"
    case 0x55: "MP3"
    default: "encoding \(encoding)"
    }
  }

  private static func foundInstead(_ bytes: UnsafeRawBufferPointer) -> String {
    if bytes.isEmpty { return "found an empty file" }
    let known = ["RIFX": "big-endian WAV", "fLaC": "FLAC", "OggS": "Ogg", "FORM": "AIFF", "caff": "Core Audio"]
    if bytes.count >= 4, let kind = known[text(bytes, 0)] { return "found \(kind)\(advice)" }
    if bytes.count >= 3, text(bytes, 0).hasPrefix("ID3") { return "found MP3\(advice)" }
    let start = bytes.prefix(12)
    if start.allSatisfy({ (0x20..<0x7F).contains($0) || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }) {
      return "found text, ‘\(String(decoding: start.map { $0 < 0x20 ? 0x20 : $0 }, as: UTF8.self))…’"
    }
    return "found the bytes \(start.map { String($0, radix: 16) }.joined(separator: " "))"
  }
}
