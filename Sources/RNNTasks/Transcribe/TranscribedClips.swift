public import RNNData
public import RNNTensor

/// Clips with their texts, in memory: what a transcriber is trained and measured on.
public struct TranscribedClips: Sendable {
  public let list: ClipList
  /// What is said in each; white space is single spaces between words.
  public let texts: [String]
  /// The rows of each as they are read, `[rows, size]`.
  package let rows: [Tensor]
  public let input: SoundInput
  /// The fingerprint of all rows and texts.
  public let fingerprint: Fingerprint

  public var count: Int { list.clips.count }
  /// The names of the lists.
  public var sources: [String] { list.sources }

  /// - Parameters:
  ///   - reading: called now and then with the number of clips read.
  ///   - remark: called with what was strange in the clips' files and taken as it was probably meant.
  /// Throws as for reading a clip, and `.badData` for a clip without a text or without a sample.
  public init(
    reading list: ClipList, input: SoundInput, reading: (_ clips: Int) -> Void = { _ in }, remark: (_ text: String) -> Void = { _ in }
  ) throws(RNNError) {
    self.list = list
    self.input = input
    rows = try input.rows(of: list.clips, reading: reading, remark: remark)
    var texts: [String] = [], fingerprint = Fingerprint()
    for (clip, rows) in zip(list.clips, rows) {
      guard let text = clip.text else { throw RNNError(.badData, "\(clip.place): found no text, expected what is said in the clip") }
      texts.append(Self.normalized(text))
      Array(texts[texts.count - 1].utf8).withUnsafeBufferPointer { fingerprint.add($0) }
      rows.withUnsafeBufferPointer { values in UnsafeRawBufferPointer(values).withMemoryRebound(to: UInt8.self) { fingerprint.add($0) } }
    }
    (self.texts, self.fingerprint) = (texts, fingerprint)
  }

  /// The text with white space as single spaces between words.
  static func normalized(_ text: String) -> String { text.split(whereSeparator: \.isWhitespace).joined(separator: " ") }

  /// How long the clips are together, in seconds; of rows that another program made, as if there were a hundred a second.
  public var seconds: Double { seconds(Array(0..<count)) }

  /// How long some of the clips are together, in seconds.
  func seconds(_ some: [Int]) -> Double {
    Double(some.reduce(0) { $0 + rows[$1].shape[0] }) * (input.secondsPerRow ?? 1 / TranscriberDefaults.rowsPerSecond)
  }
}
