import CRNNKernels
import Foundation
import Testing

extension Kernels {
  @Suite struct Programs {
    /// One table of operands with storage, in rows of any stride.
    final class Table {
      private(set) var operands: [rnn_operand] = []
      private var buffers: [UnsafeMutableBufferPointer<Float>] = []

      deinit { for buffer in buffers { buffer.deallocate() } }

      /// Adds an operand over `values`; its index.
      @discardableResult func add(
        _ values: [Float], row: Int, time: Int = 0, temporary: Bool = false, offset: Int = 0
      ) -> Int32 {
        let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: values.count)
        _ = buffer.initialize(from: values)
        buffers.append(buffer)
        operands.append(
          rnn_operand(
            base: buffer.baseAddress! + offset, time_stride: time, row_stride: row, temporary: temporary ? 1 : 0, earlier: 0))
        return Int32(operands.count - 1)
      }

      func values(_ index: Int32) -> [Float] { Array(buffers[Int(index)]) }

      func run(
        _ program: [rnn_instruction], t: Int = 0, row: Int = 0, rows: Int, chunk: Int, random: rnn_random = .init()
      ) {
        withUnsafePointer(to: random) {
          rnn_program_run(program, Int32(program.count), operands, Int32(t), Int32(row), Int32(rows), Int32(chunk), $0)
        }
      }
    }

    static func instruction(
      _ op: rnn_op, _ destination: Int32, _ a: Int32 = -1, _ b: Int32 = -1, _ c: Int32 = -1, width: Int,
      valid: Int = 0, rate: Float = 0, tag: UInt32 = 0, perSequence: Bool = false,
      narrow: UInt32 = 0
    ) -> rnn_instruction {
      rnn_instruction(
        op: op.code, destination: destination, a: a, b: b, c: c, width: Int32(width), a_width: Int32(valid), rate: rate,
        tag: tag, per_sequence: perSequence ? 1 : 0, narrow: narrow)
    }

    /// What an operation means; `fused` where a · b + c is rounded once.
    static func plain(_ op: rnn_op, _ x: Float, _ y: Float, _ z: Float, fused: Bool) -> Float {
      switch op {
      case RNN_OP_COPY: x
      case RNN_OP_NEGATE: -x
      case RNN_OP_ADD: x + y
      case RNN_OP_SUBTRACT: x - y
      case RNN_OP_MULTIPLY: x * y
      case RNN_OP_DIVIDE: x / y
      case RNN_OP_FMA: fused ? z.addingProduct(x, y) : x * y + z
      case RNN_OP_MINIMUM: x.isNaN || y.isNaN ? .nan : min(x, y)
      case RNN_OP_MAXIMUM: x.isNaN || y.isNaN ? .nan : max(x, y)
      case RNN_OP_SQRT: x.squareRoot()
      case RNN_OP_ABS: abs(x)
      case RNN_OP_RELU: x < 0 ? 0 : x
      case RNN_OP_GREATER: x > y ? 1 : 0
      case RNN_OP_EQUAL: x == y ? 1 : 0
      case RNN_OP_SIGMOID_SLOPE: (x * y) * (1 - y)
      case RNN_OP_TANH_SLOPE: x * (1 - y * y)
      default:
        // The functions have tests of their own: here only that each vector goes through the right one.
        withUnsafePointer(to: x) {
          var result: Float = 0
          rnn_unary(op.code, $0, &result, 1)
          return result
        }
      }
    }

    static func same(_ x: Float, _ y: Float) -> Bool { x == y || x.isNaN && y.isNaN }

    static let elementwise = (RNN_OP_COPY.rawValue...RNN_OP_TANH_SLOPE.rawValue).map { rnn_op(rawValue: $0) }

