import RNNTensor

extension ClipList {
  /// Reads JSON lines: an object with a path and a text in each.
  mutating func readObjects(_ lines: consuming TableReader, folder: String, _ options: ClipListOptions) throws(RNNError) {
    var lines = lines
    var names: (clip: String, text: String?)?
    while try lines.next() {
      if lines.isBlank { continue }
      let place = "\(lines.name), line \(lines.line)"
      let object = try JSONLine(lines.bytes(0), at: place)
      if names == nil {
        let all = object.names
        func name(_ wanted: String?, _ known: [String]) throws(RNNError) -> String? {
          if let wanted { return try JSONLine.name(wanted, among: all, at: place) }
          return known.first { all.contains($0) }
        }
        guard let clip = try name(options.clipColumn, ClipListOptions.clipNames) else {
          throw RNNError(.badData, "\(place): found no path among ‘\(all.joined(separator: "’, ‘"))’; expected ‘audio_filepath’, or say its name (--clip-column)")
        }
        let text = try name(options.textColumn, ClipListOptions.textNames)
        guard text != nil || !options.requiresText else {
          throw RNNError(.badData, "\(place): found no text among ‘\(all.joined(separator: "’, ‘"))’; expected ‘text’, or say its name (--text-column)")
        }
        names = (clip, text)
        descriptions.append("\(lines.name): JSON lines, clips in ‘\(clip)’" + (text.map { ", text in ‘\($0)’" } ?? ""))
      }
      guard let names else { continue }
      // A part of a longer recording.
      if object.names.contains("offset"), let offset = Double(try object.text("offset")), offset != 0 {
        throw RNNError(.badData, "\(place): the clip begins \(offset) s after the beginning of its file; expected whole files: cut it out first")
      }
      let field = try object.text(names.clip)
      let text = try names.text.map { (name) throws(RNNError) in try object.text(name).split(whereSeparator: \.isWhitespace).joined(separator: " ") }
      let files = try Self.files(field, folder: folder, mustExist: options.requiresText, at: place)
      add(
        Clip(paths: files, channel: options.channel, text: text, line: lines.line, source: lines.name), [Array(field.utf8), Array((text ?? "").utf8)])
    }
    guard names != nil else { throw RNNError(.badData, "\(lines.name) is empty: expected paths and texts") }
  }
}
