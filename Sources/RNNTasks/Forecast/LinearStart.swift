import RNNTensor

extension ForecastModel {
  /// Begins the linear function of the inputs at the least squared errors, and the head with the deviation that is left: training
  /// starts from a linear autoregression.
  mutating func startLinear(_ reader: WindowReader, _ windows: WindowList, seed: UInt64) {
    guard let layer = network.autoregression else { return }
    var random = Philox(seed: seed, stream: 0x6C69_6E65_6172)
    // A recurrent model has an example in each step of a window.
    let perWindow = layer.outputs == architecture.horizon ? 1 : architecture.horizon
    // Of many inputs it would take longer than training; then it begins as it is drawn.
    guard LeastSquares.operations(inputs: layer.inputs, outputs: layer.outputs, examples: ForecastDefaults.linearExamples) < 1e12 else { return }
    let chosen = windows.draw(max(ForecastDefaults.linearExamples / perWindow, 1), using: &random)
    func forEachExample(_ body: ([Float], [Float]) -> Void) {
      for start in stride(from: 0, to: chosen.count, by: 256) {
        network.linearExamples(reader, chosen[start..<min(start + 256, chosen.count)].map { windows[$0] }, body)
      }
    }
    var squares = LeastSquares(inputs: layer.inputs, outputs: layer.outputs)
    forEachExample { squares.add($0.map(Double.init), $1.map(Double.init)) }
    guard squares.count > 0 else { return }
    let solution = squares.solution(ridge: ForecastDefaults.ridge)
    let matrix = Tensor(solution.flatMap { $0.weights.map { Float($0) } }, shape: [layer.outputs, layer.inputs])
    let constants = Tensor(solution.map { Float($0.constant) }, shape: [layer.outputs])
    weights[layer.weightName] = matrix
    weights[layer.biasName] = constants

    var errors = 0.0, count = 0
    forEachExample { inputs, outputs in
      let found = linear(Variable(Tensor(inputs, shape: [1, layer.inputs])), Variable(matrix), Variable(constants)).value.values
      for (a, b) in zip(found, outputs) { (errors, count) = (errors + Double(a - b) * Double(a - b), count + 1) }
    }
    let start = architecture.head.numbers(deviation: (errors / Double(max(count, 1))).squareRoot())
    for (name, isBias) in [("output.weight", false), ("output.bias", true)] {
      guard let own = weights[name] else { continue }
      let drawn = own.scaled(by: 0.1).values
      weights[name] = Tensor(isBias ? drawn.indices.map { drawn[$0] + start[$0 % start.count] } : drawn, shape: own.shape)
    }
  }
}
