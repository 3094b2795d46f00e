public import RNNTensor

/// Byte-pair encoding as the `tokenizer.json` of Hugging Face's `tokenizers`, so that Python gives the same tokens:
/// `Tokenizer.from_file("tokenizer.json").encode(text).ids`.
extension Tokenizer {
  /// The `tokenizer.json` of byte-pair encoding; nil for other kinds.
  public var json: String? {
    guard let pairs else { return nil }
    func quoted(_ token: Int32) -> String { StrictJSON.quoted(ByteAlphabet.text(decode(token))) }
    // What was added is written as it is, which may be another text in the alphabet of bytes.
    let others = Set(pairs.added.filter { ByteAlphabet.text($0.text) != String(decoding: $0.text, as: UTF8.self) }.map(\.token))
    let vocabulary = (0..<Int32(count)).filter { !others.contains($0) }.map { "\(quoted($0)):\($0)" }
    let merges = pairs.merges.map {
      StrictJSON.quoted(ByteAlphabet.text(decode($0.left)) + " " + ByteAlphabet.text(decode($0.right)))
    }
    let addedTokens = pairs.added.map {
      "{\"id\":\($0.token),\"content\":\(StrictJSON.quoted(String(decoding: $0.text, as: UTF8.self))),\"single_word\":false,\"lstrip\":false,"
        + "\"rstrip\":false,\"normalized\":false,\"special\":\($0.isSpecial)}"
    }
    let byteLevel = "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":true}"
    return "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[\(addedTokens.joined(separator: ","))],"
      + "\"normalizer\":null,\"pre_tokenizer\":\(byteLevel),\"post_processor\":null,\"decoder\":\(byteLevel),"
      + "\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":null,\"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,"
      + "\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":false,\"vocab\":{\(vocabulary.joined(separator: ","))},"
      + "\"merges\":[\(merges.joined(separator: ","))]}}"
  }

  /// The tokenizer of a `tokenizer.json`.
  ///
  /// - Throws: `.noInput` where the file is missing, `.badData` as below.
  public init(contentsOf path: String) throws(RNNError) {
    try self.init(json: try Files.read(path, limit: 1 << 28), source: path)
  }

  /// The tokenizer of the content of a `tokenizer.json`, which must be byte-level byte-pair encoding: anything else in it that
  /// changes what tokens a text has is refused by its name, rather than read as if it weren't there.
  ///
  /// - Parameter source: its name in messages.
  /// - Throws: `.badData` saying what was found and what was expected.
  public init(json: [UInt8], source: String) throws(RNNError) {
    let file: JSONValue
    do throws(JSONError) {
      file = try json.withUnsafeBufferPointer { (bytes) throws(JSONError) in try StrictJSON.parse(bytes) }
    } catch {
      try ForeignFormat.check(json, name: source, expected: "the JSON of a tokenizer", isText: false)
      throw RNNError(.badData, "\(source), byte \(error.offset): \(error.message); it is not the JSON of a tokenizer")
    }
    let reader = TokenizerReader(source: source)
    self = try reader.tokenizer(file)
  }
}

/// Reads the parts of a `tokenizer.json`.
private struct TokenizerReader {
  let source: String

  private func bad(_ place: String, _ found: String, _ expected: String) -> RNNError {
    RNNError(.badData, "\(source): \(place) is \(found), expected \(expected)")
  }

