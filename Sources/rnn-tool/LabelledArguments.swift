import ArgumentParser
import RNN

extension LabelledFormat: ExpressibleByArgument {}
extension TextEncoding: ExpressibleByArgument {}

/// How texts stand in a table.
struct TableArguments: ParsableArguments {
  @Option(help: ArgumentHelp("The column of the texts, by its name or its number; in JSON lines the member's name.", valueName: "column"))
  var textColumn: String?

  @Option(help: ArgumentHelp("What separates a table's fields: a character, or tab, comma, semicolon, space. (default: found out)", valueName: "separator"))
  var separator: String?

  @Flag(inversion: .prefixedNo, help: "Fields of a table may stand in quotes. (default: unless tabs separate them)")
  var quotes: Bool?

  @Flag(inversion: .prefixedNo, help: "The first row of a table has the names of its columns. (default: found out)")
  var header: Bool?

  @Option(help: ArgumentHelp("How characters are written.", valueName: "encoding"))
  var encoding = TextEncoding.utf8

  var options: LabelledOptions {
    LabelledOptions(textColumn: textColumn, separator: separator, quotes: quotes, header: header, encoding: encoding)
  }
}

/// How labelled texts stand in files.
struct LabelledArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What the files are: a table; lines of a label, a space and a text; trees with a label on every phrase; json, an object in each line; or files, one for each label. (default: found out)",
      valueName: "format"))
  var format: LabelledFormat?

  @OptionGroup var table: TableArguments

  @Option(help: ArgumentHelp("The column of the labels, by its name or its number; in JSON lines the member's name.", valueName: "column"))
  var labelColumn: String?

  @Option(help: ArgumentHelp("New names for labels, 0=bad,1=bad,3=good,4=good; texts of other labels are left out.", valueName: "old=new,…"))
  var map: String?

  func options(phrases: Bool) throws -> LabelledOptions {
    var options = table.options
    options.format = format
    options.labelColumn = labelColumn
    options.phrases = phrases
    if let map {
      let pairs = try Self.pairs(map, "--map")
      options.map = try Dictionary(pairs) { _, _ in throw RNNError(.usage, "--map names a label twice: \(map)") }
    }
    return options
  }

  /// How pairs of texts stand in tables.
  /// How a table of something else than labelled texts is written.
  func tableOnly() throws -> TableArguments {
    if format != nil || labelColumn != nil || map != nil { throw RNNError(.usage, "formats and labels are for classifiers") }
    return table
  }

  func pairOptions(_ pairs: PairArguments) throws -> PairOptions {
    if format != nil || labelColumn != nil || map != nil || table.textColumn != nil {
      throw RNNError(.usage, "formats, labels and columns of texts are for classifiers; pairs have --source-column and --target-column")
    }
    return PairOptions(
      sourceColumn: pairs.sourceColumn, targetColumn: pairs.targetColumn, separator: table.separator, quotes: table.quotes, header: table.header,
      encoding: table.encoding)
  }

  /// Whether anything is said that only labelled texts have.
  var isGiven: Bool {
    let options = table.options
    return format != nil || labelColumn != nil || map != nil || options != LabelledOptions()
  }

  /// `a=b,c=d`
  static func pairs(_ text: String, _ option: String) throws -> [(String, String)] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { pair in
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
        throw RNNError(.usage, "found \(option) \(text); expected name=value, separated by commas")
      }
      return (parts[0], parts[1])
    }
  }
}
