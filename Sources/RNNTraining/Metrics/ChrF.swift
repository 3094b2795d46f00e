/// How much translations have in common with a reference each, in stretches of one to six characters: Popović (2015), of a whole
/// corpus, with recall counting twice as much as precision (β = 2), white space left out.
///
/// The figures are those of sacreBLEU with its defaults.
public struct ChrF: Sendable, Hashable {
  /// What the figure is, in sacreBLEU's words.
  public static let signature = "nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no"

  /// The longest stretches, in characters.
  public static let longest = 6
  private static let beta = 2.0

  /// Stretches of one to six characters in the translations and in the references, and how many they have in common.
  public private(set) var translations = [Int](repeating: 0, count: longest)
  public private(set) var references = [Int](repeating: 0, count: longest)
  public private(set) var common = [Int](repeating: 0, count: longest)

  public init() {}

  /// Adds a translation and what it should have been.
  public mutating func add(_ translation: String, reference: String) {
    let own = translation.unicodeScalars.filter { !$0.separatesWords }.map(\.self)
    let other = reference.unicodeScalars.filter { !$0.separatesWords }.map(\.self)
    for n in 1...Self.longest {
      // Where the reference is too short for such stretches, there is nothing to hit.
      guard other.count >= n else { break }
      translations[n - 1] += max(own.count - n + 1, 0)
      references[n - 1] += other.count - n + 1
      common[n - 1] += matches(nGrams(of: own, length: n), nGrams(of: other, length: n))
    }
  }

  /// Adds all translations of another.
  public mutating func add(_ other: ChrF) {
    for n in 0..<Self.longest {
      translations[n] += other.translations[n]
      references[n] += other.references[n]
      common[n] += other.common[n]
    }
  }

  /// From 0 to 100: the harmonic mean, weighted by β, of the mean precision and the mean recall of all lengths that occur on both sides.
  public var score: Double {
    var precision = 0.0, recall = 0.0, lengths = 0.0
    for n in 0..<Self.longest where translations[n] > 0 && references[n] > 0 {
      precision += Double(common[n]) / Double(translations[n])
      recall += Double(common[n]) / Double(references[n])
      lengths += 1
    }
    guard precision + recall > 0 else { return 0 }
    (precision, recall) = (precision / lengths, recall / lengths)
    let weight = Self.beta * Self.beta
    return 100 * ((1 + weight) * precision * recall / (weight * precision + recall))
  }
}

extension ChrF: CustomStringConvertible {
  /// As sacreBLEU prints it.
  public var description: String { "chrF2|\(Self.signature) = \(HumanFormat.fixed(score, 2))" }
}