  func tokenizer(_ file: JSONValue) throws(RNNError) -> Tokenizer {
    let file = try members(file, "the file", ["version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model"])
    for name in ["truncation", "padding", "normalizer"] {
      if let part = file[name], part != .null { throw bad(name, described(part), "null") }
    }
    // What kind of tokenizer it is says most.
    let model = try self.model(file["model"])
    try byteLevel(file["pre_tokenizer"], "pre_tokenizer")
    try byteLevel(file["decoder"], "decoder")
    if let part = file["post_processor"], part != .null { try byteLevel(part, "post_processor") }

    var texts = try vocabulary(model["vocab"])
    let added = try self.added(file["added_tokens"], &texts)
    let count = texts.count
    var list = [[UInt8]](repeating: [], count: count)
    for (text, id) in texts {
      guard id < count else { throw bad("the token “\(text.prefix(40))”", "number \(id)", "less than \(count), the number of tokens: none may be left out") }
      list[id] = ByteAlphabet.bytes(text) ?? []
    }
    for token in added { list[Int(token.token)] = token.text }
    var bytes = [Int32](repeating: -1, count: 256)
    for byte in 0..<256 {
      let text = ByteAlphabet.text([UInt8(byte)])
      guard let id = texts[text] else {
        throw RNNError(.badData, "\(source): model.vocab has no token “\(text)” for the byte \(hexadecimal([UInt8(byte)], separator: "")), expected one for each of the 256 bytes")
      }
      bytes[byte] = Int32(id)
    }
    return Tokenizer(BytePairs(bytes: bytes, merges: try merges(model["merges"], texts), added: added), texts: list)
  }

  // MARK: Parts

  /// The members of an object that has no others than these.
  private func members(_ value: JSONValue?, _ place: String, _ known: Set<String>) throws(RNNError) -> [String: JSONValue] {
    guard case .object(let members)? = value else { throw bad(place, value?.kind ?? "missing", "an object") }
    var result: [String: JSONValue] = [:]
    for member in members {
      guard known.contains(member.key) else {
        throw RNNError(.badData, "\(source): \(place) has “\(member.key.prefix(40))”, which isn't known and may change what tokens a text has")
      }
      result[member.key] = member.value
    }
    return result
  }

  /// A part by the name of its type, if it has one.
  private func described(_ part: JSONValue) -> String {
    if case .object(let members) = part, case .string(let type)? = members.first(where: { $0.key == "type" })?.value {
      return "of the type \(type.prefix(40))"
    }
    return part.kind
  }

  private func isType(_ type: String, _ part: JSONValue?) -> Bool {
    guard case .object(let members)? = part else { return false }
    return members.contains { $0.key == "type" && $0.value == .string(type) }
  }

  private func byteLevel(_ part: JSONValue?, _ name: String) throws(RNNError) {
    guard isType("ByteLevel", part) else { throw bad(name, part.map(described) ?? "missing", "of the type ByteLevel") }
    let members = try members(part, name, ["type", "add_prefix_space", "trim_offsets", "use_regex"])
    guard name == "pre_tokenizer" else { return }
    // Its default is to add one.
    guard members["add_prefix_space"] == .bool(false) else {
      throw bad("pre_tokenizer.add_prefix_space", members["add_prefix_space"]?.kind ?? "missing", "false")
    }
    guard members["use_regex"] ?? .bool(true) == .bool(true) else { throw bad("pre_tokenizer.use_regex", members["use_regex"]?.kind ?? "", "true") }
  }

  private func model(_ part: JSONValue?) throws(RNNError) -> [String: JSONValue] {
    guard isType("BPE", part) else { throw bad("model", part.map(described) ?? "missing", "of the type BPE") }
    let model = try members(
      part, "model",
      ["type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges"])
    // What is said of unknown text means nothing: all bytes have tokens.
    let neutral: [(String, [JSONValue])] = [
      ("dropout", [.null, .integer(0), .number(0)]), ("continuing_subword_prefix", [.null, .string("")]),
      ("end_of_word_suffix", [.null, .string("")]), ("ignore_merges", [.null, .bool(false)]),
    ]
    for (name, allowed) in neutral {
      if let value = model[name], !allowed.contains(value) { throw bad("model.\(name)", value.kind, "none: \(allowed.map(\.kind).joined(separator: " or "))") }
    }
    return model
  }

