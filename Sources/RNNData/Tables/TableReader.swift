public import RNNTensor

/// Reads a table (CSV, TSV, or plain lines) row by row, in as much memory as its longest row.
///
/// ```swift
/// var reader = try TableReader(path, format: .commas)
/// while try reader.next() { print(reader.line, try reader.string(0)) }
/// ```
///
/// Fields are bytes until somebody asks for text. Rows end with a line feed, with or without a carriage return before it, and at the end of the
/// file; in a file without line feeds, as old Macs wrote them, with a carriage return. A byte order mark is passed over, and so is a first line such
/// as `sep=;`, with which a spreadsheet says what separates the fields. How many fields a row has is for the caller to check (``requireCount(_:)``).
public struct TableReader: ~Copyable {
  /// The name in messages.
  public let name: String
  /// How the table is written: as the caller said, or as its first line does (`sep=;`).
  public private(set) var format: TableFormat
  /// The line in which the row begins, from 1.
  public private(set) var line = 0
  /// The number of fields in the row.
  public var count: Int { bounds.count }
  /// The most bytes of a row. A quote that is never closed would take the whole file otherwise.
  public let limit: Int

  private var file: InputFile?
  private var buffer: UnsafeMutableBufferPointer<UInt8>
  /// How much of the buffer is filled, where the row begins, and what is read next.
  private var filled = 0, rowStart = 0, position = 0
  /// Where each field of the row stands in the buffer, without its quotes.
  private var bounds: [Range<Int>] = []
  private var isAtEnd = false
  /// A line feed, or a carriage return in a file that has no line feeds.
  private var lineEnd: UInt8 = 0x0A
  /// Lines that ended before `position`.
  private var linesBefore = 0

  private enum Place {
    case fieldStart, plain, quoted, afterQuote
  }

  // Where the scan of an incomplete row stands, so that more bytes go on from there.
  private var place = Place.fieldStart
  private var fieldStart = 0, fieldEnd = 0
  private var quote = (line: 0, byte: 0)

  /// The largest row by default, 64 MB.
  public static let defaultLimit = 1 << 26
  private static let firstSize = 1 << 18

  /// The table in a file; `-` is standard input.
  ///
  /// - Throws: `.noInput` where it is missing, a directory or not readable.
  public init(_ path: String, format: TableFormat, limit: Int = defaultLimit) throws(RNNError) {
    if path == "-" {
      self.init([], continuing: try InputFile.standardInput(), format: format, limit: limit)
    } else {
      self.init([], continuing: try InputFile(path), format: format, limit: limit)
    }
  }

  /// The table in an open file, of which some bytes were read already, for a look.
  public init(_ bytes: [UInt8], continuing file: consuming InputFile, format: TableFormat, limit: Int = defaultLimit) {
    self.init(bytes, name: file.name, format: format, limit: limit, capacity: max(bytes.count, Self.firstSize))
    self.file = consume file
    isAtEnd = false
  }

  /// A table that is in memory.
  public init(_ bytes: [UInt8], name: String, format: TableFormat, limit: Int = defaultLimit) {
    self.init(bytes, name: name, format: format, limit: limit, capacity: max(bytes.count, 1))
  }

  private init(_ bytes: [UInt8], name: String, format: TableFormat, limit: Int, capacity: Int) {
    self.name = name
    self.format = format
    self.limit = limit
    buffer = .allocate(capacity: capacity)
    filled = bytes.count
    _ = buffer.update(fromContentsOf: bytes)
    file = nil
    isAtEnd = true
  }

  deinit { buffer.deallocate() }

  // MARK: Rows

