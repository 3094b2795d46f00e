public import RNNTraining

extension LanguageModel.Architecture {
  public var settings: RunSettings { commonSettings + ["--embedding": embedding] }
}

extension TextClassifier.Architecture {
  public var settings: RunSettings {
    commonSettings + [
      "--embedding": embedding, "--bidirectional": bidirectional != nil, "--pooling": pooling.map(\.rawValue).joined(separator: ","),
    ]
  }
}

extension Translator.Architecture {
  public var settings: RunSettings {
    commonSettings + ["--embedding": embedding, "--attention": attention.rawValue, "--tied-embeddings": tiedEmbeddings]
  }
}

extension Transcriber.Architecture {
  public var settings: RunSettings { commonSettings + ["--bidirectional": bidirectional != nil, "--stacking": stacking] }
}

extension ForecastModel.Architecture {
  public var settings: RunSettings {
    commonSettings + kind.settings + head.settings + [
      "--context": context, "--horizon": horizon, "--embedding": vector, "--linear": autoregression, "--calendar": calendar,
    ]
  }
}
