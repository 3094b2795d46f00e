public import RNNTensor

extension Cell {
  /// The cells that are known by name. A line here buys every generic test.
  public static let builtIn: [Cell] = [
    .rnn, .rnnReLU, .lstm, .lstmPeephole, .lstmProjection, .lstmLayerNorm, .gru, .gruResetBefore, .mgu,
  ]

  /// Other names that built-in cells have.
  private static let aliases = [
    "elman": "rnn", "vanilla": "rnn", "vanilla-rnn": "rnn", "simple": "rnn", "simple-rnn": "rnn", "simplernn": "rnn", "rnn-tanh": "rnn",
  ]

  /// The built-in cell of that name, however its letters are written: `lstm`, `LSTM`, `LSTM_peephole`; `elman`, `vanilla` and
  /// `simple` are `rnn`. Throws `.usage` with the known names.
  public static func named(_ name: String) throws(RNNError) -> Cell {
    let plain = String(name.lowercased().map { $0 == "_" || $0 == " " ? "-" : $0 })
    let known = aliases[plain] ?? plain
    if let cell = builtIn.first(where: { $0.name == known }) { return cell }
    let near = EquationNames.suggestion(for: plain, among: builtIn.map(\.name) + aliases.keys.sorted())
    throw RNNError(.usage, """
      there is no cell “\(name)”;\(near.map { " did you mean \($0)?" } ?? "") known are \(builtIn.map(\.name).joined(separator: ", ")), \
      or give equations such as 'h = tanh(Wxh x + Whh h + bh)'
      """)
  }
}
