import ArgumentParser
import RNN

/// How sentences and their translations stand in files.
struct PairArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Sentences, a line each, instead of a table.", valueName: "file"))
  var source: String?

  @Option(help: ArgumentHelp("Their translations, line by line.", valueName: "file"))
  var target: String?

  @Option(help: ArgumentHelp("The column of the sentences, by its name or its number; in JSON lines the member's name. (default: source, or the first)", valueName: "column"))
  var sourceColumn: String?

  @Option(help: ArgumentHelp("The column of the translations, likewise. (default: target, or the second)", valueName: "column"))
  var targetColumn: String?

  var isGiven: Bool { [source, target, sourceColumn, targetColumn].contains { $0 != nil } }

  /// Where the pairs are: tables, or the two files that the options name.
  func files(_ tables: [String]) throws -> PairFiles {
    switch (source, target) {
    case (nil, nil):
      if tables.isEmpty { throw RNNError(.usage, "name a table of sentences and their translations, or --source and --target") }
      return .tables(tables)
    case (let source?, let target?):
      if !tables.isEmpty { throw RNNError(.usage, "pairs stand in tables or in --source and --target, not in both") }
      if sourceColumn != nil || targetColumn != nil {
        throw RNNError(.usage, "--source-column and --target-column are for tables; the files of --source and --target have a sentence a line")
      }
      return .lines(source: source, target: target)
    default: throw RNNError(.usage, "--source and --target go together: sentences and their translations, line by line")
    }
  }

  func options(_ table: PairTableArguments) -> PairOptions {
    PairOptions(
      sourceColumn: sourceColumn, targetColumn: targetColumn, separator: table.separator, quotes: table.quotes, header: table.header,
      encoding: table.encoding)
  }
}

/// How tables of pairs are written.
struct PairTableArguments: ParsableArguments {
  @Option(help: ArgumentHelp("What separates a table's fields: a character, or tab, comma, semicolon, space. (default: tab; comma in a .csv)", valueName: "separator"))
  var separator: String?

  @Flag(inversion: .prefixedNo, help: "Fields of a table may stand in quotes. (default: unless tabs separate them)")
  var quotes: Bool?

  @Flag(inversion: .prefixedNo, help: "The first row of a table has the names of its columns. (default: found out)")
  var header: Bool?

  @Option(help: ArgumentHelp("How characters are written.", valueName: "encoding"))
  var encoding = TextEncoding.utf8
}

extension PairFiles {
  /// All files' names.
  var paths: [String] {
    switch self {
    case .tables(let paths): paths
    case .lines(let source, let target): [source, target]
    }
  }
}
