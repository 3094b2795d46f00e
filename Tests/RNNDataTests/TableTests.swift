import Foundation
import RNNData
import RNNTensor
import Testing

@Suite struct TableTests {
  private func rows(_ text: String, _ format: TableFormat = .commas) throws -> [[String]] { try rows(Array(text.utf8), format) }

  private func rows(_ bytes: [UInt8], _ format: TableFormat) throws -> [[String]] {
    var reader = TableReader(bytes, name: "t.csv", format: format)
    var rows: [[String]] = []
    while try reader.next() {
      var row: [String] = []
      for i in 0..<reader.count { row.append(try reader.string(i)) }
      rows.append(row)
    }
    return rows
  }

  @Test func fieldsAndRows() throws {
    #expect(try rows("a,b\nc,d\n") == [["a", "b"], ["c", "d"]])
    #expect(try rows("a,b\r\nc,d") == [["a", "b"], ["c", "d"]])
    #expect(try rows("a,,\n,\n\nx") == [["a", "", ""], ["", ""], [""], ["x"]])
    #expect(try rows("a,") == [["a", ""]])
    #expect(try rows("") == [] && rows("\n") == [[""]])
    #expect(try rows("a\rb,c\r\n") == [["a\rb", "c"]], "a carriage return by itself is a character")
    #expect(try rows("a\tb,\"c\n", .tabs) == [["a", "b,\"c"]])
    #expect(try rows("a\tb,\"c\r\n\n", .lines) == [["a\tb,\"c"], [""]])
  }

  @Test func quotes() throws {
    #expect(try rows("\"a,b\",\"c\"\"d\"\n") == [["a,b", "c\"d"]])
    #expect(try rows("\"a\nb\r\nc\",\"\"\r\nx,\"\"\"\"") == [["a\nb\r\nc", ""], ["x", "\""]])
    #expect(try rows("a\"b,c") == [["a\"b", "c"]], "a quote inside a field is one")
    #expect(try rows("\"a\"\r") == [["a"]])
    #expect(try rows("\"a\",\"b\"") == [["a", "b"]])
  }

  @Test func marksAndEncodings() throws {
    #expect(try rows([0xEF, 0xBB, 0xBF] + Array("a,b".utf8), .commas) == [["a", "b"]])
    #expect(try rows([0xEF, 0xBB, 0xBF] + Array("\"a\",b".utf8), .commas) == [["a", "b"]])
    for mark in [[0xFF, 0xFE], [0xFE, 0xFF]] as [[UInt8]] {
      let error = #expect(throws: RNNError.self) { try self.rows(mark + [0x61, 0], .commas) }
      #expect(error?.kind == .badData && error?.message.contains("UTF-16") == true)
    }
  }

