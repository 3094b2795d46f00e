import RNNCells
import RNNData
import RNNTasks
import RNNTensor
import RNNTraining
import Testing

@Suite struct TextTrainerTests {
  private let text = Array(String(repeating: "one two three, ångström and 狐.\n", count: 40).utf8)

  private func options(_ cell: Cell = .lstm, steps: Int = 3) -> TextTrainingOptions {
    TextTrainingOptions(
      cell: cell, tokens: .characters, hidden: 9, layers: 2, embedding: 5, dropout: 0.1, sequenceLength: 12,
      training: .init(budget: .steps(steps), batch: 3))
  }

  /// A matrix and a vector of one name, a projection, gains: each cell finds its own in the file.
  @Test(arguments: Cell.builtIn)
  func everyCellTrainsAndComesBackFromItsFile(_ cell: Cell) throws {
    var trainer = try TextTrainer(TextCorpus(text, name: "text"), options: options(cell))
    guard case .finished = try trainer.train() else {
      Issue.record("not finished")
      return
    }
    for (part, checks) in try trainer.model.verify() {
      for check in checks { #expect(check.passed, "\(part): \(check.name), \(check.error)") }
    }
  }

  @Test func stoppedInMemoryGoesOnByItself() throws {
    var whole = try TextTrainer(TextCorpus(text, name: "text"), options: options(steps: 20))
    _ = try whole.train()
    var parts = try TextTrainer(TextCorpus(text, name: "text"), options: options(steps: 20))
    var polls = 0
    guard case .stopped(nil) = try parts.train(shouldStop: { polls += 1; return polls > 7 }) else {
      Issue.record("not stopped")
      return
    }
    #expect(parts.loop.state.step == 7)
    _ = try parts.train()
    #expect(parts.model.weights == whole.model.weights)
  }

  @Test func anotherTextForValidation() throws {
    let trainer = try TextTrainer(
      TextCorpus(text, name: "text"), validation: TextCorpus(Array("one two".utf8), name: "held out"), options: options())
    #expect(trainer.validationUnits == TextUnits(tokens: 6, characters: 6, bytes: 6))
    let error = #expect(throws: RNNError.self) {
      try TextTrainer(TextCorpus(text, name: "text"), validation: TextCorpus([65], name: "held out"), options: options())
    }
    #expect(error?.kind == .badData && error?.message.contains("held out") == true)
  }

  @Test func theRateFallsFromEpochToEpoch() throws {
    var options = self.options()
    options.training = .init(
      budget: .epochs(5), optimizer: .sgd(), learningRate: 0.8, schedule: .decay, decay: 0.5, decayAfter: 2)
    var trainer = try TextTrainer(TextCorpus(text, name: "text"), options: options)
    var rates: [Double] = []
    _ = try trainer.train(shouldStop: { false }) { trainer, _ in
      let rate = trainer.loop.learningRate
      if rates.last != rate { rates.append(rate) }
    }
    // The last is that of an epoch which would come next.
    #expect(rates == [0.8, 0.4, 0.2, 0.1, 0.05])
  }

  @Test func allWeightsBeginInARange() throws {
    var options = self.options()
    options.initialization.range = 0.125
    let trainer = try TextTrainer(TextCorpus(text, name: "text"), options: options)
    for (name, tensor) in zip(trainer.model.weights.names, trainer.model.weights.tensors) {
      // Of two biases that are always added, the sum.
      let bound: Float = name.contains(".b.") ? 0.25 : 0.125
      #expect(tensor.values.allSatisfy { abs($0) <= bound } && tensor.values.contains { abs($0) > 0.3 * bound }, "\(name)")
    }
    for range in [0, -1, .nan, .infinity] as [Float] {
      options.initialization.range = range
      let error = #expect(throws: RNNError.self) { try TextTrainer(TextCorpus(text, name: "text"), options: options) }
      #expect(error?.kind == .usage && error?.message.contains("the range of the first weights") == true)
    }
  }

  @Test func defaultsGrowWithTheText() throws {
    let sizes = [1, 10_000, 100_000, 1_000_000, 100_000_000].map { TextDefaults(bytes: $0) }
    for (small, large) in zip(sizes, sizes.dropFirst()) {
      #expect(small.hidden <= large.hidden && small.batch <= large.batch && small.epochs >= large.epochs)
    }
  }
}
