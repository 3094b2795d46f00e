public import RNNTensor

extension Explanation {
  /// How many decimals may be asked for.
  public static let digits = 1...15

  /// The explanation as text.
  ///
  /// - Parameter digits: the decimals of a number that has more.
  /// - Throws: `.usage` if the explanation was put together from data that don't belong together.
  public func text(digits: Int = 3) throws(RNNError) -> String {
    let document = try ExplanationDocument(self, .text, digits: digits)
    var text = ""
    var followsHeading = true
    for block in document.blocks {
      switch block {
      case .heading(let heading): text += (text.isEmpty ? "" : "\n") + heading + "\n"
      case .sentence(let sentence): text += (followsHeading ? "" : "\n") + Self.wrapped(sentence, indent: "  ") + "\n"
      case .lines(let lines): text += lines.map { "  " + $0.joined(separator: " = ") + "\n" }.joined()
      }
      if case .heading = block { followsHeading = true } else { followsHeading = false }
    }
    return text
  }

  /// The explanation in LaTeX, to be put into a document that uses `amsmath`.
  ///
  /// - Parameter digits: the decimals of a number that has more.
  /// - Throws: `.usage` if the explanation was put together from data that don't belong together.
  public func latex(digits: Int = 3) throws(RNNError) -> String {
    let document = try ExplanationDocument(self, .latex, digits: digits)
    return document.blocks.map { block in
      switch block {
      case .heading(let heading): "\\paragraph{\(heading)}"
      case .sentence(let sentence): sentence
      case .lines(let lines):
        "\\[\n" + EquationForm.aligned(lines.map { $0[0] + " &= " + $0.dropFirst().joined(separator: " = ") }) + "\n\\]"
      }
    }.joined(separator: "\n\n") + "\n"
  }

  /// A paragraph in lines of at most 100 characters.
  private static func wrapped(_ sentence: String, indent: String) -> String {
    var lines: [String] = []
    var line = indent
    for word in sentence.split(separator: " ") {
      if line != indent, line.count + word.count >= 100 {
        lines.append(line)
        line = indent
      }
      line += (line == indent ? "" : " ") + word
    }
    return (lines + [line]).joined(separator: "\n")
  }
}
