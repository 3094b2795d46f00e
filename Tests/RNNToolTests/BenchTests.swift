import Foundation
import RNN
import Testing
import rnn_tool

/// What the figures of `rnn bench` are made of.
@Suite struct BenchFigureTests {
  private let shape = BenchShape(sequenceLength: 100, batch: 32, input: 128, hidden: 256)

  @Test func operations() {
    #expect(shape.operations(of: .lstm, mode: .infer) == 2 * 100 * 32 * 4 * 256 * (128 + 256))
    #expect(shape.operations(of: .lstm, mode: .train) == 3 * shape.operations(of: .lstm, mode: .infer))
    #expect(BenchShape(sequenceLength: 1, batch: 1, input: 64, hidden: 64).operations(of: .gru, mode: .step) == 2 * 3 * 64 * 128)
    // The projected states are half as many as the units.
    #expect(
      BenchShape(sequenceLength: 2, batch: 3, input: 10, hidden: 8).operations(of: .lstmProjection, mode: .infer)
        == 2 * 3 * (2 * 4 * 8 * (10 + 4) + 2 * 4 * 8))
  }

  @Test func speedAndShare() {
    let peak = BenchPeak(instructionSet: "plain", threads: 2, gflopPerSecond: 50)
    let measurement = BenchMeasurement(.rnn, shape, .infer, peak: peak, seconds: 0.01, rounds: 5, keptBytesPerStepAndRow: 1024)
    #expect(measurement.operations == 2 * 100 * 32 * 256 * 384)
    #expect(abs(measurement.gflopPerSecond - 62.9146) < 1e-3)
    #expect(abs(measurement.shareOfPeak - 1.258291) < 1e-5)
    #expect(measurement.threads == 2 && measurement.keptBytesPerStepAndRow == 1024)
  }

  /// Bursts of the peak are counted up while they run.
  @Test func burstsAreReported() {
    var last = 0, all = 0
    let peaks = BenchPeak.all(threads: 2) { done, count in
      #expect(done > last)
      (last, all) = (done, count)
    }
    #expect(peaks.count % 2 == 0 && peaks.allSatisfy { $0.gflopPerSecond > 0 } && last > 0 && last <= all)
  }

  @Test func gridIsValid() throws {
    for (shape, modes) in BenchShape.grid {
      for mode in modes { try shape.check(for: mode) }
      #expect(modes.contains(.step) == shape.isStep)
    }
  }

  @Test(arguments: [(0, 1, 1, 1), (1, -1, 1, 1), (1, 1, 0, 1), (1, 1, 1, 4097), (100_001, 1, 1, 1), (100_000, 100_000, 1, 1)])
  func sizesThatCannotBe(steps: Int, rows: Int, input: Int, hidden: Int) {
    #expect(throws: RNNError.self) {
      try BenchShape(sequenceLength: steps, batch: rows, input: input, hidden: hidden).check(for: .infer)
    }
  }
}

/// `rnn bench` from outside, quickly; nothing is said about the time anything takes.
@Suite(.enabled(if: Program.isBuilt, "the program rnn is not built beside the tests"))
struct BenchCommandTests {
  private struct Peak: Decodable {
    let instructionSet: String
    let threads: Int
    let gflopPerSecond: Double
  }

  private struct Measurement: Decodable, Equatable {
    let cell: String
    let sequenceLength: Int
    let batch: Int
    let input: Int
    let hidden: Int
    let mode: String
    let threads: Int
    let rounds: Int
    let seconds: Double
    let operations: Int
    let gflopPerSecond: Double
    let shareOfPeak: Double
    let keptBytesPerStepAndRow: Int
  }

  private struct Report: Decodable {
    let instructionSet: String
    let threads: Int
    let peaks: [Peak]
    let measurements: [Measurement]
  }

  private func decode<T: Decodable>(_ type: T.Type, _ data: Data) throws -> T {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(type, from: data)
  }

  private let sizes = ["--input", "8", "--hidden", "16", "--seconds", "0.001"]

