/// How far transcripts are from what was said: the words, or the characters, that would have to be changed.
///
/// The figures are those of jiwer 4 with its defaults: nothing is lowered or normalised, words stand between spaces, and what stands
/// around a text doesn't count. Counts add up over all texts, so that a rate is that of the whole.
public struct WordErrors: Sendable, Hashable {
  /// What is counted. Characters are Unicode's scalars, the spaces between words among them.
  public enum Unit: Sendable, Hashable {
    case words, characters
  }

  public let unit: Unit
  public private(set) var hits = 0
  /// Units that were taken for others, were left out, and that nobody said.
  public private(set) var substitutions = 0
  public private(set) var deletions = 0
  public private(set) var insertions = 0

  public init(of unit: Unit = .words) { self.unit = unit }

  /// Adds a transcript and what it should have been.
  public mutating func add(_ transcript: String, reference: String) {
    for edit in Self.edits(transcript, reference: reference, unit) { count(edit) }
  }

  /// Adds all transcripts of another, of the same unit.
  public mutating func add(_ other: WordErrors) {
    precondition(unit == other.unit, "words and characters don't add up")
    hits += other.hits
    substitutions += other.substitutions
    deletions += other.deletions
    insertions += other.insertions
  }

  public var errors: Int { substitutions + deletions + insertions }
  /// The units of the references.
  public var count: Int { hits + substitutions + deletions }
  /// Errors for each unit of the references (WER, CER), more than 1 where much was invented; where there is none, the number of insertions.
  public var rate: Double { Double(errors) / Double(max(count, 1)) }
  /// Errors for each unit of both, references and transcripts (MER): 1 at most.
  public var matchErrorRate: Double { errors > 0 ? Double(errors) / Double(hits + errors) : 0 }
}

// MARK: Alignment

extension WordErrors {
  /// What became of a unit of the reference, or where a unit of the transcript came from.
  public enum Edit: Sendable, Hashable {
    case hit(String)
    case substitution(String, by: String)
    case deletion(String)
    case insertion(String)
  }

  /// The fewest edits that make the transcript of the reference, in their order, hits among them: one of several such lists.
  public static func alignment(_ transcript: String, reference: String, _ unit: Unit = .words) -> [Edit] {
    func text(_ scalars: [Unicode.Scalar]) -> String { scalars.reduce(into: "") { $0.unicodeScalars.append($1) } }
    let wanted = units(of: reference, unit), found = units(of: transcript, unit)
    var i = 0, j = 0
    return edits(transcript, reference: reference, unit).map { step in
      defer {
        if step != .insertion { i += 1 }
        if step != .deletion { j += 1 }
      }
      return switch step {
      case .hit: .hit(text(wanted[i]))
      case .substitution: .substitution(text(wanted[i]), by: text(found[j]))
      case .deletion: .deletion(text(wanted[i]))
      case .insertion: .insertion(text(found[j]))
      }
    }
  }

  private mutating func count(_ step: EditPath.Step) {
    switch step {
    case .hit: hits += 1
    case .substitution: substitutions += 1
    case .deletion: deletions += 1
    case .insertion: insertions += 1
    }
  }

  private static func edits(_ transcript: String, reference: String, _ unit: Unit) -> [EditPath.Step] {
    var numbers: [[Unicode.Scalar]: Int32] = [:]
    func numbered(_ text: String) -> [Int32] {
      units(of: text, unit).map { item in
        if let number = numbers[item] { return number }
        numbers[item] = Int32(numbers.count)
        return Int32(numbers.count - 1)
      }
    }
    let path = EditPath(from: numbered(reference), to: numbered(transcript))
    return path.steps
  }

  /// Scalars are compared one by one: jiwer knows nothing of characters that are written differently.
  private static func units(of text: String, _ unit: Unit) -> [[Unicode.Scalar]] {
    var scalars = ArraySlice(text.unicodeScalars)
    while scalars.last?.separatesWords == true { scalars.removeLast() }
    while scalars.first?.separatesWords == true { scalars.removeFirst() }
    guard unit == .words else { return scalars.map { [$0] } }
    // A space separates, and so does any white space of two or more; a lone tab is a part of its word.
    var words: [[Unicode.Scalar]] = [], word: [Unicode.Scalar] = []
    var i = scalars.startIndex
    while i < scalars.endIndex {
      let gap = scalars[i...].prefix { $0.separatesWords }
      if gap.isEmpty || (gap.count == 1 && gap.first != " ") {
        word.append(scalars[i])
        i += 1
      } else {
        words.append(word)
        word = []
        i += gap.count
      }
    }
    return word.isEmpty ? words : words + [word]
  }
}

