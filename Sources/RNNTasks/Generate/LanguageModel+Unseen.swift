import Foundation
import RNNData

extension LanguageModel {
  /// What is in a text that the training text didn't have, each once: characters, or words where tokens are words.
  ///
  /// Tokens that never occurred are told by their vectors, which stay zero in training, unless the range of the first weights was given.
  public func unseen(in text: String) -> [String] {
    var seen = Set<String>()
    guard tokenizer.kind != .words else {
      let words = text.split(whereSeparator: { $0.isASCII && $0.isWhitespace }).map(String.init)
      return words.filter { tokenizer.encode($0) == [tokenizer.unknown] && seen.insert($0).inserted }
    }
    let silent = silentTokens
    return text.unicodeScalars.map { String(Character($0)) }.filter { scalar in
      let tokens = tokenizer.encode(scalar)
      guard tokens.contains(where: silent.contains), seen.insert(scalar).inserted else { return false }
      // A byte may occur only in longer tokens.
      return tokenizer.kind != .bpe || !hasToken(with: Array(scalar.utf8), besides: silent)
    }
  }

  /// Tokens that the training text didn't have.
  private var silentTokens: Set<Int32> {
    var silent = Set(tokenizer.unknown.map { [$0] } ?? [])
    guard let table = weights[embedding.weightName] else { return silent }
    table.withUnsafeBufferPointer { table in
      for token in 0..<tokenizer.count where table[token * embedding.size..<(token + 1) * embedding.size].allSatisfy({ $0 == 0 }) { silent.insert(Int32(token)) }
    }
    return silent
  }

  private func hasToken(with bytes: [UInt8], besides silent: Set<Int32>) -> Bool {
    (0..<Int32(tokenizer.count)).contains { token in
      let text = tokenizer.decode(token)
      return text.count >= bytes.count && !silent.contains(token) && text.indices.contains { text[$0...].starts(with: bytes) }
    }
  }

  /// A sentence about what of a prompt the model never saw; nil where there is nothing to say.
  public func remark(onPrompt prompt: String) -> String? {
    let unseen = unseen(in: prompt)
    guard !unseen.isEmpty else { return nil }
    let isOfWords = tokenizer.kind == .words
    let shown = unseen.prefix(10).map { isOfWords ? "‘\($0.prefix(40))’" : Self.shown($0) }.joined(separator: ", ") + (unseen.count > 10 ? " and \(unseen.count - 10) more" : "")
    let things = "\(isOfWords ? "word" : "character")\(unseen.count == 1 ? "" : "s")"
    var sentence = isOfWords
      ? "the model has no token for the \(things) \(shown) of the prompt and reads \(unseen.count == 1 ? "it" : "them") as unknown"
      : "the model never saw the \(things) \(shown) of the prompt: what follows is a guess"
    // The same to the eye, but of other characters.
    for (other, form) in [(prompt.precomposedStringWithCanonicalMapping, "composed (NFC)"), (prompt.decomposedStringWithCanonicalMapping, "decomposed (NFD)")] {
      guard !other.unicodeScalars.elementsEqual(prompt.unicodeScalars), self.unseen(in: other).count < unseen.count else { continue }
      sentence += "; written with \(form) characters it is known"
      break
    }
    return sentence
  }

  private static func shown(_ character: String) -> String {
    let codes = character.unicodeScalars.map { "U+" + String(repeating: "0", count: max(0, 4 - String($0.value, radix: 16).count)) + String($0.value, radix: 16, uppercase: true) }
    let isVisible = character.unicodeScalars.allSatisfy { scalar in
      switch scalar.properties.generalCategory {
      case .control, .format, .nonspacingMark, .enclosingMark, .surrogate, .unassigned, .privateUse, .spaceSeparator, .lineSeparator, .paragraphSeparator: false
      default: true
      }
    }
    return isVisible ? "‘\(character)’ (\(codes.joined(separator: " ")))" : codes.joined(separator: " ")
  }
}
