/// A file format that is not read here, recognised by a file's first bytes.
///
/// Every reader looks here before it reads on, so that a compressed file or a spreadsheet is called by its name and not by the first
/// byte that doesn't fit.
package struct ForeignFormat: Sendable, Hashable {
  /// Such as `a gzip file`.
  package let name: String
  /// What to do with such a file; nil where there is nothing to advise.
  package let remedy: String?
  /// Whether what is wanted may be packed in it, a model too; else the remedy is one for texts and tables.
  private let isPacked: Bool

  /// The most bytes that are looked at.
  package static let length = 4096

  /// The format that `beginning`, a file's first bytes, is of; nil for anything that may be a text, a table or a model.
  package init?(_ beginning: some Collection<UInt8>) {
    let bytes = Array(beginning.prefix(Self.length))
    if let known = Self.signatures.first(where: { bytes.starts(with: $0.bytes) }) {
      self.init(name: known.name, remedy: known.remedy)
    } else if bytes.starts(with: Array("PK".utf8) + [3, 4]) || bytes.starts(with: Array("PK".utf8) + [5, 6]) {
      self = Self.archive(bytes)
    } else if let sound = Self.sound(bytes) {
      self = sound
    } else if Self.isSafetensors(bytes) {
      self.init(name: "a file of tensors (safetensors)", remedy: nil)
    } else if Self.isBzip2(bytes) {
      self.init(name: "a bzip2 file", remedy: "unpack it first (bunzip2)")
    } else if let text = Self.wideText(bytes) {
      self = text
    } else {
      return nil
    }
  }

  /// Bytes that are no text in any encoding that is read: with zeros in them, and not UTF-8.
  package static let binary = ForeignFormat(name: "binary data", remedy: nil)

  private init(name: String, remedy: String?) {
    self.name = name
    self.remedy = remedy
    isPacked = remedy.map { $0.hasPrefix("unpack") || $0.hasPrefix("fetch") } ?? false
  }

  /// An error that says what a file is.
  ///
  /// - Parameters:
  ///   - expected: such as `a table of numbers`.
  ///   - isText: whether that is text of some kind, which documents can be converted to.
  package func error(_ file: String, expected: String, isText: Bool = true) -> RNNError {
    let advice = remedy.flatMap { isText || isPacked ? "; \($0)" : nil }
    return RNNError(.badData, "\(file) is \(name), expected \(expected)\(advice ?? "")")
  }

  /// Throws `.badData` where `beginning`, a file's first bytes, is of a foreign format.
  package static func check(_ beginning: some Collection<UInt8>, name: String, expected: String, isText: Bool = true) throws(RNNError) {
    if let foreign = ForeignFormat(beginning) { throw foreign.error(name, expected: expected, isText: isText) }
  }

  // MARK: Signatures

  private static let signatures: [(bytes: [UInt8], name: String, remedy: String?)] = [
    ([0x1F, 0x8B], "a gzip file", "unpack it first (gunzip)"),
    ([0xFD] + Array("7zXZ".utf8) + [0], "an xz file", "unpack it first (unxz)"),
    ([0x28, 0xB5, 0x2F, 0xFD], "a Zstandard file", "unpack it first (unzstd)"),
    (Array("7z".utf8) + [0xBC, 0xAF, 0x27, 0x1C], "a 7-Zip archive", "unpack it first"),
    (Array("Rar!".utf8) + [0x1A, 0x07], "a RAR archive", "unpack it first"),
    ([0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1], "an Office file (an Excel workbook or a Word document)", saveAsText),
    (Array("%PDF-".utf8), "a PDF file", "extract its text first (pdftotext)"),
    (Array("{\\rtf".utf8), "an RTF document", "save it as plain text first"),
    (Array("PAR1".utf8), "a Parquet file", convert),
    (Array("ARROW1".utf8), "an Arrow file", convert),
    (Array("FEA1".utf8), "a Feather file", convert),
    ([0x89] + Array("HDF\r\n".utf8), "an HDF5 file", convert),
    (Array("SQLite format 3\0".utf8), "an SQLite database", "export a table of it as CSV first"),
    ([0x93] + Array("NUMPY".utf8), "a NumPy array", nil),
    (Array("GGUF".utf8), "a GGUF model", nil),
    ([0x89] + Array("PNG\r\n".utf8), "a picture (PNG)", nil),
    ([0xFF, 0xD8, 0xFF], "a picture (JPEG)", nil),
    (Array("GIF8".utf8), "a picture (GIF)", nil),
    ([0x7F] + Array("ELF".utf8), "a program (ELF)", nil),
    (Array("version https://git-lfs.github.com/spec/".utf8), "a Git LFS pointer, not the file itself", "fetch the file first (git lfs pull)"),
  ]

  private static let saveAsText = "save it as CSV (UTF-8) or plain text first"
  private static let convert = "convert it to CSV first"

  /// A zip archive, or what is packed in one, by the names of its first members.
  private static func archive(_ bytes: [UInt8]) -> ForeignFormat {
    let text = String(decoding: bytes, as: UTF8.self)
    let kinds: [(String, String, String?)] = [
      ("xl/", "an Excel workbook", "save it as CSV (UTF-8) first"),
      ("opendocument.spreadsheet", "an OpenDocument spreadsheet", "save it as CSV (UTF-8) first"),
      ("word/", "a Word document", "save it as plain text first"), ("opendocument.text", "an OpenDocument text", "save it as plain text first"),
      ("[Content_Types].xml", "an Office file (an Excel workbook or a Word document)", saveAsText),
      ("data.pkl", "a PyTorch file", nil), (".npy", "an archive of NumPy arrays", nil), ("epub+zip", "an EPUB book", "extract its text first"),
    ]
    let known = kinds.first { text.contains($0.0) }
    return known.map { ForeignFormat(name: $0.1, remedy: $0.2) } ?? ForeignFormat(name: "a zip archive", remedy: "unpack it first (unzip)")
  }

  private static func sound(_ bytes: [UInt8]) -> ForeignFormat? {
    let remedy = "sound is transcribed (rnn transcribe)"
    if bytes.count >= 12, ["RIFF", "RF64"].contains(where: { bytes.starts(with: Array($0.utf8)) }), bytes[8..<12].elementsEqual("WAVE".utf8) {
      return ForeignFormat(name: "a WAV file", remedy: remedy)
    }
    if bytes.starts(with: "fLaC".utf8) { return ForeignFormat(name: "a FLAC file", remedy: remedy) }
    if bytes.starts(with: "OggS".utf8) { return ForeignFormat(name: "an Ogg file", remedy: remedy) }
    // Three letters may begin a text; the version after them can't.
    if bytes.count > 4, bytes.starts(with: "ID3".utf8), (2...4).contains(bytes[3]) { return ForeignFormat(name: "an MP3 file", remedy: remedy) }
    if bytes.count > 1, bytes[0] == 0xFF, [0xFB, 0xF3, 0xF2].contains(bytes[1]) { return ForeignFormat(name: "an MP3 file", remedy: remedy) }
    return nil
  }

  /// The length of a header, and the brace that it begins with.
  private static func isSafetensors(_ bytes: [UInt8]) -> Bool {
    bytes.count > 9 && bytes[4..<8].allSatisfy { $0 == 0 } && bytes[8] == UInt8(ascii: "{") && bytes[9] == UInt8(ascii: "\"")
  }

  private static func isBzip2(_ bytes: [UInt8]) -> Bool {
    bytes.count > 9 && bytes.starts(with: "BZh".utf8) && bytes[4..<10].elementsEqual([0x31, 0x41, 0x59, 0x26, 0x53, 0x59])
  }

  /// Text in units of two or four bytes, by its mark, or by the zeros of which each second byte is one.
  private static func wideText(_ bytes: [UInt8]) -> ForeignFormat? {
    func text(_ name: String) -> ForeignFormat {
      ForeignFormat(name: "\(name) text", remedy: "convert it to UTF-8 first (iconv -f \(name) -t UTF-8)")
    }
    if bytes.starts(with: [0xFF, 0xFE, 0, 0]) || bytes.starts(with: [0, 0, 0xFE, 0xFF]) { return text("UTF-32") }
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) { return text("UTF-16") }
    guard bytes.count >= 8 else { return nil }
    let pairs = bytes.count / 2
    let even = (0..<pairs).count { bytes[2 * $0] == 0 }, odd = (0..<pairs).count { bytes[2 * $0 + 1] == 0 }
    if odd * 10 >= 9 * pairs, even * 10 <= pairs { return text("UTF-16LE") }
    if even * 10 >= 9 * pairs, odd * 10 <= pairs { return text("UTF-16BE") }
    return nil
  }
}
