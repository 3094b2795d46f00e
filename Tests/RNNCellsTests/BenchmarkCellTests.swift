import Foundation
import RNNTestSupport
import Testing

/// The cells of `Benchmarks/cells`, which are measured as a user's own: each is the one that its name says.
@Suite struct BenchmarkCellTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Benchmarks/cells")

  @Test func filesAreTheCellsOfTheirNames() throws {
    let known = Dictionary(uniqueKeysWithValues: [Cell.mgu, .lstmLayerNorm, TestCells.indRNN, TestCells.sLSTM].map { ($0.name, $0) })
    let files = try FileManager.default.contentsOfDirectory(at: Self.folder, includingPropertiesForKeys: nil)
    #expect(Set(files.map { $0.deletingPathExtension().lastPathComponent }) == Set(known.keys))
    for file in files {
      let cell = try Cell(equations: String(contentsOf: file, encoding: .utf8))
      #expect(cell == known[file.deletingPathExtension().lastPathComponent], "\(file.lastPathComponent)")
    }
  }
}