  /// Goes on to the next row.
  ///
  /// - Returns: false after the last one.
  /// - Throws: `.badData` with file, line and place for quotes that don't close and rows beyond the limit, and for a file of another format
  ///   (compressed, a spreadsheet, UTF-16); as for reading a file.
  public mutating func next() throws(RNNError) -> Bool {
    if line == 0, position == 0 { try begin() }
    bounds.removeAll(keepingCapacity: true)
    (rowStart, place) = (position, .fieldStart)
    line = linesBefore + 1
    while true {
      if try scan() { return true }
      if try fill() { continue }
      // Again, for a byte that could mean something else if another one came.
      return try scan() ? true : try finishLast()
    }
  }

  /// Whether the row is an empty line.
  public var isBlank: Bool { bounds.count == 1 && bounds[0].isEmpty }

  /// Whether bytes of further rows are there already: then the next row, but for its last part, is had without waiting.
  public var hasMoreAtHand: Bool { position < filled }

  /// Reads on in the row; true when it is complete, false where bytes are missing.
  private mutating func scan() throws(RNNError) -> Bool {
    guard let bytes = buffer.baseAddress else { return false }
    let lineEnd = lineEnd
    // No byte of a text: it occurs as a separator nowhere.
    let separator = format.separator ?? lineEnd
    while position < filled {
      switch place {
      case .fieldStart:
        if format.hasQuotes, bytes[position] == UInt8(ascii: "\"") {
          quote = (linesBefore + 1, position - rowStart + 1)
          position += 1
          (fieldStart, fieldEnd, place) = (position, position, .quoted)
        } else {
          (fieldStart, place) = (position, .plain)
        }
      case .plain:
        position = Self.find(separator, or: lineEnd, in: bytes, position, filled)
        if position < filled, endField(position, at: bytes[position]) { return true }
      case .quoted:
        // Moved down by as many bytes as quotes stood there twice.
        let start = position
        position = Self.find(UInt8(ascii: "\""), or: lineEnd, in: bytes, position, filled)
        if position < filled, bytes[position] == lineEnd {
          linesBefore += 1
          position += 1
          move(bytes, start)
          continue
        }
        move(bytes, start)
        if position < filled { (position, place) = (position + 1, .afterQuote) }
      case .afterQuote:
        switch bytes[position] {
        case UInt8(ascii: "\""):
          bytes[fieldEnd] = UInt8(ascii: "\"")
          fieldEnd += 1
          (position, place) = (position + 1, .quoted)
        case separator, lineEnd:
          if endField(fieldEnd, at: bytes[position], isQuoted: true) { return true }
        case 0x0D:
          // Only before a line feed, which may not be there yet.
          guard position + 1 < filled || isAtEnd else { return false }
          guard position + 1 == filled || bytes[position + 1] == 0x0A else { throw afterQuote(bytes[position]) }
          position += 1
          if position == filled { return false }
        default: throw afterQuote(bytes[position])
        }
      }
    }
    return false
  }

  private mutating func move(_ bytes: UnsafeMutablePointer<UInt8>, _ start: Int) {
    if fieldEnd != start { (bytes + fieldEnd).update(from: bytes + start, count: position - start) }
    fieldEnd += position - start
  }

  /// Ends a field before the separator or line end at `position`; true if that ends the row.
  private mutating func endField(_ end: Int, at byte: UInt8, isQuoted: Bool = false) -> Bool {
    position += 1
    place = .fieldStart
    guard byte == lineEnd else {
      bounds.append(fieldStart..<end)
      return false
    }
    let hasReturn = !isQuoted && end > fieldStart && buffer[end - 1] == 0x0D
    bounds.append(fieldStart..<(hasReturn ? end - 1 : end))
    linesBefore += 1
    return true
  }

  /// The row that ends with the file, if there is one.
  private mutating func finishLast() throws(RNNError) -> Bool {
    guard position > rowStart else { return false }
    switch place {
    case .fieldStart: bounds.append(position..<position)
    case .plain: bounds.append(fieldStart..<position)
    case .afterQuote: bounds.append(fieldStart..<fieldEnd)
    case .quoted:
      throw RNNError(.badData, "\(name), line \(quote.line), byte \(quote.byte): this quote is never closed; expected another one before the end of the file")
    }
    place = .fieldStart
    return true
  }

