import RNN
import RNNTestSupport
import Testing

/// Small sizes, odd ones included, as (tokens, rows, length).
private let sizes = [2, 3, 7, 20, 61].flatMap { count in
  [1, 2, 3, 5].flatMap { rows in [1, 2, 4, 7, 100].map { (count, rows, $0) } }
}.filter { count, rows, _ in count >= rows }

@Suite struct SequenceBatchesTests {
  /// One row's inputs and targets over an epoch.
  private func lanes(_ batches: inout SequenceBatches) throws -> (inputs: [[Int32]], targets: [[Int32]]) {
    var inputs = [[Int32]](repeating: [], count: batches.rows)
    var targets = inputs
    var batch = TokenBatch()
    for chunk in 0..<batches.batchesPerEpoch {
      try batches.next(into: &batch)
      #expect(batch.isStart == (chunk == 0))
      #expect(batch.rows == batches.rows && batch.inputs.count == batch.length * batch.rows)
      #expect(batch.targets.count == batch.inputs.count)
      #expect(chunk == batches.batchesPerEpoch - 1 ? (1...batches.length).contains(batch.length) : batch.length == batches.length)
      for time in 0..<batch.length {
        for row in 0..<batch.rows {
          inputs[row].append(batch.inputs[time * batch.rows + row])
          targets[row].append(batch.targets[time * batch.rows + row])
        }
      }
    }
    return (inputs, targets)
  }

  /// A lane that overlapped the next, skipped a token or lost the short last chunk would show here.
  @Test(arguments: sizes)
  func lanesPutTogetherAreTheText(_ count: Int, _ rows: Int, _ length: Int) throws {
    let tokens = (0..<Int32(count)).map { $0 }
    var batches = try SequenceBatches(tokens: tokens, rows: rows, length: length, seed: 5)
    for epoch in 0..<4 {
      #expect(batches.epoch == epoch)
      let start = batches.rotation(ofEpoch: epoch)
      let ring = (0...count).map { tokens[(start + $0) % count] }
      let (inputs, targets) = try lanes(&batches)
      let used = batches.tokensPerEpoch
      #expect(used > count - rows)
      #expect(inputs.flatMap { $0 } == Array(ring[..<used]))
      #expect(targets.flatMap { $0 } == Array(ring[1...used]))
      #expect(Set(inputs.map(\.count)).count == 1)
    }
  }

  @Test func epochsBeginElsewhere() throws {
    let batches = try SequenceBatches(tokens: Array(0..<1000), rows: 4, length: 10, seed: 1)
    #expect(batches.rotation(ofEpoch: 0) == 0)
    let rotations = (1...20).map(batches.rotation(ofEpoch:))
    #expect(Set(rotations).count > 15)
    #expect(rotations.allSatisfy { (0..<1000).contains($0) })
    let other = try SequenceBatches(tokens: Array(0..<1000), rows: 4, length: 10, seed: 2)
    #expect(rotations != (1...20).map(other.rotation(ofEpoch:)))
  }

  @Test func resumedRunsSeeTheSameBatches() throws {
    let tokens = (0..<Int32(101)).map { $0 % 7 }
    var whole = try SequenceBatches(tokens: tokens, rows: 3, length: 8, seed: 9)
    var expected: [TokenBatch] = []
    var batch = TokenBatch()
    for _ in 0..<40 {
      try whole.next(into: &batch)
      expected.append(batch)
    }
    for position in 0..<40 {
      var resumed = try SequenceBatches(tokens: tokens, rows: 3, length: 8, seed: 9, position: position)
      try resumed.next(into: &batch)
      #expect(batch == expected[position])
      #expect(resumed.position == position + 1)
    }
  }

  @Test func buffersAreReused() throws {
    var batches = try SequenceBatches(tokens: Array(0..<50), rows: 2, length: 10, seed: 0)
    var batch = TokenBatch()
    try batches.next(into: &batch)
    let address = batch.inputs.withUnsafeBufferPointer { $0.baseAddress }
    for _ in 0..<10 {
      try batches.next(into: &batch)
      #expect(batch.inputs.withUnsafeBufferPointer { $0.baseAddress } == address)
    }
  }

