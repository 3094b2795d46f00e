import RNNTestSupport
import RNNTraining
import Testing

@Suite struct TranslationMetricsTests {
  private struct Reference: Decodable {
    struct Case: Decodable {
      var name: String
      var translations, references: [String]
      var bleu, chrf: Double
      var bleu_line, chrf_line: String
    }

    struct Cut: Decodable {
      var text: String
      var words: [String]
    }

    var cases: [Case]
    var words: [Cut]
  }

  @Test func figuresAreThoseOfSacreBLEU() throws {
    let reference = try Fixture.texts(Reference.self, "translation_metrics")
    #expect(reference.cases.count > 90)
    for known in reference.cases {
      var bleu = BLEU(), chrf = ChrF()
      for (translation, reference) in zip(known.translations, known.references) {
        bleu.add(translation, reference: reference)
        chrf.add(translation, reference: reference)
      }
      #expect(abs(bleu.score - known.bleu) < 1e-9 && abs(chrf.score - known.chrf) < 1e-9, "\(known.name)")
      #expect(bleu.description == known.bleu_line, "\(known.name)")
      #expect(chrf.description == known.chrf_line, "\(known.name)")
    }
  }

  @Test func wordsAreThoseOfMteval13a() throws {
    for known in try Fixture.texts(Reference.self, "translation_metrics").words {
      let words = BLEU.words(of: known.text).map { word in word.reduce(into: "") { $0.unicodeScalars.append($1) } }
      // Scalar by scalar: equal strings may be written differently.
      #expect(words.map { Array($0.unicodeScalars) } == known.words.map { Array($0.unicodeScalars) }, "\(known.text.debugDescription)")
    }
  }

  @Test func partsAddUp() {
    var whole = BLEU(), first = BLEU(), second = BLEU()
    var characters = ChrF(), firstCharacters = ChrF(), secondCharacters = ChrF()
    whole.add("a b c d e", reference: "a b c d f")
    whole.add("x y", reference: "x y z z")
    first.add("a b c d e", reference: "a b c d f")
    second.add("x y", reference: "x y z z")
    characters.add("a b c d e", reference: "a b c d f")
    characters.add("x y", reference: "x y z z")
    firstCharacters.add("a b c d e", reference: "a b c d f")
    secondCharacters.add("x y", reference: "x y z z")
    first.add(second)
    firstCharacters.add(secondCharacters)
    #expect(first == whole && firstCharacters == characters)
    #expect(BLEU().score == 0 && ChrF().score == 0)
  }
}
