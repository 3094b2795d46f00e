public import RNNTensor

/// What was measured at the steps of a clock, or just one after the other.
///
/// Missing numbers are NaN.
public struct TimeSeries: Sendable, Hashable {
  public var name: String
  public var axis: TimeAxis
  /// What is to be predicted: for each variable a number a step.
  public var targets: [[Double]]
  /// What else is known, up to the last step.
  public var past: [[Double]]
  /// What is known ahead as well: for each variable a number a step, and for as many steps after the last one as are known.
  public var known: [[Double]]

  /// - Throws: `.badData` where the numbers of steps don't fit.
  public init(_ name: String, axis: TimeAxis = TimeAxis(), targets: [[Double]], past: [[Double]] = [], known: [[Double]] = []) throws(RNNError) {
    let length = targets.first?.count ?? 0
    guard !targets.isEmpty, (targets + past).allSatisfy({ $0.count == length }) else {
      throw RNNError(.badData, "the series ‘\(name)’ needs a target, and as many steps in each variable; found \((targets + past).map(\.count))")
    }
    guard known.allSatisfy({ $0.count == known[0].count && $0.count >= length }) else {
      throw RNNError(.badData, "the series ‘\(name)’ has \(length) steps; what is known ahead has \(known.map(\.count)), expected no fewer, and as many of each")
    }
    self.name = name
    self.axis = axis
    self.targets = targets
    self.past = past
    self.known = known
  }

  /// The number of steps of the targets.
  public var length: Int { targets.first?.count ?? 0 }
  /// For how many steps after the last one the known variables are there; nil where there are none to be known.
  public var future: Int? { known.first.map { $0.count - length } }
}
