import RNNTensor
import RNNTraining

/// The numbers of a saved state.
struct SavedNumbers {
  private let file: Safetensors
  private let source: String

  /// - Parameter source: the state's name in messages.
  init(_ file: Safetensors, _ source: String) { (self.file, self.source) = (file, source) }

  /// A text.
  func text(_ key: String) throws(RNNError) -> String {
    guard let text = file.metadata[key] else { throw RNNError(.badData, "\(source): “\(key)” is missing") }
    return text
  }

  /// Any number of 64 bits.
  func word(_ key: String) throws(RNNError) -> UInt64 {
    let text = try text(key)
    guard let word = UInt64(text) else { throw RNNError(.badData, "\(source): “\(key)” is “\(text.prefix(40))”, expected a number") }
    return word
  }

  /// How many there were of something; one more never overflows.
  func count(_ key: String, _ limit: Limit<Int> = Limits.count) throws(RNNError) -> Int {
    let text = try text(key)
    guard let count = Int(text), limit.contains(count) else {
      throw RNNError(.badData, "\(source): “\(key)” is “\(text.prefix(40))”, expected \(limit.description)")
    }
    return count
  }
}
