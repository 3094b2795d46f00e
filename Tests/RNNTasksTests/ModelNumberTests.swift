import RNNTestSupport
import Testing

/// The numbers of models' files and of saved states, which say how much is computed and where something goes on.
struct ModelNumberTests {
  private static let huge = ["9223372036854775807", "9223372036854775000", "2199023255552", "-1"]

  /// Replaces a key's number in JSON.
  private static func replace(_ json: inout String?, _ key: String, _ number: String) throws {
    let before = json
    json = try json?.replacing(Regex("\"\(key)\":-?[0-9.e+]+"), with: "\"\(key)\":\(number)")
    #expect(json != before, "\(key)")
  }

  @Test func sizesOfModels() throws {
    let language = try LanguageModel(.init(hidden: 3, embedding: 2), tokenizer: .bytes)
    let classifier = try TextClassifier(.init(hidden: 3, embedding: 2), labels: ["a", "b"], tokenizer: .bytes)
    let translator = try Translator(.init(hidden: 4, embedding: 2), source: .bytes, target: .bytes)
    let input = SoundInput.sound(SoundFeatures(rate: 8000, bands: 4))
    let transcriber = try Transcriber(
      .init(hidden: 3, layers: 1), input: input, scaling: RowScaling(means: [0, 0, 0, 0], deviations: [1, 1, 1, 1]), tokenizer: .bytes)
    for number in Self.huge + ["0"] {
      for key in ["hidden", "layers", "embedding"] {
        let message = try language.message { try Self.replace(&$0.metadata["architecture"], key, number) }
        #expect(message.contains(key), "\(key) \(number): \(message)")
      }
      for key in ["longest", "weightDrop"] where key == "longest" || number != "0" {
        let message = try classifier.message { try Self.replace(&$0.metadata["architecture"], key, number) }
        #expect(message.contains(key), "\(key) \(number): \(message)")
      }
      #expect(try translator.message { try Self.replace(&$0.metadata["architecture"], "hidden", number) }.contains("hidden"))
      for (entry, key) in [("architecture", "stacking"), ("input", "rate"), ("input", "window"), ("input", "points"), ("input", "bands")] {
        let message = try transcriber.message { try Self.replace(&$0.metadata[entry], key, number) }
        #expect(message != "accepted" && message.hasPrefix("m: "), "\(key) \(number): \(message)")
      }
      // A size beside another of the same name doesn't hide it.
      let both = try language.message {
        try Self.replace(&$0.metadata["architecture"], "hidden", number)
        $0.metadata["architecture"]?.replace("\"others\":{}", with: "\"others\":{\"hidden\":1,\"embedding\":1}")
      }
      #expect(both.contains("“hidden”"), "\(both)")
      let other = try language.message { $0.metadata["architecture"]?.replace("\"others\":{}", with: "\"others\":{\"projection\":\(number)}") }
      #expect(other.contains("projection") || other.contains("others"), "\(other)")
    }
  }

  @Test func sizesOfForecasts() throws {
    let series = try TimeSeries("s", targets: [(0..<60).map { Double($0 % 7) }])
    let set = try SeriesSet(targets: ["y"], frequency: .step, series: [series])
    let model = try ForecastTrainer(set, options: ForecastTrainingOptions(horizon: 2, hidden: 4, training: .init(budget: .steps(1)))).initial
    for number in Self.huge + ["0"] {
      for key in ["context", "horizon", "vector", "segment"] where number != "0" || key != "vector" {
        let message = try model.message { try Self.replace(&$0.metadata["architecture"], key, number) }
        #expect(message != "accepted", "\(key) \(number): \(message)")
      }
      for key in ["seasonality", "steps"] where number != "0" || key != "steps" {
        let message = try model.message { try Self.replace(&$0.metadata[key == "steps" ? "trained" : "variables"], key, number) }
        #expect(message.contains(key), "\(key) \(number): \(message)")
      }
    }
    #expect(try model.message { try Self.replace(&$0.metadata["architecture"], "context", "16777216") }.contains("“context” is 16777216, expected a whole number from 1 to 65536"))
  }

