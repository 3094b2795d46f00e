/// A JSON value as it stands in a file: objects keep their order, whole numbers stay exact.
package enum JSONValue: Equatable, Sendable {
  case null
  case bool(Bool)
  /// A number written without fraction or exponent that fits `Int`.
  case integer(Int)
  /// Any other number.
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([Member])

  /// One name and its value in an object.
  package struct Member: Equatable, Sendable {
    package let key: String
    package let value: JSONValue

    package init(key: String, value: JSONValue) {
      self.key = key
      self.value = value
    }
  }

  /// What the value is, for a message that says what was found.
  package var kind: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .integer(let value): "the number \(value)"
    case .number(let value): "the number \(value)"
    case .string(let value): "the text “\(value.prefix(40))”"
    case .array: "a list"
    case .object: "an object"
    }
  }
}

/// Why a text is not JSON, and at which byte.
package struct JSONError: Error, Equatable {
  package let offset: Int
  package let message: String
}

/// Reads JSON exactly as RFC 8259 has it, and refuses names given twice.
///
/// Foundation's readers keep one of two equal names and say nothing, so that two programs can see two different
/// tensors in one file; here that is an error. The depth is bounded, so no input can exhaust the stack, and the number of values
/// is, so that two bytes of text don't cost fifty of memory without end.
package struct StrictJSON {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0
  private let maximumDepth: Int
  private var valuesLeft: Int
  private let maximumCount: Int

  /// The value that `bytes` hold, with nothing after it but white space.
  ///
  /// - Parameter maximumCount: the most values that there may be, lists and objects among them.
  package static func parse(
    _ bytes: UnsafeBufferPointer<UInt8>, maximumDepth: Int = 16, maximumCount: Int = 1 << 23
  ) throws(JSONError) -> JSONValue {
    var reader = StrictJSON(bytes: bytes, maximumDepth: maximumDepth, maximumCount: maximumCount)
    let value = try reader.value(depth: 0)
    reader.skipSpace()
    if reader.position < bytes.count { throw reader.error("expected the end, found \(reader.found)") }
    return value
  }

  package static func parse(_ text: String, maximumDepth: Int = 16, maximumCount: Int = 1 << 23) throws(JSONError) -> JSONValue {
    let bytes = Array(text.utf8)
    return try bytes.withUnsafeBufferPointer { (b) throws(JSONError) in
      try parse(b, maximumDepth: maximumDepth, maximumCount: maximumCount)
    }
  }

  private init(bytes: UnsafeBufferPointer<UInt8>, maximumDepth: Int, maximumCount: Int) {
    self.bytes = bytes
    self.maximumDepth = maximumDepth
    self.maximumCount = maximumCount
    valuesLeft = maximumCount
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private var found: String {
    guard let byte = next else { return "the end" }
    return byte > 0x20 && byte < 0x7F ? "'\(Character(Unicode.Scalar(byte)))'" : "byte \(byte)"
  }

  private func error(_ message: String) -> JSONError { JSONError(offset: position, message: message) }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
  }

  private mutating func skip(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    position += 1
    return true
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
    skipSpace()
    guard let byte = next else { throw error("expected a value, found the end") }
    valuesLeft -= 1
    if valuesLeft < 0 { throw error("more than \(maximumCount) values") }
    switch byte {
    case UInt8(ascii: "{"): return try object(depth: depth + 1)
    case UInt8(ascii: "["): return try array(depth: depth + 1)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw error("expected a value, found \(found)")
    }
  }

  private mutating func word(_ text: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
    for i in 0..<text.utf8CodeUnitCount where !skip(text.utf8Start[i]) {
      throw error("expected “\(text)”, found \(found)")
    }
    return value
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
    if depth > maximumDepth { throw error("more than \(maximumDepth) levels deep") }
    position += 1
    var members: [JSONValue.Member] = []
    // Most objects have few names, which are sooner compared than hashed.
    var seen: Set<String> = []
    func isNew(_ key: String) -> Bool {
      if members.count < 8 { return !members.contains { $0.key == key } }
      if seen.isEmpty { seen = Set(members.map(\.key)) }
      return seen.insert(key).inserted
    }
    skipSpace()
    if skip(UInt8(ascii: "}")) { return .object([]) }
    while true {
      skipSpace()
      if next != UInt8(ascii: "\"") { throw error("expected a name in quotes, found \(found)") }
      let start = position
      let key = try string()
      if !isNew(key) { throw JSONError(offset: start, message: "the name “\(key)” is given twice") }
      skipSpace()
      if !skip(UInt8(ascii: ":")) { throw error("expected ':', found \(found)") }
      members.append(.init(key: key, value: try value(depth: depth)))
      skipSpace()
      if skip(UInt8(ascii: "}")) { return .object(members) }
      if !skip(UInt8(ascii: ",")) { throw error("expected ',' or '}', found \(found)") }
    }
  }

  private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
    if depth > maximumDepth { throw error("more than \(maximumDepth) levels deep") }
    position += 1
    var values: [JSONValue] = []
    skipSpace()
    if skip(UInt8(ascii: "]")) { return .array([]) }
    while true {
      values.append(try value(depth: depth))
      skipSpace()
      if skip(UInt8(ascii: "]")) { return .array(values) }
      if !skip(UInt8(ascii: ",")) { throw error("expected ',' or ']', found \(found)") }
    }
  }

  private mutating func digits() throws(JSONError) {
    guard let byte = next, (0x30...0x39).contains(byte) else { throw error("expected a digit, found \(found)") }
    while let byte = next, (0x30...0x39).contains(byte) { position += 1 }
  }

  private mutating func number() throws(JSONError) -> JSONValue {
    let start = position
    var isWhole = true
    _ = skip(UInt8(ascii: "-"))
    // A zero stands alone: 01 is not JSON.
    if !skip(UInt8(ascii: "0")) { try digits() }
    if skip(UInt8(ascii: ".")) {
      isWhole = false
      try digits()
    }
    if let byte = next, byte | 0x20 == UInt8(ascii: "e") {
      isWhole = false
      position += 1
      if !skip(UInt8(ascii: "+")) { _ = skip(UInt8(ascii: "-")) }
      try digits()
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isWhole, let value = Int(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else {
      throw JSONError(offset: start, message: "the number \(text.prefix(40)) is too large")
    }
    return .number(value)
  }

  private mutating func string() throws(JSONError) -> String {
    position += 1
    var run = position
    var text = ""
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""):
        let end = try utf8(run..<position)
        position += 1
        return text.isEmpty ? end : text + end
      case UInt8(ascii: "\\"):
        text += try utf8(run..<position)
        position += 1
        text.unicodeScalars.append(try escape())
        run = position
      case 0..<0x20: throw error("a control character (\(byte)) inside a text")
      default: position += 1
      }
    }
    throw error("a text without its closing quote")
  }

  private func utf8(_ range: Range<Int>) throws(JSONError) -> String {
    guard let text = String(validating: bytes[range], as: UTF8.self) else {
      throw JSONError(offset: range.lowerBound, message: "a text that is not UTF-8")
    }
    return text
  }

  private mutating func escape() throws(JSONError) -> Unicode.Scalar {
    guard let byte = next else { throw error("a text without its closing quote") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      var code = try hexadecimal()
      if (0xD800..<0xDC00).contains(code), skip(UInt8(ascii: "\\")), skip(UInt8(ascii: "u")) {
        let low = try hexadecimal()
        guard (0xDC00..<0xE000).contains(low) else { throw error("half of a surrogate pair") }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw error("half of a surrogate pair") }
      return scalar
    default:
      position -= 1
      throw error("expected an escape, found \(found)")
    }
  }

  private mutating func hexadecimal() throws(JSONError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw error("expected four hexadecimal digits, found \(found)")
      }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }
}

extension StrictJSON {
  /// `text` in quotes, with the escapes that JSON asks for and no others.
  package static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\u{8}": result += "\\b"
      case "\u{C}": result += "\\f"
      case "\u{0}"..<"\u{20}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
