import Foundation
import RNN

/// Written digits read row by row: 28 steps of 28 pixels, then which digit it was. Of the 10,000 images of MNIST's test part the
/// first 7,000 are for training, the next 1,000 for choosing, the last 2,000 for the figure at the end.
struct Digits: LongSpanTask {
  let updates: Int
  let learningRate = 3e-3
  private let rows = 100
  private let images: Images
  private let stack: RecurrentStack
  private let dropout = Dropout(0.3, tag: 100)
  private let output: Linear
  private let training = 0..<7000, validation = 7000..<8000, test = 8000..<10_000

  init(cell: Cell) throws {
    images = try Images()
    updates = 25 * training.count / rows
    stack = try RecurrentStack("rnn", cell: cell, inputs: Images.side, hidden: 128, bidirectional: .concatenate)
    output = Linear("output", inputs: stack.outputSize, outputs: 10)
  }

  func initialWeights(using random: inout Philox) throws -> Weights {
    var weights = Weights()
    try stack.initial(into: &weights, using: &random, .init(forgetBias: 1, orthogonal: true))
    try output.initial(into: &weights, using: &random)
    return weights
  }

  /// Logits `[B, 10]`: the largest that each unit of both directions was over the rows of the image.
  private func answers(_ images: Tensor, _ weights: TapedWeights, _ key: DropoutKey? = nil) -> Variable {
    let states = stack(Variable(images), weights).output
    return output(dropout(stack.pool(states, .max), key), weights)
  }

  /// Each image moved by up to two pixels.
  func loss(_ weights: TapedWeights, using random: inout Philox) -> Variable {
    let chosen = (0..<rows).map { _ in Int.random(in: training, using: &random) }
    let moves = chosen.map { _ in (Int.random(in: -2...2, using: &random), Int.random(in: -2...2, using: &random)) }
    let key = DropoutKey(seed: random.next(), step: 0)
    let logits = answers(images.pixels(chosen, moved: moves), weights, key)
    return Losses.crossEntropy(logits, chosen.map { images.labels[$0] }).mean
  }

  func measure(_ weights: TapedWeights, isEnd: Bool, using random: inout Philox) -> Measurement {
    let part = Array(isEnd ? test : validation)
    let logits = answers(images.pixels(part), weights).value
    let accuracy = Double(countRight(logits, part.map { images.labels[$0] })) / Double(part.count)
    return Measurement(
      description: "\(percent(accuracy)) of the \(part.count) digits \(isEnd ? "for testing" : "for validation") right, by chance 10%", isSolved: accuracy >= 0.97)
  }
}

/// The images of `img-mnist10k` in the folder `RNN_DATA`, in MNIST's own format: big-endian numbers, then bytes.
struct Images {
  static let side = 28
  static let count = 10_000
  let labels: [Int32]
  private let bytes: [UInt8]

  init() throws(RNNError) {
    guard let folder = ProcessInfo.processInfo.environment["RNN_DATA"] else {
      throw RNNError(.noInput, "RNN_DATA is not set: expected was a folder with img-mnist10k/t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte")
    }
    func read(_ name: String, header: [Int]) throws(RNNError) -> [UInt8] {
      let path = "\(folder)/img-mnist10k/\(name)"
      let bytes = try Files.read(path, limit: 1 << 24)
      let expected = header.flatMap { number in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) } }
      let size = header.dropFirst().reduce(1, *)
      guard bytes.starts(with: expected), bytes.count == expected.count + size else {
        throw RNNError(.badData, "\(path) has \(bytes.count) bytes and begins with \(bytes.prefix(expected.count)); expected were \(expected.count + size) and \(expected)")
      }
      return Array(bytes.dropFirst(expected.count))
    }
    bytes = try read("t10k-images-idx3-ubyte", header: [2051, Self.count, Self.side, Self.side])
    labels = try read("t10k-labels-idx1-ubyte", header: [2049, Self.count]).map(Int32.init)
    guard labels.allSatisfy({ $0 < 10 }) else { throw RNNError(.badData, "the labels of img-mnist10k are not all from 0 to 9") }
  }

  /// `[28, B, 28]`, row by row, from 0 to 1, each moved down and to the right by so much.
  func pixels(_ chosen: [Int], moved moves: [(down: Int, right: Int)]? = nil) -> Tensor {
    let side = Self.side
    return Tensor(shape: [side, chosen.count, side]) { values in
      for (b, image) in chosen.enumerated() {
        let (down, right) = moves?[b] ?? (0, 0)
        for y in 0..<side {
          for x in 0..<side {
            let isInside = 0..<side ~= y - down && 0..<side ~= x - right
            values[(y * chosen.count + b) * side + x] = isInside ? Float(bytes[(image * side + y - down) * side + x - right]) / 255 : 0
          }
        }
      }
    }
  }
}
