import RNNTensor

/// Ranges of steps and numbers of equations, which papers write beside the equations. A cell is read without them.
extension EquationLexer {
  // MARK: Ranges of steps

  /// Skips `t = 1, \dots, T`, `\text{for all } t` or `(1 \le t \le T)` behind an equation. False, with nothing taken, for anything else.
  mutating func skipRange() -> Bool {
    guard mayBeRange, let last = tokens.last?.token, last != .separator, last != .symbol("=") else { return false }
    var end = next
    func skip(_ texts: [String]) -> Bool {
      for text in texts where scalars[end...].starts(with: text.unicodeScalars) {
        end += text.unicodeScalars.count
        return true
      }
      return false
    }
    func skipBlank() { while skip([" ", "\t", "~", "\\,", "\\;", "\\:", "\\!", "\\ ", "\\quad", "\\qquad"]) {} }
    let isBracketed = skip(["("]), hasWords: Bool
    if skip(["\\text{", "\\textrm{", "\\mathrm{", "\\mbox{"]) {
      skipBlank()
      hasWords = skip(Self.all)
      skipBlank()
      guard hasWords, skip(["}"]) else { return false }
    } else {
      hasWords = skip(Self.all)
    }
    skipBlank()
    // 1 ≤ t ≤ T.
    let isBetween = skip(["0", "1"])
    skipBlank()
    if isBetween, !skip(Self.less) { return false }
    skipBlank()
    guard skip(["t"]) else { return false }
    skipBlank()
    let isEqual = skip(["="])
    var isRange = !isEqual && skip(isBetween ? Self.less : Self.relations)
    if isEqual || isRange {
      while true {
        if skip(Self.ends) { isRange = true } else if !skip(Self.members) { break }
      }
    } else {
      // For all t.
      isRange = hasWords
    }
    if isBracketed, !skip([")"]) { return false }
    // `t = 1 - x` is an equation of t.
    guard isRange, end == scalars.count || !EquationNames.isLetter(scalars[end]) else { return false }
    while next < end { advance() }
    if last == .symbol(",") { tokens.removeLast() }
    return true
  }

  /// A quick look at the first characters, of which nearly all say that there is no range.
  private var mayBeRange: Bool {
    func following(_ text: String) -> Bool { ahead(1).map(text.unicodeScalars.contains) ?? false }
    switch current {
    case "t": return following(" =\\∈≥>~")
    case "f": return following("o")
    case "\\": return following("tfm")
    case "(": return following(" t\\f∀01")
    case "0", "1": return following(" \\≤<~")
    case "∀": return true
    default: return false
    }
  }

  private static let all = ["for all", "for each", "for every", "for", "\\forall", "∀"]
  private static let less = ["\\leqslant", "\\leq", "\\le", "≤", "<"]
  private static let relations = ["\\geqslant", "\\geq", "\\ge", "≥", ">", "\\in", "∈", "in "]
  private static let ends = ["\\ldots", "\\dotsc", "\\dots", "\\cdots", "…", "⋯", "...", "..", "\\mathbb{N}", "\\mathbb{Z}", "ℕ", "T", "N"]
  private static let members = [
    ",", "\\,", "\\;", "\\:", "\\!", "\\ ", " ", "\t", "~", "\\{", "\\}", "{", "[", "]", ":", "to ", "-", "−", "+", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "_", "^",
  ]

  // MARK: Numbers

  /// The tokens without `(1)`, `(2.3)` or `(4a)` at the end of an equation or before it.
  static func withoutNumbers(_ tokens: [PlacedToken]) -> [PlacedToken] {
    var result: [PlacedToken] = []
    var place = 0
    while place < tokens.count {
      if let end = numberEnd(tokens, place), endsValue(result) && endsEquation(tokens, end) || begins(result) && isWord(tokens[end]) {
        place = end
      } else {
        result.append(tokens[place])
        place += 1
      }
    }
    return result
  }

  /// The place behind the number of an equation that begins at a place.
  private static func numberEnd(_ tokens: [PlacedToken], _ start: Int) -> Int? {
    guard tokens[start].token == .symbol("("), start + 3 < tokens.count, case .number = tokens[start + 1].token else { return nil }
    let parts = tokens[start + 1].text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty && $0.unicodeScalars.allSatisfy(EquationNames.isDigit) }), parts[0].first != "0" else { return nil }
    var end = start + 2
    if case .word(let word) = tokens[end].token, word.name.unicodeScalars.count == 1, word.time == .unsaid { end += 1 }
    return end + 1 < tokens.count && tokens[end].token == .symbol(")") ? end + 1 : nil
  }

  /// True where an equation may have ended: two numbers side by side are only `h_0 = 0 (3)`.
  private static func endsValue(_ tokens: [PlacedToken]) -> Bool {
    switch tokens.last?.token {
    case .symbol(let symbol): ")],.²⊤".contains(symbol)
    case .word(let word): word.time != .unsaid || word.dottedMatrix != nil || EquationFunction(word: word.name) == nil
    case .number: [.symbol("="), .symbol("^")].contains(tokens.dropLast().last?.token)
    default: false
    }
  }

  private static func begins(_ tokens: [PlacedToken]) -> Bool { tokens.last.map { $0.token == .separator } ?? true }

  private static func isWord(_ token: PlacedToken) -> Bool { if case .word = token.token { true } else { false } }

  private static func endsEquation(_ tokens: [PlacedToken], _ place: Int) -> Bool {
    func isEnd(_ token: EquationToken) -> Bool { token == .separator || token == .end }
    let token = tokens[place].token
    return isEnd(token) || (token == .symbol(",") || token == .symbol(".")) && place + 1 < tokens.count && isEnd(tokens[place + 1].token)
  }
}
