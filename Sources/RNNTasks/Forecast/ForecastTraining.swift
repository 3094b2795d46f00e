import RNNData
import RNNLayers
public import RNNTensor
public import RNNTraining

/// Training a model of series: batches of windows, the head's loss on what came.
public struct ForecastTraining: TrainingTask {
  public let model: ForecastModel
  private let reader: WindowReader
  private let training: WindowList
  private let validation: WindowList
  /// Windows of a batch, and of an epoch.
  private let rows: Int
  private let windows: Int
  private let seed: UInt64
  public let settings: RunSettings
  public let fixed: [String]
  // The windows of the epoch asked for last.
  private var epoch = -1
  private var order: [Int] = []

  /// Throws `.usage` for a batch that can't be.
  init(
    _ model: ForecastModel, _ reader: WindowReader, training: WindowList, validation: WindowList, rows: Int, windows: Int, seed: UInt64,
    fixed: [String] = [], data: RunSettings
  ) throws(RNNError) {
    try Limits.rows.check(rows, "batch")
    try Limits.positiveCount.check(windows, "windows")
    try Limits.batchSteps.check(min(rows, training.count) * model.network.stepsOfAWindow, "the steps of a batch, rows times those of a window,")
    self.model = model
    self.reader = reader
    self.training = training
    self.validation = validation
    self.rows = rows
    self.windows = min(windows, training.count)
    self.seed = seed
    self.fixed = fixed
    let a = model.architecture
    settings = ["task": ForecastModel.task] + a.settings + [
      "--dropout": a.dropout, "--scaling": model.scaler.kind.rawValue, "--log": model.scaler.isLog, "--batch": rows, "--windows": self.windows,
    ] + data
  }

  public var stepsPerEpoch: Int { (windows + rows - 1) / rows }

  // Any number that no other use of the seed has.
  private static let stream: UInt64 = 0x7769_6E64_6F77

  /// The windows of a batch, in every epoch others and in another order.
  private mutating func batch(epoch: Int, index: Int) -> [ForecastWindow] {
    if epoch != self.epoch {
      var random = Philox(seed: seed, stream: Self.stream &+ UInt64(epoch) << 32)
      order = training.draw(windows, using: &random)
      order.shuffle(using: &random)
      self.epoch = epoch
    }
    return order[index * rows..<min((index + 1) * rows, order.count)].map { training[$0] }
  }

  public mutating func loss(_ weights: Weights, epoch: Int, index: Int, step: Int) throws -> (loss: Double, gradient: Weights, units: Int) {
    let batch = batch(epoch: epoch, index: index)
    let key = DropoutKey(seed: seed, step: UInt32(truncatingIfNeeded: step))
    let (loss, gradient) = valueAndGradient(of: weights) { weights in
      let (numbers, targets) = model.network.numbersAndTargets(reader, batch, horizonOnly: false, weights, key: key)
      return model.architecture.head.loss(numbers, targets).mean
    }
    return (Double(loss.item), gradient, batch.count)
  }

  public var isMeasured: Bool { validation.count > 0 }

  /// The mean loss over all steps of the horizons of the validation part, with the steps before them known.
  public func validate(_ weights: Weights) throws -> Validation {
    var sum = 0.0, count = 0
    forEachMeasured(weights) { numbers, targets in
      let loss = model.architecture.head.loss(numbers, targets)
      sum += loss.losses.values.reduce(0.0) { $0 + Double($1) }
      count += loss.count
    }
    return Validation(loss: count > 0 ? sum / Double(count) : .nan)
  }

  /// By how much the medians are off in the validation part, scaled, one by one.
  func absoluteErrors(_ weights: Weights) -> [Double] {
    var errors: [Double] = []
    forEachMeasured(weights) { numbers, targets in
      for (median, target) in zip(model.architecture.head.medians(numbers.value), targets.values) where !target.isNaN {
        errors.append(Double(abs(median - target)))
      }
    }
    return errors
  }

  private func forEachMeasured(_ weights: Weights, _ body: (_ numbers: Variable, _ targets: Tensor) -> Void) {
    let constants = TapedWeights(constant: weights)
    for start in stride(from: 0, to: validation.count, by: Self.rowsMeasured) {
      let batch = (start..<min(start + Self.rowsMeasured, validation.count)).map { validation[$0] }
      let (numbers, targets) = model.network.numbersAndTargets(reader, batch, horizonOnly: true, constants, key: nil)
      body(numbers, targets)
    }
  }

  private static let rowsMeasured = 256
}
