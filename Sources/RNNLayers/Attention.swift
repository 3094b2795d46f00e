public import RNNTensor

/// Attention from one sequence to another: how a decoder looks at what an encoder made of the source.
///
/// Its parameters, none of which has a bias: `name.key.weight` (general, additive), `name.query.weight` and
/// `name.score.weight` `[1, units]` (additive).
public struct Attention: Sendable, Hashable {
  /// How well a decoder's state s and a step h of the source go together.
  public enum Score: String, Sendable, Hashable, Codable, CaseIterable {
    /// v · tanh(W s + U h) (Bahdanau, Cho & Bengio 2015)
    case additive
    /// s · h: both have as many units (Luong, Pham & Manning 2015)
    case dot
    /// s · W h (Luong, Pham & Manning 2015)
    case general
  }

  public let name: String
  public let score: Score
  /// The units of a decoder's state and of the source's steps.
  public let queries: Int
  public let values: Int
  /// The units of keys: what is compared.
  public let units: Int

  /// Throws `.usage` for dot products of vectors that differ in their units.
  ///
  /// - Parameter units: of additive scores; by default those of the queries.
  public init(_ name: String, _ score: Score, queries: Int, values: Int, units: Int? = nil) throws(RNNError) {
    guard score != .dot || queries == values else {
      throw RNNError(
        .usage, "attention by dot products needs as many units in the encoder's outputs as in the decoder's; found \(values) and \(queries)")
    }
    self.name = name
    self.score = score
    self.queries = queries
    self.values = values
    self.units = score == .additive ? units ?? queries : queries
  }

  /// U or W of the source's steps.
  var key: Linear? { score == .dot ? nil : Linear(name + ".key", inputs: values, outputs: units, bias: false) }
  /// W of the decoder's state.
  var query: Linear? { score == .additive ? Linear(name + ".query", inputs: queries, outputs: units, bias: false) : nil }
  /// v
  var vector: Linear? { score == .additive ? Linear(name + ".score", inputs: units, outputs: 1, bias: false) : nil }

  /// The name of W of the decoder's state, if the score has one.
  public var queryWeightName: String? { query?.weightName }

  /// v, if the score has one: `[units]`.
  package func vector(of weights: Weights) -> Tensor? { vector.flatMap { weights[$0.weightName]?.reshaped([units]) } }

  public var parameterNames: [String] { [key, query, vector].compactMap { $0?.weightName } }

  /// Adds the layer's parameters, drawn as those of linear layers.
  ///
  /// Throws `.usage` if there is a layer of that name already.
  public func initial(into weights: inout Weights, using random: inout Philox, range: Float? = nil) throws(RNNError) {
    for layer in [key, query, vector] { try layer?.initial(into: &weights, using: &random, range: range) }
  }

  /// The shape of a parameter.
  public func shape(of parameter: String) -> [Int]? {
    [key, query, vector].compactMap(\.self).first { $0.weightName == parameter }.map { [$0.outputs, $0.inputs] }
  }

  /// What queries are compared with, made once of a source `[S, B, values]`: `[S, B, units]`.
  public func keys(_ source: Variable, _ weights: TapedWeights) -> Variable { key?(source, weights) ?? source }

  /// The contexts `[T, B, values]` of queries `[T, B, queries]`, and the weights `[T, B, S]` of the source's steps.
  ///
  /// - Parameters:
  ///   - keys: what ``keys(_:_:)`` made of the source.
  ///   - source: `[S, B, values]`.
  ///   - lengths: the steps of the source that each row has; nil: S each. What stands behind is never read.
  public func callAsFunction(
    _ queries: Variable, keys: Variable, source: Variable, lengths: [Int]? = nil, _ weights: TapedWeights
  ) -> (context: Variable, weights: Tensor) {
    attend(
      query?(queries, weights) ?? queries, keys: keys, values: source,
      vector: vector.map { weights[$0.weightName].reshaped([units]) }, lengths: lengths)
  }
}
