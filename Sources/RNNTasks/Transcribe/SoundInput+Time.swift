public import RNNData

extension SoundInput {
  /// The time from one row to the next; nil where rows were made by another program, which doesn't say it.
  public var secondsPerRow: Double? {
    if case .sound(let features) = self { Double(features.hop) / Double(features.rate) } else { nil }
  }
}

extension SoundInput: CustomStringConvertible {
  /// For people: `log-mel of 40 bands at 8000 Hz`.
  public var description: String {
    switch self {
    case .sound(let f):
      "\(f.kind.rawValue) of \(f.kind == .mfcc ? "\(f.coefficients) coefficients, " : "")\(f.bands) bands at \(f.rate) Hz\(f.isLevelled ? ", clips levelled" : "")"
    case .rows(let size): "rows of \(size) numbers"
    }
  }
}
