import RNNCells
import RNNData
package import RNNLayers
package import RNNTensor

/// All steps to come at once (Lin et al. 2023, SegRNN): differences from the last value of the context, in segments, each through a linear layer
/// and ReLU; the recurrent layers over the segments; from where they end one further step for each segment to come, which gets
/// vectors of its place and of the channel; a linear layer to the segment's numbers; the last value added again.
package struct DirectNetwork: ForecastNetwork {
  package let stack: RecurrentStack
  package let autoregression: Linear?
  private let a: ForecastModel.Architecture
  private let segment: Int
  /// Segments before, and to come.
  private let before: Int
  private let after: Int
  private let pastCount: Int
  private let aheadCount: Int
  private let embedding: Linear
  private let position: Embedding
  private let channel: Embedding?
  private let ahead: Linear?
  private let output: Linear

  init(_ a: ForecastModel.Architecture, _ variables: ForecastModel.Variables, segment: Int) throws(RNNError) {
    guard segment > 0, segment <= a.context else {
      throw RNNError(.usage, "a segment has from 1 step to those of the context, \(a.context), not \(segment)")
    }
    guard a.vector < a.hidden else {
      throw RNNError(.usage, "a channel's vector must have fewer units than a layer; found \(a.vector) and \(a.hidden)")
    }
    self.a = a
    self.segment = segment
    before = (a.context + segment - 1) / segment
    after = (a.horizon + segment - 1) / segment
    pastCount = variables.past.count
    aheadCount = WindowReader.aheadCount(variables, calendar: a.calendar)
    embedding = Linear("embedding", inputs: segment * (a.masks ? 2 : 1) + segment * (pastCount + aheadCount), outputs: a.hidden)
    stack = try RecurrentStack("rnn", cell: a.cell, inputs: a.hidden, hidden: a.hidden, layers: a.layers, sizes: a.sizes, dropout: Float(a.dropout))
    position = Embedding("position", count: after, size: a.hidden - a.vector)
    channel = a.vector > 0 ? Embedding("channel", count: variables.channels, size: a.vector) : nil
    ahead = aheadCount > 0 ? Linear("ahead", inputs: segment * aheadCount, outputs: a.hidden) : nil
    output = Linear("output", inputs: stack.outputSize, outputs: segment * a.head.count)
    autoregression = a.autoregression ? Linear("autoregression", inputs: a.context, outputs: a.horizon) : nil
  }

  package var parts: [ModelFile.Part] {
    ModelFile.parts(embedding) + [.stack(stack)] + ModelFile.parts(position) + (channel.map(ModelFile.parts) ?? [])
      + (ahead.map(ModelFile.parts) ?? []) + ModelFile.parts(output) + (autoregression.map(ModelFile.parts) ?? [])
  }

  package func initial(
    into weights: inout Weights, using random: inout Philox, _ initialization: RecurrentStack.Initialization
  ) throws(RNNError) {
    let range = initialization.range
    try embedding.initial(into: &weights, using: &random, range: range)
    try stack.initial(into: &weights, using: &random, initialization)
    try position.initial(into: &weights, using: &random, range: range)
    try channel?.initial(into: &weights, using: &random, range: range)
    try ahead?.initial(into: &weights, using: &random, range: range)
    try output.initial(into: &weights, using: &random, range: range)
    try autoregression?.initial(into: &weights, using: &random, range: range)
  }

  // MARK: Inputs

  private struct Inputs {
    /// `[before, B, ·]`.
    var segments: Tensor
    /// The context, 0 where it is missing, `[B, context]`.
    var context: Tensor
    var channels: [Int32]
    /// What is known of the steps to come, `[B · after, ·]`.
    var ahead: Tensor
  }

  private func inputs(_ reader: WindowReader, _ windows: [ForecastWindow], _ scalings: [Scaling]) -> Inputs {
    let rows = windows.count, width = embedding.inputs, context = a.context, pad = before * segment - context
    var segments = Tensor(shape: [before, rows, width], writing: { _ in })
    var values = Tensor(shape: [rows, context], writing: { _ in })
    var later = Tensor(shape: [rows * after, segment * aheadCount], writing: { _ in })
    segments.withMutablePointer { to in
      values.withMutablePointer { values in
        later.withMutablePointer { later in
          Threads.blocks(of: rows, size: max(1, Threads.blockSize / (before * width))) { block in
            for row in block {
              let window = windows[row], first = window.origin - context, own = values + row * context
              reader.read(window, from: first, count: context, scalings[row], into: own)
              for s in 0..<before {
                let features = to + (s * rows + row) * width
                for i in 0..<segment {
                  let step = s * segment + i - pad
                  let value = step < 0 ? .nan : own[step]
                  features[i] = value.isNaN ? 0 : value
                  if a.masks { features[segment + i] = value.isNaN ? 1 : 0 }
                  var next = features + segment * (a.masks ? 2 : 1) + i * (pastCount + aheadCount)
                  reader.readPast(window.series, first + step, into: next)
                  next += pastCount
                  reader.readAhead(window.series, first + step, into: next)
                }
              }
              for i in 0..<context where own[i].isNaN { own[i] = 0 }
              for i in 0..<after * segment where aheadCount > 0 {
                reader.readAhead(window.series, window.origin + i, into: later + (row * after * segment + i) * aheadCount)
              }
            }
          }
        }
      }
    }
    return Inputs(segments: segments, context: values, channels: windows.map(reader.channel), ahead: later)
  }

  package var bytesOfAWindow: Double {
    4 * (Double(before) * Double(embedding.inputs) + 2 * Double(a.context) + Double(after * segment) * Double(aheadCount))
  }
  package var stepsOfAWindow: Int { before + after }

  // MARK: Numbers

  private static let outputMask: UInt32 = 1001

  /// `[B, horizon, count]`.
  private func numbers(_ inputs: Inputs, _ weights: TapedWeights, _ run: StackRun, key: DropoutKey?) -> Variable {
    let rows = inputs.channels.count
    let states = run(relu(embedding(Variable(inputs.segments), weights)), nil, 0).states
    let places = (0..<Int32(rows * after)).map { $0 % Int32(after) }
    var x = position(places, shape: [1, rows * after], weights)
    if let channel {
      x = concatenate([x, channel(inputs.channels.flatMap { Array(repeating: $0, count: after) }, shape: [1, rows * after], weights)], axis: 2)
    }
    if let ahead { x = x + ahead(Variable(inputs.ahead), weights).reshaped(x.shape) }
    var y = run(x, repeated(states, times: after, rows: rows), before).output
    if let key, a.dropout > 0 { y = dropout(y, rate: Float(a.dropout), tag: Self.outputMask, key: key) }
    var numbers = a.head.numbers(output(y, weights), shape: [rows, after * segment])
    if after * segment > a.horizon { numbers = numbers.slice(axis: 1, 0..<a.horizon) }
    return autoregression.map { a.head.moved(numbers, by: $0(Variable(inputs.context), weights)) } ?? numbers
  }

  package func numbersAndTargets(
    _ reader: WindowReader, _ windows: [ForecastWindow], horizonOnly: Bool, _ weights: TapedWeights, key: DropoutKey?
  ) -> (numbers: Variable, targets: Tensor) {
    let scalings = windows.map(reader.scalingAboutLast)
    let numbers = numbers(inputs(reader, windows, scalings), weights, run(weights, key), key: key)
    return (numbers, targets(reader, windows, scalings))
  }

  private func targets(_ reader: WindowReader, _ windows: [ForecastWindow], _ scalings: [Scaling]) -> Tensor {
    Tensor(shape: [windows.count, a.horizon], writing: { to in
      for (row, window) in windows.enumerated() {
        reader.read(window, from: window.origin, count: a.horizon, scalings[row], into: to + row * a.horizon)
      }
    })
  }

  package func linearExamples(_ reader: WindowReader, _ windows: [ForecastWindow], _ body: ([Float], [Float]) -> Void) {
    let scalings = windows.map(reader.scalingAboutLast)
    let inputs = inputs(reader, windows, scalings), context = inputs.context.values, targets = targets(reader, windows, scalings).values
    for row in windows.indices {
      let outputs = Array(targets[row * a.horizon..<(row + 1) * a.horizon])
      if outputs.allSatisfy(\.isFinite) { body(Array(context[row * a.context..<(row + 1) * a.context]), outputs) }
    }
  }

  // MARK: Use

  package func bytesOfAForecast(horizon: Int, paths: Int) -> Double { bytesOfAWindow }

  package func windowsAtOnce(horizon: Int, paths: Int) -> Int { 512 }

  package func forecasts(_ reader: WindowReader, _ windows: [ForecastWindow], horizon: Int, _ use: ForecastUse) -> [Forecast] {
    let scalings = windows.map(reader.scalingAboutLast)
    let numbers = numbers(inputs(reader, windows, scalings), use.weights, run(use.packed), key: nil).value
    return windows.indices.map { row in
      let start = row * a.horizon
      return Forecast(levels: use.levels, quantiles: use.quantiles(numbers, start..<start + horizon, scalings[row]))
    }
  }
}
