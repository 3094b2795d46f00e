import Foundation
import RNNData
import RNNTensor
import RNNTestSupport
import Testing

@Suite struct SoundTests {
  // MARK: Files

  /// A WAV file of frames of channels, already in bytes.
  static func wav(
    _ data: [UInt8], encoding: Int = 1, bits: Int, channels: Int = 1, rate: Int = 8000, stated: Int? = nil, extensible: Bool = false,
    before: [UInt8] = []
  ) -> [UInt8] {
    func number(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    var format = number(extensible ? 0xFFFE : encoding, 2) + number(channels, 2) + number(rate, 4)
    format += number(rate * channels * bits / 8, 4) + number(channels * bits / 8, 2) + number(bits, 2)
    if extensible { format += number(22, 2) + number(bits, 2) + number(0, 4) + number(encoding, 2) + [UInt8](repeating: 7, count: 14) }
    let chunks = before + Array("fmt ".utf8) + number(format.count, 4) + format + Array("data".utf8) + number(stated ?? data.count, 4) + data
    return Array("RIFF".utf8) + number(chunks.count + 4, 4) + Array("WAVE".utf8) + chunks
  }

  private func sound(_ bytes: [UInt8]) throws -> Sound { try Sound(wav: bytes, name: "a.wav") }

  private func message(_ bytes: [UInt8]) -> String {
    do {
      let sound = try sound(bytes)
      return "no error: \(sound.samples.count)"
    } catch { return "\(error)" }
  }

  @Test func everyEncoding() throws {
    #expect(try sound(Self.wav([0, 128, 192, 255], bits: 8)).samples == [-1, 0, 0.5, 127.0 / 128])
    #expect(try sound(Self.wav([0, 0x80, 0, 0, 0, 0x40, 0xFF, 0x7F], bits: 16)).samples == [-1, 0, 0.5, 32767.0 / 32768])
    #expect(try sound(Self.wav([0, 0, 0x80, 0, 0, 0x40, 0xFF, 0xFF, 0xFF], bits: 24)).samples == [-1, 0.5, -1 / 8_388_608])
    #expect(try sound(Self.wav([0, 0, 0, 0x80, 0, 0, 0, 0x40], bits: 32)).samples == [-1, 0.5])
    let floats: [Float] = [0.25, -3.5]
    #expect(try sound(Self.wav(floats.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) }, encoding: 3, bits: 32)).samples == floats)
    #expect(
      try sound(Self.wav(floats.flatMap { withUnsafeBytes(of: Double($0).bitPattern.littleEndian, Array.init) }, encoding: 3, bits: 64)).samples == floats)
    let two = try sound(Self.wav([0, 0x40, 0, 0, 0, 0xC0, 0, 0xC0], bits: 16, channels: 2, rate: 44_100, extensible: true))
    #expect(two.samples == [0.25, -0.5] && two.rate == 44_100 && two.remarks.isEmpty)
    // A chunk of an odd size before, which has a byte more.
    #expect(try sound(Self.wav([128], bits: 8, before: Array("LIST".utf8) + [3, 0, 0, 0, 1, 2, 3, 0])).samples == [0])
  }

  /// All codes of telephony, by another implementation (`make_telephony_fixtures.py`).
  @Test(arguments: [(6, "alaw"), (7, "mulaw")]) func telephony(_ encoding: Int, _ name: String) throws {
    let expected = try #require(try Fixture.texts([String: [Int]].self, "telephony")[name])
    #expect(try sound(Self.wav((0...255).map { UInt8($0) }, encoding: encoding, bits: 8)).samples == expected.map { Float($0) / 32768 })
  }

  @Test func channels() throws {
    let bytes = Self.wav([0, 0x40, 0, 0xC0, 0, 0, 0, 0x40], bits: 16, channels: 2)
    #expect(try Sound(wav: bytes, name: "a.wav").samples == [0, 0.25])
    #expect(try Sound(wav: bytes, name: "a.wav", channel: 1).samples == [0.5, 0])
    #expect(try Sound(wav: bytes, name: "a.wav", channel: 2).samples == [-0.5, 0.5])
    for channel in [0, 3, -1, .max] {
      let error = #expect(throws: RNNError.self) { try Sound(wav: bytes, name: "a.wav", channel: channel) }
      #expect(error?.message.contains("a.wav: found 2 channels, expected a channel \(channel)") == true)
    }
  }

