import Foundation
import RNN
import RNNTestSupport
import Testing

@Suite struct NumberWordsTests {
  @Test(arguments: [
    (0, "zero"), (7, "seven"), (10, "ten"), (11, "eleven"), (12, "twelve"), (13, "thirteen"), (14, "fourteen"),
    (15, "fifteen"), (16, "sixteen"), (17, "seventeen"), (18, "eighteen"), (19, "nineteen"), (20, "twenty"),
    (21, "twenty-one"), (30, "thirty"), (40, "forty"), (42, "forty-two"), (50, "fifty"), (60, "sixty"), (70, "seventy"),
    (80, "eighty"), (90, "ninety"), (99, "ninety-nine"), (100, "one hundred"), (105, "one hundred five"),
    (110, "one hundred ten"), (119, "one hundred nineteen"), (198, "one hundred ninety-eight"),
    (999, "nine hundred ninety-nine"),
  ])
  func spelling(_ number: Int, _ words: String) {
    #expect(NumberWords.spelled(number) == words)
  }

  @Test func allAgreeWithFoundation() {
    let formatter = NumberFormatter()
    formatter.numberStyle = .spellOut
    formatter.locale = Locale(identifier: "en_US")
    for number in 0...999 { #expect(NumberWords.spelled(number) == formatter.string(from: NSNumber(value: number))) }
  }

  @Test func allAreReadBack() {
    for number in 0...999 { #expect(NumberWords.number(NumberWords.spelled(number)) == number) }
    #expect(Set((0...999).map(NumberWords.spelled)).count == 1000)
    for wrong in ["", "Seven", "seven ", " seven", "fourty", "forty two", "twenty-ten", "zero-one", "hundred", "one thousand"] {
      #expect(NumberWords.number(wrong) == nil)
    }
  }
}

@Suite struct SumsInWordsTests {
  @Test func heldOutPairs() {
    for (largest, largestAdded) in [(9, 9), (49, 49), (99, 99), (99, 9)] {
      let sums = SumsInWords(largest: largest, largestAdded: largestAdded)
      let all = (largest + 1) * (largestAdded + 1)
      let heldOut = sums.pairs(heldOut: true).count
      #expect(heldOut + sums.pairs(heldOut: false).count == all)
      #expect(abs(Double(heldOut) / Double(all) - 0.2) < (all <= 100 ? 0.08 : 0.03), "\(heldOut) of \(all)")
    }
    let sums = SumsInWords(largest: 99, largestAdded: 99)
    for a in 0...99 { for b in 0...99 where sums.isHeldOut(a, b) != sums.isHeldOut(b, a) { Issue.record("\(a) \(b)") } }
    // No number is missing from training, and none is only added to small ones.
    for a in 0...99 {
      let share = (0...99).count { sums.isHeldOut(a, $0) }
      #expect((5...40).contains(share), "\(a): \(share)")
    }
    // The choice is fixed for good: reports of other versions would otherwise not compare.
    #expect((0...9).flatMap { a in (a...9).filter { sums.isHeldOut(a, $0) }.map { "\(a)+\($0)" } } == expectedSmallPairs)
  }

  private let expectedSmallPairs = [
    "0+1", "0+8", "1+4", "2+5", "2+6", "2+7", "3+6", "3+7", "4+4", "4+6", "9+9",
  ]

  @Test func trainingText() {
    let sums = SumsInWords()
    #expect(SumsInWords.line(42, 17) == "forty-two plus seventeen equals fifty-nine")
    var random = Philox(seed: 1)
    let text = sums.trainingText(lines: 10_000, using: &random)
    let report = sums.check(text)
    #expect(report.lines == 10_000)
    #expect(report.wellFormed == 10_000 && report.right == 10_000)
    #expect(report.copies == 10_000 && report.new == 0)
    // The first lines are every pair once.
    let pairs = sums.pairs(heldOut: false).count
    #expect(Set(text.split(separator: "\n").prefix(pairs)).count == pairs)
    var same = Philox(seed: 1)
    #expect(sums.trainingText(lines: 100, using: &same) == text.split(separator: "\n").prefix(100).map { $0 + "\n" }.joined())
    var other = Philox(seed: 2)
    #expect(!text.hasPrefix(sums.trainingText(lines: 100, using: &other)))
    #expect(sums.trainingText(lines: 0, using: &other) == "")
  }

  @Test func checking() throws {
    let sums = SumsInWords()
    let new = try #require(sums.pairs(heldOut: true).first)
    let old = try #require(sums.pairs(heldOut: false).first)
    let text = """
      \(SumsInWords.line(new.0, new.1))
      \(SumsInWords.line(old.0, old.1))
      \(NumberWords.spelled(new.0)) plus \(NumberWords.spelled(new.1)) equals nine hundred
      \(NumberWords.spelled(old.0)) plus \(NumberWords.spelled(old.1)) equals nine hundred
      one hundred five plus one equals one hundred six
      \(SumsInWords.line(old.1, 10 + old.0))
      fourty plus one equals forty-one
      one plus one plus one equals three
      one  plus one equals two
      one plus one equals two.
      equals two plus one
      plus equals

      one plus one equals tw
      """
    var expected = SumsInWords.Report()
    expected.lines = 13
    expected.wellFormed = 6
    expected.right = 4
    expected.copies = 2
    expected.rightAndNew = 3
    #expect(sums.check(text) == expected)
    #expect(sums.check(text).new == 4)
    #expect(sums.check("") == SumsInWords.Report())
    #expect(sums.check("one plus one equals two") == SumsInWords.Report())
    #expect(sums.check("one plus one equals two\r\n").wellFormed == 0)
  }
}

@Suite struct SumsDemonstrationTests {
  /// The last sum gets its answer too, however many are asked.
  @Test func everySumIsAnswered() throws {
    var model = try LanguageModel(.init(hidden: 4, embedding: 2), tokenizer: .bytes)
    // A network that only ever writes one letter, and finds no end.
    var bias = [Float](repeating: 0, count: 256)
    bias[Int(UInt8(ascii: "a"))] = 100
    model.weights["decoder.bias"] = Tensor(bias, shape: [256])
    let answers = try SumsDemonstration(count: 20).ask(model).answers
    #expect(answers.count == 20)
    for answer in answers { #expect(answer.line.hasSuffix("equals" + String(repeating: "a", count: 40)) && !answer.isRight) }
  }
}
