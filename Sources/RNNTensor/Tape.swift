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

  private struct Entry {
    let inputs: [Int]
    let firstOutput: Int
    let outputCount: Int
    let pullback: Pullback
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
    guard let tape = inputs.lazy.compactMap(\.tape).first else { return outputs.map { Variable($0) } }
    precondition(
      inputs.allSatisfy { $0.tape == nil || $0.tape === tape }, "the inputs of an operation stand on different tapes")
    tape.entries.append(
      Entry(
        inputs: inputs.map(\.id), firstOutput: tape.variableCount, outputCount: outputs.count, pullback: pullback))
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

  /// The derivative of `loss` (of one number) with respect to each of `variables`; `nil` where nothing flowed.
  ///
  /// Drains the tape: it can be asked once.
  public func gradient(of loss: Variable, with variables: [Variable]) -> [Tensor?] {
    precondition(loss.value.count == 1, "a gradient is of one number, not of the shape \(loss.shape)")
    precondition(
      variables.allSatisfy { $0.tape === self }, "a gradient was asked for with respect to a variable of another tape")
    defer {
      entries = []
      variableCount = 0
    }
    guard loss.requiresGradient else { return variables.map { _ in nil } }
    precondition(loss.tape === self, "the loss stands on another tape")

    var gradients = [Tensor?](repeating: nil, count: variableCount)
    var isWanted = [Bool](repeating: false, count: variableCount)
    for variable in variables { isWanted[variable.id] = true }
    gradients[loss.id] = Tensor(repeating: 1, shape: loss.shape)

    // Outputs always stand behind inputs, so when an entry is reached all uses of its outputs are behind it.
    while let entry = entries.popLast() {
      let outputs = entry.firstOutput..<entry.firstOutput + entry.outputCount
      if outputs.allSatisfy({ gradients[$0] == nil }) { continue }
      let outputGradients = Array(gradients[outputs])
      for output in outputs where !isWanted[output] { gradients[output] = nil }
      var results = entry.pullback(outputGradients, entry.inputs.map { $0 >= 0 })
      precondition(results.count == entry.inputs.count, "a pullback gives one gradient for each input")
      for (i, id) in entry.inputs.enumerated() where id >= 0 {
        guard let gradient = results[i] else { continue }
        results[i] = nil
        gradients[id] = Self.sum(gradients[id].take(), gradient)
      }
    }
    return variables.map { gradients[$0.id] }
  }

  /// Adds two gradients, in the memory of one of them where nothing else looks at it.
  private static func sum(_ a: consuming Tensor?, _ b: consuming Tensor) -> Tensor {
    guard var a else { return b }
    if a.isUniquelyOwned() {
      a.add(b)
      return a
    }
    // a + b and b + a are the same bits, so it may as well be the other way round.
    b.add(a)
    return b
  }
}

/// The value of a computation on weights and its gradient with respect to them.
///
/// - Parameters:
///   - weights: the parameters.
///   - body: computes one number (a loss) from the parameters.
/// - Returns: the number, and a gradient for each parameter that it depends on, in the order of the weights.
///   A parameter that nothing flows to is absent from the gradient.
public func valueAndGradient(
  of weights: Weights, _ body: (TapedWeights) throws -> Variable
) rethrows -> (value: Tensor, gradient: Weights) {
  let tape = Tape()
  let variables = weights.tensors.map { tape.watch($0) }
  let loss = try body(TapedWeights(weights, variables: variables))
  var result = Weights()
  for (name, gradient) in zip(weights.names, tape.gradient(of: loss, with: variables)) {
    if let gradient { result[name] = gradient }
  }
  return (loss.value, result)
}
