import RNNTensor

/// A length that a cell's values can have: a number of units known by name until a model gives it one.
public enum Size: Hashable, Sendable {
  /// One number for each row (a constant, or a sum, mean or maximum over units), combined with vectors of any length.
  case scalar
  /// `input`, `hidden`, `projection`, or the name of a further input.
  case named(String)

  public static let input = Size.named("input")
  public static let hidden = Size.named("hidden")
  public static let projection = Size.named("projection")
}

/// What a node of a graph computes from its operands.
public enum Operation: Hashable, Sendable {
  // Leaves; the number is an index into the graph's inputs, states or parameters.
  case input(Int)
  case state(Int)
  case vector(Int)
  case constant(Double)
  /// The index of the step in the sequence, from 0.
  case step
  /// Dropout's mask: 1 / (1 − rate) with probability 1 − rate, else 0; all 1 outside training.
  case keep(rate: Double, perSequence: Bool, tag: Int)
  /// Zoneout's mask: 1 with probability `rate`, else 0; `rate` itself outside training.
  case choose(rate: Double, tag: Int)

  /// A matrix applied to the operand.
  case product(Int)

  case add, subtract, multiply, divide, minimum, maximum
  case negate, exp, log, softplus, sqrt, abs, relu, sigmoid, tanh
  /// Over the units of a row; they give one number.
  case sum, mean, highest
  /// The operand, without gradient.
  case stop

  // Only in the equations of the derivative.
  /// The value of a node of the forward graph at this step.
  case forward(Int)
  /// The gradient that arrives at the new value of a state from the later steps.
  case stateGradient(Int)
  /// The gradient that arrives at the output of this step.
  case outputGradient
  /// A transposed matrix applied to the operand.
  case transposedProduct(Int)
  /// 1 where the first operand is greater (equal), else 0.
  case greater, equal
  /// The operand's one number in every unit.
  case broadcast
}

/// One operation of a graph; its operands stand before it.
public struct Node: Hashable, Sendable {
  public var operation: Operation
  public var operands: [Int]
  public var size: Size
}

/// A parameter: a matrix, or a vector if `columns` is nil.
public struct Parameter: Hashable, Sendable {
  public let name: String
  public let rows: Size
  public let columns: Size?

  public var isMatrix: Bool { columns != nil }
  /// As written in equations: `W.xh`, `b.h`.
  public var symbol: String { (isMatrix ? "W." : "b.") + name }
}

/// Where a state starts.
public enum InitialState: Hashable, Sendable {
  case constant(Double)

  public static let zero = InitialState.constant(0)
}

/// A named value that a cell reads at each step.
public struct StateDeclaration: Hashable, Sendable {
  public let name: String
  public let size: Size
  public let initial: InitialState
}

/// A cell's equations as data: a list of operations in which every operand stands before its use. Everything a cell can do
/// is read off this list.
public struct Graph: Hashable, Sendable {
  /// The names of what comes in at each step; the first is `x`.
  public let inputs: [String]
  public let states: [StateDeclaration]
  /// In the order of their first appearance.
  public let parameters: [Parameter]
  public let nodes: [Node]
  /// The node of each state's new value.
  public let next: [Int]
  /// The node that the layer above sees.
  public let output: Int

  /// The size of an input: the first has the size `input`, a further one the size of its own name.
  public func inputSize(_ index: Int) -> Size { index == 0 ? .input : .named(inputs[index]) }

  /// All named sizes that occur.
  public var sizeNames: [String] {
    var names: [String] = []
    for size in nodes.map(\.size) + states.map(\.size) + inputs.indices.map(inputSize) {
      if case .named(let name) = size, !names.contains(name) { names.append(name) }
    }
    return names
  }
}

/// Numbers for a cell's named sizes.
public struct CellSizes: Hashable, Sendable {
  public private(set) var values: [String: Int]

  public init(input: Int, hidden: Int, _ others: [String: Int] = [:]) {
    values = others
    values["input"] = input
    values["hidden"] = hidden
  }

  /// All sizes by their names.
  public init(_ values: [String: Int]) { self.values = values }

  public var input: Int { values["input"] ?? 0 }
  public var hidden: Int { values["hidden"] ?? 0 }

  /// The number of units of a size; 1 for a scalar.
  public subscript(_ size: Size) -> Int {
    switch size {
    case .scalar: 1
    case .named(let name): values[name] ?? 0
    }
  }

  /// Throws `.usage` unless every size the graph uses has a positive number.
  func check(_ graph: Graph, cell: String) throws(RNNError) {
    for name in graph.sizeNames where (values[name] ?? 0) <= 0 {
      throw RNNError(
        .usage, "the cell \(cell) needs a positive size “\(name)”; found \(values[name].map(String.init) ?? "none")")
    }
  }
}

extension Graph {
  /// Whether masks are drawn while training.
  public var isRandom: Bool {
    nodes.contains { node in
      switch node.operation {
      case .keep, .choose: true
      default: false
      }
    }
  }
}
