/// What names look like in equations, and how the written forms of one name are understood.
enum EquationNames {
  /// Whether a state or an input may have this name: a letter, then letters and digits, parts joined by single underscores.
  /// A last part `t` is left to the value at step t.
  static func isValue(_ name: String) -> Bool {
    guard let first = name.unicodeScalars.first, isLetter(first), name != step else { return false }
    return isParameter(name) && !name.hasSuffix("_t")
  }

  /// Whether a parameter may have this name, after its `W.` or `b.`.
  static func isParameter(_ name: String) -> Bool {
    name.split(separator: "_", omittingEmptySubsequences: false).allSatisfy { part in
      !part.isEmpty && part.unicodeScalars.allSatisfy { isLetter($0) || isDigit($0) }
    }
  }

  static let maximumCellBytes = 64

  /// Whether a cell's name can stand in a text: one line without what would end it.
  static func isCell(_ name: String) -> Bool {
    guard let first = name.first, let last = name.last, name.utf8.count <= maximumCellBytes else { return false }
    let isPlain = name.unicodeScalars.allSatisfy { !";#".unicodeScalars.contains($0) && $0.value >= 0x20 && $0.value != 0x7f }
    return isPlain && first != "=" && !first.isWhitespace && !last.isWhitespace
  }

  /// The name of a cell that has none.
  static let custom = "custom"

  /// The index of the step in the sequence.
  static let step = "step"

  static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isAlphabetic && !scalar.properties.isDiacritic && subscripts[scalar] == nil && !isCombining(scalar)
  }

  static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

  /// A mark that would change the letter before it.
  private static func isCombining(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark: true
    default: false
    }
  }

  /// Subscript characters, as in hₜ₋₁ and Wₓₕ, and the characters that they lower.
  static let subscripts: [Unicode.Scalar: Character] = [
    "₀": "0", "₁": "1", "₂": "2", "₃": "3", "₄": "4", "₅": "5", "₆": "6", "₇": "7", "₈": "8", "₉": "9", "₋": "-",
    "ₐ": "a", "ₑ": "e", "ₕ": "h", "ᵢ": "i", "ⱼ": "j", "ₖ": "k", "ₗ": "l", "ₘ": "m", "ₙ": "n", "ₒ": "o", "ₚ": "p",
    "ᵣ": "r", "ₛ": "s", "ₜ": "t", "ᵤ": "u", "ᵥ": "v", "ₓ": "x",
  ]

  /// A parameter's name in one of its written forms – `W_xh`, `Wxh`, `b_h`, `bh`, `v_h`, `U_f`, `W`, `b` –, or nil if it isn't one.
  static func parameter(_ written: String) -> (isMatrix: Bool, name: String)? {
    if hasOwnLetter(written) { return (true, written) }
    if written == "b" || written == "v" { return (false, written) }
    guard let first = written.first, first == "W" || first == "b" || first == "v" else { return nil }
    let rest = written.dropFirst()
    if rest.first == "_" {
      let name = String(rest.dropFirst())
      return isParameter(name) ? (first == "W", name) : nil
    }
    // Without a separator only short names are taken, so that `bias` or `value` is not silently a vector “ias”.
    guard isParameter(String(rest)), rest.count <= (first == "W" ? 3 : 2) || rest.contains("_") && rest.count <= 4 else { return nil }
    return (first == "W", String(rest))
  }

  /// True for a matrix that is written without a `W`: a capital letter, alone or with a subscript. `W_f` is the matrix
  /// `f`, the identity is no parameter, and `C_t` would be a value.
  static func hasOwnLetter(_ name: String) -> Bool {
    guard let first = name.unicodeScalars.first, ("A"..."Z").contains(first), name != "I", !name.hasSuffix("_t") else { return false }
    return name.unicodeScalars.count == 1 || first != "W" && name.unicodeScalars.dropFirst().first == "_" && isParameter(name)
  }

  /// The name among `known` that is closest to `name`, if it is close.
  static func suggestion(for name: String, among known: [String]) -> String? {
    let limit = name.count <= 2 ? 1 : 2
    let near = known.map { (name: $0, distance: distance($0, name)) }.filter { $0.distance <= limit && $0.distance < name.count }
    return near.min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
  }

  /// The number of characters to insert, remove or replace; lengths that differ by more than 2 are far.
  private static func distance(_ a: String, _ b: String) -> Int {
    let a = Array(a), b = Array(b)
    guard Swift.abs(a.count - b.count) <= 2, a.count <= 64 else { return .max }
    var row = Array(0...b.count)
    for i in a.indices {
      var diagonal = row[0]
      row[0] = i + 1
      for j in b.indices {
        let replaced = diagonal + (a[i] == b[j] ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = Swift.min(replaced, row[j] + 1, diagonal + 1)
      }
    }
    return row[b.count]
  }
}
