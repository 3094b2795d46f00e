import ArgumentParser
import RNN

@main
struct Tool: ParsableCommand {
  /// The program's version, which is the package's.
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "rnn",
    abstract: "Recurrent neural networks: train, run, explain and check them.", version: version,
    subcommands: [Train.self, Generate.self, Classify.self, Translate.self, Transcribe.self, ForecastSeries.self, Evaluate.self, Verify.self, Inspect.self, Explain.self, Demo.self, Bench.self])

  static func main() {
    Failure.ignoreBrokenPipes()
    Failure.catchExhaustion()
    // A mistake in the arguments is answered by the parser with the command's usage; whatever happens after by us.
    let command: any ParsableCommand
    do {
      command = try parseAsRoot()
    } catch {
      exit(withError: error)
    }
    var running = command
    do {
      try running.run()
    } catch {
      Failure.end(error)
    }
  }
}

struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a model for a task.", subcommands: [TrainGenerate.self, TrainClassify.self, TrainTranslate.self, TrainTranscribe.self, TrainForecast.self])
}
