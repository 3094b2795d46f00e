import CRNNKernels

/// What queries look at: a key and a value at each step of a source, of which every row has its own.
///
/// The score of a query q and a key k is q · k, or with a vector v that of a small network, v · tanh(q + k); the weights are the
/// softmax of the scores over a row's own steps, the context is the sum of the values by these weights.
///
/// Reads and writes one query at a time through pointers; nothing is allocated. What belongs to different rows is independent,
/// so threads share out rows.
package struct AttentionSource {
  /// `[S, B, K]`, `[S, B, M]` and `[K]`.
  package let keys: Tensor
  package let values: Tensor
  package let vector: Tensor?
  /// The steps of each row; what stands behind them is never read.
  package let lengths: [Int]

  package var steps: Int { keys.shape[0] }
  package var batch: Int { keys.shape[1] }
  package var keyUnits: Int { keys.shape[2] }
  package var valueUnits: Int { values.shape[2] }

  package init(keys: Tensor, values: Tensor, vector: Tensor? = nil, lengths: [Int]? = nil) {
    precondition(
      keys.shape.count == 3 && values.shape.count == 3 && keys.shape[..<2] == values.shape[..<2],
      "keys [S, B, K] and values [S, B, M] are of the same steps and rows, not of the shapes \(keys.shape) and \(values.shape)")
    precondition(vector.map { $0.shape == [keys.shape[2]] } ?? true, "the vector of scores has as many units as a key")
    let (steps, batch) = (keys.shape[0], keys.shape[1])
    let lengths = lengths ?? Array(repeating: steps, count: batch)
    precondition(
      lengths.count == batch && lengths.allSatisfy { $0 >= 0 && $0 <= steps },
      "each of \(batch) rows has a length from 0 to \(steps); found \(lengths)")
    (self.keys, self.values, self.vector, self.lengths) = (keys, values, vector, lengths)
  }

  /// Calls `body` with what attends through pointers.
  package func withReader<R>(_ body: (Reader) throws -> R) rethrows -> R {
    try keys.withPointer { keys in
      try values.withPointer { values in
        try lengths.withUnsafeBufferPointer { lengths in
          let reader = { (vector: UnsafePointer<Float>?) in
            Reader(
              keys: keys, values: values, vector: vector, lengths: lengths, steps: steps, batch: batch, keyUnits: keyUnits,
              valueUnits: valueUnits)
          }
          return try vector.map { try $0.withPointer { try body(reader($0)) } } ?? body(reader(nil))
        }
      }
    }
  }

  /// A source's numbers where they lie.
  package struct Reader: @unchecked Sendable {
    // Safe to share: only read, while whoever made it lends the memory.
    package let keys, values: UnsafePointer<Float>
    package let vector: UnsafePointer<Float>?
    let lengths: UnsafeBufferPointer<Int>
    package let steps, batch, keyUnits, valueUnits: Int

    private func key(_ step: Int, _ row: Int) -> UnsafePointer<Float> { keys + (step * batch + row) * keyUnits }
    private func value(_ step: Int, _ row: Int) -> UnsafePointer<Float> { values + (step * batch + row) * valueUnits }

    /// The steps of a row.
    package func length(_ row: Int) -> Int { lengths[row] }

    /// tanh(q + k)
    private func hidden(_ query: UnsafePointer<Float>, _ key: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>) {
      result.update(from: key, count: keyUnits)
      rnn_add_scaled(1, query, result, keyUnits)
      rnn_unary(Int32(RNN_OP_TANH.rawValue), result, result, keyUnits)
    }

    /// What a query of a row finds.
    ///
    /// - Parameters:
    ///   - weights: becomes the weight of each of the source's steps, 0 behind the row's own.
    ///   - context: becomes the sum of the values; zeros for a row without steps.
    ///   - scratch: room for a key.
    package func attend(
      _ query: UnsafePointer<Float>, row: Int, weights: UnsafeMutablePointer<Float>, context: UnsafeMutablePointer<Float>,
      scratch: UnsafeMutablePointer<Float>
    ) {
      let count = lengths[row]
      for j in 0..<count {
        if let vector {
          hidden(query, key(j, row), scratch)
          weights[j] = rnn_dot(scratch, vector, keyUnits)
        } else {
          weights[j] = rnn_dot(query, key(j, row), keyUnits)
        }
      }
      if count > 0 { rnn_softmax(weights, 1, Int32(count), 1, weights) }
      (weights + count).update(repeating: 0, count: steps - count)
      context.update(repeating: 0, count: valueUnits)
      for j in 0..<count { rnn_add_scaled(weights[j], value(j, row), context, valueUnits) }
    }

    /// The way back of ``attend(_:row:weights:context:scratch:)``. The gradients of the values, and of keys without a vector, are
    /// left to ``finish(row:_:to:_:)``.
    ///
    /// - Parameters:
    ///   - gradient: that of the context.
    ///   - scores: becomes the gradient of each score.
    ///   - ofQuery: becomes the gradient of the query.
    ///   - ofKeys, ofVector: with a vector: are added to. `[S, B, K]` and the row's own `[K]`.
    package func pullBack(
      _ gradient: UnsafePointer<Float>, _ query: UnsafePointer<Float>, row: Int, weights: UnsafePointer<Float>,
      scores: UnsafeMutablePointer<Float>, ofQuery: UnsafeMutablePointer<Float>, ofKeys: UnsafeMutablePointer<Float>?,
      ofVector: UnsafeMutablePointer<Float>?, scratch: UnsafeMutablePointer<Float>
    ) {
      let count = lengths[row]
      var mean: Float = 0
      for j in 0..<count {
        scores[j] = rnn_dot(gradient, value(j, row), valueUnits)
        mean += weights[j] * scores[j]
      }
      for j in 0..<count { scores[j] = weights[j] * (scores[j] - mean) }
      (scores + count).update(repeating: 0, count: steps - count)
      ofQuery.update(repeating: 0, count: keyUnits)
      guard let vector, let ofKeys, let ofVector else {
        for j in 0..<count { rnn_add_scaled(scores[j], key(j, row), ofQuery, keyUnits) }
        return
      }
      for j in 0..<count {
        hidden(query, key(j, row), scratch)
        rnn_add_scaled(scores[j], scratch, ofVector, keyUnits)
        let ofKey = ofKeys + (j * batch + row) * keyUnits, score = scores[j]
        for i in 0..<keyUnits {
          let g = score * vector[i] * (1 - scratch[i] * scratch[i])
          ofQuery[i] += g
          ofKey[i] += g
        }
      }
    }

    /// A row's queries, one behind the other from the first to the last: what is left of the way back when all are done.
    package struct Queries {
      package var count: Int
      /// `[count, S]` each.
      package var weights, scores: UnsafePointer<Float>
      /// `[count, K]` and `[count, M]`.
      package var queries, gradients: UnsafePointer<Float>

      package init(
        count: Int, weights: UnsafePointer<Float>, scores: UnsafePointer<Float>, queries: UnsafePointer<Float>,
        gradients: UnsafePointer<Float>
      ) {
        (self.count, self.weights, self.scores, self.queries, self.gradients) = (count, weights, scores, queries, gradients)
      }

      /// How far the queries of a row lie from each other, in numbers of rows.
      package var each = 1
    }

    /// Writes the gradients of a row's values, and without a vector of its keys: each is one chain, from the last query to the
    /// first. What stands behind the row's end becomes zero.
    ///
    /// - Parameters:
    ///   - ofKeys, ofValues: `[S, B, ·]`; nil where they aren't wanted.
    package func finish(
      row: Int, _ all: Queries, ofKeys: UnsafeMutablePointer<Float>?, ofValues: UnsafeMutablePointer<Float>?
    ) {
      let count = lengths[row], last = (all.count - 1) * all.each
      func sum(_ of: UnsafePointer<Float>, _ with: UnsafePointer<Float>, _ units: Int, _ result: UnsafeMutablePointer<Float>) {
        let to = result + row * units
        if count > 0, all.count > 0 {
          rnn_gemm(
            Int32(count), Int32(units), Int32(all.count), of + last * steps, 1, -all.each * steps, with + last * units,
            -all.each * units, 1, to, batch * units, false)
        }
        for j in (all.count > 0 ? count : 0)..<steps { (to + j * batch * units).update(repeating: 0, count: units) }
      }
      if let ofValues { sum(all.weights, all.gradients, valueUnits, ofValues) }
      if vector == nil, let ofKeys { sum(all.scores, all.queries, keyUnits, ofKeys) }
    }
  }
}

