import Foundation
import RNNTestSupport
import RNNTraining
import Testing

/// A file of `header` and `data`, with the right length in front unless another is given.
private func file(_ header: String, data: Int = 0, length: UInt64? = nil) -> [UInt8] {
  withUnsafeBytes(of: (length ?? UInt64(header.utf8.count)).littleEndian) { Array($0) }
    + Array(header.utf8) + [UInt8](repeating: 1, count: data)
}

private func fixture(_ name: String) throws -> String {
  try #require(Bundle.module.url(forResource: name, withExtension: "safetensors", subdirectory: "Fixtures")).path
}

/// The message with which `bytes` are refused, or `nil` if they are read.
private func refusal(_ bytes: [UInt8]) -> RNNError? {
  do throws(RNNError) {
    _ = try Safetensors(bytes: bytes, source: "m")
    return nil
  } catch { return error }
}

private func bits(_ tensor: Tensor) -> [UInt32] { tensor.values.map(\.bitPattern) }

private let specialBits: [UInt32] = [
  0x7FC0_1234, 0x7F80_1234, 0x8000_0000, 0, 1, 0x7F7F_FFFF, 0x7F80_0000, 0xFF80_0000,
]

@Suite struct SafetensorsTests {
  private let small = Safetensors(
    metadata: ["b": "2", "a": "é \"q\" \\ \n\u{1}", "": ""],
    entries: [
      "w": .float(Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])),
      "special": .float(Tensor(specialBits.map { Float(bitPattern: $0) }, shape: [8])),
      "d": .double([1 / 3, -0.0, 0x1p-1074, .nan], shape: [2, 2]),
      "i": .integer([.min, Int64(bitPattern: .max)], shape: [2]),
      "u": .byte([0, 255, 7], shape: [3]),
      "none": .float(Tensor(zeros: [0, 4])),
      "one": .float(Tensor(-1.5)),
    ])

  @Test func everyBitComesBack() throws {
    let bytes = try small.bytes()
    let read = try Safetensors(bytes: bytes)
    #expect(read.metadata == small.metadata)
    #expect(Set(read.entries.keys) == Set(small.entries.keys))
    #expect(try read.tensor(named: "w") == Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3]))
    #expect(try bits(read.tensor(named: "special")) == specialBits)
    #expect(
      try read.doubles(named: "d").map(\.bitPattern) == [1 / 3, -0.0, 0x1p-1074, Double.nan].map(\.bitPattern))
    #expect(read.entries["d"]?.shape == [2, 2])
    #expect(try read.integers(named: "i") == [.min, -1])
    #expect(try read.bytes(named: "u") == [0, 255, 7])
    #expect(try read.tensor(named: "none").shape == [0, 4])
    #expect(try read.tensor(named: "one").shape == [])
    #expect(try read.bytes() == bytes)
  }

  /// A header of millions of values is refused before it costs seconds, and none is written that isn't read.
  @Test func theValuesOfAHeaderAreBounded() throws {
    let most = 1 << 20
    func texts(_ count: Int) -> Safetensors { Safetensors(metadata: Dictionary(uniqueKeysWithValues: (0..<count).map { (String($0), "") })) }
    #expect(try Safetensors(bytes: texts(most - 2).bytes()).metadata.count == most - 2)
    #expect(throws: RNNError.self) { try texts(most - 1).bytes() }
    let many = "{\"__metadata__\":{" + (0..<most).map { "\"\($0)\":\"\"" }.joined(separator: ",") + "}}"
    #expect(refusal(file(many))?.message.contains("more than 1048576 values") == true)
    let shape = "{\"a\":{\"dtype\":\"U8\",\"shape\":[" + String(repeating: "1,", count: 2 * most) + "1],\"data_offsets\":[0,1]}}"
    #expect(refusal(file(shape, data: 1))?.message.contains("more than 1048576 values") == true)
  }

  @Test func oneContentHasOneForm() throws {
    var other = Safetensors()
    for name in small.entries.keys.sorted().reversed() { other.entries[name] = small.entries[name] }
    for key in small.metadata.keys.sorted().reversed() { other.metadata[key] = small.metadata[key] }
    #expect(try other.bytes() == small.bytes())
    let bytes = try small.bytes()
    #expect(bytes[0] % 8 == 0)
    #expect(try Safetensors().bytes() == file("{}      "))
    #expect(try Safetensors(bytes: file("{}")).entries.isEmpty)
  }

  @Test func wideElementsStandFirstSoThatAllAreAligned() throws {
    let bytes = try Safetensors(entries: [
      "a": .byte([1], shape: [1]), "b": .float(Tensor(1)), "c": .double([1], shape: []), "d": .integer([1], shape: []),
    ]).bytes()
    let text = String(decoding: bytes[8...], as: UTF8.self)
    let places = try ["\"d\"", "\"c\"", "\"b\"", "\"a\""].map { try #require(text.range(of: $0)).lowerBound }
    #expect(places == places.sorted())
  }

  // MARK: Files from Python

  @Test func readsAndWritesWhatPythonWrites() throws {
    let path = try fixture("python")
    let read = try Safetensors(contentsOf: path)
    #expect(read.metadata == ["format": "é \"quoted\" \\ \n\u{1}"])
    #expect(try read.tensor(named: "weight") == Tensor([0, 0.25, 0.5, 0.75, 1, 1.25], shape: [2, 3]))
    #expect(try bits(read.tensor(named: "special")) == specialBits)
    #expect(try read.tensor(named: "scalar") == Tensor(-1.5))
    #expect(try read.tensor(named: "empty").shape == [0, 4])
    #expect(try read.doubles(named: "double").map(\.bitPattern) == [1 / 3, -0.0, 0x1p-1074].map(\.bitPattern))
    #expect(try read.integers(named: "integer") == [1 << 62 + 1, -1])
    #expect(read.entries["integer"]?.shape == [1, 2])
    #expect(try read.bytes(named: "byte") == [0, 255, 7])
    #expect(try read.bytes() == Files.read(path), "the same content is the same bytes in both languages")
  }

  @Test func narrowTypesAreWidened() throws {
    let read = try Safetensors(contentsOf: fixture("narrow"))
    let half: [Float] = [1.5, -65504, 0x1p-24, 0x1p-14, .infinity, -0.0]
    #expect(try bits(read.tensor(named: "half")) == half.map(\.bitPattern))
    #expect(
      try read.tensor(named: "bfloat").values == [1.5, Float(bitPattern: 0xFF62_0000), 0x1p-133, -.infinity])
    #expect(try read.integers(named: "int32") == [Int64(Int32.min), 7])
    #expect(try read.tensor(named: "int32").values == [-0x1p31, 7])
  }

  #if !(os(macOS) && arch(x86_64))
    @Test func everyHalfIsWhatTheHardwareSays() throws {
      let all = (0...UInt16.max).map { $0 }
      let data = all.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
      let header = #"{"h":{"dtype":"F16","shape":[65536],"data_offsets":[0,131072]}}"#
      let read = try Safetensors(bytes: file(header) + data).tensor(named: "h").values
      let wrong = zip(all, read).filter { bits, value in
        let expected = Float(Float16(bitPattern: bits))
        return expected.isNaN ? !value.isNaN : expected.bitPattern != value.bitPattern
      }
      #expect(wrong.isEmpty, "\(wrong.prefix(4))")
    }
  #endif

  @Test func anUnknownTypeNamesTheTensorAndTheType() throws {
    let path = try fixture("bool")
    #expect(throws: RNNError(.badData, "\(path): tensor “mask”: the dtype BOOL can't be read, only I64, F64, F32, I32, BF16, F16, U8")) {
      try Safetensors(contentsOf: path)
    }
  }

  @Test func askingForWhatIsNotThereSaysSo() throws {
    let read = try Safetensors(bytes: small.bytes(), source: "m.safetensors")
    #expect(throws: RNNError(.badData, "m.safetensors has no tensor “x”")) { try read.tensor(named: "x") }
    #expect(throws: RNNError(.badData, "m.safetensors: tensor “w” is F32, expected F64")) { try read.doubles(named: "w") }
    #expect(throws: RNNError(.badData, "m.safetensors: tensor “d” is F64, expected I64")) { try read.integers(named: "d") }
    #expect(throws: RNNError(.badData, "m.safetensors: tensor “i” is I64, expected U8")) { try read.bytes(named: "i") }
  }

  // MARK: Hostile files

  private static func tensor(_ dtype: String, _ shape: String, _ offsets: String) -> String {
    #"{"a":{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":\#(offsets)}}"#
  }

  private static func two(_ first: String, _ second: String) -> String {
    #"{"a":{"dtype":"U8","shape":[4],"data_offsets":\#(first)},"b":{"dtype":"U8","shape":[4],"data_offsets":\#(second)}}"#
  }

  /// What is wrong, the file, and what the message must say.
  private static let hostile: [(String, [UInt8], String)] = [
    ("nothing", [], "m is not a model file (safetensors): it has only 0 bytes"),
    ("a header of 2^60 bytes", file("{}", length: 1 << 60), "it claims a header of 1152921504606846976 bytes, at most 100000000"),
    ("a header of 2^64-1 bytes", file("{}", length: .max), "it claims a header of 18446744073709551615 bytes"),
    ("a header just over the limit", file("{}", length: 100_000_001), "it claims a header of 100000001 bytes"),
    ("a header at the limit, cut", file("{}", length: 100_000_000), "m is cut off: it has 10 bytes, its header alone ends at byte 100000008"),
    ("an empty header", file("{}", length: 0), "it claims a header of 0 bytes"),
    ("another format", Array("PK\u{3}\u{4} some zip".utf8), "m is a zip archive, expected a model file (safetensors); unpack it first (unzip)"),
    ("a list", file("[]"), "byte 8 is 91, expected '{'"),
    ("no JSON", file("{nonsense}"), "m, byte 9: bad header: expected a name in quotes, found 'n'"),
    ("two values", file("{}{}"), "bad header: expected the end, found '{'"),
    ("no UTF-8", Array(file(#"{"__metadata__":{"a":"é"}}"#).map { $0 == 0xA9 ? 0xFF : $0 }), "not UTF-8"),
    ("deep nesting", file("{\"a\":" + String(repeating: "[", count: 100_000)), "more than 3 levels deep"),
    ("a tensor twice", file(#"{"a":1,"a":2}"#), "the name “a” is given twice"),
    ("a field twice", file(#"{"a":{"dtype":"U8","dtype":"U8"}}"#), "the name “dtype” is given twice"),
    ("metadata twice", file(#"{"__metadata__":{"k":"1","\u006b":"2"}}"#), "the name “k” is given twice"),
    ("metadata that is no object", file(#"{"__metadata__":[]}"#), "__metadata__ is a list, expected an object of texts"),
    ("metadata that is no text", file(#"{"__metadata__":{"k":1}}"#), "the metadata “k” is the number 1, expected a text"),
    ("a tensor that is no object", file(#"{"a":[1]}"#), "tensor “a”: found a list, expected an object"),
    ("no dtype", file(#"{"a":{"shape":[0],"data_offsets":[0,0]}}"#), "tensor “a”: no dtype"),
    ("no shape", file(#"{"a":{"dtype":"U8","data_offsets":[0,0]}}"#), "tensor “a”: no shape"),
    ("no offsets", file(#"{"a":{"dtype":"U8","shape":[0]}}"#), "tensor “a”: no data_offsets"),
    ("an unknown field", file(#"{"a":{"stride":1}}"#), "unknown field “stride”"),
    ("an unknown type", file(tensor("F8_E4M3", "[1]", "[0,1]"), data: 1), "the dtype F8_E4M3 can't be read"),
    ("a type that is no text", file(tensor("U8", "[1]", "[0,1]").replacingOccurrences(of: "\"U8\"", with: "8"), data: 1), "dtype is the number 8"),
    ("a shape that overflows", file(tensor("F32", "[4294967296,4294967296]", "[0,0]")), "too large for any file"),
    ("a shape that overflows beside a zero", file(tensor("F32", "[0,4294967296,4294967296]", "[0,0]")), "too large for any file"),
    ("a length beyond Int", file(tensor("F32", "[18446744073709551616]", "[0,0]")), "shape holds the number 1.8446744073709552e+19"),
    ("a negative length", file(tensor("U8", "[-1]", "[0,1]"), data: 1), "shape holds the number -1, expected whole numbers from 0"),
    ("a fractional length", file(tensor("U8", "[1.5]", "[0,1]"), data: 1), "shape holds the number 1.5"),
    ("a length with an exponent", file(tensor("U8", "[1e0]", "[0,1]"), data: 1), "shape holds the number 1.0"),
    ("a number beyond Double", file(tensor("U8", "[1e999]", "[0,1]"), data: 1), "the number 1e999 is too large"),
    ("a shape that is no list", file(tensor("U8", "1", "[0,1]"), data: 1), "shape is the number 1, expected a list"),
    ("negative offsets", file(tensor("U8", "[1]", "[-1,0]"), data: 1), "data_offsets holds the number -1"),
    ("one offset", file(tensor("U8", "[1]", "[1]"), data: 1), "data_offsets are [1], expected a begin and an end"),
    ("offsets that run backwards", file(tensor("U8", "[1]", "[1,0]"), data: 1), "data_offsets are [1, 0]"),
    ("offsets of another size", file(tensor("F32", "[2]", "[0,4]"), data: 4), "F32 of shape [2] takes 8 bytes, data_offsets give 4"),
    ("a begin that is not 0", file(tensor("U8", "[1]", "[1,2]"), data: 2), "leaves a hole before it: it begins at 1, expected 0"),
    ("a hole", file(two("[0,4]", "[5,9]"), data: 9), "tensor “b” leaves a hole before it: it begins at 5, expected 4"),
    ("an overlap", file(two("[0,4]", "[3,7]"), data: 7), "tensor “b” overlaps the one before it: it begins at 3, expected 4"),
    ("the same place twice", file(two("[0,4]", "[0,4]"), data: 4), "overlaps the one before it: it begins at 0, expected 4"),
    ("an end beyond the file", file(tensor("U8", "[9000000000000000000]", "[0,9000000000000000000]"), data: 3), "m is cut off: it has"),
    ("bytes after the end", file(tensor("U8", "[1]", "[0,1]"), data: 3), "m has 2 bytes after its last tensor, expected none"),
    ("bytes after no tensors", file("{}", data: 1), "m has 1 bytes after its last tensor"),
  ]

  @Test(arguments: hostile.indices)
  func hostileFilesAreRefusedWithAReason(_ index: Int) throws {
    let (what, bytes, expected) = Self.hostile[index]
    let error = try #require(refusal(bytes), "\(what) was read")
    #expect(error.kind == .badData)
    #expect(error.message.contains(expected), "\(what): \(error.message)")
    #expect(error.message.hasPrefix("m"), "\(what): no file in “\(error.message)”")
    // From a file, which is read in parts, the answer is the same.
    let path = temporary("hostile-\(index)")
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Files.writeAtomically(bytes, to: path)
    #expect(throws: RNNError(.badData, path + error.message.dropFirst())) { try Safetensors(contentsOf: path) }
  }

  @Test func aFileCutAnywhereIsRefused() throws {
    let bytes = try small.bytes()
    for length in bytes.indices {
      let error = try #require(refusal(Array(bytes[..<length])), "cut after \(length) bytes")
      #expect(error.kind == .badData && (error.message.contains("cut off") || length < 9))
    }
  }

  @Test func aHeaderWithAnyByteChangedIsReadOrRefused() throws {
    let bytes = try Safetensors(metadata: ["k": "v"], entries: ["a": .float(Tensor([1, 2], shape: [2])), "b": .byte([3], shape: [1])]).bytes()
    let end = 8 + Int(bytes[0])
    var refused = 0
    for place in 0..<end {
      var changed = bytes
      for value in UInt8.min...UInt8.max where value != bytes[place] {
        changed[place] = value
        if refusal(changed) != nil { refused += 1 }
      }
    }
    // Texts and names may hold nearly anything and white space is white space; most of the rest must not pass.
    #expect(refused > end * 255 * 8 / 10)
  }

  @Test func randomDamageIsReadOrRefused() throws {
    var state: UInt64 = 7
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let bytes = try small.bytes()
    for _ in 0..<2000 {
      var changed = bytes
      for _ in 0...random(4) {
        let place = random(changed.count)
        switch random(4) {
        case 0: changed[place] = UInt8(random(256))
        case 1: changed.remove(at: place)
        case 2: changed.insert(UInt8(random(256)), at: place)
        default: changed.insert(contentsOf: changed[place..<min(place + random(40), changed.count)], at: random(changed.count))
        }
      }
      // What still reads must also write, and be read again.
      if let read = try? Safetensors(bytes: changed) { #expect(refusal(try read.bytes()) == nil) }
    }
  }

  @Test func tensorsMayStandInAnyOrderInTheHeader() throws {
    let read = try Safetensors(bytes: file(Self.two("[4,8]", "[0,4]")) + [1, 2, 3, 4, 5, 6, 7, 8])
    #expect(try read.bytes(named: "a") == [5, 6, 7, 8])
    #expect(try read.bytes(named: "b") == [1, 2, 3, 4])
  }

  @Test func whatIsNoFileIsNoInput() throws {
    let missing = temporary("missing")
    #expect(throws: RNNError(.noInput, "no such file: \(missing)")) { try Safetensors(contentsOf: missing) }
    #expect(throws: RNNError(.noInput, "no such file: /dev/null/x")) { try Safetensors(contentsOf: "/dev/null/x") }
    let directory = FileManager.default.temporaryDirectory.path
    #expect(throws: RNNError(.noInput, "\(directory) is a directory, expected a file")) {
      try Safetensors(contentsOf: directory)
    }
    // Endless, and refused at once.
    #expect(throws: RNNError(.badData, "/dev/zero is not a model file (safetensors): byte 8 is 0, expected '{'")) {
      try Safetensors(contentsOf: "/dev/zero")
    }
  }
}

/// A path in the directory for temporary files that nothing else uses.
func temporary(_ name: String) -> String {
  FileManager.default.temporaryDirectory.appendingPathComponent("rnn-\(name)-\(UUID().uuidString)").path
}
