#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension Files {
  /// Writes `bytes` to `path` so that at every moment, a crash or a full disk included, the path holds either all of
  /// the old file or all of the new one.
  ///
  /// The bytes go to a temporary file in the same directory, are synced to the disk and then renamed; the directory
  /// is synced after. Links are followed, to a file that doesn't exist yet too. The permissions of a file that is
  /// replaced are kept. To a device or a pipe (`/dev/null`) the bytes are simply written.
  public static func writeAtomically(_ bytes: [UInt8], to path: String) throws(RNNError) {
    switch try target(of: path) {
    case .stream:
      let descriptor = retrying { open(path, O_WRONLY | O_CLOEXEC) }
      if descriptor < 0 { throw cannotCreate(path, errno) }
      let failure = write(bytes, to: descriptor)
      close(descriptor)
      if let failure { throw cannotWrite(path, failure) }
    case .file(let real, let mode):
      let temporary = try TemporaryFile(beside: real, for: path)
      var failure = write(bytes, to: temporary.descriptor)
      if failure == nil, let mode, fchmod(temporary.descriptor, mode) != 0 { failure = errno }
      if failure == nil, sync(temporary.descriptor) != 0 { failure = errno }
      if failure == nil { failure = temporary.move(to: real) } else { temporary.remove() }
      if let failure { throw cannotWrite(path, failure) }
      try syncDirectory(of: real, for: path)
    }
  }

  /// Fails where ``writeAtomically(_:to:)`` would, as far as that can be known without writing: to be called before
  /// hours of training. It makes an empty file beside `path` and removes it, and with it what killed writers left.
  public static func checkWritable(_ path: String) throws(RNNError) {
    guard case .file(let real, _) = try target(of: path) else { return }
    TemporaryFile.removeLeftovers(beside: real)
    try TemporaryFile(beside: real, for: path).remove()
  }

  private enum Target {
    /// A regular file, there already (then with its permissions) or not.
    case file(String, mode_t?)
    /// A device or a pipe, which must never be replaced by a file.
    case stream
  }

  private static func target(of path: String) throws(RNNError) -> Target {
    if path.isEmpty { throw RNNError(.cannotCreate, "can't create a file without a name") }
    var information = stat()
    if stat(path, &information) != 0 {
      if errno != ENOENT { throw cannotCreate(path, errno) }
      let real = try resolved(path)
      if real.hasSuffix("/") { throw RNNError(.cannotCreate, "can't create \(path): it names a directory, expected a file") }
      return .file(real, nil)
    }
    switch information.st_mode & S_IFMT {
    case S_IFDIR: throw RNNError(.cannotCreate, "can't create \(path): it is a directory, expected a file")
    case S_IFCHR, S_IFIFO: return .stream
    case S_IFREG:
      // A rename asks only the directory; whoever took the file's write permission away meant the file.
      if access(path, W_OK) != 0 { throw cannotCreate(path, errno) }
      let real = try resolved(path)
      guard areSame(path, real) else {
        throw RNNError(.cannotCreate, "can't create \(path): the file behind it has no name any more, so nothing can take its place")
      }
      return .file(real, information.st_mode & 0o7777)
    default: throw RNNError(.cannotCreate, "can't create \(path): it is neither a file nor a pipe")
    }
  }

  /// Writes all bytes; the error number if that fails.
  package static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
    bytes.withUnsafeBytes { source in
      var written = 0
      while written < source.count {
        let got = retrying { systemWrite(descriptor, source.baseAddress! + written, min(source.count - written, 1 << 30)) }
        if got < 0 { return errno }
        written += got
      }
      return nil
    }
  }

  private static func sync(_ descriptor: Int32) -> Int32 {
    #if canImport(Darwin)
      // There fsync leaves the bytes in the drive's own memory; not every file system knows the stronger call.
      if fcntl(descriptor, F_FULLFSYNC) == 0 { return 0 }
    #endif
    return retrying { fsync(descriptor) }
  }

  private static func syncDirectory(of real: String, for path: String) throws(RNNError) {
    let directory = directory(of: real)
    let descriptor = retrying { open(directory.isEmpty ? "." : directory, O_RDONLY | O_CLOEXEC) }
    // A directory that may be written but not read can't be synced; the file itself is complete.
    if descriptor < 0 { return }
    defer { close(descriptor) }
    // Likewise on file systems that don't know how.
    if sync(descriptor) != 0, errno != EINVAL, errno != ENOTSUP { throw cannotWrite(path, errno) }
  }

  static func cannotCreate(_ path: String, _ code: Int32) -> RNNError {
    switch code {
    case ENOENT: RNNError(.cannotCreate, "can't create \(path): there is no directory \(directoryName(of: path))")
    case ENOTDIR: RNNError(.cannotCreate, "can't create \(path): \(directoryName(of: path)) is not a directory")
    default: RNNError(.cannotCreate, "can't create \(path): \(errorText(code))")
    }
  }

  /// The directory in which `path`, with its links followed, would lie.
  private static func directoryName(of path: String) -> String {
    let directory = directory(of: (try? resolved(path)) ?? path)
    return directory.count > 1 ? String(directory.dropLast()) : directory
  }

  private static func cannotWrite(_ path: String, _ code: Int32) -> RNNError {
    RNNError(.inputOutput, "can't write \(path): \(errorText(code))")
  }
}

// Inside a type that has a method `write`, that name hides the system's.
package func systemWrite(_ descriptor: Int32, _ source: UnsafeRawPointer, _ count: Int) -> Int {
  write(descriptor, source, count)
}
