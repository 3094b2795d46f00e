import RNNTestSupport
import RNNTraining
import Testing

@Suite struct WordErrorsTests {
  private struct Known: Decodable {
    struct Counts: Decodable {
      var hits, substitutions, deletions, insertions: Int
      var rate: Double
      var mer: Double?
    }

    var name: String
    var references, hypotheses: [String]
    var words, characters: Counts
  }

  @Test func figuresAreThoseOfJiwer() throws {
    let cases = try Fixture.texts([Known].self, "word_errors")
    #expect(cases.count >= 50)
    for known in cases {
      for (unit, expected) in [(WordErrors.Unit.words, known.words), (.characters, known.characters)] {
        var errors = WordErrors(of: unit)
        for (hypothesis, reference) in zip(known.hypotheses, known.references) { errors.add(hypothesis, reference: reference) }
        #expect(
          [errors.hits, errors.substitutions, errors.deletions, errors.insertions]
            == [expected.hits, expected.substitutions, expected.deletions, expected.insertions], "\(known.name), \(unit)")
        #expect(abs(errors.rate - expected.rate) < 1e-12, "\(known.name), \(unit)")
        if let rate = expected.mer { #expect(abs(errors.matchErrorRate - rate) < 1e-12, "\(known.name)") }
      }
    }
  }

  @Test func alignment() {
    #expect(
      WordErrors.alignment("the cat  sat up", reference: "a cat sat on it up")
        == [.substitution("a", by: "the"), .hit("cat"), .hit("sat"), .deletion("on"), .deletion("it"), .hit("up")])
    #expect(WordErrors.alignment("x", reference: "") == [.insertion("x")])
    #expect(WordErrors.alignment("", reference: " ") == [])
    #expect(WordErrors.alignment("ab", reference: "b", .characters) == [.insertion("a"), .hit("b")])
  }

  /// Texts too long for a table: the same distance as by the table's rule, in bounded memory, and a list of edits that makes one of
  /// the other.
  @Test func longTexts() {
    var random = Philox(seed: 4)
    let letters = ["a", "b", "c", "d"]
    func draw(_ count: Int) -> String { (0..<count).map { _ in letters[Int(random.next() % 4)] }.joined() }
    for (m, n) in [(1500, 1400), (3000, 700), (1, 5000), (5000, 2)] {
      let reference = draw(m), transcript = draw(n)
      let edits = WordErrors.alignment(transcript, reference: reference, .characters)
      var given = "", made = "", errors = 0
      for edit in edits {
        switch edit {
        case .hit(let letter): (given, made) = (given + letter, made + letter)
        case .substitution(let letter, let other): (given, made, errors) = (given + letter, made + other, errors + 1)
        case .deletion(let letter): (given, errors) = (given + letter, errors + 1)
        case .insertion(let letter): (made, errors) = (made + letter, errors + 1)
        }
      }
      #expect(given == reference && made == transcript)
      #expect(errors == Self.distance(Array(reference.utf8), Array(transcript.utf8)), "\(m) and \(n)")
    }
  }

  private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var row = Array(0...b.count)
    for x in a {
      var next = [row[0] + 1]
      next.reserveCapacity(row.count)
      for (j, y) in b.enumerated() { next.append(min(row[j] + (x == y ? 0 : 1), row[j + 1] + 1, next[j] + 1)) }
      row = next
    }
    return row[b.count]
  }

  @Test func partsAddUp() {
    var whole = WordErrors(), first = WordErrors(), second = WordErrors()
    whole.add("a b", reference: "a c d")
    whole.add("x y", reference: "y")
    first.add("a b", reference: "a c d")
    second.add("x y", reference: "y")
    first.add(second)
    #expect(first == whole)
    #expect(whole.errors == 3 && whole.count == 4 && whole.rate == 0.75)
    #expect(WordErrors().rate == 0 && WordErrors().matchErrorRate == 0)
  }
}
