import Foundation
import RNNData
import RNNTensor
import RNNTestSupport
import Testing

/// Whatever stands in a file: an error or sound, never a crash, and no more memory or time than the file's size asks for.
@Suite struct SoundFuzzTests {
  private static func number(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

  private static let wavs: [[UInt8]] = [
    SoundTests.wav((0..<64).map { UInt8($0 * 3) }, bits: 16, extensible: true),
    SoundTests.wav((0..<60).map { UInt8($0 * 3) }, bits: 24, channels: 2, before: Array("LIST".utf8) + [3, 0, 0, 0, 1, 2, 3, 0]),
    SoundTests.wav((0..<16).flatMap { withUnsafeBytes(of: Float($0).bitPattern.littleEndian, Array.init) }, encoding: 3, bits: 32),
    SoundTests.wav([1, 200, 3], bits: 8, rate: 11_025),
  ]

  private static let numpy: [UInt8] = {
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n"
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8) + [UInt8](repeating: 0, count: 24)
  }()

  private static let sphinx: [UInt8] = [0, 0, 0, 6] + [UInt8](repeating: 1, count: 24)

  /// What came of some bytes is either right in itself or an error that names the file.
  private func check(_ bytes: [UInt8]) {
    do {
      let sound = try Sound(wav: bytes, name: "file")
      #expect(sound.samples.count <= bytes.count && sound.samples.allSatisfy(\.isFinite) && Sound.rates.contains(sound.rate))
    } catch { #expect(error.kind == .badData && error.message.hasPrefix("file")) }
    do {
      let rows = try FeatureFile.rows(bytes, size: 3, name: "file")
      #expect(rows.shape[1] == 3 && rows.count * 4 <= bytes.count && rows.values.allSatisfy(\.isFinite))
    } catch { #expect(error.kind == .badData && error.message.hasPrefix("file")) }
  }

  @Test func everyCut() {
    for bytes in Self.wavs + [Self.numpy, Self.sphinx] { for count in 0...bytes.count { check(Array(bytes[..<count])) } }
    // A cut within the samples loses only what is missing.
    for count in 0...32 {
      let wav = Self.wavs[0], cut = try? Sound(wav: Array(wav.dropLast(64 - 2 * count)), name: "file")
      #expect(cut?.samples.count == count && cut?.remarks.count == (count == 32 ? 0 : 1))
    }
  }

  @Test func anyByteAnyValue() {
    for bytes in Self.wavs + [Self.numpy, Self.sphinx] {
      for place in bytes.indices {
        for value: UInt8 in [0, 1, 0x20, 0x30, 0x39, 0x7F, 0x80, 0xFE, 0xFF] {
          var changed = bytes
          changed[place] = value
          check(changed)
        }
      }
    }
  }

  @Test func manyChangesAtOnce() {
    var random = Philox(seed: 3, stream: 1)
    for _ in 0..<20_000 {
      let all = Self.wavs + [Self.numpy, Self.sphinx]
      var bytes = all[Int.random(in: 0..<all.count, using: &random)]
      for _ in 0...Int.random(in: 0..<6, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
      check(bytes)
    }
  }

  @Test func sizesInHeadersAskForNothing() {
    for size in [0, 1, 3, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFF0, 0xFFFF_FFFF] {
      for place in [4, 16, 40] {
        var bytes = SoundTests.wav([0, 0, 0, 64], bits: 16)
        bytes.replaceSubrange(place..<place + 4, with: Self.number(size, 4))
        check(bytes)
      }
      for channels in [0, 1, 255, 256, 0xFFFF] { check(SoundTests.wav([1, 2, 3, 4], bits: 16, channels: channels, rate: size)) }
      check(Self.number(size, 4) + [0, 0, 0, 0])
      check(Self.number(size, 4).reversed() + [0, 0, 0, 0])
    }
    for shape in ["(9223372036854775807, 3)", "(3, 9223372036854775807)", "(4294967296, 4294967296)", "(-1, 3)", "(0, 3)", "(0, 0)", "(1, 2, 3)", "(", "()", "(3,"] {
      let header = "{'descr': '<f8', 'fortran_order': False, 'shape': \(shape), }"
      check([0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8) + [UInt8](repeating: 0, count: 24))
    }
  }

  /// Rates without a common divisor, and the least and greatest of them.
  @Test func anyRateBecomesRows() throws {
    for rate in [1000, 1009, 999_983, 1_000_000] {
      for own in [1000, 8000, 16_000] {
        let rows = try SoundFeatures(rate: own, bands: 4).rows(of: Sound(samples: (0..<50).map { Float($0 % 2) }, rate: rate))
        #expect(rows.shape[0] >= 1 && rows.values.allSatisfy(\.isFinite))
      }
    }
    // The most points that a transform may have.
    #expect(try SoundFeatures(rate: 160_000, bands: 4).rows(of: Sound(samples: [0, 1, 0], rate: 8000)).shape == [1, 4])
    var loud = SoundFeatures(rate: 8000)
    loud.preemphasis = 0
    #expect(try loud.rows(of: Sound(samples: [Float](repeating: 1e9, count: 500), rate: 8000)).values.allSatisfy(\.isFinite))
  }

  @Test func listsOfAnyBytes() throws {
    let folder = try TemporaryFolder(["a.wav": "", "b c.wav": ""])
    let lists = ["clips\ttext\tpauses_ms\na.wav a.wav\tone\t1 2 3\nb c.wav\ttwo\t\n", "a.wav\tone\nb c.wav\tzwölf\n", "a.wav,\"one, two\"\n"].map { Array($0.utf8) }
    func check(_ bytes: [UInt8]) throws {
      try folder.write("list.tsv", bytes)
      do {
        let list = try ClipList(contentsOf: folder["list.tsv"])
        #expect(!list.clips.isEmpty && list.clips.allSatisfy { !$0.paths.isEmpty && $0.text != nil && $0.pauses.allSatisfy(\.isFinite) })
      } catch { #expect([.badData, .usage].contains(error.kind) && error.message.hasPrefix(folder["list.tsv"])) }
    }
    for bytes in lists { for count in 0...bytes.count { try check(Array(bytes[..<count])) } }
    var random = Philox(seed: 4, stream: 1)
    for _ in 0..<500 {
      var bytes = lists[Int.random(in: 0..<lists.count, using: &random)]
      for _ in 0...Int.random(in: 0..<4, using: &random) {
        let values: [UInt8] = [0, 9, 10, 13, 32, 34, 45, 47, 49, 101, 0x80, 0xFF, UInt8.random(in: 0...255, using: &random)]
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = values[Int.random(in: 0..<values.count, using: &random)]
      }
      try check(bytes)
    }
  }
}
