import CRNNKernels

/// The pool of threads that the kernels and the operations share.
public enum Threads {
  /// The number of threads that work at once, the caller included; at first the number of cores.
  /// No result depends on it, to the bit.
  public static var count: Int {
    get { Int(rnn_thread_count()) }
    set { rnn_set_thread_count(Int32(clamping: max(newValue, 1))) }
  }

  /// Calls `body(i)` once for every `i` in `0..<n`, on all threads, and returns when all are done.
  ///
  /// Which thread runs which `i` is not fixed: a body must write only what belongs to its own `i`.
  public static func parallel(_ n: Int, _ body: (Int) -> Void) {
    if n <= 1 {
      if n == 1 { body(0) }
      return
    }
    // The pool returns only after the last call, so the closure doesn't outlive this frame.
    withoutActuallyEscaping(body) { body in
      var work = Work(body: body)
      withUnsafeMutablePointer(to: &work) { work in
        rnn_parallel(
          Int32(n),
          { context, i in context?.assumingMemoryBound(to: Work.self).pointee.body(Int(i)) },
          work)
      }
    }
  }

  /// Cuts `0..<count` into fixed blocks of `size` (the last one shorter) and calls `body` for each, on all threads.
  /// The blocks depend on nothing but the two numbers.
  package static func blocks(of count: Int, size: Int, _ body: (Range<Int>) -> Void) {
    let size = max(size, 1)
    if count <= size {
      if count > 0 { body(0..<count) }
      return
    }
    parallel((count + size - 1) / size) { body($0 * size..<min(count, ($0 + 1) * size)) }
  }

  /// Numbers in one block of an element-wise loop: enough work to be worth a thread's attention, small enough to share out.
  package static let blockSize = 1 << 14

  /// Columns in the narrowest block where columns are shared out: fewer would touch too many pages for too few numbers.
  package static let leastColumns = 128

  private struct Work {
    let body: (Int) -> Void
  }
}
