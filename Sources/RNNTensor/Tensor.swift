/// A dense, row-major array of `Float` with a shape; a value that copies its numbers only when it is written while shared.
///
/// Sequences are time-major: `[T, B, ·]` is time, batch row, unit.
public struct Tensor: Sendable {
  /// The length of each axis. The empty shape is a single number.
  public private(set) var shape: [Int]
  private var storage: Storage

  /// The numbers behind a tensor: aligned to a cache line so that kernels load whole vectors.
  private final class Storage: @unchecked Sendable {
    // Safe to share: written only through `withUnsafeMutableBufferPointer`, which first makes it unique.
    let values: UnsafeMutableBufferPointer<Float>
    /// Whose memory it is, if not its own: then it is never written.
    let owner: AnyObject?

    init(uninitialized count: Int) {
      values = UnsafeMutableBufferPointer(start: Memory.take(count), count: count)
      owner = nil
    }

    init(_ values: UnsafeMutableBufferPointer<Float>, of owner: AnyObject) {
      self.values = values
      self.owner = owner
    }

    deinit { if owner == nil, let base = values.baseAddress { Memory.giveBack(base, values.count) } }
  }

  /// A tensor whose numbers are set by `body`, which must write all of them.
  public init(shape: [Int], initializingWith body: (UnsafeMutableBufferPointer<Float>) throws -> Void) rethrows {
    precondition(shape.allSatisfy { $0 >= 0 }, "a tensor's shape can't be negative: \(shape)")
    self.shape = shape
    storage = Storage(uninitialized: shape.reduce(1, *))
    try body(storage.values)
  }

  /// A tensor of numbers that stand in memory of `owner` and never change; the first write to it makes a copy.
  package init(shape: [Int], at base: UnsafeMutablePointer<Float>, of owner: AnyObject) {
    self.shape = shape
    storage = Storage(UnsafeMutableBufferPointer(start: base, count: shape.reduce(1, *)), of: owner)
  }

  public init(repeating value: Float, shape: [Int]) {
    self.init(shape: shape) { values in
      // Large ones are the business of all threads.
      Threads.blocks(of: values.count, size: 1 << 18) { values.extracting($0).update(repeating: value) }
    }
  }

  public init(zeros shape: [Int]) { self.init(repeating: 0, shape: shape) }

  public init(_ values: some Collection<Float>, shape: [Int]) {
    precondition(values.count == shape.reduce(1, *), "\(values.count) numbers don't fill the shape \(shape)")
    self.init(shape: shape) { _ = $0.update(fromContentsOf: values) }
  }

  public init(_ value: Float) { self.init([value], shape: []) }

  /// The number of numbers.
  public var count: Int { storage.values.count }

  /// All numbers, row-major.
  public var values: [Float] { Array(storage.values) }

  /// The only number of a tensor that has one.
  public var item: Float {
    precondition(count == 1, "item is for a tensor of one number, not of shape \(shape)")
    return storage.values[0]
  }

  /// The same numbers in another shape of the same count.
  public func reshaped(_ shape: [Int]) -> Tensor {
    precondition(shape.reduce(1, *) == count, "\(self.shape) can't be seen as \(shape)")
    var result = self
    result.shape = shape
    return result
  }

  /// The rows of the first axis in `range`, which share this tensor's numbers until one of the two is written.
  package func rows(_ range: Range<Int>) -> Tensor {
    precondition(!shape.isEmpty && range.lowerBound >= 0 && range.upperBound <= shape[0], "rows \(range) are outside the shape \(shape)")
    let row = shape.dropFirst().reduce(1, *)
    guard let base = storage.values.baseAddress else { return Tensor(zeros: [range.count] + shape.dropFirst()) }
    return Tensor(shape: [range.count] + shape.dropFirst(), at: base + range.lowerBound * row, of: storage)
  }

  public func withUnsafeBufferPointer<R, E>(_ body: (UnsafeBufferPointer<Float>) throws(E) -> R) throws(E) -> R {
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeBufferPointer(storage.values))
  }

  public mutating func withUnsafeMutableBufferPointer<R, E>(
    _ body: (UnsafeMutableBufferPointer<Float>) throws(E) -> R
  ) throws(E) -> R {
    if !isUniquelyOwned() {
      let copy = Storage(uninitialized: count)
      _ = copy.values.update(fromContentsOf: storage.values)
      storage = copy
    }
    defer { withExtendedLifetime(storage) {} }
    return try body(storage.values)
  }

  /// Whether no other tensor shares the numbers, so that they can be written without a copy.
  package mutating func isUniquelyOwned() -> Bool { isKnownUniquelyReferenced(&storage) && storage.owner == nil }

  public subscript(_ indices: Int...) -> Float {
    get { storage.values[offset(indices)] }
    set {
      let i = offset(indices)
      withUnsafeMutableBufferPointer { $0[i] = newValue }
    }
  }

  private func offset(_ indices: [Int]) -> Int {
    precondition(indices.count == shape.count, "\(indices.count) indices for the shape \(shape)")
    var result = 0
    for (i, n) in zip(indices, shape) {
      precondition(i >= 0 && i < n, "index \(indices) is outside the shape \(shape)")
      result = result * n + i
    }
    return result
  }
}

extension Tensor: Equatable {
  /// Equal shapes and equal bits (so that a NaN equals itself, and 0 is not −0).
  public static func == (a: Tensor, b: Tensor) -> Bool {
    a.shape == b.shape
      && (a.storage === b.storage
        || zip(a.storage.values, b.storage.values).allSatisfy { $0.bitPattern == $1.bitPattern })
  }
}

extension Tensor: CustomStringConvertible {
  public var description: String {
    let head = storage.values.prefix(8).map(\.description).joined(separator: ", ")
    return "Tensor\(shape) [\(head)\(count > 8 ? ", …" : "")]"
  }
}
