#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

public import RNNTensor

/// Brings numbers of any size to about those that a network computes with: z = (x − centre) / scale, or of log x.
public struct Scaling: Sendable, Hashable, Codable {
  public var centre: Double
  /// Always above 0.
  public var scale: Double
  public var isLog: Bool

  public init(centre: Double = 0, scale: Double = 1, isLog: Bool = false) {
    self.centre = centre
    self.scale = scale
    self.isLog = isLog
  }

  /// A scaling that values of a series can have.
  ///
  /// - Throws: `.badData` for a centre that is no value, or no logarithm of one, and for a scale that isn't above 0.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    isLog = try values.decode(Bool.self, forKey: .isLog)
    centre = try values.decode(isLog ? Limits.logarithm : Limits.seriesValue, forKey: .centre)
    scale = try values.decode(Limits.scale, forKey: .scale)
    if isLog { try Limits.logarithm.check(scale, "“scale”", .badData) }
  }

  @inline(__always)
  public func scaled(_ value: Double) -> Double { ((isLog ? log(value) : value) - centre) / scale }

  @inline(__always)
  public func unscaled(_ value: Double) -> Double {
    let value = value * scale + centre
    return isLog ? exp(value) : value
  }

  /// Mean and standard deviation of all numbers that are there, or of their logarithms. Where they don't differ the scale is 1.
  package init(of parts: [ArraySlice<Double>], isLog: Bool = false) {
    func each(_ body: (Double) -> Void) {
      for part in parts { for number in part where !number.isNaN && (!isLog || number > 0) { body(isLog ? log(number) : number) } }
    }
    // Sums of differences to the first number keep the digits in which large numbers differ.
    var count = 0.0, first = 0.0, sum = 0.0, squares = 0.0
    each { value in
      if count == 0 { first = value }
      (count, sum) = (count + 1, sum + (value - first))
    }
    let mean = first + (count > 0 ? sum / count : 0)
    each { squares += ($0 - mean) * ($0 - mean) }
    let deviation = count > 0 ? (squares / count).squareRoot() : 0
    // Numbers that differ only by their rounding don't differ.
    self.init(centre: mean, scale: deviation > 4 * mean.ulp ? deviation : 1, isLog: isLog)
  }
}

/// How the numbers of series are brought to one size, learnt from the training part only.
public struct Scaler: Sendable, Hashable, Codable {
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    /// As they are.
    case none
    /// The mean and the standard deviation of each channel's training part.
    case standard
    /// The last value before a forecast, and the standard deviation of the steps before it: nothing is kept of the training part.
    case instance
    /// Nothing is subtracted; divided by the mean of the absolute values before a forecast (Salinas et al. 2020).
    case mean
  }

  public let kind: Kind
  /// Whether logarithms of the targets are taken first.
  public let isLog: Bool
  /// Of kind `standard`: for each series of the training data its targets' scalings.
  public let channels: [String: [Scaling]]
  /// Of series that weren't in the training data: the same over all series.
  public let others: [Scaling]
  /// Of the other variables, over all series.
  public let past: [Scaling]
  public let known: [Scaling]

  /// - Parameters:
  ///   - training: the steps of each series that may be looked at.
  /// - Throws: `.badData` where a logarithm is wanted of a number that has none.
  public init(_ kind: Kind, log isLog: Bool = false, fitting set: SeriesSet, training: [Range<Int>]) throws(RNNError) {
    self.kind = kind
    self.isLog = isLog
    if isLog {
      for (series, range) in zip(set.series, training) {
        for (target, name) in zip(series.targets, set.targets) {
          guard let bad = range.first(where: { target[$0] <= 0 }) else { continue }
          throw RNNError(
            .badData, "the series ‘\(series.name)’, \(name) at \(series.axis.label(of: bad)): found \(target[bad]), which has no logarithm; expected a number above 0")
        }
      }
    }
    var channels: [String: [Scaling]] = [:], others: [Scaling] = []
    if kind == .standard {
      for (series, range) in zip(set.series, training) {
        channels[series.name] = series.targets.map { Scaling(of: [$0[range]], isLog: isLog) }
      }
      others = set.targets.indices.map { index in
        Scaling(of: zip(set.series, training).map { $0.targets[index][$1] }, isLog: isLog)
      }
    }
    self.channels = channels
    self.others = others
    past = set.past.indices.map { index in Scaling(of: zip(set.series, training).map { $0.past[index][$1] }, isLog: false) }
    known = set.known.indices.map { index in Scaling(of: zip(set.series, training).map { $0.known[index][$1] }, isLog: false) }
  }

  /// A scaler whose scalings belong together.
  ///
  /// - Throws: `.badData` where some targets have logarithms and others have none.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    kind = try values.decode(Kind.self, forKey: .kind)
    isLog = try values.decode(Bool.self, forKey: .isLog)
    channels = try values.decode([String: [Scaling]].self, forKey: .channels)
    others = try values.decode([Scaling].self, forKey: .others)
    past = try values.decode([Scaling].self, forKey: .past)
    known = try values.decode([Scaling].self, forKey: .known)
    guard (others + channels.values.joined()).allSatisfy({ $0.isLog == isLog }) else {
      throw RNNError(.badData, "“isLog” is \(isLog), but not of the scalings of all targets")
    }
    guard (past + known).allSatisfy({ !$0.isLog }) else { throw RNNError(.badData, "“isLog” is true of a variable that is no target") }
    guard kind == .standard || others.isEmpty && channels.isEmpty else {
      throw RNNError(.badData, "“kind” is \(kind.rawValue), but there are scalings of targets, which only standard has")
    }
  }

  /// The scaling of a target for a forecast.
  ///
  /// - Parameters:
  ///   - context: the target's values before the first step that is predicted, missing ones NaN.
  public func scaling(of target: Int, in series: String, context: ArraySlice<Double>) -> Scaling {
    switch kind {
    case .none: Scaling(isLog: isLog)
    case .standard: channels[series]?[target] ?? others[target]
    case .instance:
      {
        let spread = Scaling(of: [context], isLog: isLog)
        guard let last = context.last(where: { !$0.isNaN && (!isLog || $0 > 0) }) else { return spread }
        return Scaling(centre: isLog ? log(last) : last, scale: spread.scale, isLog: isLog)
      }()
    case .mean: Scaling(centre: 0, scale: Self.meanMagnitude(context, isLog: isLog), isLog: isLog)
    }
  }

  private static func meanMagnitude(_ part: ArraySlice<Double>, isLog: Bool) -> Double {
    var count = 0.0, sum = 0.0
    for number in part where !number.isNaN && (!isLog || number > 0) {
      (count, sum) = (count + 1, sum + abs(isLog ? log(number) : number))
    }
    return count > 0 && sum > 0 ? sum / count : 1
  }
}
