import RNNCells
import RNNData
import RNNTasks
import RNNTensor
import RNNTestSupport
import RNNTraining
import Testing

extension Trainer {
  /// Trains, and stops before the update after so many.
  mutating func train(to path: String, start: TrainingStart = .new, steps: Int) throws {
    var left = steps
    guard case .stopped(.some) = try train(to: path, start: start, shouldStop: { left -= 1; return left < 0 }) else {
      Issue.record("the run didn't stop")
      return
    }
  }
}

@Suite struct ResumeTests {
  /// With a learning rate that doesn't depend on the budget, and the weights as they are.
  private static func constant(_ budget: Budget, keepsCheckpoint: Bool = false) -> TrainingOptions {
    TrainingOptions(budget: budget, batch: 8, learningRate: 0.01, schedule: .constant, averaging: 0, keepsCheckpoint: keepsCheckpoint)
  }

  private struct CheckpointIsAModel: SmallTask.Property {
    func check<T: Trainer>(_ path: String, _ trainer: (TrainingOptions) throws -> T) throws {
      let options = TrainingOptions(budget: .epochs(4), batch: 8, learningRate: 0.01)
      var part = try trainer(options)
      // Before there is a measurement, the weights as they are; and after, the best.
      for (start, steps) in [(TrainingStart.new, 1), (.resume, part.loop.task.stepsPerEpoch + 2)] {
        part = try trainer(options)
        try part.train(to: path, start: start, steps: steps)
        let checkpoint = T.checkpointPath(path), model = try T.Model(contentsOf: checkpoint)
        #expect(model.weights == part.model.weights)
        #expect(try model.file().bytes() == part.model.file().bytes())
        #expect(try TrainingCheckpoint(Safetensors(contentsOf: checkpoint)).run == part.loop.run)
      }
      #expect(part.loop.state.best != nil && part.loop.weights != part.model.weights)
      var finished = try trainer(options)
      try finished.train(to: path, start: .resume)
      var whole = try trainer(options)
      try whole.train()
      #expect(try T.Model(contentsOf: path).weights == whole.model.weights)
      #expect(!Files.exists(T.checkpointPath(path)))
    }
  }

  /// The best weights so far can be used, saved and verified like those of a finished model.
  @Test(arguments: SmallTask.allCases) func aCheckpointIsAModel(_ task: SmallTask) throws { try task.check(CheckpointIsAModel()) }

  private struct AnotherBudget: SmallTask.Property {
    func check<T: Trainer>(_ path: String, _ trainer: (TrainingOptions) throws -> T) throws {
      var whole = try trainer(ResumeTests.constant(.steps(14)))
      try whole.train()
      var part = try trainer(ResumeTests.constant(.steps(10)))
      try part.train(to: path, steps: 7)
      var beginning: TrainingBeginning?
      var rest = try trainer(ResumeTests.constant(.steps(14)))
      try rest.train(to: path, start: .resume) { _, event in if case .began(let found) = event { beginning = found } }
      #expect(beginning == .continued(step: 7, before: .steps(10), hasMoments: true))
      #expect(rest.loop.weights == whole.loop.weights && rest.model.weights == whole.model.weights)

      var less = try trainer(ResumeTests.constant(.steps(14)))
      try less.train(to: path, start: .fresh, steps: 9)
      less = try trainer(ResumeTests.constant(.steps(9)))
      let error = #expect(throws: RNNError.self) { try less.train(to: path, start: .resume) }
      #expect(error?.kind == .usage && error?.message.contains("--steps 9 leaves nothing to do: 9 steps") == true, "\(error?.message ?? "")")
      #expect(Files.exists(T.checkpointPath(path)))
    }
  }

  /// An interrupted run goes on with another budget as if that had been given at first.
  @Test(arguments: SmallTask.allCases) func anUnfinishedRunTakesAnotherBudget(_ task: SmallTask) throws { try task.check(AnotherBudget()) }

  private struct FinishedGoesOn: SmallTask.Property {
    func check<T: Trainer>(_ path: String, _ trainer: (TrainingOptions) throws -> T) throws {
      func options(_ steps: Int) -> TrainingOptions { TrainingOptions(budget: .steps(steps), batch: 8, learningRate: 0.01) }
      var first = try trainer(options(9))
      try first.train(to: path)
      let finished = try Files.read(path)
      guard case .wasFinished = try first.train(to: path, start: .resume) else {
        Issue.record("the same budget begins again")
        return
      }
      #expect(try Files.read(path) == finished)
      var less = try trainer(options(5))
      #expect(throws: RNNError.self) { try less.train(to: path, start: .resume) }

      var beginning: TrainingBeginning?, rates: [Double] = []
      var longer = try trainer(options(120))
      try longer.train(to: path, start: .resume) { trainer, event in
        if case .began(let found) = event { beginning = found }
        if !trainer.loop.state.isFinished { rates.append(trainer.loop.learningRate) }
      }
      #expect(beginning == .continued(step: 9, before: .steps(9), hasMoments: false))
      #expect(longer.loop.state.step == 120 && !longer.loop.state.history.isEmpty)
      // The rate rises to the schedule of the whole budget within a fiftieth of what is left, and falls then.
      #expect(abs(rates[0] / rates[1] - 0.5) < 0.01 && rates[2] < rates[1] && rates.last ?? 1 < 0.1 * rates[1], "\(rates)")
      // What the finished model was worth is remembered.
      let before = try #require(first.loop.state.best), after = try #require(longer.loop.state.best)
      if let score = before.score { #expect(after.score ?? 0 >= score) } else { #expect(!(after.validation > before.validation)) }
      guard case .wasFinished = try longer.train(to: path, start: .resume) else {
        Issue.record("what went on doesn't know its budget")
        return
      }

      // Interrupted on the way, it ends with the same bits.
      let whole = try Files.read(path)
      try Files.writeAtomically(finished, to: path)
      var part = try trainer(options(120))
      try part.train(to: path, start: .resume, steps: 30)
      #expect(try Files.read(path) == finished)
      var rest = try trainer(options(120))
      try rest.train(to: path, start: .resume)
      #expect(try Files.read(path) == whole)
    }
  }

