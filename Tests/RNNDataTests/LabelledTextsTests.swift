import Foundation
import RNNData
import RNNTensor
import RNNTestSupport
import Testing

@Suite struct LabelledTextsTests {
  private func pairs(_ paths: [String], _ options: LabelledOptions = .init(), requiresUTF8: Bool = true) throws -> [String] {
    var reader = try LabelledReader(paths, options: options, requiresUTF8: requiresUTF8)
    var found: [String] = []
    while let example = try reader.next() { found.append("\(example.label)|\(String(decoding: example.text, as: UTF8.self))\(example.isWhole ? "" : "*")") }
    return found
  }

  private func message(_ paths: [String], _ options: LabelledOptions = .init()) -> String {
    do {
      return "\(try pairs(paths, options))"
    } catch {
      return "\(error)"
    }
  }

  // MARK: What a file is

  @Test func formatsAreRecognised() throws {
    let folder = try TemporaryFolder([
      "header.tsv": "text\tlabel\nfine film\tpos\nbad film\tneg\n", "tabs": "pos\tfine film\nneg\tbad film\npos\tnice\n",
      "swapped": "fine film\tpos\nbad film\tneg\nnice\tpos\n",
      "quoted.csv": "\u{FEFF}id,Review,Sentiment\r\n1,\"fine, \"\"very\"\" fine\nfilm\",pos\r\n2,bad,neg\r\n",
      "semicolons.csv": "label;text\npos;a, b\nneg;c\n", "lines": "1 fine film\n0 bad film\n1 nice\n0 \n",
      "trees": "(3 (2 A) (4 (3 fine) (2 film)))\n(1 bad)\n", "a.txt": "Adam\nAoife\n\nBo\n", "b.txt": "Xu\n",
    ])
    #expect(try pairs([folder["header.tsv"]]) == ["pos|fine film", "neg|bad film"])
    #expect(try pairs([folder["tabs"]]) == ["pos|fine film", "neg|bad film", "pos|nice"])
    #expect(try pairs([folder["swapped"]]) == ["pos|fine film", "neg|bad film", "pos|nice"])
    #expect(try pairs([folder["quoted.csv"]]) == ["pos|fine, \"very\" fine\nfilm", "neg|bad"])
    #expect(try pairs([folder["semicolons.csv"]]) == ["pos|a, b", "neg|c"])
    #expect(try pairs([folder["lines"]]) == ["1|fine film", "0|bad film", "1|nice", "0|"])
    #expect(try pairs([folder["a.txt"], folder["b.txt"]]) == ["a|Adam", "a|Aoife", "a|Bo", "b|Xu"])
    #expect(try pairs([folder["trees"]]) == ["2|A*", "3|fine*", "2|film*", "4|fine film*", "3|A fine film", "1|bad"])
    #expect(try pairs([folder["trees"]], LabelledOptions(phrases: false)) == ["3|A fine film", "1|bad"])
    #expect(try pairs([folder["trees"], folder["lines"]], LabelledOptions(phrases: false)).count == 6, "files of several kinds")
    let reader = try LabelledReader([folder["header.tsv"]])
    #expect(reader.descriptions[0].hasSuffix("a table separated by tabs, text in column 1 (‘text’), label in column 2 (‘label’)"))
  }

  @Test func folders() throws {
    let folder = try TemporaryFolder(["set/Irish.txt": "Adam\nAoife\n", "set/Polish.txt": "Bo\n", "set/.hidden": "no", "docs/pos/1.txt": "a\nb", "docs/neg/1.txt": "c\n"])
    #expect(try pairs([folder["set"]]) == ["Irish|Adam", "Irish|Aoife", "Polish|Bo"])
    #expect(try pairs([folder["docs"]]) == ["neg|c\n", "pos|a\nb"])
  }