    /// Rows of different strides, a shared row, a step in time, odd rows and chunks; only what belongs to the
    /// destination changes.
    @Test(arguments: [(16, 7, 3), (48, 5, 2), (80, 3, 8), (64, 1, 1)]) func everyOperation(width: Int, rows: Int, chunk: Int) {
      var numbers = Numbers(2)
      let first = 2, t = 1, total = first + rows + 1
      let strideA = width + 16, strideB = 0, strideC = width, strideD = width + 32
      var a = numbers.array(2 * total * strideA, in: -3...3), b = numbers.array(width, in: -3...3), c = numbers.array(2 * total * strideC, in: -3...3)
      for i in stride(from: 0, to: a.count, by: 11) { a[i] = [.nan, .infinity, -.infinity, 0, -0.0, b[0]][i / 11 % 6] }
      b[1] = .nan
      b[2] = 0
      c[3] = .infinity
      withEachInstructionSet { isa in
        for op in Self.elementwise {
          let table = Table()
          let ia = table.add(a, row: strideA, time: total * strideA)
          let ib = table.add(b, row: strideB)
          let ic = table.add(c, row: strideC, time: total * strideC)
          let id = table.add([Float](repeating: 77, count: total * strideD), row: strideD)
          table.run(
            [Self.instruction(op, id, ia, ib, ic, width: width)], t: t, row: first, rows: rows, chunk: chunk)
          let d = table.values(id)
          #if arch(arm64)
            let fused = true
          #else
            let fused = isa != RNN_ISA_PLAIN
          #endif
          var wrong = 0
          for r in 0..<total {
            for i in 0..<strideD {
              var expected: Float = 77
              if i < width && r >= first && r < first + rows {
                expected = Self.plain(
                  op, a[(t * total + r) * strideA + i], b[i], c[(t * total + r) * strideC + i], fused: fused)
              }
              if !Self.same(d[r * strideD + i], expected) { wrong += 1 }
            }
          }
          #expect(wrong == 0, "operation \(op.rawValue) on \(isa.name)")
        }
      }
    }

    /// The unread operands may be anything, and rows that follow one another give the same bits as separated ones.
    @Test func flatRowsAndUnusedOperands() {
      var numbers = Numbers(3)
      let width = 48, rows = 5
      let x = numbers.array(3 * rows * width, in: -3...3)
      withEachInstructionSet { isa in
        for op in Self.elementwise {
          let arity = op.rawValue == RNN_OP_FMA.rawValue ? 3 : Self.isBinary(op) ? 2 : 1
          var results: [[Float]] = []
          for stride in [width, width + 16] {
            let table = Table()
            let inputs = (0..<3).map { k in
              var rowsOfInput = [Float](repeating: 0, count: rows * stride)
              for r in 0..<rows {
                for i in 0..<width { rowsOfInput[r * stride + i] = x[(k * rows + r) * width + i] }
              }
              return table.add(rowsOfInput, row: stride)
            }
            // In place: the destination is a.
            table.run(
              [
                Self.instruction(
                  op, inputs[0], inputs[0], arity > 1 ? inputs[1] : -1, arity > 2 ? inputs[2] : 1 << 30, width: width)
              ], rows: rows, chunk: rows)
            let d = table.values(inputs[0])
            results.append((0..<rows * width).map { d[$0 / width * stride + $0 % width] })
          }
          #expect(results[0].map(\.bitPattern) == results[1].map(\.bitPattern), "operation \(op.rawValue) on \(isa.name)")
        }
      }
    }

