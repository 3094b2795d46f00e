import CRNNKernels
import Testing

/// Every test that selects an instruction set or a number of threads belongs in an extension of this suite: threads are
/// counted for the whole process, so these tests must not run beside each other.
@Suite(.serialized) struct Kernels {}

/// Runs the body with every instruction set that this processor has; afterwards the former one is in use again.
func withEachInstructionSet(_ body: (rnn_isa) throws -> Void) rethrows {
  let before = rnn_isa_current()
  defer { _ = rnn_isa_select(before) }
  for isa in [RNN_ISA_PLAIN, RNN_ISA_AVX2, RNN_ISA_AVX512, RNN_ISA_NEON] where rnn_isa_select(isa) { try body(isa) }
}

func withThreads<Result>(_ count: Int, _ body: () throws -> Result) rethrows -> Result {
  let before = rnn_thread_count()
  defer { rnn_set_thread_count(before) }
  rnn_set_thread_count(Int32(count))
  return try body()
}

extension rnn_isa {
  var name: String { String(cString: rnn_isa_name(self)) }
}

extension rnn_op {
  var code: Int32 { Int32(rawValue) }
}

/// Distance of `value` from `exact` in units of the last place of a Float there; infinite where only one of them is a
/// number, or where they are not the same infinity.
func ulps(_ value: Float, _ exact: Double) -> Double {
  let rounded = Float(exact)
  if exact.isNaN || value.isNaN { return exact.isNaN && value.isNaN ? 0 : .infinity }
  if value.isInfinite || rounded.isInfinite { return value == rounded ? 0 : .infinity }
  return abs(Double(value) - exact) / Double(rounded.ulp)
}

/// Numbers that are the same in every run: a linear congruential generator, values in [-1, 1).
struct Numbers {
  private var state: UInt64

  init(_ seed: Int) { state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

  private mutating func bits() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state >> 33
  }
  mutating func next() -> Float { Float(bits() % 2_000_003) / 1_000_001.5 - 1 }
  mutating func array(_ count: Int, in range: ClosedRange<Float>) -> [Float] {
    let middle = (range.lowerBound + range.upperBound) / 2, reach = (range.upperBound - range.lowerBound) / 2
    return (0..<count).map { _ in middle + reach * next() }
  }
  mutating func array(_ count: Int) -> [Float] { (0..<count).map { _ in next() } }
  mutating func below(_ limit: Int) -> Int { Int(bits() % UInt64(limit)) }
}

/// A matrix somewhere in memory: element (i, j) is values[start + i * rowStride + j * columnStride].
struct Strided {
  var values: [Float]
  var start: Int
  var rowStride: Int
  var columnStride: Int

  enum Layout: CaseIterable { case rows, columns, rowsBackward, columnsBackward, spread }

  init(_ rows: Int, _ columns: Int, _ layout: Layout, _ numbers: inout Numbers) {
    let gap = 3
    switch layout {
    case .rows: (rowStride, columnStride) = (columns + gap, 1)
    case .columns: (rowStride, columnStride) = (1, rows + gap)
    case .rowsBackward: (rowStride, columnStride) = (-(columns + gap), 1)
    case .columnsBackward: (rowStride, columnStride) = (1, -(rows + gap))
    case .spread: (rowStride, columnStride) = (2 * (columns + gap), -2)
    }
    let rowSpan = max(0, rows - 1) * rowStride, columnSpan = max(0, columns - 1) * columnStride
    start = max(0, -rowSpan) + max(0, -columnSpan)
    values = numbers.array(start + max(0, rowSpan) + max(0, columnSpan) + 1)
  }

  subscript(i: Int, j: Int) -> Float { values[start + i * rowStride + j * columnStride] }

  /// The same matrix without its first rows and columns.
  func dropping(rows: Int = 0, columns: Int = 0) -> Strided {
    var rest = self
    rest.start += rows * rowStride + columns * columnStride
    return rest
  }

  func withPointer<Result>(_ body: (UnsafePointer<Float>) -> Result) -> Result {
    values.withUnsafeBufferPointer { body($0.baseAddress! + start) }
  }
}

/// Runs the body as if the caches had so many KiB.
func withCaches<Result>(_ first: Int, _ second: Int, _ body: () throws -> Result) rethrows -> Result {
  rnn_select_cache_sizes(first << 10, second << 10)
  defer { rnn_select_cache_sizes(0, 0) }
  return try body()
}
