import Foundation
import RNN

/// Standard output: results, and nothing else.
enum Output {
  /// Writes text at once.
  ///
  /// Throws `BrokenPipe` when nobody reads it, `.inputOutput` when it can't be written (a full disk).
  static func write(_ text: String) throws {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Foundation.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count >= 0 {
        bytes = bytes.dropFirst(count)
        continue
      }
      switch errno {
      case EINTR: continue
      case EAGAIN:
        // Whoever shares the pipe has made it non-blocking.
        var pipe = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
        poll(&pipe, 1, -1)
      case EPIPE: throw BrokenPipe()
      case let code: throw RNNError(.inputOutput, "can't write to standard output: \(String(cString: strerror(code)))")
      }
    }
  }

  static func line(_ text: String = "") throws { try write(text + "\n") }

  /// A value as JSON, keys in snake_case and in order.
  static func json(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    // JSON has no such numbers; a text can't be mistaken for one.
    encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    try line(String(decoding: try encoder.encode(value), as: UTF8.self))
  }

  static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Lines of a name and a text, the texts below each other.
  static func table(_ rows: [(String, String)]) -> String {
    let width = rows.map(\.0.count).max() ?? 0
    return rows.map { name, text in
      name + String(repeating: " ", count: width - name.count + 2) + text + "\n"
    }.joined()
  }

  /// Columns below each other, the first to the left and the others to the right.
  static func columns(_ rows: [[String]]) -> String {
    let shown = rows.map { $0.map { $0.map { $0.isNewline || $0 == "\t" ? " " : "\($0)" }.joined() } }
    let widths = (shown.first ?? []).indices.map { column in shown.map { $0[column].count }.max() ?? 0 }
    return shown.map { row in
      row.enumerated().map { column, text in
        let gap = String(repeating: " ", count: widths[column] - text.count)
        return column == 0 ? text + gap : gap + text
      }.joined(separator: "  ") + "\n"
    }.joined()
  }
}