  @Test func jsonOfOneShape() throws {
    let place = try Workplace()
    let own = try place.write("own.txt", "cell own\nh = tanh(Wxh x + b_u * h)\n".utf8)
    let result = try Program.run(
      ["bench", "--json", "--threads", "2", "--cell", "gru", "--cell", own, "--sequence-length", "3", "--batch", "2"] + sizes)
    #expect(result.code == 0, "\(result.errors)")
    #expect(result.text.contains("\"gflop_per_second\"") && result.text.contains("\"share_of_peak\"")
      && result.text.contains("\"kept_bytes_per_step_and_row\""))
    let report = try decode(Report.self, result.output)
    #expect(report.threads == 2)
    #expect(Set(report.peaks.map(\.threads)) == [1, 2])
    #expect(report.peaks.allSatisfy { $0.gflopPerSecond > 0 && $0.gflopPerSecond.isFinite })
    let peak = try #require(report.peaks.first { $0.instructionSet == report.instructionSet && $0.threads == 2 })
    #expect(report.measurements.map(\.cell) == ["gru", "gru", "own", "own"])
    #expect(report.measurements.map(\.mode) == ["infer", "train", "infer", "train"])
    let forward = [2 * 3 * 2 * 3 * 16 * (8 + 16), 2 * 3 * 2 * 16 * 8]
    #expect(report.measurements.map(\.operations) == [forward[0], 3 * forward[0], forward[1], 3 * forward[1]])
    // A GRU's state, its gates r, z and n, and the product that r is multiplied with; the own cell's state.
    #expect(report.measurements.map(\.keptBytesPerStepAndRow) == [0, 4 * 5 * 16, 0, 4 * 16])
    for measurement in report.measurements {
      #expect(measurement.seconds > 0 && measurement.rounds >= 3)
      #expect(abs(measurement.gflopPerSecond * 1e9 * measurement.seconds / Double(measurement.operations) - 1) < 1e-6)
      #expect(abs(measurement.shareOfPeak * peak.gflopPerSecond / measurement.gflopPerSecond - 1) < 1e-6)
    }
  }

  /// The cells that `Benchmarks/run` measures as a user's own.
  @Test func filesOfCells() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let files = try FileManager.default.contentsOfDirectory(at: root.appending(path: "Benchmarks/cells"), includingPropertiesForKeys: nil)
    #expect(!files.isEmpty)
    let result = try Program.run(
      ["bench", "--json", "--threads", "1", "--sequence-length", "2", "--batch", "2"] + sizes + files.flatMap { ["--cell", $0.path] })
    #expect(result.code == 0, "\(result.errors)")
    let measurements = try decode(Report.self, result.output).measurements
    let names = files.map { $0.deletingPathExtension().lastPathComponent }
    #expect(measurements.map(\.cell) == names.flatMap { [$0, $0] })
    #expect(measurements.allSatisfy { $0.seconds > 0 && $0.operations > 0 })
    // The same, in the way in which the benchmarks ask.
    let requests = files.map {
      #"{"cell":"\#($0.path)","sequence_length":2,"batch":2,"input":8,"hidden":16,"mode":"train","threads":1,"seconds":0.001}"#
    }
    let answers = try Program.run(["bench", "--requests", "--threads", "1"], input: requests.joined(separator: "\n") + "\n")
    #expect(answers.code == 0, "\(answers.errors)")
    let found = try answers.text.split(separator: "\n").dropFirst().map { try decode(Measurement.self, Data($0.utf8)) }
    #expect(found.map(\.cell) == names)
    #expect(found.map(\.keptBytesPerStepAndRow) == measurements.filter { $0.mode == "train" }.map(\.keptBytesPerStepAndRow))
  }

  @Test func table() throws {
    let result = try Program.run(["bench", "--cell", "lstm", "--threads", "1", "--sequence-length", "1", "--batch", "1"] + sizes)
    #expect(result.code == 0, "\(result.errors)")
    let lines = result.text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(lines.first == ["peak", "threads", "GFLOP/s"])
    #expect(lines.contains { $0.starts(with: ["in", "use:"]) })
    for mode in ["infer", "train", "step"] {
      #expect(lines.contains {
        $0.starts(with: ["lstm", mode, "1", "1", "8", "16"]) && $0.dropLast().last?.last == "%"
          && $0.last == (mode == "train" ? "384" : "0")
      }, "\(mode): \(result.text)")
    }
    // Each on lines of the same length.
    #expect(Set(result.text.split(separator: "\n").suffix(4).map(\.count)).count == 1)
  }

  @Test func requests() throws {
    func request(_ mode: String, threads: Int) -> String {
      #"{"cell":"lstm","sequence_length":1,"batch":1,"input":8,"hidden":16,"mode":"\#(mode)","threads":\#(threads),"seconds":0.001}"#
    }
    let result = try Program.run(
      ["bench", "--requests", "--threads", "1"], input: [request("step", threads: 1), request("train", threads: 2)].joined(separator: "\n") + "\n")
    #expect(result.code == 0, "\(result.errors)")
    let lines = result.text.split(separator: "\n")
    #expect(lines.count == 3 && lines[0].contains("\"peaks\""))
    let answers = try lines.dropFirst().map { try decode(Measurement.self, Data($0.utf8)) }
    #expect(answers.map(\.mode) == ["step", "train"])
    #expect(answers.map(\.threads) == [1, 2])
    let bad = try Program.run(["bench", "--requests", "--threads", "1"], input: "{}\n")
    #expect(bad.code == 65 && bad.errors.hasPrefix("rnn: found “{}”"))
  }

  @Test(arguments: [
    (["--hidden", "0"], "rnn: --hidden is a number from 1 to 4096, not 0"),
    (["--mode", "step", "--batch", "2"], "rnn: a step is one step of one sequence"),
    (["--batch", "99999", "--sequence-length", "99999"], "rnn: sequences of"),
    (["--cell", "lsmt"], "rnn: there is no cell “lsmt”"),
    (["--seconds", "0"], "Error: The value '0' is invalid for '--seconds"),
    (["--mode", "fly"], "Error: The value 'fly' is invalid"),
    (["--threads", "0"], "Error: The value '0' is invalid for '--threads"),
  ])
  func mistakes(arguments: [String], message: String) throws {
    let result = try Program.run(["bench"] + arguments)
    #expect(result.code == 64)
    #expect(result.output.isEmpty)
    #expect(result.errors.hasPrefix(message), "\(result.errors)")
  }
}
