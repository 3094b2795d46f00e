/// Says how probable a transcript's tokens are by themselves, one after another.
public protocol TranscriptLanguageModel: Sendable {
  /// Before the first token.
  var beginning: TranscriptContext { get }
  /// What comes after contexts when each reads one of the transcriber's tokens. The bits of one don't depend on the others.
  func contexts(after: [(context: TranscriptContext, token: Int32)]) -> [TranscriptContext]
}

/// What a language model knows after some tokens. Never changed, it is shared by all texts that go on from there.
public final class TranscriptContext: Sendable {
  /// ln p of each of the transcriber's tokens as the next one, and last of the text's end.
  public let logProbabilities: [Float]
  /// What is remembered: the last tokens, or a network's states one after another.
  let tokens: [Int32]
  let states: [Float]
  /// How many tokens were read.
  let position: Int

  init(_ logProbabilities: [Float], tokens: [Int32] = [], states: [Float] = [], position: Int = 0) {
    self.logProbabilities = logProbabilities
    self.tokens = tokens
    self.states = states
    self.position = position
  }
}

extension TranscriptLanguageModel {
  /// ln p of a text and its end.
  package func score(_ tokens: [Int32]) -> Double {
    var context = beginning, sum = 0.0
    for token in tokens {
      sum += Double(context.logProbabilities[Int(token)])
      context = contexts(after: [(context, token)])[0]
    }
    return sum + Double(context.logProbabilities.last ?? 0)
  }
}