/// Attention (Bahdanau, Cho & Bengio 2015; Luong, Pham & Manning 2015) of all queries of a sequence at once.
///
/// - Parameters:
///   - queries: `[T, B, K]`.
///   - keys: `[S, B, K]`.
///   - values: `[S, B, M]`.
///   - vector: `[K]`: then the score of a query and a key is v · tanh(q + k); nil: q · k.
///   - lengths: the steps of the source that each row has, from 0 to S; nil: S each. What stands behind is never read.
/// - Returns: the contexts `[T, B, M]`, and the weights `[T, B, S]`, 0 behind a row's end.
public func attend(
  _ queries: Variable, keys: Variable, values: Variable, vector: Variable? = nil, lengths: [Int]? = nil
) -> (context: Variable, weights: Tensor) {
  let source = AttentionSource(keys: keys.value, values: values.value, vector: vector?.value, lengths: lengths)
  precondition(
    queries.shape.count == 3 && queries.shape[1...] == [source.batch, source.keyUnits],
    "queries of the shape \(queries.shape) don't go with keys of the shape \(keys.shape)")
  let (count, batch) = (queries.shape[0], source.batch)
  let (units, width, steps) = (source.keyUnits, source.valueUnits, source.steps)
  let q = queries.value
  var weights = Tensor(shape: [count, batch, steps], writing: { _ in })
  let context = Tensor(shape: [count, batch, width], writing: { context in
    weights.withMutablePointer { weights in
      q.withPointer { q in
        source.withReader { reader in
          Threads.blocks(of: count * batch, size: max(1, Threads.blockSize / max(steps * units, 1))) { block in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: max(units, 1)) { scratch in
              guard let scratch = scratch.baseAddress else { return }
              for i in block { reader.attend(q + i * units, row: i % batch, weights: weights + i * steps, context: context + i * width, scratch: scratch) }
            }
          }
        }
      }
    }
  })
  let inputs = [queries, keys, values] + (vector.map { [$0] } ?? [])
  let recorded = Tape.record(inputs: inputs, output: context, accumulate: { [weights] gradient, needs, sums in
    var ofQueries = Tensor(shape: q.shape, writing: { _ in }), scores = Tensor(shape: weights.shape, writing: { _ in })
    var ofKeys = Tensor(zeros: [steps, batch, units]), ofValues = Tensor(shape: [steps, batch, width], writing: { _ in })
    // Of each row; the rows' sum comes after.
    var ofVector = Tensor(zeros: [batch, units])
    func run(_ reader: AttentionSource.Reader) {
      gradient.withPointer { g in q.withPointer { q in weights.withPointer { w in
        ofQueries.withMutablePointer { dq in scores.withMutablePointer { ds in ofKeys.withMutablePointer { dk in
          ofValues.withMutablePointer { dv in ofVector.withMutablePointer { dVector in
            Threads.parallel(batch) { row in
              withUnsafeTemporaryAllocation(of: Float.self, capacity: max(units, 1)) { scratch in
                guard let scratch = scratch.baseAddress else { return }
                for t in (0..<count).reversed() {
                  let i = t * batch + row
                  reader.pullBack(
                    g + i * width, q + i * units, row: row, weights: w + i * steps, scores: ds + i * steps, ofQuery: dq + i * units, ofKeys: dk,
                    ofVector: dVector + row * units, scratch: scratch)
                }
              }
              var all = AttentionSource.Reader.Queries(
                count: count, weights: w + row * steps, scores: ds + row * steps, queries: q + row * units, gradients: g + row * width)
              all.each = batch
              reader.finish(row: row, all, ofKeys: dk, ofValues: dv)
            }
          } }
        } } }
      } } }
    }
    source.withReader(run)
    if needs[0] { Tape.add(ofQueries, to: &sums[0]) }
    if needs[1] { Tape.add(ofKeys, to: &sums[1]) }
    if needs[2] { Tape.add(ofValues, to: &sums[2]) }
    if needs.count == 4, needs[3] { ofVector.addColumnSums(shape: [units], to: &sums[3]) }
  })
  return (recorded, weights)
}
