#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How much translations have in common with a reference each, in stretches of one to four words: Papineni et al. (2002), of a
/// whole corpus, cased, with the tokenisation of mteval-v13a and its smoothing.
///
/// The figures are those of sacreBLEU (Post, 2018) with its defaults. Translations are given as people read them, not cut into
/// tokens.
///
/// ```swift
/// var bleu = BLEU()
/// for (translation, reference) in zip(translations, references) { bleu.add(translation, reference: reference) }
/// print(bleu)
/// ```
public struct BLEU: Sendable, Hashable {
  /// What the figure is, in sacreBLEU's words.
  public static let signature = "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp"

  /// The longest stretches, in words.
  public static let longest = 4

  /// Stretches of one, two, three and four words in the translations, and how many of them are in their references.
  public private(set) var totals = [Int](repeating: 0, count: longest)
  public private(set) var correct = [Int](repeating: 0, count: longest)
  /// Words of all translations, and of all references.
  public private(set) var translationWords = 0
  public private(set) var referenceWords = 0

  public init() {}

  /// Adds a translation and what it should have been.
  public mutating func add(_ translation: String, reference: String) {
    let own = Self.words(of: translation), other = Self.words(of: reference)
    translationWords += own.count
    referenceWords += other.count
    for n in 1...Self.longest {
      totals[n - 1] += max(own.count - n + 1, 0)
      correct[n - 1] += matches(nGrams(of: own, length: n), nGrams(of: other, length: n))
    }
  }

  /// Adds all translations of another.
  public mutating func add(_ other: BLEU) {
    for n in 0..<Self.longest { (totals[n], correct[n]) = (totals[n] + other.totals[n], correct[n] + other.correct[n]) }
    translationWords += other.translationWords
    referenceWords += other.referenceWords
  }

  /// Of the stretches of one to four words, the percentage that is in the references. Where there is none, it counts as a half,
  /// a quarter and so on of one stretch; all are 0 where not even a word is right.
  public var precisions: [Double] {
    var precisions = [Double](repeating: 0, count: Self.longest)
    guard correct.contains(where: { $0 > 0 }) else { return precisions }
    var divisor = 1.0
    for (n, (right, total)) in zip(correct, totals).enumerated() where total > 0 {
      if right == 0 { divisor *= 2 }
      precisions[n] = right == 0 ? 100 / (divisor * Double(total)) : 100 * Double(right) / Double(total)
    }
    return precisions
  }

  /// What translations that are shorter than their references are multiplied with, else 1.
  public var brevityPenalty: Double {
    guard translationWords < referenceWords else { return 1 }
    return translationWords > 0 ? exp(1 - Double(referenceWords) / Double(translationWords)) : 0
  }

  /// From 0 to 100: the geometric mean of the precisions, times the penalty.
  public var score: Double {
    let precisions = precisions
    guard precisions.allSatisfy({ $0 > 0 }) else { return 0 }
    return brevityPenalty * exp(precisions.reduce(0) { $0 + log($1) } / Double(precisions.count))
  }
}

extension BLEU: CustomStringConvertible {
  /// As sacreBLEU prints it.
  public var description: String {
    let precisions = precisions.map { HumanFormat.fixed($0, 1) }.joined(separator: "/")
    let ratio = referenceWords > 0 ? Double(translationWords) / Double(referenceWords) : 0
    return "BLEU|\(Self.signature) = \(HumanFormat.fixed(score, 2)) \(precisions) (BP = \(HumanFormat.fixed(brevityPenalty, 3)) "
      + "ratio = \(HumanFormat.fixed(ratio, 3)) hyp_len = \(translationWords) ref_len = \(referenceWords))"
  }
}

extension BLEU {
  /// The words of a text, as mteval-v13a cuts it: signs of ASCII stand alone, but for points and commas between digits, and for
  /// apostrophes and hyphens.
  package static func words(of text: String) -> [[Unicode.Scalar]] {
    var line = Array(text.unicodeScalars)
    while line.last?.separatesWords == true { line.removeLast() }
    line = replacing("<skipped>", with: "", in: line)
    line = replacing("-\n", with: "", in: line)
    line = replacing("\n", with: " ", in: line)
    for (entity, sign) in [("&quot;", "\""), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")] {
      line = replacing(entity, with: sign, in: line)
    }
    line = [" "] + line + [" "]
    line = line.flatMap { standsAlone($0) ? [" ", $0, " "] : [$0] }
    func isPoint(_ scalar: Unicode.Scalar) -> Bool { scalar == "." || scalar == "," }
    line = replacingPairs(in: line) { !isDigit($0) && isPoint($1) ? [$0, " ", $1, " "] : nil }
    line = replacingPairs(in: line) { isPoint($0) && !isDigit($1) ? [" ", $0, " ", $1] : nil }
    line = replacingPairs(in: line) { isDigit($0) && $1 == "-" ? [$0, " ", $1, " "] : nil }
    return line.split(whereSeparator: \.separatesWords).map(Array.init)
  }

  private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

  private static func standsAlone(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case " "..."&", "("..."+", "/", ":"..."@", "["..."`", "{"..."~": true
    default: false
    }
  }

  private static func replacing(_ pattern: String, with text: String, in line: [Unicode.Scalar]) -> [Unicode.Scalar] {
    let pattern = Array(pattern.unicodeScalars)
    guard let first = pattern.first, line.contains(first) else { return line }
    var result: [Unicode.Scalar] = [], i = 0
    while i < line.count {
      if line[i] == first, line[i...].starts(with: pattern) {
        result += text.unicodeScalars
        i += pattern.count
      } else {
        result.append(line[i])
        i += 1
      }
    }
    return result
  }

  /// From left to right, each pair of neighbours of which neither was in a pair before is replaced by what `rule` has for it.
  private static func replacingPairs(
    in line: [Unicode.Scalar], _ rule: (Unicode.Scalar, Unicode.Scalar) -> [Unicode.Scalar]?
  ) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = [], i = 0
    while i < line.count {
      if i + 1 < line.count, let new = rule(line[i], line[i + 1]) {
        result += new
        i += 2
      } else {
        result.append(line[i])
        i += 1
      }
    }
    return result
  }
}
