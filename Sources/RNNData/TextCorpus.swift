import RNNTensor

/// Text to train on or to evaluate: the bytes of one or several files, one after the other, and where each came from.
public struct TextCorpus: Sendable {
  /// One file's part of the text.
  public struct Source: Sendable, Hashable {
    /// The path as the user gave it, or `standard input`.
    public let name: String
    /// Where its bytes stand in the text.
    public let range: Range<Int>
  }

  /// The whole text.
  public private(set) var bytes: [UInt8] = []
  /// What the text was put together from, in order.
  public private(set) var sources: [Source] = []

  /// A text that is already in memory.
  ///
  /// - Throws: `.badData` when it is empty.
  public init(_ bytes: [UInt8], name: String) throws(RNNError) {
    try append(bytes, name: name)
  }

  /// A text that is already in memory.
  ///
  /// - Throws: `.badData` when it is empty.
  public init(_ text: String, name: String = "the text") throws(RNNError) {
    try append(Array(text.utf8), name: name)
  }

  /// Reads files as they are; `-` is standard input.
  ///
  /// - Throws: `.usage` without a path or with `-` twice, `.noInput` where a path is missing, a directory or not readable,
  ///   `.badData` where a file is empty, `.inputOutput` where reading fails.
  public init(reading paths: [String]) throws(RNNError) {
    guard !paths.isEmpty else { throw RNNError(.usage, "no text given: name a file, or - for standard input") }
    let timesStandardInput = paths.count(where: { $0 == "-" })
    guard timesStandardInput < 2 else {
      throw RNNError(.usage, "standard input (-) can be read only once, but is named \(timesStandardInput) times")
    }
    for path in paths {
      var file = path == "-" ? InputFile.standardInput() : try InputFile(path)
      try append(file.readAll(), name: file.name)
    }
  }

  private mutating func append(_ new: [UInt8], name: String) throws(RNNError) {
    guard !new.isEmpty else { throw RNNError(.badData, "\(name) is empty: expected text") }
    sources.append(Source(name: name, range: bytes.count..<bytes.count + new.count))
    if bytes.isEmpty { bytes = new } else { bytes += new }
  }

  /// The names of the sources, for messages.
  public var name: String { sources.map(\.name).joined(separator: ", ") }

  /// Checks that every source is UTF-8 from its first byte to its last.
  ///
  /// - Throws: `.badData` naming the file, the byte, the line and what stands there.
  public func requireUTF8() throws(RNNError) {
    for source in sources {
      let part = bytes[source.range]
      guard let bad = UTF8State.firstInvalidBytes(in: part) else { continue }
      let start = source.range.lowerBound + bad.lowerBound
      let line = bytes[source.range.lowerBound..<start].count(where: { $0 == UInt8(ascii: "\n") }) + 1
      let shown = hexadecimal(bytes[start..<min(start + 4, source.range.upperBound)], separator: " ")
      throw RNNError(
        .badData,
        "\(source.name) is not UTF-8: byte \(bad.lowerBound) (line \(line)) begins \(shown); "
          + "convert it, or take bytes for tokens (--tokens bytes)")
    }
  }
}
