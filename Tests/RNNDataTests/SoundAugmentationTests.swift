import Foundation
import RNNData
import RNNTensor
import RNNTestSupport
import Testing

@Suite struct SoundAugmentationTests {
  private let tone = Sound(samples: (0..<2000).map { 0.5 * sin(Float($0) * 0.3) }, rate: 8000)

  private func draw(_ clip: Int, epoch: Int = 0, seed: UInt64 = 1) -> SoundAugmentation.Draw { .init(seed: seed, epoch: epoch, clip: clip) }

  private func power(_ samples: some Collection<Float>) -> Double { samples.reduce(0) { $0 + Double($1) * Double($1) } / Double(samples.count) }

  @Test func nothingAskedForChangesNothing() throws {
    #expect(SoundAugmentation.none.changed(tone, draw(3)) == tone)
    let rows = Tensor((0..<60).map { Float($0) }, shape: [6, 10])
    var masked = rows
    SoundAugmentation.none.mask(&masked, draw(3))
    #expect(masked == rows)
    let all = SoundAugmentation(speed: 0.1, gain: 6, noise: 1, columnMasks: 2, widestColumns: 4, rowMasks: 2, longestRows: 10)
    for empty in [Sound(samples: [], rate: 8000), Sound(samples: [0], rate: 8000)] { #expect(all.changed(empty, draw(1)).samples.allSatisfy { $0 == 0 }) }
    var none = Tensor(zeros: [0, 10])
    all.mask(&none, draw(1))
    #expect(try JSONDecoder().decode(SoundAugmentation.self, from: JSONEncoder().encode(all)) == all)
  }

  @Test func onlySeedEpochAndClipDecide() {
    let all = SoundAugmentation(speed: 0.1, gain: 6, noise: 0.5, columnMasks: 2, widestColumns: 4, rowMasks: 2, longestRows: 10)
    let own = all.changed(tone, draw(5, epoch: 2))
    #expect(all.changed(tone, draw(5, epoch: 2)) == own)
    for other in [draw(6, epoch: 2), draw(5, epoch: 3), draw(5, epoch: 4), draw(5, epoch: 2, seed: 2)] { #expect(all.changed(tone, other) != own) }
    // What is not asked for takes no draw from what is.
    var less = all
    less.gain = 0
    less.noise = 0
    #expect(less.changed(tone, draw(5, epoch: 2)).samples.count == own.samples.count)
  }

  @Test func speedIsOfItsRange() {
    var counts: [Int: Int] = [:]
    let speed = SoundAugmentation(speed: 0.1)
    for clip in 0..<2000 { counts[speed.changed(tone, draw(clip)).samples.count, default: 0] += 1 }
    let lengths = (90...110).map { (2000 * 100 + $0 - 1) / $0 }
    #expect(Set(counts.keys) == Set(lengths))
    // The ends are half as wide as the others.
    for length in lengths.dropFirst().dropLast() { #expect(abs((counts[length] ?? 0) - 100) < 45, "\(length)") }
    for clip in 0..<100 { #expect(speed.changed(tone, draw(clip), leastSamples: 1990).samples.count >= 1990) }
  }

  @Test func loudnessAndNoiseAreOfTheirRanges() {
    let gain = SoundAugmentation(gain: 6)
    let decibels = (0..<1000).map { 10 * log10(power(gain.changed(tone, draw($0)).samples) / power(tone.samples)) }
    #expect(decibels.allSatisfy { abs($0) <= 6.001 } && abs(decibels.reduce(0, +) / 1000) < 0.35)
    #expect((decibels.min() ?? 0) < -5.9 && (decibels.max() ?? 0) > 5.9)

    let noise = SoundAugmentation(noise: 0.4, noiseDistance: 5...25)
    var distances: [Double] = [], pink = 0
    for clip in 0..<1000 {
      let changed = noise.changed(tone, draw(clip))
      if changed == tone { continue }
      let added = zip(changed.samples, tone.samples).map { $0 - $1 }
      distances.append(10 * log10(power(tone.samples) / power(added)))
      // Neighbours of white noise have nothing to do with each other.
      let steps = power(zip(added.dropFirst(), added).map { $0 - $1 }) / power(added)
      #expect(steps < 1.4 || abs(steps - 2) < 0.3)
      if steps < 1.4 { pink += 1 }
    }
    #expect(abs(distances.count - 400) < 60 && abs(pink * 2 - distances.count) < 80)
    #expect(distances.allSatisfy { (4.99...25.01).contains($0) } && abs(distances.reduce(0, +) / Double(distances.count) - 15) < 1)
  }

  /// Octaves of pink noise have nearly the same power, those of white noise twice that of the one below.
  @Test func pinkNoiseHasEqualOctaves() throws {
    let tone = Sound(samples: (0..<16_000).map { sin(Float($0) * 0.3) }, rate: 16_000)
    let noise = SoundAugmentation(noise: 1, noiseDistance: 0...0)
    var powers: [Bool: [Double]] = [:]
    for clip in 0..<40 {
      let added = zip(noise.changed(tone, draw(clip)).samples, tone.samples).map { $0 - $1 }
      let isPink = power(zip(added.dropFirst(), added).map { $0 - $1 }) < 1.4 * power(added)
      // What is left when pairs are averaged again and again, and what is lost each time.
      var rest = added, octaves: [Double] = []
      for _ in 0..<6 {
        let next = stride(from: 0, to: rest.count - 1, by: 2).map { (rest[$0] + rest[$0 + 1]) / 2 }
        octaves.append(power(rest) - power(next))
        rest = next
      }
      powers[isPink] = zip(powers[isPink] ?? [Double](repeating: 0, count: 6), octaves).map { $0 + $1 }
    }
    let pink = try #require(powers[true]), white = try #require(powers[false])
    for i in 1..<6 {
      #expect((0.6...1.6).contains(pink[i] / pink[1]), "\(pink)")
      #expect((0.35...0.65).contains(white[i] / white[i - 1]), "\(white)")
    }
  }

  @Test func masksAreSpansOfTheirRange() {
    let ones = Tensor(repeating: 1, shape: [50, 40])
    var widths: [Int] = [], lengths: [Int] = [], seen = Set<Int>()
    for clip in 0..<1000 {
      var rows = ones
      SoundAugmentation(columnMasks: 1, widestColumns: 8).mask(&rows, draw(clip))
      let columns = (0..<40).filter { rows[0, $0] == 0 }
      widths.append(columns.count)
      seen.formUnion(columns)
      if let first = columns.first { #expect(columns == Array(first..<first + columns.count)) }
      #expect((0..<50).allSatisfy { row in (0..<40).allSatisfy { rows[row, $0] == rows[0, $0] } })

      rows = ones
      SoundAugmentation(rowMasks: 1, longestRows: 100, rowPart: 0.2).mask(&rows, draw(clip), value: 7)
      let times = (0..<50).filter { rows[$0, 0] == 7 }
      lengths.append(times.count)
      if let first = times.first { #expect(times == Array(first..<first + times.count)) }
      #expect((0..<50).allSatisfy { row in (0..<40).allSatisfy { rows[row, $0] == rows[row, 0] } })
    }
    #expect(Set(widths) == Set(0...8) && Set(lengths) == Set(0...10) && seen == Set(0..<40))
    #expect(abs(Double(widths.reduce(0, +)) / 1000 - 4) < 0.3 && abs(Double(lengths.reduce(0, +)) / 1000 - 5) < 0.4)
  }

  @Test func whatCantBe() {
    for wrong in [
      SoundAugmentation(speed: 0.6), .init(speed: .nan), .init(gain: -1), .init(noise: 1.1), .init(noiseDistance: -100...0),
      .init(columnMasks: -1), .init(rowMasks: 1, longestRows: -1), .init(rowPart: 2),
    ] { #expect(throws: RNNError.self) { try wrong.validate() } }
  }

  @Test func clipsAreChangedOnAllThreadsAlike() throws {
    let folder = try TemporaryFolder()
    let clips = (0..<30).map { Clip(paths: [folder["\($0).wav"]]) }
    for i in clips.indices {
      try folder.write("\(i).wav", ClipTests.wav((0..<800 + 100 * i).map { Int16(8000 * sin(Double($0) * 0.1 * Double(i + 1))) }))
    }
    let features = SoundFeatures(rate: 8000), input = SoundInput.sound(features)
    let augmentation = SoundAugmentation(speed: 0.2, gain: 3, noise: 0.5)
    let least = clips.indices.map { $0 % 2 == 0 ? 0 : features.frames(800 + 100 * $0) }
    func rows(_ numbers: [Int], threads: Int) throws -> [Tensor] {
      try withThreads(threads) {
        try input.rows(
          of: numbers.map { clips[$0] }, numbers: numbers, changedBy: augmentation, seed: 3, epoch: 4, leastRows: numbers.map { least[$0] })
      }
    }
    let all = try rows(Array(clips.indices), threads: 2)
    #expect(try rows([7, 3, 12], threads: 1) == [all[7], all[3], all[12]])
    #expect(zip(all, least).allSatisfy { $0.shape[0] >= $1 })
    #expect(try zip(all, input.rows(of: clips)).contains { $0.shape[0] < $1.shape[0] })
    #expect(try input.rows(of: clips, numbers: Array(clips.indices), changedBy: .none, seed: 3, epoch: 4, leastRows: least) == input.rows(of: clips))
  }
}
