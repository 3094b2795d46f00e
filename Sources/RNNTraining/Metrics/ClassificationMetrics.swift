#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How well classes were predicted: counts of what was and what was said, and the figures that follow from them.
///
/// The figures are those of scikit-learn with its defaults: classes that neither occur nor were predicted are left out of the
/// means, and what would be divided by nothing is 0.
public struct ClassificationMetrics: Sendable, Hashable {
  /// Of each class how often it was predicted as each: `confusion[actual][predicted]`.
  public private(set) var confusion: [[Int]]
  /// The sum of −ln p(actual class), in nats.
  public private(set) var nats = 0.0

  public init(classes: Int) { confusion = [[Int]](repeating: [Int](repeating: 0, count: classes), count: classes) }

  /// Adds a prediction: the most probable class, the first of several.
  ///
  /// - Parameters:
  ///   - probabilities: one for each class.
  ///   - nats: −ln p of the actual class, where that is known more exactly than its probability.
  public mutating func add(actual: Int, probabilities: some Collection<Float>, nats: Double? = nil) {
    var predicted = 0, highest = -Float.infinity
    var own: Float = 0
    for (index, probability) in probabilities.enumerated() {
      if probability > highest { (predicted, highest) = (index, probability) }
      if index == actual { own = probability }
    }
    add(actual: actual, predicted: predicted, nats: nats ?? -log(Double(own)))
  }

  /// Adds a prediction.
  public mutating func add(actual: Int, predicted: Int, nats: Double = 0) {
    confusion[actual][predicted] += 1
    self.nats += nats
  }

  /// Adds all predictions of others, of the same classes.
  public mutating func add(_ other: ClassificationMetrics) {
    for (actual, row) in other.confusion.enumerated() {
      for (predicted, count) in row.enumerated() { confusion[actual][predicted] += count }
    }
    nats += other.nats
  }

  /// The number of predictions.
  public var count: Int { confusion.reduce(0) { $0 + $1.reduce(0, +) } }
  public var correct: Int { confusion.indices.reduce(0) { $0 + confusion[$1][$1] } }
  public var accuracy: Double { Self.share(correct, count) }
  /// The mean of −ln p(actual class).
  public var logLoss: Double { count > 0 ? nats / Double(count) : 0 }

  /// How often a class occurs, and how often it was predicted.
  public func support(_ index: Int) -> Int { confusion[index].reduce(0, +) }
  public func predictions(_ index: Int) -> Int { confusion.reduce(0) { $0 + $1[index] } }

  /// Of what was predicted as a class, the share that was it.
  public func precision(_ index: Int) -> Double { Self.share(confusion[index][index], predictions(index)) }
  /// Of what was a class, the share that was predicted as it.
  public func recall(_ index: Int) -> Double { Self.share(confusion[index][index], support(index)) }
  /// The harmonic mean of precision and recall.
  public func f1(_ index: Int) -> Double { Self.share(2 * confusion[index][index], support(index) + predictions(index)) }

  /// Means over the classes, each counting the same.
  public var macroPrecision: Double { mean(precision) }
  public var macroRecall: Double { mean(recall) }
  public var macroF1: Double { mean(f1) }

  /// The class that occurs most, the first of several, and the accuracy of who always says so.
  public var majority: (index: Int, accuracy: Double) {
    let index = confusion.indices.max { support($0) < support($1) || (support($0) == support($1) && $0 > $1) } ?? 0
    return (index, confusion.isEmpty ? 0 : Self.share(support(index), count))
  }

  private func mean(_ figure: (Int) -> Double) -> Double {
    let seen = confusion.indices.filter { support($0) + predictions($0) > 0 }
    return seen.isEmpty ? 0 : seen.reduce(0) { $0 + figure($1) } / Double(seen.count)
  }

  private static func share(_ part: Int, _ whole: Int) -> Double { whole > 0 ? Double(part) / Double(whole) : 0 }
}
