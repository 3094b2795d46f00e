import Foundation
import RNNData
import RNNTensor

/// The values before that the rule of short series looks at, by how long the series and their seasons are.
package struct ShortSeriesLags: Sendable, Hashable {
  /// Nil where there is no season, or where the series are too short for one.
  package let season: Int?
  /// Seasons that are averaged.
  package let seasons: Int
  /// The last values whose deviation from the seasons' mean is smoothed.
  package let recent: Int
  /// Lags of a correction by the last values alone, and of one by those of a season.
  package let near: [Int]
  package let wide: [Int]
  /// All of them in order.
  package let all: [Int]

  /// - Parameter length: the steps of the longest series.
  package init(length: Int, season: Int) {
    let isSeasonal = season > 1 && Double(season + Self.mostRecent) <= 0.45 * Double(length)
    recent = isSeasonal ? Self.mostRecent : max(min(Self.mostRecent, length / 4), 1)
    let nearest = min(Self.mostNear, length / 4, isSeasonal ? season : length), near = Array(1...max(nearest, 1))
    self.near = near
    guard isSeasonal else {
      (self.season, seasons, wide, all) = (nil, 0, near, near)
      return
    }
    self.season = season
    let recent = recent
    let most = 0.85 * Double(length), seasons = (1...3).last { (count: Int) in Double(count * season + recent) <= most } ?? 1
    self.seasons = seasons
    wide = Set(1...min(season + 2, Self.mostWide)).union(max(season - 2, 1)...season + 2).sorted()
    all = (1...seasons).reduce(into: Set(wide)) { $0.formUnion($1 * season...$1 * season + recent) }.sorted()
  }

  private static let mostRecent = 4, mostNear = 6, mostWide = 30

  /// The first step of a series that has values enough before it.
  var first: Int { max(season.map { $0 + recent } ?? 0, wide.last ?? 1) }
}

/// The next value as the mean of the same place in the last seasons, and the smoothed deviation of the last values from theirs.
///
/// Without seasons it is simple exponential smoothing, which without smoothing says the last value again.
private struct SmoothedSeasons {
  let lags: ShortSeriesLags
  let isSeasonal: Bool
  /// The share of the value before in the smoothed deviation; below 0 it goes on in the direction of the last change.
  let smoothing: Double

  /// An older season counts as much less than the one after it.
  private static let decay = 0.6

  private var shares: [Double] {
    let shares = (0..<lags.recent).map { (1 - smoothing) * pow(smoothing, Double($0)) }, sum = shares.reduce(0, +)
    return shares.map { $0 / sum }
  }

  private var seasonShares: [Double] {
    let shares = (0..<(isSeasonal ? lags.seasons : 0)).map { pow(Self.decay, Double($0)) }, sum = shares.reduce(0, +)
    return shares.map { $0 / sum }
  }

  /// The rule as weights of the lags, where all seasons are there.
  var weights: [Int: Double] {
    var weights: [Int: Double] = [:]
    let season = lags.season ?? 0
    for (k, share) in seasonShares.enumerated() { weights[(k + 1) * season, default: 0] += share }
    for (j, recent) in shares.enumerated() {
      weights[j + 1, default: 0] += recent
      for (k, share) in seasonShares.enumerated() { weights[j + 1 + (k + 1) * season, default: 0] -= recent * share }
    }
    return weights
  }

  /// Predictions of each step from the seasons that there are; NaN where there are none.
  func predictions(_ values: [Double]) -> [Double] {
    let season = lags.season ?? 0, shares = shares, seasonShares = seasonShares
    let means = values.indices.map { step in
      guard isSeasonal else { return 0.0 }
      var (sum, weight) = (0.0, 0.0)
      for (k, share) in seasonShares.enumerated() where step >= (k + 1) * season && values[step - (k + 1) * season].isFinite {
        (sum, weight) = (sum + share * values[step - (k + 1) * season], weight + share)
      }
      return weight > 0 ? sum / weight : .nan
    }
    return values.indices.map { step in
      guard step >= lags.recent else { return .nan }
      return shares.enumerated().reduce(means[step]) { $0 + $1.element * (values[step - 1 - $1.offset] - means[step - 1 - $1.offset]) }
    }
  }
}

/// An input of a correction: an earlier value, or its difference from another one.
private struct CorrectionInput {
  let lag: Int
  let other: Int?
  /// The penalty of its coefficient, which grows with the distance of its lag from the last value or the last season.
  let cost: Double

  init(_ lag: Int, above other: Int? = nil, season: Int? = nil) {
    self.lag = lag
    self.other = other
    let far = season.map { min(lag, abs(lag - $0) + 1) } ?? lag
    cost = Double(far * far)
  }

