import CRNNKernels

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A counter-based random number generator: Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011).
///
/// Its whole state is three numbers, so it can be saved, compared and moved to any place in its sequence at once.
public struct Philox: RandomNumberGenerator, Sendable, Hashable, Codable {
  public let seed: UInt64
  /// Streams of one seed are independent: one for each use.
  public let stream: UInt64
  /// How many numbers of 64 bits were drawn (or skipped).
  public private(set) var position: UInt64

  public init(seed: UInt64, stream: UInt64 = 0, position: UInt64 = 0) {
    self.seed = seed
    self.stream = stream
    self.position = position
  }

  public mutating func next() -> UInt64 {
    let words = block(position / 2)
    let result =
      position % 2 == 0 ? UInt64(words.1) << 32 | UInt64(words.0) : UInt64(words.3) << 32 | UInt64(words.2)
    // After the last number comes the first again.
    position &+= 1
    return result
  }

  /// Moves on by `count` numbers of 64 bits without drawing them.
  public mutating func skip(_ count: UInt64) { position &+= count }

  /// A number of [0, 1) with 53 random bits.
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A number of the normal distribution with mean 0 and deviation 1 (Box & Muller 1958, the cosine).
  /// Takes two numbers of 64 bits.
  public mutating func normal() -> Double {
    let u = 1 - uniform()  // never 0, whose logarithm is infinite
    let v = uniform()
    return (-2 * log(u)).squareRoot() * cos(2 * Double.pi * v)
  }

  /// The four words of one place of the sequence.
  private func block(_ index: UInt64) -> (UInt32, UInt32, UInt32, UInt32) {
    // Dropout's masks take `seed` itself for their key; another key keeps draws and masks apart.
    let key = seed ^ 0x9E37_79B9_7F4A_7C15
    var result: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
    var counter = (
      UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32),
      UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32)
    )
    withUnsafeBytes(of: &counter) { counter in
      withUnsafeMutableBytes(of: &result) { result in
        if let from = counter.assumingMemoryBound(to: UInt32.self).baseAddress,
          let to = result.assumingMemoryBound(to: UInt32.self).baseAddress
        {
          rnn_philox(key, from, to)
        }
      }
    }
    return result
  }
}

extension Tensor {
  /// Numbers drawn uniformly from [low, high), row by row.
  public init(uniform range: Range<Float>, shape: [Int], using random: inout Philox) {
    let low = Double(range.lowerBound)
    let width = Double(range.upperBound) - low
    self.init(shape: shape) { values in
      for i in values.indices {
        // Rounding to Float may reach the upper bound, which doesn't belong to the range.
        values[i] = min(Float(low + width * random.uniform()), range.upperBound.nextDown)
      }
    }
  }

  /// Numbers drawn from the normal distribution, row by row.
  public init(normalMean mean: Float = 0, deviation: Float = 1, shape: [Int], using random: inout Philox) {
    self.init(shape: shape) { values in
      for i in values.indices { values[i] = Float(Double(mean) + Double(deviation) * random.normal()) }
    }
  }
}
