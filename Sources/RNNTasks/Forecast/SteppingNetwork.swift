import RNNCells
import RNNData
package import RNNLayers
package import RNNTensor

/// One step after the other (Salinas et al. 2020, DeepAR): each step sees the values so many steps before, the other variables of
/// the step before, what is known ahead of it, the clock and the channel's vector; from the layers' output a linear layer makes the
/// numbers for the step, as a difference to the last value.
///
/// What is known only up to now isn't known of the steps between the origin and the one predicted: zeros stand there, and a flag
/// that says so, in training too.
package struct SteppingNetwork: ForecastNetwork {
  package let stack: RecurrentStack
  package let autoregression: Linear?
  private let a: ForecastModel.Architecture
  private let lags: [Int]
  private let longest: Int
  private let pastCount: Int
  private let aheadCount: Int
  /// Numbers of a step without the channel's vector.
  private let width: Int
  private let channel: Embedding?
  private let output: Linear

  init(_ a: ForecastModel.Architecture, _ variables: ForecastModel.Variables, lags: [Int]) throws(RNNError) {
    guard let longest = lags.max(), lags.allSatisfy(Limits.lag.contains), Set(lags).count == lags.count else {
      throw RNNError(.usage, "lags are numbers of steps from 1 on, each once; found \(lags.isEmpty ? "none" : lags.map { "\($0)" }.joined(separator: ", "))")
    }
    self.a = a
    self.lags = lags
    self.longest = longest
    pastCount = variables.past.count
    aheadCount = WindowReader.aheadCount(variables, calendar: a.calendar)
    width = lags.count + 1 + (pastCount > 0 ? pastCount + 1 : 0) + aheadCount
    channel = a.vector > 0 ? Embedding("channel", count: variables.channels, size: a.vector) : nil
    stack = try RecurrentStack(
      "rnn", cell: a.cell, inputs: width + a.vector, hidden: a.hidden, layers: a.layers, sizes: a.sizes, dropout: Float(a.dropout))
    output = Linear("output", inputs: stack.outputSize, outputs: a.head.count)
    autoregression = a.autoregression ? Linear("autoregression", inputs: width, outputs: 1) : nil
  }

  package var parts: [ModelFile.Part] {
    (channel.map(ModelFile.parts) ?? []) + [.stack(stack)] + ModelFile.parts(output) + (autoregression.map(ModelFile.parts) ?? [])
  }

  package func initial(
    into weights: inout Weights, using random: inout Philox, _ initialization: RecurrentStack.Initialization
  ) throws(RNNError) {
    try channel?.initial(into: &weights, using: &random, range: initialization.range)
    try stack.initial(into: &weights, using: &random, initialization)
    try output.initial(into: &weights, using: &random, range: initialization.range)
    try autoregression?.initial(into: &weights, using: &random, range: initialization.range)
  }

  // MARK: Inputs

  /// Writes the numbers of a step but those of the lags: `width − lags` of them.
  private func writeOthers(
    _ reader: WindowReader, _ window: ForecastWindow, step: Int, isMissing: Bool, into x: UnsafeMutablePointer<Float>
  ) {
    x[0] = isMissing ? 1 : 0
    var next = x + 1
    if pastCount > 0 {
      let isKnown = step - 1 < window.origin && step > 0
      if isKnown { reader.readPast(window.series, step - 1, into: next) } else { next.update(repeating: 0, count: pastCount) }
      next[pastCount] = isKnown ? 0 : 1
      next += pastCount + 1
    }
    reader.readAhead(window.series, step, into: next)
  }

  private struct Inputs {
    /// `[steps, B, width]`.
    var x: Tensor
    /// The last value before each step, `[steps, B]`.
    var last: Tensor
    /// The values themselves, `[steps, B]`; NaN where missing.
    var values: Tensor
    /// The values of the lags of the first step and all up to the origin, `[B][longest + …]`; 0 where missing.
    var history: [[Float]]
    var channels: [Int32]
  }

  /// - Parameters:
  ///   - range: the steps, counted from the first one of the context.
  ///   - known: how many steps from the origin on may be looked at.
  private func inputs(_ reader: WindowReader, _ windows: [ForecastWindow], _ scalings: [Scaling], steps range: Range<Int>, known: Int) -> Inputs {
    let rows = windows.count, steps = range.count, count = longest + steps, kept = longest + a.context - range.lowerBound
    var x = Tensor(shape: [steps, rows, width], writing: { _ in })
    var last = Tensor(shape: [steps, rows], writing: { _ in }), values = last
    var history = [[Float]](repeating: [], count: rows)
    x.withMutablePointer { x in
      last.withMutablePointer { last in
        values.withMutablePointer { values in
          history.withUnsafeMutableBufferPointer { history in
            Threads.blocks(of: rows, size: max(1, Threads.blockSize / (steps * width))) { block in
              var z = [Float](repeating: .nan, count: count)
              z.withUnsafeMutableBufferPointer { z in
                guard let base = z.baseAddress else { return }
                for row in block {
                  let window = windows[row], first = window.origin - a.context + range.lowerBound
                  z.update(repeating: .nan)
                  reader.read(window, from: first - longest, count: min(count, kept + known), scalings[row], into: base)
                  var before = reader.last(window, before: first, scalings[row], from: window.origin - a.context - longest) ?? 0
                  for i in 0..<steps {
                    let to = x + (i * rows + row) * width
                    for (j, lag) in lags.enumerated() {
                      let value = z[longest + i - lag]
                      to[j] = value.isNaN ? 0 : value
                    }
                    let previous = z[longest + i - 1], own = z[longest + i]
                    if !previous.isNaN { before = previous }
                    writeOthers(reader, window, step: first + i, isMissing: previous.isNaN, into: to + lags.count)
                    last[i * rows + row] = before
                    values[i * rows + row] = own
                  }
                  history[row] = z.prefix(kept).map { $0.isNaN ? 0 : $0 }
                }
              }
            }
          }
        }
      }
    }
    return Inputs(x: x, last: last, values: values, history: history, channels: windows.map(reader.channel))
  }

  package var bytesOfAWindow: Double {
    4 * (Double(stepsOfAWindow) * Double(width + 2) + Double(longest + a.context))
  }
  package var stepsOfAWindow: Int { a.context + a.horizon }

  // MARK: Numbers

  private static let outputMask: UInt32 = 1001

  /// `[steps, B, count]`, and the states after the last step.
  private func numbers(
    _ x: Tensor, last: Tensor, channels: [Int32], _ weights: TapedWeights, _ run: StackRun, initial: RecurrentStack.TapedStates? = nil,
    firstStep: Int = 0, key: DropoutKey?
  ) -> (numbers: Variable, states: RecurrentStack.TapedStates) {
    let (steps, rows) = (x.shape[0], x.shape[1])
    var input = Variable(x)
    if let channel {
      let ids = (0..<steps).flatMap { _ in channels }
      input = concatenate([input, channel(ids, shape: [steps, rows], weights)], axis: 2)
    }
    var (y, states) = run(input, initial, firstStep)
    if let key, a.dropout > 0 { y = dropout(y, rate: Float(a.dropout), tag: Self.outputMask, key: key) }
    var shift = Variable(last)
    if let autoregression { shift = shift + autoregression(Variable(x), weights).reshaped([steps, rows]) }
    return (a.head.moved(a.head.numbers(output(y, weights), shape: [steps, rows]), by: shift), states)
  }

  package func numbersAndTargets(
    _ reader: WindowReader, _ windows: [ForecastWindow], horizonOnly: Bool, _ weights: TapedWeights, key: DropoutKey?
  ) -> (numbers: Variable, targets: Tensor) {
    let scalings = windows.map(reader.scaling), rows = windows.count
    let inputs = inputs(reader, windows, scalings, steps: 0..<a.context + a.horizon, known: a.horizon)
    let numbers = numbers(inputs.x, last: inputs.last, channels: inputs.channels, weights, run(weights, key), key: key).numbers
    // At first the states know nothing of what was before: the first half of the context doesn't count.
    var targets = inputs.values
    targets.withUnsafeMutableBufferPointer { $0.prefix((horizonOnly ? a.context : a.context / 2) * rows).update(repeating: .nan) }
    return (numbers, targets)
  }

  package func linearExamples(_ reader: WindowReader, _ windows: [ForecastWindow], _ body: ([Float], [Float]) -> Void) {
    let rows = windows.count
    let inputs = inputs(reader, windows, windows.map(reader.scaling), steps: a.context..<a.context + a.horizon, known: a.horizon)
    inputs.x.withPointer { x in
      for i in 0..<a.horizon {
        for row in 0..<rows {
          let value = inputs.values[i, row]
          if !value.isNaN { body((0..<width).map { x[(i * rows + row) * width + $0] }, [value - inputs.last[i, row]]) }
        }
      }
    }
  }

  // MARK: Use

  package func bytesOfAForecast(horizon: Int, paths: Int) -> Double {
    let drawn = horizon > 1 ? Double(paths) * Double(longest + a.context + 2 * horizon) : 0
    return 4 * (Double(a.context + 1) * Double(width + 2) + Double(longest + a.context) + drawn)
  }

  /// All paths of all windows are rows of one batch.
  package func windowsAtOnce(horizon: Int, paths: Int) -> Int { max(1, 512 / (horizon > 1 ? paths : 1)) }

  /// Of one step the quantiles are those of its distribution; of several they are those of courses.
  package func forecasts(_ reader: WindowReader, _ windows: [ForecastWindow], horizon: Int, _ use: ForecastUse) -> [Forecast] {
    let scalings = windows.map(reader.scaling)
    guard horizon > 1 else {
      let numbers = start(reader, windows, scalings, use).numbers
      return windows.indices.map { Forecast(levels: use.levels, quantiles: use.quantiles(numbers, $0..<$0 + 1, scalings[$0])) }
    }
    return paths(reader, windows, scalings, horizon: horizon, use).map {
      let forecast = Forecast(paths: $0, levels: use.levels)
      return use.keepsPaths ? forecast : Forecast(levels: forecast.levels, quantiles: forecast.quantiles)
    }
  }

  /// The numbers for the first step, `[B, count]`, and the states with which the second is reached.
  private func start(
    _ reader: WindowReader, _ windows: [ForecastWindow], _ scalings: [Scaling], _ use: ForecastUse
  ) -> (numbers: Tensor, states: RecurrentStack.TapedStates, history: [[Float]], channels: [Int32]) {
    let inputs = inputs(reader, windows, scalings, steps: 0..<a.context + 1, known: 0)
    let (numbers, states) = numbers(inputs.x, last: inputs.last, channels: inputs.channels, use.weights, run(use.packed), key: nil)
    let first = numbers.slice(axis: 0, a.context..<a.context + 1).value
    return (first.reshaped([windows.count, a.head.count]), states, inputs.history, inputs.channels)
  }

  /// Courses of each window, `[window][path][horizon]`.
  ///
  /// What is drawn follows from the seed, the window and the path only.
  private func paths(
    _ reader: WindowReader, _ windows: [ForecastWindow], _ scalings: [Scaling], horizon: Int, _ use: ForecastUse
  ) -> [[[Double]]] {
    let paths = use.paths
    let rows = windows.count * paths, n = a.head.count, run = run(use.packed)
    var (numbers, first, begun, channels) = start(reader, windows, scalings, use)
    // Each row's values, those to come behind those before.
    let length = longest + a.context + horizon
    var history = [Float](repeating: 0, count: rows * length)
    var randoms: [Philox] = []
    for (w, window) in windows.enumerated() {
      for path in 0..<paths {
        let row = w * paths + path
        history.replaceSubrange(row * length..<row * length + begun[w].count, with: begun[w])
        randoms.append(Self.random(use.seed, window, path))
      }
    }
    var states = repeated(first, times: paths, rows: windows.count)
    first = []
    begun = []
    channels = channels.flatMap { Array(repeating: $0, count: paths) }
    for h in 0..<horizon {
      let place = longest + a.context + h
      if h > 0 {
        // The step before has been drawn: what is seen of this one.
        var x = Tensor(shape: [1, rows, width], writing: { _ in }), last = Tensor(shape: [1, rows], writing: { _ in })
        x.withMutablePointer { x in
          last.withMutablePointer { last in
            Threads.blocks(of: windows.count, size: max(1, Threads.blockSize / (paths * width))) { block in
              for w in block {
                for path in 0..<paths {
                  let row = w * paths + path, to = x + row * width, others = width - lags.count
                  for (j, lag) in lags.enumerated() { to[j] = history[row * length + place - lag] }
                  if path == 0 {
                    writeOthers(reader, windows[w], step: windows[w].origin + h, isMissing: false, into: to + lags.count)
                  } else {
                    (to + lags.count).update(from: x + w * paths * width + lags.count, count: others)
                  }
                  last[row] = history[row * length + place - 1]
                }
              }
            }
          }
        }
        let next = self.numbers(x, last: last, channels: channels, use.weights, run, initial: states, firstStep: a.context + h, key: nil)
        (numbers, states) = (next.numbers.value, next.states)
      }
      let isShared = h == 0
      history.withUnsafeMutableBufferPointer { history in
        randoms.withUnsafeMutableBufferPointer { randoms in
          numbers.withUnsafeBufferPointer { numbers in
            Threads.blocks(of: rows, size: Threads.blockSize / 64) { block in
              for row in block {
                let from = (isShared ? row / paths : row) * n
                history[row * length + place] = a.head.sample(UnsafeBufferPointer(rebasing: numbers[from..<from + n]), using: &randoms[row])
              }
            }
          }
        }
      }
      use.progress(h + 1)
    }
    let start = longest + a.context
    return windows.indices.map { w in
      (0..<paths).map { path in
        let row = (w * paths + path) * length
        return (start..<start + horizon).map { scalings[w].unscaled(Double(history[row + $0])) }
      }
    }
  }

  private static func random(_ seed: UInt64, _ window: ForecastWindow, _ path: Int) -> Philox {
    // The place of the window is mixed into the seed: streams of one seed are for the paths.
    var own = seed
    for number in [window.series, window.target, window.origin] {
      own = (own ^ UInt64(bitPattern: Int64(number))) &* 0x9E37_79B9_7F4A_7C15
      own ^= own >> 29
    }
    return Philox(seed: own, stream: UInt64(path))
  }
}
