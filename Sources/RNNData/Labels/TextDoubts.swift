import Foundation

/// Recognises contents that were probably given as texts by mistake: numbers, names of files.
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
