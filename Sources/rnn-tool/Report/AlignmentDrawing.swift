import RNN

/// A picture of a translation's attention: a row for each token of the translation and its end, a column for each token of the
/// sentence, the darker the more it was looked at.
struct AlignmentDrawing {
  private let columns: [String]
  private let rows: [String]
  private let weights: [[Float]]

  init(_ translation: Translation, of text: [UInt8], _ model: Translator) {
    func shown(_ tokens: [Int32], _ tokenizer: Tokenizer) -> [String] {
      tokens.map { String(decoding: tokenizer.decode($0), as: UTF8.self) }
    }
    columns = shown(model.sourceTokens(text), model.source)
    rows = shown(translation.tokens, model.target) + ["⏎"]
    weights = translation.attention
  }

  /// The picture as SVG.
  var svg: String {
    let cell = 22, letter = 8
    let left = (rows.map(\.count).max() ?? 0) * letter + 12, top = (columns.map(\.count).max() ?? 0) * letter + 12
    let (width, height) = (left + columns.count * cell + 8, top + rows.count * cell + 8)
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(width)\" height=\"\(height)\" viewBox=\"0 0 \(width) \(height)\" font-family=\"sans-serif\" font-size=\"13\">",
      "<rect width=\"\(width)\" height=\"\(height)\" fill=\"white\"/>",
    ]
    for (i, token) in columns.enumerated() {
      let x = left + i * cell + cell / 2 + 4
      lines.append("<text x=\"\(x)\" y=\"\(top - 6)\" transform=\"rotate(-90 \(x) \(top - 6))\">\(Self.escaped(token))</text>")
    }
    for (i, token) in rows.enumerated() {
      let y = top + i * cell
      lines.append("<text x=\"\(left - 6)\" y=\"\(y + 16)\" text-anchor=\"end\">\(Self.escaped(token))</text>")
      for (j, weight) in (i < weights.count ? weights[i] : []).enumerated() {
        lines.append(
          "<rect x=\"\(left + j * cell)\" y=\"\(y)\" width=\"\(cell - 1)\" height=\"\(cell - 1)\" fill=\"#1f4e79\" fill-opacity=\"\(HumanFormat.fixed(Double(weight), 3))\"><title>\(HumanFormat.fixed(Double(weight), 3))</title></rect>")
      }
    }
    return lines.joined(separator: "\n") + "\n</svg>\n"
  }

  func write(to path: String) throws { try Files.writeAtomically(Array(svg.utf8), to: path) }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case " ": result += "·"
      // What can't stand in XML.
      case _ where scalar.value < 0x20 || scalar.value == 0x7F: result += "·"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
