extension Graph {
  /// The floating-point operations of the matrix products in one step of one row: 2 · rows · columns for each matrix, as
  /// often as it is applied. For an LSTM of input size I and H units this is 2 · 4 · H · (I + H).
  package func productOperations(_ sizes: CellSizes) -> Int {
    nodes.reduce(0) { count, node in
      guard case .product(let p) = node.operation, let columns = parameters[p].columns else { return count }
      return count + 2 * sizes[parameters[p].rows] * sizes[columns]
    }
  }
}
