public import RNNCells
import RNNTensor

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

  /// What a run of training is told from others by, as words without spaces, each a name and a value.
  ///
  /// - Parameter own: what the task has besides.
  func settings(task: String, _ own: KeyValuePairs<String, Any>) -> String {
    let common: KeyValuePairs<String, Any> = [
      "task": task, "cell": Fingerprint(of: Array(cell.equations.utf8)), "hidden": hidden, "layers": layers, "dropout": dropout,
      "sizes": sizes.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ","),
    ]
    return (Array(common) + Array(own)).map { "\($0.key):\("\($0.value)".replacing(" ", with: ""))" }.joined(separator: " ")
  }
}
