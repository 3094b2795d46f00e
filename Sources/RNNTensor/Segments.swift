/// How a long sequence is cut into segments, each a ``checkpoint(_:_:_:)``, so that its training needs less memory: of a
/// segment at a time everything is kept, of the others only the states before them.
public struct Segments: Sendable, Hashable {
  /// The most steps of a segment, at each level from the outermost: a sequence that is longer is cut into even segments no
  /// longer than the first length, these into segments no longer than the second, and so on. Every level costs one more
  /// forward run and saves states. Empty: nothing is cut.
  public var lengths: [Int]

  public init(_ lengths: [Int] = []) {
    precondition(lengths.allSatisfy { $0 > 0 }, "a segment has at least one step; the lengths were \(lengths)")
    self.lengths = lengths
  }

  /// The segments of a level, as even as they can be, the longer ones last: they are the first on the way back, and the
  /// shorter ones find their memory.
  static func cut(_ steps: Range<Int>, _ length: Int) -> [Range<Int>] {
    let count = max(1, (steps.count + length - 1) / length)
    let (shorter, longer) = (steps.count / count, steps.count % count)
    var start = steps.lowerBound
    return (0..<count).map { i in
      defer { start += shorter + (i < count - longer ? 0 : 1) }
      return start..<start + shorter + (i < count - longer ? 0 : 1)
    }
  }

  // MARK: Memory

  /// The longest segments with which a sequence is trained in so many bytes; nil if there are none.
  ///
  /// - Parameters:
  ///   - steps: those of the whole sequence.
  ///   - bytes: what there is for segments and states.
  ///   - step: the bytes that a step of a segment takes while the segment is trained.
  ///   - states: the bytes that are kept for each segment that waits for its way back.
  public init?(steps: Int, within bytes: Int, step: Int, states: Int) {
    // Another level costs a forward run; segments of a few steps cost more.
    for shortest in [Self.shortest, 1] {
      for levels in 0...Self.mostLevels {
        guard let lengths = Self.fitting(steps, levels: levels, bytes: bytes, step: step, states: states) else { continue }
        if lengths.last ?? steps >= min(shortest, steps) {
          self.init(lengths)
          return
        }
      }
    }
    return nil
  }

  /// The bytes that a sequence in these segments takes at most.
  public func bytes(steps: Int, step: Int, states: Int) -> Int {
    guard let length = lengths.first else { return steps * step }
    let parts = Self.cut(0..<steps, length)
    let longest = parts.last?.count ?? 0
    return (parts.count - 1) * states + Segments(Array(lengths.dropFirst())).bytes(steps: longest, step: step, states: states)
  }

  /// The fewest bytes with which a sequence of so many steps can be trained.
  public static func leastBytes(steps: Int, step: Int, states: Int) -> Int {
    var (tooFew, enough) = (0, steps * step)
    while tooFew + 1 < enough {
      let bytes = (tooFew + enough) / 2
      let fits = (0...mostLevels).contains { fitting(steps, levels: $0, bytes: bytes, step: step, states: states) != nil }
      if fits { enough = bytes } else { tooFew = bytes }
    }
    return enough
  }

  private static let shortest = 32
  private static let mostLevels = 4

  private static func fitting(_ steps: Int, levels: Int, bytes: Int, step: Int, states: Int) -> [Int]? {
    if levels == 0 { return steps <= bytes / max(step, 1) ? [] : nil }
    // Shorter segments leave more states to keep: the first length that fits is the longest.
    var length = min(steps, bytes / max(step, 1))
    while length >= 1 {
      let branches = branches((steps + length - 1) / length, levels: levels)
      let left = (bytes - levels * branches * states) / max(step, 1)
      if left >= length {
        return (0..<levels).reversed().map { level in (0..<level).reduce(length) { length, _ in length * branches } }
      }
      length = min(length - 1, left)
    }
    return nil
  }

  /// Into how many parts each level is cut, for so many segments in the end.
  private static func branches(_ count: Int, levels: Int) -> Int {
    if levels == 1 { return count }
    var branches = 1
    while (0..<levels).reduce(1, { power, _ in power * branches }) < count { branches += 1 }
    return branches
  }
}
