import RNNTensor

/// How texts and their labels stand in files.
public enum LabelledFormat: String, Sendable, Hashable, CaseIterable {
  /// A table with a column of texts and one of labels.
  case table
  /// A label, a space, and the text: a line each.
  case lines
  /// A tree a line, as in the Stanford Sentiment Treebank: `(3 (2 A) (4 (3 fine) (2 film)))`.
  case trees
  /// JSON lines: an object a line, with a member for the text and one for the label.
  case json
  /// A file for each label, whose name is the label, with a text a line; in a folder each file, and each folder with a text a file.
  case files
}

/// How labelled texts are read. What is nil is found out from the files.
public struct LabelledOptions: Sendable, Hashable {
  public var format: LabelledFormat?
  /// Columns of a table by name, or by number from 1; of JSON lines the names of the members.
  public var textColumn: String?
  public var labelColumn: String?
  /// What separates a table's fields; see ``TableFormat/init(separator:quotes:)``.
  public var separator: String?
  /// Whether a table's fields may stand in quotes; by default unless tabs separate them.
  public var quotes: Bool?
  /// Whether a table's first row has the columns' names.
  public var header: Bool?
  public var encoding: TextEncoding
  /// Of trees: whether every phrase counts as a text, or only whole sentences.
  public var phrases: Bool
  /// New names of labels; texts whose label isn't among them are left out. Nil for labels as they are.
  public var map: [String: String]?

  public init(
    format: LabelledFormat? = nil, textColumn: String? = nil, labelColumn: String? = nil, separator: String? = nil,
    quotes: Bool? = nil, header: Bool? = nil, encoding: TextEncoding = .utf8, phrases: Bool = true, map: [String: String]? = nil
  ) {
    self.format = format
    self.textColumn = textColumn
    self.labelColumn = labelColumn
    self.separator = separator
    self.quotes = quotes
    self.header = header
    self.encoding = encoding
    self.phrases = phrases
    self.map = map
  }

  /// Whether something is said that only a table has.
  var isOfTable: Bool { textColumn != nil || labelColumn != nil || isWritten }

  /// Whether it is said how a table is written.
  var isWritten: Bool { separator != nil || quotes != nil || header != nil }

  /// The names that columns of texts and of labels often have, the likeliest first.
  package static let textNames = [
    "text", "sentence", "review", "content", "message", "phrase", "comment", "tweet", "document", "body", "utterance", "question", "name",
  ]
  static let labelNames = [
    "label", "class", "category", "sentiment", "polarity", "target", "intent", "topic", "rating", "language", "lang",
  ]

  /// The table format of a file, by its beginning and its name.
  func tableFormat(_ sample: [UInt8], isWhole: Bool, name: String) throws(RNNError) -> TableFormat {
    try TableFormat(of: sample, isWhole: isWhole, name: name, separator: separator, quotes: quotes)
  }
}
