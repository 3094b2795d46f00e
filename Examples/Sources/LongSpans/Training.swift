import Foundation
import RNN

/// A model, the data it learns from, and what it is to reach.
protocol LongSpanTask {
  /// Updates of the weights.
  var updates: Int { get }
  /// The highest learning rate.
  var learningRate: Double { get }
  /// Draws the weights before the first update.
  func initialWeights(using random: inout Philox) throws -> Weights
  /// The loss on a batch that is drawn anew.
  func loss(_ weights: TapedWeights, using random: inout Philox) -> Variable
  /// How good the weights are, on data that they were not trained on; at the end on data that nothing was chosen by.
  func measure(_ weights: TapedWeights, isEnd: Bool, using random: inout Philox) -> Measurement
}

struct Measurement: CustomStringConvertible {
  /// The figure, beside that of a network without a memory.
  let description: String
  let isSolved: Bool
}

/// Adam, the gradient clipped, a learning rate that rises and falls.
struct Trainer {
  let seed: UInt64
  let minutes: Double

  func train(_ task: some LongSpanTask) throws -> Measurement {
    // Streams of their own, so that neither depends on how much the others draw.
    var forWeights = Philox(seed: seed, stream: 0)
    var forTraining = Philox(seed: seed, stream: 1)
    var forMeasuring = Philox(seed: seed, stream: 2)

    var weights = try task.initialWeights(using: &forWeights)
    var optimizer = Optimizer(.adam())
    let clip = GradientClip(maximum: 1)
    let schedule = Schedule.cosine(warmUp: 0.02, final: 0.02)
    let start = ContinuousClock.now
    var sum = 0.0
    note("\(weights.parameterCount) parameters, \(task.updates) updates, \(Threads.count) threads, seed \(seed)")

    for update in 1...task.updates {
      let (loss, gradient) = valueAndGradient(of: weights) { task.loss($0, using: &forTraining) }
      let clipped = clip(gradient)
      let rate = task.learningRate * schedule.factor(progress: Double(update) / Double(task.updates))
      if clipped.isFinite {
        optimizer.step(&weights, gradient: gradient, learningRate: Float(rate), gradientScale: clipped.scale)
      }
      sum += Double(loss.item)

      let isLate = ContinuousClock.now - start > .seconds(60 * minutes)
      if update % 100 == 0 || isLate {
        let measured = task.measure(TapedWeights(constant: weights), isEnd: false, using: &forMeasuring)
        let seconds = Int((ContinuousClock.now - start).components.seconds)
        note("\(seconds) s, update \(update), training \(figures(sum / Double((update - 1) % 100 + 1))), \(measured)")
        sum = 0
      }
      if isLate {
        note("stopped: \(minutes) minutes are over")
        break
      }
    }
    return task.measure(TapedWeights(constant: weights), isEnd: true, using: &forMeasuring)
  }

  private func note(_ line: String) { FileHandle.standardError.write(Data("\(line)\n".utf8)) }
}

func figures(_ x: Double) -> String { String(format: "%.5f", x) }
func percent(_ share: Double) -> String { String(format: "%.2f%%", 100 * share) }

/// How many of the targets have the largest logit of their row; targets below 0 don't count.
func countRight(_ logits: Tensor, _ targets: [Int32]) -> Int {
  let classes = logits.shape.last ?? 1
  return logits.withUnsafeBufferPointer { values in
    targets.enumerated().count { row, target in
      target >= 0 && (0..<classes).max { values[row * classes + $0] < values[row * classes + $1] } == Int(target)
    }
  }
}
