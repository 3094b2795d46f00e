package import RNNData
package import RNNTensor

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Searches for the transcripts of what a network says row by row (connectionist temporal classification): prefix beam search (Hannun
/// et al. 2014), in which all paths that read as one text are counted together; with a beam of 1 the most probable path.
///
/// A value: a copy goes its own way, and to ask for what was found so far changes nothing. No result depends on how rows were cut.
package struct TranscriptDecoder: Sendable {
  package let options: TranscriptionOptions
  package let tokenizer: Tokenizer
  private let languageModel: (any TranscriptLanguageModel)?
  private var prefixes = TranscriptPrefixes()
  private var beam: [Entry]
  /// The rows so far.
  package private(set) var rows = 0

  /// - Parameter tokens: those of the classes, of which one more, the last, is the blank.
  package init(_ options: TranscriptionOptions, tokens: Tokenizer, languageModel: (any TranscriptLanguageModel)? = nil) {
    self.options = options
    tokenizer = tokens
    // What counts nothing needn't be asked.
    self.languageModel = options.beam > 1 && options.languageModelWeight > 0 ? languageModel : nil
    beam = [Entry(node: TranscriptPrefixes.root, context: self.languageModel?.beginning)]
    beam[0].blank = Path(logProbability: 0)
    beam[0].ofBlank = 0
  }

  // MARK: Paths

  /// The most probable path to a text, and where it says the text's last token.
  private struct Path: Hashable {
    var logProbability = -Double.infinity
    /// All tokens but the last.
    var earlier: Int32 = -1
    var last = SpokenToken(token: -1, first: -1, last: -1, probability: 0)

    /// Goes on with a row that says nothing.
    func resting(_ logProbability: Double) -> Path {
      var path = self
      path.logProbability += logProbability
      return path
    }

    /// Goes on with a row that says the last token again.
    func repeating(_ logProbability: Double, _ row: Int) -> Path {
      var path = resting(logProbability)
      path.last.last = Int32(clamping: row)
      path.last.probability = max(path.last.probability, Float(exp(logProbability)))
      return path
    }
  }

  /// A text in the beam.
  private struct Entry {
    var node: Int32
    /// What the language model says about what comes next.
    var context: TranscriptContext?
    /// ln p of all paths to it that end with the blank, and of those that end with its last token.
    var ofBlank = -Double.infinity
    var ofToken = -Double.infinity
    /// The most probable of either.
    var blank = Path()
    var token = Path()
    /// What the language model and the bonus have added.
    var added = 0.0

    var logProbability: Double { logSum(ofBlank, ofToken) }
    var path: Path { token.logProbability > blank.logProbability ? token : blank }
  }

  /// A text after one more row: one of the beam, or one of them and a token.
  private struct Candidate {
    /// The place in the beam, and the token behind it; −1: none.
    var parent: Int
    var token: Int32 = -1
    /// ln p of all paths to it.
    var logProbability: Double
    /// What the language model and the bonus have added.
    var added: Double

    var score: Double { logProbability + added }

    /// Of equals those of the beam first.
    func isBefore(_ other: Candidate) -> Bool {
      score != other.score ? score > other.score : (token, parent) < (other.token, other.parent)
    }
  }

  /// The best candidates so far, in order.
  private struct Best {
    let count: Int
    private(set) var candidates: [Candidate] = []

    init(_ count: Int) { self.count = count }

    mutating func add(_ candidate: Candidate) {
      if candidates.count == count {
        guard let last = candidates.last, candidate.isBefore(last) else { return }
        candidates.removeLast()
      }
      var place = candidates.count
      while place > 0, candidate.isBefore(candidates[place - 1]) { place -= 1 }
      candidates.insert(candidate, at: place)
    }
  }

  // MARK: Rows

  /// Takes rows of ln p of the classes, `[rows, tokens + 1]`.
  package mutating func push(_ logProbabilities: Tensor) {
    let classes = tokenizer.count + 1
    precondition(
      logProbabilities.shape.count == 2 && logProbabilities.shape[1] == classes,
      "rows of \(classes) classes are expected, not the shape \(logProbabilities.shape)")
    logProbabilities.withPointer { x in
      for row in 0..<logProbabilities.shape[0] { push(UnsafeBufferPointer(start: x + row * classes, count: classes)) }
    }
  }

  private mutating func push(_ row: UnsafeBufferPointer<Float>) {
    let blank = tokenizer.count, unknown = tokenizer.unknown.map(Int.init)
    var said: [Int32] = [], isBlankPossible = true
    if options.beam == 1 {
      // A path of one class in each row.
      var best = blank
      for c in 0..<blank where c != unknown && row[c] > row[best] { best = c }
      isBlankPossible = best == blank
      if best != blank { said = [Int32(best)] }
    } else {
      let least = Float(log(options.leastProbability))
      for c in 0..<blank where c != unknown && row[c] > -.infinity && row[c] >= least { said.append(Int32(c)) }
    }

    var stayed = beam.map { self.stayed($0, row, isBlankPossible: isBlankPossible, said: said) }
    // Texts of the beam that are others of it and a token.
    var places: [Int32: Int] = [:], children = [[(token: Int32, place: Int)]](repeating: [], count: beam.count)
    for (i, entry) in beam.enumerated() { places[entry.node] = i }
    for (i, entry) in beam.enumerated() {
      if let token = prefixes.token(entry.node), let parent = places[prefixes.parent(entry.node)] { children[parent].append((token, i)) }
    }
    var best = Best(options.beam)
    for (i, entry) in beam.enumerated() {
      let total = entry.logProbability, last = prefixes.token(entry.node)
      for token in said {
        // The same token again must have a blank before it.
        let from = token == last ? entry.ofBlank : total
        guard from > -.infinity else { continue }
        let p = Double(row[Int(token)])
        if let place = children[i].first(where: { $0.token == token })?.place {
          let way = way(from: entry, to: token)
          stayed[place].ofToken = logSum(stayed[place].ofToken, from + p)
          if way.logProbability + p > stayed[place].token.logProbability { stayed[place].token = path(after: way, token, p) }
        } else {
          var added = entry.added + options.lengthBonus
          if let context = entry.context { added += options.languageModelWeight * Double(context.logProbabilities[Int(token)]) }
          best.add(Candidate(parent: i, token: token, logProbability: from + p, added: added))
        }
      }
    }
    for (i, entry) in stayed.enumerated() {
      best.add(Candidate(parent: i, logProbability: entry.logProbability, added: entry.added))
    }
    keep(best.candidates, stayed, row)
    rows += 1
    if prefixes.isCrowded { clear() }
  }

  /// The most probable path of a text that a token can follow.
  private func way(from entry: Entry, to token: Int32) -> Path {
    token == prefixes.token(entry.node) ? entry.blank : entry.path
  }

  /// A text that a row leaves as it is: it says nothing, or the last token goes on.
  private func stayed(_ entry: Entry, _ row: UnsafeBufferPointer<Float>, isBlankPossible: Bool, said: [Int32]) -> Entry {
    var next = Entry(node: entry.node, context: entry.context, added: entry.added)
    if isBlankPossible {
      let p = Double(row[tokenizer.count])
      next.ofBlank = entry.logProbability + p
      next.blank = entry.path.resting(p)
    }
    if let last = prefixes.token(entry.node), options.beam > 1 || said.contains(last) {
      let p = Double(row[Int(last)])
      next.ofToken = entry.ofToken + p
      next.token = entry.token.repeating(p, rows)
    }
    return next
  }

  /// A path that goes on with a new token, of the probability eᵖ, in this row.
  private mutating func path(after path: Path, _ token: Int32, _ p: Double) -> Path {
    Path(
      logProbability: path.logProbability + p, earlier: path.last.token < 0 ? -1 : prefixes.say(path.last, after: path.earlier),
      last: SpokenToken(token: token, first: Int32(clamping: rows), last: Int32(clamping: rows), probability: Float(exp(p))))
  }

  /// The best texts, in order, become the beam.
  private mutating func keep(_ best: [Candidate], _ stayed: [Entry], _ row: UnsafeBufferPointer<Float>) {
    // Something stays, however improbable.
    var next: [Entry] = [], extended: [(entry: Int, context: TranscriptContext, token: Int32)] = []
    for candidate in best where next.isEmpty || candidate.score > -.infinity {
      if candidate.token < 0 {
        next.append(stayed[candidate.parent])
        continue
      }
      let parent = beam[candidate.parent], token = candidate.token
      var entry = Entry(node: prefixes.addChild(parent.node, token))
      entry.ofToken = candidate.logProbability
      entry.token = path(after: way(from: parent, to: token), token, Double(row[Int(token)]))
      entry.added = candidate.added
      if let context = parent.context { extended.append((next.count, context, token)) }
      next.append(entry)
    }
    beam = next
    if let languageModel, !extended.isEmpty {
      let contexts = languageModel.contexts(after: extended.map { ($0.context, $0.token) })
      for (place, context) in zip(extended, contexts) { beam[place.entry].context = context }
    }
  }

  /// Forgets what no text of the beam needs.
  private mutating func clear() {
    var nodes = beam.map(\.node), places = beam.flatMap { [$0.blank.earlier, $0.token.earlier] }
    prefixes.keep(nodes: &nodes, places: &places)
    for i in beam.indices {
      beam[i].node = nodes[i]
      (beam[i].blank.earlier, beam[i].token.earlier) = (places[2 * i], places[2 * i + 1])
    }
  }

  // MARK: Results

  /// The best transcripts of the rows so far, at least one, or as many as there are.
  ///
  /// - Parameter isEnd: whether no row follows; then it counts how probable the language model takes it that the text ends there.
  package func best(_ count: Int = 1, isEnd: Bool = true) -> [Transcript] {
    var found = beam.map { (entry: $0, score: $0.logProbability + $0.added) }
    if isEnd, languageModel != nil {
      for i in found.indices {
        if let end = found[i].entry.context?.logProbabilities.last { found[i].score += options.languageModelWeight * Double(end) }
      }
    }
    let order = found.indices.sorted { found[$0].score != found[$1].score ? found[$0].score > found[$1].score : $0 < $1 }
    let highest = found[order[0]].score, total = found.reduce(0) { $0 + exp($1.score - highest) }
    return order.prefix(max(count, 1)).map { i in
      let (entry, score) = found[i], path = entry.path
      var spoken = prefixes.spoken(upTo: path.earlier)
      if path.last.token >= 0 { spoken.append(path.last) }
      return Transcript(
        spoken, tokenizer: tokenizer, logProbability: entry.logProbability, score: score,
        confidence: options.beam == 1 ? exp(entry.logProbability) : exp(score - highest) / total)
    }
  }

  // MARK: Saving

  /// Everything that a search's continuation depends on, besides its options and the models.
  package struct State: Codable, Sendable, Hashable {
    package var rows: Int
    package var prefixes: [[Int32]]
    /// Of each entry of the beam its text, and where its two paths' tokens are.
    package var places: [[Int32]]
    /// Its logarithms, bit by bit: they may be infinite.
    package var numbers: [[UInt64]]
  }

  package var state: State {
    State(
      rows: rows, prefixes: prefixes.state,
      places: beam.map { entry in
        [entry.node]
          + [entry.blank, entry.token].flatMap {
            [$0.earlier, $0.last.token, $0.last.first, $0.last.last, Int32(bitPattern: $0.last.probability.bitPattern)]
          }
      },
      numbers: beam.map { entry in
        [entry.ofBlank, entry.ofToken, entry.blank.logProbability, entry.token.logProbability, entry.added].map(\.bitPattern)
      })
  }

  /// Goes on with a saved search.
  ///
  /// Throws `.badData` if it can't be one with these options and tokens.
  package init(
    _ options: TranscriptionOptions, tokens: Tokenizer, languageModel: (any TranscriptLanguageModel)? = nil, continuing state: State
  ) throws(RNNError) {
    self.init(options, tokens: tokens, languageModel: languageModel)
    func bad(_ what: String) -> RNNError { RNNError(.badData, "the saved search for a transcript can't go on: \(what)") }
    guard let prefixes = TranscriptPrefixes(state: state.prefixes, tokens: tokens.count) else { throw bad("its texts are damaged") }
    guard (1...options.beam).contains(state.places.count), state.numbers.count == state.places.count else {
      throw bad("it follows \(state.places.count) texts, expected were 1 to \(options.beam)")
    }
    guard Limits.soundRows.contains(state.rows) else { throw bad("it can't have had \(state.rows) rows") }
    self.prefixes = prefixes
    rows = state.rows
    beam = []
    for (places, numbers) in zip(state.places, state.numbers) {
      guard places.count == 11, numbers.count == 5, (0..<prefixes.nodeCount).contains(Int(places[0])) else { throw bad("a text is damaged") }
      var entry = Entry(node: places[0])
      let values = numbers.map(Double.init(bitPattern:))
      (entry.ofBlank, entry.ofToken, entry.added) = (values[0], values[1], values[4])
      for (i, logProbability) in [(1, values[2]), (6, values[3])] {
        guard (-1..<prefixes.spokenCount).contains(Int(places[i])), (-1..<tokens.count).contains(Int(places[i + 1])) else {
          throw bad("a path is damaged")
        }
        let last = SpokenToken(
          token: places[i + 1], first: places[i + 2], last: places[i + 3], probability: Float(bitPattern: UInt32(bitPattern: places[i + 4])))
        guard last.token < 0 || (0...last.last).contains(last.first) && Int(last.last) < rows && (0...1.001).contains(last.probability) else {
          throw bad("a token is damaged")
        }
        let path = Path(logProbability: logProbability, earlier: places[i], last: last)
        if i == 1 { entry.blank = path } else { entry.token = path }
      }
      beam.append(entry)
    }
    guard Set(beam.map(\.node)).count == beam.count else { throw bad("a text is there twice") }
    guard let languageModel = self.languageModel else { return }
    // A language model reads the texts again: the same bits as before.
    let texts = beam.map { prefixes.text($0.node) }
    for i in beam.indices { beam[i].context = languageModel.beginning }
    for place in 0..<(texts.map(\.count).max() ?? 0) {
      let longer = texts.indices.filter { texts[$0].count > place }
      let contexts = languageModel.contexts(after: longer.compactMap { i in beam[i].context.map { ($0, texts[i][place]) } })
      for (i, context) in zip(longer, contexts) { beam[i].context = context }
    }
  }
}

/// ln(eᵃ + eᵇ), without overflow.
func logSum(_ a: Double, _ b: Double) -> Double {
  let (high, low) = a > b ? (a, b) : (b, a)
  return low == -.infinity ? high : high + log1p(exp(low - high))
}
