#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

public import RNNTensor

/// Keeps two programs from training to one file at once: a file `path.lock` that is locked as long as this value lives, or
/// its program, however that ends.
public final class FileLock {
  private let descriptor: Int32
  private let path: String

  /// Throws `.cannotCreate` if another program holds the lock or it can't be made.
  public convenience init(_ target: String) throws(RNNError) {
    let path = target + ".lock"
    while true {
      let descriptor = retrying { open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666) }
      if descriptor < 0 { throw RNNError(.cannotCreate, "can't create \(path): \(errorText(errno))") }
      if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
        close(descriptor)
        throw RNNError(.cannotCreate, "another run is training to \(target) now; wait for it, stop it, or choose another -o")
      }
      // Whoever held the lock before may have removed the file between our opening and our locking it: then what we hold
      // is no longer what the next one will open.
      var own = stat(), current = stat()
      if fstat(descriptor, &own) == 0, stat(path, &current) == 0, own.st_ino == current.st_ino {
        self.init(descriptor: descriptor, path: path)
        return
      }
      close(descriptor)
    }
  }

  private init(descriptor: Int32, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  deinit {
    // Removed while still locked, so that nobody can lock what is about to vanish and believe it is theirs.
    unlink(path)
    close(descriptor)
  }
}
