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
  /// is synced after. A link is followed, the permissions of a file that is replaced are kept, and to a device or a
  /// pipe (`/dev/null`) the bytes are simply written.
  public static func writeAtomically(_ bytes: [UInt8], to path: String) throws(RNNError) {
    switch try target(of: path) {
    case .stream:
      let descriptor = retrying { open(path, O_WRONLY | O_CLOEXEC) }
      if descriptor < 0 { throw cannotCreate(path, errno) }
      let failure = write(bytes, to: descriptor)
      close(descriptor)
      if let failure { throw cannotWrite(path, failure) }
    case .file(let real, let mode):
      let (descriptor, temporary) = try temporaryFile(beside: real, for: path)
      var failure = write(bytes, to: descriptor)
      if failure == nil, let mode, fchmod(descriptor, mode) != 0 { failure = errno }
      if failure == nil, sync(descriptor) != 0 { failure = errno }
      // Some network file systems report a full disk only here.
      if close(descriptor) != 0, failure == nil, errno != EINTR { failure = errno }
      if failure == nil, rename(temporary, real) != 0 { failure = errno }
      if let failure {
        unlink(temporary)
        throw cannotWrite(path, failure)
      }
      try syncDirectory(of: real, for: path)
    }
  }

  /// Fails where ``writeAtomically(_:to:)`` would, as far as that can be known without writing: to be called before
  /// hours of training. It makes an empty file beside `path` and removes it.
  public static func checkWritable(_ path: String) throws(RNNError) {
    guard case .file(let real, _) = try target(of: path) else { return }
    let (descriptor, temporary) = try temporaryFile(beside: real, for: path)
    close(descriptor)
    unlink(temporary)
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
      if path.hasSuffix("/") { throw RNNError(.cannotCreate, "can't create \(path): it names a directory, expected a file") }
      return .file(path, nil)
    }
    switch information.st_mode & S_IFMT {
    case S_IFDIR: throw RNNError(.cannotCreate, "can't create \(path): it is a directory, expected a file")
    case S_IFCHR, S_IFIFO: return .stream
    case S_IFREG:
      // A rename asks only the directory; whoever took the file's write permission away meant the file.
      if access(path, W_OK) != 0 { throw cannotCreate(path, errno) }
      guard let resolved = realpath(path, nil) else { throw cannotCreate(path, errno) }
      defer { free(resolved) }
      return .file(String(cString: resolved), information.st_mode & 0o7777)
    default: throw RNNError(.cannotCreate, "can't create \(path): it is neither a file nor a pipe")
    }
  }

  /// The directory of `path`, with its slash, or "" for the current one.
  private static func directory(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
  }

  /// What the names of temporary files for `real` begin with: its own name, as far as a file system's limit leaves room.
  private static func temporaryPrefix(of real: String) -> String {
    ".\(real.dropFirst(directory(of: real).count).prefix(50)).rnn-"
  }

  /// Removes what writers of `path` that were killed left beside it. To be called by one who knows that nobody is writing it.
  public static func removeLeftovers(of path: String) throws(RNNError) {
    guard case .file(let real, _) = try target(of: path) else { return }
    let folder = directory(of: real), prefix = temporaryPrefix(of: real)
    guard let entries = opendir(folder.isEmpty ? "." : folder) else { return }
    defer { closedir(entries) }
    while let entry = readdir(entries) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) { String(cString: $0) }
      }
      if name.hasPrefix(prefix), name.hasSuffix(".tmp") { unlink(folder + name) }
    }
  }

  private static func temporaryFile(beside real: String, for path: String) throws(RNNError) -> (Int32, String) {
    while true {
      let name = String(UInt64.random(in: .min ... .max), radix: 36)
      let temporary = directory(of: real) + temporaryPrefix(of: real) + "\(name).tmp"
      let descriptor = retrying { open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666) }
      if descriptor >= 0 { return (descriptor, temporary) }
      if errno != EEXIST { throw cannotCreate(path, errno) }
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

  private static func cannotCreate(_ path: String, _ code: Int32) -> RNNError {
    switch code {
    case ENOENT: RNNError(.cannotCreate, "can't create \(path): there is no directory \(directoryName(of: path))")
    case ENOTDIR: RNNError(.cannotCreate, "can't create \(path): \(directoryName(of: path)) is not a directory")
    default: RNNError(.cannotCreate, "can't create \(path): \(errorText(code))")
    }
  }

  private static func directoryName(of path: String) -> String {
    let directory = directory(of: path)
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
