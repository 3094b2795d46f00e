#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

public import RNNTensor

/// Keeps two programs from writing one file at once, whatever links they reach it through.
///
/// The lock is a hidden file beside the target, `.NAME.rnn-lock`. It is held as long as this value lives, or its program,
/// however that ends: what a killed program leaves behind locks nobody out, and the next lock removes it.
public final class FileLock {
  private let descriptor: Int32
  private let path: String

  /// Throws `.cannotCreate` if another program holds the lock, if it can't be made, or if a file of its name is no lock.
  public convenience init(_ target: String) throws(RNNError) {
    let path = Files.hiddenPath(beside: try Files.resolved(target), suffix: ".rnn-lock")
    while true {
      let descriptor = retrying { open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o666) }
      if descriptor < 0 { throw RNNError(.cannotCreate, "can't create \(path): \(errorText(errno))") }
      if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
        close(descriptor)
        throw RNNError(.cannotCreate, "another run is training to \(target) now; wait for it, stop it, or choose another -o")
      }
      // Whoever held the lock before may have removed the file between our opening and our locking it: then what we hold
      // is no longer what the next one will open.
      var own = stat()
      guard fstat(descriptor, &own) == 0, Self.isAt(path, own) else {
        close(descriptor)
        continue
      }
      guard Self.mark(descriptor, own) else {
        close(descriptor)
        throw RNNError(.cannotCreate, "\(path) is not a lock of this program, whose name it has: move it away, or choose another -o")
      }
      self.init(descriptor: descriptor, path: path)
      return
    }
  }

  private init(descriptor: Int32, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  deinit {
    // Removed while still locked, so that nobody can lock what is about to vanish and believe it is theirs.
    var own = stat()
    if fstat(descriptor, &own) == 0, Self.isAt(path, own) { unlink(path) }
    close(descriptor)
  }

  private static func isAt(_ path: String, _ own: stat) -> Bool {
    var current = stat()
    return lstat(path, &current) == 0 && current.st_dev == own.st_dev && current.st_ino == own.st_ino
  }

  private static let content = Array("A run of swift-rnn is writing the file beside this lock.\n".utf8)

  /// Writes to an empty file what it is; false for a file with another content.
  private static func mark(_ descriptor: Int32, _ own: stat) -> Bool {
    guard own.st_mode & S_IFMT == S_IFREG, own.st_size <= content.count else { return false }
    // A disk may have been full before the whole content was there.
    var found = [UInt8](repeating: 0, count: Int(own.st_size))
    let count = found.withUnsafeMutableBytes { bytes in retrying { pread(descriptor, bytes.baseAddress, bytes.count, 0) } }
    guard count == found.count, content.starts(with: found) else { return false }
    let rest = content.dropFirst(count)
    rest.withUnsafeBytes { bytes in _ = retrying { pwrite(descriptor, bytes.baseAddress, bytes.count, off_t(count)) } }
    return true
  }
}
