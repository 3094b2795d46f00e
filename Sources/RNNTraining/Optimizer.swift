import CRNNKernels
import RNNTensor

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Moves weights against their gradient, by PyTorch's formulas and defaults.
///
/// Its state is `steps` and `moments`; saved and restored, it goes on to the same bits.
public struct Optimizer: Sendable {
  /// The rule. g is the gradient, w a weight, η the learning rate, t the step from 1.
  public enum Kind: Sendable, Hashable, Codable {
    /// Kingma & Ba (2015): m = β₁m + (1−β₁)g; v = β₂v + (1−β₂)g²; w −= η m/(1−β₁ᵗ) / (√(v/(1−β₂ᵗ)) + ε).
    /// Weight decay is added to the gradient.
    case adam(beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-8)
    /// Loshchilov & Hutter (2019): the same, but weight decay acts on the weight itself: w −= η·decay·w first.
    case adamW(beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-8)
    /// u = μu + g; w −= ηu, with Nesterov's variant w −= η(g + μu). Weight decay is added to the gradient.
    case sgd(momentum: Float = 0, nesterov: Bool = false)
    /// Hinton (2012): v = αv + (1−α)g²; u = μu + g/(√v + ε); w −= ηu. Weight decay is added to the gradient.
    case rmsProp(alpha: Float = 0.99, epsilon: Float = 1e-8, momentum: Float = 0)

    /// Throws `.usage` for rates that can't be.
    func check() throws(RNNError) {
      func check(_ number: Float, _ name: String) throws(RNNError) { try Limits.rate.check(Double(number), name) }
      switch self {
      case .adam(let beta1, let beta2, let epsilon), .adamW(let beta1, let beta2, let epsilon):
        try check(beta1, "β₁")
        try check(beta2, "β₂")
        try check(epsilon, "ε")
      case .sgd(let momentum, _): try check(momentum, "momentum")
      case .rmsProp(let alpha, let epsilon, let momentum):
        try check(alpha, "α")
        try check(epsilon, "ε")
        try check(momentum, "momentum")
      }
    }

    /// The number of the moments it keeps for each weight.
    package var momentCount: Int { momentNames.count }

    /// The names of the moments it keeps: one tensor of each for each weight.
    var momentNames: [String] {
      switch self {
      case .adam, .adamW: ["m", "v"]
      case .sgd(let momentum, _): momentum == 0 ? [] : ["u"]
      case .rmsProp(_, _, let momentum): momentum == 0 ? ["v"] : ["v", "u"]
      }
    }
  }

  public let kind: Kind
  public var weightDecay: Float
  /// Whether weight decay acts on vectors (biases, gains) too. As in PyTorch it does, unless this is set to false.
  public var decaysVectors: Bool
  /// The steps taken so far.
  public private(set) var steps: Int
  private let momentCount: Int
  private var first = Weights()
  private var second = Weights()

  /// - Parameter weightDecay: by default PyTorch's: 0.01 for AdamW, else 0.
  public init(_ kind: Kind, weightDecay: Float? = nil, decaysVectors: Bool = true) {
    self.kind = kind
    if let weightDecay {
      self.weightDecay = weightDecay
    } else if case .adamW = kind {
      self.weightDecay = 0.01
    } else {
      self.weightDecay = 0
    }
    self.decaysVectors = decaysVectors
    momentCount = kind.momentNames.count
    steps = 0
  }

  /// The moments by their names (`m`, `v`, `u`), each with a tensor for every weight that was ever moved.
  public var moments: [String: Weights] { Dictionary(uniqueKeysWithValues: zip(kind.momentNames, [first, second])) }

  /// Puts back what `steps` and `moments` were; throws (`badData`) if it isn't what this rule keeps for these weights.
  public mutating func restore(steps: Int, moments: [String: Weights], for weights: Weights) throws {
    try Limits.count.check(steps, "the number of the optimiser's steps", .badData)
    guard Set(moments.keys) == Set(kind.momentNames) else {
      throw RNNError(
        .badData, "the optimiser's state has \(moments.keys.sorted()), expected was \(kind.momentNames.sorted())")
    }
    for (name, moment) in moments {
      for (weight, tensor) in zip(moment.names, moment.tensors) where weights[weight]?.shape != tensor.shape {
        throw RNNError(
          .badData, "the optimiser's \(name) of \(weight) has the shape \(tensor.shape), which no weight of that name has")
      }
    }
    self.steps = steps
    let state = kind.momentNames.compactMap { moments[$0] }
    first = state.first ?? Weights()
    second = state.dropFirst().first ?? Weights()
  }

