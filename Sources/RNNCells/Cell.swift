public import RNNTensor

/// A recurrent cell, given by its equations.
///
/// ```swift
/// let elman = Cell("rnn", state: "h") { x, s, W, b in
///   ["h": tanh(W.xh * x + W.hh * s.h + b.h)]
/// }
/// ```
///
/// The closure runs once, on symbols. Its graph is all that the rest of the package knows of a cell: training, streaming,
/// explanation, export and verification follow from it. Sizes come from the operands: a matrix has as many columns as what
/// it is applied to and as many rows as what the product is combined with.
public struct Cell: Hashable, Sendable {
  public let name: String
  public let graph: Graph

  /// A state's declaration: its name, and if needed its size and first value.
  public struct State: ExpressibleByStringLiteral, Sendable {
    let declaration: StateDeclaration

    public init(_ name: String, size: Size = .hidden, initial: InitialState = .zero) {
      declaration = StateDeclaration(name: name, size: size, initial: initial)
    }

    public init(stringLiteral name: String) { self.init(name) }
  }

  /// The equations of a cell: from the input, what arrives from the step before, the matrices and the vectors of parameters
  /// to each state's new value, by name.
  public typealias Equations = (_ x: Vector, _ s: Arriving, _ W: Matrices, _ b: Vectors) -> [String: Vector]

  /// A cell from its equations; a mistake in them stops the program with a message. See ``init(checking:state:inputs:output:_:)``
  /// for one that throws.
  ///
  /// - Parameters:
  ///   - state: the states, in order; the first is the output unless `output` names another value of the result.
  ///   - inputs: the names of the inputs; the first is `x`, further ones are read as `s.name`.
  public init(_ name: String, state: State..., inputs: [String] = ["x"], output: String? = nil, _ equations: Equations) {
    do {
      try self.init(checking: name, state: state, inputs: inputs, output: output, equations)
    } catch {
      fatalError(error.message)
    }
  }

  /// A cell from its equations.
  ///
  /// Throws `.usage` when a state has no equation, a size conflicts or stays free, or a name is unknown.
  public init(
    checking name: String, state: [State], inputs: [String] = ["x"], output: String? = nil, _ equations: Equations
  ) throws(RNNError) {
    guard !state.isEmpty, !inputs.isEmpty else { throw RNNError(.usage, "the cell \(name) needs a state and an input") }
    let builder = GraphBuilder(inputs: inputs, states: state.map(\.declaration))
    let result = equations(
      Vector(builder: builder, node: builder.input(0)), Arriving(builder: builder), Matrices(builder: builder), Vectors(builder: builder))
    self.name = name
    graph = try Self.finish(builder, name: name, values: result.mapValues(\.node), output: output)
  }

  init(name: String, graph: Graph) {
    self.name = name
    self.graph = graph
  }

  /// The graph of the named values: one for each state, and one for the output.
  static func finish(
    _ builder: GraphBuilder, name: String, values: [String: Int], output: String?, outputSize: Size? = nil
  ) throws(RNNError) -> Graph {
    let output = output ?? builder.states[0].name
    var next: [Int] = []
    for state in builder.states {
      guard let node = values[state.name] else {
        throw RNNError(.usage, "the cell \(name): the state \(state.name) has no equation")
      }
      next.append(node)
    }
    guard let node = values[output] else { throw RNNError(.usage, "the cell \(name): the output \(output) has no equation") }
    for value in values.keys.sorted() where value != output && !builder.states.contains(where: { $0.name == value }) {
      throw RNNError(.usage, "the cell \(name): \(value) is neither a state nor the output")
    }
    return try builder.finish(cell: name, next: next, output: node, outputSize: outputSize).inCanonicalOrder()
  }
}

extension Cell: CustomStringConvertible {
  public var description: String { name }
}
