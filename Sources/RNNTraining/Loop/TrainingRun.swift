import Foundation
import RNNTensor

/// A run of training: what it was begun with, how long it is to last, and where it stands. Its checkpoint has it, and its finished
/// model.
public struct TrainingRun: Sendable, Hashable, Codable {
  public var settings: RunSettings
  public var budget: Budget
  public var state: TrainingState

  public init(settings: RunSettings, budget: Budget, state: TrainingState) {
    self.settings = settings
    self.budget = budget
    self.state = state
  }

  /// The same as a model's file has it: without times, which differ from run to run, and without the course of the losses.
  public var withoutTimes: TrainingRun {
    var run = self
    run.state.seconds = 0
    run.state.history = []
    run.state.best?.seconds = 0
    return run
  }
}

extension TrainingRun {
  /// The run as JSON, keys in order.
  public var json: String { (try? Self.encoded(self)) ?? "" }

  /// A run by its JSON; nil if the text is none.
  public init?(json: String) {
    guard let run = try? Self.decoded(TrainingRun.self, json) else { return nil }
    self = run
  }

  static func encoded(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  static func decoded<T: Decodable>(_ type: T.Type, _ json: String) throws -> T {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try decoder.decode(type, from: Data(json.utf8))
  }
}
