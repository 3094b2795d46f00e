public import RNNTensor

/// How lists of clips are read.
public struct ClipListOptions: Sendable, Hashable {
  /// Columns by name, or by number from 1; nil for those that are called so, else the first and the second.
  public var clipColumn: String?
  public var textColumn: String?
  public var pauseColumn: String?
  /// The folder that paths start from; nil for the one of the list.
  public var folder: String?
  /// What separates a table's fields: by default commas where the file's name ends in `.csv`, else tabs.
  public var separator: String?
  /// Whether fields may stand in quotes; by default unless tabs separate them.
  public var quotes: Bool?
  /// Whether the first row has the columns' names; by default if one is asked for, or it has known ones.
  public var header: Bool?
  public var encoding: TextEncoding
  /// The channel that is heard of each file, from 1; nil for the mean of all.
  public var channel: Int?
  /// Whether every clip must have its text: for training and for measuring.
  public var requiresText: Bool

  public init(
    clipColumn: String? = nil, textColumn: String? = nil, pauseColumn: String? = nil, folder: String? = nil, separator: String? = nil,
    quotes: Bool? = nil, header: Bool? = nil, encoding: TextEncoding = .utf8, channel: Int? = nil, requiresText: Bool = true
  ) {
    self.clipColumn = clipColumn
    self.textColumn = textColumn
    self.pauseColumn = pauseColumn
    self.folder = folder
    self.separator = separator
    self.quotes = quotes
    self.header = header
    self.encoding = encoding
    self.channel = channel
    self.requiresText = requiresText
  }

  /// Names that such columns have.
  static let clipNames = [
    "clips", "clip", "path", "file", "filename", "file_name", "audio", "wav", "wav_filename", "audio_filepath", "audio_file", "audio_path",
  ]
  static let textNames = ["text", "transcript", "transcription", "sentence"]
  static let pauseNames = ["pauses_ms"]
}

/// Clips and what is said in them, as lists name them: what is trained on, measured on or transcribed.
///
/// A list is a table of paths and texts, or JSON lines with a path and a text in each object (as NeMo has them). A path starts from the
/// list's folder; several of them, separated by spaces, are one clip, with the silence before each and after the last in a column
/// `pauses_ms`. In a table separated by bars, a name without an ending is that of a WAV file, beside the list or in its folder `wavs`, and
/// of two texts behind it the second one counts, in which numbers are words (LJSpeech).
public struct ClipList: Sendable {
  public private(set) var clips: [Clip] = []
  /// What the lists were taken for, and their names.
  public internal(set) var descriptions: [String] = []
  public private(set) var sources: [String] = []
  /// The fingerprint of all that stands in the lists, wherever their files are.
  public private(set) var fingerprint = Fingerprint()

  /// Files that stand in no list, each a clip; `-` is standard input.
  ///
  /// - Throws: `.usage` where there is none. A file that is missing shows when it is read, and costs no other one its transcript.
  public init(files: [String], channel: Int? = nil) throws(RNNError) {
    guard !files.isEmpty else { throw RNNError(.usage, "no sound given: name a file") }
    guard files.count(where: { $0 == "-" }) < 2 else { throw RNNError(.usage, "standard input (-) can be read only once") }
    for path in files { add(Clip(paths: [path], channel: channel), [Array(path.utf8)]) }
    sources = files
  }

  /// The clips of some lists; `-` is standard input.
  ///
  /// - Throws: `.noInput` where a list is missing, `.badData` with list, line, and what was found and expected; where texts are required,
  ///   a clip that is missing is bad data too.
  public init(contentsOf paths: [String], options: ClipListOptions = .init()) throws(RNNError) {
    guard !paths.isEmpty else { throw RNNError(.usage, "no clips given: name a list") }
    guard paths.count(where: { $0 == "-" }) < 2 else { throw RNNError(.usage, "standard input (-) can be read only once") }
    for path in paths {
      try read(path, options)
      sources.append(path == "-" ? "standard input" : path.split(separator: "/").last.map(String.init) ?? path)
    }
    guard !clips.isEmpty else { throw RNNError(.badData, "\(paths.joined(separator: ", ")): found no clip, expected paths and texts") }
  }

