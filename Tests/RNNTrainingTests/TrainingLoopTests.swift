import RNNTensor
import RNNTraining
import Testing

@Suite struct TrainingLoopTests {
  /// A loss that falls until the third epoch, and a score that rises until the fourth.
  private struct Task: TrainingTask {
    var losses: [Double]
    var scores: [Double?]
    var training = 1.0
    var fixed: [String] = []
    var epoch = 0
    var stepsPerEpoch: Int { 2 }
    var carried: Weights { Weights() }
    var settings: RunSettings { [:] }
    mutating func carry(_ carried: Weights) throws {}

    mutating func loss(_ weights: Weights, epoch: Int, index: Int, step: Int) throws -> (loss: Double, gradient: Weights, units: Int) {
      self.epoch = epoch
      return (training, weights.map { Tensor(repeating: 1, shape: $0.shape) }, 1)
    }

    func validate(_ weights: Weights) throws -> Validation { Validation(loss: losses[epoch], score: scores[epoch]) }
  }

  private func run(patience: Int?, scores: [Double?]) throws -> TrainingState {
    let task = Task(losses: [5, 4, 3, 4, 5, 6, 7, 8], scores: scores)
    var loop = try TrainingLoop(
      task: task, weights: ["w": Tensor(zeros: [1])],
      settings: TrainingSettings(optimizer: .sgd(), learningRate: 0.1, schedule: .constant, budget: .epochs(8), patience: patience))
    #expect(try loop.run { _, _ in })
    return loop.state
  }

  @Test func endsAfterEpochsWithoutAnythingBetter() throws {
    let none = [Double?](repeating: nil, count: 8)
    #expect(try run(patience: 2, scores: none).epoch == 5)
    #expect(try run(patience: 2, scores: none).best?.epoch == 3)
    #expect(try run(patience: nil, scores: none).epoch == 8)
  }

  @Test func aScoreCountsBeforeTheLoss() throws {
    let state = try run(patience: 3, scores: [0.1, 0.2, 0.2, 0.3, 0.3, 0.2, 0.1, 0.1])
    #expect(state.best?.epoch == 4 && state.best?.score == 0.3)
    #expect(state.epoch == 7)
  }

  @Test(arguments: [1, 3, 40]) func aLossThatIsNeverANumberEndsTheRun(_ steps: Int) throws {
    var loop = try TrainingLoop(
      task: Task(losses: [Double](repeating: .nan, count: 40), scores: [Double?](repeating: nil, count: 40), training: .nan),
      weights: ["w": Tensor(zeros: [1])],
      settings: TrainingSettings(optimizer: .sgd(), learningRate: 0.1, schedule: .constant, budget: .steps(steps)))
    let error = #expect(throws: RNNError.self) { try loop.run { _, _ in } }
    #expect(error?.kind == .badData && error?.message.contains("the loss was not a number") == true, "\(error?.message ?? "")")
  }

  /// Neither a gradient nor weight decay moves a fixed weight.
  @Test func fixedWeightsStay() throws {
    let first: Weights = ["w": Tensor([1, 2], shape: [2]), "free": Tensor([1], shape: [1])]
    var loop = try TrainingLoop(
      task: Task(losses: [3, 2], scores: [nil, nil], fixed: ["w"]), weights: first,
      settings: TrainingSettings(optimizer: .adamW(), learningRate: 0.1, weightDecay: 0.5, schedule: .constant, budget: .epochs(2)))
    #expect(try loop.run { _, _ in })
    #expect(loop.weights["w"] == first["w"] && loop.weights["free"] != first["free"])
  }
}
