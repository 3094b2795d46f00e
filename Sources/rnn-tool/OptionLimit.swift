import ArgumentParser
import RNN

/// Options whose numbers must be within a limit: `@Option(help: …, limit: Limits.units)`.
extension Option {
  /// A number with a default value, which help screens show.
  init(wrappedValue: Value, help: ArgumentHelp, limit: Limit<Value>) where Value: LosslessStringConvertible {
    self.init(wrappedValue: wrappedValue, help: help.with(default: wrappedValue), transform: { try limit.number($0) })
  }

  /// A number that may be missing.
  init<Number: LosslessStringConvertible>(help: ArgumentHelp, limit: Limit<Number>) where Value == Number? {
    self.init(help: help, transform: { try limit.number($0) })
  }

  /// A number that is kept as a `Float`, with a default value.
  init(wrappedValue: Float, help: ArgumentHelp, limit: Limit<Double>) where Value == Float {
    self.init(wrappedValue: wrappedValue, help: help.with(default: wrappedValue), transform: { Float(try limit.number($0)) })
  }

  /// A number that is kept as a `Float` and may be missing.
  init(help: ArgumentHelp, limit: Limit<Double>) where Value == Float? {
    self.init(help: help, transform: { Float(try limit.number($0)) })
  }
}

extension Limit where Number: LosslessStringConvertible {
  /// The number that an option's text is.
  fileprivate func number(_ text: String) throws -> Number {
    guard let number = Number(text), contains(number) else { throw RNNError(.usage, "expected \(description)") }
    return number
  }
}

extension ArgumentHelp {
  /// The same with a default value, as the parser shows it where it reads values by itself.
  fileprivate func with(default value: some CustomStringConvertible) -> ArgumentHelp {
    var help = self
    help.abstract += " (default: \(value))"
    return help
  }
}
