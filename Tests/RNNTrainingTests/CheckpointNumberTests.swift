import Foundation
import RNNTestSupport
import Testing

/// The numbers of a checkpoint, from which a run goes on counting.
struct CheckpointNumberTests {
  private struct Task: TrainingTask {
    var stepsPerEpoch = 3
    let settings: RunSettings = ["task": "task"]
    mutating func loss(_ weights: Weights, epoch: Int, index: Int, step: Int) throws -> (loss: Double, gradient: Weights, units: Int) {
      (1, ["w": Tensor([0.1], shape: [1])], 1)
    }
    func validate(_ weights: Weights) throws -> Validation { Validation(loss: 1) }
  }

  private func loop(_ budget: Budget = .steps(10), task: Task = Task()) throws -> TrainingLoop<Task> {
    try TrainingLoop(
      task: task, weights: ["w": Tensor([1], shape: [1])], settings: TrainingSettings(schedule: .plateau, budget: budget, averaging: 0.1),
      stepsBetweenMeasurements: 2)
  }

  private func checkpoint() throws -> Safetensors {
    var loop = try loop(), steps = 0
    _ = try loop.run(shouldStop: { steps += 1; return steps > 4 }) { _, _ in }
    return try Safetensors(bytes: loop.checkpoint().file.bytes())
  }

  @Test func numbersThatCantBe() throws {
    let whole = try checkpoint()
    var same = try loop()
    try same.restore(TrainingCheckpoint(whole))
    #expect(same.state.step == 4 && same.state.epoch == 1)
    for number in ["9223372036854775807", "9223372036854775000", "-1", "1e300"] {
      for key in ["step", "epoch", "stepInEpoch", "units", "skipped", "lossCount", "seconds", "waited", "patience"] {
        var file = whole
        let text = try #require(file.metadata["state"])
        file.metadata["state"] = text.replacing(try Regex("\"\(key)\":[0-9.e+-]+"), with: "\"\(key)\":\(number)")
        #expect(file.metadata["state"] != text, "\(key)")
        let error = #expect(throws: RNNError.self, "\(key) \(number)") {
          var loop = try loop()
          try loop.restore(TrainingCheckpoint(file))
        }
        #expect(error?.kind == .badData, "\(error?.message ?? "")")
      }
      var file = whole
      file.metadata["optimizer_steps"] = number
      #expect(throws: RNNError.self) {
        var loop = try loop()
        try loop.restore(TrainingCheckpoint(file))
      }
    }
  }

  /// An epoch's updates times their number must be a number.
  @Test func epochsTimesUpdates() throws {
    var long = Task()
    long.stepsPerEpoch = 1 << 40
    let error = #expect(throws: RNNError.self) { try loop(.epochs(1_000_000), task: long) }
    #expect(error?.kind == .usage && error?.message.contains("1000000 epochs of 1099511627776 updates") == true)
    for budget in [Budget.epochs(.max), .epochs(0), .steps(.max), .time(.infinity), .time(.nan), .time(0)] {
      #expect(throws: RNNError.self, "\(budget)") { try loop(budget) }
    }
  }
}
