#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A regular file that is read in pieces, from any place and again and again, and that must stay as it is meanwhile.
///
/// It is open only while a piece is read: a text of many files needs no more descriptors than one of one. Every reading
/// makes sure that the file is still the one that it was at first, by its number, size and time of change.
public struct StoredFile: Sendable, Hashable {
  public let path: String
  /// The size in bytes.
  public let size: Int
  private let identity: Identity

  private struct Identity: Sendable, Hashable {
    var device: UInt64
    var number: UInt64
    var size: Int
    var seconds: Int
    var nanoseconds: Int

    init(_ information: stat) {
      device = UInt64(truncatingIfNeeded: information.st_dev)
      number = UInt64(information.st_ino)
      size = Int(information.st_size)
      #if canImport(Darwin)
        let changed = information.st_mtimespec
      #else
        let changed = information.st_mtim
      #endif
      seconds = Int(changed.tv_sec)
      nanoseconds = Int(changed.tv_nsec)
    }
  }

  /// The file at `path`; nil if it is not a regular one (a pipe, a device), or one of a size that the system doesn't say.
  ///
  /// - Throws: `.noInput` where it is missing, a directory or not readable.
  public init?(_ path: String) throws(RNNError) {
    // A pipe must not be opened twice: who writes to it would be told that nobody reads.
    var kind = stat()
    guard stat(path, &kind) != 0 || kind.st_mode & S_IFMT == S_IFREG else { return nil }
    let (descriptor, information) = try openForReading(path)
    close(descriptor)
    guard information.st_mode & S_IFMT == S_IFREG, information.st_size > 0 else { return nil }
    self.path = path
    identity = Identity(information)
    size = identity.size
  }

  /// Fills `target` with the bytes from `offset` on.
  ///
  /// - Throws: `.badData` where the file is no longer what it was, `.noInput` where it is gone, `.inputOutput` where reading
  ///   fails.
  public func read(at offset: Int, into target: UnsafeMutableBufferPointer<UInt8>) throws(RNNError) {
    precondition(offset >= 0 && offset + target.count <= size, "\(target.count) bytes from \(offset) are not all in a file of \(size)")
    let (descriptor, _) = try openForReading(path)
    defer { close(descriptor) }
    var filled = 0
    while filled < target.count, let start = target.baseAddress {
      let got = retrying { pread(descriptor, start + filled, min(target.count - filled, 1 << 30), off_t(offset + filled)) }
      if got < 0 { throw RNNError(.inputOutput, "can't read \(path): \(errorText(errno))") }
      // Shorter than it was.
      if got == 0 { throw changed }
      filled += got
    }
    // After reading: what was written before shows in the time of change.
    var information = stat()
    guard fstat(descriptor, &information) == 0, Identity(information) == identity else { throw changed }
  }

  /// What is said when the file is not what it was.
  public var changed: RNNError {
    RNNError(.badData, "\(path) was changed while it was in use: it must stay as it is, \(size) bytes long, until all is done")
  }
}
