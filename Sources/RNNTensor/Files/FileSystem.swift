#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension Files {
  /// Whether there is anything at `path`.
  public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Whether `path` is a regular file or free for one: not a device or a pipe.
  public static func isOrdinary(_ path: String) -> Bool {
    var information = stat()
    return stat(path, &information) != 0 || information.st_mode & S_IFMT == S_IFREG
  }

  /// Whether two paths lead to the same file.
  public static func areSame(_ a: String, _ b: String) -> Bool {
    var first = stat(), second = stat()
    guard stat(a, &first) == 0, stat(b, &second) == 0 else { return false }
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino
  }

  /// Removes a file.
  public static func remove(_ path: String) throws(RNNError) {
    if unlink(path) != 0 { throw RNNError(.inputOutput, "can't remove \(path): \(errorText(errno))") }
  }
}

extension Files {
  /// Whether there is a directory at `path`.
  public static func isDirectory(_ path: String) -> Bool {
    var information = stat()
    return stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
  }

  /// The names of what is in a directory, by their bytes ascending, without those that begin with a dot.
  ///
  /// - Throws: `.noInput` where it can't be read, `.badData` where a name is not UTF-8.
  public static func names(in path: String) throws(RNNError) -> [String] {
    guard let directory = opendir(path) else { throw RNNError(.noInput, "can't open \(path): \(errorText(errno))") }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      guard let name = name(of: entry) else {
        if UInt8(bitPattern: entry.pointee.d_name.0) == UInt8(ascii: ".") { continue }
        throw RNNError(.badData, "\(path) has a file whose name is not UTF-8: rename it, or move it away")
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
