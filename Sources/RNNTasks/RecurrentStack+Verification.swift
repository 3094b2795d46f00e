public import RNNCells
import RNNLayers
import RNNTensor

extension CellSizes {
  /// Sizes for trying a cell: every size that it has beyond its input and its units is half of those.
  public init(_ cell: Cell, inputs: Int, hidden: Int) {
    let others = cell.graph.sizeNames.filter { $0 != "input" && $0 != "hidden" }
    self.init(input: inputs, hidden: hidden, Dictionary(uniqueKeysWithValues: others.map { ($0, max(hidden / 2, 1)) }))
  }
}

extension RecurrentStack {
  /// What must hold of the cell's equations, and of each layer with its own weights.
  ///
  /// - Parameter progress: hears after each row how many of how many are done.
  func verify(
    _ weights: Weights, seed: UInt64, _ progress: (_ done: Int, _ all: Int) -> Void
  ) throws(RNNError) -> [(part: String, checks: [Check])] {
    var layers: [(part: String, rows: [() -> Check])] = []
    for layer in engines.indices {
      for reverse in bidirectional == nil ? [false] : [false, true] {
        let own = try Verification(
          cell, sizes: engines[layer].sizes, seed: seed, parameters: parameters(layer: layer, reverse: reverse, of: weights))
        layers.append((
          "layer \(layer)\(reverse ? " reverse" : "")",
          [
            own.forwardAgainstPlain, own.wholeAgainstSteps, own.wholeAgainstStepper, own.wholeAgainstChunks, own.rowAgainstBatch,
            { own.paddedAgainstAlone() }, own.noStateAgainstInitial, own.oneThreadAgainstMore,
          ]
        ))
      }
    }
    // Finite differences want few numbers that are not too large: equations don't change with the size.
    let small = try Verification(cell, sizes: CellSizes(cell, inputs: 5, hidden: 7), seed: seed)
    var done = 0, all = layers.reduce(0) { $0 + $1.rows.count }
    let checks = small.run { row, rows in
      done = row
      progress(done, all + rows)
    }
    all += checks.count
    return [("cell \(cell.name)", checks)] + layers.map { part, rows in
      (part, rows.map { row in
        let check = row()
        done += 1
        progress(done, all)
        return check
      })
    }
  }
}
