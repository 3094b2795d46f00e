import Foundation

/// Words that often mean that there is nothing, but may be the name of something.
enum MissingWord {
  private static let all: Set<String> = ["na", "n/a", "none", "null", "nil", "nan", "#n/a"]

  private static let categories: Set<String> = ["na", "none", "null", "nil"]

  /// True for a word that may be a category (North America, no holiday) in a column of words; missing numbers are none.
  static func mayBeCategory(_ field: UnsafeBufferPointer<UInt8>) -> Bool {
    (2...8).contains(field.count) && categories.contains(String(decoding: field, as: UTF8.self).lowercased().trimmingCharacters(in: .whitespaces))
  }

  static func isOne(_ text: String) -> Bool { text.utf8.count <= 4 && all.contains(text.lowercased()) }
}
