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
  public var centre: Float
  /// Always above 0.
  public var scale: Float
  public var isLog: Bool

  public init(centre: Float = 0, scale: Float = 1, isLog: Bool = false) {
    self.centre = centre
    self.scale = scale
    self.isLog = isLog
  }

  @inline(__always)
  public func scaled(_ value: Float) -> Float { ((isLog ? log(value) : value) - centre) / scale }

  @inline(__always)
  public func unscaled(_ value: Float) -> Float {
    let value = value * scale + centre
    return isLog ? exp(value) : value
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
        channels[series.name] = series.targets.map { Self.scaling([$0[range]], isLog: isLog) }
      }
      others = set.targets.indices.map { index in
        Self.scaling(zip(set.series, training).map { $0.targets[index][$1] }, isLog: isLog)
      }
    }
    self.channels = channels
    self.others = others
    past = set.past.indices.map { index in Self.scaling(zip(set.series, training).map { $0.past[index][$1] }, isLog: false) }
    known = set.known.indices.map { index in Self.scaling(zip(set.series, training).map { $0.known[index][$1] }, isLog: false) }
  }

  /// The scaling of a target for a forecast.
  ///
  /// - Parameters:
  ///   - context: the target's values before the first step that is predicted, missing ones NaN.
  public func scaling(of target: Int, in series: String, context: ArraySlice<Float>) -> Scaling {
    switch kind {
    case .none: Scaling(isLog: isLog)
    case .standard: channels[series]?[target] ?? others[target]
    case .instance:
      {
        let spread = Self.scaling([context], isLog: isLog)
        guard let last = context.last(where: { !$0.isNaN && (!isLog || $0 > 0) }) else { return spread }
        return Scaling(centre: isLog ? log(last) : last, scale: spread.scale, isLog: isLog)
      }()
    case .mean: Scaling(centre: 0, scale: Self.meanMagnitude(context, isLog: isLog), isLog: isLog)
    }
  }

  /// Mean and deviation of all numbers that are there. Where they don't differ the scale is 1.
  private static func scaling(_ parts: [ArraySlice<Float>], isLog: Bool) -> Scaling {
    func value(_ number: Float) -> Double { isLog ? log(Double(number)) : Double(number) }
    var count = 0.0, sum = 0.0
    for part in parts { for number in part where !number.isNaN && (!isLog || number > 0) { (count, sum) = (count + 1, sum + value(number)) } }
    guard count > 0 else { return Scaling(isLog: isLog) }
    let mean = sum / count
    var squares = 0.0
    for part in parts {
      for number in part where !number.isNaN && (!isLog || number > 0) { squares += (value(number) - mean) * (value(number) - mean) }
    }
    let deviation = (squares / count).squareRoot()
    // Numbers that differ only by their rounding don't differ.
    return Scaling(centre: Float(mean), scale: deviation > 1e-6 * abs(mean) && deviation > 1e-30 ? Float(deviation) : 1, isLog: isLog)
  }

  private static func meanMagnitude(_ part: ArraySlice<Float>, isLog: Bool) -> Float {
    var count = 0.0, sum = 0.0
    for number in part where !number.isNaN && (!isLog || number > 0) {
      (count, sum) = (count + 1, sum + abs(isLog ? log(Double(number)) : Double(number)))
    }
    return count > 0 && sum > 0 ? Float(sum / count) : 1
  }
}
