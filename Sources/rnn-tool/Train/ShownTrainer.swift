import Foundation
import RNN

/// What a task says of its model and of its training.
protocol ShownTrainer: Trainer {
  // Before training.

  /// Lines about the data and the model.
  var introduction: [String] { get }
  /// Further lines, after that on the training itself.
  var remarks: [String] { get }

  // Meanwhile.

  /// What is counted a second; in JSON the key of their number.
  var unit: String { get }
  /// What the losses are, for the curve.
  var lossTitle: String { get }
  /// The loss in bits per byte, where that says something.
  func bitsPerByte(_ loss: Double) -> Double?
  /// What was measured on the validation part.
  func words(_ measurement: TrainingState.Measurement) -> String
  /// A line of what the model does, if it can show something.
  func sample(_ number: Int) throws -> String?

  // Afterwards, in ``TrainingSummary``.

  /// What the model is, with its number of parameters.
  var modelWords: String { get }
  /// The same, without that number, as figures for `--json`.
  var modelFigures: [String: any Encodable] { get }
  /// What the best weights are worth; nil if there is no validation part.
  func result(_ best: TrainingState.Measurement) throws -> ValidationResult?
  /// What else there is to say of the run.
  var runRows: [(String, String)] { get }
  var runFigures: [String: any Encodable] { get }
  /// The commands to use the model with.
  var nextCommands: [String] { get }
}

extension ShownTrainer {
  var remarks: [String] { [] }
  func bitsPerByte(_ loss: Double) -> Double? { nil }
  func sample(_ number: Int) throws -> String? { nil }
  var modelWords: String { parameters }
  var modelFigures: [String: any Encodable] { [:] }
  var runRows: [(String, String)] { [] }
  var runFigures: [String: any Encodable] { [:] }
  var nextCommands: [String] { [Model.task] }

  /// The number of parameters in words.
  var parameters: String { "\(HumanFormat.count(model.parameterCount)) parameters" }

  /// Trains to a file, shows how it goes on, and ends the program's way when it is interrupted.
  ///
  /// - Returns: whether there was anything to do; false where the file holds the model of this very run already.
  mutating func train(to output: String, start: TrainingStart, view: inout TrainingView) throws -> Bool {
    Signals.catchInterruptions()
    let outcome = try view.whileShown { view in
      try train(to: output, start: start, shouldStop: { Signals.received != nil }) { try view.show($0, $1) }
    }
    switch outcome {
    case .stopped(let checkpoint):
      throw Interruption("stopped after step \(loop.state.step); " + (checkpoint.map {
        "the work so far is in \($0): the same call with --resume goes on, rnn \(Model.task) \($0) uses its best weights"
      } ?? "a run that can't read its text again can't be resumed, so nothing was saved"))
    case .wasFinished:
      view.notice("\(output) is finished: this very run wrote it; a larger \(loop.settings.budget.option) goes on, --fresh trains it again")
      return false
    case .finished:
      view.plot(self)
      return true
    }
  }
}
