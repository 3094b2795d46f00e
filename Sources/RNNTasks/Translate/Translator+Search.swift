import CRNNKernels
import RNNData
public import RNNTensor

extension Translator.Packed {
  /// Translations of texts, the best first. No result depends on the other texts; a text without a token has an empty translation.
  ///
  /// Throws `.usage` for options that can't be, `.badData` if the model's output is not a number.
  public func translate(_ texts: [[UInt8]], _ options: TranslationOptions = .init()) throws(RNNError) -> [[Translation]] {
    try translate(tokens: texts.map { model.sourceTokens($0) }, options)
  }

  /// The best translation of a text.
  public func translate(_ text: String, _ options: TranslationOptions = .init()) throws(RNNError) -> String {
    try translate([Array(text.utf8)], options)[0][0].text
  }

  /// Translations of sentences by their tokens.
  public func translate(tokens sentences: [[Int32]], _ options: TranslationOptions = .init()) throws(RNNError) -> [[Translation]] {
    try options.validate()
    let nothing = Translation(text: "", tokens: [], logProbability: 0, score: 0, attention: [])
    var results = [[Translation]](repeating: [nothing], count: sentences.count)
    // Sentences of nearly one length together, as many as a few megabytes hold.
    let order = sentences.indices.filter { !sentences[$0].isEmpty }.sorted { (sentences[$0].count, $0) < (sentences[$1].count, $1) }
    let each = options.sampling == nil ? options.beam : options.best
    var begin = 0
    while begin < order.count {
      var end = begin + 1
      while end < order.count, (end + 1 - begin) * each <= Self.mostRows, sentences[order[end]].count * (end + 1 - begin) <= Self.mostTokens {
        end += 1
      }
      let batch = Array(order[begin..<end])
      let found = options.sampling == nil
        ? try search(batch.map { sentences[$0] }, options)
        : try sample(batch.map { sentences[$0] }, numbers: batch.map { options.first + $0 }, options)
      for (sentence, translations) in zip(batch, found) { results[sentence] = translations.map { translation(of: $0, options) } }
      begin = end
    }
    return results
  }

  private static let mostRows = 320, mostTokens = 1 << 13

  private func translation(of hypothesis: Hypothesis, _ options: TranslationOptions) -> Translation {
    Translation(
      text: String(decoding: model.target.decode(hypothesis.tokens), as: UTF8.self), tokens: hypothesis.tokens,
      logProbability: hypothesis.logProbability, score: hypothesis.logProbability / options.penalty(hypothesis.tokens.count + 1),
      attention: hypothesis.attention)
  }

  // MARK: What can come next

  /// The beginning of a translation, or a whole one.
  fileprivate struct Hypothesis {
    var tokens: [Int32] = []
    var logProbability = 0.0
    var attention: [[Float]] = []
    /// Where it stands among the rows.
    var row = 0
  }

  /// Makes tokens impossible that can't come next: unknown ones, the end too early, anything else too late, repetitions. Where
  /// nothing is left, the end is possible.
  private func forbid(_ logits: UnsafeMutableBufferPointer<Float>, after tokens: [Int32], most: Int, _ options: TranslationOptions) {
    let end = Int(model.end), ofEnd = logits[end]
    if tokens.count >= most {
      logits.update(repeating: -.infinity)
      logits[end] = ofEnd
      return
    }
    if let unknown = model.target.unknown { logits[Int(unknown)] = -.infinity }
    if tokens.count < options.least { logits[end] = -.infinity }
    // A line's end is the end of a text for words.
    if model.target.kind == .words { logits[0] = -.infinity }
    let n = options.noRepeat
    if n > 0, tokens.count >= n {
      let last = tokens.suffix(n - 1)
      for start in 0...tokens.count - n where tokens[start..<start + n - 1].elementsEqual(last) {
        logits[Int(tokens[start + n - 1])] = -.infinity
      }
    }
    if logits.allSatisfy({ $0 == -.infinity }) { logits[end] = ofEnd }
  }

  /// ln Σ exp of logits.
  private func logNorm(_ logits: UnsafeMutableBufferPointer<Float>) throws(RNNError) -> Double {
    var loss: Float = 0
    // The cross-entropy of the first token and its logit.
    withUnsafePointer(to: Int32(0)) { rnn_softmax_cross_entropy(logits.baseAddress, $0, 1, Int32(logits.count), 0, 1, &loss, nil) }
    guard loss.isFinite, let first = logits.first else {
      throw RNNError(.badData, "the model's output is not a number: its weights or its state are damaged")
    }
    return Double(loss) + Double(first)
  }

  /// The next token of a translation that is made token by token: the most probable one, or one drawn with `uniform`.
  func next(
    _ logits: UnsafeMutableBufferPointer<Float>, after tokens: [Int32], source: Int, uniform: Double, _ options: TranslationOptions
  ) throws(RNNError) -> Int32 {
    forbid(logits, after: tokens, most: options.most(of: source), options)
    var sampler = Sampler(options.sampling ?? .mostProbable)
    return try sampler.sample(UnsafeBufferPointer(logits), uniform: uniform)
  }

