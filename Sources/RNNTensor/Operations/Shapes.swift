/// A shape seen from one axis: `outer` blocks of `length` rows of `inner` numbers.
struct Cut {
  let outer: Int
  let length: Int
  let inner: Int
  private let before: [Int]
  private let after: [Int]

  init(_ shape: [Int], axis: Int) {
    precondition(shape.indices.contains(axis), "the shape \(shape) has no axis \(axis)")
    before = Array(shape[..<axis])
    after = Array(shape[(axis + 1)...])
    outer = before.reduce(1, *)
    length = shape[axis]
    inner = after.reduce(1, *)
  }

  /// The shape with another length of the axis, or without the axis.
  func shape(_ length: Int?) -> [Int] { before + (length.map { [$0] } ?? []) + after }
}

extension Variable {
  /// The same numbers in another shape of the same count.
  public func reshaped(_ shape: [Int]) -> Variable {
    Tape.record(inputs: [self], output: value.reshaped(shape)) { [old = self.shape] gradient, _ in
      [gradient.reshaped(old)]
    }
  }

  /// Two axes exchanged: by default the first two, which transposes a matrix.
  public func transposed(_ first: Int = 0, _ second: Int = 1) -> Variable {
    Tape.record(inputs: [self], output: value.transposed(first, second)) { gradient, _ in [gradient.transposed(first, second)] }
  }

  /// The part of an axis from `range`; the other axes whole.
  public func slice(axis: Int, _ range: Range<Int>) -> Variable {
    let cut = Cut(shape, axis: axis)
    precondition(
      range.lowerBound >= 0 && range.upperBound <= cut.length, "\(range) is outside the axis \(axis) of \(shape)")
    return Tape.record(inputs: [self], output: value.slice(cut, range)) { gradient, _ in
      let parts = [(range.lowerBound, nil), (range.count, gradient), (cut.length - range.upperBound, nil)]
      return [Tensor(parts: parts, cut)]
    }
  }

  /// Cuts an axis into parts of the given lengths, which add up to it.
  public func split(axis: Int, _ lengths: [Int]) -> [Variable] {
    let cut = Cut(shape, axis: axis)
    precondition(lengths.reduce(0, +) == cut.length, "\(lengths) don't add up to the axis \(axis) of \(shape)")
    var start = 0
    let parts = lengths.map { length in
      defer { start += length }
      return value.slice(cut, start..<start + length)
    }
    return Tape.record(inputs: [self], outputs: parts) { gradients, _ in
      [Tensor(parts: Array(zip(lengths, gradients)), cut)]
    }
  }
}

/// Tensors one after another along an axis; their other axes are equal.
public func concatenate(_ parts: [Variable], axis: Int) -> Variable {
  precondition(!parts.isEmpty, "there is nothing to concatenate")
  let cuts = parts.map { Cut($0.shape, axis: axis) }
  precondition(
    cuts.allSatisfy { $0.shape(nil) == cuts[0].shape(nil) },
    "the shapes \(parts.map(\.shape)) don't go together along the axis \(axis)")
  let lengths = cuts.map(\.length)
  let whole = Cut(cuts[0].shape(lengths.reduce(0, +)), axis: axis)
  return Tape.record(
    inputs: parts, output: Tensor(parts: zip(lengths, parts).map { ($0, $1.value) }, whole)
  ) { gradient, needs in
    var start = 0
    return zip(lengths, needs).map { length, isNeeded in
      defer { start += length }
      return isNeeded ? gradient.slice(whole, start..<start + length) : nil
    }
  }
}

extension Tensor {
  func transposed(_ first: Int, _ second: Int) -> Tensor {
    precondition(
      shape.indices.contains(first) && shape.indices.contains(second), "the shape \(shape) has no two axes \(first) and \(second) to exchange")
    let (a, b) = (min(first, second), max(first, second))
    if a == b { return self }
    let after = Cut(shape, axis: b), before = Cut(Array(shape[..<b]), axis: a)
    // [outer, n, middle, m, inner] becomes [outer, m, middle, n, inner].
    let (n, middle, m, inner) = (before.length, before.inner, after.length, after.inner)
    var result = shape
    result.swapAt(a, b)
    return Tensor(shape: result, writing: { z in
      withPointer { x in
        Threads.blocks(of: before.outer * m, size: Threads.blockSize / Swift.max(middle * n * inner, 1)) { block in
          for place in block {
            let (o, j) = (place / m, place % m)
            for k in 0..<middle {
              for i in 0..<n { (z + ((place * middle + k) * n + i) * inner).update(from: x + (((o * n + i) * middle + k) * m + j) * inner, count: inner) }
            }
          }
        }
      }
    })
  }

  func slice(_ cut: Cut, _ range: Range<Int>) -> Tensor {
    let n = range.count * cut.inner
    return Tensor(shape: cut.shape(range.count), writing: { z in
      withPointer { x in
        Threads.blocks(of: cut.outer, size: Threads.blockSize * 4 / max(n, 1)) { block in
          for i in block { (z + i * n).update(from: x + (i * cut.length + range.lowerBound) * cut.inner, count: n) }
        }
      }
    })
  }

  /// Parts one after another along an axis, by their lengths; `nil` stands for zeros.
  init(parts: [(Int, Tensor?)], _ cut: Cut) {
    self.init(shape: cut.shape(cut.length), writing: { z in
      var start = 0
      for (length, part) in parts {
        let n = length * cut.inner, first = start
        Threads.blocks(of: cut.outer, size: Threads.blockSize * 4 / max(n, 1)) { block in
          for i in block {
            let to = z + i * cut.length * cut.inner + first
            if let part {
              part.withPointer { to.update(from: $0 + i * n, count: n) }
            } else {
              to.update(repeating: 0, count: n)
            }
          }
        }
        start += n
      }
    })
  }
}