  func value(_ values: [Double], _ step: Int) -> Double { values[step - lag] - (other.map { values[step - $0] } ?? 0) }

  /// The changes between neighbouring lags, and the last value.
  static func changes(_ lags: [Int], season: Int?) -> [CorrectionInput] {
    zip(lags, lags.dropFirst()).filter { $1 == $0 + 1 }.map { CorrectionInput($0, above: $1, season: season) } + [CorrectionInput(1)]
  }

  /// The inputs of each correction.
  static func corrections(_ lags: ShortSeriesLags) -> [[CorrectionInput]] {
    guard let season = lags.season else { return [changes(lags.near, season: nil)] }
    return [
      changes(lags.near, season: season), (1...lags.recent).map { CorrectionInput($0, above: $0 + season) }, changes(lags.wide, season: season),
    ]
  }
}

/// A linear function of the values before, for series too short to learn one freely: the mean of many that are each drawn to a
/// simple rule.
///
/// The rules are exponential smoothing with and without seasons (``SmoothedSeasons``). Each is taken as it is, and corrected by
/// linear functions of the last changes, of the last values' differences from a season before, and of the changes of a whole
/// season. Coefficients of differences are drawn to 0, not those of values: the differences of a smooth series are small, and tell
/// more than its values. How far off each function is on values that it wasn't fitted to, in blocks, says how much it counts: no one
/// of them is chosen, as that many choices by so few values would be chance.
package struct ShortSeriesRule {
  /// A channel's values at the model's scale, NaN where missing.
  package struct Channel {
    let values: [Double]
    let scaling: Scaling

    package init(values: [Double], scaling: Scaling = Scaling()) {
      self.values = values
      self.scaling = scaling
    }
  }

  package let lags: [Int]
  package let weights: [Double]
  package let constant: Double
  /// The root of the mean squared error on values that it wasn't fitted to.
  package let deviation: Double
  /// Its logarithm at the data's own scale: the lower of two scales' fits better.
  package let score: Double

  private struct Row {
    /// The inputs of each correction.
    let inputs: [[Double]]
    /// The residual of each rule.
    let rest: [Double]
    let weight: Double
  }

  static let smoothings = [-0.6, -0.3, 0, 0.3, 0.6, 0.85]
  private static let ridges = (-4...2).map { pow(10, Double($0)) }
  private static let folds = 8
  /// A step's error counts as much less than that of the step after it: what is to come is like what was last.
  private static let ageing = 0.97
  /// A function counts by this power of 1 / its root mean squared error.
  private static let power = 6.0

  /// Nil where there are too few values.
  package init?(_ channels: [Channel], _ lags: ShortSeriesLags) {
    let rules = (lags.season == nil ? [false] : [false, true]).flatMap { isSeasonal in
      Self.smoothings.map { SmoothedSeasons(lags: lags, isSeasonal: isSeasonal, smoothing: $0) }
    }
    let corrections = CorrectionInput.corrections(lags)
    var rows: [Row] = [], change = 0.0
    for channel in channels {
      let values = channel.values, said = rules.map { $0.predictions(values) }
      for step in values.indices.dropFirst(lags.first) {
        let inputs = corrections.map { $0.map { $0.value(values, step) } }, rest = said.map { values[step] - $0[step] }
        guard inputs.joined().allSatisfy(\.isFinite), rest.allSatisfy(\.isFinite) else { continue }
        rows.append(Row(inputs: inputs, rest: rest, weight: pow(Self.ageing, Double(values.count - 1 - step))))
        change += log(channel.scaling.scale)
        if channel.scaling.isLog { change += channel.scaling.centre + channel.scaling.scale * values[step] }
      }
    }
    guard rows.count >= Self.folds else { return nil }
    let weight = rows.reduce(0) { $0 + $1.weight }

    /// The mean squared error of each rule, alone and with each correction.
    var found: [(rule: Int, error: Double, inputs: [CorrectionInput], weights: [Double], constant: Double)] = rules.indices.map { rule in
      (rule, rows.reduce(0) { $0 + $1.weight * $1.rest[rule] * $1.rest[rule] } / weight, [], [], 0)
    }
    func places(_ fold: Int) -> Range<Int> { fold * rows.count / Self.folds..<(fold + 1) * rows.count / Self.folds }
    for (index, own) in corrections.enumerated() {
      func squares(without fold: Range<Int>) -> LeastSquares {
        var squares = LeastSquares(inputs: own.count, outputs: rules.count)
        for (place, row) in rows.enumerated() where !fold.contains(place) { squares.add(row.inputs[index], row.rest) }
        return squares
      }
      let whole = squares(without: 0..<0), parts = (0..<Self.folds).map { squares(without: places($0)) }
      // As if all inputs were of one size.
      let sizes = own.indices.map { input in rows.reduce(0) { $0 + $1.inputs[index][input] * $1.inputs[index][input] } }
      let size = sizes.reduce(0, +) / Double(sizes.count), costs = zip(own, sizes).map { $0.cost * ($1 > 0 ? $1 / size : 1) }
      for ridge in Self.ridges {
        var errors = [Double](repeating: 0, count: rules.count)
        for (fold, part) in parts.enumerated() {
          let solution = part.solution(ridge: ridge, costs: costs)
          for row in rows[places(fold)] {
            for (rule, function) in solution.enumerated() {
              let error = row.rest[rule] - zip(function.weights, row.inputs[index]).reduce(function.constant) { $0 + $1.0 * $1.1 }
              errors[rule] += row.weight * error * error
            }
          }
        }
        for (rule, function) in whole.solution(ridge: ridge, costs: costs).enumerated() {
          found.append((rule, errors[rule] / weight, own, function.weights, function.constant))
        }
      }
    }
    guard let least = found.map(\.error).min(), least.isFinite else { return nil }
    // What is always right leaves no room for others.
    let shares = found.map { least > 0 ? pow(least / $0.error, Self.power / 2) : $0.error == 0 ? 1 : 0 }, sum = shares.reduce(0, +)
    var weights: [Int: Double] = [:], constant = 0.0, error = 0.0
    for (one, share) in zip(found, shares) {
      for (lag, weight) in rules[one.rule].weights { weights[lag, default: 0] += weight * share / sum }
      for (input, weight) in zip(one.inputs, one.weights) {
        weights[input.lag, default: 0] += weight * share / sum
        if let other = input.other { weights[other, default: 0] -= weight * share / sum }
      }
      constant += one.constant * share / sum
      error += one.error * share / sum
    }
    self.lags = lags.all
    self.weights = lags.all.map { weights[$0] ?? 0 }
    self.constant = constant
    deviation = error.squareRoot()
    score = 0.5 * log(least) + change / Double(rows.count)
  }
}

