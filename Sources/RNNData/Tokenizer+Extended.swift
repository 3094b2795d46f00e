extension Tokenizer {
  /// This tokenizer, and the tokens of another one of its kind that it lacks.
  ///
  /// Bytes and byte-pair encoding lack none. Words keep their numbers; characters are in the order of their code points.
  ///
  /// - Parameter vocabulary: tokens at most, of words; new ones beyond that are left out. Nil for no bound.
  package func extended(by other: Tokenizer, vocabulary: Int? = nil) -> Tokenizer {
    guard other.kind == kind else { return self }
    switch kind {
    case .bytes, .bpe: return self
    case .characters: return Tokenizer(characters: scalars + other.scalars)
    case .words:
      var table = table
      // The line end and the unknown word have tokens too.
      for word in 0..<other.table.count where table.count + 2 < vocabulary ?? .max {
        _ = other.table[word].withUnsafeBufferPointer { table.add($0) }
      }
      return Tokenizer(words: table)
    }
  }

  /// For each token of this tokenizer the one that stands for the same in an extended one.
  package func tokens(in extended: Tokenizer) -> [Int32] {
    let unknown = Int32(extended.count - 1)
    return switch kind {
    case .bytes, .bpe: (0..<Int32(count)).map { $0 }
    case .characters: scalars.map { extended.token(of: $0) } + [unknown]
    case .words: (0..<Int32(count - 1)).map { $0 } + [unknown]
    }
  }
}
