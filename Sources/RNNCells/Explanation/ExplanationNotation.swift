import RNNTensor

/// How numbers, vectors and sequences are written on a command line.
enum ExplanationNotation {
  static func trimmed(_ text: some StringProtocol) -> String {
    String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }

  /// A finite decimal number.
  private static func number(_ text: some StringProtocol, _ what: String) throws(RNNError) -> Double {
    let text = trimmed(text).replacing("−", with: "-")
    let isDecimal = !text.isEmpty && text.utf8.count <= 64 && text.allSatisfy { "0123456789+-.eE".contains($0) }
    guard isDecimal, let value = Double(text), value.isFinite else {
      throw RNNError(.usage, "found “\(text.prefix(32))” in \(what); expected a number")
    }
    return value
  }

  private static func numbers(_ text: some StringProtocol, _ what: String) throws(RNNError) -> [Double] {
    let parts = text.split { $0 == "," || $0.isWhitespace }
    guard !parts.isEmpty else { throw RNNError(.usage, "\(what): a number is missing") }
    return try parts.map { part throws(RNNError) in try number(part, what) }
  }

  /// The vectors of a sequence: `1,2,3` is three of one number, `1,0;0,1` two of two numbers, as is `1 0, 0 1`.
  static func sequence(_ text: String, _ what: String) throws(RNNError) -> [[Double]] {
    let text = trimmed(text)
    let separator: Character = text.contains(";") ? ";" : ","
    var parts = text.split(separator: separator, omittingEmptySubsequences: false)
    // A separator at the end closes the last step.
    if parts.count > 1, let last = parts.last, trimmed(last).isEmpty { parts.removeLast() }
    guard parts.count <= Explanation.maximumCount else {
      throw RNNError(.usage, "\(what) has \(parts.count) steps; at most \(Explanation.maximumCount) can be explained")
    }
    return try parts.map { part throws(RNNError) in try numbers(part, what) }
  }

  /// `name=number` or `name=[row; row]`, separated by commas.
  static func assignments(_ text: String) throws(RNNError) -> [(name: String, rows: [[Double]])] {
    var result: [(name: String, rows: [[Double]])] = []
    var rest = text[...]
    while true {
      guard let sign = rest.firstIndex(of: "=") else {
        throw RNNError(.usage, "found “\(trimmed(rest).prefix(64))”; expected name=number or name=[numbers; numbers]")
      }
      let name = trimmed(rest[..<sign])
      rest = rest[rest.index(after: sign)...].drop(while: \.isWhitespace)
      let value: Substring
      if rest.first == "[" {
        guard let end = rest.firstIndex(of: "]") else { throw RNNError(.usage, "“]” is missing after \(name)=[") }
        value = rest[rest.index(after: rest.startIndex)..<end]
        rest = rest[rest.index(after: end)...].drop(while: \.isWhitespace)
        result.append((name, try matrix(value, name)))
      } else {
        let end = rest.firstIndex(of: ",") ?? rest.endIndex
        value = rest[..<end]
        rest = rest[end...]
        result.append((name, [[try number(value, name)]]))
      }
      guard let comma = rest.first else { return result }
      guard comma == "," else { throw RNNError(.usage, "found “\(rest.prefix(32))” after the value of \(name); expected a comma") }
      rest = rest.dropFirst()
    }
  }

  private static func matrix(_ text: Substring, _ name: String) throws(RNNError) -> [[Double]] {
    let rows = try text.split(separator: ";", omittingEmptySubsequences: false).map { row throws(RNNError) in try numbers(row, name) }
    guard rows.count <= Explanation.maximumCount, rows.allSatisfy({ $0.count == rows[0].count && $0.count <= Explanation.maximumCount }) else {
      let counts = rows.prefix(8).map { String($0.count) }.joined(separator: ", ")
      throw RNNError(.usage, "the rows of \(name) have \(counts) numbers; expected equally many, at most \(Explanation.maximumCount)")
    }
    return rows
  }

  /// A vector, written as one row or as one column.
  static func vector(_ rows: [[Double]], _ name: String) throws(RNNError) -> [Double] {
    guard rows.count == 1 || rows[0].count == 1 else {
      throw RNNError(.usage, "\(name) is \(rows.count) × \(rows[0].count); expected a vector")
    }
    return rows.flatMap(\.self)
  }
}
