import RNN

/// How well a translator translates sentences whose translations are known.
struct TranslationReport {
  private var bleu = BLEU()
  private var chrF = ChrF()
  private var sentences = 0
  private var tokens = 0
  private var nats = 0.0
  private let names: [String]

  private struct Result: Encodable {
    let model: String
    let texts: [String]
    let sentences: Int
    let bleu: Double
    let bleuSignature: String
    let chrf2: Double
    let chrf2Signature: String
    let tokens: Int
    let natsPerToken: Double
  }

  /// Translates and compares; reads pair after pair, in constant memory.
  init(_ model: Translator, _ files: PairFiles, options: PairOptions, _ search: TranslationOptions, isQuiet: Bool) throws {
    names = files.paths.map { $0 == "-" ? "standard input" : $0 }
    let translator = try Translator.Packed(model)
    let readsAnything = model.source.kind.readsAnything && model.target.kind.readsAnything
    var reader = try PairReader(files, options: options, requiresUTF8: !readsAnything)
    var pairs: [(source: [UInt8], target: [UInt8])] = []
    var search = search
    search.keepsAttention = false
    func measure() throws {
      for (pair, found) in zip(pairs, try translator.translate(pairs.map(\.source), search)) {
        let reference = String(decoding: pair.target, as: UTF8.self), text = found.first?.text ?? ""
        bleu.add(text, reference: reference)
        chrF.add(text, reference: reference)
      }
      for losses in translator.score(pairs) {
        nats -= losses.reduce(0, +)
        tokens += losses.count
      }
      sentences += pairs.count
      pairs = []
    }
    while let pair = try reader.next() {
      pairs.append((pair.source, pair.target))
      if pairs.count == 512 { try measure() }
    }
    try measure()
    guard sentences > 0 else { throw RNNError(.badData, "\(names.joined(separator: ", ")): found no sentence, expected sentences and their translations") }
  }

  func print(model: String, asJSON: Bool) throws {
    let perToken = nats / Double(max(tokens, 1))
    if asJSON {
      return try Output.json(
        Result(
          model: model, texts: names, sentences: sentences, bleu: bleu.score, bleuSignature: BLEU.signature, chrf2: chrF.score,
          chrf2Signature: ChrF.signature, tokens: tokens, natsPerToken: perToken))
    }
    try Output.write(
      Output.table([
        ("sentences", "\(sentences) of \(names.joined(separator: ", "))"), ("BLEU", bleu.description), ("chrF2", chrF.description),
        ("nats per token", "\(HumanFormat.fixed(perToken, 5))   of the given translations: \(tokens) tokens, each one's end included"),
      ]))
  }
}