extension SeriesSet {
  /// True if all known target values of these steps have logarithms.
  func isAboveZero(in ranges: [Range<Int>]) -> Bool {
    zip(series, ranges).allSatisfy { series, range in series.targets.allSatisfy { $0[range].allSatisfy { $0.isNaN || $0 > 0 } } }
  }
}

extension ForecastModel {
  /// Begins as the rule: its weights are the linear layer's, and the head has the deviation that it leaves.
  mutating func start(_ rule: ShortSeriesRule) {
    set(rule)
    guard let weight = weights["output.weight"], let bias = weights["output.bias"] else { return }
    let numbers = architecture.head.numbers(deviation: rule.deviation)
    weights["output.weight"] = weight.scaled(by: 0.1)
    weights["output.bias"] = Tensor(bias.values.indices.map { numbers[$0 % numbers.count] }, shape: bias.shape)
  }

  /// Leaves a part of the way from the rule alone, which is off by so much, to the head as it is.
  mutating func moveHead(from deviation: Double, share: Double) {
    guard let weight = weights["output.weight"], let bias = weights["output.bias"] else { return }
    let numbers = architecture.head.numbers(deviation: deviation)
    weights["output.weight"] = weight.scaled(by: Float(share))
    weights["output.bias"] = Tensor(
      bias.values.enumerated().map { Float(share) * $1 + Float(1 - share) * numbers[$0 % numbers.count] }, shape: bias.shape)
  }

  mutating func set(_ rule: ShortSeriesRule) {
    guard let layer = network.autoregression else { return }
    // The network adds what it says to the last value. Its other inputs don't count.
    var values = zip(rule.lags, rule.weights).map { Float($0 == 1 ? $1 - 1 : $1) }
    values += [Float](repeating: 0, count: layer.inputs - values.count)
    weights[layer.weightName] = Tensor(values, shape: [1, layer.inputs])
    weights[layer.biasName] = Tensor([Float(rule.constant)], shape: [1])
  }

  /// The values of all channels in some steps of each series, at the model's scale.
  func channels(of set: SeriesSet, _ ranges: [Range<Int>]) -> [ShortSeriesRule.Channel] {
    zip(set.series, ranges).flatMap { series, range in
      series.targets.indices.map { target in
        let scaling = scaler.scaling(of: target, in: series.name, context: [])
        let values = series.targets[target][range].map { value in
          let scaled = scaling.scaled(value)
          return scaled.isFinite ? scaled : .nan
        }
        return ShortSeriesRule.Channel(values: values, scaling: scaling)
      }
    }
  }
}