  @Test func columnsAndMaps() throws {
    let folder = try TemporaryFolder(["t.csv": "id,body,kind,text\n1,a,x,b\n2,c,y,d\n", "n.csv": "1,a,x\n2,b,y\n"])
    let path = folder["t.csv"]
    #expect(try pairs([path], LabelledOptions(textColumn: "body", labelColumn: "kind")) == ["x|a", "y|c"])
    #expect(try pairs([path], LabelledOptions(textColumn: "4", labelColumn: "kind")) == ["x|b", "y|d"])
    #expect(try pairs([path], LabelledOptions(textColumn: "2", labelColumn: "3", header: false)) == ["kind|body", "x|a", "y|c"])
    #expect(try pairs([folder["n.csv"]], LabelledOptions(textColumn: "2", labelColumn: "3")) == ["x|a", "y|b"])
    #expect(try pairs([path], LabelledOptions(labelColumn: "kind", map: ["x": "X"])) == ["X|b"])
    #expect(message([path]).contains("line 1: found the columns ‘id’, ‘body’, ‘kind’, ‘text’, separated by commas; say which has the labels (--label-column)"))
    #expect(message([path], LabelledOptions(textColumn: "nothing")).contains("there is no column ‘nothing’; found ‘id’, ‘body’, ‘kind’, ‘text’"))
    #expect(message([path], LabelledOptions(textColumn: "body", labelColumn: "body")).contains("can't have both"))
  }

  // MARK: What is wrong with a file

  @Test func badFiles() throws {
    let folder = try TemporaryFolder([
      "ragged.tsv": "text\tlabel\na\tx\nb\ty\tz\n", "short.csv": "text,label\na,x\nb\n", "nolabel.tsv": "text\tlabel\na\t \n", "empty": "",
      "plain": "one text\nanother one\nthe third\n", "tree1": "(3 (2 a) (2 b)\n", "tree2": "(3 a b)\n", "tree3": "(3 a))\n", "tree4": "(3 ())\n",
      "space": "1 a\n 0 b\n1 c\n1 d\n", "header.csv": "text,label\n", "blank.tsv": "\n\n",
    ])
    func trees(_ name: String) -> String { message([folder[name]], LabelledOptions(format: .trees)) }
    #expect(message([folder["ragged.tsv"]]).contains("ragged.tsv, line 3: found 3 fields separated by tabs, expected 2"))
    #expect(message([folder["short.csv"]]).contains("short.csv, line 3: found 1 field separated by commas, expected 2"))
    #expect(message([folder["nolabel.tsv"]]).contains("nolabel.tsv, line 2, column 2: found no label"))
    #expect(message([folder["empty"]]).contains("empty is empty: expected texts with labels"))
    #expect(message([folder["blank.tsv"]]).contains("expected texts with labels"))
    #expect(message([folder["plain"]]).contains("plain has no labels: expected a table"))
    #expect(message([folder["plain"], folder["ragged.tsv"]]).contains("plain has no labels"))
    #expect(trees("tree1").contains("tree1, line 1, byte 15: found the end of the line, expected ‘)’"))
    #expect(trees("tree2").contains("tree2, line 1, byte 6: found ‘b)’, expected ‘)’"))
    #expect(trees("tree3").contains("byte 6: found ‘)’, expected the end of the line"))
    #expect(trees("tree4").contains("byte 5: found ‘))’, expected a label"))
    #expect(message([folder["space"]], LabelledOptions(format: .lines)).contains("space, line 2, byte 1: found a space, expected a label"))
    #expect(message([folder["nothing"]]).contains("no such file"))
    #expect(message([]).contains("no texts given"))
    #expect(throws: RNNError.self) { try LabelledTexts(reading: [folder["header.csv"]]) }
    // A tree as deep as a line is long needs no stack.
    let deep = String(repeating: "(1 ", count: 200_000) + "a" + String(repeating: ")", count: 200_000)
    try folder.write("deep", Array(deep.utf8))
    #expect(try pairs([folder["deep"]], LabelledOptions(format: .trees, phrases: false)) == ["1|a"])
  }

