#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file under a hidden name that takes another one's place when it is complete.
///
/// It is locked as long as its writer lives: one that can be locked was left by a writer that was killed.
struct TemporaryFile {
  let descriptor: Int32
  private let path: String

  /// - Parameters:
  ///   - real: the file whose place it is to take, without links.
  ///   - path: the name that the user gave it, for messages.
  init(beside real: String, for path: String) throws(RNNError) {
    while true {
      let temporary = Self.prefix(real) + String(UInt64.random(in: .min ... .max), radix: 36) + Self.suffix
      let descriptor = retrying { open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666) }
      if descriptor < 0 {
        if errno == EEXIST { continue }
        throw Files.cannotCreate(path, errno)
      }
      _ = retrying { flock(descriptor, LOCK_EX) }
      // Someone may have taken it for a leftover before it was locked.
      var information = stat()
      if fstat(descriptor, &information) == 0, information.st_nlink > 0 {
        self.descriptor = descriptor
        self.path = temporary
        return
      }
      close(descriptor)
    }
  }

  /// Closes the file and gives it the name `real`. If that fails, removes it and returns the error number.
  func move(to real: String) -> Int32? {
    // Some network file systems report a full disk only when a file is closed. The second descriptor keeps the lock.
    let keeper = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    defer { close(keeper) }
    if close(descriptor) == 0 || errno == EINTR, rename(path, real) == 0 { return nil }
    let failure = errno
    unlink(path)
    return failure
  }

  /// Removes and closes the file.
  func remove() {
    unlink(path)
    close(descriptor)
  }

  /// Removes what writers that were killed left.
  static func removeLeftovers(beside real: String) {
    let folder = Files.directory(of: real), prefix = prefix(real).utf8.dropFirst(folder.utf8.count)
    guard let entries = opendir(folder.isEmpty ? "." : folder) else { return }
    defer { closedir(entries) }
    while let entry = readdir(entries) {
      guard let name = Files.name(of: entry), name.utf8.starts(with: prefix), name.hasSuffix(suffix),
        let number = String(name.utf8.dropFirst(prefix.count).dropLast(suffix.utf8.count)), UInt64(number, radix: 36) != nil
      else { continue }
      let descriptor = retrying { open(folder + name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) }
      if descriptor < 0 { continue }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(folder + name) }
      close(descriptor)
    }
  }

  private static let suffix = ".tmp"
  private static func prefix(_ real: String) -> String { Files.hiddenPath(beside: real, suffix: ".rnn-") }
}
