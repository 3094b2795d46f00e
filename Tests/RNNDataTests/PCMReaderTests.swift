import Foundation
import RNNData
import RNNTensor
import RNNTestSupport
import Testing

@Suite struct PCMReaderTests {
  @Test func whatHasComeIsGiven() throws {
    let pipe = Pipe()
    var reader = try PCMReader("/dev/fd/\(pipe.fileHandleForReading.fileDescriptor)", rate: 8000)
    // Two samples and a half, then the rest of one, then half a sample: nothing waits for more.
    pipe.fileHandleForWriting.write(Data([0, 0, 0, 0x40, 0]))
    #expect(try reader.next() == [0, 0.5])
    pipe.fileHandleForWriting.write(Data([0x80]))
    #expect(try reader.next() == [-1])
    pipe.fileHandleForWriting.write(Data([7]))
    try pipe.fileHandleForWriting.close()
    #expect(try reader.next() == nil)
    #expect(reader.remarks.count == 1 && reader.remarks[0].hasSuffix("the last byte is no whole sample and was left out"))
  }

  @Test func filesOfAnyFormat() throws {
    let values: [Float] = (0..<40_000).map { Float($0 % 200 - 100) / 128 }
    let folder = try TemporaryFolder()
    try folder.write("u8", values.map { UInt8($0 * 128 + 128) })
    try folder.write("f32", values.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) })
    for format in [SampleFormat.u8, .f32] {
      var reader = try PCMReader(folder[format.rawValue], format: format, rate: 16_000), all: [Float] = []
      while let samples = try reader.next() { all += samples }
      #expect(all == values && reader.remarks.isEmpty)
    }
    try folder.write("nan", [UInt8](repeating: 0, count: 80_000) + [0, 0, 0xC0, 0x7F])
    try folder.write("wav", SoundTests.wav([0, 0], bits: 16))
    for (name, words) in [("nan", "sample 20001: found nan"), ("wav", "found the header of a WAV file")] {
      let error = #expect(throws: RNNError.self) {
        var reader = try PCMReader(folder[name], format: .f32, rate: 16_000)
        while try reader.next() != nil {}
      }
      #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }
    for (channels, rate) in [(1, 0), (0, 8000), (257, 8000)] {
      #expect(throws: RNNError.self) {
        var reader = try PCMReader(folder["u8"], channels: channels, rate: rate)
        _ = try reader.next()
      }
    }
  }
}
