import RNNCells
import RNNData
package import RNNLayers
package import RNNTensor

/// The layers between what is seen of windows and the numbers of a head.
package protocol ForecastNetwork: Sendable {
  var stack: RecurrentStack { get }
  /// All layers in order, the recurrent ones included.
  var parts: [ModelFile.Part] { get }
  /// The linear function of the inputs, if there is one.
  var autoregression: Linear? { get }

  func initial(into weights: inout Weights, using random: inout Philox, _ initialization: RecurrentStack.Initialization) throws(RNNError)

  /// The head's numbers for windows of which all is known, and what came; for training.
  ///
  /// - Parameters:
  ///   - horizonOnly: leaves out what a forecast isn't measured by.
  func numbersAndTargets(
    _ reader: WindowReader, _ windows: [ForecastWindow], horizonOnly: Bool, _ weights: TapedWeights, key: DropoutKey?
  ) -> (numbers: Variable, targets: Tensor)

  /// Calls `body` with inputs of the linear function, and what its outputs would have to be if it were all there is.
  func linearExamples(_ reader: WindowReader, _ windows: [ForecastWindow], _ body: (_ inputs: [Float], _ outputs: [Float]) -> Void)

  /// The bytes of what is seen of a window.
  var bytesOfAWindow: Double { get }
  /// The steps that the recurrent layers take for a window in training.
  var stepsOfAWindow: Int { get }

  /// The bytes of what is seen and drawn of a window that is predicted.
  func bytesOfAForecast(horizon: Int, paths: Int) -> Double

  /// How many windows are predicted side by side.
  func windowsAtOnce(horizon: Int, paths: Int) -> Int

  /// What is expected of each window, whatever comes.
  func forecasts(_ reader: WindowReader, _ windows: [ForecastWindow], horizon: Int, _ use: ForecastUse) -> [Forecast]
}

/// A model made ready to forecast.
package struct ForecastUse {
  let weights: TapedWeights
  let packed: [CellEngine.Packed]
  let levels: [Double]
  let paths: Int
  let seed: UInt64
  let keepsPaths: Bool
  /// Is told how many steps are predicted.
  var progress: (_ steps: Int) -> Void = { _ in }
  private let head: ForecastHead
  private let find: ForecastHead.Quantiles

  init(_ model: ForecastModel) throws(RNNError) {
    weights = TapedWeights(constant: model.weights)
    packed = try model.stack.pack(model.weights)
    levels = model.levels
    head = model.architecture.head
    // Where nothing is drawn, all courses would be the same.
    paths = head.isProbabilistic ? max(model.paths, 1) : 1
    seed = model.seed
    keepsPaths = model.keepsPaths
    find = head.quantiles(levels)
  }

  /// The quantiles `[value][level]` of some of the values whose numbers a tensor holds.
  func quantiles(_ numbers: Tensor, _ range: Range<Int>, _ scaling: Scaling) -> [Double] {
    numbers.withUnsafeBufferPointer { numbers in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: levels.count) { own in
        range.flatMap { value in
          find(UnsafeBufferPointer(rebasing: numbers[value * head.count..<(value + 1) * head.count]), into: own)
          return own.map { scaling.unscaled(Double($0)) }
        }
      }
    }
  }
}

/// The recurrent layers over a sequence, on the tape or not: `[T, B, I]` and the states before it.
typealias StackRun = (_ x: Variable, _ initial: RecurrentStack.TapedStates?, _ firstStep: Int) -> (
  output: Variable, states: RecurrentStack.TapedStates
)

extension ForecastNetwork {
  /// On the tape.
  func run(_ weights: TapedWeights, _ key: DropoutKey?) -> StackRun {
    { [stack] x, initial, firstStep in
      var key = key
      key?.time = UInt32(firstStep)
      return stack(x, weights, initial: initial, dropoutKey: key)
    }
  }

  /// Without a tape.
  func run(_ packed: [CellEngine.Packed]) -> StackRun {
    { [stack] x, initial, firstStep in
      let result = stack.run(x.value, packed, initial: initial?.map { $0.map(\.value) }, firstStep: firstStep)
      return (Variable(result.output), result.states.map { $0.map { Variable($0) } })
    }
  }
}

extension ForecastHead {
  /// The medians of values whose numbers a tensor holds.
  func medians(_ numbers: Tensor) -> [Float] {
    let find = quantiles([0.5])
    return numbers.withUnsafeBufferPointer { numbers in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: 1) { median in
        stride(from: 0, to: numbers.count, by: count).map { start in
          find(UnsafeBufferPointer(rebasing: numbers[start..<start + count]), into: median)
          return median[0]
        }
      }
    }
  }

  /// The numbers for so many values, from a linear layer's outputs, in which the values of a row stand one behind the other.
  func numbers(_ y: Variable, shape: [Int]) -> Variable { y.reshaped(shape + [count]) }
}

/// Each row of states so many times, one behind the other.
func repeated(_ states: RecurrentStack.TapedStates, times: Int, rows: Int) -> RecurrentStack.TapedStates {
  let ids = (0..<Int32(rows * times)).map { $0 / Int32(times) }
  return states.map { $0.map { gather($0, ids, shape: [rows * times]) } }
}
