/// What is said of data to measure on that are among those to train on.
enum ValidationWarning {
  /// They are the same.
  static func same(_ name: String) -> String {
    "\(name) is what the model is trained on: measured there, a model that learnt it by heart looks best; give other data (--valid), or leave --valid away"
  }

  /// More than this part of them is; by chance a few may be.
  static let smallest = 0.1

  /// Some of them are; nil where hardly any is.
  ///
  /// - Parameters:
  ///   - things: such as `texts`.
  ///   - sources: the files to measure on.
  ///   - isSame: whether there are as many in both.
  static func overlap(_ shared: Int, of all: Int, _ things: String, in sources: [String], isSame: Bool) -> String? {
    if shared == all, isSame, all > 0 { return same(sources.isEmpty ? "what is measured on" : sources.joined(separator: ", ")) }
    return Double(shared) > smallest * Double(all) ? "\(shared) of \(all) \(things) to measure on are among those to train on: on new ones figures are worse" : nil
  }
}
