/// The values that a number from outside may have.
///
/// All such numbers are declared in ``Limits``, and checked wherever one comes in, before anything is computed with it: an option, a
/// model's file, a saved state, a checkpoint.
package struct Limit<Number: Comparable & Sendable>: Sendable {
  package let range: ClosedRange<Number>
  /// The range in words: “a whole number from 1 to 1024”.
  package let description: String

  package func contains(_ number: Number) -> Bool { range.contains(number) }

  /// Throws an error of a kind that names the number unless it is within the range.
  ///
  /// - Parameter name: what messages call the number: an option, or a key of a file in quotes.
  package func check(_ number: Number, _ name: @autoclosure () -> String, _ kind: RNNError.Kind = .usage) throws(RNNError) {
    if !contains(number) { throw RNNError(kind, "\(name()) is \(number), expected \(description)") }
  }

  /// The same for a number that may not be given.
  package func check(_ number: Number?, _ name: @autoclosure () -> String, _ kind: RNNError.Kind = .usage) throws(RNNError) {
    if let number { try check(number, name(), kind) }
  }
}

extension Limit where Number == Int {
  init(_ range: ClosedRange<Int>) {
    self.init(range: range, description: "a whole number from \(range.lowerBound) to \(range.upperBound)")
  }
}

extension Limit where Number == Double {
  init(_ range: ClosedRange<Double>, _ description: String) { self.init(range: range, description: description) }
}

extension KeyedDecodingContainer {
  /// A number that must be within its limit.
  ///
  /// Throws an ``RNNError`` (`.badData`) that names the key and both numbers.
  package func decode<Number: Decodable>(_ limit: Limit<Number>, forKey key: Key) throws -> Number {
    let number = try decode(Number.self, forKey: key)
    try limit.check(number, "“\(key.stringValue)”", .badData)
    return number
  }

  /// The same for a number that may be missing.
  package func decodeIfPresent<Number: Decodable>(_ limit: Limit<Number>, forKey key: Key) throws -> Number? {
    let number = try decodeIfPresent(Number.self, forKey: key)
    try limit.check(number, "“\(key.stringValue)”", .badData)
    return number
  }
}

