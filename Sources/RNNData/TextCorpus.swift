public import RNNTensor

/// Text to train on or to evaluate: the bytes of one or several files, one after the other, and where each came from.
///
/// What is small is in memory. Large files stay where they are and are read in pieces when something is asked for, so a text
/// may be larger than memory. They must not change meanwhile: then reading fails.
public struct TextCorpus: Sendable {
  /// One file's part of the text.
  public struct Source: Sendable, Hashable {
    /// The path as the user gave it, or `standard input`.
    public let name: String
    /// Where its bytes stand in the text.
    public let range: Range<Int>
  }

  /// What the text was put together from, in order.
  public private(set) var sources: [Source] = []
  /// The number of bytes.
  public private(set) var count = 0
  // The bytes of each source.
  private var contents: [Content] = []

  private enum Content {
    case memory([UInt8])
    case file(StoredFile)
  }

  /// Bytes of all files together that are taken into memory rather than read when needed.
  public static let memory = 1 << 26

  /// A text that is already in memory.
  ///
  /// - Throws: `.badData` when it is empty.
  public init(_ bytes: [UInt8], name: String) throws(RNNError) {
    try append(.memory(bytes), count: bytes.count, name: name)
  }

  /// A text that is already in memory.
  ///
  /// - Throws: `.badData` when it is empty.
  public init(_ text: String, name: String = "the text") throws(RNNError) {
    try self.init(Array(text.utf8), name: name)
  }

  /// A text in memory that may be empty.
  package init(unchecked bytes: [UInt8]) {
    sources = [Source(name: "the text", range: 0..<bytes.count)]
    contents = [.memory(bytes)]
    count = bytes.count
  }

  /// Files as they are; `-` is standard input.
  ///
  /// - Parameter memory: files are read at once, and may then change, as long as they have no more bytes together. Standard
  ///   input, pipes and devices always are.
  /// - Throws: `.usage` without a path or with `-` twice, `.noInput` where a path is missing, a directory or not readable,
  ///   `.badData` where a file is empty, `.inputOutput` where reading fails.
  public init(reading paths: [String], memory: Int = memory) throws(RNNError) {
    guard !paths.isEmpty else { throw RNNError(.usage, "no text given: name a file, or - for standard input") }
    let timesStandardInput = paths.count(where: { $0 == "-" })
    guard timesStandardInput < 2 else {
      throw RNNError(.usage, "standard input (-) can be read only once, but is named \(timesStandardInput) times")
    }
    var inMemory = 0
    for path in paths {
      if path != "-", let file = try StoredFile(path), file.size > memory - inMemory {
        try append(.file(file), count: file.size, name: path)
      } else {
        var file = try path == "-" ? InputFile.standardInput() : InputFile(path)
        let bytes = try file.readAll()
        inMemory += bytes.count
        try append(.memory(bytes), count: bytes.count, name: file.name)
      }
    }
  }

  private mutating func append(_ content: Content, count new: Int, name: String) throws(RNNError) {
    guard new > 0 else { throw RNNError(.badData, "\(name) is empty: expected text") }
    sources.append(Source(name: name, range: count..<count + new))
    contents.append(content)
    count += new
  }

  /// The names of the sources, for messages.
  public var name: String { sources.map(\.name).joined(separator: ", ") }

  // MARK: Reading

  /// Bytes of the pieces in which a text is read at most.
  static let pieceSize = 1 << 20

