import RNNTensor

/// The content of a `.safetensors` file: named tensors and a table of texts.
///
/// Models and checkpoints are such files, and Python's `safetensors` opens them. The same content always gives the
/// same bytes, which are the bytes the Python package writes: wider elements first, then by name, and
/// metadata sorted by key.
///
///     var file = Safetensors(metadata: ["format": "1"])
///     file.entries["weight"] = .float(weight)
///     try file.write(to: "model.safetensors")
///     let weight = try Safetensors(contentsOf: "model.safetensors").tensor(named: "weight")
public struct Safetensors: Sendable {
  /// The numbers under one name. Each case is written with its own type and comes back with the same bits.
  public enum Entry: Sendable {
    /// 32-bit floating point (F32). F16 and BF16 in a file are read as this.
    case float(Tensor)
    /// 64-bit floating point (F64).
    case double([Double], shape: [Int])
    /// 64-bit integers (I64). I32 in a file is read as this.
    case integer([Int64], shape: [Int])
    /// Bytes (U8).
    case byte([UInt8], shape: [Int])

    /// The length of each axis.
    public var shape: [Int] {
      switch self {
      case .float(let tensor): tensor.shape
      case .double(_, let shape), .integer(_, let shape), .byte(_, let shape): shape
      }
    }
  }

  /// Texts by key.
  public var metadata: [String: String]
  /// Numbers by name.
  public var entries: [String: Entry]
  // The file's name, for messages.
  private var source = "the model file"

  public init(metadata: [String: String] = [:], entries: [String: Entry] = [:]) {
    self.metadata = metadata
    self.entries = entries
  }

  /// A file of `Float` tensors.
  public init(_ tensors: [String: Tensor], metadata: [String: String] = [:]) {
    self.init(metadata: metadata, entries: tensors.mapValues { .float($0) })
  }

  /// Reads the file at `path`.
  ///
  /// - Parameter check: looks at the texts before the numbers are read, of which there may be many; what it throws ends the reading.
  public init(
    contentsOf path: String, checking check: (_ metadata: [String: String]) throws(RNNError) -> Void = { _ in }
  ) throws(RNNError) {
    try self.init(InputFile(path), checking: check)
  }

  /// Reads a file that the program itself wrote and will write again.
  package init(own path: String) throws(RNNError) {
    try self.init(InputFile(own: path), checking: { _ in })
  }

  private init(_ opened: consuming InputFile, checking check: (_ metadata: [String: String]) throws(RNNError) -> Void) throws(RNNError) {
    var file = opened
    let path = file.name
    // The first bytes decide whether the rest, which may be anything of any size, is read at all.
    let start = try file.read(9)
    let headerEnd: Int
    do {
      headerEnd = try SafetensorsHeader.end(start, size: file.size, source: path)
    } catch {
      throw Self.explained(error, start + (try file.read(ForeignFormat.length - start.count)), path)
    }
    let head = start + (try file.read(headerEnd - start.count))
    let header = try SafetensorsHeader(head, size: file.size, source: path)
    try check(header.metadata)
    try MemoryNeed("its tensors", bytes: Double(header.dataCount)).check(path, "it can't be read here", .badData)
    let data = try file.readAll(limit: header.dataCount)
    try self.init(header, data[...], source: path)
  }

  /// Reads a file's content from memory; `source` is its name in messages.
  public init(bytes: [UInt8], source: String = "the model file") throws(RNNError) {
    let header: SafetensorsHeader
    do {
      header = try SafetensorsHeader(bytes, size: bytes.count, source: source)
    } catch {
      throw Self.explained(error, bytes, source)
    }
    try self.init(header, bytes[header.end...], source: source)
  }

  /// An error about a file that doesn't begin as ours do: what it is instead, where that is known.
  private static func explained(_ error: RNNError, _ beginning: [UInt8], _ source: String) -> RNNError {
    guard beginning.count < 9 || beginning[8] != UInt8(ascii: "{"), let foreign = ForeignFormat(beginning) else { return error }
    return foreign.error(source, expected: "a model file (safetensors)", isText: false)
  }

  private init(_ header: SafetensorsHeader, _ data: ArraySlice<UInt8>, source: String) throws(RNNError) {
    // A pipe's size is known only now, and a file may have changed since it was opened.
    try header.checkSize(header.end + data.count, source: source)
    self.init(metadata: header.metadata)
    self.source = source
    let content = Content(data)
    for tensor in header.tensors { entries[tensor.name] = Entry(content, tensor.range, tensor.type, tensor.shape) }
  }

