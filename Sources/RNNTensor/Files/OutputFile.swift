#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

import Synchronization

/// A file that a program is going to write.
///
/// A program announces all of them before it reads anything. From then on none of them can be opened for reading, whatever
/// name or link leads there, so that no input is ever replaced: neither a file that the call names nor one that a list names.
package struct OutputFile: Sendable {
  package let path: String
  /// What is written: "the model".
  package let content: String
  /// The option that names the file.
  package let option: String

  package init(_ path: String, _ content: String, option: String) {
    self.path = path
    self.content = content
    self.option = option
  }

  private struct Announced {
    var files: [OutputFile] = []
    var guardsStandardOutput = false
  }

  private static let announced = Mutex(Announced())

  /// Announces the files that the program is going to write.
  ///
  /// - Throws: `.cannotCreate` where one can't be written, `.usage` where two of them are the same.
  package static func announce(_ files: [OutputFile]) throws(RNNError) {
    for (index, file) in files.enumerated() {
      try Files.checkWritable(file.path)
      if let other = files[..<index].first(where: { $0.isSame(as: file) }) {
        throw RNNError(.usage, "\(other.content) and \(file.content) can't both go to \(file.path): \(file.advice)")
      }
      if let stream = Stream.all.first(where: { $0.isAt(file.path) }) {
        throw RNNError(.usage, "\(stream.name) goes to \(file.path), where \(file.content) can't go too: \(file.advice)")
      }
    }
    announced.withLock { $0.files += files }
  }

  /// From now on, nothing is read from the files that standard output and standard error go to.
  package static func guardStandardOutput() {
    announced.withLock { $0.guardsStandardOutput = true }
  }

  /// Fails where `path` leads to a file that the program is going to write.
  package static func refuseToRead(_ path: String) throws(RNNError) {
    var information = stat()
    if stat(path, &information) == 0 { try refuseToRead(information, path) }
  }

  /// The same for an open file.
  static func refuseToRead(_ information: stat, _ name: String) throws(RNNError) {
    let (files, guardsStandardOutput) = announced.withLock { ($0.files, $0.guardsStandardOutput) }
    guard isKept(information) else { return }
    for file in files {
      var output = stat()
      if stat(file.path, &output) == 0, areSame(output, information) {
        throw RNNError(.usage, "\(name) is a file to read, and \(file.content) would be written over it: \(file.advice)")
      }
    }
    guard guardsStandardOutput else { return }
    for stream in Stream.all where stream.isAt(information) {
      throw RNNError(.usage, "\(name) is a file to read, and \(stream.name) goes there: send it to another file")
    }
  }

  private var advice: String { "give \(option) another file" }

  /// Whether both lead to one file, or would once it is written.
  private func isSame(as other: OutputFile) -> Bool {
    var own = stat()
    if stat(path, &own) == 0 { return Self.isKept(own) && Files.areSame(path, other.path) }
    guard !Files.exists(other.path), let a = try? Files.resolved(path), let b = try? Files.resolved(other.path) else { return false }
    let folders = (Files.directory(of: a), Files.directory(of: b))
    var names = (Files.name(of: a), Files.name(of: b))
    #if canImport(Darwin)
      // Most of its file systems don't tell names apart by case.
      names = (names.0.lowercased()[...], names.1.lowercased()[...])
    #endif
    return names.0.utf8.elementsEqual(names.1.utf8)
      && Files.areSame(folders.0.isEmpty ? "." : folders.0, folders.1.isEmpty ? "." : folders.1)
  }

  /// Whether what is written there is kept: a terminal and `/dev/null` can be read and written at once.
  private static func isKept(_ information: stat) -> Bool { [S_IFREG, S_IFIFO].contains(information.st_mode & S_IFMT) }

  private static func areSame(_ a: stat, _ b: stat) -> Bool { a.st_dev == b.st_dev && a.st_ino == b.st_ino }

  /// Standard output or standard error, where the shell sends it to a file.
  private struct Stream {
    let descriptor: Int32
    let name: String

    static let all = [Stream(descriptor: STDOUT_FILENO, name: "standard output"), Stream(descriptor: STDERR_FILENO, name: "standard error")]

    func isAt(_ information: stat) -> Bool {
      var own = stat()
      return fstat(descriptor, &own) == 0 && own.st_mode & S_IFMT == S_IFREG && OutputFile.areSame(own, information)
    }

    func isAt(_ path: String) -> Bool {
      var information = stat()
      return stat(path, &information) == 0 && isAt(information)
    }
  }
}
