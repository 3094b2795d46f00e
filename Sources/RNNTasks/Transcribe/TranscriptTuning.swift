package import RNNData
package import RNNTensor
package import RNNTraining

/// Chooses how much a language model counts, and what each token adds, by how well held-out clips are transcribed.
package struct TranscriptTuning {
  /// What was said in a clip, and what the network says row by row, `[rows, tokens + 1]`.
  package typealias Example = (logProbabilities: Tensor, text: String)

  private let examples: [Example]
  private let tokenizer: Tokenizer
  private let languageModel: any TranscriptLanguageModel
  /// Of these the weight and the bonus are chosen; the rest is as given.
  private let options: TranscriptionOptions

  package init(
    _ examples: [Example], tokens: Tokenizer, languageModel: any TranscriptLanguageModel, options: TranscriptionOptions = .init()
  ) {
    (self.examples, tokenizer, self.languageModel, self.options) = (examples, tokens, languageModel, options)
  }

  /// How well a choice does: fewer wrong words, then fewer wrong characters.
  package struct Outcome {
    package var options: TranscriptionOptions
    package var words: WordErrors
    package var characters: WordErrors

    /// Of equals the smaller numbers.
    func isBetter(than other: Outcome) -> Bool {
      let (a, b) = (options, other.options)
      return (Double(words.errors), Double(characters.errors), a.languageModelWeight, abs(a.lengthBonus), a.lengthBonus)
        < (Double(other.words.errors), Double(other.characters.errors), b.languageModelWeight, abs(b.lengthBonus), b.lengthBonus)
    }
  }

  private static let weights = [0.25, 0.5, 1, 1.5, 2, 3], bonuses = [-1.0, 0, 1, 2, 3]

  /// The best of a coarse grid, and then of its neighbours in steps that become smaller. No number is drawn: it's always the same.
  ///
  /// - Parameter progress: called after each trial with the part that is done.
  package func best(progress: (Double) -> Void = { _ in }) -> Outcome {
    var tried: [TranscriptionOptions: Outcome] = [:]
    let most = Double(Self.weights.count * Self.bonuses.count + 2 * 8)
    func outcome(_ weight: Double, _ bonus: Double) -> Outcome {
      var options = options
      (options.languageModelWeight, options.lengthBonus) = (weight, bonus)
      if let known = tried[options] { return known }
      let outcome = self.outcome(options)
      tried[options] = outcome
      progress(min(Double(tried.count) / most, 1))
      return outcome
    }
    var best = outcome(Self.weights[0], 0)
    for weight in Self.weights { for bonus in Self.bonuses { best = better(best, outcome(weight, bonus)) } }
    for step in [0.5, 0.25] {
      let (weight, bonus) = (best.options.languageModelWeight, best.options.lengthBonus)
      for i in [-1.0, 0, 1] { for j in [-1.0, 0, 1] { best = better(best, outcome(weight * (1 + i * step / 2), bonus + j * step)) } }
    }
    return best
  }

  private func better(_ a: Outcome, _ b: Outcome) -> Outcome { b.isBetter(than: a) ? b : a }

  /// Transcribes all examples, which threads share out.
  package func outcome(_ options: TranscriptionOptions) -> Outcome {
    var texts = [String](repeating: "", count: examples.count)
    let start = TranscriptDecoder(options, tokens: tokenizer, languageModel: languageModel)
    texts.withUnsafeMutableBufferPointer { texts in
      Threads.parallel(examples.count) { i in
        var decoder = start
        decoder.push(examples[i].logProbabilities)
        texts[i] = decoder.best()[0].text
      }
    }
    var outcome = Outcome(options: options, words: WordErrors(), characters: WordErrors(of: .characters))
    for (text, example) in zip(texts, examples) {
      outcome.words.add(text, reference: example.text)
      outcome.characters.add(text, reference: example.text)
    }
    return outcome
  }
}
