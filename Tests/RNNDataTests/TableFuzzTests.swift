import Foundation
import RNNData
import RNNTensor
import RNNTestSupport
import Testing

/// Damaged tables, labels and pairs are read or refused with a message that names the file; nothing traps.
@Suite struct TableFuzzTests {
  private static let seeds: [(name: String, text: String)] = [
    ("t.csv", "date,y,wind\n2024-01-01,1.5,NW\n2024-01-02,NA,SE\n2024-01-03,\"2,5\",NW\n"), ("t.csv", "title\nsep=;\n\ndate;y\n-;°C\n2024-01-01;1,5;\n2024-01-02;2,5;\n"),
    ("t.csv", "sep=;\r\ndate;y\r\n2024-01-01;1,5\r\n2024-01-02;2,5\r\n"), ("t.csv", "a,y\r1,2\r3,4\r5,6\r"), ("t.tsv", "text\tlabel\nfine film\tpos\nbad film\tneg\n"),
    ("t.csv", "label,text\npos,\"a, \"\"b\"\"\nc\"\nneg,d\n"), ("t", "1 fine film\n0 bad film\n1 nice\n0 so\n"), ("t", "(3 (2 A) (4 (3 fine) (2 film)))\n(1 bad)\n"),
    ("t.jsonl", "{\"text\": \"fine \\u00e9\", \"label\": 1}\n{\"text\": \"bad\", \"label\": 0}\n"), ("t.jsonl", "{\"id\": 1, \"translation\": {\"en\": \"a\", \"de\": \"b\"}}\n"),
    ("t.tsv", "en\tde\na\tb\nc\td\n"), ("t.csv", "id,en,de\n1,a,b\n2,c,d\n"),
  ]

  private static let values: [UInt8] = [0, 9, 10, 13, 0x20, 0x22, 0x28, 0x29, 0x2C, 0x2D, 0x2E, 0x30, 0x39, 0x3A, 0x3B, 0x5B, 0x5C, 0x7B, 0x7D, 0x80, 0xC3, 0xEF, 0xFE, 0xFF, 0x1F, 0x8B]

  private func check(_ bytes: [UInt8], _ name: String, _ folder: TemporaryFolder) throws {
    try folder.write(name, bytes)
    let path = folder[name]
    func refused(_ body: () throws -> Void) {
      do {
        try body()
      } catch let error as RNNError {
        #expect([.badData, .usage].contains(error.kind) && !error.message.isEmpty, "\(error) of \(bytes)")
      } catch {
        Issue.record("\(error) of \(bytes)")
      }
    }
    refused { _ = try SeriesSet(reading: [path], options: SeriesReadingOptions(targets: ["y"])) }
    refused { _ = try SeriesSet(reading: [path], options: SeriesReadingOptions(targets: ["all"])) }
    refused { _ = try LabelledTexts(reading: [path]).warnings }
    refused { _ = try LabelledTexts(reading: [path], options: LabelledOptions(textColumn: "text", labelColumn: "label"), requiresUTF8: false) }
    refused { _ = try SentencePairs(reading: .tables([path])) }
    refused { _ = try SentencePairs(reading: .lines(source: path, target: path), requiresUTF8: false) }
    for column in [nil, "text", "2"] {
      refused {
        var reader = try TextReader(path, options: LabelledOptions(textColumn: column))
        while try reader.next() != nil {}
      }
    }
    refused { try TextCorpus(bytes, name: "t").requireText() }
  }

  @Test func everyCut() throws {
    let folder = try TemporaryFolder([:])
    for (name, text) in Self.seeds {
      let bytes = Array(text.utf8)
      for count in 0...bytes.count { try check(Array(bytes[..<count]), name, folder) }
    }
  }

  @Test func manyChanges() throws {
    let folder = try TemporaryFolder([:])
    var random = Philox(seed: 14, stream: 1)
    for _ in 0..<1500 {
      let (name, text) = Self.seeds[Int.random(in: 0..<Self.seeds.count, using: &random)]
      var bytes = Array(text.utf8)
      for _ in 0...Int.random(in: 0..<5, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random), value = Self.values[Int.random(in: 0..<Self.values.count, using: &random)]
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[place] = value
        case 1: bytes.insert(value, at: place)
        case 2 where bytes.count > 1: bytes.remove(at: place)
        default: bytes.insert(contentsOf: bytes[place...].prefix(Int.random(in: 1...30, using: &random)), at: place)
        }
      }
      try check(bytes, name, folder)
    }
  }
}
