import Foundation
import RNNTestSupport
import Testing

/// The published formulas, number by number in double precision.
private struct PlainOptimizer {
  let kind: Optimizer.Kind
  let decay: Double
  var t = 0.0
  var m: [Double]
  var v: [Double]

  init(_ kind: Optimizer.Kind, decay: Double, count: Int) {
    self.kind = kind
    self.decay = decay
    m = Array(repeating: 0, count: count)
    v = m
  }

  mutating func step(_ w: inout [Double], _ gradient: [Double], rate: Double) {
    t += 1
    for i in w.indices {
      switch kind {
      case .adam(let b1, let b2, let epsilon), .adamW(let b1, let b2, let epsilon):
        let (b1, b2) = (Double(b1), Double(b2))
        var g = gradient[i]
        if case .adamW = kind { w[i] -= rate * decay * w[i] } else { g += decay * w[i] }
        m[i] = b1 * m[i] + (1 - b1) * g
        v[i] = b2 * v[i] + (1 - b2) * g * g
        w[i] -= rate * (m[i] / (1 - pow(b1, t))) / (sqrt(v[i] / (1 - pow(b2, t))) + Double(epsilon))
      case .sgd(let momentum, let nesterov):
        let g = gradient[i] + decay * w[i]
        m[i] = Double(momentum) * m[i] + g
        w[i] -= rate * (nesterov ? g + Double(momentum) * m[i] : m[i])
      case .rmsProp(let alpha, let epsilon, let momentum):
        let g = gradient[i] + decay * w[i]
        v[i] = Double(alpha) * v[i] + (1 - Double(alpha)) * g * g
        m[i] = Double(momentum) * m[i] + g / (sqrt(v[i]) + Double(epsilon))
        w[i] -= rate * m[i]
      }
    }
  }
}

private let kinds: [Optimizer.Kind] = [
  .adam(), .adam(beta1: 0.8, beta2: 0.95, epsilon: 1e-4), .adamW(), .sgd(), .sgd(momentum: 0.9),
  .sgd(momentum: 0.9, nesterov: true), .rmsProp(), .rmsProp(alpha: 0.9, epsilon: 1e-6, momentum: 0.5),
]

private func draw(_ shape: [Int], _ seed: UInt64) -> Tensor {
  var random = Philox(seed: seed)
  return Tensor(uniform: -1..<1, shape: shape, using: &random)
}