  /// RF64, whose sizes have 64 bits.
  @Test func longFiles() throws {
    func long(_ size: Int) -> [UInt8] {
      func number(_ value: Int) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
      let sizes: [UInt8] = Array("ds64".utf8) + [28, 0, 0, 0] + number(1000) + number(size) + number(2) + [0, 0, 0, 0]
      return Array("RF64".utf8) + Self.wav([0, 0x40, 0, 0x80], bits: 16, stated: 0xFFFF_FFFF, before: sizes).dropFirst(4)
    }
    let whole = try sound(long(4)), cut = try sound(long(1 << 40)), negative = try sound(long(-1))
    #expect(whole.samples == [0.5, -1] && whole.remarks.isEmpty)
    #expect(cut.samples == [0.5, -1] && cut.remarks.count == 1)
    #expect(negative.samples == [0.5, -1] && negative.remarks.count == 1)
    #expect(try sound(long(2)).samples == [0.5])
  }

  @Test func whatIsWrongButMeantIsTakenAndSaid() throws {
    let data: [UInt8] = [0, 0, 0, 0x40]
    #expect(try sound(Self.wav([], bits: 16)).samples == [])
    #expect(try sound(Self.wav(data, bits: 16)).remarks == [])
    for stated in [0, 0xFFFF_FFFF, 0x7FFF_FFF0] {
      let cut = try sound(Self.wav(data, bits: 16, stated: stated))
      #expect(cut.samples == [0, 0.5] && cut.remarks.count == 1, "\(stated)")
    }
    // Nothing but chunks behind no samples: there are none.
    #expect(try sound(Self.wav([], bits: 16) + Array("LIST".utf8) + [3, 0, 0, 0, 1, 2, 3, 0]).samples == [])
    let odd = try sound(Self.wav(data + [1], bits: 16))
    #expect(odd.samples == [0, 0.5] && odd.remarks.count == 1)
  }

  @Test func whatCantBeReadSaysWhy() {
    #expect(message([]).contains("found an empty file"))
    #expect(message(Array("Dear Sir, this is a letter.".utf8)).contains("found text, ‘Dear Sir, th…’"))
    #expect(message(Array("fLaC\0\0\0\0\0\0\0\0".utf8)).contains("found FLAC"))
    #expect(message(Array("RIFF\0\0\0\0WAVE".utf8)).contains("expected a chunk ‘data’"))
    #expect(message(Self.wav([1, 2], encoding: 2, bits: 4)).contains("ADPCM of 4 bits"))
    #expect(message(Self.wav([1, 2], bits: 12)).contains("PCM of 12 bits"))
    #expect(message(Self.wav([1, 2], bits: 16, channels: 0)).contains("0 channels"))
    #expect(message(Self.wav([1, 2], bits: 16, rate: 0)).contains("found 1 channel at 0 samples a second"))
    let huge = withUnsafeBytes(of: Float(1e30).bitPattern.littleEndian, Array.init)
    #expect(message(Self.wav(huge, encoding: 3, bits: 32)).contains("sample 1: found 1e+30"))
    let nan = withUnsafeBytes(of: Float.nan.bitPattern.littleEndian, Array.init)
    #expect(message(Self.wav([0, 0, 0, 0] + nan, encoding: 3, bits: 32)).contains("sample 2: found nan"))
  }

