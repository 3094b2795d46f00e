import Foundation
import RNNLayers
import RNNTestSupport
import Testing

@Suite struct CTCTests {
  /// What a path says: repeats taken together, blanks left out.
  static func reading(_ path: [Int], blank: Int) -> [Int] {
    zip(path, [nil] + path.map(Optional.some)).filter { $0 != $1 && $0 != blank }.map(\.0)
  }

  /// ln p of every labelling, as the sum over all paths, in `Double`.
  static func labellings(_ x: Tensor, row: Int, steps: Int, blank: Int) -> [[Int]: Double] {
    let classes = x.shape[2]
    let p = (0..<steps).map { t in
      let e = (0..<classes).map { exp(Double(x[t, row, $0])) }
      return e.map { $0 / e.reduce(0, +) }
    }
    var sums: [[Int]: Double] = [:]
    for number in 0..<Int(pow(Double(classes), Double(steps))) {
      var path: [Int] = [], rest = number
      for _ in 0..<steps {
        path.append(rest % classes)
        rest /= classes
      }
      sums[reading(path, blank: blank), default: 0] += zip(p, path).reduce(1) { $0 * $1.0[$1.1] }
    }
    return sums.mapValues { log($0) }
  }

  @Test(arguments: [(1, 3, 0), (3, 2, 1), (4, 4, 3), (6, 3, 1), (6, 4, 3)])
  func everyLabellingIsTheSumOverItsPaths(_ steps: Int, _ classes: Int, _ blank: Int) {
    var random = Philox(seed: UInt64(steps * 10 + classes))
    let x = Tensor(uniform: -3..<3, shape: [steps, 1, classes], using: &random)
    let all = Self.labellings(x, row: 0, steps: steps, blank: blank)
    #expect(all[[]] != nil && all.keys.contains { CTC.stepsNeeded($0) > $0.count } == (steps >= 3))
    var whole = 0.0
    for (target, expected) in all {
      let loss = Double(CTC.loss(Variable(x), lengths: [steps], targets: [target], blank: blank).value.item)
      #expect(abs(loss + expected) < 2e-6 * (1 + abs(expected)), "\(target)")
      whole += exp(-loss)
      #expect(CTC.stepsNeeded(target) <= steps)
    }
    #expect(abs(whole - 1) < 1e-5)
  }

  @Test func stepsNeeded() {
    #expect(CTC.stepsNeeded([]) == 0)
    #expect(CTC.stepsNeeded([3]) == 1)
    #expect(CTC.stepsNeeded([1, 1, 1, 2, 1, 1]) == 9)
  }

  @Test(arguments: ["usual", "single", "long", "sure"]) func lossAndGradientAsPyTorch(_ name: String) throws {
    let fixture = try Fixture("ctc_loss")
    let x = try fixture.tensor("\(name).logits"), upstream = try fixture.tensor("\(name).upstream")
    var rest = try fixture.integers("\(name).targets").map { Int($0) }[...]
    let targets = try fixture.integers("\(name).target_lengths").map { count in
      defer { rest = rest.dropFirst(Int(count)) }
      return Array(rest.prefix(Int(count)))
    }
    let lengths = try fixture.integers("\(name).lengths").map { Int($0) }
    var losses = Tensor(0)
    let (_, gradient) = valueAndGradient(of: ["x": x]) { weights in
      let loss = CTC.loss(weights["x"], lengths: lengths, targets: targets, blank: x.shape[2] - 1)
      losses = loss.value
      return (loss * Variable(upstream)).sum()
    }
    #expect(losses.shape == [lengths.count])
    #expect(try fixture.error(losses.values, "\(name).losses") < 3e-7)
    #expect(try fixture.error(try #require(gradient["x"]).values, "\(name).grad") < 3e-7)
  }

  @Test func gradientsAgreeWithDifferences() {
    var random = Philox(seed: 9)
    let x = Tensor(uniform: -1..<1, shape: [7, 4, 4], using: &random)
    let check = GradientCheck([x]) {
      [CTC.loss($0[0], lengths: [7, 5, 6, 3], targets: [[0, 1, 2], [2, 2, 2], [], [0, 1, 0]], blank: 3)]
    }
    #expect(check.count == x.count)
    #expect(check.worst < 2e-4, "\(check)")
  }

  // MARK: Rows

