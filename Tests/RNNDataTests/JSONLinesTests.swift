import Foundation
import RNNData
import RNNTensor
import RNNTestSupport
import Testing

/// JSON lines in place of tables, and the names above pairs.
@Suite struct JSONLinesTests {
  private func labelled(_ text: String, _ options: LabelledOptions = .init(), name: String = "t.jsonl") throws -> [String] {
    let folder = try TemporaryFolder([name: text])
    var reader = try LabelledReader([folder[name]], options: options)
    var found: [String] = []
    while let example = try reader.next() { found.append("\(example.label)|\(String(decoding: example.text, as: UTF8.self))") }
    return found
  }

  private func pairs(_ text: String, _ options: PairOptions = .init(), name: String = "t.jsonl") throws -> [[String]] {
    let folder = try TemporaryFolder([name: text])
    var reader = try PairReader(.tables([folder[name]]), options: options), found: [[String]] = []
    while let pair = try reader.next() { found.append([pair.source, pair.target].map { String(decoding: $0, as: UTF8.self) }) }
    return found
  }

  private func texts(_ text: String, _ options: LabelledOptions = .init(), name: String = "t.jsonl") throws -> [String] {
    let folder = try TemporaryFolder([name: text])
    var reader = try TextReader(folder[name], options: options), found: [String] = []
    while let text = try reader.next() { found.append(String(decoding: text, as: UTF8.self)) }
    return found
  }

  private func expectError(_ words: String, kind: RNNError.Kind = .badData, _ body: () throws -> Void) {
    let error = #expect(throws: RNNError.self) { try body() }
    #expect(error?.kind == kind && error?.message.contains(words) == true, "\(error?.message ?? "")")
  }

  // MARK: Texts with labels

  @Test func textsWithLabels() throws {
    let two = "{\"text\": \"fine \\u00e9\\nfilm\", \"label\": 1}\n\n{\"label\": 0, \"text\": \"bad\"}\r\n"
    #expect(try labelled(two) == ["1|fine é\nfilm", "0|bad"])
    #expect(try labelled(two, name: "data") == ["1|fine é\nfilm", "0|bad"], "whatever its name")
    #expect(try labelled(two, .init(format: .json), name: "data.txt") == ["1|fine é\nfilm", "0|bad"])
    #expect(try labelled("{\"id\": 7, \"body\": \"a\", \"stars\": 1.5, \"tags\": [], \"ok\": true}\n{\"id\": 8, \"body\": \"b\", \"stars\": 2, \"ok\": false}\n", .init(textColumn: "body", labelColumn: "stars")) == ["1.5|a", "2|b"])
    #expect(try labelled("{\"body\": \"a\", \"ok\": true}\n{\"body\": \"b\", \"ok\": false}\n{\"body\": \"c\", \"ok\": true}\n") == ["true|a", "false|b", "true|c"], "of two members the one with fewer values")
    #expect(try labelled("{\"meta\": {\"label\": \"x\"}, \"text\": \"a\"}\n{\"meta\": {\"label\": \"y\"}, \"text\": \"b\"}\n", .init(labelColumn: "label")) == ["x|a", "y|b"])
    let folder = try TemporaryFolder(["t.jsonl": two])
    #expect(try LabelledReader([folder["t.jsonl"]]).descriptions[0].hasSuffix("t.jsonl: JSON lines, text in ‘text’, label in ‘label’"))
  }

  @Test func whatIsWrongIsSaid() throws {
    let good = "{\"text\": \"a\", \"label\": \"x\"}\n"
    expectError("t.jsonl, line 2, byte 13: expected a value, found 'N'") { _ = try labelled(good + "{\"text\":    NaN}\n") }
    expectError("t.jsonl, line 2: there is no ‘label’; found ‘text’") { _ = try labelled(good + "{\"text\": \"b\"}\n") }
    expectError("t.jsonl, line 2: ‘text’ is null, expected a text") { _ = try labelled(good + "{\"text\": null, \"label\": \"x\"}\n") }
    expectError("t.jsonl, line 2: ‘label’ is a list, expected a text") { _ = try labelled(good + "{\"text\": \"b\", \"label\": [\"x\"]}\n") }
    expectError("t.jsonl, line 2: found a list, expected an object of JSON") { _ = try labelled(good + "[1, 2]\n") }
    expectError("line 1: found the members ‘a’, ‘b’, ‘c’; say which has the texts (--text-column)") { _ = try labelled("{\"a\": \"1\", \"b\": \"2\", \"c\": \"3\"}\n") }
    expectError("line 1: there is no ‘body’; found ‘text’, ‘label’") { _ = try labelled(good, .init(textColumn: "body")) }
    expectError("a list of JSON, expected JSON lines: an object in each line") { _ = try labelled("[{\"text\": \"a\", \"label\": \"x\"}]\n", name: "t.json") }
    expectError("t.jsonl, line 1, byte 2: expected a name in quotes, found the end") { _ = try labelled("{\n  \"text\": \"a\"\n}\n") }
    // A brace is no JSON.
    expectError("has no labels") { _ = try labelled("{a} b c\n{d} e f\n", name: "plain") }
  }