  /// One step, in place. Nothing is allocated after the first, if nothing else holds the weights.
  ///
  /// - Parameters:
  ///   - gradient: what `valueAndGradient` gave; weights without a gradient stay as they are.
  ///   - gradientScale: a factor for every gradient (from clipping).
  public mutating func step(
    _ weights: inout Weights, gradient: Weights, learningRate: Float, gradientScale: Float = 1
  ) {
    steps += 1
    let update = Update(kind: kind, scale: gradientScale, rate: learningRate, decay: weightDecay, step: steps)
    for i in 0..<gradient.count {
      let name = gradient.names[i]
      let shape = gradient.tensors[i].shape
      guard let position = weights.position(of: name), weights.tensors[position].shape == shape else {
        preconditionFailure("there is a gradient \(name) of shape \(shape), but no such weight")
      }
      var update = update
      if !decaysVectors && shape.count < 2 { update.decay = 0 }
      let firstPosition = momentCount > 0 ? Self.moment(of: name, shape, in: &first) : nil
      let secondPosition = momentCount > 1 ? Self.moment(of: name, shape, in: &second) : nil
      gradient.tensors[i].withPointer { g in
        weights.tensors[position].withMutablePointer { w in
          Self.withPointer(firstPosition, &first) { m in
            Self.withPointer(secondPosition, &second) { v in
              Threads.blocks(of: shape.reduce(1, *), size: Threads.blockSize) { block in
                let k = block.lowerBound
                update.run(w + k, g + k, m.map { $0 + k }, v.map { $0 + k }, block.count)
              }
            }
          }
        }
      }
    }
  }

  /// Where the moment of a weight stands; zeros at first.
  private static func moment(of name: String, _ shape: [Int], in moments: inout Weights) -> Int {
    if let position = moments.position(of: name) { return position }
    moments[name] = Tensor(zeros: shape)
    return moments.count - 1
  }

  /// The numbers of a moment, if the rule keeps it.
  private static func withPointer(
    _ position: Int?, _ moments: inout Weights, _ body: (UnsafeMutablePointer<Float>?) -> Void
  ) {
    guard let position else { return body(nil) }
    moments.tensors[position].withMutablePointer { body($0) }
  }
}

extension Optimizer.Kind: CustomStringConvertible {
  /// The rule's name, with the constants that aren't its defaults but the momentum.
  public var description: String {
    switch self {
    case .adam(let beta1, let beta2, let epsilon): Self.name("adam", (beta1, 0.9), (beta2, 0.999), (epsilon, 1e-8))
    case .adamW(let beta1, let beta2, let epsilon): Self.name("adamw", (beta1, 0.9), (beta2, 0.999), (epsilon, 1e-8))
    case .sgd(_, let nesterov): nesterov ? "sgd(nesterov)" : "sgd"
    case .rmsProp(let alpha, let epsilon, _): Self.name("rmsprop", (alpha, 0.99), (epsilon, 1e-8))
    }
  }

  private static func name(_ name: String, _ constants: (value: Float, usual: Float)...) -> String {
    constants.allSatisfy { $0.value == $0.usual } ? name : "\(name)(\(constants.map { "\($0.value)" }.joined(separator: ", ")))"
  }
}

/// One step's constants and its loops.
private struct Update {
  let kind: Optimizer.Kind
  let scale: Float
  let rate: Float
  var decay: Float
  // Adam's 1 − βᵗ, from the same rounded β that the loop uses, so that the weights of the average add up to one.
  private let correction1: Float
  private let correction2: Float

  init(kind: Optimizer.Kind, scale: Float, rate: Float, decay: Float, step: Int) {
    self.kind = kind
    self.scale = scale
    self.rate = rate
    self.decay = decay
    switch kind {
    case .adam(let beta1, let beta2, _), .adamW(let beta1, let beta2, _):
      correction1 = Float(1 - pow(Double(beta1), Double(step)))
      correction2 = Float(1 - pow(Double(beta2), Double(step)))
    case .sgd, .rmsProp:
      correction1 = 1
      correction2 = 1
    }
  }

  func run(
    _ w: UnsafeMutablePointer<Float>, _ gradient: UnsafePointer<Float>, _ first: UnsafeMutablePointer<Float>?,
    _ second: UnsafeMutablePointer<Float>?, _ count: Int
  ) {
    switch kind {
    case .adamW(let beta1, let beta2, let epsilon):
      rnn_adam(
        w, gradient, first, second, count, scale, rate, beta1, beta2, epsilon, decay, correction1, correction2)

    case .adam(let beta1, let beta2, let epsilon):
      if decay == 0 {
        rnn_adam(w, gradient, first, second, count, scale, rate, beta1, beta2, epsilon, 0, correction1, correction2)
      } else {
        // Decay by the gradient: the sum goes through a small buffer on the stack.
        withUnsafeTemporaryAllocation(of: Float.self, capacity: Self.chunk) { buffer in
          guard let g = buffer.baseAddress else { return }
          for start in stride(from: 0, to: count, by: Self.chunk) {
            let n = min(Self.chunk, count - start)
            for i in 0..<n { g[i] = decayed(gradient[start + i], w[start + i]) }
            rnn_adam(
              w + start, g, first.map { $0 + start }, second.map { $0 + start }, n, 1, rate, beta1, beta2, epsilon, 0,
              correction1, correction2)
          }
        }
      }

    case .sgd(let momentum, let nesterov):
      rnn_sgd(w, gradient, first, count, scale, rate, momentum, nesterov, decay)

    case .rmsProp(let alpha, let epsilon, let momentum):
      guard let v = first else { return }
      for i in 0..<count {
        let g = decayed(gradient[i], w[i])
        v[i] = alpha * v[i] + (1 - alpha) * (g * g)
        let direction = g / (v[i].squareRoot() + epsilon)
        if let u = second {
          u[i] = momentum * u[i] + direction
          w[i] -= rate * u[i]
        } else {
          w[i] -= rate * direction
        }
      }
    }
  }

  private static let chunk = 1024

  @inline(__always)
  private func decayed(_ gradient: Float, _ weight: Float) -> Float { scale * gradient + decay * weight }
}
