/// A row of units below the names of a table, such as `,°C,hPa`.
enum UnitsRow {
  /// Whether the second row is one: no number and no time stands in it, but words where all rows below have numbers.
  ///
  /// - Parameter rows: the first rows of the table, the one with the names included.
  static func isSecond(of rows: [[String]]) -> Bool {
    guard rows.count > 3 else { return false }
    let units = rows[1], body = rows[2...].filter { $0.count == units.count }
    guard body.count > 1, rows[0].count == units.count, !rows[0].contains(where: isNumber), !units.contains(where: { isNumber($0) || TimeText($0) != nil }) else { return false }
    return units.indices.contains { column in
      field(units[column]) == .other && body.allSatisfy { field($0[column]) != .other } && body.contains { isNumber($0[column]) }
    }
  }

  private static func field(_ text: String) -> NumberField {
    var text = text
    return text.withUTF8 { NumberField($0) }
  }

  private static func isNumber(_ text: String) -> Bool { if case .number = field(text) { true } else { false } }
}