  /// The clips of one list.
  public init(contentsOf path: String, options: ClipListOptions = .init()) throws(RNNError) {
    try self.init(contentsOf: [path], options: options)
  }

  mutating func add(_ clip: Clip, _ fields: [[UInt8]]) {
    clips.append(clip)
    for field in fields {
      field.withUnsafeBufferPointer { fingerprint.add($0) }
      // No byte of a text: else two fields could be cut elsewhere.
      [0xFF].withUnsafeBufferPointer { fingerprint.add($0) }
    }
  }

  // MARK: Rows of a list

  /// Where in a list its columns are.
  private struct Columns {
    var clips: Int
    var text: Int?
    var pauses: Int?
    var count: Int
  }

  private mutating func read(_ path: String, _ options: ClipListOptions) throws(RNNError) {
    let folder = options.folder ?? path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    var file = try path == "-" ? InputFile.standardInput() : InputFile(path)
    let name = file.name
    let (sample, _) = try file.beginning(Self.sampleSize)
    if options.separator == nil, try JSONLine.isFormat(of: sample, name: name) {
      return try readObjects(TableReader(sample, continuing: file, format: .lines), folder: folder, options)
    }
    let areBars = options.separator == nil && Self.areBars(sample, folder: folder)
    let format = try areBars
      ? TableFormat(separator: UInt8(ascii: "|"), quotes: options.quotes ?? false)
      : TableFormat(ofFile: path, separator: options.separator, quotes: options.quotes)
    var table = TableReader(sample, continuing: file, format: format)
    var columns: Columns?
    while try table.next() {
      if table.isBlank { continue }
      if let columns {
        try table.requireCount(columns.count)
      } else {
        let first = try table.string(0)
        let (found, all) = try Self.columns(table, options, bareClips: areBars && Self.isBare(first, folder: folder))
        columns = found
        descriptions.append(
          "\(table.name): a table \(table.format.description), clips in \(all.describe(found.clips))"
            + (found.text.map { ", text in \(all.describe($0))" } ?? ""))
        if all.names != nil { continue }
      }
      guard let columns else { continue }
      let field = try table.string(columns.clips)
      let files = try Self.files(field, folder: folder, mustExist: options.requiresText, at: table.at(columns.clips))
      var text: [UInt8]?, pauses: [Double] = []
      if let column = columns.text { text = try Self.text(table, column, options.encoding) }
      if let column = columns.pauses { pauses = try Self.pauses(table, column, clips: files.count) }
      let clip = Clip(
        paths: files, pauses: pauses, channel: options.channel, text: text.map { String(decoding: $0, as: UTF8.self) }, line: table.line,
        source: table.name)
      add(clip, [Array(field.utf8), text ?? []] + pauses.map { Array("\($0)".utf8) })
    }
    guard columns != nil else { throw RNNError(.badData, "\(table.name) is empty: expected paths and texts") }
  }

  private static let sampleSize = 1 << 16

  private static func columns(
    _ table: borrowing TableReader, _ options: ClipListOptions, bareClips: Bool
  ) throws(RNNError) -> (Columns, TableColumns) {
    let first = (0..<table.count).map { String(decoding: table.bytes($0), as: UTF8.self) }
    let names = first.map { $0.lowercased() }
    let wanted = [options.clipColumn, options.textColumn, options.pauseColumn].compactMap(\.self)
    // Any word may be said, “file” too: it is a name where a path would stand, or beside the name of the texts.
    let hasClips = names.contains { ClipListOptions.clipNames.contains($0) }, hasTexts = names.contains { ClipListOptions.textNames.contains($0) }
    let isHeader = wanted.contains { Int($0) == nil } || ClipListOptions.clipNames.contains(names[0]) || (hasClips && hasTexts)
    let all = TableColumns(first: first, wanted: [], hasHeader: options.header ?? isHeader)
    var clips = all.index(ofAny: ClipListOptions.clipNames), text = all.index(ofAny: ClipListOptions.textNames)
    var pauses = all.index(ofAny: ClipListOptions.pauseNames)
    if let column = options.clipColumn { clips = try all.index(of: column, in: table.name) }
    if let column = options.textColumn { text = try all.index(of: column, in: table.name) }
    if let column = options.pauseColumn { pauses = try all.index(of: column, in: table.name) }
    // The first two that are free, but without texts where nobody asks for them and the names have none.
    let free = (0..<all.count).filter { $0 != clips && $0 != text && $0 != pauses }
    let from = clips ?? free.first ?? 0
    let hasNormalizedText = bareClips && from == 0 && all.names == nil && all.count == 3
    if text == nil, all.names == nil || options.requiresText { text = hasNormalizedText ? 2 : free.first { $0 != from } }
    guard text != nil || !options.requiresText else {
      throw RNNError(
        .badData,
        "\(table.at(0)): found 1 field \(table.format.description), expected a path and a text; say what separates them (--separator)")
    }
    guard Set([from, text ?? -1, pauses ?? -2]).count == 3 else {
      throw RNNError(.usage, "\(table.name): clips, texts and pauses are in columns of their own, \(all.describe(from)) can't have two of them")
    }
    return (Columns(clips: from, text: text, pauses: pauses, count: all.count), all)
  }

