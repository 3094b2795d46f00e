import Foundation

/// Remarks on labels and texts that are read as they stand but may not be what was meant.
extension LabelledTexts {
  /// What is doubtful, for people; empty where nothing is.
  public var warnings: [String] { missingLabels + alikeLabels + [TextDoubts.contents(wholes.prefix(TextDoubts.most).map(text), "texts", remedies: Self.remedies)].compactMap(\.self) }

  private static let remedies: [TextDoubts.Kind: String] = [
    .numbers: "they are read as words, which know nothing of size; name the column that has the texts (--text-column), or forecast series of numbers (rnn train forecast)",
    .sound: "what is in the files isn't read; rnn train transcribe learns from such lists what is said in clips",
    .pictures: "what is in the files isn't read",
    .documents: "what is in the files isn't read; give the texts themselves, or a folder for each label with a text a file",
  ]

  // MARK: Labels

  /// Labels that may stand for none.
  private var missingLabels: [String] {
    let counts = counts(of: wholes)
    return labels.indices.filter { MissingWord.isOne(labels[$0]) }.map { index in
      "the label ‘\(labels[index])’ (\(counts[index]) text\(counts[index] == 1 ? "" : "s")) is a class like the others; where it means that there is none, leave these texts out (--map names the labels to keep)"
    }
  }

  /// Labels that differ in case, spaces or how a number is written.
  private var alikeLabels: [String] {
    let counts = counts(of: wholes)
    let groups = Dictionary(grouping: labels.indices, by: { Self.core(labels[$0]) }).values.filter { $0.count > 1 }.sorted { $0[0] < $1[0] }
    let shown = groups.prefix(5).map { group in
      let names = group.map { "‘\(labels[$0])’ (\(counts[$0]))" }
      return "the labels \(names.dropLast().joined(separator: ", ")) and \(names[names.count - 1]) look alike; where they are one, give them one name (--map \(labels[group[1]])=\(labels[group[0]]),…)"
    }
    return shown + (groups.count > 5 ? ["\(groups.count - 5) more groups of labels look alike"] : [])
  }

  /// What is left of a label without what a writer may vary.
  private static func core(_ label: String) -> String {
    if let number = Double(label), number.isFinite { return "\(number)" }
    let words = label.lowercased().split { $0.isWhitespace || $0 == "_" || $0 == "-" }
    return words.isEmpty ? label : words.joined(separator: " ")
  }
}

/// Words that often mean that there is nothing, but may be the name of something.
enum MissingWord {
  private static let all: Set<String> = ["na", "n/a", "none", "null", "nil", "nan", "#n/a"]

  private static let categories: Set<String> = ["na", "none", "null", "nil"]

  /// Whether a field of a column of words may be such a category, North America or no holiday; numbers that aren't there are not.
  static func mayBeCategory(_ field: UnsafeBufferPointer<UInt8>) -> Bool {
    (2...8).contains(field.count) && categories.contains(String(decoding: field, as: UTF8.self).lowercased().trimmingCharacters(in: .whitespaces))
  }

  static func isOne(_ text: String) -> Bool { text.utf8.count <= 4 && all.contains(text.lowercased()) }
}

/// What texts look like that are none.
package enum TextDoubts {
  package enum Kind: CaseIterable {
    case numbers, sound, pictures, documents

    var name: String {
      switch self {
      case .numbers: "numbers"
      case .sound: "names of sound files"
      case .pictures: "names of pictures"
      case .documents: "names of files"
      }
    }

    /// The endings of files' names.
    fileprivate var endings: Set<String> {
      switch self {
      case .numbers: []
      case .sound: ["wav", "flac", "mp3", "ogg", "opus", "m4a", "aac", "wma", "aif", "aiff", "sph", "npy", "mfc"]
      case .pictures: ["png", "jpg", "jpeg", "gif", "bmp", "tif", "tiff", "webp", "svg"]
      case .documents: ["txt", "html", "htm", "xml", "pdf", "doc", "docx", "csv", "json"]
      }
    }

    fileprivate init?(_ text: ArraySlice<UInt8>) {
      let trimmed = text.drop(while: WordCutter.isWhitespace)
      guard (1...255).contains(trimmed.count) else { return nil }
      let string = String(decoding: trimmed, as: UTF8.self).trimmingCharacters(in: .whitespaces)
      if string.first.map({ $0.isNumber || "+-.".contains($0) }) == true, Double(string) != nil {
        self = .numbers
        return
      }
      let parts = string.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count > 1, !parts[0].isEmpty || parts.count > 2, let ending = parts.last?.lowercased(), let kind = Self.allCases.first(where: { $0.endings.contains(ending) }) else { return nil }
      self = kind
    }
  }

  /// Texts that are looked at.
  package static let most = 1000

  /// A sentence where nearly all of some texts are of one kind.
  ///
  /// - Parameters:
  ///   - things: what they are called, such as `texts`.
  ///   - remedies: what to do, by kind.
  package static func contents(_ texts: [ArraySlice<UInt8>], _ things: String, remedies: [Kind: String]) -> String? {
    var counts: [Kind: Int] = [:], examples: [Kind: String] = [:]
    for text in texts {
      guard let kind = Kind(text) else { continue }
      counts[kind, default: 0] += 1
      if examples[kind] == nil { examples[kind] = String(decoding: text.prefix(40), as: UTF8.self).trimmingCharacters(in: .whitespaces) }
    }
    guard let kind = Kind.allCases.first(where: { 20 * (counts[$0] ?? 0) >= 19 * max(texts.count, 1) }), let remedy = remedies[kind] else { return nil }
    return "\(counts[kind] == texts.count ? "all" : "nearly all") \(things) are \(kind.name), such as ‘\(examples[kind] ?? "")’: \(remedy)"
  }
}
