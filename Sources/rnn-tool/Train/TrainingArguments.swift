import ArgumentParser
import Foundation
import RNN

struct ModelArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Model or checkpoint to start from, instead of random weights. No option may contradict what it is made of.", valueName: "model"))
  var from: String?

  @Option(help: CellArgument.help(suffix: " (default: lstm; gru to forecast)"))
  var cell: String?

  @Option(help: ArgumentHelp("Units of each layer.", valueName: "n"), limit: Limits.units)
  var hidden: Int?

  @Option(help: ArgumentHelp("Layers.", valueName: "n"), limit: Limits.layers)
  var layers: Int?

  @Option(help: ArgumentHelp("Units of a token's vector, or of a channel's.", valueName: "n"), limit: Limits.optionalUnits)
  var embedding: Int?

  @Option(help: ArgumentHelp("Units of a projected state, for a cell that has one.", valueName: "n"), limit: Limits.units)
  var projection: Int?

  @Option(help: ArgumentHelp("The rate of dropout between the layers, 0 to below 1.", valueName: "rate"), limit: Limits.rate)
  var dropout: Double?

  @Option(help: ArgumentHelp("Added to the forget gate's first bias.", valueName: "value"), limit: Limits.offset)
  var forgetBias: Float = 0

  @Flag(help: "Recurrent matrices begin orthogonal.")
  var orthogonal = false

  @Option(help: ArgumentHelp("All weights begin uniform within ± this. (default: each layer in its own way)", valueName: "range"), limit: Limits.spread)
  var initial: Float?

  var givenCell: Cell? { get throws { try cell.map { try CellArgument.cell($0) } } }
  /// The name of the file to start from, wherever it lies.
  var originName: String? { from.map { URL(filePath: $0).lastPathComponent } }
  var initialization: RecurrentStack.Initialization { .init(forgetBias: forgetBias, orthogonal: orthogonal, range: initial) }
}

/// `--validation-part` of the commands that train: it excludes options that name validation data.
enum ValidationPart {
  static func check(_ part: Double?, hasOwn: Bool, _ option: String) throws {
    if part != nil, hasOwn { throw ValidationError("--validation-part takes what is measured on from the data to train on, and \(option) names other data: give one") }
  }
}

/// Extensions of the model that training starts from.
struct ExtensionArguments: ParsableArguments {
  @Flag(help: "With --from: add the tokens and labels of the data that the model lacks. Known ones keep their weights.")
  var extend = false
}

/// The rules of ``Optimizer`` by their names.
enum OptimizerName: String, ExpressibleByArgument, CaseIterable {
  case adam, adamw, sgd, rmsprop
}

struct TrainingArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Rows of a batch.", valueName: "n"), limit: Limits.rows)
  var batch: Int?

  @Option(help: ArgumentHelp("How weights are moved.", valueName: "rule"))
  var optimizer = OptimizerName.adamw

  @Option(help: ArgumentHelp("The momentum of sgd and rmsprop.", valueName: "value"), limit: Limits.rate)
  var momentum: Float?

  @Option(help: ArgumentHelp("The highest learning rate.", valueName: "rate"), limit: Limits.learningRate)
  var learningRate: Double?

  @Option(help: ArgumentHelp("Weight decay; biases don't decay.", valueName: "value"), limit: Limits.weightDecay)
  var weightDecay: Float?

  @Option(help: ArgumentHelp("How the learning rate moves.", valueName: "schedule"))
  var schedule = ScheduleKind.cosine

  @Option(help: ArgumentHelp("With the schedule decay: what the rate is multiplied by in each epoch of its fall. (default: 0.5)", valueName: "factor"), limit: Limits.decay)
  var decay: Double?

  @Option(help: ArgumentHelp("With the schedule decay: the epochs before the fall.", valueName: "n"), limit: Limits.optionalEpochs)
  var decayAfter: Int?

  @Option(help: ArgumentHelp("The largest norm of the gradient.", valueName: "norm"), limit: Limits.clip)
  var clip = 1.0

  @Option(help: ArgumentHelp("Average the weights over about this part of the run; 0 for none.", valueName: "part"), limit: Limits.rate)
  var averaging: Double?

  @Option(help: ArgumentHelp("End after so many epochs without a better measurement. (default: never)", valueName: "n"), limit: Limits.epochs)
  var patience: Int?

  func options(_ budget: BudgetArguments, _ run: RunArguments, originName: String?, extends: Bool) throws -> TrainingOptions {
    TrainingOptions(
      budget: budget.budget, batch: batch, optimizer: try kind(), learningRate: learningRate, weightDecay: weightDecay,
      schedule: schedule, decay: decay, decayAfter: decayAfter, clip: clip, averaging: averaging, patience: patience, seed: run.seed,
      checkpointInterval: run.checkpointEvery?.seconds, keepsCheckpoint: run.keepCheckpoint,
      originName: originName, extendsOrigin: extends)
  }

  private func kind() throws -> Optimizer.Kind {
    switch optimizer {
    case .adam, .adamw:
      if momentum != nil { throw RNNError(.usage, "--momentum is for sgd and rmsprop; \(optimizer.rawValue) has its own") }
      return optimizer == .adam ? .adam() : .adamW()
    case .sgd: return .sgd(momentum: momentum ?? 0)
    case .rmsprop: return .rmsProp(momentum: momentum ?? 0)
    }
  }
}

struct BudgetArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Read the data so many times.", valueName: "n"), limit: Limits.epochs)
  var epochs: Int?

  @Option(help: ArgumentHelp("Move the weights so many times.", valueName: "n"), limit: Limits.updates)
  var steps: Int?

  @Option(help: ArgumentHelp("Train so long: 90s, 10m, 1.5h; time before an interruption counts.", valueName: "time"))
  var time: DurationArgument?

  var budget: Budget? { epochs.map { .epochs($0) } ?? steps.map { .steps($0) } ?? time.map { .time($0.seconds) } }

  func validate() throws {
    if [epochs != nil, steps != nil, time != nil].count(where: \.self) > 1 {
      throw ValidationError("--epochs, --steps and --time exclude each other")
    }
  }
}

struct RunArguments: ParsableArguments {
  @Option(help: ArgumentHelp("All that is drawn at random follows from this number.", valueName: "n"), limit: Limits.seed)
  var seed: UInt64 = 1

  @Flag(help: "Go on from the checkpoint beside the model, or from the finished model with a larger --steps, --epochs or --time, counted from the beginning.")
  var resume = false

  @Flag(help: "Begin anew, whatever checkpoint there is.")
  var fresh = false

  @Option(help: ArgumentHelp("The time between two checkpoints. (default: 15s, and more where writing one takes long)", valueName: "time"))
  var checkpointEvery: DurationArgument?

  @Flag(help: "Keep the checkpoint when training is finished, so that --resume with a larger budget goes on as if it had not ended.")
  var keepCheckpoint = false

  @Flag(help: "No progress on standard error.")
  var quiet = false

  var start: TrainingStart { resume ? .resume : fresh ? .fresh : .new }

  func validate() throws {
    if resume, fresh { throw ValidationError("--resume and --fresh exclude each other") }
  }
}
