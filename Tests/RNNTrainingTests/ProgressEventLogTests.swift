import Foundation
import RNNTestSupport
import RNNTraining
import Testing

@Suite struct ProgressEventLogTests {
  @Test func theChecksumIsCRC32C() {
    // The check value of the algorithm's catalogue entry, and two of RFC 3720's examples.
    #expect(EventLog.checksum(Array("123456789".utf8)) == 0xE306_9283)
    #expect(EventLog.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(EventLog.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
  }

  @Test func aRecordIsWhatTensorBoardReads() throws {
    let record = EventLog.record(EventLog.scalar("loss", 1.25, step: 300, time: 2))
    let expected: [UInt8] = [
      9, 0, 0, 0, 0, 0, 0, 0, 64,  // 1: wall_time 2.0
      0x10, 0xAC, 0x02,  // 2: step 300
      0x2A, 13, 0x0A, 11,  // 5: summary, 1: value
      0x0A, 4, 0x6C, 0x6F, 0x73, 0x73,  // 1: tag
      0x15, 0, 0, 0xA0, 0x3F,  // 2: simple_value 1.25
    ]
    #expect(Array(record[..<8]) == [UInt8(expected.count), 0, 0, 0, 0, 0, 0, 0])
    #expect(Array(record[12..<(record.count - 4)]) == expected)
    #expect(record.count == expected.count + 16)
  }

  @Test func aFileBeginsWithItsVersionAndGrowsRecordByRecord() throws {
    let directory = temporary("events")
    defer { try? FileManager.default.removeItem(atPath: directory) }
    var log = try EventLog(directory: directory)
    let second = try EventLog(directory: directory)
    let (path, other) = (log.path, second.path)
    #expect(path != other)
    let start = try Files.read(path)
    #expect(String(decoding: start, as: UTF8.self).contains("brain.Event:2"))
    try log.write("loss", 1.25, step: 1)
    let written = try Files.read(path)
    #expect(Array(written[..<start.count]) == start)
    #expect(written.count == start.count + EventLog.record(EventLog.scalar("loss", 1.25, step: 1, time: 0)).count)
  }

  @Test func aDirectoryThatCannotBeSaysWhy() {
    #expect(throws: RNNError(.cannotCreate, "can't create the directory /dev/null/runs: Not a directory")) {
      _ = try EventLog(directory: "/dev/null/runs")
    }
  }
}
