import CRNNKernels
package import RNNCells
package import RNNTensor

/// The steps of an ``AttentionDecoder``, forward and back: the stack's sequences, attention and what combines them, in memory that
/// is set aside when the sequence is opened.
///
/// What rows compute is independent, so each thread takes its share of the rows through all steps without waiting for another.
/// In a step nothing is allocated; the gradients of all matrices are products over all steps, made at the close.
package final class DecoderSequence: @unchecked Sendable {
  // Safe to share: threads write the rows of their own share only.
  private let decoder: AttentionDecoder
  private let rows: StepRows
  private let source: AttentionSource
  private let layers: [CellSequence]
  private let combine: PackedMatrix
  private let query: PackedMatrix?
  private let key: DropoutKey?
  private let shares: Int

  // The units of an embedding, a source's step, the stack's output, a key and an attentional vector.
  private let inputs, values, hidden, units, outputs: Int
  /// The units of [c; s].
  private var width: Int { values + hidden }
  /// What is fed to the first step, `outputs` floats a row.
  private let feed: Buffer
  /// Rows of all steps: [c; s], the attentional vectors, the weights of the source's steps, and queries where they aren't s.
  private let both, vectors, found, queries: Buffer
  /// A key and an attentional vector for each share.
  private let scratch: Buffer
  private var scratchSize: Int { max(units, max(hidden, outputs)) }
  /// Which row of the source each row of the first step looks at.
  package let sourceRows: UnsafeMutableBufferPointer<Int>
  private var back: Back?

  /// Opens the sequence.
  ///
  /// - Parameters:
  ///   - combine, query: the weights of these layers.
  ///   - packed: the stack's parameters, for training where there is to be a way back.
  ///   - rows: those of the steps; a row looks at the row of the source with its own number, unless ``sourceRows`` says otherwise.
  ///   - key: what masks between layers are drawn from; nil outside training.
  package init(
    _ decoder: AttentionDecoder, combine: PackedMatrix, query: PackedMatrix?, packed: [CellEngine.Packed], rows: StepRows,
    source: AttentionSource, initial: RecurrentStack.States, key: DropoutKey? = nil
  ) {
    (self.decoder, self.rows, self.source, self.key) = (decoder, rows, source, key)
    (self.combine, self.query) = (combine, query)
    let stack = decoder.stack
    let shares = stack.engines.map { $0.blocks(rows) }.max() ?? 1
    self.shares = shares
    layers = stack.runs.map { run in
      CellSequence(
        stack.engines[run.layer], packed[run.index], rows: rows, initial: initial[run.index],
        masks: key.map { stack.masks(run, $0) } ?? .init(), shares: shares)
    }
    (inputs, values, hidden) = (decoder.inputs, source.valueUnits, stack.outputSize)
    (units, outputs) = (source.keyUnits, decoder.outputSize)
    feed = Buffer(rows.first * outputs, zeroed: true)
    both = Buffer(rows.total * (values + hidden))
    vectors = Buffer(rows.total * combine.lanes)
    found = Buffer(rows.total * source.steps)
    queries = Buffer(query.map { rows.total * $0.lanes } ?? 0)
    scratch = Buffer(shares * max(units, max(hidden, outputs)))
    sourceRows = .allocate(capacity: max(rows.first, 1))
    sourceRows.initialize(repeating: 0)
    for r in 0..<rows.first { sourceRows[r] = rows.row(r) }
  }

  deinit { sourceRows.deallocate() }

  // MARK: Forward

  /// Takes all steps, with the embeddings `[T, B, inputs]`.
  func run(_ x: Tensor) {
    x.withPointer { x in
      source.withReader { reader in
        Threads.parallel(shares) { share in
          for t in 0..<rows.steps {
            forEachRow(t, share, count: rows.count(at: t)) { _, i in embedding(i).update(from: x + rows.place(i) * inputs, count: inputs) }
            step(t, share: share, count: rows.count(at: t), from: 0, reader)
          }
        }
      }
    }
  }

  /// Takes a step with the embeddings that were written to ``embedding(_:)``, for the first `count` rows of the first step: for
  /// sequences that are taken one step at a time.
  ///
  /// - Parameter time: the index of the step.
  package func step(count: Int, at time: Int) {
    source.withReader { reader in Threads.parallel(shares) { step(0, share: $0, count: count, from: time, reader) } }
  }

  /// Where the embedding of a row (of all steps) is to be written before its step.
  package func embedding(_ row: Int) -> UnsafeMutablePointer<Float> { layers[0].input + row * (inputs + outputs) }
  /// What is fed to a row of the first step.
  package func fed(_ row: Int) -> UnsafeMutablePointer<Float> { feed.base + row * outputs }
  /// The attentional vector of a row.
  package func vector(_ row: Int) -> UnsafePointer<Float> { UnsafePointer(vectors.base + row * vectorStride) }
  package var vectorStride: Int { combine.lanes }
  /// How much a row looked at each of the source's steps.
  package func weights(_ row: Int) -> UnsafePointer<Float> { UnsafePointer(found.base + row * source.steps) }
  /// The stack's sequences, for their states.
  package var stackLayers: [CellSequence] { layers }

  /// Calls `body` with each row of a share, and its place among the rows of all steps.
  private func forEachRow(_ t: Int, _ share: Int, count: Int, _ body: (_ row: Int, _ place: Int) -> Void) {
    let mine = rows.share(share, of: shares, count: count), start = rows.start(t)
    var row = mine.first
    for _ in 0..<mine.count {
      body(row, start + row)
      row += mine.stride
    }
  }

  private func step(_ t: Int, share: Int, count: Int, from time: Int, _ reader: AttentionSource.Reader) {
    let mine = rows.share(share, of: shares, count: count)
    guard mine.count > 0 else { return }
    let first = rows.start(t) + mine.first, before = t > 0 ? rows.start(t - 1) : 0
    forEachRow(t, share, count: count) { row, i in
      (embedding(i) + inputs).update(from: t == 0 ? feed.base + row * outputs : vectors.base + (before + row) * combine.lanes, count: outputs)
    }
    for (l, layer) in layers.enumerated() {
      layer.step(t, share: share, count: count, from: time)
      let isLast = l + 1 == layers.count
      forEachRow(t, share, count: count) { row, i in
        let to = isLast ? both.base + i * width + values : layers[l + 1].input + i * hidden
        to.update(from: layer.output + i * layer.outputStride, count: hidden)
        if !isLast { mask(to, layer: l + 1, row: row, time: t, share) }
      }
    }
    let own = both.base + first * width
    query?.apply(own + values, stride: mine.stride * width, rows: mine.count, queries.base + first * (query?.lanes ?? 0), stride: mine.stride * (query?.lanes ?? 0))
    forEachRow(t, share, count: count) { row, i in
      reader.attend(
        queryRow(i), row: sourceRows[row], weights: found.base + i * source.steps, context: both.base + i * width,
        scratch: scratch.base + share * scratchSize)
    }
    combine.apply(own, stride: mine.stride * width, rows: mine.count, vectors.base + first * combine.lanes, stride: mine.stride * combine.lanes)
    forEachRow(t, share, count: count) { _, i in
      let a = vectors.base + i * combine.lanes
      rnn_unary(Int32(RNN_OP_TANH.rawValue), a, a, outputs)
    }
  }

  private func queryRow(_ i: Int) -> UnsafePointer<Float> {
    UnsafePointer(query.map { queries.base + i * $0.lanes } ?? both.base + i * width + values)
  }

  /// Multiplies a layer's input by dropout's mask, as ``RNNTensor/dropout(_:rate:tag:key:perSequence:)`` draws it.
  private func mask(_ x: UnsafeMutablePointer<Float>, layer: Int, row: Int, time: Int, _ share: Int) {
    guard let key, decoder.stack.dropout > 0 else { return }
    let mask = scratch.base + share * scratchSize
    rnn_keep_mask(
      mask, Int32(hidden), decoder.stack.dropout, UInt32(layer), key.row &+ UInt32(rows.row(row)), key.time &+ UInt32(time), key.step, key.seed)
    for j in 0..<hidden { x[j] *= mask[j] }
  }

  /// The attentional vectors as the caller has rows, `[T, B, outputs]`.
  func output() -> Tensor { spread(vectors.base, stride: combine.lanes, units: outputs) }

  /// The weights of the source's steps, `[T, B, S]`.
  func attentionWeights() -> Tensor { spread(found.base, stride: source.steps, units: source.steps) }

  private func spread(_ base: UnsafePointer<Float>, stride: Int, units: Int) -> Tensor {
    Tensor(shape: [rows.times, rows.batch, units], writing: { to in
      Threads.blocks(of: rows.total, size: Threads.blockSize * 4 / max(units, 1)) { block in
        for i in block { (to + rows.place(i) * units).update(from: base + i * stride, count: units) }
      }
      rows.clearPadding(of: to, units: units)
    })
  }

  // MARK: The way back

  /// Gradients: of the rows of all steps those of W [c; s], of [c; s], of queries and scores; of keys, and of the vector of scores
  /// by row.
  private final class Back {
    let combine: PackedMatrix
    let query: PackedMatrix?
    let combined, both, queries, scores, hidden: Buffer
    var keys, vector: Tensor

    init(_ sequence: DecoderSequence, combine: Tensor, query: Tensor?) {
      self.combine = PackedMatrix(combine, transposed: true)
      self.query = query.map { PackedMatrix($0, transposed: true) }
      let total = sequence.rows.total, source = sequence.source
      combined = Buffer(total * sequence.combine.lanes)
      both = Buffer(total * self.combine.lanes)
      queries = Buffer(total * sequence.units)
      scores = Buffer(total * source.steps)
      hidden = Buffer(self.query.map { total * $0.lanes } ?? 0)
      keys = Tensor(zeros: source.keys.shape)
      vector = Tensor(zeros: [source.batch, source.keyUnits])
    }
  }

  /// Takes all steps back, with the gradient of the output `[T, B, outputs]` and the weights of these layers.
  func runBack(_ gradient: Tensor, combine: Tensor, query: Tensor?) {
    let back = Back(self, combine: combine, query: query)
    self.back = back
    for layer in layers { layer.turn(states: layer.engine.stateSizes.map { _ in nil }) }
    back.keys.withMutablePointer { ofKeys in
      back.vector.withMutablePointer { ofVector in
        gradient.withPointer { gradient in
          source.withReader { reader in
            Threads.parallel(shares) { share in
              for t in (0..<rows.steps).reversed() { stepBack(t, share: share, gradient, back, ofKeys: ofKeys, ofVector: ofVector, reader) }
            }
          }
        }
      }
    }
  }

  private func stepBack(
    _ t: Int, share: Int, _ gradient: UnsafePointer<Float>, _ back: Back, ofKeys: UnsafeMutablePointer<Float>,
    ofVector: UnsafeMutablePointer<Float>, _ reader: AttentionSource.Reader
  ) {
    let count = rows.count(at: t), mine = rows.share(share, of: shares, count: count)
    guard mine.count > 0 else { return }
    let first = rows.start(t) + mine.first, later = t + 1 < rows.steps ? rows.count(at: t + 1) : 0, after = rows.start(t + 1)
    forEachRow(t, share, count: count) { row, i in
      let g = back.combined.base + i * combine.lanes, a = vectors.base + i * combine.lanes
      g.update(from: gradient + rows.place(i) * outputs, count: outputs)
      if row < later {
        let fed = layers[0].inputGradient + (after + row) * layers[0].inputGradientStride + inputs
        for j in 0..<outputs { g[j] += fed[j] }
      }
      for j in 0..<outputs { g[j] *= 1 - a[j] * a[j] }
    }
    back.combine.apply(
      back.combined.base + first * combine.lanes, stride: mine.stride * combine.lanes, rows: mine.count,
      back.both.base + first * back.combine.lanes, stride: mine.stride * back.combine.lanes)
    forEachRow(t, share, count: count) { row, i in
      reader.pullBack(
        back.both.base + i * back.combine.lanes, queryRow(i), row: sourceRows[row], weights: found.base + i * source.steps,
        scores: back.scores.base + i * source.steps, ofQuery: back.queries.base + i * units, ofKeys: ofKeys,
        ofVector: ofVector + sourceRows[row] * units, scratch: scratch.base + share * scratchSize)
    }
    if let query = back.query {
      query.apply(
        back.queries.base + first * units, stride: mine.stride * units, rows: mine.count, back.hidden.base + first * query.lanes,
        stride: mine.stride * query.lanes)
    }
    for l in layers.indices.reversed() {
      let isLast = l + 1 == layers.count
      forEachRow(t, share, count: count) { row, i in
        let to = layers[l].outputGradient + i * hidden
        if isLast {
          to.update(from: back.both.base + i * back.combine.lanes + values, count: hidden)
          let more = back.query.map { back.hidden.base + i * $0.lanes } ?? back.queries.base + i * units
          for j in 0..<hidden { to[j] += more[j] }
        } else {
          to.update(from: layers[l + 1].inputGradient + i * layers[l + 1].inputGradientStride, count: hidden)
          mask(to, layer: l + 1, row: row, time: t, share)
        }
      }
      layers[l].stepBack(t, share: share)
    }
  }

  /// Closes the sequence: adds the gradients to `sums`, in the order of ``AttentionDecoder``'s groups – embeddings, keys, source,
  /// W, the query's and the score's weights where there are any, the stack's parameters, the initial states.
  ///
  /// - Parameter counts: the numbers of parameters of the stack's layers.
  func close(to sums: inout [Tensor?], needs: [Bool], counts: [Int]) {
    guard let back else { preconditionFailure("a sequence is taken back before it is closed") }
    if needs[0] { Tape.add(spread(layers[0].inputGradient, stride: layers[0].inputGradientStride, units: inputs), to: &sums[0]) }
    if needs[1] || needs[2] {
      var ofValues = Tensor(zeros: source.values.shape)
      finishAttention(back, &ofValues)
      if needs[1] { Tape.add(back.keys, to: &sums[1]) }
      if needs[2] { Tape.add(ofValues, to: &sums[2]) }
    }
    var next = 3
    if needs[next] {
      addProduct(
        of: back.combined.base, outputs, stride: combine.lanes, with: both.base, width, stride: width, rows: rows.total, to: &sums[next])
    }
    next += 1
    if query != nil {
      if needs[next] {
        addProduct(
          of: back.queries.base, units, stride: units, with: both.base + values, hidden, stride: width, rows: rows.total, to: &sums[next])
      }
      next += 1
    }
    if source.vector != nil {
      if needs[next] { back.vector.addColumnSums(shape: [units], to: &sums[next]) }
      next += 1
    }
    var states = next + counts.reduce(0, +)
    for (layer, count) in zip(layers, counts) {
      var later: [Tensor?] = []
      for i in 0..<count { later.append(sums[next + i].take()) }
      let (parameters, initial) = layer.close(continuing: consume later)
      for (i, gradient) in parameters.enumerated() where needs[next + i] { sums[next + i] = gradient }
      for (i, gradient) in initial.enumerated() where needs[states + i] { Tape.add(gradient, to: &sums[states + i]) }
      next += count
      states += initial.count
    }
    self.back = nil
  }

  /// The gradients of the source's values and keys, row by row.
  private func finishAttention(_ back: Back, _ ofValues: inout Tensor) {
    let steps = source.steps
    back.keys.withMutablePointer { ofKeys in
      ofValues.withMutablePointer { ofValues in
        source.withReader { reader in
          Threads.parallel(rows.first) { r in
            // The row's steps, brought together.
            let count = rows.length(r)
            let own = Buffer(count * (2 * steps + units + values))
            let scores = own.base + count * steps, queries = scores + count * steps, gradients = queries + count * units
            for t in 0..<count {
              let i = rows.start(t) + r
              (own.base + t * steps).update(from: found.base + i * steps, count: steps)
              (scores + t * steps).update(from: back.scores.base + i * steps, count: steps)
              (queries + t * units).update(from: queryRow(i), count: units)
              (gradients + t * values).update(from: back.both.base + i * back.combine.lanes, count: values)
            }
            reader.finish(
              row: sourceRows[r],
              .init(count: count, weights: own.base, scores: scores, queries: queries, gradients: gradients), ofKeys: ofKeys, ofValues: ofValues)
          }
        }
      }
    }
  }
}
