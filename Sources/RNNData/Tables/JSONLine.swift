import RNNTensor

/// A line of JSON lines: an object, whose members are a row's fields by their names.
struct JSONLine {
  /// The fields in their order. The members of an object inside have both names, `translation.en`.
  let fields: [(name: String, value: JSONValue)]
  private let place: String

  /// - Parameter place: names the line in messages.
  /// - Throws: `.badData` with the byte, for anything but an object.
  init(_ line: [UInt8], at place: String) throws(RNNError) {
    self.place = place
    let value: JSONValue
    do throws(JSONError) {
      value = try line.withUnsafeBufferPointer { (bytes) throws(JSONError) in try StrictJSON.parse(bytes) }
    } catch {
      throw RNNError(.badData, "\(place), byte \(error.offset + 1): \(error.message); expected an object of JSON in the line")
    }
    guard case .object(let members) = value else { throw RNNError(.badData, "\(place): found \(value.kind), expected an object of JSON") }
    fields = members.flatMap { member in
      guard case .object(let inner) = member.value else { return [(member.key, member.value)] }
      return inner.map { ("\(member.key).\($0.key)", $0.value) }
    }
  }

  /// The names of the fields that can have a text.
  var names: [String] { fields.filter { Self.text($0.value) != nil }.map(\.name) }

  /// The text of a field: numbers and truth values as they are written.
  ///
  /// - Throws: `.badData` where it is missing or something else.
  func text(_ name: String) throws(RNNError) -> String {
    guard let field = fields.first(where: { $0.name == name }) else {
      throw RNNError(.badData, "\(place): there is no ‘\(name)’; found \(Self.shown(fields.map(\.name)))")
    }
    guard let text = Self.text(field.value) else { throw RNNError(.badData, "\(place): ‘\(name)’ is \(field.value.kind), expected a text") }
    return text
  }

  private static func text(_ value: JSONValue) -> String? {
    switch value {
    case .string(let text): text
    case .integer(let number): "\(number)"
    case .number(let number): "\(number)"
    case .bool(let isTrue): "\(isTrue)"
    case .null, .array, .object: nil
    }
  }

  private static func shown(_ names: [String]) -> String {
    names.isEmpty ? "no name" : names.prefix(20).map { "‘\($0.prefix(40))’" }.joined(separator: ", ") + (names.count > 20 ? " …" : "")
  }

  // MARK: What a file is

  /// Whether a file is JSON lines: its first line is an object, or begins as one and the file's name says so.
  ///
  /// - Throws: `.badData` for a file of JSON that is not lines of objects.
  static func isFormat(of sample: [UInt8], name: String) throws(RNNError) -> Bool {
    let ending = name.split(separator: ".").last?.lowercased() ?? ""
    let isNamed = isNamed(name) || ending == "json"
    var beginning = sample[...]
    if beginning.starts(with: [0xEF, 0xBB, 0xBF]) { beginning = beginning.dropFirst(3) }
    beginning = beginning.drop(while: WordCutter.isWhitespace)
    if isNamed, beginning.first == UInt8(ascii: "[") {
      throw RNNError(.badData, "\(name) is a list of JSON, expected JSON lines: an object in each line (jq -c '.[]')")
    }
    guard beginning.first == UInt8(ascii: "{") else { return false }
    return isNamed || (try? JSONLine(Array(beginning.prefix { $0 != 0x0A && $0 != 0x0D }), at: "")) != nil
  }

  /// Whether a file's name is that of JSON lines.
  static func isNamed(_ name: String) -> Bool { [".jsonl", ".ndjson"].contains { name.lowercased().hasSuffix($0) } }

  /// The name of a field that somebody asked for: as it is, or that of a member of an object inside, `en` for `translation.en`.
  ///
  /// - Throws: `.badData` naming the fields that there are.
  static func name(_ wanted: String, among names: [String], at place: String) throws(RNNError) -> String {
    if let name = names.first(where: { $0 == wanted }) ?? names.first(where: { $0.hasSuffix(".\(wanted)") }) { return name }
    throw RNNError(.badData, "\(place): there is no ‘\(wanted)’; found \(shown(names))")
  }
}