/// The fewest changes that make one list of another (Levenshtein 1966).
private struct EditPath {
  enum Step: UInt8 { case hit, substitution, deletion, insertion }

  private(set) var steps: [Step] = []
  private let from, to: [Int32]
  /// What is kept of a table at most; greater ones are cut in two where the best path crosses their middle (Hirschberg 1975).
  private static let mostCells = 1 << 20

  init(from: [Int32], to: [Int32]) {
    (self.from, self.to) = (from, to)
    steps.reserveCapacity(max(from.count, to.count))
    align(from.indices, to.indices)
  }

  private mutating func align(_ a: Range<Int>, _ b: Range<Int>) {
    // What both begin and end with stays.
    var (a, b) = (a, b)
    while let i = a.first, let j = b.first, from[i] == to[j] {
      steps.append(.hit)
      (a, b) = (a.dropFirst(), b.dropFirst())
    }
    var tail = 0
    while let i = a.last, let j = b.last, from[i] == to[j] {
      tail += 1
      (a, b) = (a.dropLast(), b.dropLast())
    }
    if a.count > 1, !b.isEmpty, (a.count + 1) * (b.count + 1) > Self.mostCells {
      let middle = a.lowerBound + a.count / 2
      let before = distances(a.lowerBound..<middle, b, backwards: false), after = distances(middle..<a.upperBound, b, backwards: true)
      var best = 0
      for j in 1...b.count where before[j] + after[b.count - j] < before[best] + after[b.count - best] { best = j }
      align(a.lowerBound..<middle, b.lowerBound..<b.lowerBound + best)
      align(middle..<a.upperBound, b.lowerBound + best..<b.upperBound)
    } else {
      steps += path(a, b)
    }
    steps += Array(repeating: .hit, count: tail)
  }

  /// From all of `a` to each beginning of `b`; backwards, to each end of `b`, the shortest first.
  private func distances(_ a: Range<Int>, _ b: Range<Int>, backwards: Bool) -> [Int32] {
    var row = (0...b.count).map { Int32($0) }
    from.withUnsafeBufferPointer { from in
      to.withUnsafeBufferPointer { to in
        row.withUnsafeMutableBufferPointer { row in
          for i in 0..<a.count {
            let item = from[backwards ? a.upperBound - 1 - i : a.lowerBound + i]
            var diagonal = row[0]
            row[0] += 1
            for j in 0..<b.count {
              let other = to[backwards ? b.upperBound - 1 - j : b.lowerBound + j]
              let best = min(diagonal + (item == other ? 0 : 1), min(row[j], row[j + 1]) + 1)
              diagonal = row[j + 1]
              row[j + 1] = best
            }
          }
        }
      }
    }
    return row
  }

  /// Of several best paths jiwer's: from the end back, a deletion wherever there is one, else an insertion, else a step in both.
  private func path(_ a: Range<Int>, _ b: Range<Int>) -> [Step] {
    let width = b.count + 1
    var table = [Int32](repeating: 0, count: (a.count + 1) * width)
    for j in 0..<width { table[j] = Int32(j) }
    for i in 1..<a.count + 1 {
      table[i * width] = Int32(i)
      for j in 1..<width {
        let same = from[a.lowerBound + i - 1] == to[b.lowerBound + j - 1]
        table[i * width + j] = min(
          table[(i - 1) * width + j - 1] + (same ? 0 : 1), min(table[(i - 1) * width + j], table[i * width + j - 1]) + 1)
      }
    }
    var reversed: [Step] = [], i = a.count, j = b.count
    while i > 0 || j > 0 {
      let here = table[i * width + j]
      if j == 0 || (i > 0 && here == table[(i - 1) * width + j] + 1) {
        reversed.append(.deletion)
        i -= 1
      } else if i == 0 || table[i * width + j - 1] < table[(i - 1) * width + j - 1] {
        reversed.append(.insertion)
        j -= 1
      } else {
        reversed.append(from[a.lowerBound + i - 1] == to[b.lowerBound + j - 1] ? .hit : .substitution)
        (i, j) = (i - 1, j - 1)
      }
    }
    return reversed.reversed()
  }
}
