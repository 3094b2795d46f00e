import Foundation

/// Remarks on labels and texts that are read as they stand but may not be what was meant.
extension LabelledTexts {
  /// Sentences for people, empty where nothing is doubtful.
  public var warnings: [String] { missingLabels + alikeLabels + [mapRemark, TextDoubts.contents(wholes.prefix(TextDoubts.most).map(text), "texts", remedies: Self.remedies)].compactMap(\.self) }

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
