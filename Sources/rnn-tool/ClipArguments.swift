import ArgumentParser
import RNN

/// How lists of clips are read, beside how any table is.
struct ClipArguments: ParsableArguments {
  @Option(help: ArgumentHelp("The folder that paths in a list start from. (default: the list's)", valueName: "folder"))
  var folder: String?

  @Option(help: ArgumentHelp("The column of the clips' paths, by its name or its number.", valueName: "column"))
  var clipColumn: String?

  @Option(help: ArgumentHelp("The column of the milliseconds of silence before each file of a clip and after the last. (default: pauses_ms)", valueName: "column"))
  var pauseColumn: String?

  @Option(help: ArgumentHelp("The channel to hear, from 1. (default: the mean of all)", valueName: "n"), limit: Limits.channels)
  var channel: Int?

  /// True if an option for lists is given.
  var isGiven: Bool { [folder, clipColumn, pauseColumn].contains { $0 != nil } }

  func options(_ table: TableArguments, requiresText: Bool = true) -> ClipListOptions {
    ClipListOptions(
      clipColumn: clipColumn, textColumn: table.textColumn, pauseColumn: pauseColumn, folder: folder, separator: table.separator,
      quotes: table.quotes, header: table.header, encoding: table.encoding, channel: channel, requiresText: requiresText)
  }
}
