/// What something takes in memory at least, estimated before any of it is taken.
///
/// Counted in `Double`: nothing overflows, whatever sizes somebody asks for.
package struct MemoryNeed: Sendable {
  /// The parts and their bytes, the largest first in messages.
  package private(set) var parts: [(name: String, bytes: Double)] = []

  package init() {}

  /// A part of so many bytes.
  package init(_ name: String, bytes: Double) { add(name, bytes: bytes) }

  package mutating func add(_ name: String, bytes: Double) {
    if bytes > 0 { parts.append((name, bytes)) }
  }

  /// The bytes of all parts.
  package var bytes: Double { parts.reduce(0) { $0 + $1.bytes } }

  /// Throws unless there is so much memory, saying what is needed, for what, and what there is.
  ///
  /// - Parameters:
  ///   - subject: what needs it: “this training”.
  ///   - advice: what to do about it: “lower --hidden or --batch”.
  ///   - available: what there is; where the system doesn't say that, nothing is thrown.
  package func check(
    _ subject: String, _ advice: String, _ kind: RNNError.Kind = .usage, available: @autoclosure () -> AvailableMemory? = .now
  ) throws(RNNError) {
    // Less is there, or its absence is found where it is taken.
    guard bytes > Self.least, let available = available(), bytes > Double(available.bytes) else { return }
    let largest = parts.sorted { $0.bytes > $1.bytes }.prefix(4).map { "\(Self.text($0.bytes)) for \($0.name)" }
    throw RNNError(
      kind,
      "\(subject) needs at least \(Self.text(bytes)) of memory (\(largest.joined(separator: ", "))); "
        + "there are \(Self.text(Double(available.bytes))) of \(available.bound): \(advice)")
  }

  private static let least = 4e6

  /// A size as people say it, with three digits: “163 GB”.
  package static func text(_ bytes: Double) -> String {
    var (size, unit) = (bytes, 0)
    let units = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"]
    while size >= 999.5, unit + 1 < units.count { (size, unit) = (size / 1000, unit + 1) }
    guard size < 1e15 else { return "\(size) \(units[unit])" }
    let tenths = Int((size * 10).rounded())
    return (unit > 0 && tenths < 1000 ? "\(tenths / 10).\(tenths % 10)" : "\(Int(size.rounded()))") + " \(units[unit])"
  }
}
