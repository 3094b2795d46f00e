#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

import RNNTensor

/// Writes numbers over the steps of a run as a TensorBoard event file.
///
///     var log = try EventLog(directory: "runs/first")
///     try log.write("loss", 1.25, step: 100)
///
/// Each record is written at once, so that what a killed run has seen is there. Unlike a model, an event file
/// carries the time and the machine's name: its readers ask for both.
public struct EventLog: ~Copyable {
  /// The file's path.
  public let path: String
  private let descriptor: Int32

  /// Begins a new event file in `directory`, which is made if it is missing (its parent must exist).
  public init(directory: String) throws(RNNError) {
    (descriptor, path) = try Self.create(in: directory)
  }

  private static func create(in directory: String) throws(RNNError) -> (Int32, String) {
    if mkdir(directory, 0o777) != 0, errno != EEXIST {
      throw RNNError(.cannotCreate, "can't create the directory \(directory): \(errorText(errno))")
    }
    let time = wallTime()
    var host = [CChar](repeating: 0, count: 256)
    if gethostname(&host, host.count - 1) != 0 { host[0] = 0 }
    let hostName = String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let name = "events.out.tfevents.\(Int(time)).\(hostName.isEmpty ? "localhost" : hostName)"
    // Two runs may begin in the same second.
    for count in 0... {
      let path = "\(directory)/\(name)\(count == 0 ? "" : ".\(count)")"
      let descriptor = retrying { open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666) }
      if descriptor < 0, errno == EEXIST { continue }
      if descriptor < 0 { throw RNNError(.cannotCreate, "can't create \(path): \(errorText(errno))") }
      let first = record(event(time: time, step: 0, field: 3, Array("brain.Event:2".utf8)))
      if let code = Files.write(first, to: descriptor) {
        close(descriptor)
        throw RNNError(.inputOutput, "can't write \(path): \(errorText(code))")
      }
      return (descriptor, path)
    }
    throw RNNError(.cannotCreate, "can't create another event file in \(directory)")
  }

  deinit { close(descriptor) }

  /// Adds the value of `tag` at `step`.
  public mutating func write(_ tag: String, _ value: Double, step: Int) throws(RNNError) {
    let bytes = Self.record(Self.scalar(tag, Float(value), step: step, time: Self.wallTime()))
    if let code = Files.write(bytes, to: descriptor) {
      throw RNNError(.inputOutput, "can't write \(path): \(errorText(code))")
    }
  }

  private static func wallTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  // MARK: The format

  /// An event (protocol buffer) that says one number.
  package static func scalar(_ tag: String, _ value: Float, step: Int, time: Double) -> [UInt8] {
    let number = [UInt8(2 << 3 | 5)] + littleEndian(value.bitPattern)
    let summary = field(1, field(1, Array(tag.utf8)) + number)
    return event(time: time, step: step, field: 5, summary)
  }

  private static func event(time: Double, step: Int, field number: Int, _ content: [UInt8]) -> [UInt8] {
    [UInt8(1 << 3 | 1)] + littleEndian(time.bitPattern)
      + (step == 0 ? [] : [UInt8(2 << 3)] + variable(UInt64(bitPattern: Int64(step))))
      + field(number, content)
  }

  /// A field with a length in front of its content.
  private static func field(_ number: Int, _ content: [UInt8]) -> [UInt8] {
    [UInt8(number << 3 | 2)] + variable(UInt64(content.count)) + content
  }

  /// Seven bits a byte, the lowest first.
  private static func variable(_ value: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  /// A record: length, its checksum, the content, its checksum.
  package static func record(_ content: [UInt8]) -> [UInt8] {
    let length = littleEndian(UInt64(content.count))
    return length + littleEndian(masked(checksum(length))) + content + littleEndian(masked(checksum(content)))
  }

  private static func masked(_ checksum: UInt32) -> UInt32 {
    (checksum >> 15 | checksum << 17) &+ 0xa282_ead8
  }

  /// CRC-32C (Castagnoli), bit by bit: the records are small and few.
  package static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var remainder = UInt32.max
    for byte in bytes {
      remainder ^= UInt32(byte)
      for _ in 0..<8 { remainder = remainder >> 1 ^ (remainder & 1 == 0 ? 0 : 0x82F6_3B78) }
    }
    return ~remainder
  }
}
