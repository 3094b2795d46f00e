#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What the clock says, as numbers from −0.5 to 0.5: a sine and a cosine for each cycle that is longer than a step.
public struct CalendarFeatures: Sendable, Hashable {
  private enum Cycle: String, CaseIterable {
    case hour, day, week, year

    var seconds: Double {
      switch self {
      case .hour: 3600
      case .day: 86_400
      case .week: 604_800
      case .year: 31_536_000
      }
    }
  }

  private let cycles: [Cycle]
  /// A name for each number.
  public var names: [String] { cycles.flatMap { ["sin(\($0.rawValue))", "cos(\($0.rawValue))"] } }
  /// How many numbers a step has; none without a clock.
  public var count: Int { 2 * cycles.count }

  public init(_ frequency: Frequency) {
    guard let step = frequency.seconds else {
      cycles = []
      return
    }
    // Half a cycle is the least that a sine can show.
    cycles = Cycle.allCases.filter { 2 * step <= $0.seconds }
  }

  /// Calls `body` with each number of a time, in order.
  @inline(__always)
  public func forEach(at time: CivilTime, _ body: (Int, Float) -> Void) {
    for (index, cycle) in cycles.enumerated() {
      let part =
        switch cycle {
        case .hour: Double(time.microsecondOfDay % 3_600_000_000) / 3_600_000_000
        case .day: Double(time.microsecondOfDay) / 86_400_000_000
        case .week: (Double(time.weekday) + Double(time.microsecondOfDay) / 86_400_000_000) / 7
        case .year: time.partOfYear
        }
      body(2 * index, Float(0.5 * sin(2 * .pi * part)))
      body(2 * index + 1, Float(0.5 * cos(2 * .pi * part)))
    }
  }

  /// The numbers of a time.
  public func values(at time: CivilTime) -> [Float] {
    var values = [Float](repeating: 0, count: count)
    forEach(at: time) { values[$0] = $1 }
    return values
  }
}
