import CRNNKernels
import Testing

private let guardValue: Float = 12345

/// A packed matrix for the instruction set in use.
private struct Packed {
  let values: [Float]
  let k: Int
  let n: Int

  /// Packs the columns in pieces that end at `cuts`.
  init(_ matrix: Strided, k: Int, n: Int, cuts: [Int] = []) {
    self.k = k
    self.n = n
    var values = [Float](repeating: 0, count: max(1, rnn_packed_size(Int32(k), Int32(n))))
    var column = 0
    for end in cuts + [n] where end > column {
      matrix.dropping(columns: column).withPointer {
        rnn_pack(&values, Int32(k), Int32(column), Int32(end - column), $0, matrix.rowStride, matrix.columnStride)
      }
      column = end
    }
    self.values = values
  }
}

/// The product, in pieces of the given numbers of rows.
private func product(_ a: Strided, _ packed: Packed, into c: inout [Float], cStride: Int, initial: [Float]?, pieces: [Int]) {
  var row = 0
  for piece in pieces {
    a.dropping(rows: row).withPointer { source in
      c.withUnsafeMutableBufferPointer { c in
        let target = c.baseAddress! + row * cStride
        let (k, n) = (Int32(packed.k), Int32(packed.n))
        if let initial {
          rnn_product(source, a.rowStride, Int32(piece), packed.values, k, n, target, cStride, initial)
        } else {
          rnn_product(source, a.rowStride, Int32(piece), packed.values, k, n, target, cStride, nil)
        }
      }
    }
    row += piece
  }
}

private func gemm(
  _ a: Strided, _ b: Strided, m: Int, n: Int, k: Int, into c: inout [Float], cStride: Int, accumulate: Bool
) {
  a.withPointer { a1 in
    b.withPointer { b1 in
      rnn_gemm(
        Int32(m), Int32(n), Int32(k), a1, a.rowStride, a.columnStride, b1, b.rowStride, b.columnStride, &c, cStride,
        accumulate)
    }
  }
}

private func sameBits(_ x: [Float], _ y: [Float]) -> Bool { x.map(\.bitPattern) == y.map(\.bitPattern) }

/// Whether every element is within rounding of start + A · B in double precision, and every guard untouched.
private func agrees(
  _ c: [Float], m: Int, n: Int, cStride: Int, k: Int, start: (Int, Int) -> Float, a: Strided, b: Strided
) -> Bool {
  for i in 0..<m {
    for j in 0..<n {
      var sum = Double(start(i, j)), size = abs(sum)
      for p in 0..<k {
        let term = Double(a[i, p]) * Double(b[p, j])
        sum += term
        size += abs(term)
      }
      if abs(Double(c[i * cStride + j]) - sum) > size * Double(k + 1) * 0x1p-23 { return false }
    }
    for j in n..<cStride where c[i * cStride + j] != guardValue { return false }
  }
  return c[(m * cStride)...].allSatisfy { $0 == guardValue }
}

extension Kernels {
  @Suite struct Products {
    @Test func productAgreesWithDoublePrecision() {
      withEachInstructionSet { isa in
        var numbers = Numbers(1)
        for rows in 1...13 {
          for k in [0, 1, 2, 3, 7, 16, 31, 70] {
            for n in stride(from: 16, through: 144, by: 16) {
              let a = Strided(rows, k, .rows, &numbers)
              let w = Strided(k, n, (rows + n / 16) % 2 == 0 ? .rows : .columns, &numbers)
              let packed = Packed(w, k: k, n: n, cuts: [numbers.below(n - 5), n - 5])
              let first = numbers.array(n)
              let cStride = n + 3
              for initial in [first, nil] {
                var c = [Float](repeating: guardValue, count: rows * cStride + 16)
                for i in 0..<rows { for j in 0..<n { c[i * cStride + j] = first[j] / 2 } }
                product(a, packed, into: &c, cStride: cStride, initial: initial, pieces: [rows])
                let right = agrees(
                  c, m: rows, n: n, cStride: cStride, k: k, start: { initial?[$1] ?? first[$1] / 2 }, a: a, b: w)
                #expect(right, "isa \(isa.rawValue), rows \(rows), k \(k), n \(n), initial \(initial != nil)")
              }
            }
          }
        }
      }
    }

