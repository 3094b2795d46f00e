import RNNTestSupport
import Testing

/// Gradients that go on from others, and computations that are run again.
@Suite struct CheckpointTests {
  private static func tensor(_ shape: [Int], _ seed: UInt64) -> Tensor {
    var random = Philox(seed: seed)
    return Tensor(uniform: -1..<1, shape: shape, using: &random)
  }

  /// Every operation whose gradient is a sum over rows, on the rows of a range.
  private static let weights: Weights = [
    "table": tensor([7, 5], 1), "matrix": tensor([6, 5], 2), "bias": tensor([6], 3), "other": tensor([6, 37], 4), "gain": tensor([37], 5),
    "shift": tensor([37], 6), "minus": tensor([37], 7), "floor": tensor([37], 9), "divisor": Tensor(repeating: 1.5, shape: [37]),
  ]
  private static let rows = 50
  private static let targets = tensor([rows, 37], 8)

  private static func sum(_ range: Range<Int>, _ w: TapedWeights) -> Variable {
    let x = gather(w["table"], range.map { Int32($0 * $0 % 9) - 2 }, shape: [range.count])
    let y = matmul(tanh(linear(x, w["matrix"], w["bias"])), w["other"]) * w["gain"] + w["shift"] - w["minus"]
    let z = max(y, w["floor"]) / w["divisor"]
    let part = Tensor(targets.values[range.lowerBound * 37..<range.upperBound * 37], shape: [range.count, 37])
    return (sigmoid(z) * Variable(part)).sum()
  }

  /// Rows cut anywhere, the later ones first: the chain over the rows goes on where it was left.
  @Test(arguments: [1, 3])
  func aBatchInPartsHasTheGradientOfTheWhole(threads: Int) {
    withThreads(threads) {
      let whole = valueAndGradient(of: Self.weights) { Self.sum(0..<Self.rows, $0) }.gradient
      #expect(whole.count == Self.weights.count)
      for cut in [1, 7, 24, 49] {
        let later = valueAndGradient(of: Self.weights) { Self.sum(cut..<Self.rows, $0) }.gradient
        let both = valueAndGradient(of: Self.weights, continuing: later) { Self.sum(0..<cut, $0) }.gradient
        #expect(both == whole, "cut at \(cut)")
      }
    }
  }

  @Test func whatNothingFlowsToGoesOnUnchanged() {
    let before: Weights = ["b": Tensor(5)]
    let gradient = valueAndGradient(of: ["a": Tensor(2), "b": Tensor(3)], continuing: before) { $0["a"] * $0["a"] }.gradient
    #expect(gradient == ["a": Tensor(4), "b": Tensor(5)])
    #expect(before == ["b": Tensor(5)])
    #expect(valueAndGradient(of: ["b": Tensor(3)], continuing: before) { _ in Variable(Tensor(1)) }.gradient == before)
  }

  /// The sums that a caller holds on to are not written.
  @Test func givenSumsAreValues() {
    let before: Weights = ["x": Tensor([1, 2], shape: [2])]
    let w: Weights = ["x": Tensor([3, 4], shape: [2])]
    #expect(valueAndGradient(of: w, continuing: before) { $0["x"].sum() }.gradient == ["x": Tensor([2, 3], shape: [2])])
    #expect(before == ["x": Tensor([1, 2], shape: [2])])
  }

  @Test func aCheckpointIsRunAgainOnTheWayBack() {
    var runs: [Bool] = []
    let (value, gradient) = valueAndGradient(of: ["x": Tensor(2), "unused": Tensor(1)]) { w in
      let y = checkpoint([w["x"] * w["x"]], w) { inputs, w in
        runs.append(inputs[0].requiresGradient)
        return [inputs[0] * w["x"], -inputs[0]]
      }
      #expect(runs == [false])
      return y[0] + y[0]
    }
    #expect(runs == [false, true])
    #expect(value.item == 16)
    #expect(gradient == ["x": Tensor(24)])
  }

  /// A constant stays one in the second run, and without a tape there is none.
  @Test func onlyWhatHasAGradientIsWatched() {
    var watched: [[Bool]] = []
    func run(_ x: Variable, _ w: TapedWeights) -> Variable {
      checkpoint([x, Variable(Tensor(3))], w) { inputs, w in
        watched.append(inputs.map(\.requiresGradient) + [w["a"].requiresGradient])
        return [inputs[0] * inputs[1] * w["a"]]
      }[0]
    }
    let tape = Tape()
    let x = tape.watch(Tensor(2))
    let y = run(x, TapedWeights(constant: ["a": Tensor(5)]))
    #expect(tape.gradient(of: y, with: [x]) == [Tensor(15)])
    #expect(!run(Variable(Tensor(2)), TapedWeights(constant: ["a": Tensor(5)])).requiresGradient)
    #expect(watched == [[false, false, false], [true, false, false], [false, false, false]])
  }

  @Test func scopesAndReplacedWeightsComeThrough() {
    let (value, gradient) = valueAndGradient(of: ["s.a": Tensor(2), "b": Tensor(3)]) { w in
      checkpoint([], w.replacing("b", with: w["b"] * w["b"]).scoped("s")) { _, w in [w["a"] * w["a"]] }[0]
        + checkpoint([], w.replacing("b", with: w["b"] * w["b"])) { _, w in [w["b"] * w["s.a"]] }[0]
    }
    #expect(value.item == 22)
    #expect(gradient == ["s.a": Tensor(13), "b": Tensor(12)])
  }

