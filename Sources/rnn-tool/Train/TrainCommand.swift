import ArgumentParser
import RNN

/// A command that trains a task's model: it says what is read and makes the trainer of that; all else is here.
protocol TrainCommand: ParsableCommand {
  associatedtype TaskTrainer: ShownTrainer

  var common: TrainArguments { get }
  /// The names of all files of data that are read; - is standard input.
  var inputs: [String] { get throws }
  /// Reads the data. What there is to say of that on the way goes to the view.
  func trainer(_ view: inout TrainingView) throws -> TaskTrainer
}

extension TrainCommand {
  func run() throws {
    common.threads.apply()
    let output = common.output
    let inputs = try inputs + [common.model.from].compactMap(\.self)
    try Outputs.announce(model: output, checkpoint: TaskTrainer.checkpointPath(output), reading: inputs)
    if inputs.count(where: { $0 == "-" }) > 1 { throw RNNError(.usage, "standard input (-) can be read only once") }
    var view = TrainingView(output: output, isQuiet: common.run.quiet)
    var trainer = try view.whileShown { try self.trainer(&$0) }
    let isNew = try trainer.train(to: output, start: common.run.start, view: &view)
    try TrainingSummary(trainer, output: output, isNew: isNew).print(asJSON: common.json.json)
  }
}

/// What every command that trains takes; a task's own options stand beside these, under the same titles.
struct TrainArguments: ParsableArguments {
  @Option(name: .shortAndLong, help: ArgumentHelp("Where the model goes.", valueName: "model"))
  var output: String

  @OptionGroup(title: "Model") var model: ModelArguments
  @OptionGroup(title: "Training") var training: TrainingArguments
  @OptionGroup(title: "Length") var budget: BudgetArguments
  @OptionGroup(title: "Run") var run: RunArguments
  @OptionGroup var threads: ThreadArguments
  @OptionGroup var json: JSONArguments

  /// What the help of every such command says of interruptions.
  static let checkpoints = """
    A checkpoint lies beside the model until training is finished: after Ctrl-C, or whatever else, the same call with \
    --resume goes on from it, to the same bits as without an interruption. Every command that uses a model takes a checkpoint too: \
    the best weights so far. With a larger budget --resume trains on, an interrupted run or a finished model, and the learning rate \
    moves from there on as if that budget had been given at first.
    """

  /// - Parameter extends: whether tokens and labels are added to the model to start from.
  func options(extends: Bool = false) throws -> TrainingOptions {
    if extends, model.from == nil { throw RNNError(.usage, "--extend adds tokens and labels to the model of --from, which isn't given") }
    return try training.options(budget, run, originName: model.originName, extends: extends)
  }
}
