import Foundation
import RNNTestSupport
import RNNTraining
import Testing

/// A new directory, removed when `body` is done.
private func inDirectory(_ body: (String) throws -> Void) throws {
  let directory = temporary("directory")
  try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: directory) }
  try body(directory)
}

private func names(in directory: String) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
}

@Suite(.serialized) struct FileWritingTests {
  @Test func writesAndReplaces() throws {
    try inDirectory { directory in
      let path = directory + "/m"
      for bytes in [[], [1, 2, 3], [UInt8](repeating: 7, count: 3_000_000), [4]] as [[UInt8]] {
        try Files.checkWritable(path)
        try Files.writeAtomically(bytes, to: path)
        #expect(try Files.read(path) == bytes)
        #expect(try names(in: directory) == ["m"], "nothing else stays behind")
      }
    }
  }

  @Test func aReplacedFileKeepsItsPermissions() throws {
    try inDirectory { directory in
      let path = directory + "/m"
      try Files.writeAtomically([1], to: path)
      #expect(chmod(path, 0o640) == 0)
      try Files.writeAtomically([2], to: path)
      var information = stat()
      #expect(stat(path, &information) == 0 && information.st_mode & 0o7777 == 0o640)
    }
  }

  @Test func aLinkIsFollowed() throws {
    try inDirectory { directory in
      try FileManager.default.createDirectory(atPath: directory + "/store", withIntermediateDirectories: false)
      try Files.writeAtomically([1], to: directory + "/store/m")
      try FileManager.default.createSymbolicLink(atPath: directory + "/link", withDestinationPath: "store/m")
      try Files.writeAtomically([2], to: directory + "/link")
      #expect(try Files.read(directory + "/store/m") == [2])
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: directory + "/link") == "store/m")
    }
  }

  @Test func aLinkToNoFileYetIsFollowed() throws {
    try inDirectory { directory in
      try FileManager.default.createDirectory(atPath: directory + "/store", withIntermediateDirectories: false)
      symlink("second", directory + "/first")
      symlink("store/m", directory + "/second")
      try Files.checkWritable(directory + "/first")
      try Files.writeAtomically([1], to: directory + "/first")
      #expect(try Files.read(directory + "/store/m") == [1])
      #expect(try names(in: directory) == ["first", "second", "store"])
      symlink("missing/m", directory + "/nowhere")
      expectRefused(directory + "/nowhere", "\(directory)/nowhere: there is no directory \(directory)/missing")
      symlink("round", directory + "/round")
      expectRefused(directory + "/round", "\(directory)/round: Too many levels of symbolic links")
    }
  }

  /// What a writer left is removed when nobody holds it any more, and nothing else is.
  @Test func leftoversOfKilledWritersAreRemoved() throws {
    try inDirectory { directory in
      let long = String(repeating: "ü", count: 120)
      for name in ["m", long] {
        try Files.writeAtomically([1], to: "\(directory)/\(name)")
        #expect(try names(in: directory) == [name])
        let hidden = Files.hiddenPath(beside: "\(directory)/\(name)", suffix: ".rnn-")
        let living = open(hidden + "3w5e11264sgsf.tmp", O_WRONLY | O_CREAT, 0o666)
        #expect(flock(living, LOCK_EX) == 0)
        for other in ["abc", "0.tmp", "notes of mine.tmp", ".tmp"] { #expect(FileManager.default.createFile(atPath: hidden + other, contents: nil)) }
        try Files.checkWritable("\(directory)/\(name)")
        let left = try names(in: directory)
        #expect(left.count == 5 && !FileManager.default.fileExists(atPath: hidden + "0.tmp"), "\(left)")
        close(living)
        try Files.checkWritable("\(directory)/\(name)")
        #expect(try names(in: directory).count == 4)
        for file in try names(in: directory) { try Files.remove("\(directory)/\(file)") }
      }
    }
  }

  /// With a combining mark behind it, a slash is another character, but not another byte.
  @Test func aNameThatBeginsWithACombiningMark() throws {
    try inDirectory { directory in
      let path = directory + "/\u{301}m"
      try Files.writeAtomically([1], to: path)
      try Files.writeAtomically([2], to: path)
      #expect(try Files.read(path) == [2])
      #expect(try names(in: directory) == ["\u{301}m"])
    }
  }

  @Test func theLongestNameCanBeWritten() throws {
    try inDirectory { directory in
      let path = directory + "/" + String(repeating: "n", count: 255)
      try Files.writeAtomically([1], to: path)
      #expect(try Files.read(path) == [1])
    }
  }

  /// Both calls must refuse, with the same words.
  private func expectRefused(_ path: String, _ reason: String) {
    let expected = RNNError(.cannotCreate, "can't create \(reason)")
    #expect(throws: expected) { try Files.checkWritable(path) }
    #expect(throws: expected) { try Files.writeAtomically([1], to: path) }
  }

  @Test func whatCannotBeCreatedSaysWhy() throws {
    try inDirectory { directory in
      expectRefused("", "a file without a name")
      expectRefused(directory, "\(directory): it is a directory, expected a file")
      expectRefused(directory + "/new/", "\(directory)/new/: it names a directory, expected a file")
      expectRefused(directory + "/no/m", "\(directory)/no/m: there is no directory \(directory)/no")
      expectRefused("/dev/null/m", "/dev/null/m: /dev/null is not a directory")
      let long = directory + "/" + String(repeating: "n", count: 256)
      expectRefused(long, "\(long): File name too long")
      let left = try names(in: directory)
      #expect(left == [])
    }
  }

  @Test func aDeviceIsWrittenAndNeverReplaced() throws {
    try Files.checkWritable("/dev/null")
    try Files.writeAtomically([1], to: "/dev/null")
    #expect(try Files.read("/dev/null") == [])
    var information = stat()
    #expect(stat("/dev/null", &information) == 0 && information.st_mode & S_IFMT == S_IFCHR)
  }

  @Test(.enabled(if: access("/dev/full", W_OK) == 0, "this system has no /dev/full"))
  func aFullDeviceIsAnError() {
    #expect(throws: RNNError(.inputOutput, "can't write /dev/full: No space left on device")) {
      try Files.writeAtomically([1], to: "/dev/full")
    }
  }

  @Test(.disabled(if: geteuid() == 0, "no permission binds root"))
  func missingPermissionsAreRespected() throws {
    try inDirectory { directory in
      let path = directory + "/m"
      try Files.writeAtomically([1], to: path)
      chmod(path, 0o400)
      expectRefused(path, "\(path): Permission denied")
      chmod(path, 0o000)
      #expect(throws: RNNError(.noInput, "can't open \(path): Permission denied")) { try Files.read(path) }
      chmod(path, 0o600)
      chmod(directory, 0o500)
      expectRefused(path, "\(path): Permission denied")
      chmod(directory, 0o700)
      #expect(try Files.read(path) == [1])
    }
  }

  @Test func whereTheDiskEndsTheOldFileStays() throws {
    try inDirectory { directory in
      let path = directory + "/m"
      try Files.writeAtomically([1, 2, 3], to: path)
      // The largest file this process may write: what the system then does is what a full disk does, in the middle of
      // the bytes. It is large so that no other test meets it.
      let previous = signal(SIGXFSZ, SIG_IGN)
      defer { _ = signal(SIGXFSZ, previous) }
      var limit = rlimit()
      #if canImport(Glibc)
        let resource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
      #else
        let resource = RLIMIT_FSIZE
      #endif
      try #require(getrlimit(resource, &limit) == 0)
      var small = limit
      small.rlim_cur = 32 << 20
      try #require(setrlimit(resource, &small) == 0)
      defer { _ = setrlimit(resource, &limit) }
      #expect(throws: RNNError(.inputOutput, "can't write \(path): File too large")) {
        try Files.writeAtomically([UInt8](repeating: 9, count: 33 << 20), to: path)
      }
      #expect(try Files.read(path) == [1, 2, 3])
      #expect(try names(in: directory) == ["m"])
    }
  }

  // MARK: Reading

  @Test func readingHasALimit() throws {
    try inDirectory { directory in
      let path = directory + "/m"
      try Files.writeAtomically([1, 2, 3], to: path)
      #expect(try Files.read(path, limit: 3) == [1, 2, 3])
      #expect(throws: RNNError(.badData, "\(path) has 3 bytes, expected at most 2")) { try Files.read(path, limit: 2) }
      #expect(throws: RNNError(.badData, "/dev/zero has more bytes than expected: at most 100000")) {
        try Files.read("/dev/zero", limit: 100_000)
      }
    }
  }

  @Test func aFileIsReadInParts() throws {
    try inDirectory { directory in
      let path = directory + "/m"
      let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0) }
      try Files.writeAtomically(bytes, to: path)
      var file = try InputFile(path)
      #expect(file.size == 200_000)
      #expect(try file.read(5) == [0, 1, 2, 3, 4])
      #expect(try file.readAll(limit: 199_995) == Array(bytes[5...]))
      #expect(try file.read(5) == [])
    }
  }

  @Test func aPipeIsReadLikeAFile() throws {
    let bytes = try Safetensors(["a": Tensor([1, 2], shape: [2])]).bytes()
    for cut in [bytes.count, bytes.count - 1] {
      var ends: [Int32] = [0, 0]
      try #require(pipe(&ends) == 0)
      defer { close(ends[0]) }
      #expect(write(ends[1], bytes, cut) == cut)
      close(ends[1])
      let path = "/dev/fd/\(ends[0])"
      if cut == bytes.count {
        #expect(try Safetensors(contentsOf: path).tensor(named: "a").values == [1, 2])
      } else {
        #expect(throws: RNNError.self) { try Safetensors(contentsOf: path) }
      }
    }
  }

  private func lines(_ bytes: [UInt8], limit: Int = 1 << 26) throws -> [String] {
    let path = temporary("lines")
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Files.writeAtomically(bytes, to: path)
    var file = try InputFile(path)
    var lines: [String] = []
    do {
      while let line = try file.readLine(limit: limit) { lines.append(line) }
    } catch {
      // Without the name, which is new each time.
      throw RNNError(error.kind, error.message.replacingOccurrences(of: path, with: "f"))
    }
    return lines
  }

  @Test func linesEndAsTheyDoEverywhere() throws {
    #expect(try lines([]) == [])
    #expect(try lines(Array("\n".utf8)) == [""])
    #expect(try lines(Array("a\r\nb\n\n\r\né".utf8)) == ["a", "b", "", "", "é"])
    #expect(try lines(Array("a\n".utf8)) == ["a"])
    let long = (0..<5).map { String(repeating: "\($0)", count: 40_000 * $0) }
    #expect(try lines(Array(long.joined(separator: "\n").utf8)) == long)
    #expect(throws: RNNError(.badData, "f, line 2: not UTF-8 text")) { try lines([97, 10, 0xFF, 10]) }
    #expect(throws: RNNError(.badData, "f, line 2: longer than 100000 bytes")) {
      try lines(Array("a\n".utf8) + [UInt8](repeating: 97, count: 300_000), limit: 100_000)
    }
  }

  // MARK: Fingerprint

  @Test func fingerprintsAreThePublishedHash() throws {
    // From the reference tables of FNV-1a with 128 bits.
    #expect(Fingerprint(of: []).description == "6c62272e07bb014262b821756295c58d")
    #expect(Fingerprint(of: Array("a".utf8)).description == "d228cb696f1a8caf78912b704e4a8964")
    #expect(Fingerprint(of: Array("foobar".utf8)).description == "343e1662793c64bf6f0d3597ba446f18")
    let print = Fingerprint(of: [1, 2, 3])
    #expect(Fingerprint(print.description) == print)
    #expect(Fingerprint("12") == nil && Fingerprint("+" + String(repeating: "0", count: 31)) == nil)
    #expect(Fingerprint(String(repeating: "g", count: 32)) == nil)
  }
}
