public import RNNTensor

/// A cell's computation on one short sequence with every number in its place: the values of each step, the outputs, and
/// the gradient of a loss by everything, back from the last step to the first.
///
/// All numbers are computed plainly, in `Double`. The structure is made to be encoded; ``text(digits:)`` and
/// ``latex(digits:)`` show it to a reader.
///
/// ```swift
/// let explanation = try Explanation(
///   of: .rnn, sizes: CellSizes(input: 1, hidden: 1, ["output": 1]),
///   parameters: ["W_xh": [0.5], "W_hh": [0.3], "b_h": [0.1], "W_hy": [0.4], "b_y": [0.2]], inputs: ["x": [[1], [2], [3]]])
/// print(explanation.text())
/// ```
public struct Explanation: Codable, Hashable, Sendable {
  /// What is computed from the cell's output at each step.
  public enum OutputLayer: String, Codable, CaseIterable, Sendable {
    /// y_t = W_hy h_t + b_y
    case linear
    /// y_t = softmax(W_hy h_t + b_y)
    case softmax
    /// The cell's output itself.
    case none
  }

  /// What the outputs should have been.
  public enum Targets: Hashable, Sendable {
    /// A number for each unit of each step; the loss is half the sum of the squared differences.
    case values([[Double]])
    /// The number of the right output of each step, counted from 0; the loss is the cross-entropy.
    case classes([Int])
  }

  /// A vector, or a matrix by rows.
  public enum Value: Hashable, Sendable {
    case vector([Double])
    case matrix([[Double]])

    /// All numbers, row after row.
    public var numbers: [Double] {
      switch self {
      case .vector(let numbers): numbers
      case .matrix(let rows): rows.flatMap(\.self)
      }
    }
  }

  /// What one step computes.
  public struct Step: Codable, Hashable, Sendable {
    /// From 1.
    public let step: Int
    /// The values with an equation of their own, the states after the step, the sums inside activations – `a`, or `a_i` for
    /// the gate i –, and the outputs.
    public let values: [String: [Double]]
  }

  /// The gradients of one step.
  public struct StepGradients: Codable, Hashable, Sendable {
    /// From 1.
    public let step: Int
    /// The derivative of the whole loss by each value of the step and by its inputs, all later steps included.
    public let gradients: [String: [Double]]
    /// What each state before the step receives.
    public let previousStates: [String: [Double]]
    /// What the step adds to the gradient of each parameter.
    public let terms: [String: Value]
  }

  /// The way back.
  public struct Backward: Codable, Hashable, Sendable {
    public let targets: Targets
    /// The loss of each step.
    public let losses: [Double]
    public let loss: Double
    /// From the last step to the first.
    public let steps: [StepGradients]
    /// The sums of the steps' terms.
    public let parameters: [String: Value]
    /// The gradients of the states before the first step.
    public let initialStates: [String: [Double]]
  }

  /// The cell's name.
  public let cell: String
  /// The cell's equations, as ``Cell/equations`` prints them.
  public let equations: String
  public let outputLayer: OutputLayer
  public let sizes: [String: Int]
  /// The parameters by their names, `W_xh` or `b_h`, those of the output layer too.
  public let parameters: [String: Value]
  /// The parameters that nobody gave and that were taken from a fixed pattern.
  public internal(set) var assumedParameters: [String] = []
  /// `inputs["x"][t][unit]`
  public let inputs: [String: [[Double]]]
  /// The states before the first step.
  public let initialStates: [String: [Double]]
  public let steps: [Step]
  public let backward: Backward?

  /// The largest number of steps, and of units of any size: what is explained is meant to be read.
  public static let maximumCount = 256
  /// The largest number of operations in a step.
  public static let maximumOperations = 512

  /// Computes everything.
  ///
  /// - Parameters:
  ///   - sizes: all sizes of the cell, and `output` where there is an output layer.
  ///   - parameters: the numbers of every parameter, a matrix row after row; `W_xh`, `Wxh` and `W.xh` are one name.
  ///   - inputs: for each input its vectors, step by step.
  ///   - initialStates: the states before the first step that don't begin as the cell says.
  ///   - targets: what the outputs should have been; nil to stay with the forward direction.
  /// - Throws: `.usage` where a name is unknown or a count is wrong, with what was found and what was expected.
  public init(
    of cell: Cell, sizes: CellSizes, parameters: [String: [Double]], inputs: [String: [[Double]]], initialStates: [String: [Double]] = [:],
    output: OutputLayer = .linear, targets: Targets? = nil
  ) throws(RNNError) {
    let model = try ExplainedModel(cell, output: output)
    let computation = try ExplainedComputation(
      model, sizes: sizes, parameters: parameters, inputs: inputs, initialStates: initialStates, targets: targets)
    self.cell = cell.name
    equations = cell.equations
    outputLayer = output
    self.sizes = Dictionary(uniqueKeysWithValues: model.cell.graph.sizeNames.map { ($0, sizes[.named($0)]) })
    self.parameters = computation.namedParameters(computation.parameters)
    self.inputs = inputs
    self.initialStates = computation.namedStates(computation.run.states[0])
    steps = computation.steps
    backward = computation.backward
  }
}

extension Explanation.Value: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let numbers = try? container.decode([Double].self) { self = .vector(numbers) } else { self = .matrix(try container.decode([[Double]].self)) }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .vector(let numbers): try container.encode(numbers)
    case .matrix(let rows): try container.encode(rows)
    }
  }
}

extension Explanation.Targets: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let values = try? container.decode([[Double]].self) { self = .values(values) } else { self = .classes(try container.decode([Int].self)) }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .values(let values): try container.encode(values)
    case .classes(let classes): try container.encode(classes)
    }
  }
}