  // MARK: Beam search

  /// What may come after a beginning.
  private struct Candidate {
    let parent: Int
    let token: Int32
    let logProbability: Double

    func isBefore(_ other: Candidate) -> Bool {
      logProbability != other.logProbability
        ? logProbability > other.logProbability : (parent, token) < (other.parent, other.token)
    }
  }

  /// A sentence whose translation is searched for.
  private struct Search {
    let most: Int
    var active: [Hypothesis]
    var finished: [Hypothesis] = []
  }

  /// The most probable tokens of a row, with what their probabilities' logarithms are.
  private func best(_ count: Int, of hypothesis: Hypothesis, parent: Int, most: Int, _ rows: TranslationRows, _ options: TranslationOptions) throws(RNNError) -> [Candidate] {
    let logits = rows.logits(hypothesis.row)
    let norm = try logNorm(logits)
    forbid(logits, after: hypothesis.tokens, most: most, options)
    var found: [(logit: Float, token: Int32)] = []
    found.reserveCapacity(count + 1)
    var least = -Float.infinity
    for (token, logit) in logits.enumerated() where logit > least {
      // Of equal ones the first token stands first.
      var place = found.count
      while place > 0, found[place - 1].logit < logit { place -= 1 }
      found.insert((logit, Int32(token)), at: place)
      if found.count > count { found.removeLast() }
      if found.count == count { least = found[count - 1].logit }
    }
    return found.map { Candidate(parent: parent, token: $0.token, logProbability: hypothesis.logProbability + (Double($0.logit) - norm)) }
  }

  /// Beam search: of all continuations of a sentence's beginnings the most probable go on. Those among them that end are finished;
  /// the search ends when there are as many as the beam is wide, or when no beginning can become better than what is asked for.
  private func search(_ sentences: [[Int32]], _ options: TranslationOptions) throws(RNNError) -> [[Hypothesis]] {
    let rows = rows(sentences, each: options.beam)
    var searches = sentences.enumerated().map { i, sentence in
      Search(most: options.most(of: sentence.count), active: [Hypothesis(row: i)])
    }
    var tokens = [Int32](repeating: model.end, count: sentences.count)
    func score(_ hypothesis: Hypothesis) -> Double { hypothesis.logProbability / options.penalty(hypothesis.tokens.count + 1) }
    while !tokens.isEmpty {
      rows.step(tokens)
      let lists = try candidates(searches, rows, options)
      var parents: [Int] = []
      tokens = []
      for i in searches.indices where !searches[i].active.isEmpty {
        let all = lists[i].joined().sorted { $0.isBefore($1) }.prefix(2 * options.beam)
        var next: [Hypothesis] = []
        for (place, candidate) in all.enumerated() where next.count < options.beam {
          var hypothesis = searches[i].active[candidate.parent]
          hypothesis.logProbability = candidate.logProbability
          if options.keepsAttention { hypothesis.attention.append(Array(rows.attention(hypothesis.row).prefix(sentences[i].count))) }
          if candidate.token == model.end {
            if place < options.beam { searches[i].finished.append(hypothesis) }
            continue
          }
          hypothesis.tokens.append(candidate.token)
          next.append(hypothesis)
        }
        searches[i].active = next
        if isDone(searches[i], options) { searches[i].active = [] }
        for j in searches[i].active.indices {
          parents.append(searches[i].active[j].row)
          tokens.append(searches[i].active[j].tokens.last ?? model.end)
          searches[i].active[j].row = parents.count - 1
        }
      }
      rows.keep(parents)
    }
    return searches.map { search in
      let order = search.finished.indices.sorted { a, b in
        let (x, y) = (score(search.finished[a]), score(search.finished[b]))
        return x != y ? x > y : a < b
      }
      return order.prefix(options.best).map { search.finished[$0] }
    }
  }

  private func isDone(_ search: Search, _ options: TranslationOptions) -> Bool {
    guard search.finished.count < options.beam, let best = search.active.first else { return true }
    guard search.finished.count >= options.best else { return false }
    let scores = search.finished.map { $0.logProbability / options.penalty($0.tokens.count + 1) }.sorted(by: >)
    // Probabilities only fall, and the longest translation has the highest score for one.
    return best.logProbability / options.penalty(search.most + 1) <= scores[options.best - 1]
  }

  /// What may come next, for each beginning of each sentence; rows are shared out over threads.
  private func candidates(_ searches: [Search], _ rows: TranslationRows, _ options: TranslationOptions) throws(RNNError) -> [[[Candidate]]] {
    let places = searches.indices.flatMap { i in searches[i].active.indices.map { (i, $0) } }
    var found = [Result<[Candidate], RNNError>](repeating: .success([]), count: places.count)
    found.withUnsafeMutableBufferPointer { found in
      Threads.blocks(of: places.count, size: max(1, Threads.blockSize / model.output.outputs)) { block in
        for place in block {
          let (i, j) = places[place]
          found[place] = Result { () throws(RNNError) in
            try best(2 * options.beam, of: searches[i].active[j], parent: j, most: searches[i].most, rows, options)
          }
        }
      }
    }
    var result = searches.map { [[Candidate]](repeating: [], count: $0.active.count) }
    for (place, list) in zip(places, found) { result[place.0][place.1] = try list.get() }
    return result
  }

