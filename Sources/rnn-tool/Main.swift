import ArgumentParser
import RNN

@main
struct Tool: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rnn", abstract: "Recurrent neural networks: train, run, explain and check them.")
}