  /// The text, without white space around it.
  private static func text(_ table: borrowing TableReader, _ column: Int, _ encoding: TextEncoding) throws(RNNError) -> [UInt8] {
    var text: [UInt8] = []
    table.withField(column) { encoding.append($0, to: &text) }
    if let bad = UTF8State.firstInvalidBytes(in: text) {
      throw RNNError(
        .badData,
        "\(table.at(column)): the text is not UTF-8, found \(hexadecimal(text[bad.lowerBound...].prefix(4), separator: " ")) "
          + "after \(bad.lowerBound) bytes; convert it, or say what it is (--encoding latin1)")
    }
    let start = text.prefix(while: WordCutter.isWhitespace).count
    let end = text.count - text.reversed().prefix(while: WordCutter.isWhitespace).count
    return start < end ? Array(text[start..<end]) : []
  }

  /// The longest pause, one minute: beyond it something else was meant.
  private static let longestPause = 60_000.0

  private static func pauses(_ table: borrowing TableReader, _ column: Int, clips: Int) throws(RNNError) -> [Double] {
    let fields = try table.string(column).split(separator: " ")
    let expected = "\(clips) pauses of 0 to \(Int(longestPause)) milliseconds, one before each clip, or one more for the end"
    guard [0, clips, clips + 1].contains(fields.count) else {
      throw RNNError(.badData, "\(table.at(column)): found \(fields.count), expected \(expected)")
    }
    var pauses: [Double] = []
    for field in fields {
      guard let pause = Double(field), (0...longestPause).contains(pause) else {
        throw RNNError(.badData, "\(table.at(column)): found ‘\(field)’, expected \(expected)")
      }
      pauses.append(pause)
    }
    return pauses
  }

  // MARK: Two parts

  /// The clips to train on and those to measure on, which have no file in common.
  ///
  /// - Parameters:
  ///   - fraction: the part of the clips that is for measuring.
  ///   - most: the most of them.
  /// - Throws: `.usage` for a fraction outside 0...0.5, `.badData` where no clip is left to train on.
  public func split(validation fraction: Double, most: Int = .max, seed: UInt64) throws(RNNError) -> (training: [Int], validation: [Int]) {
    guard (0...0.5).contains(fraction) else {
      throw RNNError(.usage, "the validation part can't be \(fraction) of the clips: expected 0 (none) to 0.5")
    }
    guard fraction > 0 else { return (Array(clips.indices), []) }
    var random = Philox(seed: seed, stream: Self.stream)
    let order = Array(clips.indices).shuffled(using: &random)
    // One is left to train on.
    let wanted = max(min(Int((Double(order.count) * fraction).rounded(.up)), most, order.count - 1), 0)
    let held = Set(order.prefix(wanted).flatMap { clips[$0].paths })
    let training = clips.indices.filter { held.isDisjoint(with: clips[$0].paths) }
    guard !training.isEmpty else {
      throw RNNError(
        .badData, "every clip has a file in common with those for measuring, so none is left to train on; name a list of clips to measure on")
    }
    return (training, order.prefix(wanted).sorted())
  }

  // Any number that no other use of the seed has.
  private static let stream: UInt64 = 0x636C_6970_73
}
