import CRNNKernels
import Foundation
import RNN

/// The instruction set that the environment variable `RNN_ISA` asks for.
enum InstructionSet {
  private static let all = [RNN_ISA_AVX512, RNN_ISA_AVX2, RNN_ISA_NEON, RNN_ISA_PLAIN]

  /// Says that a set which this processor lacks is passed over.
  ///
  /// - Throws: `.usage` for a name that no set has: the numbers would silently be those of another set than the one meant.
  static func check() throws(RNNError) {
    guard let value = getenv("RNN_ISA"), value.pointee != 0 else { return }
    let wish = String(cString: value)
    func names(_ sets: [rnn_isa]) -> String { sets.map { String(cString: rnn_isa_name($0)) }.joined(separator: ", ") }
    let available = all.filter(rnn_isa_available)
    guard let set = all.first(where: { names([$0]) == wish }) else {
      let lacking = all.filter { !rnn_isa_available($0) }
      throw RNNError(
        .usage,
        "RNN_ISA is \"\(wish)\", expected \(names(available))\(lacking.isEmpty ? "" : " (this processor lacks \(names(lacking)))")")
    }
    if !rnn_isa_available(set) {
      Terminal.standardError().write("rnn: RNN_ISA is \"\(wish)\", which this processor lacks: \(names([rnn_isa_current()])) is used\n")
    }
  }
}