  @Test func textsToClassify() throws {
    let lines = "{\"id\": 1, \"text\": \"a\\nb\"}\n\n{\"text\": \"c\"}\n"
    #expect(try texts(lines) == ["a\nb", "c"])
    #expect(try texts("{\"body\": \"a\"}\n") == ["a"], "the only member")
    #expect(try texts("{\"id\": 1, \"body\": \"a\"}\n", .init(textColumn: "body"), name: "x") == ["a"])
    #expect(try texts(lines, name: "x.txt") == ["{\"id\": 1, \"text\": \"a\\nb\"}", "", "{\"text\": \"c\"}"], "lines are texts unless the name says otherwise")
    expectError("found the members ‘a’, ‘b’; say which has the text") { _ = try texts("{\"a\": \"1\", \"b\": \"2\"}\n") }
    expectError("t.jsonl, line 2: there is no ‘body’") { _ = try texts("{\"body\": \"a\"}\n{\"text\": \"a\"}\n", .init(textColumn: "body")) }
  }

  // MARK: Pairs

  @Test func sentencesAndTranslations() throws {
    #expect(try pairs("{\"source\": \"a\", \"target\": \"b\"}\n") == [["a", "b"]])
    #expect(try pairs("{\"tgt\": \"b\", \"id\": 3, \"src\": \"a\"}\n") == [["a", "b"]])
    #expect(try pairs("{\"id\": \"0\", \"translation\": {\"en\": \"a\", \"de\": \"b\"}}\n{\"id\": \"1\", \"translation\": {\"de\": \"d\", \"en\": \"c\"}}\n") == [["a", "b"], ["c", "d"]])
    #expect(try pairs("{\"translation\": {\"en\": \"a\", \"de\": \"b\", \"fr\": \"c\"}}\n", .init(sourceColumn: "fr", targetColumn: "en")) == [["c", "a"]])
    #expect(try pairs("{\"x\": \"a\", \"y\": \"b\"}\n", name: "data") == [["a", "b"]])
    expectError("found the member ‘x’, expected a sentence and its translation") { _ = try pairs("{\"x\": \"a\"}\n") }
    expectError("line 2: there is no ‘target’; found ‘source’") { _ = try pairs("{\"source\": \"a\", \"target\": \"b\"}\n{\"source\": \"c\"}\n") }
    expectError("can't have both", kind: .usage) { _ = try pairs("{\"en\": \"a\", \"de\": \"b\"}\n", .init(sourceColumn: "de", targetColumn: "de")) }
  }

  @Test func languagesAboveThePairs() throws {
    func tabs(_ text: String, _ options: PairOptions = .init()) throws -> [[String]] { try pairs(text, options, name: "t.tsv") }
    #expect(try tabs("en\tde\nb\ta\n") == [["b", "a"]])
    #expect(try tabs("eng\tpt-BR\nb\ta\n") == [["b", "a"]] && tabs("English\tGerman\nb\ta\n") == [["b", "a"]] && tabs("zh_Hans\tEN\nb\ta\n") == [["b", "a"]])
    #expect(try tabs("id\ten\tde\n1\tb\ta\n") == [["b", "a"]] && tabs("en\tscore\tde\nb\t1\ta\n") == [["b", "a"]])
    #expect(try pairs("en,de\nb,a\n", name: "t.csv") == [["b", "a"]])
    #expect(try tabs("some title\nen\tde\nb\ta\nd\tc\n") == [["b", "a"], ["d", "c"]])
    #expect(try tabs("en\tde\nb\ta\n", .init(sourceColumn: "de")) == [["a", "b"]])
    // Words that are sentences.
    #expect(try tabs("Hi\tSalut\nb\ta\n").count == 2 && tabs("no\tno\nb\ta\n").count == 2 && tabs("it\tso\nam\tda\n").count == 2)
    #expect(try tabs("en\tde\nb\ta\n", .init(header: false)).count == 2)
  }
}
