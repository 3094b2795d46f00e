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
    StandardStreams.open()
    OutputFile.guardStandardOutput()
    Failure.ignoreSignalsOfWriting()
    Failure.catchExhaustion()
    Signals.letThemEnd()
    do {
      let arguments = try CallArguments.all()
      try InstructionSet.check()
      try CacheSizes.check()
      var command = parsed(arguments)
      try command.run()
    } catch {
      Failure.end(error)
    }
  }

  /// A mistake in the arguments is answered by the parser with the command's usage; whatever happens after by us.
  private static func parsed(_ arguments: [String]) -> any ParsableCommand {
    do {
      return try parseAsRoot(arguments)
    } catch {
      Failure.endParsing(error)
    }
  }
}

struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a model for a task.", subcommands: [TrainGenerate.self, TrainClassify.self, TrainTranslate.self, TrainTranscribe.self, TrainForecast.self])
}
