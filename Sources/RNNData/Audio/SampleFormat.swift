import RNNTensor

/// How samples are written as bytes, the lowest byte first.
public enum SampleFormat: String, Sendable, Hashable, CaseIterable {
  /// Integers of 8 bits, 128 for silence.
  case u8
  /// Integers with a sign.
  case s16
  case s24
  case s32
  /// Floats.
  case f32
  case f64
  /// Eight bits of telephony, about the logarithm of the sample (ITU-T G.711).
  case alaw
  case mulaw

  /// The bytes of a sample.
  public var size: Int {
    switch self {
    case .u8, .alaw, .mulaw: 1
    case .s16: 2
    case .s24: 3
    case .s32, .f32: 4
    case .f64: 8
    }
  }

  /// The largest sample that floats may have: beyond it the power of its frame is none. Files that have the numbers of integers
  /// in floats are far below.
  private static let largest: Float = 1e9

  /// The samples that some bytes are, whole frames of one sample for each channel; integers give −1 … 1.
  ///
  /// - Parameter channel: the channel to take, from 1; nil for the mean of all.
  /// - Throws: `.badData` for what is not a number, with the sample's number, counted from `first`.
  func samples(_ bytes: UnsafeRawBufferPointer, channels: Int, channel: Int? = nil, first: Int = 1, name: String) throws(RNNError) -> [Float] {
    let samples =
      switch self {
      case .u8: decode(bytes, channels, channel) { (Float($0.load(as: UInt8.self)) - 128) / 128 }
      case .s16: decode(bytes, channels, channel) { Float(Int16(littleEndian: $0.loadUnaligned(as: Int16.self))) / 32768 }
      case .s24:
        decode(bytes, channels, channel) {
          let low = UInt32(UInt16(littleEndian: $0.loadUnaligned(as: UInt16.self))), high = UInt32(($0 + 2).load(as: UInt8.self))
          // The sign is carried down.
          return Float(Int32(bitPattern: high << 24 | low << 8) >> 8) / 8_388_608
        }
      case .s32: decode(bytes, channels, channel) { Float(Int32(littleEndian: $0.loadUnaligned(as: Int32.self))) / 2_147_483_648 }
      case .f32: decode(bytes, channels, channel) { Float(bitPattern: UInt32(littleEndian: $0.loadUnaligned(as: UInt32.self))) }
      case .f64: decode(bytes, channels, channel) { Float(Double(bitPattern: UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)))) }
      case .alaw: decode(bytes, channels, channel) { Self.alaw($0.load(as: UInt8.self)) }
      case .mulaw: decode(bytes, channels, channel) { Self.mulaw($0.load(as: UInt8.self)) }
      }
    if self == .f32 || self == .f64, let bad = samples.firstIndex(where: { !(abs($0) <= Self.largest) }) {
      throw RNNError(.badData, "\(name), sample \(first + bad): found \(samples[bad]), expected a number, −1 … 1 for the full range")
    }
    return samples
  }

  // In both laws three bits are an exponent and four a mantissa, and the level in the middle of each step is meant.

  private static func alaw(_ code: UInt8) -> Float {
    let bits = Int32(code ^ 0x55), exponent = bits >> 4 & 7, mantissa = (bits & 15) << 4 + 8
    let size = exponent == 0 ? mantissa : (mantissa + 256) << (exponent - 1)
    return Float(bits & 0x80 == 0 ? -size : size) / 32768
  }

  private static func mulaw(_ code: UInt8) -> Float {
    let bits = Int32(~code), exponent = bits >> 4 & 7
    let size = ((bits & 15) << 3 + 132) << exponent - 132
    return Float(bits & 0x80 == 0 ? size : -size) / 32768
  }

  @inline(__always)
  private func decode(_ bytes: UnsafeRawBufferPointer, _ channels: Int, _ channel: Int?, _ sample: (UnsafeRawPointer) -> Float) -> [Float] {
    let frame = size * channels, count = bytes.count / frame
    return [Float](unsafeUninitializedCapacity: count) { samples, filled in
      guard let bytes = bytes.baseAddress else { return }
      let start = bytes + ((channel ?? 1) - 1) * size
      for i in 0..<count {
        let at = start + i * frame
        if channels == 1 || channel != nil {
          samples[i] = sample(at)
        } else {
          var sum: Float = 0
          for channel in 0..<channels { sum += sample(at + channel * size) }
          samples[i] = sum / Float(channels)
        }
      }
      filled = count
    }
  }
}
