import RNNTensor
import Testing

/// Files that are none of ours are called by their names.
@Suite struct ForeignFormatTests {
  private func name(_ bytes: [UInt8]) -> String? { ForeignFormat(bytes)?.name }

  @Test func signatures() {
    #expect(name([0x1F, 0x8B, 8, 0]) == "a gzip file")
    #expect(name([0xFD] + Array("7zXZ".utf8) + [0, 0]) == "an xz file")
    #expect(name(Array("BZh9".utf8) + [0x31, 0x41, 0x59, 0x26, 0x53, 0x59]) == "a bzip2 file")
    #expect(name(Array("%PDF-1.7\n".utf8)) == "a PDF file")
    #expect(name([0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1])?.hasPrefix("an Office file") == true)
    #expect(name(Array("PAR1".utf8)) == "a Parquet file")
    #expect(name(Array("SQLite format 3\0".utf8)) == "an SQLite database")
    #expect(name(Array("version https://git-lfs.github.com/spec/v1\noid".utf8))?.hasPrefix("a Git LFS pointer") == true)
    #expect(name(Array("RIFF".utf8) + [1, 0, 0, 0] + Array("WAVEfmt ".utf8)) == "a WAV file")
    #expect(name([120, 0, 0, 0, 0, 0, 0, 0] + Array("{\"__metadata__\"".utf8)) == "a file of tensors (safetensors)")
  }

  @Test func archivesByWhatIsInThem() {
    func archive(_ names: String...) -> String? { name(names.flatMap { Array("PK".utf8) + [3, 4, 20, 0] + Array($0.utf8) + [0, 1, 2] }) }
    #expect(archive("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml") == "an Excel workbook")
    #expect(archive("[Content_Types].xml", "word/document.xml") == "a Word document")
    #expect(archive("[Content_Types].xml")?.hasPrefix("an Office file") == true)
    #expect(archive("mimetypeapplication/vnd.oasis.opendocument.spreadsheet") == "an OpenDocument spreadsheet")
    #expect(archive("archive/data.pkl") == "a PyTorch file" && archive("weights.npy") == "an archive of NumPy arrays")
    #expect(archive("a.txt") == "a zip archive")
  }

  @Test func textOfTwoBytesACharacter() {
    let text = "temperature; pressure\n1; 2\n"
    let little = text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }, big = text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
    #expect(name([0xFF, 0xFE] + little) == "UTF-16 text" && name([0xFE, 0xFF] + big) == "UTF-16 text")
    #expect(name(little) == "UTF-16LE text" && name(big) == "UTF-16BE text", "without a mark")
    #expect(name([0xFF, 0xFE, 0, 0, 0x61, 0, 0, 0]) == "UTF-32 text")
    #expect(ForeignFormat(little)?.error("a.txt", expected: "text in UTF-8").message
      == "a.txt is UTF-16LE text, expected text in UTF-8; convert it to UTF-8 first (iconv -f UTF-16LE -t UTF-8)")
  }

  @Test func textsAndTablesAreNone() {
    for text in [
      "", "a", "PK", "BZh", "BZh91 is a word", "ID3", "ID3 tags", "PARK", "RIFF", "7z", "%PDF", "Rar", "GIF", "date,y\n1,2\n", "\u{FEFF}date,y\n", "é\n", "狐\n", "{\"text\": \"a\"}\n",
      "{\\r", "a\0b\0c", "version https://example.org/", "И\n",
    ] { #expect(ForeignFormat(Array(text.utf8)) == nil, "\(text)") }
    // Latin-1, and bytes of anything that has no signature.
    #expect(ForeignFormat([0x63, 0x61, 0x66, 0xE9, 0x0A]) == nil && ForeignFormat([0x80, 0x81, 0xC3]) == nil)
  }
}
