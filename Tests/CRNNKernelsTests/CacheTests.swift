import CRNNKernels
import Testing

extension Kernels {
  /// Blocks are cut by the caches, and no bit depends on that.
  @Suite struct Caches {
    private static let sizes = [(8, 64), (32, 512), (48, 1280), (1024, 64), (1024, 65536)]

    @Test func sizesAreReported() {
      #expect((8 << 10...1 << 20).contains(rnn_cache_size(1)))
      #expect((64 << 10...1 << 26).contains(rnn_cache_size(2)))
      withCaches(32, 512) {
        #expect(rnn_cache_size(1) == 32 << 10)
        #expect(rnn_cache_size(2) == 512 << 10)
      }
    }

    @Test func sizesAsText() {
      func read(_ text: String) -> [Int]? {
        var bytes = [0, 0]
        return rnn_read_cache_sizes(text, &bytes) ? bytes : nil
      }
      #expect(read("32,512") == [32 << 10, 512 << 10])
      #expect(read("48, 1280") == [48 << 10, 1280 << 10])
      for text in ["", "32", "32,", "32,512,", "32;512", "a,b", "4,512", "32,99999999999", "-1,512", "32,512K"] { #expect(read(text) == nil, "\(text)") }
    }

    @Test func blocksFitTheCaches() {
      withEachInstructionSet { isa in
        for (first, second) in Self.sizes {
          withCaches(first, second) {
            let blocks = rnn_blocks_in_use(), panel = Int(rnn_panel_columns())
            let name = "isa \(isa.rawValue), \(first) and \(second) KiB: \(blocks)"
            #expect([blocks.depth, blocks.gemm_depth, blocks.gemm_rows, blocks.gemm_columns, blocks.class_rows].allSatisfy { $0 > 0 }, "\(name)")
            #expect(Int(blocks.depth) * panel * 4 <= max(first, second / 4) << 10, "\(name)")
            #expect(Int(blocks.gemm_depth) * panel * 4 <= first << 9, "\(name)")
            if first * 4 <= second {
              #expect(Int(blocks.gemm_depth * (blocks.gemm_rows + blocks.gemm_columns)) * 4 <= second << 10, "\(name)")
            }
          }
        }
      }
    }

    @Test func bitsDoNotDependOnThem() {
      withEachInstructionSet { isa in
        var numbers = Numbers(11)
        for (rows, ks, n) in [(29, [300, 0, 1, 450], 80), (13, [700], 272), (64, [1200, 90], 48), (3, [900], 144), (40, [0, 0], 32)] {
          let a = ks.map { numbers.array(rows * $0 + 1) }, w = ks.map { numbers.array($0 * n + 1) }, initial = numbers.array(n)
          let packed = zip(ks, w).map { k, w in
            var packed = [Float](repeating: 0, count: rnn_packed_size(Int32(k), Int32(n)) + 1)
            rnn_pack(&packed, Int32(k), 0, Int32(n), w, n, 1)
            return packed
          }
          func sum(_ initial: [Float]?) -> [UInt32] {
            var c = (0..<rows * n).map { Float($0 % 7) }
            func run(_ factors: [rnn_factors]) {
              let i = factors.count
              if i < ks.count {
                a[i].withUnsafeBufferPointer { a in
                  packed[i].withUnsafeBufferPointer {
                    run(factors + [rnn_factors(a: a.baseAddress, a_stride: ks[i], packed: $0.baseAddress, k: Int32(ks[i]))])
                  }
                }
              } else if let initial {
                rnn_sum_of_products(factors, Int32(i), Int32(rows), Int32(n), &c, n, initial)
              } else {
                rnn_sum_of_products(factors, Int32(i), Int32(rows), Int32(n), &c, n, nil)
              }
            }
            run([])
            return c.map(\.bitPattern)
          }
          func general() -> [UInt32] {
            var c = [Float](repeating: 0, count: rows * n)
            rnn_gemm(Int32(rows), Int32(n), Int32(ks[0]), a[0], ks[0], 1, w[0], n, 1, &c, n, false)
            return c.map(\.bitPattern)
          }
          let expected = withCaches(1024, 65536) { (sum(initial), sum(nil), general()) }
          for (first, second) in Self.sizes {
            withCaches(first, second) {
              let name = "isa \(isa.rawValue), \(rows) rows, \(ks) steps, \(n) columns, \(first) and \(second) KiB"
              #expect(sum(initial) == expected.0 && sum(nil) == expected.1, "\(name)")
              #expect(general() == expected.2, "\(name)")
            }
          }
        }
      }
    }
  }
}
