import Foundation
import RNNData
import RNNTensor
import RNNTestSupport
import Testing

/// Tables as spreadsheets and loggers write them.
@Suite struct TableShapeTests {
  private func read(_ bytes: [UInt8], _ options: SeriesReadingOptions, name: String) throws -> SeriesSet {
    let folder = try TemporaryFolder([:])
    try folder.write(name, bytes)
    return try SeriesSet(reading: [folder[name]], options: options)
  }

  private func values(_ text: String, _ options: SeriesReadingOptions = .init(targets: ["y"]), name: String = "data.csv") throws -> [Double] {
    try read(Array(text.utf8), options, name: name).series[0].targets[0]
  }

  private func warnings(_ text: String) throws -> [String] { try read(Array(text.utf8), .init(targets: ["y"]), name: "data.csv").warnings }

  private func message(_ bytes: [UInt8], _ options: SeriesReadingOptions = .init(targets: ["y"]), name: String = "data.csv") -> String {
    do {
      return "no error: \(try read(bytes, options, name: name).series.count)"
    } catch let error as RNNError {
      return "\(error.kind.rawValue) \(error.message.components(separatedBy: "/").last ?? "")"
    } catch {
      return "\(error)"
    }
  }

  private func message(_ text: String) -> String { message(Array(text.utf8)) }

  @Test func separatorsAtTheEndsOfRows() throws {
    #expect(try values("date,y\n2024-01-01,1,\n2024-01-02,2,\n2024-01-03,3,\n") == [1, 2, 3])
    #expect(try values("date,y,\n2024-01-01,1,\n2024-01-02,2,\n") == [1, 2])
    #expect(try values("date;y\n2024-01-01;1;;\n2024-01-02;2;;\n") == [1, 2])
    // Rows of separators below, as spreadsheets write them; without a clock such a row is a missing step.
    #expect(try values("date,y,z\n2024-01-01,1,\n2024-01-02,2,\n,,\n,,\n") == [1, 2])
    #expect(try values("y,z\n1,5\n,\n3,6\n").map(\.isNaN) == [false, true, false])
    #expect(message("date,y\n2024-01-01,1,\n2024-01-02,2,x\n") == "65 data.csv, line 3: found 3 fields separated by commas, expected 2")
  }

  @Test func decimalCommasInATableOfCommas() {
    let text = "date,y\n2024-01-01,50,0\n2024-01-02,51,5\n"
    #expect(message(text).hasPrefix("65 data.csv, line 2: found 3 fields separated by commas, expected 2 as in line 1; numbers with a decimal comma must stand in quotes"))
    #expect(message("date,y\n2024-01-01,50\n2024-01-02,51,5\n").contains("line 3: found 3 fields separated by commas, expected 2; numbers with a decimal comma"))
    #expect(!message("date,y\n2024-01-01,50,x\n").contains("decimal comma"))
  }

  @Test func titlesAboveTheNames() throws {
    let table = "date,y,z\n2024-01-01,1,5\n2024-01-02,2,6\n2024-01-03,3,7\n"
    for titles in ["Station Oslo\n", "Station, Oslo\nSource: met.no\n\n", "\n\nStation Oslo\n", "Station Oslo,,\n,,\n", "\"Station\nOslo\"\n"] {
      #expect(try values(titles + table) == [1, 2, 3], "\(titles)")
      #expect(try warnings(titles + table).contains { $0.hasSuffix("passed over") }, "\(titles)")
    }
    #expect(try warnings("Station, Oslo\nSource: met.no\n\n" + table).contains { $0.hasSuffix("data.csv: lines 1 to 3 stand above the table and are passed over") })
    #expect(try values("Station Oslo\r\rdate;y\r2024-01-01;1,5\r2024-01-02;2,5\r", .init()) == [1.5, 2.5])
    // The columns that a model was trained on stand below titles too.
    let reading = try #require(try read(Array(("title\n" + table).utf8), .init(targets: ["y"]), name: "a.csv").reading)
    #expect(try values("another\ntitle\n" + table, reading) == [1, 2, 3])
    // A row of numbers is no row of names.
    #expect(message("a,y\n2024-01-01,1,5\n2024-01-02,2,6\n").hasPrefix("65 data.csv, line 2: found 3 fields separated by commas, expected 2 as in line 1"))
    // An index without a name is no title.
    #expect(try values(",y\n1,5\n2,6\n") == [5, 6])
  }

  @Test func carriageReturnsAlone() throws {
    #expect(try values("date,y\r2024-01-01,1\r2024-01-02,2\r") == [1, 2])
    #expect(try values("date,y\r2024-01-01,1\r2024-01-02,2", .init()) == [1, 2])
    #expect(message("date,y\r2024-01-01,1\r2024-01-02,x\r").hasPrefix("65 data.csv, line 3, column 2"))
    var reader = TableReader(Array("a,\"x\ny\"\r\"b\",c\r\rd".utf8), name: "t", format: .commas)
    var rows: [[String]] = [], lines: [Int] = []
    while try reader.next() {
      var row: [String] = []
      for i in 0..<reader.count { row.append(try reader.string(i)) }
      rows.append(row)
      lines.append(reader.line)
    }
    #expect(rows == [["a", "x\ny"], ["b", "c"], [""], ["d"]] && lines == [1, 2, 3, 4])
    // One in a text of a file with line feeds is a character.
    var lone = TableReader(Array("a\rb\nc\r\n".utf8), name: "t", format: .lines)
    #expect(try lone.next() && lone.string(0) == "a\rb")
  }