  private func vocabulary(_ value: JSONValue?) throws(RNNError) -> [String: Int] {
    guard case .object(let members)? = value else { throw bad("model.vocab", value?.kind ?? "missing", "an object") }
    guard members.count <= 1_000_000 else { throw bad("model.vocab", "of \(members.count) tokens", "at most 1000000") }
    var texts: [String: Int] = [:], used = Set<Int>()
    for member in members {
      guard case .integer(let id) = member.value, id >= 0, id < 1 << 30 else {
        throw bad("the token “\(member.key.prefix(40))”", member.value.kind, "a number from 0")
      }
      guard used.insert(id).inserted else { throw bad("the token “\(member.key.prefix(40))”", "number \(id), which another one is", "one of its own") }
      texts[member.key] = id
    }
    return texts
  }

  private func added(_ value: JSONValue?, _ texts: inout [String: Int]) throws(RNNError) -> [BytePairs.Added] {
    guard let value, value != .null else { return [] }
    guard case .array(let list) = value else { throw bad("added_tokens", value.kind, "a list") }
    var result: [BytePairs.Added] = []
    var names: [Int: String] = [:], seen = Set<Int>()
    for (text, id) in texts { names[id] = text }
    for (index, part) in list.enumerated() {
      let place = "added_tokens[\(index)]"
      let token = try members(part, place, ["id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"])
      guard case .integer(let id)? = token["id"], id >= 0, id < 1 << 30 else { throw bad("\(place).id", token["id"]?.kind ?? "missing", "a number from 0") }
      guard case .string(let content)? = token["content"], !content.isEmpty else { throw bad("\(place).content", token["content"]?.kind ?? "missing", "a text") }
      for name in ["single_word", "lstrip", "rstrip"] {
        if let value = token[name], value != .bool(false) { throw bad("\(place).\(name)", value.kind, "false") }
      }
      if let own = texts[content], own != id { throw bad("\(place).id", "\(id)", "\(own), which “\(content.prefix(40))” has in model.vocab") }
      if let other = names[id], other != content { throw bad("\(place).id", "\(id), which “\(other.prefix(40))” has", "one of its own") }
      guard seen.insert(id).inserted else { throw bad("\(place).id", "\(id), which another one has", "one of its own") }
      texts[content] = id
      names[id] = content
      result.append(BytePairs.Added(token: Int32(id), text: Array(content.utf8), isSpecial: token["special"] == .bool(true)))
    }
    let contents = Set(result.map(\.text))
    for (text, _) in texts where ByteAlphabet.bytes(text) == nil && !contents.contains(Array(text.utf8)) {
      throw RNNError(.badData, "\(source): the token “\(text.prefix(40))” is not written in the alphabet of bytes, expected a tokenizer of bytes")
    }
    return result
  }

  private func merges(_ value: JSONValue?, _ texts: [String: Int]) throws(RNNError) -> [BytePairs.Merge] {
    guard case .array(let list)? = value else { throw bad("model.merges", value?.kind ?? "missing", "a list") }
    var merges: [BytePairs.Merge] = [], seen = Set<UInt64>()
    for (index, item) in list.enumerated() {
      let place = "model.merges[\(index)]"
      var parts: [String] = []
      switch item {
      case .string(let text): parts = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
      case .array(let values): parts = values.compactMap { if case .string(let text) = $0 { text } else { nil } }
      default: break
      }
      guard parts.count == 2 else { throw bad(place, item.kind, "two tokens") }
      func token(_ text: String) throws(RNNError) -> Int32 {
        guard let id = texts[text] else { throw RNNError(.badData, "\(source): \(place) needs the token “\(text.prefix(40))”, which model.vocab doesn't have") }
        return Int32(id)
      }
      let merge = BytePairs.Merge(left: try token(parts[0]), right: try token(parts[1]), token: try token(parts[0] + parts[1]))
      guard seen.insert(BytePairs.key(merge.left, merge.right)).inserted else { throw bad(place, "“\(parts[0]) \(parts[1])” again", "each pair once") }
      merges.append(merge)
    }
    return merges
  }
}
