/// A tensor that may stand on a tape: what differentiable operations take and give.
///
/// Without a tape it is a constant, and operations on constants only compute.
public struct Variable {
  public let value: Tensor
  /// The place on the tape; −1 for a constant.
  let id: Int
  let tape: Tape?

  /// A constant.
  public init(_ value: Tensor) {
    self.init(value, id: -1, tape: nil)
  }

  init(_ value: Tensor, id: Int, tape: Tape?) {
    self.value = value
    self.id = id
    self.tape = tape
  }

  public var shape: [Int] { value.shape }

  /// Whether gradients flow to it.
  public var requiresGradient: Bool { id >= 0 }

  /// The same numbers as a constant: no gradient flows through.
  public func detached() -> Variable { Variable(value) }
}

/// The record of a computation, for reverse-mode differentiation.
///
/// A flat array of entries that is drained backwards: the memory of an entry's activations is given back as soon as its
/// pullback has run, and however long a computation is, nothing recurses.
///
/// A tape lives inside one call of `valueAndGradient(of:_:)`, on one thread. There is no global state.
public final class Tape {
  /// Turns the gradients of an operation's outputs into those of its inputs.
  ///
  /// - `outputGradients` has one element for each output, `nil` where nothing flowed (at least one is not `nil`).
  /// - `needs` says for each input whether its gradient is wanted.
  /// - The result has one element for each input; `nil` stands for zero, and for one that isn't needed.
  ///
  /// A pullback captures tensors, never variables: those would hold the tape that holds the pullback.
  public typealias Pullback = (_ outputGradients: [Tensor?], _ needs: [Bool]) -> [Tensor?]

  /// A pullback that goes on with the gradients of its inputs, rather than to leave it to the tape to add to them. For
  /// gradients that are sums over rows (of a product's weights, of an embedding's table): where such a sum goes on from the
  /// last row to the first, its bits don't depend on how the rows were cut into operations.
  ///
  /// - `sums` has one element for each input, what has flowed to it from later operations; `nil` for nothing, and for an
  ///   input whose gradient isn't needed, which stays so. See also ``Tape/add(_:to:)``.
  public typealias Accumulation = (_ outputGradients: [Tensor?], _ needs: [Bool], _ sums: inout [Tensor?]) -> Void

  private struct Entry {
    let inputs: [Int]
    let firstOutput: Int
    let outputCount: Int
    let accumulate: Accumulation
  }

  private var entries: [Entry] = []
  private var variableCount = 0

  public init() {}

  /// A variable whose gradient can be asked for.
  public func watch(_ value: Tensor) -> Variable {
    variableCount += 1
    return Variable(value, id: variableCount - 1, tape: self)
  }

  /// The one door through which anything differentiable enters: gives the outputs as variables and remembers how
  /// gradients flow back.
  ///
  /// Without a tape among the inputs the outputs are constants and the pullback is dropped.
  public static func record(inputs: [Variable], outputs: [Tensor], pullback: @escaping Pullback) -> [Variable] {
    record(inputs: inputs, outputs: outputs, accumulate: { outputGradients, needs, sums in
      var results = pullback(outputGradients, needs)
      precondition(results.count == needs.count, "a pullback gives one gradient for each input")
      for i in needs.indices where needs[i] {
        if let gradient = results[i].take() { add(gradient, to: &sums[i]) }
      }
    })
  }

  /// `record` for an operation that goes on with the gradients of its inputs.
  public static func record(inputs: [Variable], outputs: [Tensor], accumulate: @escaping Accumulation) -> [Variable] {
    guard let tape = inputs.lazy.compactMap(\.tape).first else { return outputs.map { Variable($0) } }
    precondition(
      inputs.allSatisfy { $0.tape == nil || $0.tape === tape }, "the inputs of an operation stand on different tapes")
    tape.entries.append(
      Entry(
        inputs: inputs.map(\.id), firstOutput: tape.variableCount, outputCount: outputs.count, accumulate: accumulate))
    return outputs.map { tape.watch($0) }
  }

  /// `record` for an operation of one output: the pullback is called only with a gradient.
  public static func record(
    inputs: [Variable], output: Tensor, pullback: @escaping (_ gradient: Tensor, _ needs: [Bool]) -> [Tensor?]
  ) -> Variable {
    record(inputs: inputs, outputs: [output]) { gradients, needs in
      gradients[0].map { pullback($0, needs) } ?? needs.map { _ in nil }
    }[0]
  }

