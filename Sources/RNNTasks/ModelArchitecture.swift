public import RNNCells
import RNNTensor
public import RNNTraining

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
  /// The options that give this architecture.
  var settings: RunSettings { get }
}

extension ModelArchitecture {
  /// Throws `.usage` for sizes and rates that can't be, of those that all tasks have.
  func check() throws(RNNError) {
    try Limits.units.check(hidden, "hidden")
    try Limits.layers.check(layers, "layers")
    try Limits.rate.check(dropout, "dropout")
    for (name, size) in sizes.sorted(by: { $0.key < $1.key }) { try Limits.units.check(size, name) }
  }

  /// Of ``settings`` what all tasks have.
  var commonSettings: RunSettings {
    var common: RunSettings = ["--cell": cell.named, "--hidden": hidden, "--layers": layers]
    for (name, size) in sizes.sorted(by: { $0.key < $1.key }) { common["--\(name)"] = "\(size)" }
    return common
  }
}
