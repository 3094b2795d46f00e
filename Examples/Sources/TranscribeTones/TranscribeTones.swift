// Train a model that hears words of tones, save it, load it, and let it hear a stream.
//
//     swift run -c release --package-path Examples TranscribeTones

import Foundation
import RNN

@main
enum TranscribeTones {
  static func main() throws {
    let path = CommandLine.arguments.dropFirst().first ?? "tones.safetensors"
    let folder = FileManager.default.temporaryDirectory.appending(path: "tones-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let words = ["abc", "cab", "bad", "dab", "add", "cad", "bac"]
    let texts = (0..<60).map { i in i % 3 == 0 ? words[i % 7] : "\(words[i % 5]) \(words[i % 7])" }
    for (i, text) in texts.enumerated() { try wav(samples(text)).write(to: folder.appending(path: "\(i).wav")) }
    let list = texts.enumerated().map { "\($0).wav\t\($1)\n" }.joined()
    try Data(list.utf8).write(to: folder.appending(path: "clips.tsv"))

    let input = SoundInput.sound(SoundFeatures(.logMel, rate: rate, bands: 16))
    let clips = try TranscribedClips(reading: ClipList(contentsOf: folder.appending(path: "clips.tsv").path), input: input)
    let options = TranscriberTrainingOptions(
      hidden: 32, bidirectional: false, dropout: 0, training: .init(budget: .epochs(60), batch: 6, learningRate: 0.01))
    var trainer = try TranscriberTrainer(clips, options: options)
    try trainer.train(to: path, start: .fresh)
    if let metrics = try trainer.metrics() { print("word error rate", metrics.words.rate) }

    // As a microphone would give it: a tenth of a second at a time.
    var session = try TranscriptionSession(Transcriber.Packed(Transcriber(contentsOf: path)), rate: rate)
    let sound = samples("dab cad").map { Float($0) / 32768 }
    for begin in stride(from: 0, to: sound.count, by: rate / 10) {
      session.push(Array(sound[begin..<min(begin + rate / 10, sound.count)]))
      print("…", session.partial[0].text)
    }
    print("dab cad:", session.finish()[0].text)
  }

  static let rate = 8000

  /// A tone for each letter, silence for a space and between letters.
  static func samples(_ text: String) -> [Int16] {
    var samples: [Int16] = []
    for letter in text.utf8 {
      let step = letter == UInt8(ascii: " ") ? 0 : 0.25 + 0.4 * Double(letter - UInt8(ascii: "a"))
      for i in 0..<rate / 10 { samples.append(i < rate / 16 ? Int16(8000 * sin(step * Double(i))) : 0) }
    }
    return samples
  }

  /// A WAV file of one channel of 16-bit samples.
  static func wav(_ samples: [Int16]) -> Data {
    var file: [UInt8] = []
    func add(_ name: String) { file += Array(name.utf8) }
    func add(_ value: some FixedWidthInteger) { withUnsafeBytes(of: value.littleEndian) { file += Array($0) } }
    let size = UInt32(2 * samples.count)
    add("RIFF")
    add(36 + size)
    add("WAVEfmt ")
    add(UInt32(16))
    // PCM, one channel, so many samples and bytes a second, bytes and bits of a sample.
    for value in [UInt16(1), 1] { add(value) }
    for value in [UInt32(rate), UInt32(2 * rate)] { add(value) }
    for value in [UInt16(2), 16] { add(value) }
    add("data")
    add(size)
    for sample in samples { add(sample) }
    return Data(file)
  }
}