  @Test func encodings() throws {
    let folder = try TemporaryFolder([:])
    try folder.write("latin.tsv", Array("pos\tcaf".utf8) + [0xE9, 0x96, 0x0A] + Array("neg\tx\npos\ty\n".utf8))
    let path = folder["latin.tsv"]
    #expect(message([path]).contains("latin.tsv, line 1, column 2: the text is not UTF-8, found e9 96 after 3 bytes"))
    #expect(try pairs([path], LabelledOptions(encoding: .latin1))[0] == "pos|café–")
    #expect(try pairs([path], requiresUTF8: false).count == 3)
  }

  // MARK: Parts and batches

  @Test func labelsAreInOrder() {
    #expect(LabelledTexts([("a", "10"), ("b", "9"), ("c", "-1")]).labels == ["-1", "9", "10"])
    #expect(LabelledTexts([("a", "b"), ("b", "10"), ("c", "9")]).labels == ["10", "9", "b"])
    let texts = LabelledTexts([("a", "y"), ("b", "x"), ("c", "y")])
    #expect((0..<3).map(texts.label) == [1, 0, 1] && texts.counts(of: [0, 1, 2]) == [1, 2])
    #expect(texts.fingerprint != LabelledTexts([("a", "x"), ("b", "y"), ("c", "x")]).fingerprint)
  }

  @Test func splitKeepsProportionsAndSentences() throws {
    let texts = LabelledTexts((0..<1000).map { ("text \($0)", $0 % 10 == 0 ? "rare" : $0 == 999 ? "once" : "common") })
    let (training, validation) = try texts.split(validation: 0.1, seed: 3)
    #expect(Set(training).union(validation).count == 1000 && training.count + validation.count == 1000)
    #expect(texts.counts(of: validation) == [90, 0, 10], "of a label that occurs once nothing can be measured")
    #expect(try texts.split(validation: 0.1, seed: 3).validation == validation)
    #expect(try texts.split(validation: 0.1, seed: 4).validation != validation)
    #expect(throws: RNNError.self) { try texts.split(validation: 0.6, seed: 1) }

    let trees = (0..<40).map { "(\($0 % 2) (2 the) (\($0 % 2) w\($0)))\n" }.joined()
    let folder = try TemporaryFolder(["t": trees])
    let phrases = try LabelledTexts(reading: [folder["t"]])
    let parts = try phrases.split(validation: 0.25, seed: 1)
    #expect(parts.validation.count == 10 && Set(parts.validation).isSubset(of: phrases.wholes))
    // Thirty sentences, a word of each, and one “the”.
    #expect(parts.training.count == 61)
    let held = Set(parts.validation.map { String(String(decoding: phrases.text($0), as: UTF8.self).split(separator: " ")[1]) })
    #expect(parts.training.allSatisfy { !held.contains(String(decoding: phrases.text($0), as: UTF8.self)) }, "no phrase of a sentence that is measured")
  }

