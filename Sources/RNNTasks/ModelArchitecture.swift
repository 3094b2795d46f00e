public import RNNCells
import RNNTensor
import RNNTraining

/// What the architectures of all tasks have.
public protocol ModelArchitecture: Sendable, Hashable {
  var cell: Cell { get }
  /// Units of each layer.
  var hidden: Int { get }
  var layers: Int { get }
  /// The rate of dropout while training.
  var dropout: Double { get }
  /// Further sizes that the cell needs (`projection`).
  var sizes: [String: Int] { get }
}

extension ModelArchitecture {
  /// Throws `.usage` for sizes and rates that can't be, of those that all tasks have.
  func check() throws(RNNError) {
    try Limits.units.check(hidden, "hidden")
    try Limits.layers.check(layers, "layers")
    try Limits.rate.check(dropout, "dropout")
    for (name, size) in sizes.sorted(by: { $0.key < $1.key }) { try Limits.units.check(size, name) }
  }

  /// What a run of training is told from others by: what all tasks have, and what this one has besides.
  func settings(task: String, _ own: RunSettings) -> RunSettings {
    var common: RunSettings = ["task": task, "--cell": cell.named, "--hidden": hidden, "--layers": layers, "--dropout": dropout]
    for (name, size) in sizes.sorted(by: { $0.key < $1.key }) { common["--\(name)"] = "\(size)" }
    return common + own
  }
}
