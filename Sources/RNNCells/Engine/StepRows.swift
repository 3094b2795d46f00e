import CRNNKernels
import RNNTensor

/// Which rows of a batch a run computes at each step, and where they lie in its memory.
///
/// Where all sequences have one length, these are the batch's own rows, `[T, B, ·]`. Where they have different lengths, the
/// rows are sorted by falling length and those that have ended are left out: step t has the first `count(at: t)` rows, and
/// the rows of all steps follow one another. So no step waits for a row that has nothing to do, and no row of padding exists.
package final class StepRows: @unchecked Sendable {
  // Safe to share: nothing is written after init.

  /// The caller's shape: `[times, batch, ·]`.
  package let times: Int
  package let batch: Int
  /// The steps of the longest row.
  package let steps: Int
  /// The rows of the first step: those that have any.
  package let first: Int
  /// The rows of all steps.
  package let total: Int
  /// Whether rows are the caller's as they are; nothing below is needed then.
  let isDense: Bool

  /// The number of rows before each step, up to the number of steps; [−1]: −`first`, for the states before the first step.
  private let starts: UnsafeMutablePointer<Int32>
  /// The caller's row of each row.
  let order: UnsafeMutablePointer<UInt32>
  /// The caller's row, of `times · batch`, of each row of all steps.
  private let places: UnsafeMutablePointer<Int32>
  /// The caller's lengths.
  private let lengths: [Int]

  /// - Parameters:
  ///   - lengths: the steps of each of the caller's rows; nil: `times` each.
  ///   - reversed: each row begins at its own end.
  package init(times: Int, batch: Int, lengths: [Int]?, reversed: Bool = false) {
    precondition(lengths.map { $0.count == batch } ?? true, "there are \(lengths?.count ?? 0) lengths for \(batch) rows")
    precondition(
      lengths?.allSatisfy { $0 >= 0 && $0 <= times } ?? true,
      "a length is from 0 to the \(times) steps that there are; found \(lengths ?? [])")
    precondition(times * batch <= Int(Int32.max), "\(times) steps of \(batch) rows are too many for one run")
    self.times = times
    self.batch = batch
    isDense = !reversed && lengths?.allSatisfy { $0 == times } ?? true
    if isDense {
      // Nothing is allocated: a step of a small cell takes less than a microsecond.
      (steps, first, total) = (times, batch, times * batch)
      (starts, order, places, self.lengths) = (Self.none.signed, Self.none.unsigned, Self.none.signed, [])
      return
    }
    let own = lengths ?? Array(repeating: times, count: batch)
    self.lengths = own
    // Rows of one length keep their order, so that sums over rows have one order however long the padding is.
    let sorted = own.indices.filter { own[$0] > 0 }.sorted { own[$0] != own[$1] ? own[$0] > own[$1] : $0 < $1 }
    steps = own.max() ?? 0
    first = sorted.count
    total = own.reduce(0, +)
    starts = .allocate(capacity: steps + 2) + 1
    order = .allocate(capacity: max(first, 1))
    places = .allocate(capacity: max(total, 1))
    for (r, row) in sorted.enumerated() { order[r] = UInt32(row) }
    starts[-1] = -Int32(first)
    var next = 0, count = first
    for t in 0..<steps {
      starts[t] = Int32(next)
      while own[sorted[count - 1]] <= t { count -= 1 }
      for row in sorted[..<count] {
        places[next] = Int32((reversed ? own[row] - 1 - t : t) * batch + row)
        next += 1
      }
    }
    starts[steps] = Int32(next)
  }

  /// What is never read.
  private static nonisolated(unsafe) let none = (
    signed: UnsafeMutablePointer<Int32>.allocate(capacity: 1), unsigned: UnsafeMutablePointer<UInt32>.allocate(capacity: 1))

  deinit {
    if isDense { return }
    (starts - 1).deallocate()
    order.deallocate()
    places.deallocate()
  }

  // MARK: Rows

  /// The number of rows before step `t`.
  package func start(_ t: Int) -> Int { isDense ? t * batch : Int(starts[t]) }

  package func count(at t: Int) -> Int { start(t + 1) - start(t) }

  func count(of steps: Range<Int>) -> Int { start(steps.upperBound) - start(steps.lowerBound) }

  /// The number of rows of states before those that step `t` begins with, counted from the states after the first step.
  func earlierStart(_ t: Int) -> Int { isDense ? (t - 1) * batch : Int(starts[t - 1]) }

  /// The caller's row of a row.
  package func row(_ r: Int) -> Int { isDense ? r : Int(order[r]) }

  /// The caller's row, of `times · batch`, of a row of all steps.
  package func place(_ index: Int) -> Int { isDense ? index : Int(places[index]) }

  /// The row's steps.
  package func length(_ r: Int) -> Int { isDense ? times : lengths[row(r)] }

  /// The first step that has at most so many rows; the number of steps if none has.
  func firstStep(ofAtMost rows: Int) -> Int {
    if isDense { return first <= rows ? 0 : steps }
    return (0..<steps).first { count(at: $0) <= rows } ?? steps
  }

  /// The rows of a step with `count` of them that one of several threads takes: so many, from the first on, so far apart. Of
  /// rows of different lengths each takes every n-th, so that all have about as much to do.
  package func share(_ index: Int, of shares: Int, count: Int) -> (first: Int, stride: Int, count: Int) {
    if isDense { return (count * index / shares, 1, count * (index + 1) / shares - count * index / shares) }
    return (index, shares, max(0, (count - index + shares - 1) / shares))
  }

  /// The steps in pieces of at most so many rows, or of one step.
  func pieces(of most: Int) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    var begin = 0
    while begin < steps {
      var end = begin + 1
      while end < steps, start(end + 1) - start(begin) <= most { end += 1 }
      pieces.append(begin..<end)
      begin = end
    }
    return pieces
  }

  // MARK: Operands

  /// Rows of `width` floats for all steps, of which those of the first step begin at `base`.
  func operand(_ base: UnsafeMutablePointer<Float>?, _ width: Int) -> rnn_operand {
    rnn_operand(base: base, time_stride: isDense ? batch * width : width, row_stride: width, temporary: 0, earlier: 0)
  }

  /// The rows of a state, with those before the first step at `base`.
  func operand(state base: UnsafeMutablePointer<Float>, after: Bool, _ width: Int) -> rnn_operand {
    var operand = operand(isDense && !after ? base : base + first * width, width)
    operand.earlier = !isDense && !after ? 1 : 0
    return operand
  }

  /// What the kernels need of the rows that one of `blocks` threads runs.
  func lengths(block: Int, of blocks: Int, moved: UnsafeMutableBufferPointer<rnn_operand>) -> rnn_lengths {
    rnn_lengths(
      starts: starts, begin: Int32(block), each: Int32(blocks), moved: moved.baseAddress, operands: Int32(moved.count))
  }

  // MARK: Between the caller's rows and those of the steps

  /// Copies rows of the caller's `[times, batch, units]` to where those of `steps` follow one another.
  func gather(_ source: UnsafePointer<Float>, units: Int, steps: Range<Int>, to target: UnsafeMutablePointer<Float>) {
    let begin = start(steps.lowerBound)
    Threads.blocks(of: count(of: steps), size: Threads.blockSize * 4 / max(units, 1)) { block in
      for i in block { (target + i * units).update(from: source + place(begin + i) * units, count: units) }
    }
  }

  /// The caller's `[times, batch, units]`, of which the rows of all steps stand at `base`; what is padding is zero.
  func spread(_ base: UnsafePointer<Float>, units: Int) -> Tensor {
    Tensor(shape: [times, batch, units], writing: { result in
      Threads.blocks(of: total, size: Threads.blockSize * 4 / max(units, 1)) { block in
        for i in block { (result + place(i) * units).update(from: base + i * units, count: units) }
      }
      clearPadding(of: result, units: units)
    })
  }

  /// Writes zeros to the rows of the caller's `[times, batch, units]` that no step has.
  package func clearPadding(of base: UnsafeMutablePointer<Float>, units: Int) {
    if isDense { return }
    Threads.blocks(of: times, size: Threads.blockSize * 4 / max(batch * units, 1)) { block in
      for t in block {
        for row in 0..<batch where lengths[row] <= t { (base + (t * batch + row) * units).update(repeating: 0, count: units) }
      }
    }
  }
}