  // MARK: Sampling

  /// Drawn translations, so many of each sentence, each with draws of its own.
  private func sample(_ sentences: [[Int32]], numbers: [Int], _ options: TranslationOptions) throws(RNNError) -> [[Hypothesis]] {
    let rows = rows(sentences, each: options.best), each = options.best
    var all = sentences.indices.flatMap { i in (0..<each).map { _ in Hypothesis(row: i) } }
    var randoms = sentences.indices.flatMap { i in (0..<each).map { draw in random(numbers[i], draw: draw, options) } }
    var sampler = Sampler(options.sampling ?? .asTrained)
    var active = Array(all.indices)
    var tokens = [Int32](repeating: model.end, count: sentences.count)
    while !active.isEmpty {
      rows.step(tokens)
      var next: [Int] = [], parents: [Int] = []
      tokens = []
      // In the first step several draws are from one row, which is changed only once.
      var norms: [Int: Double] = [:]
      for i in active {
        let sentence = sentences[i / each], row = all[i].row, logits = rows.logits(row)
        if norms[row] == nil {
          norms[row] = try logNorm(logits)
          forbid(logits, after: all[i].tokens, most: options.most(of: sentence.count), options)
        }
        let token = try sampler.sample(UnsafeBufferPointer(logits), uniform: randoms[i].uniform())
        all[i].logProbability += Double(logits[Int(token)]) - (norms[row] ?? 0)
        if options.keepsAttention { all[i].attention.append(Array(rows.attention(row).prefix(sentence.count))) }
        if token == model.end { continue }
        all[i].tokens.append(token)
        all[i].row = parents.count
        parents.append(row)
        tokens.append(token)
        next.append(i)
      }
      active = next
      rows.keep(parents)
    }
    return sentences.indices.map { Array(all[$0 * each..<($0 + 1) * each]) }
  }

  func random(_ sentence: Int, draw: Int = 0, _ options: TranslationOptions) -> Philox {
    Philox(seed: options.seed, stream: Self.stream &+ UInt64(truncatingIfNeeded: sentence) << 20 &+ UInt64(draw))
  }

  // Any number that no other use of the seed has.
  private static let stream: UInt64 = 0x7472_616E_736C

  // MARK: Score

  /// How probable given translations are: the natural logarithm for each token and the end, of each pair.
  public func score(_ pairs: [(source: [UInt8], target: [UInt8])]) -> [[Double]] { score(pairs, mostWeights: Self.mostWeights) }

  /// - Parameter mostWeights: so many weights of attention are in memory at most; longer pairs are scored step by step.
  package func score(_ pairs: [(source: [UInt8], target: [UInt8])], mostWeights: Int) -> [[Double]] {
    let tokens = pairs.map { (source: model.sourceTokens($0.source)[...], target: model.targetTokens($0.target)[...]) }
    let constants = TapedWeights(constant: model.weights)
    var results: [[Double]] = []
    while results.count < tokens.count {
      var part: [(source: ArraySlice<Int32>, target: ArraySlice<Int32>)] = [], longest = (source: 0, target: 0)
      for pair in tokens[results.count...].prefix(Self.pairsAtOnce) {
        longest = (max(longest.source, pair.source.count), max(longest.target, pair.target.count + 1))
        guard (part.count + 1) * longest.source * longest.target <= mostWeights else { break }
        part.append(pair)
      }
      guard !part.isEmpty else {
        results.append(scoreSteps(tokens[results.count].source, tokens[results.count].target))
        continue
      }
      let batch = PairBatch(part, end: model.end)
      let losses = model.loss(batch, constants).losses.values
      for row in 0..<batch.rows {
        results.append((0..<batch.targetLengths[row]).map { -Double(losses[$0 * batch.rows + row]) })
      }
    }
    return results
  }

  /// The same for one pair in little memory, however long it is.
  private func scoreSteps(_ source: ArraySlice<Int32>, _ target: ArraySlice<Int32>) -> [Double] {
    let rows = rows([Array(source)], each: 1)
    var previous = model.end
    return (target + [model.end]).map { token in
      rows.step([previous])
      previous = token
      let logits = rows.logits(0)
      var loss: Float = 0
      withUnsafePointer(to: token) { rnn_softmax_cross_entropy(logits.baseAddress, $0, 1, Int32(logits.count), 0, 1, &loss, nil) }
      rows.keep([0])
      return -Double(loss)
    }
  }

  private static let pairsAtOnce = 64, mostWeights = 1 << 23
}
