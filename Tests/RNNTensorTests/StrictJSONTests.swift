import RNNTensor
import Testing

private func refusal(_ text: String) -> JSONError? {
  do throws(JSONError) {
    _ = try StrictJSON.parse(text)
    return nil
  } catch { return error }
}

@Suite struct StrictJSONTests {
  @Test(arguments: [
    ("null", .null), (" true ", .bool(true)), ("false", .bool(false)), ("0", .integer(0)), ("-0", .integer(0)),
    ("-12", .integer(-12)), ("9223372036854775807", .integer(.max)), ("9223372036854775808", .number(0x1p63)),
    ("1.5", .number(1.5)), ("1e2", .number(100)), ("-2.5E-1", .number(-0.25)), ("\"\"", .string("")),
    (#""a\"\\\/\b\f\n\r\tAé😀""#, .string("a\"\\/\u{8}\u{C}\n\r\tAé😀")), ("\"é😀\u{7F}\"", .string("é😀\u{7F}")),
    ("[]", .array([])), ("[1, [2]]", .array([.integer(1), .array([.integer(2)])])), ("{}", .object([])),
    (
      "{ \"b\" : 1 , \"a\" : { } }\n",
      .object([.init(key: "b", value: .integer(1)), .init(key: "a", value: .object([]))])
    ),
  ] as [(String, JSONValue)])
  func whatIsJSONIsRead(_ text: String, _ value: JSONValue) throws {
    #expect(try StrictJSON.parse(text) == value)
  }

  @Test(arguments: [
    "", " ", "nul", "True", "01", "-", "1.", ".5", "1e", "+1", "1e999", "0x1", "NaN", "\"", "\"\n\"", "\"\\x\"", "\"\\u12\"",
    "\"\\u12G4\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\ud800x\"", "\"\\udc00\"", "[", "[1", "[1,]", "[,]", "[1 2]", "{", "{\"a\"",
    "{\"a\":", "{\"a\":1", "{\"a\":1,}", "{a:1}", "{1:1}", "{\"a\" 1}", "1 1", "/**/1", "\u{FEFF}1", "{\"a\":1,\"\\u0061\":1}",
    "{\"é\":1,\"e\u{301}\":1}",
  ])
  func whatIsNotJSONIsRefused(_ text: String) {
    #expect(refusal(text) != nil)
  }

  @Test func theDepthIsBounded() throws {
    func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
    #expect(refusal(nested(16)) == nil)
    #expect(refusal(nested(17))?.offset == 16)
    #expect(refusal(nested(17))?.message == "more than 16 levels deep")
    #expect(refusal(String(repeating: "{\"a\":", count: 1_000_000)) != nil)
  }

  @Test func theNumberOfValuesIsBounded() throws {
    let text = "{\"a\": [1, 2], \"b\": null}"
    #expect(throws: Never.self) { try StrictJSON.parse(text, maximumCount: 5) }
    let error = #expect(throws: JSONError.self) { try StrictJSON.parse(text, maximumCount: 4) }
    #expect(error?.message == "more than 4 values" && error?.offset == 19)
  }

  /// A name given twice is found among few names and among many.
  @Test(arguments: [2, 8, 9, 10, 1_000]) func namesGivenTwice(count: Int) {
    let names = (0..<count).map { "\"\($0)\":1" }
    #expect(refusal("{\(names.joined(separator: ","))}") == nil)
    for again in [0, count / 2, count - 1] {
      #expect(refusal("{\((names + [names[again]]).joined(separator: ","))}")?.message == "the name “\(again)” is given twice")
    }
  }

  @Test func everyTextCanBeQuotedAndReadBack() throws {
    let text = String(String.UnicodeScalarView((0...0x3FF).compactMap { Unicode.Scalar($0) })) + "\u{1F600}\u{2028}"
    #expect(try StrictJSON.parse(StrictJSON.quoted(text)) == .string(text))
    #expect(StrictJSON.quoted("é/\u{1F}\u{7F}") == "\"é/\\u001f\u{7F}\"")
  }
}