/// The ranges of all numbers that come from options and files.
///
/// Sizes leave room: the product of any two of them, and of one of them and the bytes of a file, is far from overflowing.
package enum Limits {
  /// A value of a series: squares of larger ones, and their sums, would overflow.
  package static let seriesValue = Limit(-1e100...1e100, "a number from -1e100 to 1e100")

  /// The scale of a series' values.
  package static let scale = Limit(Double.leastNonzeroMagnitude...1e100, "a number above 0, up to 1e100")
  /// The logarithm of a value of a series, or the deviation of some.
  package static let logarithm = Limit(-1000...1000, "the logarithm of a number, from -1000 to 1000")
  /// Seconds ahead of UTC.
  package static let offsetFromUTC = Limit(-86_400...86_400)

  // MARK: Models

  /// Units of a layer, an embedding, a projected state or any other size of a cell.
  package static let units = Limit(1...1 << 20)
  /// The same, where there may be none.
  package static let optionalUnits = Limit(0...1 << 20)
  package static let layers = Limit(1...1024)
  /// Tokens of a text that are read.
  package static let textLength = Limit(1...1 << 24)
  /// Steps that a forecast looks at, and that it predicts.
  package static let windowSteps = Limit(1...1 << 16)
  /// How many steps ago a value may be that is looked at.
  package static let lag = Limit(1...1 << 20)
  /// Steps after which a series repeats: a year has 31,622,400 seconds.
  package static let seasonality = Limit(1...1 << 25)
  /// Courses that a forecast draws.
  package static let paths = Limit(1...100_000)
  /// Targets, variables and quantiles of a forecast.
  package static let variables = Limit(1...1 << 20)
  /// Tokens of a vocabulary; each kind of them has narrower bounds.
  package static let vocabulary = Limit(1...1_000_000)

  // MARK: Sound

  /// Samples a second: below no word can be told from another, above nobody records.
  package static let sampleRate = Limit(1000...1_000_000)
  package static let channels = Limit(1...256)
  /// Bands of the mel scale, and their coefficients.
  package static let bands = Limit(1...512)
  /// Numbers of a row that another program made.
  package static let rowSize = Limit(1...1 << 16)
  /// Rows that were heard: a hundred a second for months.
  package static let soundRows = Limit(0...1 << 30)
  /// Rows that become one step.
  package static let stacking = Limit(1...64)
  /// The largest change of speed.
  package static let speedChange = Limit(0...0.5, "a number from 0 (none) to 0.5")
  /// The largest change of loudness.
  package static let decibels = Limit(0...60, "a number from 0 (none) to 60")
  package static let part = Limit(0...1, "a number from 0 (none) to 1 (all)")
  package static let masks = Limit(0...1000)

  // MARK: Training

  /// Rows of a batch.
  package static let rows = Limit(1...1 << 20)
  /// Steps of all rows of a batch together.
  package static let batchSteps = Limit(1...1 << 30)
  package static let epochs = Limit(1...1_000_000_000)
  /// Epochs of which there may be none.
  package static let optionalEpochs = Limit(0...1_000_000_000)
  /// How often the data were read, the last time perhaps not to the end.
  package static let partOfEpochs = Limit(0...1e9, "a number from 0 to 1000000000")
  /// Updates of the weights.
  package static let updates = Limit(1...1_000_000_000_000)
  /// Seconds, up to thirty years.
  package static let seconds = Limit(0...1e9, "a duration of up to 1000000000 seconds")
  package static let learningRate = Limit(1e-30...1e6, "a number above 0, up to 1000000")
  package static let weightDecay = Limit(0...1e6, "a number from 0 to 1000000")
  /// The weight of a class in the loss.
  package static let classWeight = Limit(1e-6...1e6, "a number from 0.000001 to 1000000")
  /// The largest norm of a gradient; infinite to clip nothing.
  package static let clip = Limit(1e-30 ... .infinity, "a number above 0")
  /// A factor by which something shrinks.
  package static let decay = Limit(1e-30...1, "a number above 0, up to 1")
  /// A bias, a bonus or another number that is added to others.
  package static let offset = Limit(-1e6...1e6, "a number from -1000000 to 1000000")
  /// A range around 0 that numbers are drawn from.
  package static let spread = Limit(1e-30...1e6, "a number above 0, up to 1000000")
  /// A rate of dropout: below 1 as a `Float` too.
  package static let rate = Limit(0...Double(Float(1).nextDown), "a number from 0 to below 1")
  /// A part of the data to measure on.
  package static let heldPart = Limit(0...0.5, "a number from 0 to 0.5")

  // MARK: Use

  /// What was counted over a whole run: tokens, rows, windows.
  package static let total = Limit(0...1 << 60)
  /// Tokens, steps, rows or lines of something that goes on.
  package static let count = Limit(0...1 << 40)
  /// The same, where there is at least one.
  package static let positiveCount = Limit(1...1 << 40)
  /// Tokens of a translation, and of what must not be repeated in it.
  package static let translationLength = Limit(0...10_000)
  /// Beginnings that a search follows at once.
  package static let beam = Limit(1...1000)
  package static let transcriptBeam = Limit(1...10_000)
  /// What a score is multiplied by.
  package static let weight = Limit(0...1e6, "a number from 0 to 1000000")
  /// The power of a length by which scores are divided.
  package static let exponent = Limit(0...100, "a number from 0 to 100")
  /// What logits are divided by.
  package static let temperature = Limit(0...1e6, "a number from 0 (the most probable token) to 1000000")
  /// A probability that is at least a little.
  package static let probability = Limit(1e-30...1, "a number above 0, up to 1")
  package static let threads = Limit(1...1024)
  /// What random draws follow from.
  package static let seed = Limit(range: UInt64.min...UInt64.max, description: "a whole number from 0 to \(UInt64.max)")
  /// Units and inputs of a cell that is verified.
  package static let verifiedUnits = Limit(1...4096)
  /// How long a measurement of speed takes.
  package static let benchSeconds = Limit(1e-6...60, "a number above 0, up to 60")
}
