import CRNNKernels
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file, a pipe or standard input, open for reading.
///
/// Every failure is an ``RNNError`` that names the file: `.noInput` if it can't be opened, `.inputOutput` if reading
/// stops on the way, `.badData` if its content is not what it should be.
public struct InputFile: ~Copyable {
  /// The name used in messages.
  public let name: String
  /// The size in bytes where the system knows it (regular files), else `nil`.
  public let size: Int?
  private let descriptor: Int32
  private let closes: Bool

  /// How many bytes the system has handed over.
  private var consumed = 0
  // What was read ahead of the lines handed out.
  private var buffer: [UInt8] = []
  private var start = 0
  private var line = 0

  /// Opens the file at `path`.
  public init(_ path: String) throws(RNNError) {
    try self.init(path, isOwn: false)
  }

  /// Opens a file that the program itself wrote and will write again, such as a checkpoint.
  package init(own path: String) throws(RNNError) {
    try self.init(path, isOwn: true)
  }

  private init(_ path: String, isOwn: Bool) throws(RNNError) {
    let (descriptor, information) = try openForReading(path, isOwn: isOwn)
    let isRegular = information.st_mode & S_IFMT == S_IFREG
    self.init(name: path, size: isRegular ? Int(information.st_size) : nil, descriptor: descriptor, closes: true)
  }

  /// The program's standard input.
  public static func standardInput() throws(RNNError) -> InputFile {
    let name = "standard input"
    var information = stat()
    if fstat(STDIN_FILENO, &information) == 0 { try OutputFile.refuseToRead(information, name) }
    return InputFile(name: name, size: nil, descriptor: STDIN_FILENO, closes: false)
  }

  private init(name: String, size: Int?, descriptor: Int32, closes: Bool) {
    self.name = name
    self.size = size
    self.descriptor = descriptor
    self.closes = closes
  }

  deinit { if closes { close(descriptor) } }

  /// The next bytes, at most `count` (`count` of them unless the file ends before; none at its end).
  public mutating func read(_ count: Int) throws(RNNError) -> [UInt8] {
    var failure: Int32 = 0
    let ahead = buffer[start...].prefix(count)
    start += ahead.count
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { target, filled in
      filled = target.update(fromContentsOf: ahead)
      rnn_prefer_large_pages(target.baseAddress, count)
      while filled < count {
        let got = retrying { systemRead(descriptor, target.baseAddress! + filled, count - filled) }
        if got < 0 { failure = errno }
        if got <= 0 { break }
        filled += got
      }
    }
    if failure == EISDIR { throw RNNError(.noInput, "\(name) is a directory, expected a file") }
    if failure != 0 { throw RNNError(.inputOutput, "can't read \(name): \(errorText(failure))") }
    consumed += bytes.count - ahead.count
    return bytes
  }

  /// All bytes from here on; more than `limit` of them is an error, found before they are read where the size is known.
  public mutating func readAll(limit: Int = .max) throws(RNNError) -> [UInt8] {
    let rest = max((size ?? 0) - consumed, 0) + (buffer.count - start)
    if rest > limit { throw tooLarge(rest, limit) }
    func checkMemory(_ bytes: Int) throws(RNNError) {
      try MemoryNeed("its content", bytes: Double(bytes)).check(name, "it is too large to be read here", .badData)
    }
    try checkMemory(rest)
    // Files under /proc say that they have no bytes, and any file may grow while it is read: the end is where
    // reading says it is.
    var bytes = try read(rest)
    while true {
      let more = try read(1 << 16)
      if more.isEmpty { return bytes }
      if more.count > limit - bytes.count { throw tooLarge(nil, limit) }
      // Bytes move to twice as much memory when they need more.
      if bytes.count + more.count > bytes.capacity { try checkMemory(2 * bytes.count) }
      bytes += more
    }
  }

  private func tooLarge(_ size: Int?, _ limit: Int) -> RNNError {
    RNNError(
      .badData,
      size.map { "\(name) has \($0) bytes, expected at most \(limit)" }
        ?? "\(name) has more bytes than expected: at most \(limit)")
  }

