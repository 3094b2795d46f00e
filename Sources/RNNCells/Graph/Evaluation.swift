#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif
import RNNTensor

/// Plain evaluation of a cell's equations in `Double`, one row and one step at a time: the oracle of every fast path, and
/// what `rnn explain` shows.
///
/// A vector is an array of its units; a value of size `.scalar` is an array of one number.
public struct Evaluation: Sendable {
  public let graph: Graph
  public let derivative: Derivative
  public let sizes: CellSizes

  public init(_ cell: Cell, sizes: CellSizes) throws(RNNError) {
    try sizes.check(cell.graph, cell: cell.name)
    graph = cell.graph
    derivative = Derivative(of: cell.graph)
    self.sizes = sizes
  }

  /// A parameter's length in numbers: rows × columns, row-major, or rows.
  public func count(_ parameter: Parameter) -> Int { sizes[parameter.rows] * (parameter.columns.map { sizes[$0] } ?? 1) }

  /// The masks of a step, asked for by operation; nil where the cell is not being trained.
  public typealias Masks = (_ operation: Operation, _ count: Int) -> [Double]

  /// The states before the first step, where none are given.
  public var initialStates: [[Double]] {
    graph.states.map { state in
      switch state.initial {
      case .constant(let value): [Double](repeating: value, count: sizes[state.size])
      }
    }
  }

  // MARK: One step

  /// The values of all nodes at one step.
  ///
  /// - Parameter stopped: the values of an earlier evaluation; what stands behind a stopped gradient keeps its value of then,
  ///   as finite differences need it.
  public func step(
    inputs: [[Double]], states: [[Double]], parameters: [[Double]], index: Int = 0, masks: Masks? = nil, stopped: [[Double]]? = nil
  ) -> [[Double]] {
    var values: [[Double]] = []
    values.reserveCapacity(graph.nodes.count)
    for node in graph.nodes {
      switch node.operation {
      case .input(let i): values.append(inputs[i])
      case .state(let s): values.append(states[s])
      case .stop where stopped != nil: values.append(stopped?[values.count] ?? [])
      default: values.append(compute(node, values, parameters, index, masks))
      }
    }
    return values
  }

  /// The values of all nodes of the derivative at one step, from the forward values of that step.
  public func backwardStep(
    forward: [[Double]], stateGradients: [[Double]], outputGradient: [Double], parameters: [[Double]]
  ) -> [[Double]] {
    var values: [[Double]] = []
    values.reserveCapacity(derivative.nodes.count)
    for node in derivative.nodes {
      switch node.operation {
      case .forward(let n): values.append(forward[n])
      case .stateGradient(let s): values.append(stateGradients[s])
      case .outputGradient: values.append(outputGradient)
      default: values.append(compute(node, values, parameters, 0, nil))
      }
    }
    return values
  }

  private func compute(_ node: Node, _ values: [[Double]], _ parameters: [[Double]], _ index: Int, _ masks: Masks?) -> [Double] {
    let count = sizes[node.size]
    func operand(_ i: Int) -> [Double] { values[node.operands[i]] }
    func map(_ f: (Double) -> Double) -> [Double] { operand(0).map(f) }
    func combine(_ f: (Double, Double) -> Double) -> [Double] {
      let (a, b) = (operand(0), operand(1))
      return (0..<count).map { f(a.count == 1 ? a[0] : a[$0], b.count == 1 ? b[0] : b[$0]) }
    }
    switch node.operation {
    case .vector(let p): return parameters[p]
    case .constant(let c): return [c]
    case .step: return [Double(index)]
    case .keep: return masks?(node.operation, count) ?? [Double](repeating: 1, count: count)
    case .choose(let rate, _): return masks?(node.operation, count) ?? [Double](repeating: rate, count: count)
    case .product(let p):
      let v = operand(0), w = parameters[p]
      return (0..<count).map { row in
        var sum = 0.0
        for column in v.indices { sum += w[row * v.count + column] * v[column] }
        return sum
      }
    case .transposedProduct(let p):
      let w = parameters[p], rows = sizes[graph.parameters[p].rows]
      let g = spread(operand(0), rows)
      return (0..<count).map { column in
        var sum = 0.0
        for row in 0..<rows { sum += w[row * count + column] * g[row] }
        return sum
      }
    case .add: return combine { $0 + $1 }
    case .subtract: return combine { $0 - $1 }
    case .multiply: return combine { $0 * $1 }
    case .divide: return combine { $0 / $1 }
    case .minimum: return combine { Swift.min($0, $1) }
    case .maximum: return combine { Swift.max($0, $1) }
    case .greater: return combine { $0 > $1 ? 1 : 0 }
    case .equal: return combine { $0 == $1 ? 1 : 0 }
    case .negate: return map { -$0 }
    case .exp: return map(exp)
    case .log: return map(log)
    case .softplus: return map { Swift.max($0, 0) + log1p(exp(-Swift.abs($0))) }
    case .sqrt: return map { $0.squareRoot() }
    case .abs: return map { Swift.abs($0) }
    case .relu: return map { Swift.max($0, 0) }
    case .sigmoid: return map { 1 / (1 + exp(-$0)) }
    case .tanh: return map(tanh)
    case .sum: return [operand(0).reduce(0, +)]
    case .mean: return [operand(0).reduce(0, +) / Double(operand(0).count)]
    case .highest: return [operand(0).max() ?? -.infinity]
    case .stop: return operand(0)
    case .broadcast: return spread(operand(0), count)
    case .input, .state, .forward, .stateGradient, .outputGradient:
      preconditionFailure("a leaf that the step provides")
    }
  }