  /// The tensor `name` as `Float`, whatever its type in the file; rounded where that was F64 or I64.
  public func tensor(named name: String) throws(RNNError) -> Tensor {
    switch try entry(named: name) {
    case .float(let tensor): tensor
    case .double(let values, let shape): Tensor(values.map { Float($0) }, shape: shape)
    case .integer(let values, let shape): Tensor(values.map { Float($0) }, shape: shape)
    case .byte(let values, let shape): Tensor(values.map { Float($0) }, shape: shape)
    }
  }

  /// The 64-bit numbers `name`, exactly as they were written.
  public func doubles(named name: String) throws(RNNError) -> [Double] {
    guard case .double(let values, _) = try entry(named: name) else { throw wrongType(name, "F64") }
    return values
  }

  /// The integers `name`.
  public func integers(named name: String) throws(RNNError) -> [Int64] {
    guard case .integer(let values, _) = try entry(named: name) else { throw wrongType(name, "I64") }
    return values
  }

  /// The bytes `name`.
  public func bytes(named name: String) throws(RNNError) -> [UInt8] {
    guard case .byte(let values, _) = try entry(named: name) else { throw wrongType(name, "U8") }
    return values
  }

  private func entry(named name: String) throws(RNNError) -> Entry {
    guard let entry = entries[name] else { throw RNNError(.badData, "\(source) has no tensor “\(name)”") }
    return entry
  }

  private func wrongType(_ name: String, _ expected: String) -> RNNError {
    let found = entries[name]?.type.rawValue ?? "nothing"
    return RNNError(.badData, "\(source): tensor “\(name)” is \(found), expected \(expected)")
  }

  /// Writes the file at `path`, whole or not at all (``Files/writeAtomically(_:to:)``).
  public func write(to path: String) throws(RNNError) {
    try Files.writeAtomically(try bytes(), to: path)
  }

  /// The file's content. Fails only if names, shapes and metadata together exceed the format's 100 MB, or are more values than
  /// would be read back.
  public func bytes() throws(RNNError) -> [UInt8] {
    // The header, the texts' table, and of each tensor its object, type, two lists and two offsets.
    let values = 2 + metadata.count + entries.reduce(0) { $0 + 6 + $1.value.shape.count }
    guard values <= SafetensorsHeader.mostValues else {
      throw RNNError(
        .cannotCreate, "\(entries.count) tensors and \(metadata.count) texts are \(values) values, a header that is read has at most \(SafetensorsHeader.mostValues)")
    }
    let ordered = entries.sorted {
      let (a, b) = ($0.value.type.order, $1.value.type.order)
      return a != b ? a < b : $0.key.utf8.lexicographicallyPrecedes($1.key.utf8)
    }
    var members: [String] = []
    if !metadata.isEmpty {
      let sorted = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      let texts = sorted.map { "\(StrictJSON.quoted($0.key)):\(StrictJSON.quoted($0.value))" }
      members.append("\"__metadata__\":{\(texts.joined(separator: ","))}")
    }
    var end = 0
    for (name, entry) in ordered {
      precondition(name != "__metadata__", "a tensor can't be named __metadata__: the format gives that name to the texts")
      let start = end
      end += entry.count * entry.type.size
      let shape = entry.shape.map(String.init).joined(separator: ",")
      members.append(
        "\(StrictJSON.quoted(name)):{\"dtype\":\"\(entry.type.rawValue)\",\"shape\":[\(shape)],\"data_offsets\":[\(start),\(end)]}")
    }
    var header = Array("{\(members.joined(separator: ","))}".utf8)
    header += repeatElement(UInt8(ascii: " "), count: -header.count & 7)
    if header.count > SafetensorsHeader.limit {
      throw RNNError(
        .cannotCreate,
        "names and metadata take \(header.count) bytes, the format (safetensors) allows \(SafetensorsHeader.limit)")
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + header.count + end)
    withUnsafeBytes(of: UInt64(header.count).littleEndian) { bytes += $0 }
    bytes += header
    for (_, entry) in ordered { entry.append(to: &bytes) }
    return bytes
  }
}

/// The numbers of a file, which its tensors share.
private final class Content: Sendable {
  let bytes: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