  /// A state that is carried through all steps, a table that all read from.
  @Test(arguments: [[1], [3], [7], [19], [20], [6, 2], [10, 5, 1], [2, 6], [100]])
  func aScanDoesNotDependOnItsSegments(_ lengths: [Int]) {
    let steps = 20, rows = 2
    let inputs = Self.tensor([steps, rows, 5], 9)
    let weights: Weights = ["w": Self.tensor([6, 5], 10), "u": Self.tensor([6, 6], 11), "b": Self.tensor([6], 12)]
    func run(_ segments: Segments) -> (Tensor, Weights, [Range<Int>], Tensor) {
      var ranges: [Range<Int>] = [], final = Tensor(0)
      let (value, gradient) = valueAndGradient(of: weights) { w in
        // The first state has another shape than the later ones: one row for all.
        let start = w["b"] * Variable(Tensor(repeating: 0.5, shape: [6]))
        let (results, states) = scan(0..<steps, segments, [start], w) { steps, states, w in
          var h = states[0], results: [Variable] = []
          for t in steps {
            let x = Tensor(inputs.values[t * rows * 5..<(t + 1) * rows * 5], shape: [rows, 5])
            h = tanh(linear(Variable(x), w["w"]) + linear(h, w["u"]))
            results.append(h.sum())
          }
          return (results, [h])
        }
        ranges = results.map { 0..<$0.count }
        final = states[0].value
        return results.joined().dropFirst().reduce(results[0][0]) { $0 + $1 } + states[0].sum()
      }
      return (value, gradient, ranges, final)
    }
    let (value, gradient, ranges, final) = run(Segments(lengths))
    let whole = run(Segments())
    #expect(value == whole.0)
    #expect(final == whole.3)
    #expect(ranges.map(\.count).reduce(0, +) == steps)
    #expect(ranges.allSatisfy { $0.count <= lengths.min() ?? 0 })
    #expect(gradient == whole.1)
  }

  @Test func aJoinedLossIsTheLossOfTheWhole() {
    let logits = Self.tensor([9, 2, 5], 13)
    let targets: [Int32] = (0..<18).map { $0 % 7 == 3 ? -1 : Int32($0 * 3 % 5) }
    let count = targets.count { $0 >= 0 }
    let tape = Tape()
    let x = tape.watch(logits)
    let whole = softmaxCrossEntropy(x, targets)
    let expected = tape.gradient(of: whole.mean, with: [x])
    for cut in [1, 4, 8] {
      let tape = Tape()
      let parts = [tape.watch(logits.part(0..<cut)), tape.watch(logits.part(cut..<9))]
      let losses = [
        softmaxCrossEntropy(parts[0], Array(targets[..<(2 * cut)]), of: count),
        softmaxCrossEntropy(parts[1], Array(targets[(2 * cut)...]), of: count),
      ]
      let joined = CrossEntropy.joined(losses.map { ($0.mean, $0.losses) }, count: count)
      #expect(joined.mean.value == whole.mean.value)
      #expect(joined.losses.values == whole.losses.values)
      let gradients = tape.gradient(of: joined.mean, with: parts)
      #expect(gradients.flatMap { $0?.values ?? [] } == expected[0]?.values)
    }
  }
}

extension Tensor {
  fileprivate func part(_ rows: Range<Int>) -> Tensor {
    let row = count / shape[0]
    return Tensor(values[rows.lowerBound * row..<rows.upperBound * row], shape: [rows.count] + shape.dropFirst())
  }
}

@Suite struct SegmentsTests {
  @Test func theyFit() {
    for steps in [1, 2, 31, 100, 12_345, 100_000, 10_000_000] {
      for (step, states) in [(1, 1), (30_000, 4000), (3_000_000, 262_144), (100, 100_000)] {
        let least = Segments.leastBytes(steps: steps, step: step, states: states)
        #expect(Segments(steps: steps, within: least - 1, step: step, states: states) == nil, "\(steps) \(step)")
        for bytes in [least, least + step, 2 * least, 10 * least, 100 * least, 500_000_000] where bytes >= least {
          guard let segments = Segments(steps: steps, within: bytes, step: step, states: states) else {
            Issue.record("\(steps) steps of \(step) bytes don't fit in \(bytes)")
            continue
          }
          #expect(segments.bytes(steps: steps, step: step, states: states) <= bytes, "\(steps) \(step) \(segments)")
          #expect((steps * step <= bytes) == segments.lengths.isEmpty)
        }
      }
    }
  }

  /// Segments of a few steps cost more than another forward run.
  @Test func anotherLevelRatherThanTinySegments() throws {
    let segments = try #require(Segments(steps: 100_000, within: 500_000_000, step: 3_000_000, states: 262_144))
    #expect(segments.lengths.count == 2 && segments.lengths[1] >= 32, "\(segments)")
    let one = try #require(Segments(steps: 100_000, within: 400_000_000, step: 30_000, states: 4096))
    #expect(one.lengths.count == 1 && one.lengths[0] > 10_000, "\(one)")
  }
}
