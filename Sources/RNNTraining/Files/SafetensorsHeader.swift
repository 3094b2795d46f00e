import RNNTensor

/// The header of a `.safetensors` file, every statement of which has been checked against the others and the file's
/// size, so that what follows can trust it.
struct SafetensorsHeader {
  struct Entry {
    let name: String
    let type: SafetensorsType
    let shape: [Int]
    /// Where the elements are, counted from the header's end.
    let range: Range<Int>
  }

  /// The longest header the format allows.
  static let limit = 100_000_000
  /// The most values in a header that is read. A tensor has about eight: the largest models have some ten thousand in a file.
  static let mostValues = 1 << 20

  private(set) var metadata: [String: String] = [:]
  /// In the order of their data.
  private(set) var tensors: [Entry] = []
  /// Where the header ends and the data begin.
  let end: Int
  /// The size of the data.
  private(set) var dataCount = 0

  /// Where the header ends, from the file's first nine bytes and, where it is known, its size.
  static func end(_ start: [UInt8], size: Int?, source: String) throws(RNNError) -> Int {
    func notAModel(_ reason: String) -> RNNError {
      RNNError(.badData, "\(source) is not a model file (safetensors): \(reason)")
    }
    if start.count < 9 { throw notAModel("it has only \(start.count) bytes") }
    let length = start[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    if start[8] != UInt8(ascii: "{") { throw notAModel("byte 8 is \(start[8]), expected '{'") }
    if length > UInt64(limit) {
      throw notAModel("it claims a header of \(length) bytes, at most \(limit) are allowed")
    }
    if length < 2 { throw notAModel("it claims a header of \(length) bytes, expected at least 2") }
    let end = 8 + Int(length)
    if let size, size < end { throw cut(source, size, "its header alone ends at byte \(end)") }
    return end
  }

  private static func cut(_ source: String, _ size: Int, _ expected: String) -> RNNError {
    RNNError(.badData, "\(source) is cut off: it has \(size) bytes, \(expected)")
  }

  /// Reads the header at the beginning of `bytes`; `size` is the whole file's, where it is known.
  init(_ bytes: [UInt8], size: Int?, source: String) throws(RNNError) {
    end = try Self.end(Array(bytes.prefix(9)), size: size, source: source)
    if bytes.count < end { throw Self.cut(source, bytes.count, "its header alone ends at byte \(end)") }
    let json: JSONValue
    do {
      json = try bytes[8..<end].withUnsafeBufferPointer { (header) throws(JSONError) in
        // {"name": {"shape": [1]}} is all the depth there is.
        try StrictJSON.parse(header, maximumDepth: 3, maximumCount: Self.mostValues)
      }
    } catch {
      throw RNNError(.badData, "\(source), byte \(8 + error.offset): bad header: \(error.message)")
    }
    guard case .object(let members) = json else {
      throw RNNError(.badData, "\(source): the header is \(json.kind), expected an object")
    }
    for member in members {
      if member.key == "__metadata__" {
        metadata = try Self.metadata(member.value, source)
      } else {
        tensors.append(try Self.entry(member, source))
      }
    }
    try placeTensors(source)
    if let size { try checkSize(size, source: source) }
  }

  /// Fails unless the data fill the rest of a file of `size` bytes exactly.
  func checkSize(_ size: Int, source: String) throws(RNNError) {
    // No sum here: `dataCount` is only what the file claims.
    if size - end < dataCount { throw Self.cut(source, size, "its header announces \(dataCount) bytes after byte \(end)") }
    if size - end > dataCount {
      throw RNNError(
        .badData, "\(source) has \(size - end - dataCount) bytes after its last tensor, expected none")
    }
  }

  private static func metadata(_ value: JSONValue, _ source: String) throws(RNNError) -> [String: String] {
    guard case .object(let members) = value else {
      throw RNNError(.badData, "\(source): __metadata__ is \(value.kind), expected an object of texts")
    }
    var metadata: [String: String] = [:]
    for member in members {
      guard case .string(let text) = member.value else {
        throw RNNError(.badData, "\(source): the metadata “\(member.key)” is \(member.value.kind), expected a text")
      }
      metadata[member.key] = text
    }
    return metadata
  }

  private static func entry(_ member: JSONValue.Member, _ source: String) throws(RNNError) -> Entry {
    let name = member.key
    func bad(_ message: String) -> RNNError { RNNError(.badData, "\(source): tensor “\(name.prefix(200))”: \(message)") }
    guard case .object(let fields) = member.value else {
      throw bad("found \(member.value.kind), expected an object with dtype, shape and data_offsets")
    }
    var type: SafetensorsType?
    var shape: [Int]?
    var offsets: [Int]?
    for field in fields {
      switch field.key {
      case "dtype":
        guard case .string(let text) = field.value else { throw bad("dtype is \(field.value.kind), expected a text") }
        guard let known = SafetensorsType(rawValue: text) else {
          let all = SafetensorsType.allCases.map(\.rawValue).joined(separator: ", ")
          throw bad("the dtype \(text.prefix(40)) can't be read, only \(all)")
        }
        type = known
      case "shape": shape = try numbers(field, bad)
      case "data_offsets": offsets = try numbers(field, bad)
      default: throw bad("unknown field “\(field.key.prefix(40))”, expected dtype, shape and data_offsets")
      }
    }
    guard let type else { throw bad("no dtype") }
    guard let shape else { throw bad("no shape") }
    guard let offsets else { throw bad("no data_offsets") }
    guard offsets.count == 2, offsets[0] <= offsets[1] else {
      throw bad("data_offsets are \(offsets.prefix(8)), expected a begin and an end not before it")
    }
    // Zeros are left out of the product, so that no part of it can overflow in any order.
    var size = type.size
    for length in shape where length > 0 {
      let (product, overflow) = size.multipliedReportingOverflow(by: length)
      if overflow { throw bad("the shape \(shape.prefix(8)) is too large for any file") }
      size = product
    }
    if shape.contains(0) { size = 0 }
    if offsets[1] - offsets[0] != size {
      throw bad("\(type.rawValue) of shape \(shape.prefix(8)) takes \(size) bytes, data_offsets give \(offsets[1] - offsets[0])")
    }
    return Entry(name: name, type: type, shape: shape, range: offsets[0]..<offsets[1])
  }

  private static func numbers(
    _ field: JSONValue.Member, _ bad: (String) -> RNNError
  ) throws(RNNError) -> [Int] {
    guard case .array(let values) = field.value else { throw bad("\(field.key) is \(field.value.kind), expected a list") }
    var numbers: [Int] = []
    for value in values {
      guard case .integer(let number) = value, number >= 0 else {
        throw bad("\(field.key) holds \(value.kind), expected whole numbers from 0")
      }
      numbers.append(number)
    }
    return numbers
  }

  /// Sorts the tensors by their place and fails unless they follow each other without holes or overlaps.
  private mutating func placeTensors(_ source: String) throws(RNNError) {
    tensors.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
    for tensor in tensors {
      if tensor.range.lowerBound != dataCount {
        let what = tensor.range.lowerBound < dataCount ? "overlaps the one before it" : "leaves a hole before it"
        throw RNNError(
          .badData,
          "\(source): tensor “\(tensor.name.prefix(200))” \(what): it begins at \(tensor.range.lowerBound), expected \(dataCount)")
      }
      dataCount = tensor.range.upperBound
    }
  }
}