  subscript(range: Range<Int>) -> ArraySlice<UInt8> {
    bytes[bytes.startIndex + range.lowerBound..<bytes.startIndex + range.upperBound]
  }
}

/// The element types that are read; the raw value is the name in the file.
enum SafetensorsType: String, CaseIterable {
  case int64 = "I64"
  case float64 = "F64"
  case float32 = "F32"
  case int32 = "I32"
  case bfloat16 = "BF16"
  case float16 = "F16"
  case uint8 = "U8"

  var size: Int {
    switch self {
    case .int64, .float64: 8
    case .float32, .int32: 4
    case .bfloat16, .float16: 2
    case .uint8: 1
    }
  }

  /// Where the type's tensors stand in a file: wider ones first, so that each begins at a multiple of its size
  /// (readers that map the file rely on it).
  var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

extension Safetensors.Entry {
  /// The type with which the entry is written.
  var type: SafetensorsType {
    switch self {
    case .float: .float32
    case .double: .float64
    case .integer: .int64
    case .byte: .uint8
    }
  }

  /// The number of elements, which a wrong shape can't make differ.
  fileprivate var count: Int {
    let count =
      switch self {
      case .float(let tensor): tensor.count
      case .double(let values, _): values.count
      case .integer(let values, _): values.count
      case .byte(let values, _): values.count
      }
    precondition(count == shape.reduce(1, *), "\(count) numbers don't fill the shape \(shape)")
    return count
  }

  /// The elements as they lie in memory: every machine this package runs on is little-endian, as the format is.
  fileprivate func append(to bytes: inout [UInt8]) {
    // Appended as bytes of a typed buffer: of a raw one they would be appended one by one.
    func append(_ source: UnsafeRawBufferPointer) { source.withMemoryRebound(to: UInt8.self) { bytes += $0 } }
    switch self {
    case .float(let tensor): tensor.withUnsafeBufferPointer { append(UnsafeRawBufferPointer($0)) }
    case .double(let values, _): values.withUnsafeBytes(append)
    case .integer(let values, _): values.withUnsafeBytes(append)
    case .byte(let values, _): bytes += values
    }
  }

  /// The elements in a part of a file, as many as `shape` says.
  fileprivate init(_ content: Content, _ range: Range<Int>, _ type: SafetensorsType, _ shape: [Int]) {
    let data = content[range]
    switch type {
    case .float32:
      self = data.withUnsafeBytes { source in
        // The bytes are never written, so their address holds as long as the content does.
        if let base = source.baseAddress, Int(bitPattern: base) % MemoryLayout<Float>.alignment == 0 {
          let numbers = UnsafeMutableRawPointer(mutating: base).assumingMemoryBound(to: Float.self)
          return .float(Tensor(shape: shape, at: numbers, of: content))
        }
        return .float(Tensor(shape: shape) { UnsafeMutableRawBufferPointer($0).copyMemory(from: source) })
      }
    case .float16: self = .float(Tensor(Self.words(data, as: UInt16.self).map(Self.fromHalf), shape: shape))
    case .bfloat16:
      self = .float(Tensor(Self.words(data, as: UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }, shape: shape))
    case .float64: self = .double(Self.words(data, as: UInt64.self).map { Double(bitPattern: $0) }, shape: shape)
    case .int64: self = .integer(Self.words(data, as: Int64.self), shape: shape)
    case .int32: self = .integer(Self.words(data, as: Int32.self).map { Int64($0) }, shape: shape)
    case .uint8: self = .byte(Array(data), shape: shape)
    }
  }

  private static func words<Word: FixedWidthInteger>(_ data: ArraySlice<UInt8>, as: Word.Type) -> [Word] {
    let size = MemoryLayout<Word>.size
    return data.withUnsafeBytes { source in
      (0..<source.count / size).map { Word(littleEndian: source.loadUnaligned(fromByteOffset: $0 * size, as: Word.self)) }
    }
  }

  /// The value of a 16-bit floating-point number (Swift's `Float16` does not exist on every Mac).
  private static func fromHalf(_ bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10 & 0x1F)
    let fraction = UInt32(bits & 0x3FF)
    switch exponent {
    case 0:
      let magnitude = Float(fraction) * 0x1p-24
      return Float(bitPattern: magnitude.bitPattern | sign)
    case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }
}