  @Test func aLineThatNamesTheSeparator() throws {
    #expect(try values("sep=;\r\ndate;y\r\n2024-01-01;1,5\r\n2024-01-02;2,5\r\n") == [1.5, 2.5])
    #expect(try values("\u{FEFF}\"sep=|\"\ny|z\n1|a,b\n2|c,d\n") == [1, 2])
    #expect(message("sep=;\ny;z\n1;2\n1;2;3\n").hasPrefix("65 data.csv, line 4: found 3 fields separated by semicolons"))
    let folder = try TemporaryFolder(["t.csv": "sep=;\nlabel;text\npos;a, b\nneg;c\n", "p.csv": "sep=;\na, b;c\n", "x.csv": "sep=x\ny\n"])
    #expect(try LabelledTexts(reading: [folder["t.csv"]]).count == 2)
    #expect(try SentencePairs(reading: .tables([folder["p.csv"]])).target(0).elementsEqual("c".utf8))
    var reader = try TableReader(folder["x.csv"], format: .commas)
    #expect(try reader.next() && reader.string(0) == "sep=x", "no separator")
    var lines = try TableReader(folder["t.csv"], format: .lines)
    #expect(try lines.next() && lines.string(0) == "sep=;", "lines have no fields")
  }

  @Test func aRowOfUnits() throws {
    let text = "date,y,p\nUTC,°C,[hPa]\n2024-01-01,1,5\n2024-01-02,2,6\n"
    #expect(try values(text) == [1, 2])
    #expect(try warnings(text).contains { $0.hasSuffix("data.csv: line 2 has units and is passed over") })
    // A word among the numbers is still a mistake.
    #expect(message("date,y\n2024-01-01,cold\n2024-01-02,2\n2024-01-03,3\n").contains("line 2, column 2 (‘y’): found ‘cold’, expected a number"))
    #expect(message("date,y\nyesterday,cold\n2024-01-02,2\n2024-01-03,x\n").contains("line"))
  }

  /// Wider than what is looked at first.
  @Test func manyColumns() throws {
    let columns = 60_000
    let names = "date," + (0..<columns).map { "sensor\($0)" }.joined(separator: ",")
    let rows = (1...4).map { day in "2024-01-0\(day)," + [String](repeating: "\(day).5", count: columns).joined(separator: ",") }
    let text = names + "\n" + rows.joined(separator: "\n") + "\n"
    #expect(try values(text, .init(targets: ["sensor59999"])) == [1.5, 2.5, 3.5, 4.5])
    #expect(try values(text.replacing("\n", with: "\r"), .init(targets: ["sensor7"])) == [1.5, 2.5, 3.5, 4.5])
  }

  @Test func filesOfOtherKinds() throws {
    let gzip: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0x2B]
    #expect(message(gzip, name: "data.csv.gz") == "65 data.csv.gz is a gzip file, expected a table of numbers (CSV, TSV); unpack it first (gunzip)")
    let folder = try TemporaryFolder([:])
    try folder.write("f", gzip)
    try folder.write("docs/pos/a", gzip)
    try folder.write("docs/neg/a", Array("no".utf8))
    func refusal(_ body: () throws -> Void) -> String {
      let error = #expect(throws: RNNError.self) { try body() }
      return error?.kind == .badData ? error?.message.components(separatedBy: " is ").last ?? "" : ""
    }
    #expect(refusal { _ = try LabelledTexts(reading: [folder["f"]]) }.hasPrefix("a gzip file, expected texts with labels"))
    #expect(refusal { _ = try LabelledTexts(reading: [folder["docs"]]) }.hasPrefix("a gzip file, expected a text"))
    #expect(refusal { _ = try SentencePairs(reading: .tables([folder["f"]])) }.hasPrefix("a gzip file, expected "))
    #expect(refusal { _ = try SentencePairs(reading: .lines(source: folder["f"], target: folder["f"])) }.hasPrefix("a gzip file, expected text"))
    #expect(refusal { _ = try ClipList(contentsOf: folder["f"]) }.hasPrefix("a gzip file, expected a table"))
    #expect(refusal { try TextCorpus(reading: [folder["f"]]).requireText() }.hasPrefix("a gzip file, expected text in UTF-8"))
    #expect(refusal { try TextCorpus(reading: [folder["f"]], memory: 0).requireText() }.hasPrefix("a gzip file, expected text in UTF-8"))
    #expect(refusal { _ = try Tokenizer(contentsOf: folder["f"]) }.hasPrefix("a gzip file, expected the JSON of a tokenizer"))
    #expect(refusal { _ = try Safetensors(contentsOf: folder["f"]) }.hasPrefix("a gzip file, expected a model file"))
    var reader = try TextReader(folder["f"])
    do {
      _ = try reader.next()
      Issue.record("a gzip file is read as lines")
    } catch { #expect(error.message.contains("is a gzip file, expected text, a line each")) }
    // Bytes without a signature: zeros, and no UTF-8.
    try folder.write("b", (0..<3000).map { UInt8(truncatingIfNeeded: $0 &* 7919 >> 3) })
    #expect(refusal { try TextCorpus(reading: [folder["b"]]).requireText() }.hasPrefix("binary data, expected text in UTF-8"))
    try TextCorpus(Array("zero \0 byte, é".utf8), name: "text").requireText()
    try TextCorpus([0x63, 0x61, 0x66, 0xE9], name: "latin").requireText()
  }
}