  /// What only libsndfile reads: with it, or the way to it.
  @Test func otherFormats() throws {
    func big(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * (count - 1 - $0))) } }
    // AIFF, whose rate is a float of 80 bits: 8000 here.
    let common = Array("COMM".utf8) + big(18, 4) + big(1, 2) + big(2, 4) + big(16, 2) + [0x40, 0x0B, 0xFA, 0, 0, 0, 0, 0, 0, 0]
    let samples = Array("SSND".utf8) + big(12, 4) + big(0, 8) + [0x40, 0, 0x80, 0]
    let aiff = Array("FORM".utf8) + big(4 + common.count + samples.count, 4) + Array("AIFF".utf8) + common + samples
    let folder = try TemporaryFolder(["text.wav": "Dear Sir"])
    try folder.write("a.aiff", aiff)
    #if SndFile
      #expect(try Sound(contentsOf: folder["a.aiff"]) == Sound(samples: [0.5, -1], rate: 8000))
    #else
      let refused = #expect(throws: RNNError.self) { try Sound(contentsOf: folder["a.aiff"]) }
      let words = "found AIFF: convert it to WAV, or build with libsndfile (swift build --traits SndFile); expected"
      #expect(refused?.message.contains(words) == true, "\(refused?.message ?? "")")
    #endif
    let error = #expect(throws: RNNError.self) { try Sound(contentsOf: folder["text.wav"]) }
    #expect(error?.message.contains("text.wav: found text, ‘Dear Sir…’; expected a WAV file") == true, "\(error?.message ?? "")")
  }

  @Test func soundsInARow() {
    let a = Sound(samples: [1, 2], rate: 1000), b = Sound(samples: [3], rate: 1000)
    #expect(Sound(joining: [a, b], pauses: [1, 2, 1], rate: 1000).samples == [0, 1, 2, 0, 0, 3, 0])
    let tone = Sound(samples: (0..<100).map { sin(Float($0) / 9) }, rate: 2000)
    #expect(Sound(joining: [tone, b], pauses: [], rate: 1000).samples == tone.resampled(to: 1000).samples + [3])
  }

  // MARK: Rates

  @Test(arguments: [(8000, 16000), (16000, 8000), (44100, 16000), (11025, 8000)])
  func ratesAreChangedAsTorchaudioDoes(_ from: Int, _ to: Int) throws {
    let fixture = try Fixture("sound_features")
    let sound = Sound(samples: try fixture.tensor("rate_\(from)").values, rate: from)
    #expect(try fixture.error(sound.resampled(to: to).samples, "rate_\(from)_\(to)") < 1e-5)
    #expect(sound.resampled(to: from) == sound)
  }

  @Test(arguments: [1, 7, 160, 5000])
  func partsOfSoundGiveTheSame(_ part: Int) throws {
    let fixture = try Fixture("sound_features")
    let samples = try fixture.tensor("rate_44100").values
    let whole = Sound(samples: samples, rate: 44_100).resampled(to: 16_000).samples
    var resampler = Resampler(from: 44_100, to: 16_000), parts: [Float] = []
    for start in stride(from: 0, to: samples.count, by: part) { parts += resampler.push(Array(samples[start..<min(start + part, samples.count)])) }
    #expect(parts + resampler.finish() == whole)

    for rate in [16_000, 44_100] {
      let features = SoundFeatures(rate: 16_000)
      let rows = try features.rows(of: Sound(samples: samples, rate: rate)).values
      var stream = try SoundStream(features, rate: rate), streamed: [Float] = []
      for start in stride(from: 0, to: samples.count, by: part) {
        streamed += stream.push(Array(samples[start..<min(start + part, samples.count)])).values
      }
      #expect(streamed + stream.finish().values == rows && !rows.isEmpty)
    }
  }

  /// With as many phases as these rates have, weights are made as they are needed; the same come out.
  @Test func anyTwoRates() {
    for (from, to, count) in [(16_000, 15_999, 3000), (999_983, 16_000, 3000), (1000, 999_983, 100)] {
      // A tone that both rates can hold.
      let tone = 0.3 * min(1, Double(to) / Double(from))
      let whole = Sound(samples: (0..<count).map { Float(sin(Double($0) * tone)) }, rate: from).resampled(to: to)
      #expect(whole.samples.count == (count * to + from - 1) / from)
      // It comes out again, away from the ends.
      for i in stride(from: whole.samples.count / 4, to: whole.samples.count * 3 / 4, by: whole.samples.count / 48) {
        #expect(abs(Double(whole.samples[i]) - sin(Double(i) * Double(from) / Double(to) * tone)) < 5e-3, "\(from) \(to) \(i)")
      }
    }
  }

  @Test func streamsGoOnFromTheirState() throws {
    let samples = try Fixture("sound_features").tensor("rate_44100").values
    let features = SoundFeatures(.mfcc, rate: 16_000)
    for rate in [16_000, 44_100] {
      var stream = try SoundStream(features, rate: rate)
      _ = stream.push(Array(samples[..<1001]))
      let state = try JSONDecoder().decode(SoundStream.State.self, from: JSONEncoder().encode(stream.state))
      var other = try SoundStream(features, rate: rate, continuing: state)
      for range in [1001..<1100, 1100..<samples.count] { #expect(other.push(Array(samples[range])) == stream.push(Array(samples[range]))) }
      #expect(other.finish() == stream.finish())
      #expect(throws: RNNError.self) { try SoundStream(features, rate: rate == 16_000 ? 8000 : 16_000, continuing: state) }
    }
  }

  // MARK: Rows

  @Test(arguments: ["low", "high"])
  func rowsAreTorchaudios(_ name: String) throws {
    let fixture = try Fixture("sound_features")
    let rate = name == "low" ? 8000 : 16_000
    let sound = Sound(samples: try fixture.tensor(name).values, rate: rate)
    for (kind, suffix) in [(SoundFeatures.Kind.logMel, "log_mel"), (.mfcc, "mfcc")] {
      let rows = try SoundFeatures(kind, rate: rate).rows(of: sound)
      #expect(rows.shape == fixture.shape("\(name)_\(suffix)"))
      #expect(try fixture.error(rows.values, "\(name)_\(suffix)") < 1e-4)
    }
    // Roots of the powers whose logarithms those are.
    let roots = try SoundFeatures(.rootMel, rate: rate).rows(of: sound), logs = try fixture.tensor("\(name)_log_mel").values
    #expect(roots.shape == fixture.shape("\(name)_log_mel"))
    for (root, log) in zip(roots.values, logs) {
      #expect(abs(Double(root) - pow(max(exp(Double(log)) - 1e-6, 0), 0.15)) < 1e-3 || log < -13)
    }
  }

  @Test func levelledClipsAreEquallyLoud() throws {
    var features = SoundFeatures(.rootMel, rate: 8000)
    let loud = Sound(samples: (0..<4000).map { Float(sin(Double($0 * $0) * 1e-4)) * Float($0) / 4000 }, rate: 8000)
    let quiet = Sound(samples: loud.samples.map { $0 / 64 }, rate: 8000)
    #expect(try features.rows(of: quiet) != features.rows(of: loud))
    features.isLevelled = true
    #expect(try features.rows(of: quiet) == features.rows(of: loud))
    let frames = stride(from: 0, to: 4000, by: 200).map { start in
      loud.levelled(frame: 200).samples[start..<start + 200].reduce(0) { $0 + Double($1) * Double($1) } / 200
    }
    #expect(abs((frames.max() ?? 0).squareRoot() - 0.1) < 1e-6)
    let silence = Sound(samples: [Float](repeating: 0, count: 800), rate: 8000)
    #expect(try features.rows(of: silence).values.allSatisfy { $0 == 0 })
    // So quiet that the factor is beyond a Float.
    let faint = Sound(samples: loud.samples.map { Float(Double($0) * 1e-41) }, rate: 8000).levelled(frame: 200)
    #expect(faint.samples.allSatisfy(\.isFinite) && abs((faint.samples.max() ?? 0) / (loud.levelled(frame: 200).samples.max() ?? 0) - 1) < 1e-3)
    #expect(throws: RNNError.self) { try SoundStream(features, rate: 8000) }
  }

  @Test func shortAndSilentSounds() throws {
    let features = SoundFeatures(rate: 8000)
    #expect(try features.rows(of: Sound(samples: [], rate: 8000)).shape == [0, 40])
    #expect(try features.rows(of: Sound(samples: [0.5], rate: 8000)).shape == [1, 40])
    let silence = try features.rows(of: Sound(samples: [Float](repeating: 0, count: 8000), rate: 8000))
    #expect(silence.shape == [98, 40] && silence.values.allSatisfy { $0 == Float(log(Float(1e-6))) })
    #expect(features.frames(8000) == 98 && features.frames(1) == 1 && features.frames(0) == 0)
    var bad = features
    bad.highest = 5000
    #expect(throws: RNNError.self) { try bad.rows(of: Sound(samples: [0], rate: 8000)) }
  }

  // MARK: Files of rows

  @Test func rowsOfOthers() throws {
    func big(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
    let values: [Float] = [1, -2, 3.5, 4, 5, 6]
    let sphinx = big(6) + values.flatMap { big($0.bitPattern) }
    #expect(try FeatureFile.rows(sphinx, size: 3, name: "a.mfc") == Tensor(values, shape: [2, 3]))
    let little = big(6).reversed() + values.flatMap { big($0.bitPattern).reversed() }
    #expect(try FeatureFile.rows(little, size: 2, name: "a.mfc") == Tensor(values, shape: [3, 2]))
    func numpy(_ header: String) -> [UInt8] {
      [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8)
    }
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n"
    let data = values.flatMap { Array(big($0.bitPattern).reversed()) }
    #expect(try FeatureFile.rows(numpy(header) + data, size: 3, name: "a.npy") == Tensor(values, shape: [2, 3]))
    for (bytes, words) in [
      (sphinx.dropLast() + [], "found 23 bytes"), (numpy(header) + data.dropLast(), "found 23 bytes of numbers, expected 2 rows of 3 numbers"),
      (numpy(header.replacing("<f4", with: "<i4")) + data, "'<i4'"), (numpy(header.replacing("False", with: "True")) + data, "Fortran"),
      (numpy(header.replacing("(2, 3)", with: "(6,)")) + data, "two dimensions"), ([1, 2], "found 2 bytes"),
      (big(1) + big(Float.nan.bitPattern), "found nan"),
    ] {
      let error = #expect(throws: RNNError.self) { try FeatureFile.rows(Array(bytes), size: words == "found nan" ? 1 : 3, name: "a") }
      #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }
    let error = #expect(throws: RNNError.self) { try FeatureFile.rows(sphinx, size: 4, name: "a.mfc") }
    #expect(error?.message.contains("a multiple of 4") == true)
  }
}