  /// The next line without its end (`\n` or `\r\n`), or `nil` after the last one.
  public mutating func readLine(limit: Int = 1 << 26) throws(RNNError) -> String? {
    var searched = start
    while true {
      if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        defer { start = end + 1 }
        return try text(start..<end)
      }
      if buffer.count - start > limit {
        throw RNNError(.badData, "\(name), line \(line + 1): longer than \(limit) bytes")
      }
      buffer.removeFirst(start)
      start = 0
      searched = buffer.count
      // A terminal hands over a line at a time, and who types one wants it answered: never wait for a full block.
      let more = try available()
      if more.isEmpty {
        if buffer.isEmpty { return nil }
        defer { start = buffer.count }
        return try text(0..<buffer.count)
      }
      buffer += more
    }
  }

  private mutating func available() throws(RNNError) -> [UInt8] {
    var failure: RNNError?
    let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 16) { target, filled in
      do throws(RNNError) {
        filled = try readSome(into: UnsafeMutableBufferPointer(start: target.baseAddress, count: 1 << 16))
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Reads what there is into the beginning of `target`, as much as fits, waiting only where there is nothing yet. Not to be
  /// mixed with ``readLine(limit:)``, which reads ahead.
  ///
  /// - Returns: the number of bytes; 0 at the end.
  package mutating func readSome(into target: UnsafeMutableBufferPointer<UInt8>) throws(RNNError) -> Int {
    guard let start = target.baseAddress, !target.isEmpty else { return 0 }
    let got = retrying { systemRead(descriptor, start, target.count) }
    if got < 0 {
      let code = errno
      if code == EISDIR { throw RNNError(.noInput, "\(name) is a directory, expected a file") }
      throw RNNError(.inputOutput, "can't read \(name): \(errorText(code))")
    }
    consumed += got
    return got
  }

  private mutating func text(_ range: Range<Int>) throws(RNNError) -> String {
    line += 1
    var bytes = buffer[range]
    if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw RNNError(.badData, "\(name), line \(line): not UTF-8 text")
    }
    return text
  }
}

/// Opens a file, a pipe or a device.
///
/// Throws `.noInput` where it is missing, a directory or not readable, `.usage` where it is one that the program is going to
/// write, unless it is the program's own.
func openForReading(_ path: String, isOwn: Bool = false) throws(RNNError) -> (descriptor: Int32, information: stat) {
  let descriptor = retrying { open(path, O_RDONLY | O_CLOEXEC) }
  if descriptor < 0 {
    let code = errno
    switch code {
    case ENOENT, ENOTDIR: throw RNNError(.noInput, "no such file: \(path)")
    default: throw RNNError(.noInput, "can't open \(path): \(errorText(code))")
    }
  }
  var information = stat()
  if fstat(descriptor, &information) != 0 {
    let code = errno
    close(descriptor)
    throw RNNError(.noInput, "can't open \(path): \(errorText(code))")
  }
  if information.st_mode & S_IFMT == S_IFDIR {
    close(descriptor)
    throw RNNError(.noInput, "\(path) is a directory, expected a file")
  }
  if !isOwn {
    do throws(RNNError) {
      try OutputFile.refuseToRead(information, path)
    } catch {
      close(descriptor)
      throw error
    }
  }
  return (descriptor, information)
}

// Inside a type that has a method `read`, that name hides the system's.
private func systemRead(_ descriptor: Int32, _ target: UnsafeMutablePointer<UInt8>, _ count: Int) -> Int {
  // macOS refuses more than 2 GB at once, Linux shortens it: both are asked for less.
  read(descriptor, target, min(count, 1 << 30))
}

/// Calls `body` again for as long as a signal interrupts it.
package func retrying<Result: SignedInteger>(_ body: () -> Result) -> Result {
  while true {
    let result = body()
    if result != -1 || errno != EINTR { return result }
  }
}

/// The system's words for an error number.
package func errorText(_ code: Int32) -> String {
  strerror(code).map { String(cString: $0) } ?? "error \(code)"
}

/// Files as whole arrays of bytes: read with a limit, written without ever leaving half a file.
public enum Files {
  /// All bytes of the file at `path`; more than `limit` of them is an error.
  public static func read(_ path: String, limit: Int = .max) throws(RNNError) -> [UInt8] {
    var file = try InputFile(path)
    return try file.readAll(limit: limit)
  }
}