  @Test func everyTextOncePerEpochInBatchesOfLikeLength() throws {
    let lengths = (0..<1003).map { 1 + $0 * 7919 % 50 }
    var batches = try LengthBatches(lengths: lengths, rows: 16, seed: 5)
    #expect(batches.batchesPerEpoch == 63)
    var orders: [[[Int]]] = []
    for epoch in 0..<3 { orders.append((0..<63).map { Array(batches.batch(epoch: epoch, index: $0)) }) }
    for order in orders { #expect(order.flatMap { $0 }.sorted() == Array(0..<1003)) }
    #expect(orders[0] != orders[1])
    var again = try LengthBatches(lengths: lengths, rows: 16, seed: 5)
    #expect(Array(again.batch(epoch: 2, index: 40)) == orders[2][40], "from anywhere")
    let spread = orders[0].map { batch in (batch.map { lengths[$0] }.max() ?? 0) - (batch.map { lengths[$0] }.min() ?? 0) }
    #expect(spread.reduce(0, +) < 63 * 4, "\(spread)")
    #expect(throws: RNNError.self) { try LengthBatches(lengths: lengths, rows: 0, seed: 1) }
  }

  @Test func normalizing() {
    func normal(_ text: String, lowercase: Bool = true, signs: Bool = true) -> String {
      var bytes: [UInt8] = []
      TextNormalizer(lowercase: lowercase, splitsSigns: signs).append(Array(text.utf8), to: &bytes)
      return String(decoding: bytes, as: UTF8.self)
    }
    #expect(normal("Great film!!! (Really...)") == "great film !!! ( really ... )")
    #expect(normal("don't re-make 3.5 or 1,000,but 's wo n't -- u.s.") == "don't re-make 3.5 or 1,000 , but 's wo n't -- u.s .")
    #expect(normal("ÉTÉ, ÜBER") == "été , über" && normal("ÉTÉ,", lowercase: false) == "ÉTÉ ,")
    #expect(normal("A  b\t.") == "a  b\t.", "whitespace is left")
    #expect(normal("A, B", signs: false) == "a, b" && normal("#x @y <unk> a_b") == "#x @y <unk> a_b")
    #expect(normal("") == "" && normal("?!") == "? !")
  }

  @Test func textsWithoutATokenAreLineEnds() throws {
    let words = try Tokenizer(words: ["a"])
    #expect(words.encode([], TextNormalizer.none) == [0] && words.encode(Array(" \t".utf8), TextNormalizer.none) == [0])
    #expect(Tokenizer.bytes.encode([], TextNormalizer.none) == [10])
    #expect(Tokenizer(characters: "ab".unicodeScalars).encode([], TextNormalizer.none) == [2])
    var texts = EncodedTexts()
    texts.append([1, 2, 3], label: 0, longest: 2)
    texts.append([4], label: 1, longest: 2)
    #expect(texts.cut == 1 && texts.length(0) == 2)
    let batch = texts.batch([0, 1])
    #expect(batch.tokens == [1, 4, 2, -1] && batch.lengths == [2, 1])
  }

  @Test func readingTexts() throws {
    let folder = try TemporaryFolder(["l": "one\n\ntwo\r\n", "t.csv": "id,text\n1,\"a, b\"\n\n2,c\n", "r.csv": "id,text\n1,a,b\n"])
    func texts(_ name: String, _ options: LabelledOptions = .init()) throws -> [String] {
      var reader = try TextReader(folder[name], options: options)
      var found: [String] = []
      while let text = try reader.next() { found.append(String(decoding: text, as: UTF8.self)) }
      return found
    }
    #expect(try texts("l") == ["one", "", "two"])
    #expect(try texts("t.csv", LabelledOptions(textColumn: "text")) == ["a, b", "c"])
    #expect(try texts("t.csv", LabelledOptions(textColumn: "2")) == ["text", "a, b", "c"])
    #expect(try texts("t.csv", LabelledOptions(textColumn: "2", header: true)) == ["a, b", "c"])
    #expect(throws: RNNError.self) { try texts("t.csv", LabelledOptions(textColumn: "none")) }
    #expect(throws: RNNError.self) { try texts("r.csv", LabelledOptions(textColumn: "text")) }
    #expect(throws: RNNError.self) { try texts("l", LabelledOptions(separator: ",")) }
  }

  @Test func labelsToRenameThatDoNotOccur() throws {
    let folder = try TemporaryFolder(["t.tsv": "0\tone\n1\ttwo\n2\tthree\n2\tfour\n"])
    func warnings(_ map: [String: String]) throws -> [String] { try LabelledTexts(reading: [folder["t.tsv"]], options: LabelledOptions(map: map)).warnings }
    #expect(try warnings(["0": "a", "1": "b"]).isEmpty)
    #expect(try warnings(["0": "a", "1": "b", "9": "c"]) == ["--map names the label ‘9’, which no text has; texts left out because their labels aren't named: ‘2’ (2)"])
    #expect(try warnings(["0": "a", "1": "b", "2": "b", "x": "c", "9": "c"]) == ["--map names the labels ‘9’, ‘x’, which no text has"])
    let error = #expect(throws: RNNError.self) { try warnings(["7": "a"]) }
    #expect(error?.message.contains("found no text of these labels, expected texts with labels; --map names the label ‘7’") == true, "\(error?.message ?? "")")
  }
}
