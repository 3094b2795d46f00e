import RNNTensor

/// Reads WAV (RIFF/WAVE): PCM of 8, 16, 24 or 32 bits and floats of 32 or 64, any number of channels, any rate.
enum WAV {
  /// The largest file that is read, 4 GB: sizes in the format have 32 bits.
  static let largest = 1 << 32

  private struct Format {
    var sample: SampleFormat
    var channels: Int
    var rate: Int
    var bytesPerFrame: Int { sample.size * channels }
  }

  /// - Throws: `.badData` saying at which byte what was found and what was expected.
  static func sound(_ bytes: [UInt8], name: String) throws(RNNError) -> Sound {
    try bytes.withUnsafeBytes { bytes in Result { () throws(RNNError) in try sound(bytes, name: name) } }.get()
  }

  private static func sound(_ bytes: UnsafeRawBufferPointer, name: String) throws(RNNError) -> Sound {
    guard bytes.count >= 12, text(bytes, 0) == "RIFF", text(bytes, 8) == "WAVE" else {
      throw RNNError(.badData, "\(name): \(foundInstead(bytes)); expected a WAV file, which begins with RIFF, a size and WAVE")
    }
    var format: Format?, remarks: [String] = []
    var place = 12
    while place + 8 <= bytes.count {
      let id = text(bytes, place), stated = number(bytes, place + 4, 4), begin = place + 8
      let size = min(stated, bytes.count - begin)
      if id == "fmt " {
        format = try self.format(bytes, begin, size, name: name)
      } else if id == "data" {
        guard let format else { throw RNNError(.badData, "\(name), byte \(place): found samples before the chunk ‘fmt ’ that says what they are") }
        // Recorders that were stopped, or wrote to a pipe, leave 0 or the largest number.
        var count = size
        if stated == 0, begin < bytes.count {
          count = bytes.count - begin
          remarks.append("the header says that there are no samples: all to the end of the file were taken")
        } else if size < stated {
          remarks.append("the header promises \(stated) bytes of samples, found \(size): those were taken")
        }
        let rest = count % format.bytesPerFrame
        if rest > 0 {
          count -= rest
          remarks.append("the last \(rest == 1 ? "byte is" : "\(rest) bytes are") no whole sample and \(rest == 1 ? "was" : "were") left out")
        }
        let samples = try format.sample.samples(
          UnsafeRawBufferPointer(rebasing: bytes[begin..<begin + count]), channels: format.channels, name: name)
        var sound = Sound(samples: samples, rate: format.rate)
        sound.remarks = remarks
        return sound
      }
      // A chunk of an odd size has a byte more.
      place = begin + size + (size & 1)
    }
    throw RNNError(.badData, "\(name): found the end of the file after \(bytes.count) bytes; expected a chunk ‘data’ with samples")
  }

  private static func format(_ bytes: UnsafeRawBufferPointer, _ begin: Int, _ size: Int, name: String) throws(RNNError) -> Format {
    guard size >= 16 else { throw RNNError(.badData, "\(name), byte \(begin): found a chunk ‘fmt ’ of \(size) bytes, expected at least 16") }
    var encoding = number(bytes, begin, 2)
    // Extensible: what it really is stands at the beginning of a GUID.
    if encoding == 0xFFFE, size >= 26 { encoding = number(bytes, begin + 24, 2) }
    let channels = number(bytes, begin + 2, 2), rate = number(bytes, begin + 4, 4), bits = number(bytes, begin + 14, 2)
    let formats: [Int: [Int: SampleFormat]] = [1: [8: .u8, 16: .s16, 24: .s24, 32: .s32], 3: [32: .f32, 64: .f64]]
    guard let sample = formats[encoding]?[bits] else {
      throw RNNError(
        .badData,
        "\(name), byte \(begin): found \(encodingName(encoding)) of \(bits) bits; expected PCM of 8, 16, 24 or 32 bits, or floats of 32 or 64")
    }
    guard (1...Sound.mostChannels).contains(channels), Sound.rates.contains(rate) else {
      throw RNNError(
        .badData,
        "\(name), byte \(begin + 2): found \(channels) channel\(channels == 1 ? "" : "s") at \(rate) samples a second; "
          + "expected 1 to \(Sound.mostChannels) at \(Sound.rates.lowerBound) to \(Sound.rates.upperBound)")
    }
    return Format(sample: sample, channels: channels, rate: rate)
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
    let known = ["RIFX": "big-endian WAV", "RF64": "RF64", "fLaC": "FLAC", "OggS": "Ogg", "FORM": "AIFF", "caff": "Core Audio"]
    if bytes.count >= 4, let kind = known[text(bytes, 0)] { return "found \(kind)" }
    if bytes.count >= 3, text(bytes, 0).hasPrefix("ID3") { return "found MP3" }
    let start = bytes.prefix(12)
    if start.allSatisfy({ (0x20..<0x7F).contains($0) || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }) {
      return "found text, ‘\(String(decoding: start.map { $0 < 0x20 ? 0x20 : $0 }, as: UTF8.self))…’"
    }
    return "found the bytes \(start.map { String($0, radix: 16) }.joined(separator: " "))"
  }
}
