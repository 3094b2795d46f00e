import RNNTestSupport
import Testing

@Suite struct TapeTests {
  /// Counts its own end: stands for an activation that a pullback holds.
  private final class Witness {
    let onEnd: () -> Void
    init(_ onEnd: @escaping () -> Void) { self.onEnd = onEnd }
    deinit { onEnd() }
  }

  @Test func aVariableUsedTwiceGetsTheSum() {
    let (value, gradient) = valueAndGradient(of: ["x": Tensor([3, -1], shape: [2])]) { w in
      (w["x"] * w["x"] + w["x"]).sum()
    }
    #expect(value.item == 12)
    #expect(gradient == ["x": Tensor([7, -1], shape: [2])])
  }

  /// The sum is taken in place only where nothing else looks at the tensor: here one gradient goes to three places.
  @Test func addingUpDoesNotWriteIntoSharedGradients() {
    let tape = Tape()
    let x = tape.watch(Tensor([1, 2], shape: [2]))
    let y = tape.watch(Tensor([3, 4], shape: [2]))
    let s = x + y
    let loss = (s + x + y + x).sum()
    let gradients = tape.gradient(of: loss, with: [x, y, s])
    #expect(gradients == [3, 2, 1].map { Tensor(repeating: $0, shape: [2]) })
  }

  @Test func whatNothingFlowsToIsAbsent() {
    let weights: Weights = ["used": Tensor(2), "unused": Tensor(5), "cut": Tensor(7)]
    let (value, gradient) = valueAndGradient(of: weights) { w in
      _ = w["unused"] * w["unused"]
      return w["used"] * w["cut"].detached()
    }
    #expect(value.item == 14)
    #expect(gradient == ["used": Tensor(7)])
  }

  @Test func aConstantLossHasNoGradient() {
    let (value, gradient) = valueAndGradient(of: ["x": Tensor(2)]) { _ in Variable(Tensor(3)) }
    #expect(value.item == 3)
    #expect(gradient == [:])
  }

  @Test func theLossMayBeAWeight() {
    #expect(valueAndGradient(of: ["x": Tensor(2)]) { $0["x"] }.gradient == ["x": Tensor(1)])
  }

  @Test func anIntermediateResultsGradientCanBeAskedFor() {
    let tape = Tape()
    let x = tape.watch(Tensor(2))
    let y = x * x
    let z = y * y
    #expect(tape.gradient(of: z, with: [y, x, z]) == [Tensor(8), Tensor(32), Tensor(1)])
  }

  @Test func pullbacksThatNoGradientReachesAreSkipped() {
    let tape = Tape()
    let x = tape.watch(Tensor(2))
    var calls: [String] = []
    func identity(_ x: Variable, _ name: String, blocks: Bool = false) -> Variable {
      Tape.record(inputs: [x], output: x.value) { gradient, _ in
        calls.append(name)
        return [blocks ? nil : gradient]
      }
    }
    let dead = identity(x, "dead end")
    _ = identity(dead, "after the dead end")
    let a = identity(x, "before the stop")
    let b = identity(a, "stop", blocks: true)
    let c = identity(x, "reached")
    #expect(tape.gradient(of: b + c, with: [x, a]) == [Tensor(1), nil])
    #expect(calls == ["reached", "stop"])
  }

  @Test func outputsThatNothingFlowedToAreNil() {
    let tape = Tape()
    let x = tape.watch(Tensor(2))
    var seen: [Tensor?] = []
    let outputs = Tape.record(inputs: [x, Variable(Tensor(1))], outputs: [Tensor(1), Tensor(2), Tensor(3)]) {
      gradients, needs in
      seen = gradients
      #expect(needs == [true, false])
      return [Tensor(10), nil]
    }
    #expect(tape.gradient(of: outputs[1], with: [x]) == [Tensor(10)])
    #expect(seen == [nil, Tensor(1), nil])
  }

  @Test func withoutATapeNothingIsKept() {
    var ended = 0
    do {
      let witness = Witness { ended += 1 }
      let y = Tape.record(inputs: [Variable(Tensor(1))], output: Tensor(2)) { gradient, _ in
        withExtendedLifetime(witness) { [gradient] }
      }
      #expect(!y.requiresGradient)
    }
    #expect(ended == 1)
  }

  /// Activations are given back while the tape drains, last first, not at the end.
  @Test func activationsAreFreedWhileDraining() {
    var log: [String] = []
    func layer(_ x: Variable, _ i: Int) -> Variable {
      let witness = Witness { log.append("free \(i)") }
      return Tape.record(inputs: [x], output: x.value) { gradient, _ in
        withExtendedLifetime(witness) { log.append("run \(i)") }
        return [gradient]
      }
    }
    let tape = Tape()
    let x = tape.watch(Tensor(1))
    let y = (0..<3).reduce(x, layer)
    #expect(log == [])
    _ = tape.gradient(of: y, with: [x])
    #expect(log == ["run 2", "free 2", "run 1", "free 1", "run 0", "free 0"])
  }

  @Test func aThrowingBodyLeavesNothingBehind() {
    struct Stop: Error {}
    var ended = 0
    #expect(throws: Stop.self) {
      try valueAndGradient(of: ["x": Tensor(1)]) { w in
        let witness = Witness { ended += 1 }
        _ = Tape.record(inputs: [w["x"]], output: Tensor(2)) { gradient, _ in
          withExtendedLifetime(witness) { [gradient] }
        }
        throw Stop()
      }
    }
    #expect(ended == 1)
  }

  /// Graphs of objects overflow the stack when they are released; a flat tape does not.
  @Test func aChainOfAHundredThousandIsNoTrouble() {
    let (value, gradient) = valueAndGradient(of: ["x": Tensor(1)]) { w in
      (0..<100_000).reduce(w["x"]) { y, _ in y + w["x"] }
    }
    #expect(value.item == 100_001)
    #expect(gradient["x"]?.item == 100_001)

    // One that is recorded and never drained.
    let tape = Tape()
    _ = (0..<100_000).reduce(tape.watch(Tensor(1))) { y, _ in -y }
  }
}
