import Foundation
import RNNTestSupport
import Testing

@Suite struct AttentionTests {
  private static let lengths = [3, 0, 1, 4]
  private let queries: Tensor, keys: Tensor, values: Tensor, vector: Tensor

  init() {
    var random = Philox(seed: 4)
    queries = Tensor(uniform: -1..<1, shape: [2, 4, 5], using: &random)
    keys = Tensor(uniform: -1..<1, shape: [4, 4, 5], using: &random)
    values = Tensor(uniform: -1..<1, shape: [4, 4, 3], using: &random)
    vector = Tensor(uniform: -1..<1, shape: [5], using: &random)
  }

  /// Another number behind every row's end.
  private func spoilt(_ x: Tensor, _ other: Float) -> Tensor {
    var x = x
    for (row, length) in Self.lengths.enumerated() {
      for step in length..<x.shape[0] { for unit in 0..<x.shape[2] { x[step, row, unit] = other } }
    }
    return x
  }

  private func attended(_ vector: Tensor?, other: Float = 0) -> (context: Variable, weights: Tensor) {
    attend(
      Variable(queries), keys: Variable(spoilt(keys, other)), values: Variable(spoilt(values, other)), vector: vector.map { Variable($0) },
      lengths: Self.lengths)
  }

  @Test(arguments: [false, true])
  func valuesAsPlainlyComputed(_ isAdditive: Bool) {
    let (context, weights) = attended(isAdditive ? vector : nil)
    for t in 0..<2 {
      for (row, length) in Self.lengths.enumerated() {
        let scores = (0..<length).map { step -> Double in
          var score = 0.0
          for i in 0..<5 {
            let q = Double(queries[t, row, i]), k = Double(keys[step, row, i])
            if isAdditive { score += Double(vector[i]) * Foundation.tanh(q + k) } else { score += q * k }
          }
          return score
        }
        let shares = scores.map { Foundation.exp($0) }
        let all = shares.reduce(0, +)
        for step in 0..<4 {
          let expected = step < length ? shares[step] / all : 0
          #expect(abs(Double(weights[t, row, step]) - expected) < 1e-6)
        }
        for unit in 0..<3 {
          var expected = 0.0
          for step in 0..<length { expected += shares[step] / all * Double(values[step, row, unit]) }
          #expect(abs(Double(context.value[t, row, unit]) - expected) < 1e-6)
        }
      }
    }
  }

  @Test(arguments: [false, true])
  func gradients(_ isAdditive: Bool) {
    let check = GradientCheck([queries, keys, values] + (isAdditive ? [vector] : [])) { inputs in
      [attend(inputs[0], keys: inputs[1], values: inputs[2], vector: isAdditive ? inputs[3] : nil, lengths: Self.lengths).context]
    }
    #expect(check.worst < 1e-3, "\(check)")
    let whole = GradientCheck([queries, keys, values] + (isAdditive ? [vector] : [])) { inputs in
      [attend(inputs[0], keys: inputs[1], values: inputs[2], vector: isAdditive ? inputs[3] : nil).context]
    }
    #expect(whole.worst < 1e-3, "\(whole)")
  }

  @Test(arguments: [false, true])
  func whatStandsBehindAnEndIsNeverRead(_ isAdditive: Bool) {
    func gradients(_ other: Float) -> [Tensor?] {
      let tape = Tape()
      let inputs = [queries, spoilt(keys, other), spoilt(values, other), vector].map { tape.watch($0) }
      let context = attend(inputs[0], keys: inputs[1], values: inputs[2], vector: isAdditive ? inputs[3] : nil, lengths: Self.lengths).context
      return tape.gradient(of: (context * context).sum(), with: Array(inputs.prefix(isAdditive ? 4 : 3)))
    }
    #expect(attended(isAdditive ? vector : nil, other: .nan).context.value == attended(isAdditive ? vector : nil).context.value)
    #expect(gradients(.nan) == gradients(0))
  }

  @Test(arguments: [false, true])
  func threadsAndOtherRowsMakeNoDifference(_ isAdditive: Bool) {
    var random = Philox(seed: 5)
    let many = [[40, 30, 70], [9, 30, 70], [9, 30, 50], [70]].map { Tensor(uniform: -1..<1, shape: $0, using: &random) }
    func run(_ row: Int?, threads: Int) -> [Tensor?] {
      withThreads(threads) {
        let tape = Tape()
        let inputs = many.map { tensor in
          tape.watch(row == nil || tensor.shape.count == 1 ? tensor : Variable(tensor).slice(axis: 1, (row ?? 0)..<(row ?? 0) + 1).value)
        }
        let lengths = (0..<30).map { $0 % 10 }
        let (context, weights) = attend(
          inputs[0], keys: inputs[1], values: inputs[2], vector: isAdditive ? inputs[3] : nil, lengths: row.map { [lengths[$0]] } ?? lengths)
        return [context.value, weights] + tape.gradient(of: (context * context).sum(), with: Array(inputs.prefix(3)))
      }
    }
    let all = run(nil, threads: 1)
    #expect(run(nil, threads: 3) == all)
    for row in [0, 4, 29] {
      for (alone, together) in zip(run(row, threads: 1), all) {
        #expect(alone == together.map { Variable($0).slice(axis: 1, row..<row + 1).value })
      }
    }
  }
}