  private static func run(_ x: Tensor, _ lengths: [Int], _ targets: [[Int]]) -> (losses: Tensor, gradient: Tensor?) {
    var losses = Tensor(0)
    let (_, gradient) = valueAndGradient(of: ["x": x]) {
      let loss = CTC.loss($0["x"], lengths: lengths, targets: targets, blank: x.shape[2] - 1)
      losses = loss.value
      return loss.sum()
    }
    return (losses, gradient["x"])
  }

  /// What stands behind a row's end is not read; a row alone and in a batch, and on any number of threads, is the same bits.
  @Test func rowsAreTheirOwn() throws {
    var random = Philox(seed: 12)
    let lengths = [9, 4, 0, 6, 9], targets = [[1, 1, 0], [3, 2], [], [4, 0, 4], [0, 1, 2, 3, 4, 0, 1, 2, 3]]
    let clean = Tensor(uniform: -4..<4, shape: [9, 5, 6], using: &random)
    var x = clean
    for (b, length) in lengths.enumerated() { for t in length..<9 { for c in 0..<6 { x[t, b, c] = .nan } } }
    let together = Self.run(x, lengths, targets), gradient = try #require(together.gradient)
    #expect(together.losses == Self.run(clean, lengths, targets).losses)
    #expect(together.losses == CTC.loss(Variable(x), lengths: lengths, targets: targets, blank: 5).value)
    #expect(together.losses.values[2] == 0)
    for (b, length) in lengths.enumerated() {
      let alone = Self.run(
        Tensor((0..<length).flatMap { t in (0..<6).map { x[t, b, $0] } }, shape: [length, 1, 6]), [length], [targets[b]])
      #expect(alone.losses.values[0].bitPattern == together.losses.values[b].bitPattern)
      for t in 0..<9 {
        for c in 0..<6 {
          let expected = t < length ? try #require(alone.gradient)[t, 0, c] : 0
          #expect(gradient[t, b, c].bitPattern == expected.bitPattern, "row \(b), step \(t)")
        }
      }
    }
    for threads in [1, 3] {
      let again = withThreads(threads) { Self.run(x, lengths, targets) }
      #expect(again.losses == together.losses && again.gradient == gradient)
    }
  }

  /// Logits that leave no doubt, for and against the target: losses and gradients are finite, and what they must be.
  @Test(arguments: [80, 1e4, 1e30] as [Float]) func extremeLogits(_ size: Float) throws {
    // Steps that say 0 1 2 with certainty, and a target that was said, one that wasn't, and silence.
    var x = Tensor(repeating: -size, shape: [6, 3, 4])
    for b in 0..<3 { for (t, c) in [0, 0, 1, 3, 2, 2].enumerated() { x[t, b, c] = size } }
    let (losses, gradient) = Self.run(x, [6, 6, 6], [[0, 1, 2], [1, 1, 1], []])
    let slopes = try #require(gradient)
    #expect(losses.isFinite && slopes.isFinite)
    #expect(losses.values[0] == 0)
    #expect(losses.values[1] > size && losses.values[2] > size)
    for t in 0..<6 { for c in 0..<4 { #expect(slopes[t, 0, c] == 0) } }
    // Silence: every step should have been a blank.
    for t in 0..<6 { #expect(slopes[t, 2, 3] == (t == 3 ? 0 : -1)) }
    #expect(slopes.values.allSatisfy { -1...1 ~= $0 })
  }

  @Test func brokenLogitsAreSeen() {
    for value in [Float.nan, .infinity] {
      var x = Tensor(repeating: 0.5, shape: [3, 2, 3])
      x[1, 0, 0] = value
      let losses = Self.run(x, [3, 3], [[1], [1]]).losses
      #expect(losses.values[0].isNaN && losses.values[1].isFinite)
    }
  }

  // MARK: Probabilities

  @Test func logProbabilities() {
    var random = Philox(seed: 30)
    let x = Tensor(uniform: -50..<50, shape: [20, 2, 7], using: &random)
    let all = CTC.logProbabilities(x)
    #expect(all.shape == x.shape)
    for t in 0..<20 {
      #expect(CTC.logProbabilities(x.rows(t..<t + 1)) == all.rows(t..<t + 1))
      for b in 0..<2 {
        let total = log((0..<7).reduce(0.0) { $0 + exp(Double(x[t, b, $1])) })
        for c in 0..<7 { #expect(abs(Double(all[t, b, c]) - (Double(x[t, b, c]) - total)) < 1e-5) }
      }
    }
  }
}