  private func afterQuote(_ byte: UInt8) -> RNNError {
    let found = (0x21..<0x7F).contains(byte) ? "‘\(String(decoding: [byte], as: UTF8.self))’" : "the byte \(hexadecimal([byte], separator: ""))"
    return RNNError(
      .badData,
      "\(name), line \(linesBefore + 1), column \(bounds.count + 1): \(found) after a closing quote; expected \(Self.text(format.separator)), a line end, or the quote twice")
  }

  private static func text(_ separator: UInt8?) -> String {
    separator == 0x09 ? "a tab" : "‘\(String(decoding: [separator ?? 0x2C], as: UTF8.self))’"
  }

  /// Where the first of two bytes is, or `end`; eight at a time.
  @inline(__always)
  private static func find(_ a: UInt8, or b: UInt8, in bytes: UnsafeMutablePointer<UInt8>, _ start: Int, _ end: Int) -> Int {
    let ones: UInt64 = 0x0101_0101_0101_0101, tops: UInt64 = 0x8080_8080_8080_8080
    let (first, second) = (ones &* UInt64(a), ones &* UInt64(b))
    var i = start
    while i + 8 <= end {
      let word = UInt64(littleEndian: UnsafeRawPointer(bytes + i).loadUnaligned(as: UInt64.self))
      let (x, y) = (word ^ first, word ^ second)
      // The lowest of the bits is that of a byte which is 0; those above it may be carried.
      let found = ((x &- ones) & ~x | (y &- ones) & ~y) & tops
      if found != 0 { return i + found.trailingZeroBitCount / 8 }
      i += 8
    }
    while i < end, bytes[i] != a, bytes[i] != b { i += 1 }
    return i
  }

  // MARK: Bytes

