import RNNTensor

/// Steps that are written like arguments: h(t), x(t), h(t - 1), or in square brackets.
extension EquationLexer {
  /// The tokens with one word for each of these. A text that has a value named `t` has none.
  static func withSteps(_ tokens: [PlacedToken]) throws(RNNError) -> [PlacedToken] {
    let t = EquationToken.word(EquationWord(name: "t"))
    func token(_ place: Int) -> EquationToken { place < tokens.count ? tokens[place].token : .end }
    func closing(_ place: Int) -> EquationToken? {
      switch token(place) {
      case .symbol("("): .symbol(")")
      case .symbol("["): .symbol("]")
      default: nil
      }
    }
    /// The step in brackets at a place, and the place behind them.
    func step(_ place: Int) -> (text: String, end: Int)? {
      guard let close = closing(place) else { return nil }
      if token(place + 1) == .number(0), token(place + 2) == close, token(place + 3) == .symbol("=") { return ("0", place + 3) }
      guard token(place + 1) == t else { return nil }
      if token(place + 2) == close { return ("t", place + 3) }
      guard case .symbol(let sign) = token(place + 2), "+-".contains(sign), case .number = token(place + 3), token(place + 4) == close else { return nil }
      return ("t\(sign)\(tokens[place + 3].text)", place + 5)
    }
    var known: Set = ["x", "X"]
    var isHeader = false, hasSteps = false
    for (place, placed) in tokens.enumerated() {
      if placed.token == .separator { isHeader = false }
      guard case .word(let word) = placed.token else { continue }
      if place == 0 || token(place - 1) == .separator, ["input", "state", "output"].contains(word.name), case .word = token(place + 1) { isHeader = true }
      let found = step(place + 1)
      hasSteps = hasSteps || found != nil
      if isHeader || token(found?.end ?? place + 1) == .symbol("=") { known.insert(word.untimed) }
    }
    guard hasSteps, !known.contains("t") else { return tokens }
    var result: [PlacedToken] = []
    var place = 0
    while place < tokens.count {
      let placed = tokens[place]
      place += 1
      guard case .word(var word) = placed.token, word.time == .unsaid, word.dottedMatrix == nil, let (text, end) = step(place),
        isValue(word.name, known)
      else {
        result.append(placed)
        continue
      }
      let written = "\(placed.text)(\(text))"
      switch text {
      case "t": word.time = .current
      case "t-1": word.time = .previous
      case "0": word.name += "_0"
      default:
        throw placed.position.error("found \(written); the steps of an equation are t and t-1\(text == "t+1" ? ": write (t) for (t+1), and (t-1) for (t)" : "")")
      }
      place = end
      result.append(PlacedToken(token: .word(word), position: placed.position, text: written))
    }
    return result
  }

  /// True unless the name is a function's, or a parameter's that doesn't end in a value, as `Wx` does.
  private static func isValue(_ name: String, _ known: Set<String>) -> Bool {
    if known.contains(name) { return true }
    return EquationFunction(word: name) == nil && (EquationNames.parameter(name) == nil || name.last.map { known.contains(String($0)) } == true)
  }
}
