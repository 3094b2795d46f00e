import RNNCells
import RNNData
import RNNLayers
public import RNNTensor

extension Translator {
  /// The model made ready to translate: its parameters packed once, shared by any number of searches at once.
  public struct Packed: Sendable {
    public let model: Translator
    let encoder: [CellEngine.Packed]
    let decoder: [CellEngine.Packed]
    let combine: PackedMatrix
    let query: PackedMatrix?
    let output: PackedMatrix

    public init(_ model: Translator) throws(RNNError) {
      self.model = model
      encoder = try model.encoder.pack(model.weights)
      decoder = try model.decoder.stack.pack(model.weights)
      func tensor(_ name: String) throws(RNNError) -> Tensor {
        guard let tensor = model.weights[name] else { throw RNNError(.badData, "the tensor \(name) is missing") }
        return tensor
      }
      combine = PackedMatrix(try tensor(model.decoder.combine.weightName))
      query = try model.decoder.attention.queryWeightName.map { name throws(RNNError) in PackedMatrix(try tensor(name)) }
      output = PackedMatrix(try tensor(model.outputWeightName), try tensor(model.output.biasName))
    }

    /// Translations of sentences in the making, before their first tokens.
    ///
    /// - Parameters:
    ///   - sentences: their tokens.
    ///   - each: how many translations of each sentence there may be at once.
    func rows(_ sentences: [[Int32]], each: Int) -> TranslationRows { TranslationRows(self, sentences, each: each) }
  }
}