    @Test func packingTakesAnyStridesAndPieces() {
      withEachInstructionSet { isa in
        var numbers = Numbers(2)
        for layout in Strided.Layout.allCases {
          for (k, n) in [(1, 16), (17, 48), (33, 144), (64, 64), (5, 272), (70, 9)] {
            let matrix = Strided(k, n, layout, &numbers)
            let panel = Int(rnn_panel_columns())
            var expected = [Float](repeating: 0, count: rnn_packed_size(Int32(k), Int32(n)))
            for p in 0..<k {
              for j in 0..<n { expected[(j / panel * k + p) * panel + j % panel] = matrix[p, j] }
            }
            #expect(sameBits(Packed(matrix, k: k, n: n).values, expected), "isa \(isa.rawValue), \(layout), k \(k), n \(n)")
            let inPieces = Packed(matrix, k: k, n: n, cuts: [1, 7, n / 2, n - 1])
            #expect(sameBits(inPieces.values, expected), "isa \(isa.rawValue), \(layout), k \(k), n \(n), in pieces")
          }
        }
      }
    }

    @Test func productHasTheSameBitsHoweverItIsCut() {
      withEachInstructionSet { isa in
        var numbers = Numbers(3)
        for (rows, k, n) in [(2, 9, 16), (7, 33, 80), (13, 70, 144), (29, 64, 272), (16, 257, 64), (5, 12, 1040)] {
          let a = Strided(rows, k, .rows, &numbers), w = Strided(k, n, .rows, &numbers)
          let initial = numbers.array(n)
          let packed = Packed(w, k: k, n: n)
          func result(_ pieces: [Int]) -> [Float] {
            var c = [Float](repeating: guardValue, count: rows * n)
            product(a, packed, into: &c, cStride: n, initial: initial, pieces: pieces)
            return c
          }
          let whole = result([rows])
          let name = "isa \(isa.rawValue), rows \(rows), k \(k), n \(n)"
          #expect(sameBits(result([Int](repeating: 1, count: rows)), whole), "\(name): one row at a time")
          for first in 1..<rows { #expect(sameBits(result([first, rows - first]), whole), "\(name): \(first) rows first") }

          let panel = Int(rnn_panel_columns())
          var byPanel = [Float](repeating: guardValue, count: rows * n)
          for column in stride(from: 0, to: n, by: panel) {
            let columns = min(panel, n - column)
            let one = Packed(w.dropping(columns: column), k: k, n: columns)
            var c = [Float](repeating: guardValue, count: rows * columns)
            product(
              a, one, into: &c, cStride: columns, initial: Array(initial[column..<(column + columns)]), pieces: [rows])
            for i in 0..<rows { for j in 0..<columns { byPanel[i * n + column + j] = c[i * columns + j] } }
          }
          #expect(sameBits(byPanel, whole), "\(name): by panels")

          let cut = k / 3
          var inTwo = [Float](repeating: guardValue, count: rows * n)
          product(a, Packed(w, k: cut, n: n), into: &inTwo, cStride: n, initial: initial, pieces: [rows])
          let rest = Packed(w.dropping(rows: cut), k: k - cut, n: n)
          product(a.dropping(columns: cut), rest, into: &inTwo, cStride: n, initial: nil, pieces: [rows])
          #expect(sameBits(inTwo, whole), "\(name): k cut at \(cut)")

          var general = (0..<rows).flatMap { _ in initial }
          gemm(a, w, m: rows, n: n, k: k, into: &general, cStride: n, accumulate: true)
          #expect(sameBits(general, whole), "\(name): the general product")
        }
      }
    }

    @Test func aSumOfProductsIsOneChain() {
      withEachInstructionSet { isa in
        var numbers = Numbers(7)
        for (rows, n) in [(1, 16), (1, 272), (5, 80), (13, 144), (24, 64)] {
          let ks = [9, 1, 33]
          let initial = numbers.array(n)
          let a = ks.map { Strided(rows, $0, .rows, &numbers) }
          let w = ks.map { Packed(Strided($0, n, .rows, &numbers), k: $0, n: n) }
          var one = [Float](repeating: guardValue, count: rows * n), other = one
          for i in ks.indices {
            product(a[i], w[i], into: &one, cStride: n, initial: i == 0 ? initial : nil, pieces: [rows])
          }
          a[0].withPointer { a0 in
            a[1].withPointer { a1 in
              a[2].withPointer { a2 in
                w[0].values.withUnsafeBufferPointer { w0 in
                  w[1].values.withUnsafeBufferPointer { w1 in
                    w[2].values.withUnsafeBufferPointer { w2 in
                      let factors = [
                        rnn_factors(a: a0, a_stride: a[0].rowStride, packed: w0.baseAddress, k: 9),
                        rnn_factors(a: a1, a_stride: a[1].rowStride, packed: w1.baseAddress, k: 1),
                        rnn_factors(a: a2, a_stride: a[2].rowStride, packed: w2.baseAddress, k: 33),
                      ]
                      rnn_sum_of_products(factors, 3, Int32(rows), Int32(n), &other, n, initial)
                    }
                  }
                }
              }
            }
          }
          #expect(sameBits(one, other), "isa \(isa.rawValue), rows \(rows), n \(n)")
        }
      }
    }

    @Test func gemmWritesPieces() {
      withEachInstructionSet { isa in
        var numbers = Numbers(8)
        for (pieces, height, n, k) in [(4, 7, 33, 20), (3, 16, 64, 200), (1, 5, 9, 3), (4, 130, 80, 210)] {
          let m = pieces * height
          let a = Strided(m, k, .columns, &numbers), b = Strided(k, n, .rows, &numbers)
          var whole = numbers.array(m * n)
          var parts = whole
          gemm(a, b, m: m, n: n, k: k, into: &whole, cStride: n, accumulate: true)
          parts.withUnsafeMutableBufferPointer { parts in
            let starts = (0..<pieces).map { piece in parts.baseAddress.map { $0 + piece * height * n } }
            a.withPointer { a1 in
              b.withPointer { b1 in
                rnn_gemm_pieces(
                  Int32(m), Int32(n), Int32(k), a1, a.rowStride, a.columnStride, b1, b.rowStride, b.columnStride, starts,
                  Int32(height), n, true)
              }
            }
          }
          #expect(sameBits(whole, parts), "isa \(isa.rawValue), pieces \(pieces) of \(height), n \(n), k \(k)")
        }
      }
    }

    @Test func anEmptyProductTouchesNothing() {
      withEachInstructionSet { _ in
        var c = [guardValue]
        rnn_product([1], 1, 0, [1], 1, 16, &c, 16, nil)
        rnn_gemm(0, 5, 1, [1], 1, 1, [1], 1, 1, &c, 1, false)
        rnn_gemm(5, 0, 1, [1], 1, 1, [1], 1, 1, &c, 1, false)
        rnn_gemm(1, 1, 0, [1], 1, 1, [1], 1, 1, &c, 1, true)
        #expect(c == [guardValue])
        rnn_gemm(1, 1, 0, [1], 1, 1, [1], 1, 1, &c, 1, false)
        #expect(c == [0])
      }
    }

    @Test(arguments: Strided.Layout.allCases) func gemmAgreesWithDoublePrecision(_ layout: Strided.Layout) {
      let sizes = [
        (1, 1, 1), (1, 17, 5), (7, 1, 13), (5, 65, 0), (13, 31, 7), (37, 71, 129), (61, 145, 19), (97, 67, 301),
      ]
      withEachInstructionSet { isa in
        var numbers = Numbers(4)
        for layoutB in Strided.Layout.allCases {
          for (m, n, k) in sizes {
            let a = Strided(m, k, layout, &numbers), b = Strided(k, n, layoutB, &numbers)
            let cStride = n + 5
            let before = numbers.array(m * n)
            for accumulate in [false, true] {
              var c = [Float](repeating: guardValue, count: m * cStride + 16)
              for i in 0..<m { for j in 0..<n { c[i * cStride + j] = before[i * n + j] } }
              gemm(a, b, m: m, n: n, k: k, into: &c, cStride: cStride, accumulate: accumulate)
              let right = agrees(
                c, m: m, n: n, cStride: cStride, k: k, start: { accumulate ? before[$0 * n + $1] : 0 }, a: a, b: b)
              #expect(right, "isa \(isa.rawValue), \(layout) · \(layoutB), m \(m), n \(n), k \(k), accumulate \(accumulate)")
            }
          }
        }
      }
    }

    @Test func gemmHasTheSameBitsHoweverItIsCut() {
      let shapes = [
        (401, 73, 530, Strided.Layout.rows), (130, 700, 261, .columns), (64, 257, 1031, .rowsBackward), (9, 2000, 77, .rows),
      ]
      withEachInstructionSet { isa in
        var numbers = Numbers(5)
        for (m, n, k, layout) in shapes {
          let a = Strided(m, k, layout, &numbers), b = Strided(k, n, .rows, &numbers)
          func result(threads: Int, cuts: [Int] = []) -> [Float] {
            withThreads(threads) {
              var c = [Float](repeating: 0, count: m * n)
              var p = 0
              for end in cuts + [k] {
                gemm(
                  a.dropping(columns: p), b.dropping(rows: p), m: m, n: n, k: end - p, into: &c, cStride: n,
                  accumulate: p > 0)
                p = end
              }
              return c
            }
          }
          let one = result(threads: 1)
          let name = "isa \(isa.rawValue), m \(m), n \(n), k \(k)"
          for threads in [2, 3, 7] { #expect(sameBits(result(threads: threads), one), "\(name): \(threads) threads") }
          #expect(sameBits(result(threads: 2, cuts: [1, k / 2, k / 2 + 3]), one), "\(name): k cut")

          // A part of the output alone falls into other tiles.
          let (rows, columns) = (m - 3, n - 7)
          var part = [Float](repeating: 0, count: rows * columns)
          gemm(
            a.dropping(rows: 3), b.dropping(columns: 7), m: rows, n: columns, k: k, into: &part, cStride: columns,
            accumulate: false)
          let expected = (3..<m).flatMap { one[($0 * n + 7)..<(($0 + 1) * n)] }
          #expect(sameBits(part, expected), "\(name): a part")
        }
      }
    }

    @Test func infinityAndNaNStayInTheirRows() {
      withEachInstructionSet { isa in
        var numbers = Numbers(6)
        let (m, n, k) = (8, 19, 6)
        var a = Strided(m, k, .rows, &numbers)
        let b = Strided(k, n, .rows, &numbers)
        a.values[a.start + 2 * a.rowStride + 1] = .nan
        a.values[a.start + 5 * a.rowStride + 3] = .infinity
        var c = [Float](repeating: 0, count: m * n)
        gemm(a, b, m: m, n: n, k: k, into: &c, cStride: n, accumulate: false)
        for i in 0..<m {
          let row = c[(i * n)..<((i + 1) * n)]
          let right =
            switch i {
            case 2: row.allSatisfy(\.isNaN)
            case 5: row.allSatisfy(\.isInfinite)
            default: row.allSatisfy(\.isFinite)
            }
          #expect(right, "isa \(isa.rawValue), row \(i)")
        }
      }
    }
  }
}
