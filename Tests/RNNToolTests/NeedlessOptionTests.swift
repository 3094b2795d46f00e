import Foundation
import Testing

/// An option that would do nothing is refused.
@Suite(.enabled(if: Program.isBuilt, "the program rnn is not built beside the tests"))
struct NeedlessOptionTests {
  private func expect(_ words: String, _ arguments: [String], input: String = "") throws {
    let result = try Program.run(arguments, input: input)
    #expect(result.code == 64 && result.errors.contains(words), "\(arguments): \(result.code) \(result.errors)")
  }

  @Test func besideOtherOptions() throws {
    let place = try Workplace(), output = ["-o", place.path("m"), "--steps", "1", "--hidden", "4"]
    let texts = try place.write("t.tsv", (0..<12).map { "\(["good", "bad"][$0 % 2])\ta film of \($0)\n" }.joined().utf8), lines = try place.write("l.txt", "a\nb\nc\nd\n".utf8)
    let part = ["--validation-part", "0.2"]
    try expect("--valid names other data: give one", ["train", "classify", texts, "--valid", texts] + part + output)
    try expect("--valid names other data: give one", ["train", "translate", texts, "--valid", texts] + part + output)
    try expect("--valid-source names other data", ["train", "translate", texts, "--valid-source", lines, "--valid-target", lines] + part + output)
    try expect("--valid names other data: give one", ["train", "transcribe", texts, "--valid", texts] + part + output)
    try expect("--source-column and --target-column are for tables", ["train", "translate", "--source", lines, "--target", lines, "--source-column", "1"] + output)
    try expect("word dropout takes tokens for unknown ones, and there are none of bytes", ["train", "classify", texts, "--tokens", "bytes", "--word-dropout", "0.1"] + output)
    let table = try place.write("s.csv", ("x\n" + (0..<60).map { "\($0 % 7)\n" }.joined()).utf8)
    try expect("(--calendar): a step every 1 step has no part of an hour", ["train", "forecast", table, "--calendar"] + output)
    try expect("no checkpoint to keep", ["train", "generate", "-", "--keep-checkpoint"] + output, input: String(repeating: "a sheep\n", count: 90))
    #expect(!place.names.contains("m"))
  }
}