  /// `record` for an operation of one output that goes on with the gradients of its inputs.
  public static func record(
    inputs: [Variable], output: Tensor,
    accumulate: @escaping (_ gradient: Tensor, _ needs: [Bool], _ sums: inout [Tensor?]) -> Void
  ) -> Variable {
    record(inputs: inputs, outputs: [output], accumulate: { gradients, needs, sums in
      if let gradient = gradients[0] { accumulate(gradient, needs, &sums) }
    })[0]
  }

  /// Adds a gradient to a sum of them, in the memory of one of the two where nothing else looks at it.
  public static func add(_ gradient: consuming Tensor, to sum: inout Tensor?) {
    guard var before = sum.take() else {
      sum = gradient
      return
    }
    if before.isUniquelyOwned() {
      before.add(gradient)
      sum = before
    } else {
      // a + b and b + a are the same bits, so it may as well be the other way round.
      gradient.add(before)
      sum = gradient
    }
  }

  /// The derivative of `loss` (of one number) with respect to each of `variables`; `nil` where nothing flowed.
  ///
  /// Drains the tape: it can be asked once.
  public func gradient(of loss: Variable, with variables: [Variable]) -> [Tensor?] {
    var sums = [Tensor?](repeating: nil, count: variables.count)
    accumulateGradient(of: loss, with: variables, in: &sums)
    return sums
  }

  /// Adds the derivative of `loss` (of one number) with respect to each of `variables` to `sums`.
  func accumulateGradient(of loss: Variable, with variables: [Variable], in sums: inout [Tensor?]) {
    precondition(loss.value.count == 1, "a gradient is of one number, not of the shape \(loss.shape)")
    pullBack([(loss, Tensor(repeating: 1, shape: loss.shape))], to: variables, in: &sums)
  }

  /// Takes gradients of results back to `variables`, and goes on with what stands in `sums`. Drains the tape.
  func pullBack(_ results: [(variable: Variable, gradient: Tensor)], to variables: [Variable], in sums: inout [Tensor?]) {
    precondition(
      variables.allSatisfy { $0.tape === self }, "a gradient was asked for with respect to a variable of another tape")
    defer {
      entries = []
      variableCount = 0
    }
    var gradients = [Tensor?](repeating: nil, count: variableCount)
    var isWanted = [Bool](repeating: false, count: variableCount)
    for (i, variable) in variables.enumerated() {
      isWanted[variable.id] = true
      if let sum = sums[i].take() { Self.add(sum, to: &gradients[variable.id]) }
    }
    for (variable, gradient) in results where variable.requiresGradient {
      precondition(variable.tape === self, "the loss stands on another tape")
      Self.add(gradient, to: &gradients[variable.id])
    }

    // Outputs always stand behind inputs, so when an entry is reached all uses of its outputs are behind it.
    while let entry = entries.popLast() {
      let outputs = entry.firstOutput..<entry.firstOutput + entry.outputCount
      if outputs.allSatisfy({ gradients[$0] == nil }) { continue }
      let outputGradients = Array(gradients[outputs])
      for output in outputs where !isWanted[output] { gradients[output] = nil }
      // Lent to the operation, so that it writes them where they are.
      var inputs = entry.inputs.map { $0 >= 0 ? gradients[$0].take() : nil }
      entry.accumulate(outputGradients, entry.inputs.map { $0 >= 0 }, &inputs)
      for (i, id) in entry.inputs.enumerated() where id >= 0 {
        if let gradient = inputs[i].take() { Self.add(gradient, to: &gradients[id]) }
      }
    }
    for (i, variable) in variables.enumerated() { sums[i] = gradients[variable.id] }
  }
}

/// The value of a computation on weights and its gradient with respect to them.
///
/// - Parameters:
///   - weights: the parameters.
///   - sum: gradients of other computations, whose sums go on (a batch in parts). Given up by the caller (`consume`), they
///     are written where they are.
///   - body: computes one number (a loss) from the parameters.
/// - Returns: the number, and a gradient for each parameter that it depends on, in the order of the weights.
///   A parameter that nothing flows to is absent from the gradient.
public func valueAndGradient(
  of weights: Weights, continuing sum: consuming Weights = Weights(), _ body: (TapedWeights) throws -> Variable
) rethrows -> (value: Tensor, gradient: Weights) {
  let tape = Tape()
  let variables = weights.tensors.map { tape.watch($0) }
  let loss = try body(TapedWeights(weights, variables: variables))
  var gradients: [Tensor?] = []
  for name in weights.names { gradients.append(sum[name]) }
  sum = Weights()
  tape.accumulateGradient(of: loss, with: variables, in: &gradients)
  var result = Weights()
  for (name, gradient) in zip(weights.names, gradients) {
    if let gradient { result[name] = gradient }
  }
  return (loss.value, result)
}
