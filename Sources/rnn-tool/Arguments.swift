import ArgumentParser
import Foundation
import RNN

/// A duration on the command line: `90s`, `10m`, `1.5h`.
struct DurationArgument: ExpressibleByArgument {
  let seconds: Double

  init?(argument: String) {
    guard let unit = argument.last, let size = ["s": 1.0, "m": 60, "h": 3600][unit], let count = Double(argument.dropLast()),
      count > 0, Limits.seconds.contains(count * size)
    else { return nil }
    seconds = count * size
  }
}

/// A size in memory on the command line: `500MB`, `1.5GiB`.
struct MemoryArgument: ExpressibleByArgument {
  let bytes: Int

  init?(argument: String) {
    let digits = argument.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let units = ["kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "kib": 0x1p10, "mib": 0x1p20, "gib": 0x1p30, "tib": 0x1p40]
    guard let count = Double(digits), let unit = units[argument.dropFirst(digits.count).lowercased()],
      (1...0x1p60).contains(count * unit)
    else { return nil }
    bytes = Int(count * unit)
  }
}

/// A cell on the command line: its name, its equations, or a file of equations.
enum CellArgument {
  static let help = help(suffix: "")

  static func help(suffix: String) -> ArgumentHelp {
    ArgumentHelp("A built-in cell (\(Cell.builtIn.map(\.name).joined(separator: ", "))), equations as text or LaTeX, or a file of equations.\(suffix)", valueName: "cell")
  }

  static func cell(_ text: String) throws -> Cell {
    if let known = Cell.builtIn.first(where: { $0.name == text }) { return known }
    var remarks: [String] = []
    defer { Warnings.show(remarks) }
    if text.contains(where: { $0 == "=" || $0 == "←" }) { return try Cell(equations: text, remark: { remarks.append($0) }) }
    guard Files.exists(text) else {
      if text.contains("/") || text.contains(".") { throw RNNError(.noInput, "no such file: \(text), expected equations or the name of a cell") }
      return try Cell.named(text)
    }
    let bytes = try Files.read(text, limit: 1 << 20)
    guard let equations = String(validating: bytes, as: UTF8.self) else {
      throw RNNError(.badData, "\(text) is not UTF-8: expected a cell's equations")
    }
    do {
      return try Cell(equations: equations, remark: { remarks.append("\(text): \($0)") })
    } catch {
      throw RNNError(.badData, "\(text): \(error.message)")
    }
  }
}

struct ThreadArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Threads to compute with; no result depends on it. (default: one for each core)", valueName: "n"), limit: Limits.threads)
  var threads: Int?

  func apply() {
    if let threads { Threads.count = threads }
  }
}

struct JSONArguments: ParsableArguments {
  @Flag(help: "The result as JSON.")
  var json = false
}

/// What a token is, and after a colon how many there may be, or a file that has them: `words`, `bpe:4000`, `bpe:tokenizer.json`.
struct TokensArgument: ExpressibleByArgument {
  let kind: Tokenizer.Kind
  private let vocabulary: Int?
  /// A `tokenizer.json`.
  let file: String?

  init(_ kind: Tokenizer.Kind) { (self.kind, vocabulary, file) = (kind, nil, nil) }

  init?(argument: String) {
    let parts = argument.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let kind = Tokenizer.Kind(rawValue: String(parts[0])) else { return nil }
    self.kind = kind
    let detail = parts.count > 1 ? String(parts[1]) : nil
    vocabulary = detail.flatMap { Int($0) }
    file = vocabulary == nil ? detail : nil
    if let file, file.isEmpty || kind != .bpe { return nil }
  }

  static var allValueStrings: [String] { Tokenizer.Kind.allCases.map(\.rawValue) }
  var defaultValueDescription: String { kind.rawValue }

  /// The tokenizer in the file, if there is one.
  func tokenizer() throws(RNNError) -> Tokenizer? {
    guard let file else { return nil }
    guard Files.exists(file) else {
      throw RNNError(.noInput, "--tokens \(kind.rawValue):\(file): there is no such file; expected a number of tokens, or a tokenizer.json")
    }
    return try Tokenizer(contentsOf: file)
  }

  /// The size of the vocabulary, which may have been given by itself.
  ///
  /// - Throws: `.usage` where it was given twice, or where a file has the tokens.
  func vocabulary(or other: Int?) throws(RNNError) -> Int? {
    if let file, let other { throw RNNError(.usage, "the vocabulary is that of \(file): --vocabulary \(other) can't be given") }
    if let vocabulary, let other, vocabulary != other {
      throw RNNError(.usage, "--tokens \(kind.rawValue):\(vocabulary) and --vocabulary \(other) are two sizes: give one")
    }
    return vocabulary ?? other
  }
}
extension ScheduleKind: ExpressibleByArgument {}
