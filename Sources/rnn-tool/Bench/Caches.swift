import CRNNKernels
import Foundation
import RNN

/// The caches of a core, and the blocks that products are cut into by them.
struct BenchCaches: Encodable {
  let firstBytes: Int
  let secondBytes: Int
  let blocks: Blocks

  /// In rows and columns of the matrices.
  struct Blocks: Encodable {
    /// Steps along the sum of a product with a packed matrix.
    let depth: Int
    let gemmDepth: Int
    let gemmRows: Int
    let gemmColumns: Int
    /// Rows of the output layer's gradients.
    let classRows: Int
  }

  /// Those in use.
  init() {
    firstBytes = rnn_cache_size(1)
    secondBytes = rnn_cache_size(2)
    let found = rnn_blocks_in_use()
    blocks = Blocks(
      depth: Int(found.depth), gemmDepth: Int(found.gemm_depth), gemmRows: Int(found.gemm_rows), gemmColumns: Int(found.gemm_columns),
      classRows: Int(found.class_rows))
  }

  /// - Throws: `.usage` where the environment variable `RNN_CACHES` isn't two sizes.
  static func check() throws(RNNError) {
    guard let value = getenv("RNN_CACHES"), value.pointee != 0 else { return }
    var bytes = (0, 0)
    let isRead = withUnsafeMutableBytes(of: &bytes) { rnn_cache_wish(value, $0.assumingMemoryBound(to: Int.self).baseAddress) }
    if !isRead {
      throw RNNError(
        .usage, "RNN_CACHES is \"\(String(cString: value))\", expected the KiB of a core's first cache (8 to 1024) and second (64 to 65536), as in 32,512")
    }
  }
}