    /// A row of sixteen lanes that is used again and again gives what it gives spread over the whole width.
    @Test func narrowRows() {
      var numbers = Numbers(5)
      let width = 80, rows = 3
      let values = numbers.array(rows, in: 0.5...2), x = numbers.array(2 * rows * width, in: 0.5...2)
      withEachInstructionSet { isa in
        for op in Self.elementwise {
          let arity = op.rawValue == RNN_OP_FMA.rawValue ? 3 : Self.isBinary(op) ? 2 : 1
          for place in 0..<arity {
            var results: [[Float]] = []
            for lanes in [width, 16] {
              let table = Table()
              var inputs = (0..<2).map { table.add(Array(x[$0 * rows * width..<($0 + 1) * rows * width]), row: width) }
              let number = table.add((0..<rows * lanes).map { values[$0 / lanes] }, row: lanes)
              let d = table.add([Float](repeating: 0, count: rows * width), row: width)
              inputs.insert(number, at: place)
              table.run(
                [
                  Self.instruction(
                    op, d, inputs[0], arity > 1 ? inputs[1] : -1, arity > 2 ? inputs[2] : -1, width: width,
                    narrow: lanes == 16 ? 1 << UInt32(place) : 0)
                ], rows: rows, chunk: 2)
              results.append(table.values(d))
            }
            #expect(
              results[0].map(\.bitPattern) == results[1].map(\.bitPattern), "operation \(op.rawValue), operand \(place) on \(isa.name)")
          }
        }
      }
    }

    static func isBinary(_ op: rnn_op) -> Bool {
      [RNN_OP_ADD, RNN_OP_SUBTRACT, RNN_OP_MULTIPLY, RNN_OP_DIVIDE, RNN_OP_MINIMUM, RNN_OP_MAXIMUM, RNN_OP_GREATER, RNN_OP_EQUAL,
        RNN_OP_SIGMOID_SLOPE, RNN_OP_TANH_SLOPE]
        .contains { $0.rawValue == op.rawValue }
    }

    /// The element-wise part of a cell with temporaries: the bits do not depend on the chunks.
    @Test func temporariesAndChunks() {
      var numbers = Numbers(4)
      let width = 32, rows = 11
      let gates = numbers.array(rows * 4 * width, in: -3...3), c = numbers.array(rows * width, in: -3...3)
      withEachInstructionSet { isa in
        var results: [[UInt32]] = []
        for chunk in [1, 2, 4, 11, 16] {
          let table = Table()
          let pre = (0..<4).map { table.add(gates, row: 4 * width, offset: $0 * width) }
          let state = table.add(c, row: width)
          let h = table.add([Float](repeating: 0, count: rows * width), row: width)
          let temporaries = (0..<4).map { _ in
            table.add([Float](repeating: .nan, count: chunk * width), row: width, temporary: true)
          }
          let program = [
            Self.instruction(RNN_OP_SIGMOID, temporaries[0], pre[0], width: width),
            Self.instruction(RNN_OP_SIGMOID, temporaries[1], pre[1], width: width),
            Self.instruction(RNN_OP_TANH, temporaries[2], pre[2], width: width),
            Self.instruction(RNN_OP_SIGMOID, temporaries[3], pre[3], width: width),
            Self.instruction(RNN_OP_MULTIPLY, temporaries[0], temporaries[0], temporaries[2], width: width),
            Self.instruction(RNN_OP_FMA, state, temporaries[1], state, temporaries[0], width: width),
            Self.instruction(RNN_OP_TANH, temporaries[0], state, width: width),
            Self.instruction(RNN_OP_MULTIPLY, h, temporaries[3], temporaries[0], width: width),
          ]
          // In two pieces, as two threads would.
          table.run(program, row: 0, rows: 5, chunk: chunk)
          table.run(program, row: 5, rows: rows - 5, chunk: chunk)
          results.append((table.values(h) + table.values(state)).map(\.bitPattern))
          for r in 0..<rows {
            for i in [0, 7, width - 1] {
              func s(_ x: Float) -> Double { 1 / (1 + exp(-Double(x))) }
              let g = { (k: Int) in gates[r * 4 * width + k * width + i] }
              let newC = s(g(1)) * Double(c[r * width + i]) + s(g(0)) * tanh(Double(g(2)))
              let expected = s(g(3)) * tanh(newC)
              #expect(abs(Double(table.values(h)[r * width + i]) - expected) < 1e-6)
            }
          }
        }
        for bits in results { #expect(bits == results[0], "\(isa.name)") }
      }
    }

    @Test(arguments: [1, 5, 15, 16, 17, 48, 63, 64, 65, 100, 200, 256]) func reductions(valid: Int) {
      var numbers = Numbers(5)
      let padded = (valid + 15) / 16 * 16, rows = 3, width = 32
      var x = numbers.array(rows * padded, in: -3...3)
      // Whatever stands in the padding is not read.
      for r in 0..<rows { for i in valid..<padded { x[r * padded + i] = .nan } }
      var bits: [[UInt32]] = []
      withEachInstructionSet { isa in
        let table = Table()
        let a = table.add(x, row: padded)
        let d = [RNN_OP_SUM, RNN_OP_MEAN, RNN_OP_HIGHEST].map { op in
          let d = table.add([Float](repeating: 0, count: rows * width), row: width)
          table.run([Self.instruction(op, d, a, width: width, valid: valid)], rows: rows, chunk: 2)
          return table.values(d)
        }
        for r in 0..<rows {
          let row = x[r * padded..<r * padded + valid]
          let sum = row.reduce(0.0) { $0 + Double($1) }, size = row.reduce(0.0) { $0 + abs(Double($1)) }
          for i in 0..<width {
            #expect(abs(Double(d[0][r * width + i]) - sum) <= size * 1e-6)
            #expect(abs(Double(d[1][r * width + i]) - sum / Double(valid)) <= size * 1e-6 / Double(valid))
            #expect(d[2][r * width + i] == row.max()!)
          }
        }
        bits.append(d.flatMap { $0.map(\.bitPattern) })
      }
      // One tree on every instruction set.
      for other in bits { #expect(other == bits[0]) }
    }

    @Test func highestPropagatesNaN() {
      withEachInstructionSet { isa in
        for place in 0..<40 {
          var x = [Float](repeating: 1, count: 48)
          x[place] = .nan
          let table = Table()
          let a = table.add(x, row: 48)
          let d = table.add([Float](repeating: 0, count: 16), row: 16)
          table.run([Self.instruction(RNN_OP_HIGHEST, d, a, width: 16, valid: 40)], rows: 1, chunk: 1)
          #expect(table.values(d)[15].isNaN, "\(isa.name) \(place)")
        }
      }
    }

    // MARK: Masks

    @Test func philoxKnownAnswers() {
      var result = [UInt32](repeating: 0, count: 4)
      rnn_philox(0, [0, 0, 0, 0], &result)
      #expect(result == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
      rnn_philox(.max, [.max, .max, .max, .max], &result)
      #expect(result == [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd])
      rnn_philox(
        0x299f_31d0_a409_3822, [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], &result)
      #expect(result == [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1])
    }

    static func uniform(_ unit: Int, tag: UInt32, row: UInt32, time: UInt32, step: UInt32, seed: UInt64) -> Float {
      var words = [UInt32](repeating: 0, count: 4)
      rnn_philox(seed, [tag << 16 | UInt32(unit / 64 * 16 + unit % 16), row, time, step], &words)
      return Float(words[unit / 16 % 4] >> 8) * 0x1p-24
    }

    /// Each number is the one that the documented counter gives, on every instruction set, whatever the chunks.
    @Test func masks() {
      let random = rnn_random(seed: 0x0123_4567_89ab_cdef, step: 9, time: 40, row: 100, rows: nil, row_step: 0)
      let rate: Float = 0.3, tag: UInt32 = 0xfedc, rows = 5, first = 1
      withEachInstructionSet { isa in
        for (width, chunk, perSequence) in [(16, 1, false), (80, 2, true), (192, 5, false), (64, 3, false)] {
          let stride = width + 16
          let table = Table()
          let keep = table.add([Float](repeating: 7, count: (first + rows) * stride), row: stride)
          let choose = table.add([Float](repeating: 7, count: (first + rows) * width), row: width)
          table.run(
            [
              Self.instruction(RNN_OP_KEEP, keep, width: width, rate: rate, tag: tag, perSequence: perSequence),
              Self.instruction(RNN_OP_CHOOSE, choose, width: width, rate: rate, tag: tag, perSequence: perSequence),
            ], t: 3, row: first, rows: rows, chunk: chunk, random: random)
          let kept = table.values(keep), chosen = table.values(choose)
          var wrong = 0
          for r in first..<first + rows {
            for unit in 0..<stride {
              guard unit < width else {
                wrong += kept[r * stride + unit] == 7 ? 0 : 1
                continue
              }
              let u = Self.uniform(
                unit, tag: tag, row: 100 + UInt32(r), time: perSequence ? 0 : 43, step: 9, seed: random.seed)
              if kept[r * stride + unit] != (u >= rate ? 1 / (1 - rate) : 0) { wrong += 1 }
              if chosen[r * width + unit] != (u < rate ? 1 : 0) { wrong += 1 }
            }
          }
          #expect(wrong == 0, "\(isa.name) \(width)")
        }
      }
    }

    @Test func keepMask() {
      withEachInstructionSet { isa in
        for count in [0, 1, 15, 16, 63, 64, 65, 100, 129, 192] {
          var values = [Float](repeating: 7, count: count + 1)
          rnn_keep_mask(&values, Int32(count), 0.25, 3, 4, 5, 6, 7)
          var wrong = 0
          for unit in 0..<count {
            let u = Self.uniform(unit, tag: 3, row: 4, time: 5, step: 6, seed: 7)
            if values[unit] != (u >= 0.25 ? Float(1 / 0.75) : 0) { wrong += 1 }
          }
          #expect(wrong == 0 && values[count] == 7, "\(isa.name) \(count)")
        }
      }
    }

    @Test(arguments: [Float(0), 0.1, 0.5, 0.9]) func rateOfMasks(rate: Float) {
      let count = 1 << 18
      var values = [Float](repeating: 7, count: count)
      rnn_keep_mask(&values, Int32(count), rate, 1, 2, 3, 4, 5)
      let dropped = Double(values.count { $0 == 0 }) / Double(count)
      // Five standard deviations.
      #expect(abs(dropped - Double(rate)) <= 5 * (Double(rate) * (1 - Double(rate)) / Double(count)).squareRoot())
      #expect(values.allSatisfy { $0 == 0 || $0 == 1 / (1 - rate) })
    }
  }
}
