public import RNNTensor

/// Reads the tokens of a text at several places in turn. The blocks around each place are kept until other places need the room.
public struct TokenReader: Sendable {
  private let text: TokenizedText
  private let capacity: Int
  // The blocks that are kept: their numbers, their tokens, and when each was used last.
  private var numbers: [Int] = []
  private var blocks: [[Int32]] = []
  private var uses: [Int] = []
  private var clock = 0

  /// - Parameter places: how many places are read in turn.
  public init(_ text: TokenizedText, places: Int) {
    self.text = text
    // A place may be at the end of one block and the beginning of the next.
    capacity = 2 * places
  }

  /// Calls `body` with the tokens of a range, piece by piece.
  ///
  /// - Throws: as for reading a file, where there is one.
  public mutating func read(_ range: Range<Int>, _ body: (ArraySlice<Int32>) -> Void) throws(RNNError) {
    precondition(range.lowerBound >= 0 && range.upperBound <= text.count, "\(range) is not all in a text of \(text.count) tokens")
    let size = text.blockSize
    var next = range.lowerBound
    while next < range.upperBound {
      let number = next / size, begin = next - number * size
      let end = min(range.upperBound - number * size, size)
      body(try block(number)[begin..<end])
      next = number * size + end
    }
  }

  private mutating func block(_ number: Int) throws(RNNError) -> [Int32] {
    clock += 1
    if let place = numbers.firstIndex(of: number) {
      uses[place] = clock
      return blocks[place]
    }
    let block = try text.block(number)
    if numbers.count < capacity {
      numbers.append(number)
      blocks.append(block)
      uses.append(clock)
    } else if let place = uses.indices.min(by: { uses[$0] < uses[$1] }) {
      (numbers[place], blocks[place], uses[place]) = (number, block, clock)
    }
    return block
  }
}
