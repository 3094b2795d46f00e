public import RNNTensor

/// The columns of a table that somebody wants, found by name or by place.
public struct TableColumns: Sendable, Hashable {
  /// The names in the first row; nil where that is a row like any other.
  public let names: [String]?
  /// The number of fields of every row.
  public let count: Int
  /// The first place of each name.
  private let places: [String: Int]

  /// - Parameters:
  ///   - first: the fields of the table's first row.
  ///   - wanted: columns that somebody named.
  ///   - known: names that tell a header, in lower case.
  ///   - hasHeader: whether the first row has the names; by default if a wanted column is a name, or a field a known one.
  public init(first: [String], wanted: [String], known: [String] = [], hasHeader: Bool? = nil) {
    count = first.count
    let isHeader = hasHeader ?? (wanted.contains { Int($0) == nil } || first.contains { known.contains($0.lowercased()) })
    names = isHeader ? first : nil
    places = isHeader ? Dictionary(zip(first, first.indices)) { place, _ in place } : [:]
  }

  /// The place of a column, from 0: that of this name, or the one of this number, counted from 1.
  ///
  /// - Throws: `.badData` naming the columns there are.
  public func index(of column: String, in name: String) throws(RNNError) -> Int {
    if let index = places[column] { return index }
    if let number = Int(column), (1...count).contains(number) { return number - 1 }
    let found = names.map { $0.map { "‘\($0)’" }.joined(separator: ", ") } ?? "no names in its first line, and \(count) column\(count == 1 ? "" : "s")"
    throw RNNError(.badData, "\(name), line 1: there is no column ‘\(column)’; found \(found)")
  }

  /// The column with the first of these names that there is, in any case.
  public func index(ofAny known: [String]) -> Int? {
    let lower = (names ?? []).map { $0.lowercased() }
    return known.lazy.compactMap { lower.firstIndex(of: $0) }.first
  }

  /// A column for people: `column 2 (‘text’)`.
  public func describe(_ index: Int) -> String { "column \(index + 1)" + (names.map { " (‘\($0[index])’)" } ?? "") }
}
