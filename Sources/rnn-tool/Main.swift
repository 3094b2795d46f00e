import ArgumentParser
import RNN

@main
struct Tool: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rnn",
    abstract: "Recurrent neural networks: train, run, explain and check them.",
    subcommands: [Train.self])
}

struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a model for a task.", subcommands: [TrainGenerate.self])
}
