import RNN

/// A model's file of any task.
enum TrainedModel {
  case generate(LanguageModel)
  case classify(TextClassifier)
  case translate(Translator)
  case transcribe(Transcriber)
  case forecast(ForecastModel)

  init(contentsOf path: String) throws {
    let file = try Safetensors(contentsOf: path) { (metadata) throws(RNNError) in try ModelFile.check(metadata, source: path) }
    switch file.metadata["task"] {
    case TextClassifier.task: self = .classify(try TextClassifier(file, source: path))
    case Translator.task: self = .translate(try Translator(file, source: path))
    case Transcriber.task: self = .transcribe(try Transcriber(file, source: path))
    case ForecastModel.task: self = .forecast(try ForecastModel(file, source: path))
    default: self = .generate(try LanguageModel(file, source: path))
    }
  }

  var any: any TaskModel {
    switch self {
    case .generate(let model): model
    case .classify(let model): model
    case .translate(let model): model
    case .transcribe(let model): model
    case .forecast(let model): model
    }
  }

  var isTranscriber: Bool {
    if case .transcribe = self { true } else { false }
  }
}