  @Test func errors() {
    for (tokens, rows, length, kind, message) in [
      ([0, 1], 0, 1, RNNError.Kind.usage, "batch is 0, expected a whole number from 1 to 1048576"),
      ([0, 1], .max, 1, .usage, "batch is 9223372036854775807, expected a whole number from 1 to 1048576"),
      ([0, 1], 1, 0, .usage, "sequence length is 0, expected a whole number from 1 to 16777216"),
      ([0, 1], 3, 1, .badData, "the text has 2 tokens to train on: a batch of 3 needs at least 3"),
      ([0], 1, 1, .badData, "the text has 1 token to train on: a batch of 1 needs at least 2"),
    ] as [([Int32], Int, Int, RNNError.Kind, String)] {
      let error = #expect(throws: RNNError.self) {
        try SequenceBatches(tokens: tokens, rows: rows, length: length, seed: 0)
      }
      #expect(error == RNNError(kind, message))
    }
  }
}

@Suite struct EvaluationBatchesTests {
  @Test(arguments: sizes, [0, 1, 3, 50])
  func everyTokenIsPredictedOnce(_ size: (count: Int, rows: Int, length: Int), _ warmUp: Int) throws {
    let tokens = (0..<Int32(size.count)).map { $0 }
    var batches = try EvaluationBatches(tokens: tokens, rows: size.rows, length: size.length, warmUp: warmUp)
    #expect(batches.rows <= size.rows)
    var seen: [Int32] = []
    var batch = TokenBatch()
    var isFirst = true
    var before = [Int32?](repeating: nil, count: batches.rows)
    var contexts = [Int](repeating: 0, count: batches.rows)
    while try batches.next(into: &batch) {
      #expect(batch.isStart == isFirst)
      isFirst = false
      #expect(batch.inputs.count == batch.length * batch.rows && batch.targets.count == batch.inputs.count)
      for i in batch.inputs.indices {
        let row = i % batch.rows
        let target = batch.targets[i]
        if target == TokenBatch.ignored {
          contexts[row] += 1
          continue
        }
        seen.append(target)
        // The token before is read at this place, and the one before that was read before: the state is carried.
        #expect(batch.inputs[i] == target - 1)
        if let last = before[row] {
          #expect(last == target - 1)
        } else {
          #expect(contexts[row] == (row == 0 ? 0 : warmUp))
        }
        before[row] = target
      }
    }
    #expect(seen.sorted() == Array(tokens.dropFirst()))
    #expect(batches.predictions == size.count - 1)
    let after = batch
    let goesOn = try batches.next(into: &batch)
    #expect(!goesOn)
    #expect(batch == after)
  }

  @Test func oneRowReadsFromEndToEnd() throws {
    var batches = try EvaluationBatches(tokens: Array(0..<10), length: 4)
    var batch = TokenBatch()
    var targets: [[Int32]] = []
    while try batches.next(into: &batch) { targets.append(batch.targets) }
    #expect(targets == [[1, 2, 3, 4], [5, 6, 7, 8], [9]])
  }

  /// More rows than the text is good for would be mostly warm-up.
  @Test func rowsAreFewerForShortTexts() throws {
    #expect(try EvaluationBatches(tokens: Array(0..<1001), rows: 64, length: 10, warmUp: 100).rows == 3)
    #expect(try EvaluationBatches(tokens: Array(0..<1001), rows: 64, length: 10, warmUp: 0).rows == 64)
    #expect(try EvaluationBatches(tokens: Array(0..<1001), rows: 64, length: 10, warmUp: .max).rows == 1)
  }

  @Test func errors() {
    for (tokens, rows, length, warmUp, kind, message) in [
      ([0, 1], 0, 1, 0, RNNError.Kind.usage, "rows is 0, expected a whole number from 1 to 1048576"),
      ([0, 1], 1, 0, 0, .usage, "sequences of 0 tokens can't be: expected at least 1"),
      ([0, 1], 1, 1, -1, .usage, "a warm-up of -1 tokens can't be: expected at least 0"),
      ([0], 1, 1, 0, .badData, "the text has 1 token: at least 2 are needed to predict one from another"),
    ] as [([Int32], Int, Int, Int, RNNError.Kind, String)] {
      let error = #expect(throws: RNNError.self) {
        try EvaluationBatches(tokens: tokens, rows: rows, length: length, warmUp: warmUp)
      }
      #expect(error == RNNError(kind, message))
    }
  }
}
