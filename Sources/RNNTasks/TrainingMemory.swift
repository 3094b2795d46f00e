import RNNLayers
import RNNTensor
import RNNTraining

extension [ModelFile.Part] {
  /// The number of all weights, counted in `Double`: they may be too many to exist.
  var parameterCount: Double {
    reduce(0) { sum, part in
      switch part {
      case .tensor(_, let shape): sum + shape.reduce(1) { $0 * Double($1) }
      case .stack(let stack): sum + stack.parameterCount
      }
    }
  }

  /// Throws `.usage` where there is no memory for the weights.
  func checkMemory() throws(RNNError) {
    try MemoryNeed("\(HumanFormat.count(parameterCount)) weights", bytes: 4 * parameterCount)
      .check("this model", "make it smaller")
  }
}

/// The memory that a training takes at least: known before the first weight is drawn.
struct TrainingMemory {
  private var need = MemoryNeed()
  private let advice: String

  /// - Parameters:
  ///   - parts: the model's layers.
  ///   - advice: the options that make it less.
  init(_ parts: [ModelFile.Part], _ settings: TrainingSettings, advice: String) {
    self.advice = advice
    let count = parts.parameterCount
    // The first ones are kept beside those that are trained, and the best so far.
    need.add("\(HumanFormat.count(count)) weights, the first and the best of them", bytes: 3 * 4 * count)
    let others = 1 + settings.optimizer.momentCount + (settings.averaging > 0 ? 1 : 0)
    need.add("their gradient and what the optimiser keeps", bytes: 4 * count * Double(others))
  }

  /// What an update keeps of so many steps, those of all rows of a batch.
  mutating func add(_ stack: RecurrentStack, steps: Double) { add("what a batch keeps for the way back", bytes: steps * stack.keptBytesPerStepAndRow) }

  mutating func add(_ name: String, bytes: Double) { need.add(name, bytes: bytes) }

  /// Throws `.usage` where there is not so much memory.
  func check() throws(RNNError) { try need.check("this training", "lower \(advice)") }
}
