import Foundation
import RNNTensor

/// Sound whose words anybody can tell: each letter is a tone of its own frequency, and between words it is silent.
public enum ToneClips {
  /// The tones' letters, from a low one up.
  public static let letters = Array("abcd")

  /// 16-bit samples of a text.
  public static func samples(_ text: String, rate: Int = 8000, milliseconds: Int = 60) -> [Int16] {
    let count = rate * milliseconds / 1000
    return text.flatMap { letter -> [Int16] in
      let tone = letters.firstIndex(of: letter)
      return (0..<count * 3 / 2).map { i in
        guard let tone, i < count else { return 0 }
        return Int16(8000 * sin(2 * .pi * Double(300 + 500 * tone) * Double(i) / Double(rate)))
      }
    }
  }

  /// A WAV file of 16-bit samples.
  public static func wav(_ samples: [Int16], rate: Int = 8000) -> [UInt8] {
    func number(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    return Array("RIFF".utf8) + number(36 + 2 * samples.count, 4) + Array("WAVEfmt ".utf8) + number(16, 4) + number(1, 2) + number(1, 2)
      + number(rate, 4) + number(2 * rate, 4) + number(2, 2) + number(16, 2) + Array("data".utf8) + number(2 * samples.count, 4)
      + samples.flatMap { number(Int($0), 2) }
  }

  /// Texts of one or two words of these letters.
  public static func texts(_ count: Int, seed: UInt64 = 5) -> [String] {
    var random = Philox(seed: seed)
    return (0..<count).map { _ in
      (0..<1 + random.next() % 2).map { _ in
        String((0..<1 + random.next() % 3).map { _ in letters[Int(random.next() % UInt64(letters.count))] })
      }.joined(separator: " ")
    }
  }

  /// Writes a clip for each text and a list of them, `clips.tsv`, with `write`.
  public static func write(_ texts: [String], rate: Int = 8000, list: String = "clips.tsv", _ write: (_ name: String, _ bytes: [UInt8]) throws -> Void) rethrows {
    for (i, text) in texts.enumerated() { try write("\(list)-\(i).wav", wav(samples(text, rate: rate), rate: rate)) }
    try write(list, Array(texts.enumerated().map { "\(list)-\($0).wav\t\($1)\n" }.joined().utf8))
  }
}