  /// Calls `body` with the bytes of a range, piece by piece. No piece reaches from one source into the next.
  ///
  /// - Throws: what `body` throws; where a file is read, `.badData` if it has changed, `.noInput` if it is gone, `.inputOutput`.
  func forEachPiece(
    of range: Range<Int>, _ body: (_ piece: UnsafeBufferPointer<UInt8>, _ beginsSource: Bool) throws(RNNError) -> Void
  ) throws(RNNError) {
    guard !range.isEmpty else { return }
    for index in firstSource(endingAfter: range.lowerBound)..<sources.count {
      let source = sources[index].range
      guard source.lowerBound < range.upperBound else { return }
      let part = range.clamped(to: source)
      let begin = part.lowerBound - source.lowerBound
      let end = begin + part.count
      switch contents[index] {
      case .memory(let bytes):
        try bytes.withUnsafeBufferPointer { (bytes) throws(RNNError) in
          for start in stride(from: begin, to: end, by: Self.pieceSize) {
            try body(UnsafeBufferPointer(rebasing: bytes[start..<min(start + Self.pieceSize, end)]), start == 0)
          }
        }
      case .file(let file):
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: min(Self.pieceSize, part.count))
        defer { buffer.deallocate() }
        for start in stride(from: begin, to: end, by: Self.pieceSize) {
          let piece = UnsafeMutableBufferPointer(rebasing: buffer[..<min(Self.pieceSize, end - start)])
          try file.read(at: start, into: piece)
          try body(UnsafeBufferPointer(piece), start == 0)
        }
      }
    }
  }

  /// The first source that ends after an offset.
  private func firstSource(endingAfter offset: Int) -> Int {
    var low = 0, high = sources.count
    while low < high {
      let middle = (low + high) / 2
      if sources[middle].range.upperBound <= offset { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The bytes of several parts, joined; all of them are in memory then.
  ///
  /// - Throws: as for reading a file, where there is one.
  public func bytes(in parts: [Range<Int>]) throws(RNNError) -> [UInt8] {
    var bytes: [UInt8] = []
    for part in parts {
      precondition(part.lowerBound >= 0 && part.upperBound <= count, "\(part) is not all in a text of \(count) bytes")
      try forEachPiece(of: part) { piece, _ in bytes.append(contentsOf: piece) }
    }
    return bytes
  }

  /// The whole text; all of it is in memory then.
  ///
  /// - Throws: as for reading a file, where there is one.
  public var bytes: [UInt8] {
    get throws(RNNError) { try bytes(in: [0..<count]) }
  }

  // MARK: What it is

  /// Bytes of a source that are looked at to find out what it is.
  private static let lookSize = 1 << 16

  /// Checks that every source may be text, by its first bytes: not a compressed file, a document, UTF-16 or other binary data.
  ///
  /// - Throws: `.badData` saying what the source is; as for reading a file, where there is one.
  public func requireText() throws(RNNError) {
    for (source, format) in try foreignSources() { throw format.error(source.name, expected: "text in UTF-8") }
  }

  /// What can't be text, and what it is.
  package func foreignSources() throws(RNNError) -> [(source: Source, format: ForeignFormat)] {
    var found: [(Source, ForeignFormat)] = []
    for source in sources {
      let beginning = try bytes(in: [source.range.prefix(Self.lookSize)])
      if let format = ForeignFormat(beginning) {
        found.append((source, format))
      } else if beginning.contains(0), let bad = UTF8State.firstInvalidBytes(in: beginning), bad.upperBound < beginning.count || beginning.count == source.range.count {
        found.append((source, .binary))
      }
    }
    return found
  }

  // MARK: UTF-8

  /// Checks that every source is UTF-8 from its first byte to its last.
  ///
  /// - Throws: `.badData` naming the file, the byte, the line and what stands there; as for reading a file, where there is one.
  public func requireUTF8() throws(RNNError) {
    if let found = try notUTF8() { throw RNNError(.badData, "\(found); convert it, or take bytes for tokens (--tokens bytes)") }
  }

  /// The first source that is not UTF-8, and where; nil where all are.
  package func notUTF8() throws(RNNError) -> String? {
    for source in sources {
      guard let start = try firstInvalidByte(in: source.range) else { continue }
      var line = 1
      try forEachPiece(of: source.range.lowerBound..<start) { piece, _ in line += piece.count(where: { $0 == UInt8(ascii: "\n") }) }
      let shown = hexadecimal(try bytes(in: [start..<min(start + 4, source.range.upperBound)]), separator: " ")
      return "\(source.name) is not UTF-8: byte \(start - source.range.lowerBound) (line \(line)) begins \(shown)"
    }
    return nil
  }

  /// Where the first bytes begin that are not well-formed.
  private func firstInvalidByte(in range: Range<Int>) throws(RNNError) -> Int? {
    var cutter = CharacterCutter()
    var offset = range.lowerBound
    var found: Int?
    try forEachPiece(of: range) { piece, _ in
      guard found == nil else { return }
      let before = cutter
      _ = cutter.count(piece)
      if !cutter.isUTF8 { found = offset + before.offsetOfInvalidBytes(in: piece) }
      offset += piece.count
    }
    // The last character may not be complete.
    return found ?? (cutter.state.isBetweenCharacters ? nil : offset - cutter.state.pending.count)
  }
}
