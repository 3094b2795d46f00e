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
    let texts = (0..<60).map { i in ["abc", "cab", "bad", "dab", "add"][i % 5] + (i % 3 == 0 ? "" : " " + ["cad", "bac", "ada"][i / 5 % 3]) }
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
    text.utf8.flatMap { letter in
      (0..<rate / 10).map { i in
        letter == UInt8(ascii: " ") || i > rate / 16 ? 0 : Int16(8000 * sin(Double(i) * (0.25 + 0.4 * Double(letter - UInt8(ascii: "a")))))
      }
    }
  }

  /// A WAV file of one channel of 16-bit samples.
  static func wav(_ samples: [Int16]) -> Data {
    func bytes<T: FixedWidthInteger>(_ value: T) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
    let size = UInt32(2 * samples.count)
    let header = Array("RIFF".utf8) + bytes(36 + size) + Array("WAVEfmt ".utf8) + bytes(UInt32(16)) + bytes(UInt16(1)) + bytes(UInt16(1))
    let form = bytes(UInt32(rate)) + bytes(UInt32(2 * rate)) + bytes(UInt16(2)) + bytes(UInt16(16)) + Array("data".utf8) + bytes(size)
    return Data(header + form + samples.flatMap { bytes($0) })
  }
}
