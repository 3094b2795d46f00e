import CRNNKernels
import Testing

/// The instruction set in use is global, so whatever selects one is a serialized suite inside this one.
@Suite(.serialized) enum KernelTests {
  /// Runs `body` on every instruction set of this processor; afterwards the former one is in use again.
  static func onEveryInstructionSet(_ body: (rnn_isa) throws -> Void) rethrows {
    let former = rnn_isa_current()
    defer { _ = rnn_isa_select(former) }
    for isa in [RNN_ISA_PLAIN, RNN_ISA_AVX2, RNN_ISA_AVX512, RNN_ISA_NEON] where rnn_isa_select(isa) {
      try body(isa)
    }
  }
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

/// A small generator with a fixed sequence.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
  mutating func floats(_ count: Int, in range: ClosedRange<Float> = -3...3) -> [Float] {
    (0..<count).map { _ in Float.random(in: range, using: &self) }
  }
}