  /// Each of these would only make forecasts wrong.
  @Test func scalersOfForecasts() throws {
    func model(log: Bool) throws -> ForecastModel {
      var set = try SeriesSet(targets: ["y"], frequency: .step, series: [try TimeSeries("s", targets: [(0..<60).map { Double($0 % 7) + 1 }])])
      set.reading = SeriesReadingOptions(missing: 0)
      set.reading?.offset = 3600
      return try ForecastTrainer(set, options: ForecastTrainingOptions(horizon: 2, log: log, hidden: 4, training: .init(budget: .steps(1)))).initial
    }
    let plain = try model(log: false), logarithmic = try model(log: true)
    for number in ["0", "-1", "1e101"] {
      let message = try plain.message { try Self.replace(&$0.metadata["scaler"], "scale", number) }
      #expect(message.hasPrefix("m: the “scaler” in its metadata: “scale” is \(Double(number) ?? 0), expected a number above 0"), "\(message)")
    }
    #expect(try plain.message { try Self.replace(&$0.metadata["scaler"], "centre", "1e200") }.contains("“centre” is 1e+200"))
    #expect(try logarithmic.message { try Self.replace(&$0.metadata["scaler"], "centre", "5000") }.contains("“centre” is 5000.0, expected the logarithm of a number"))
    for (model, before, after, words) in [
      (plain, "\"isLog\":false,\"kind\"", "\"isLog\":true,\"kind\"", "“isLog” is true, but not of the scalings of all targets"),
      (logarithmic, "\"isLog\":true,\"kind\"", "\"isLog\":false,\"kind\"", "“isLog” is false, but not"),
      (plain, "\"kind\":\"standard\"", "\"kind\":\"instance\"", "“kind” is instance, but there are scalings of targets"),
    ] {
      let message = try model.message { $0.metadata["scaler"]?.replace(before, with: after) }
      #expect(message.hasPrefix("m: ") && message.contains(words), "\(message)")
    }
    for number in Self.huge { #expect(try plain.message { try Self.replace(&$0.metadata["variables"], "offset", number) }.contains("“offset”") == (number != "-1"), "\(number)") }
    #expect(try plain.message { try Self.replace(&$0.metadata["variables"], "missing", "1e300") }.contains("“missing” is 1e+300"))
    #expect(try plain.message { _ in } == "accepted" && logarithmic.message { _ in } == "accepted")
  }

  @Test func numbersOfTextStates() throws {
    let model = try LanguageModel(.init(hidden: 3, embedding: 2), tokenizer: .bytes)
    let generator = try TextGenerator(model), options = GenerationOptions(length: 10)
    let session = try TextSession(generator, options)
    _ = try session.next()
    let state = try session.state()
    for key in ["generated", "position.0"] {
      for number in Self.huge {
        var file = state
        file.metadata[key] = number
        let error = #expect(throws: RNNError.self, "\(key) \(number)") { try TextSession(generator, options).restore(file, source: "s") }
        #expect(error?.kind == .badData && error?.message.hasPrefix("s: “\(key)” is “\(number)”") == true, "\(error?.message ?? "")")
      }
    }
    // The last random numbers are followed by the first.
    var file = state
    file.metadata["sampler_position"] = "\(UInt64.max)"
    let last = try TextSession(generator, options)
    try last.restore(file)
    for _ in 0..<3 { _ = try last.next() }
  }

  @Test func numbersOfTranscriptionStates() throws {
    let input = SoundInput.sound(SoundFeatures(rate: 8000, bands: 4))
    let model = try Transcriber(
      .init(hidden: 3, layers: 1, bidirectional: nil), input: input, scaling: RowScaling(means: [0, 0, 0, 0], deviations: [1, 1, 1, 1]), tokenizer: .bytes)
    let packed = try Transcriber.Packed(model)
    var session = try TranscriptionSession(packed, rate: 16_000)
    session.push((0..<2000).map { Float($0 % 20) / 20 })
    let state = try session.state()
    for number in Self.huge {
      for (entry, key) in [("sound", "rows"), ("sound", "received"), ("sound", "sent"), ("sound", "start"), ("search", "rows")] {
        var file = state
        try Self.replace(&file.metadata[entry], key, number)
        let error = #expect(throws: RNNError.self, "\(key) \(number)") { try TranscriptionSession(packed, continuing: file, source: "s") }
        #expect(error?.kind == .badData && error?.message.hasPrefix("s: ") == true, "\(error?.message ?? "")")
      }
      for key in ["position", "rate", "beam"] {
        var file = state
        file.metadata[key] = number
        let error = #expect(throws: RNNError.self, "\(key) \(number)") { try TranscriptionSession(packed, continuing: file, source: "s") }
        #expect(error?.kind == .badData && error?.message.hasPrefix("s: “\(key)”") == true, "\(error?.message ?? "")")
      }
    }
  }
}
