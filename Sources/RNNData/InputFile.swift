import RNNTensor

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Reading a whole file, or standard input, with errors that name what is wrong.
enum InputFile {
  /// How messages call a path.
  static func name(_ path: String) -> String { path == "-" ? "standard input" : path }

  /// All bytes of the file at `path`, or of standard input for `-`.
  ///
  /// - Throws: `.noInput` when it can't be opened or is a directory, `.inputOutput` when reading fails.
  static func read(_ path: String) throws(RNNError) -> [UInt8] {
    guard path != "-" else { return try read(descriptor: STDIN_FILENO, name: name(path)) }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      switch errno {
      case ENOENT, ENOTDIR: throw RNNError(.noInput, "\(path) does not exist")
      case EACCES, EPERM: throw RNNError(.noInput, "\(path) can't be read: permission denied")
      case let code: throw RNNError(.noInput, "\(path) can't be opened: \(message(code))")
      }
    }
    defer { close(descriptor) }
    return try read(descriptor: descriptor, name: path)
  }

  private static func read(descriptor: Int32, name: String) throws(RNNError) -> [UInt8] {
    var status = stat()
    let hasStatus = fstat(descriptor, &status) == 0
    guard !hasStatus || status.st_mode & S_IFMT != S_IFDIR else {
      throw RNNError(.noInput, "\(name) is a directory: expected a file")
    }
    var bytes: [UInt8] = []
    // A regular file tells its size; what doesn't (a pipe, a file that grows) is read in growing pieces.
    var room = hasStatus && status.st_mode & S_IFMT == S_IFREG ? min(Int(status.st_size), 1 << 30) + 1 : 1 << 16
    while true {
      var failure: Int32 = 0
      let piece = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
        let result = posixRead(descriptor, buffer.baseAddress, buffer.count)
        failure = result < 0 ? errno : 0
        count = max(result, 0)
      }
      if failure == EINTR { continue }
      if failure == EISDIR { throw RNNError(.noInput, "\(name) is a directory: expected a file") }
      guard failure == 0 else { throw RNNError(.inputOutput, "\(name) could not be read: \(message(failure))") }
      if piece.isEmpty { return bytes }
      if bytes.isEmpty { bytes = piece } else { bytes += piece }
      room = max(1 << 16, min(bytes.count, 1 << 24))
    }
  }

  private static func message(_ code: Int32) -> String { String(cString: strerror(code)) }
}

/// The system's `read`, which the functions above hide by their names.
private func posixRead(_ descriptor: Int32, _ buffer: UnsafeMutablePointer<UInt8>?, _ count: Int) -> Int {
  read(descriptor, buffer, count)
}
