import RNN

/// A model's file, or a checkpoint, of any task.
enum TrainedModel {
  case generate(LanguageModel)
  case classify(TextClassifier)
  case translate(Translator)
  case transcribe(Transcriber)
  case forecast(ForecastModel)

  init(contentsOf path: String) throws { try self.init(Self.file(path), source: path) }

  /// A model's file, or a checkpoint, whose numbers are read only if it is one.
  static func file(_ path: String) throws -> Safetensors {
    try Safetensors(contentsOf: path) { (metadata) throws(RNNError) in try ModelFile.check(metadata, source: path) }
  }

  init(_ file: Safetensors, source path: String) throws {
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