  private func spread(_ value: [Double], _ count: Int) -> [Double] {
    value.count == count ? value : [Double](repeating: value[0], count: count)
  }

  // MARK: A sequence

  /// A forward run over one row: all values of all steps.
  public struct Run: Sendable {
    /// `steps[t][node]`
    public let steps: [[[Double]]]
    /// `states[t]` before step t; the last entry is after the last step.
    public let states: [[[Double]]]
    /// `outputs[t]`
    public let outputs: [[Double]]
  }

  /// Runs one row through the whole sequence. `inputs[t][input]` are vectors.
  public func run(
    inputs: [[[Double]]], initial: [[Double]]? = nil, parameters: [[Double]], masks: ((_ t: Int) -> Masks)? = nil, stopped: Run? = nil
  ) -> Run {
    var states = [initial ?? initialStates]
    var steps: [[[Double]]] = []
    for (t, x) in inputs.enumerated() {
      let values = step(inputs: x, states: states[t], parameters: parameters, index: t, masks: masks?(t), stopped: stopped?.steps[t])
      states.append(graph.next.indices.map { spread(values[graph.next[$0]], sizes[graph.states[$0].size]) })
      steps.append(values)
    }
    return Run(steps: steps, states: states, outputs: steps.map { $0[graph.output] })
  }

  /// The gradients of a loss, given those of the outputs and of the final states.
  public struct Gradients: Sendable {
    public var parameters: [[Double]]
    public var initialStates: [[Double]]
    /// `inputs[t][input]`
    public var inputs: [[[Double]]]
    /// What arrives at each state after step t: `states[t][state]`, and all nodes of the derivative at step t.
    public var states: [[[Double]]]
    public var steps: [[[Double]]]
  }

  /// Back-propagation through time over one row.
  public func gradients(
    of run: Run, outputs: [[Double]], finalStates: [[Double]]? = nil, parameters: [[Double]]
  ) -> Gradients {
    var result = Gradients(
      parameters: graph.parameters.map { [Double](repeating: 0, count: count($0)) },
      initialStates: finalStates ?? graph.states.map { [Double](repeating: 0, count: sizes[$0.size]) },
      inputs: [], states: [], steps: [])
    for t in run.steps.indices.reversed() {
      let arriving = result.initialStates
      let values = backwardStep(
        forward: run.steps[t], stateGradients: arriving, outputGradient: outputs[t], parameters: parameters)
      for p in derivative.products {
        let rows = sizes[graph.parameters[p.parameter].rows], v = run.steps[t][p.operand], g = spread(values[p.gradient], rows)
        for i in 0..<rows { for j in v.indices { result.parameters[p.parameter][i * v.count + j] += g[i] * v[j] } }
      }
      for v in derivative.vectors {
        let g = spread(values[v.gradient], sizes[graph.parameters[v.parameter].rows])
        for i in g.indices { result.parameters[v.parameter][i] += g[i] }
      }
      result.inputs.append(derivative.inputs.enumerated().map { i, gradient in
        let columns = sizes[graph.inputSize(i)]
        var dx = gradient.rest.map { spread(values[$0], columns) } ?? [Double](repeating: 0, count: columns)
        for p in gradient.products {
          let rows = sizes[graph.parameters[p.parameter].rows], g = spread(values[p.gradient], rows)
          for row in 0..<rows { for j in 0..<columns { dx[j] += parameters[p.parameter][row * columns + j] * g[row] } }
        }
        return dx
      })
      result.initialStates = graph.states.indices.map { s in
        let size = sizes[graph.states[s].size]
        return derivative.states[s].map { spread(values[$0], size) } ?? [Double](repeating: 0, count: size)
      }
      result.states.append(arriving)
      result.steps.append(values)
    }
    result.inputs.reverse()
    result.states.reverse()
    result.steps.reverse()
    return result
  }
}
