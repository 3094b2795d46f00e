import RNNCells
import RNNTensor

extension Cell {
  /// The sizes that this cell needs besides those of its input and its units.
  ///
  /// - Parameter projection: the units of a projected state; half of `hidden` if nil.
  /// Throws `.usage` for a projection that the cell doesn't have.
  func furtherSizes(hidden: Int, projection: Int?) throws(RNNError) -> [String: Int] {
    if graph.sizeNames.contains("projection") { return ["projection": projection ?? max(hidden / 2, 1)] }
    guard projection == nil else {
      throw RNNError(.usage, "the cell \(name) has no projected state: a projection can't be given")
    }
    return [:]
  }
}