  /// Wherever a file is cut into pieces, rows are the same.
  @Test func pieces() throws {
    let text = "\u{FEFF}id,text\r\n1,\"a \"\"b\"\", c\r\nd\"\r\n2,\"\"\n3,é狐🦊\n\"4\",x\r\n"
    let expected = try rows(text)
    #expect(expected == [["id", "text"], ["1", "a \"b\", c\r\nd"], ["2", ""], ["3", "é狐🦊"], ["4", "x"]])
    let folder = FileManager.default.temporaryDirectory.appending(path: "rnn-table-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "t.csv").path
    try Data(text.utf8).write(to: URL(filePath: path))
    for ahead in 0...text.utf8.count {
      var file = try InputFile(path)
      let begin = try file.read(ahead)
      var reader = TableReader(begin, continuing: file, format: .commas)
      var found: [[String]] = [], lines: [Int] = []
      while try reader.next() {
        lines.append(reader.line)
        var row: [String] = []
        for i in 0..<reader.count { row.append(try reader.string(i)) }
        found.append(row)
      }
      #expect(found == expected && lines == [1, 2, 4, 5, 6], "\(ahead) bytes ahead")
    }
  }

  /// The buffer grows and moves: rows longer than it, and many short ones.
  @Test func longAndManyRows() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "rnn-table-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "t.csv").path
    let long = String(repeating: "long \"\"field\"\" ", count: 100_000)
    let text = (0..<20_000).map { "\($0),short \($0)\n" }.joined() + "x,\"\(long)\"\n" + (0..<20_000).map { "\($0),\"q\"\"\($0)\"\n" }.joined()
    try Data(text.utf8).write(to: URL(filePath: path))
    var reader = try TableReader(path, format: .commas)
    var count = 0
    while try reader.next() {
      let second = try reader.string(1)
      #expect(reader.count == 2 && reader.line == count + 1)
      if count < 20_000 { #expect(second == "short \(count)") }
      if count == 20_000 { #expect(second == long.replacing("\"\"", with: "\"")) }
      if count > 20_000 { #expect(second == "q\"\(count - 20_001)") }
      count += 1
    }
    #expect(count == 40_001)
  }

  @Test func errorsSayWhere() throws {
    func message(_ text: String, _ format: TableFormat = .commas) -> String {
      do {
        return "\(try rows(text, format))"
      } catch {
        return "\(error)"
      }
    }
    #expect(message("a,b\n1,\"x\n2,y\n").contains("t.csv, line 2, byte 3: this quote is never closed"))
    #expect(message("a,b\n1,\"x\"y\n").contains("t.csv, line 2, column 2: ‘y’ after a closing quote; expected ‘,’"))
    var reader = TableReader(Array("a;b\n1;2;3\n".utf8), name: "t.csv", format: try TableFormat(separator: "semicolon"))
    _ = try reader.next()
    try reader.requireCount(2)
    _ = try reader.next()
    #expect(reader.at(1) == "t.csv, line 2, column 2")
    do {
      try reader.requireCount(2)
      Issue.record("three fields pass for two")
    } catch {
      #expect(error.message == "t.csv, line 2: found 3 fields separated by semicolons, expected 2")
    }
    let invalid = TableReaderText([0x61, 0x2C, 0x62, 0xC3, 0x28])
    #expect(invalid.message.contains("t.csv, line 1, column 2: not UTF-8, found c3 28 after 1 bytes"))
    #expect(throws: RNNError.self) { try TableFormat(separator: "ab") }
    #expect(throws: RNNError.self) { try TableFormat(separator: "\"") }
    #expect(try TableFormat(separator: "tab") == .tabs && TableFormat(separator: ",") == .commas)
  }

  private struct TableReaderText {
    var message = ""
    init(_ bytes: [UInt8]) {
      var reader = TableReader(bytes, name: "t.csv", format: .commas)
      do {
        _ = try reader.next()
        message = try reader.string(1)
      } catch {
        message = error.message
      }
    }
  }

  @Test func aRowBeyondTheLimitIsAnError() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "rnn-table-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "t.csv").path
    try Data(("a,b\n" + "\"" + String(repeating: "x,y\n", count: 300_000)).utf8).write(to: URL(filePath: path))
    func read(_ format: TableFormat, limit: Int) throws(RNNError) -> Int {
      var reader = try TableReader(path, format: format, limit: limit)
      var rows = 0
      while try reader.next() { rows += 1 }
      return rows
    }
    let error = #expect(throws: RNNError.self) { try read(.commas, limit: 1 << 19) }
    #expect(error?.message.contains("line 2, byte 1: this quote is not closed within 524288 bytes") == true, "\(error?.message ?? "")")
    #expect(try read(.lines, limit: 100) == 300_001)
  }

  @Test func separatorsAreFound() {
    func found(_ text: String) -> TableFormat? { TableFormat.detected(in: Array(text.utf8), isWhole: true) }
    #expect(found("a\tb\n1, 2\t3\n") == .tabs)
    #expect(found("a,b\n\"1;2\",3\n") == .commas)
    #expect(found("a;b\n1,5;2\n")?.separator == UInt8(ascii: ";"))
    #expect(found("a|b|c\n1|2|3\n")?.separator == UInt8(ascii: "|"))
    #expect(found("no table\nat all\n") == nil)
    #expect(TableFormat.detected(in: Array("a,b\n1,2\n3".utf8), isWhole: false) == .commas, "the last row is cut off")
  }
}
