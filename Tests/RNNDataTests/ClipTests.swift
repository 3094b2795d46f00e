import Foundation
import RNNData
import RNNTensor
import RNNTestSupport
import Testing

@Suite struct ClipTests {
  /// A file of samples at 8 kHz.
  static func wav(_ samples: [Int16], rate: Int = 8000) -> [UInt8] {
    func number(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    let format = number(1, 2) + number(1, 2) + number(rate, 4) + number(2 * rate, 4) + number(2, 2) + number(16, 2)
    let data = samples.flatMap { number(Int($0), 2) }
    let chunks = Array("WAVEfmt ".utf8) + number(16, 4) + format + Array("data".utf8) + number(data.count, 4) + data
    return Array("RIFF".utf8) + number(chunks.count, 4) + chunks
  }

  /// A folder with some sounds, of which one has a space in its name, and lists.
  private func folder(_ body: (_ path: String, _ list: (String) throws -> String) throws -> Void) throws {
    let folder = try TemporaryFolder(["text.wav": "Dear Sir", "sounds/.kept": ""])
    for (name, samples, rate) in [
      ("a.wav", 400, 8000), ("b.wav", 800, 8000), ("a b.wav", 1200, 8000), ("high.wav", 1600, 16_000), ("empty.wav", 0, 8000),
    ] {
      try folder.write(name, Self.wav((0..<samples).map { Int16(8000 * sin(Double($0) * 0.3)) }, rate: rate))
    }
    var lists = 0
    try body(String(folder[""].dropLast())) { text in
      lists += 1
      try folder.write("list\(lists).tsv", Array(text.utf8))
      return folder["list\(lists).tsv"]
    }
  }

  private func message(_ body: () throws -> some Any) -> String {
    do {
      let value = try body()
      return "no error: \(value)"
    } catch { return "\(error)" }
  }

  @Test func listsOfAnyForm() throws {
    try folder { folder, list in
      let plain = try ClipList(contentsOf: list("a.wav\tone\n\n\(folder)/b.wav\t two  \n"))
      #expect(plain.clips.map(\.paths) == [["\(folder)/a.wav"], ["\(folder)/b.wav"]])
      #expect(plain.clips.map(\.text) == ["one", "two"] && plain.clips.map(\.line) == [1, 3])
      #expect(plain.sources == ["list1.tsv"] && plain.clips[1].place == "\(folder)/list1.tsv, line 3")
      // A word that is said may be one that columns have.
      #expect(try ClipList(contentsOf: list("a.wav\tfile\nb.wav\ttext\n")).clips.count == 2)

      let named = try ClipList(contentsOf: list("text\tclips\tpauses_ms\none two\ta.wav b.wav\t10 0 2.5\nthree\ta b.wav\t\n"))
      #expect(named.clips[0].paths == ["\(folder)/a.wav", "\(folder)/b.wav"] && named.clips[0].pauses == [10, 0, 2.5])
      #expect(named.clips[0].text == "one two")
      #expect(named.clips[1].paths == ["\(folder)/a b.wav"] && named.clips[1].pauses == [])

      let other = try ClipList(
        contentsOf: list("x|one|a.wav\n"), options: .init(clipColumn: "3", textColumn: "2", folder: folder, separator: "|"))
      #expect(other.clips.map(\.paths) == [["\(folder)/a.wav"]] && other.clips[0].text == "one")
      let silent = try ClipList(contentsOf: list("a.wav\n"), options: .init(requiresText: false))
      #expect(silent.clips.map(\.text) == [nil])
      #expect(try ClipList(files: ["\(folder)/a.wav"]).clips[0].place == "\(folder)/a.wav")
      // Lists as others write them.
      let deepSpeech = try ClipList(contentsOf: list("wav_filename\twav_filesize\ttranscript\na.wav\t1644\tone\n"))
      #expect(deepSpeech.clips.map(\.paths) == [["\(folder)/a.wav"]] && deepSpeech.clips[0].text == "one")
      let nemo = try ClipList(contentsOf: list("{\"audio_filepath\": \"a.wav\", \"duration\": 1.5, \"text\": \"one  two\"}\n\n{\"text\": \"b\", \"audio_filepath\": \"b.wav\", \"offset\": 0}\n"))
      #expect(nemo.clips.map(\.paths) == [["\(folder)/a.wav"], ["\(folder)/b.wav"]] && nemo.clips.map(\.text) == ["one two", "b"])
      #expect(nemo.clips.map(\.line) == [1, 3])
      let ljSpeech = try ClipList(contentsOf: list("a|Dr. 1, or \"one|Doctor one\nb|two|\"two\n"))
      #expect(ljSpeech.clips.map(\.paths) == [["\(folder)/a.wav"], ["\(folder)/b.wav"]] && ljSpeech.clips.map(\.text) == ["Doctor one", "\"two"])
      let speakers = try ClipList(contentsOf: list("a.wav|one, two|7\n"), options: .init(channel: 2))
      #expect(speakers.clips[0].text == "one, two" && speakers.clips[0].channel == 2)
      for (text, part) in [
        ("{\"audio_filepath\": \"a.wav\", \"text\": \"one\", \"offset\": 2.5}", "line 1: the clip begins 2.5 s after"),
        ("{\"audio\": \"a.wav\"}", "line 1: found no text"), ("{\"text\": \"a.wav\"}", "line 1: found no path"),
        ("{\"audio\": \"a.wav\", \"text\": \"one\"}\n{\"audio\": \"none.wav\", \"text\": \"one\"}", "line 2: no such file"),
        ("{\"audio\": \"a.wav\", \"text\": \"one\"}\n{\"audio\": \"a.wav\"}", "line 2: there is no ‘text’"),
      ] {
        let error = #expect(throws: RNNError.self) { try ClipList(contentsOf: list(text)) }
        #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
      }
      // What is written decides.
      func fingerprint(_ text: String) throws -> Fingerprint { try ClipList(contentsOf: list(text)).fingerprint }
      #expect(try fingerprint("a.wav\tone\n\(folder)/b.wav\ttwo\n") == plain.fingerprint)
      #expect(try fingerprint("a.wav\ttwo\n\(folder)/b.wav\tone\n") != plain.fingerprint)
      let header = "clips\ttext\tpauses_ms\na.wav"
      #expect(try fingerprint(header + "\t1\t2\n") != fingerprint(header + "\t12.0\t\n"))
    }
  }

  @Test func whatIsWrongInAList() throws {
    try folder { folder, list in
      for (text, words) in [
        ("a.wav\tone\nc.wav\ttwo\n", "line 2, column 1: no such file: \(folder)/c.wav; paths start from the folder of the list"),
        ("a.wav c.wav\tone\n", "no such file: \(folder)/c.wav"), ("a.wav\tone\nb.wav\n", "line 2: found 1 field"),
        ("a.wav\n", "expected a path and a text"), ("", "is empty: expected paths and texts"), ("\tone\n", "column 1: found no path"),
        ("sounds\tone\n", "is a directory"), ("clips\ttext\n", "found no clip"),
        ("clips\ttext\tpauses_ms\na.wav\tone\t1 2 3\n", "line 2, column 3: found 3, expected 1 pauses"),
        ("clips\ttext\tpauses_ms\na.wav\tone\t-1\n", "found ‘-1’"), ("clips\ttext\tpauses_ms\na.wav\tone\tnan\n", "found ‘nan’"),
        ("clips\ttext\tpauses_ms\na.wav\tone\t1e9\n", "found ‘1e9’"),
      ] {
        let found = message { try ClipList(contentsOf: list(text)) }
        #expect(found.contains(words), "\(found)")
      }
      let missing = #expect(throws: RNNError.self) { try ClipList(contentsOf: "/nowhere.tsv") }
      #expect(missing?.kind == .noInput)
      let latin = folder + "/latin.tsv"
      try Data(Array("a.wav\tsch".utf8) + [0xF6] + Array("n\n".utf8)).write(to: URL(filePath: latin))
      #expect(message { try ClipList(contentsOf: latin) }.contains("column 2: the text is not UTF-8, found f6"))
      #expect(try ClipList(contentsOf: latin, options: .init(encoding: .latin1)).clips[0].text == "schön")
    }
  }

  @Test func clipsBecomeRows() throws {
    try folder { folder, list in
      let features = SoundFeatures(.mfcc, rate: 8000), input = SoundInput.sound(features)
      let clips = try ClipList(contentsOf: list("clips\ttext\tpauses_ms\na.wav high.wav\tone\t10 20 30\nb.wav\ttwo\t\nempty.wav\t\t\n")).clips
      // 400 samples, 800 of 1600, and 60 ms.
      #expect(try clips[0].sound(rate: 8000).samples.count == 400 + 800 + 480)
      let all = try input.rows(of: clips, allowsEmpty: true)
      #expect(all.map(\.shape) == [[features.frames(1680), 13], [features.frames(800), 13], [0, 13]])
      for (clip, rows) in zip(clips, all) { #expect(try input.rows(of: clip) == rows) }
      #expect(try all[1] == features.rows(of: Sound(contentsOf: folder + "/b.wav")))
      #expect(message { try input.rows(of: clips) }.contains("line 4: \(folder)/empty.wav: found no sound"))

      let text = try ClipList(contentsOf: list("a.wav\tone\ntext.wav\ttwo\nempty.wav\tthree\n"))
      #expect(message { try input.rows(of: text.clips) }.contains("line 2: \(folder)/text.wav: found text, ‘Dear Sir…’"))
    }
  }

  @Test func storedRows() throws {
    try folder { folder, list in
      func big(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
      let values = (0..<26).map { Float($0) }
      try Data(big(26) + values.flatMap { big($0.bitPattern) }).write(to: URL(filePath: folder + "/a.mfc"))
      let stored = try ClipList(contentsOf: list("a.mfc a.mfc\tone\n"))
      let input = try SoundInput(of: stored, features: SoundFeatures())
      #expect(input == .rows(size: 13))
      #expect(try input.rows(of: stored.clips) == [Tensor(values + values, shape: [4, 13])])
      let mixed = try ClipList(contentsOf: list("a.mfc\tone\na.wav\ttwo\n"))
      #expect(message { try input.rows(of: mixed.clips) }.contains("line 2: \(folder)/a.wav: expected a file of rows"))
      #expect(message { try SoundInput.sound(SoundFeatures()).rows(of: mixed.clips) }.contains("line 1: \(folder)/a.mfc: found a file of rows"))
      #expect(message { try SoundInput.rows(size: 12).rows(of: stored.clips) }.contains("line 1: \(folder)/a.mfc: found 26 floats, expected a multiple of 12"))
      #expect(try JSONDecoder().decode(SoundInput.self, from: JSONEncoder().encode(input)) == input)
    }
  }

  @Test func partsHaveNoFileInCommon() throws {
    try folder { folder, list in
      let one = try ClipList(contentsOf: list((0..<20).map { _ in "a.wav\tone\n" }.joined() + (0..<20).map { _ in "b.wav\ttwo\n" }.joined()))
      let (training, validation) = try one.split(validation: 0.01, seed: 1)
      #expect(validation.count == 1 && training.count == 20)
      #expect(Set(training.map { one.clips[$0].paths }).isDisjoint(with: validation.map { one.clips[$0].paths }))
      #expect(throws: RNNError.self) { try one.split(validation: 0.5, seed: 1) }
      #expect(try one.split(validation: 0, seed: 1).training.count == 40)
    }
  }

  /// The lists made of spoken digits.
  @Test(.enabled(if: PublicData.isThere, "RNN_DATA does not name a folder with public data"))
  func digitStrings() throws {
    guard let folder = PublicData.path("speech-fsdd") else { return }
    let list = try ClipList(contentsOf: folder + "/strings-test.tsv", options: .init(folder: folder + "/recordings"))
    #expect(list.clips[0].text == "four zero five three three five" && list.clips[0].paths.count == 6 && list.clips[0].pauses.count == 7)
    let rows = try SoundInput.sound(SoundFeatures(rate: 8000)).rows(of: Array(list.clips.prefix(20)))
    #expect(rows.allSatisfy { $0.shape[0] > 50 && $0.values.allSatisfy(\.isFinite) })
  }
}
