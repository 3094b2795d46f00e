#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension Files {
  /// The directory of `path`, with its slash, or "" for the current one.
  static func directory(of path: String) -> String {
    // By its bytes: a combining mark after the slash makes another character of it.
    path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[...$0]) } ?? ""
  }

  /// The name of `path` in its directory.
  static func name(of path: String) -> Substring {
    path[path.utf8.index(path.startIndex, offsetBy: directory(of: path).utf8.count)...]
  }

  /// The path at the end of the links that `path` leads through, whether or not there is a file.
  package static func resolved(_ path: String) throws(RNNError) -> String {
    var path = path
    for _ in 0..<40 {
      var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
      let count = target.withUnsafeMutableBytes { bytes in
        readlink(path, bytes.baseAddress!.assumingMemoryBound(to: CChar.self), bytes.count)
      }
      // Not a link, or nothing at all.
      guard count >= 0 else { return path }
      guard let next = String(validating: target.prefix(count), as: UTF8.self) else {
        throw RNNError(.cannotCreate, "can't create \(path): it links to a name that is not UTF-8")
      }
      path = next.utf8.first == UInt8(ascii: "/") ? next : directory(of: path) + next
    }
    throw cannotCreate(path, ELOOP)
  }

  /// A hidden name beside a file, made of its own. A name that would be too long is cut, and told apart by its fingerprint.
  package static func hiddenPath(beside real: String, suffix: String) -> String {
    let directory = directory(of: real), name = name(of: real)
    // Of the 255 bytes that most file systems allow, the suffixes take up to 30.
    let most = 200
    if name.utf8.count <= most { return directory + "." + name + suffix }
    var cut = name
    while cut.utf8.count > most - 33 { cut.unicodeScalars.removeLast() }
    return directory + ".\(cut)-\(Fingerprint(of: Array(name.utf8)))" + suffix
  }

  /// The name of a directory's entry; nil if it is not UTF-8.
  static func name(of entry: UnsafeMutablePointer<dirent>) -> String? {
    withUnsafePointer(to: &entry.pointee.d_name) { field in
      field.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: field.pointee)) { String(validatingCString: $0) }
    }
  }
}
