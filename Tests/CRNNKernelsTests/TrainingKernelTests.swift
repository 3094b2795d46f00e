import CRNNKernels
import Foundation
import Testing

extension Kernels {
  @Suite struct TrainingKernels {
    static let counts = [0, 1, 3, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 200, 1000, 4099]

    @Test func sums() {
      var numbers = Numbers(11)
      var squares: [[UInt64]] = []
      withEachInstructionSet { isa in
        numbers = Numbers(11)
        squares.append([])
        for count in Self.counts {
          let x = numbers.array(count, in: -3...3), y = numbers.array(count, in: -3...3)
          let dot = zip(x, y).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
          let size = zip(x, y).reduce(0.0) { $0 + abs(Double($1.0) * Double($1.1)) }
          #expect(abs(Double(rnn_dot(x, y, count)) - dot) <= 1e-6 * size, "\(isa.name) \(count)")
          let square = x.reduce(0.0) { $0 + Double($1) * Double($1) }
          let sum = rnn_sum_of_squares(x, count)
          #expect(abs(sum - square) <= 1e-12 * square, "\(isa.name) \(count)")
          squares[squares.count - 1].append(sum.bitPattern)
        }
      }
      for other in squares { #expect(other == squares[0]) }
    }

    @Test func scaling() {
      var numbers = Numbers(12)
      withEachInstructionSet { isa in
        for count in Self.counts {
          let x = numbers.array(count, in: -3...3), y = numbers.array(count, in: -3...3)
          var sum = y, scaled = x
          rnn_add_scaled(0.3, x, &sum, count)
          rnn_scale(0.3, &scaled, count)
          #if arch(arm64)
            let fused = true
          #else
            let fused = isa != RNN_ISA_PLAIN
          #endif
          #expect(sum == zip(x, y).map { fused ? $1.addingProduct(0.3, $0) : 0.3 * $0 + $1 }, "\(isa.name) \(count)")
          #expect(scaled == x.map { 0.3 * $0 }, "\(isa.name) \(count)")
        }
      }
    }

    @Test func columnSums() {
      var numbers = Numbers(13)
      withEachInstructionSet { isa in
        for (rows, n, stride) in [(0, 5, 5), (1, 16, 16), (7, 37, 40), (20, 300, 300), (5, 64, 80)] {
          let x = numbers.array(rows * stride, in: -3...3), before = numbers.array(n, in: -3...3)
          // Chains over the rows, to the bit.
          var chain = [Float](repeating: 0, count: n), continued = before
          for i in 0..<rows {
            for j in 0..<n {
              chain[j] += x[i * stride + j]
              continued[j] += x[i * stride + j]
            }
          }
          var sums = before
          rnn_column_sums(x, stride, Int32(rows), Int32(n), &sums, false)
          #expect(sums == chain, "\(isa.name) \(rows) × \(n)")
          // In two pieces: the same bits.
          sums = before
          let cut = rows / 3
          rnn_column_sums(x, stride, Int32(cut), Int32(n), &sums, true)
          x.withUnsafeBufferPointer {
            rnn_column_sums($0.baseAddress.map { $0 + cut * stride }, stride, Int32(rows - cut), Int32(n), &sums, true)
          }
          #expect(sums == continued, "\(isa.name) \(rows) × \(n)")
        }
      }
    }

    /// Softmax in double precision, and the logarithm of its denominator.
    static func softmax(_ x: ArraySlice<Float>) -> (probabilities: [Double], logSum: Double) {
      let highest = Double(x.max()!)
      let e = x.map { exp(Double($0) - highest) }
      let sum = e.reduce(0, +)
      return (e.map { $0 / sum }, log(sum) + highest)
    }

    @Test(arguments: [1, 2, 7, 16, 33, 65, 256]) func crossEntropy(n: Int) {
      var numbers = Numbers(14)
      let rows = 6
      var logits = numbers.array(rows * n, in: -5...5)
      // One row of huge logits.
      for j in 0..<n { logits[n + j] = j % 2 == 0 ? 1e4 : -1e4 }
      var targets = (0..<rows).map { _ in Int32(numbers.below(n)) }
      targets[1] = Int32(n - 1)
      targets[3] = -1
      let scale: Float = 0.25
      withEachInstructionSet { isa in
        var loss = [Float](repeating: 7, count: rows), gradient = [Float](repeating: 7, count: rows * n)
        rnn_softmax_cross_entropy(logits, targets, Int32(rows), Int32(n), 0, scale, &loss, &gradient)
        for r in 0..<rows {
          let row = logits[r * n..<r * n + n]
          let (probabilities, logSum) = Self.softmax(row)
          let target = Int(targets[r])
          let expected = target < 0 ? 0 : logSum - Double(row[r * n + target])
          #expect(abs(Double(loss[r]) - expected) <= 2e-6 * max(1, abs(expected)), "\(isa.name) row \(r)")
          for j in 0..<n {
            let expected = target < 0 ? 0 : (probabilities[j] - (j == target ? 1 : 0)) * Double(scale)
            #expect(abs(Double(gradient[r * n + j]) - expected) <= 1e-6 * Double(scale), "\(isa.name) row \(r)")
          }
        }
        // The loss alone, and the gradient in place: the same bits.
        var alone = [Float](repeating: 7, count: rows), inPlace = logits
        rnn_softmax_cross_entropy(logits, targets, Int32(rows), Int32(n), 0, scale, &alone, nil)
        #expect(alone == loss)
        inPlace.withUnsafeMutableBufferPointer {
          rnn_softmax_cross_entropy($0.baseAddress, targets, Int32(rows), Int32(n), 0, scale, &alone, $0.baseAddress)
        }
        #expect(alone == loss && inPlace == gradient)
      }
    }

    @Test(arguments: [1, 2, 16, 31, 100]) func softmaxWithTemperature(n: Int) {
      var numbers = Numbers(15)
      let rows = 3
      var x = numbers.array(rows * n, in: -8...8)
      x[n - 1] = 1e4
      withEachInstructionSet { isa in
        for temperature in [Float(1), 0.5, 3] {
          var y = x
          y.withUnsafeMutableBufferPointer {
            rnn_softmax($0.baseAddress, Int32(rows), Int32(n), temperature, $0.baseAddress)
          }
          for r in 0..<rows {
            let (probabilities, _) = Self.softmax(x[r * n..<r * n + n].map { $0 / temperature }[...])
            for j in 0..<n { #expect(abs(Double(y[r * n + j]) - probabilities[j]) <= 4e-6, "\(isa.name)") }
          }
        }
      }
    }

    /// PyTorch's AdamW in double precision, from the same Float settings.
    @Test(arguments: [1, 16, 45]) func adam(count: Int) {
      var numbers = Numbers(16)
      let start = numbers.array(count, in: -3...3), gradients = (0..<20).map { _ in numbers.array(count, in: -3...3) }
      let rate: Float = 0.01, beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-8, decay: Float = 0.1
      let gradientScale: Float = 0.5
      withEachInstructionSet { isa in
        var w = start, m = [Float](repeating: 0, count: count), v = m
        var exactW = start.map(Double.init), exactM = [Double](repeating: 0, count: count), exactV = exactM
        for (t, gradient) in gradients.enumerated() {
          let c1 = 1 - pow(Double(beta1), Double(t + 1)), c2 = 1 - pow(Double(beta2), Double(t + 1))
          rnn_adam(
            &w, gradient, &m, &v, count, gradientScale, rate, beta1, beta2, epsilon, decay, Float(c1), Float(c2))
          for i in 0..<count {
            let g = Double(gradient[i]) * Double(gradientScale)
            exactW[i] *= 1 - Double(rate) * Double(decay)
            exactM[i] = Double(beta1) * exactM[i] + (1 - Double(beta1)) * g
            exactV[i] = Double(beta2) * exactV[i] + (1 - Double(beta2)) * g * g
            exactW[i] -= Double(rate) / c1 * exactM[i] / (exactV[i].squareRoot() / c2.squareRoot() + Double(epsilon))
          }
        }
        for i in 0..<count {
          #expect(abs(Double(w[i]) - exactW[i]) <= 3e-6, "\(isa.name)")
          #expect(abs(Double(m[i]) - exactM[i]) <= 1e-6, "\(isa.name)")
          #expect(abs(Double(v[i]) - exactV[i]) <= 1e-6 * exactV[i], "\(isa.name)")
        }
      }
    }
  }
}
