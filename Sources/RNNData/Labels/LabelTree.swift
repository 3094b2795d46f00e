import RNNTensor

/// A sentence of which every phrase has a label, as in the Stanford Sentiment Treebank: `(3 (2 A) (4 (3 fine) (2 film)))`.
struct LabelTree {
  struct Phrase: Hashable {
    /// Where the label stands in the line.
    var label: Range<Int>
    /// Which of the words.
    var words: Range<Int>
  }

  /// The words' places in the line.
  private(set) var words: [Range<Int>] = []
  /// All phrases, single words too; the sentence is the last.
  private(set) var phrases: [Phrase] = []

  /// Reads a line. Nothing calls itself: a tree may be as deep as its line is long.
  ///
  /// - Parameter place: names the line in messages.
  /// - Throws: `.badData` with the byte, what was found there and what was expected.
  init(_ line: UnsafeBufferPointer<UInt8>, at place: @autoclosure () -> String) throws(RNNError) {
    enum Content { case nothing, word, phrases }
    // Of each open phrase its label, its first word, and what is in it so far.
    var open: [(label: Range<Int>, first: Int, content: Content)] = []
    var i = 0
    func bad(_ expected: String) -> RNNError {
      var rest = Array(line[min(i, line.count)...].prefix(12))
      // Not in the middle of a character.
      while let last = rest.last, rest.count > 8, last & 0xC0 == 0x80 { rest.removeLast() }
      let found = rest.isEmpty ? "the end of the line" : "‘\(String(decoding: rest, as: UTF8.self))’"
      return RNNError(.badData, "\(place()), byte \(i + 1): found \(found), expected \(expected)")
    }
    func isWord(_ byte: UInt8) -> Bool { !WordCutter.isWhitespace(byte) && byte != UInt8(ascii: "(") && byte != UInt8(ascii: ")") }
    func pass() -> Range<Int> {
      let start = i
      while i < line.count, isWord(line[i]) { i += 1 }
      return start..<i
    }
    while i < line.count {
      if WordCutter.isWhitespace(line[i]) {
        i += 1
        continue
      }
      guard phrases.isEmpty || !open.isEmpty else { throw bad("the end of the line after the tree") }
      switch line[i] {
      case UInt8(ascii: "("):
        if let last = open.indices.last {
          guard open[last].content != .word else { throw bad("‘)’ after a word") }
          open[last].content = .phrases
        }
        i += 1
        let label = pass()
        guard !label.isEmpty else { throw bad("a label") }
        open.append((label, words.count, .nothing))
      case UInt8(ascii: ")"):
        guard let last = open.popLast() else { throw bad("‘(’ and a label") }
        guard last.content != .nothing else { throw bad("a word or ‘(’") }
        phrases.append(Phrase(label: last.label, words: last.first..<words.count))
        i += 1
      default:
        guard let last = open.indices.last else { throw bad("‘(’ and a label") }
        guard open[last].content == .nothing else { throw bad("‘)’\(open[last].content == .word ? "" : " or ‘(’")") }
        words.append(pass())
        open[last].content = .word
      }
    }
    guard open.isEmpty else { throw bad("‘)’") }
    guard !phrases.isEmpty else { throw bad("‘(’ and a label") }
  }
}
