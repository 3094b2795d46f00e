import CRNNKernels

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

  /// The caches and blocks in use.
  init() {
    firstBytes = rnn_cache_size(1)
    secondBytes = rnn_cache_size(2)
    let found = rnn_blocks_in_use()
    blocks = Blocks(
      depth: Int(found.depth), gemmDepth: Int(found.gemm_depth), gemmRows: Int(found.gemm_rows), gemmColumns: Int(found.gemm_columns),
      classRows: Int(found.class_rows))
  }
}
