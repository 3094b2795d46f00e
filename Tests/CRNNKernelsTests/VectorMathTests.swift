import CRNNKernels
import Foundation
import Testing

extension Kernels {
  @Suite struct VectorMath {
    struct Function: Sendable, CustomTestStringConvertible {
      let name: String
      let op: rnn_op
      /// In units of the last place.
      let bound: Double
      let exact: @Sendable (Double) -> Double
      var testDescription: String { name }
    }

    static let functions = [
      Function(name: "exp", op: RNN_OP_EXP, bound: 1.1, exact: { exp($0) }),
      Function(name: "log", op: RNN_OP_LOG, bound: 1, exact: { log($0) }),
      Function(name: "tanh", op: RNN_OP_TANH, bound: 1.5, exact: { tanh($0) }),
      Function(
        name: "sigmoid", op: RNN_OP_SIGMOID, bound: 2.5,
        exact: { $0 < 0 ? exp($0) / (1 + exp($0)) : 1 / (1 + exp(-$0)) }),
      Function(
        name: "softplus", op: RNN_OP_SOFTPLUS, bound: 2, exact: { max($0, 0) + log1p(exp(-abs($0))) }),
      Function(name: "sqrt", op: RNN_OP_SQRT, bound: 0.5, exact: { $0.squareRoot() }),
    ]

    /// Every exponent of both signs, the neighbours of special values, and some numbers of ordinary size.
    static let samples: [Float] = {
      var samples = stride(from: UInt64(0), to: 1 << 32, by: 4099).map { Float(bitPattern: UInt32($0)) }
      let special: [Float] = [
        0, 1, 2, 0.5, 0.3465736, 0.6931472, 0.8813736, 9, 10, 16.6, 17.33, 87.33655, 88.72283, 103.97208, 104, 1e4,
        .leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude, 1.4142135, 0.70710677,
      ]
      for x in special {
        for y in [x.nextDown.nextDown, x.nextDown, x, x.nextUp, x.nextUp.nextUp] { samples += [y, -y] }
      }
      samples += [.infinity, -.infinity, .nan, -.nan]
      samples += stride(from: Float(-20), through: 20, by: 1 / 4096)
      return samples
    }()

    @Test(arguments: functions) func error(_ function: Function) {
      let samples = Self.samples
      let exact = samples.map { function.exact(Double($0)) }
      withEachInstructionSet { isa in
        var results = [Float](repeating: 0, count: samples.count)
        rnn_unary(function.op.code, samples, &results, samples.count)
        var worst = 0.0
        var argument: Float = 0
        for i in samples.indices {
          let error = ulps(results[i], exact[i])
          if error > worst {
            worst = error
            argument = samples[i]
          }
        }
        #expect(
          worst <= function.bound,
          "\(function.name) on \(isa.name): \(worst) ulp at \(argument)")
      }
    }

    @Test func specialValues() {
      func check(_ op: rnn_op, _ x: Float, _ y: Float, _ isa: rnn_isa) {
        var result: Float = 7
        rnn_unary(op.code, [x], &result, 1)
        let same = y.isNaN ? result.isNaN : result.bitPattern == y.bitPattern
        #expect(same, "operation \(op.rawValue) of \(x) on \(isa.name): \(result)")
      }
      withEachInstructionSet { isa in
        for op in [RNN_OP_EXP, RNN_OP_LOG, RNN_OP_TANH, RNN_OP_SIGMOID, RNN_OP_SOFTPLUS, RNN_OP_SQRT, RNN_OP_RELU] {
          check(op, .nan, .nan, isa)
          check(op, -.nan, .nan, isa)
        }
        check(RNN_OP_EXP, 0, 1, isa)
        check(RNN_OP_EXP, -0.0, 1, isa)
        check(RNN_OP_EXP, .infinity, .infinity, isa)
        check(RNN_OP_EXP, -.infinity, 0, isa)
        check(RNN_OP_EXP, 89, .infinity, isa)
        check(RNN_OP_EXP, -1e30, 0, isa)
        check(RNN_OP_EXP, 1e30, .infinity, isa)
        check(RNN_OP_LOG, 1, 0, isa)
        check(RNN_OP_LOG, 0, -.infinity, isa)
        check(RNN_OP_LOG, -0.0, -.infinity, isa)
        check(RNN_OP_LOG, .infinity, .infinity, isa)
        check(RNN_OP_LOG, -.infinity, .nan, isa)
        check(RNN_OP_LOG, -1, .nan, isa)
        check(RNN_OP_LOG, -.leastNonzeroMagnitude, .nan, isa)
        check(RNN_OP_TANH, 0, 0, isa)
        check(RNN_OP_TANH, -0.0, -0.0, isa)
        check(RNN_OP_TANH, .leastNonzeroMagnitude, .leastNonzeroMagnitude, isa)
        check(RNN_OP_TANH, .infinity, 1, isa)
        check(RNN_OP_TANH, -.infinity, -1, isa)
        check(RNN_OP_SIGMOID, 0, 0.5, isa)
        check(RNN_OP_SIGMOID, .infinity, 1, isa)
        check(RNN_OP_SIGMOID, -.infinity, 0, isa)
        check(RNN_OP_SOFTPLUS, .infinity, .infinity, isa)
        check(RNN_OP_SOFTPLUS, -.infinity, 0, isa)
        check(RNN_OP_SOFTPLUS, .greatestFiniteMagnitude, .greatestFiniteMagnitude, isa)
        check(RNN_OP_SQRT, -0.0, -0.0, isa)
        check(RNN_OP_SQRT, -1, .nan, isa)
        check(RNN_OP_SQRT, .infinity, .infinity, isa)
        check(RNN_OP_ABS, -0.0, 0, isa)
        check(RNN_OP_ABS, -.infinity, .infinity, isa)
        check(RNN_OP_NEGATE, 0, -0.0, isa)
        check(RNN_OP_RELU, -.infinity, 0, isa)
        check(RNN_OP_COPY, -0.0, -0.0, isa)
      }
    }

    /// The bits of an element depend neither on the count nor on its place; in place is allowed.
    @Test func placeDoesNotMatter() {
      var numbers = Numbers(1)
      let x = numbers.array(77, in: -9...9)
      withEachInstructionSet { isa in
        for op in Self.functions.map(\.op) {
          var whole = x
          whole.withUnsafeMutableBufferPointer { rnn_unary(op.code, $0.baseAddress, $0.baseAddress, $0.count) }
          for start in [0, 1, 5, 17, 76] {
            for end in [start + 1, start + (77 - start) / 2, 77] where end > start {
              let part = Array(x[start..<end])
              var y = [Float](repeating: 0, count: part.count)
              rnn_unary(op.code, part, &y, part.count)
              #expect(y.map(\.bitPattern) == whole[start..<end].map(\.bitPattern), "\(isa.name)")
            }
          }
        }
      }
    }
  }
}