@Suite struct OptimizerTests {
  @Test(arguments: kinds, [0, 0.1] as [Float])
  func agreesWithTheFormula(kind: Optimizer.Kind, decay: Float) {
    let shape = [3, 7]
    var weights: Weights = ["w": draw(shape, 1)]
    var optimizer = Optimizer(kind, weightDecay: decay)
    var plain = PlainOptimizer(kind, decay: Double(decay), count: 21)
    var expected = weights.tensors[0].values.map(Double.init)
    for step in 1...20 {
      let gradient = draw(shape, UInt64(100 + step))
      let (rate, scale): (Float, Float) = (0.01 * Float(1 + step % 3), 0.5)
      optimizer.step(&weights, gradient: ["w": gradient], learningRate: rate, gradientScale: scale)
      plain.step(&expected, gradient.values.map { Double($0) * Double(scale) }, rate: Double(rate))
    }
    for (found, expected) in zip(weights.tensors[0].values, expected) { #expect(abs(Double(found) - expected) < 3e-6) }
    #expect(optimizer.steps == 20)
  }

  /// An embedding's gradient is zero but for a few rows; what is zero may be passed over, and nothing else.
  @Test(arguments: [0, 0.1] as [Float], [0, 0.9] as [Float]) func gradientsThatAreMostlyZero(decay: Float, momentum: Float) {
    let shape = [50, 37]
    var weights: Weights = ["w": draw(shape, 3)]
    var optimizer = Optimizer(.sgd(momentum: momentum), weightDecay: decay)
    var plain = PlainOptimizer(.sgd(momentum: momentum), decay: Double(decay), count: 50 * 37)
    var expected = weights.tensors[0].values.map(Double.init)
    for step in 1...5 {
      let drawn = draw(shape, UInt64(step))
      let values = drawn.values.indices.map { $0 / 37 % 7 == step || $0 % 191 == 5 ? drawn.values[$0] : 0 }
      optimizer.step(&weights, gradient: ["w": Tensor(values, shape: shape)], learningRate: 0.1)
      plain.step(&expected, values.map(Double.init), rate: 0.1)
    }
    for (found, expected) in zip(weights.tensors[0].values, expected) { #expect(abs(Double(found) - expected) < 3e-6) }
  }

  /// PyTorch 2's documented defaults.
  @Test func defaults() {
    #expect(Optimizer(.adamW()).weightDecay == 0.01)
    #expect(Optimizer(.adam()).weightDecay == 0)
    #expect(Optimizer.Kind.adam() == .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8))
    #expect(Optimizer.Kind.rmsProp() == .rmsProp(alpha: 0.99, epsilon: 1e-8, momentum: 0))
  }

  @Test(arguments: kinds) func aRestoredStateGoesOnToTheSameBits(kind: Optimizer.Kind) throws {
    func gradient(_ step: UInt64) -> Weights { ["w": draw([4, 5], step), "b": draw([5], step + 50)] }
    var weights: Weights = ["w": draw([4, 5], 1), "b": draw([5], 2), "unmoved": draw([2], 3)]
    var optimizer = Optimizer(kind, weightDecay: 0.01)
    for step in UInt64(10)..<15 { optimizer.step(&weights, gradient: gradient(step), learningRate: 0.1) }

    var copy = Optimizer(kind, weightDecay: 0.01)
    var weightsCopy = weights
    try copy.restore(steps: optimizer.steps, moments: optimizer.moments, for: weights)
    for step in UInt64(15)..<20 {
      optimizer.step(&weights, gradient: gradient(step), learningRate: 0.1)
      copy.step(&weightsCopy, gradient: gradient(step), learningRate: 0.1)
    }
    #expect(weights == weightsCopy)
    #expect(optimizer.moments == copy.moments)
    #expect(weights["unmoved"] == draw([2], 3))
  }

  @Test func aWrongStateIsRefused() throws {
    let weights: Weights = ["w": draw([2, 2], 1)]
    func message(_ kind: Optimizer.Kind, _ steps: Int, _ moments: [String: Weights]) -> String {
      var optimizer = Optimizer(kind)
      do {
        try optimizer.restore(steps: steps, moments: moments, for: weights)
        return "accepted"
      } catch {
        return "\(error)"
      }
    }
    #expect(message(.sgd(), 3, [:]) == "accepted")
    #expect(message(.sgd(), -1, [:]) == "the number of the optimiser's steps is -1, expected a whole number from 0 to 1099511627776")
    #expect(message(.adam(), 3, ["u": [:]]).contains("expected was [\"m\", \"v\"]"))
    #expect(message(.adam(), 3, ["m": ["w": Tensor(zeros: [4])], "v": [:]]).contains("m of w has the shape [4]"))
    #expect(message(.adam(), 3, ["m": ["x": Tensor(zeros: [2, 2])], "v": [:]]).contains("m of x"))
  }

  @Test(arguments: kinds) func stepsAreTakenInPlace(kind: Optimizer.Kind) {
    var weights: Weights = ["w": draw([4, 5], 1)]
    let gradient: Weights = ["w": draw([4, 5], 2)]
    var optimizer = Optimizer(kind)
    optimizer.step(&weights, gradient: gradient, learningRate: 0.1)
    func addresses() -> [UInt] {
      ([weights] + optimizer.moments.sorted { $0.key < $1.key }.map(\.value)).flatMap { weights in
        weights.tensors.map { $0.withPointer { UInt(bitPattern: $0) } }
      }
    }
    let before = addresses()
    optimizer.step(&weights, gradient: gradient, learningRate: 0.1)
    #expect(addresses() == before)
  }

  @Test func vectorsMayBeSparedFromDecay() {
    var weights: Weights = ["w": Tensor(repeating: 1, shape: [1, 1]), "b": Tensor(repeating: 1, shape: [1])]
    let gradient = weights.zeros()
    var optimizer = Optimizer(.adamW(), weightDecay: 0.5, decaysVectors: false)
    optimizer.step(&weights, gradient: gradient, learningRate: 0.1)
    #expect(abs(weights.tensors[0].item - 0.95) < 1e-6)
    #expect(weights.tensors[1].item == 1)
  }

  @Test(arguments: kinds) func bitsDoNotDependOnThreads(kind: Optimizer.Kind) {
    func run() -> (Weights, GradientClip.Result) {
      var weights: Weights = ["w": draw([301, 201], 1)]
      let gradient: Weights = ["w": draw([301, 201], 2)]
      let clipped = GradientClip(maximum: 1)(gradient)
      var optimizer = Optimizer(kind, weightDecay: 0.01)
      for _ in 0..<2 {
        optimizer.step(&weights, gradient: gradient, learningRate: 0.1, gradientScale: clipped.scale)
      }
      return (weights, clipped)
    }
    let one = withThreads(1, run)
    for threads in [2, 3] { #expect(withThreads(threads, run) == one) }
  }

  @Test func clippingBoundsTheNorm() {
    let gradient: Weights = ["a": Tensor([3, 0], shape: [2]), "b": Tensor([4], shape: [1])]
    #expect(GradientClip.norm(of: gradient) == 5)
    let result = GradientClip(maximum: 1)(gradient)
    #expect(result.isFinite && abs(result.scale - 0.2) < 1e-6)
    #expect(GradientClip(maximum: 10)(gradient).scale == 1)
    #expect(GradientClip(maximum: .infinity)(gradient).scale == 1)
    for bad in [Float.nan, .infinity] {
      let result = GradientClip(maximum: 1)(["a": Tensor([bad, 1], shape: [2])])
      #expect(!result.isFinite && result.scale == 0)
    }
    // The squares of such numbers don't fit a Float; they do fit a Double.
    #expect(GradientClip(maximum: 1)(["a": Tensor([3e30, 4e30], shape: [2])]).isFinite)
    #expect(GradientClip.norm(of: [:]) == 0)
  }
}

@Suite struct ScheduleTests {
  @Test func cosineRisesAndFalls() {
    let schedule = Schedule.cosine(warmUp: 0.1, final: 0.2)
    for (progress, expected) in [(0, 0), (0.05, 0.5), (0.1, 1), (0.55, 0.6), (1, 0.2), (2, 0.2), (-1, 0)] {
      #expect(abs(schedule.factor(progress: progress) - expected) < 1e-12)
    }
    #expect(Schedule.cosine(warmUp: 0, final: 0).factor(progress: 0) == 1)
    #expect(Schedule.constant.factor(progress: 0.3) == 1)
    for i in 0...100 {
      #expect((0...1).contains(Schedule.cosine(warmUp: 1, final: 0).factor(progress: Double(i) / 100)))
    }
  }

  /// The sequence of PyTorch's `ReduceLROnPlateau(factor=0.5, patience=1)`, worked out by hand.
  @Test func aPlateauLowersTheRate() throws {
    var plateau = Plateau(factor: 0.5, patience: 1, minimum: 0.2)
    var scales: [Double] = []
    for loss in [3, 2, 2, 1.9999, 1, .nan, 1, 1, 1, 1, 1] as [Double] {
      scales.append(plateau.observe(loss: loss))
      // Saved and loaded between any two measurements it goes on alike.
      plateau = try JSONDecoder().decode(Plateau.self, from: JSONEncoder().encode(plateau))
    }
    #expect(scales == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.2, 0.2, 0.2])
  }

  /// The rate of Zaremba et al. (2014), small: 1 for four epochs, then halved in each.
  @Test func decayBeginsAfterSomeEpochs() throws {
    let schedule = Schedule.decay(factor: 0.5, after: 4)
    #expect((0..<13).map { schedule.factor(progress: 0, epoch: $0) } == [1, 1, 1, 1] + (1...9).map { pow(0.5, Double($0)) })
    #expect(Schedule.decay(factor: 0.8, after: 0).factor(progress: 1, epoch: 1) == 0.8 * 0.8)
    func message(_ decay: Double?, _ after: Int?, _ kind: ScheduleKind = .decay) -> String {
      do {
        try TrainingSettings(schedule: kind, decay: decay, decayAfter: after, budget: .steps(1)).validate()
        return "accepted"
      } catch {
        return error.message
      }
    }
    #expect(message(nil, 4) == "accepted" && message(1, 0) == "accepted")
    #expect(message(0.5, nil).contains("--decay-after"))
    #expect(message(0.5, -1).contains("before the decay is -1, expected a whole number from 0"))
    for factor in [0, -1, 1.1, .nan] { #expect(message(factor, 4).contains("the factor of decay is \(factor), expected a number above 0, up to 1")) }
    #expect(message(0.5, nil, .cosine).contains("not for cosine") && message(nil, 4, .constant).contains("not for constant"))
  }

  @Test func schedulesAreCoded() throws {
    let schedule = Schedule.cosine(warmUp: 0.1, final: 0.2)
    #expect(try JSONDecoder().decode(Schedule.self, from: JSONEncoder().encode(schedule)) == schedule)
  }
}
