import RNNTensor

/// How long a run lasts, counted from its beginning.
public enum Budget: Sendable, Hashable {
  case epochs(Int)
  case steps(Int)
  /// Seconds of work, those before an interruption included.
  case time(Double)

  /// The option that gives it.
  public var option: String {
    switch self {
    case .epochs: "--epochs"
    case .steps: "--steps"
    case .time: "--time"
    }
  }

  /// Throws `.usage` saying what is out of range.
  func check() throws(RNNError) {
    switch self {
    case .epochs(let n): try Limits.epochs.check(n, "the number of epochs")
    case .steps(let n): try Limits.updates.check(n, "the number of steps")
    case .time(let s):
      guard s > 0 else { throw RNNError(.usage, "the time must be positive, not \(s) s") }
      try Limits.seconds.check(s, "the time")
    }
  }
}

extension Budget: LosslessStringConvertible {
  /// The option with its value: `--steps 400`, `--epochs 3`, `--time 90s`.
  public var description: String {
    switch self {
    case .epochs(let n), .steps(let n): "\(option) \(n)"
    case .time(let s): "\(option) \(s == s.rounded() && Limits.seconds.contains(s) ? "\(Int(s))" : "\(s)")s"
    }
  }

  /// A budget by its ``description``; nil for any other text.
  public init?(_ description: String) {
    let parts = description.split(separator: " ")
    guard parts.count == 2 else { return nil }
    switch (parts[0], Int(parts[1]), Double(parts[1].dropLast())) {
    case ("--epochs", let n?, _): self = .epochs(n)
    case ("--steps", let n?, _): self = .steps(n)
    case ("--time", _, let s?) where parts[1].hasSuffix("s"): self = .time(s)
    default: return nil
    }
  }
}

extension Budget: Codable {
  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let budget = Budget(text) else { throw RNNError(.badData, "found the budget ‘\(text.prefix(40))’, expected such as ‘--steps 400’") }
    try budget.check()
    self = budget
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