  /// Gets more bytes; false at the end.
  private mutating func fill() throws(RNNError) -> Bool {
    guard !isAtEnd, file != nil else {
      isAtEnd = true
      return false
    }
    let used = filled - rowStart
    if used > limit {
      throw place == .quoted
        ? RNNError(.badData, "\(name), line \(quote.line), byte \(quote.byte): this quote is not closed within \(limit) bytes; expected another one")
        : RNNError(.badData, "\(name), line \(line): longer than \(limit) bytes, expected a line end before")
    }
    if rowStart > 0 {
      buffer.baseAddress.map { $0.update(from: $0 + rowStart, count: used) }
      let shift = rowStart
      bounds = bounds.map { $0.lowerBound - shift..<$0.upperBound - shift }
      (filled, position, fieldStart, fieldEnd, rowStart) = (used, position - shift, fieldStart - shift, fieldEnd - shift, 0)
    }
    if filled == buffer.count {
      let larger = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(2 * filled, Self.firstSize))
      _ = larger.update(fromContentsOf: buffer[..<filled])
      buffer.deallocate()
      buffer = larger
    }
    let got = try file?.readSome(into: UnsafeMutableBufferPointer(rebasing: buffer[filled...])) ?? 0
    filled += got
    isAtEnd = got == 0
    return !isAtEnd
  }

  // MARK: The beginning

  /// Looks at the first bytes: what format they are of, whether there is a mark, what ends a line, and what separates fields.
  private mutating func begin() throws(RNNError) {
    // Nobody who typed something else should have to type three bytes.
    while filled == 0 || (filled < 3 && [0, 0x1F, 0xEF, 0xFE, 0xFF].contains(buffer[0])), try fill() {}
    try ForeignFormat.check(
      buffer[..<min(filled, ForeignFormat.length)], name: name, expected: format.separator == nil ? "text, a line each" : "a table (CSV, TSV)")
    if buffer[..<min(filled, 3)].elementsEqual([0xEF, 0xBB, 0xBF]) { position = 3 }
    try findLineEnd()
    guard format.separator != nil, let (declared, length) = TableFormat.declared(in: buffer[position..<filled]) else { return }
    (format, linesBefore) = (declared, 1)
    position += length
  }

  /// How far after the first carriage return a line feed is looked for.
  private static let reach = 1 << 16

  /// Finds what ends the first line outside of quotes. That is read anyway before there is a row.
  private mutating func findLineEnd() throws(RNNError) {
    var i = position, isQuoted = false, firstReturn: Int?
    while true {
      while i < filled {
        switch buffer[i] {
        case UInt8(ascii: "\"") where format.hasQuotes: isQuoted.toggle()
        // After a return it ends a line wherever it stands.
        case 0x0A where !isQuoted || (i > 0 && buffer[i - 1] == 0x0D): return
        case 0x0D where !isQuoted: firstReturn = firstReturn ?? i
        default: break
        }
        i += 1
        if let firstReturn, i - firstReturn > Self.reach { return lineEnd = 0x0D }
      }
      guard filled <= limit, try fill() else { break }
    }
    if firstReturn != nil { lineEnd = 0x0D }
  }

  // MARK: Fields

  /// Calls `body` with the bytes of a field, which are there only meanwhile.
  @inline(__always)
  public func withField<R, E>(_ column: Int, _ body: (UnsafeBufferPointer<UInt8>) throws(E) -> R) throws(E) -> R {
    try body(UnsafeBufferPointer(rebasing: buffer[bounds[column]]))
  }

  /// The bytes of a field.
  public func bytes(_ column: Int) -> [UInt8] { Array(buffer[bounds[column]]) }

  /// The text of a field.
  ///
  /// - Throws: `.badData` with its place where it is not UTF-8.
  public func string(_ column: Int) throws(RNNError) -> String {
    let bytes = buffer[bounds[column]]
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    let bad = UTF8State.firstInvalidBytes(in: bytes)?.lowerBound ?? 0
    let shown = hexadecimal(bytes.dropFirst(bad).prefix(4), separator: " ")
    throw RNNError(.badData, "\(at(column)): not UTF-8, found \(shown) after \(bad) bytes; convert it to UTF-8, or say its encoding")
  }

  /// Where a field of the row stands, for messages: `data.csv, line 7, column 2`.
  public func at(_ column: Int) -> String {
    format.separator == nil ? "\(name), line \(line)" : "\(name), line \(line), column \(column + 1)"
  }

  /// Whether the row has nothing but separators, as spreadsheets write below a table.
  public var isEmpty: Bool { bounds.allSatisfy(\.isEmpty) }

  /// - Throws: `.badData` unless the row has so many fields; further ones may follow that are empty.
  public func requireCount(_ expected: Int) throws(RNNError) {
    guard count < expected || (count > expected && !bounds[expected...].allSatisfy(\.isEmpty)) else { return }
    throw Self.wrongCount(name, line, fields: (0..<count).map { String(decoding: bytes($0), as: UTF8.self) }, expected: expected, format)
  }

  /// An error about a row with other fields than those before it.
  static func wrongCount(_ name: String, _ line: Int, fields: [String], expected: Int, as first: Int? = nil, _ format: TableFormat) -> RNNError {
    // As in 50,0: that number became two fields.
    func isDigits(_ text: Substring) -> Bool { !text.isEmpty && text.allSatisfy { $0.isASCII && $0.isNumber } }
    let hasDecimals = format.separator == UInt8(ascii: ",") && fields.count > expected
      && zip(fields, fields.dropFirst()).contains { isDigits($0.drop { $0 == "-" }) && isDigits($1[...]) }
    return RNNError(
      .badData,
      "\(name), line \(line): found \(fields.count) field\(fields.count == 1 ? "" : "s") \(format.description), expected \(expected)\(first.map { " as in line \($0)" } ?? "")"
        + (hasDecimals ? "; numbers with a decimal comma must stand in quotes, or fields be separated by semicolons or tabs" : ""))
  }
}
