public import RNNTensor

extension Cell {
  /// The cells that are known by name. A line here buys every generic test.
  public static let builtIn: [Cell] = [
    .rnn, .rnnReLU, .lstm, .lstmPeephole, .lstmProjection, .lstmLayerNorm, .gru, .gruResetBefore, .mgu,
  ]

  /// The built-in cell of that name. Throws `.usage` with the known names.
  public static func named(_ name: String) throws(RNNError) -> Cell {
    if let cell = builtIn.first(where: { $0.name == name }) { return cell }
    throw RNNError(
      .usage, "there is no cell “\(name)”; known are \(builtIn.map(\.name).joined(separator: ", ")), or give equations such as 'h = tanh(Wxh x + Whh h + bh)'")
  }
}