  /// A finished model goes on with a larger budget, from its best weights.
  @Test(arguments: SmallTask.allCases) func aFinishedRunGoesOn(_ task: SmallTask) throws { try task.check(FinishedGoesOn()) }

  private struct KeptGoesOn: SmallTask.Property {
    func check<T: Trainer>(_ path: String, _ trainer: (TrainingOptions) throws -> T) throws {
      // Measurements at the same places, so that the best is the same.
      var whole = try trainer(ResumeTests.constant(.epochs(3)))
      try whole.train()
      var first = try trainer(ResumeTests.constant(.epochs(2), keepsCheckpoint: true))
      try first.train(to: path)
      let finished = try Files.read(path)
      #expect(try T.Model(contentsOf: T.checkpointPath(path)).weights == first.model.weights)
      guard case .wasFinished = try first.train(to: path, start: .resume) else {
        Issue.record("the same budget begins again")
        return
      }
      // The model is made again of what was kept.
      try Files.remove(path)
      var again = try trainer(ResumeTests.constant(.epochs(2), keepsCheckpoint: true))
      guard case .finished = try again.train(to: path, start: .resume) else {
        Issue.record("the model isn't there")
        return
      }
      #expect(try Files.read(path) == finished)
      #expect(throws: RNNError.self) { try again.train(to: path) }

      var longer = try trainer(ResumeTests.constant(.epochs(3)))
      try longer.train(to: path, start: .resume)
      #expect(longer.loop.weights == whole.loop.weights && longer.model.weights == whole.model.weights)
      #expect(!Files.exists(T.checkpointPath(path)))
    }
  }

  /// With its checkpoint kept, a finished run goes on as if it had not ended.
  @Test(arguments: SmallTask.allCases) func aKeptCheckpointGoesOn(_ task: SmallTask) throws { try task.check(KeptGoesOn()) }

  // MARK: Differences

  @Test func differencesAreSaidAsOptions() throws {
    let folder = try TemporaryFolder(), path = folder["m"]
    func trainer(_ text: String = "1 sheep", _ change: (inout TextTrainingOptions) -> Void = { _ in }) throws -> TextTrainer {
      var options = TextTrainingOptions(
        cell: .gru, hidden: 8, training: .init(budget: .steps(4), batch: 2, optimizer: .sgd(momentum: 0.5), learningRate: 0.01))
      change(&options)
      return try TextTrainer(TextCorpus(String(repeating: text + "\n", count: 300)), options: options)
    }
    let own = try Cell(equations: "h = tanh(Wxh x + Whh h + 0.5 h + bh)", name: "own")
    var part = try trainer()
    try part.train(to: path, steps: 2)
    func expect(_ words: String, _ other: TextTrainer) {
      var other = other
      let error = #expect(throws: RNNError.self) { try other.train(to: path, start: .resume) }
      #expect(error?.kind == .usage && error?.message.contains(words) == true, "\(error?.message ?? ""), expected \(words)")
    }
    for name in ["checkpoint", "model"] {
      expect("the \(name) was made with --hidden 8, now --hidden is 9; give the same, or --fresh", try trainer { $0.hidden = 9 })
      expect("made with --cell gru, now --cell is lstm", try trainer { $0.cell = .lstm })
      expect("made with --cell gru, now --cell is cell own; h_t = ", try trainer { $0.cell = own })
      expect("with --seed 1, now --seed is 2; with --momentum 0.5, now it is without", try trainer {
        $0.training.seed = 2
        $0.training.optimizer = .adamW()
      })
      expect("with --optimizer sgd, now --optimizer is adam", try trainer { $0.training.optimizer = .adam() })
      expect("without --orthogonal, now it is with it", try trainer { $0.initialization.orthogonal = true })
      expect("without --patience, now --patience is 3", try trainer { $0.training.patience = 3 })
      expect("with another text; with another validation text", try trainer("2 goats"))
      if name == "checkpoint" { try part.train(to: path, start: .resume) }
    }
  }

  @Test func settingsAreToldApartByNameAndValue() throws {
    let a: RunSettings = ["--hidden": 8, "--log": false, "text": Fingerprint(of: [1]), "--decay": nil as Double?]
    #expect(a.names == ["--hidden", "--log", "text"] && a["--hidden"] == "8")
    #expect(a == ["text": Fingerprint(of: [1]), "--log": false, "--hidden": 8], "the order says nothing")
    #expect(a.differences(from: a) == nil)
    #expect((a + ["--hidden": 9]).differences(from: a) == "with --hidden 8, now --hidden is 9")
    #expect(a.differences(from: a + ["--log": true]) == "with --log, now it is without")
    let run = TrainingRun(settings: a, budget: .time(90), state: TrainingState())
    #expect(TrainingRun(json: run.json) == run && TrainingRun(json: "text") == nil)
    #expect("\(run.budget) \(run.settings)" == "--time 90s --hidden 8")
  }
}
