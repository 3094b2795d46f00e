import Foundation
import RNN

/// How another program measures ours beside others in turn, all of them warm (`Benchmarks`): it writes one request a line on
/// standard input and reads one measurement a line.
enum BenchRequests {
  private struct Request: Decodable {
    let cell: String
    let sequenceLength: Int
    let batch: Int
    let input: Int
    let hidden: Int
    let mode: BenchMode
    let threads: Int
    let seconds: Double
  }

  private struct Greeting: Encodable {
    let cells: [String]
    let instructionSet: String
    let caches: BenchCaches
    let peaks: [BenchPeak]
  }

  /// Says what the peaks are, then answers until there are no more requests.
  ///
  /// Throws `.badData` for what isn't a request.
  static func answer() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    encoder.keyEncodingStrategy = .convertToSnakeCase
    func write(_ value: some Encodable) throws { try Output.line(String(decoding: try encoder.encode(value), as: UTF8.self)) }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase

    var peaks = BenchPeak.all(threads: Threads.count)
    try write(
      Greeting(
        cells: Cell.builtIn.map(\.name), instructionSet: try BenchPeak.inUse(peaks).instructionSet, caches: BenchCaches(), peaks: peaks))
    var input = try InputFile.standardInput()
    while let line = try input.readLine() {
      guard let request = try? decoder.decode(Request.self, from: Data(line.utf8)), (1...1024).contains(request.threads),
        request.seconds > 0, request.seconds <= 60
      else { throw RNNError(.badData, "found “\(line)”; expected a request") }
      Threads.count = request.threads
      if !peaks.contains(where: { $0.threads == Threads.count }) { peaks += BenchPeak.all(threads: Threads.count) }
      let shape = BenchShape(
        sequenceLength: request.sequenceLength, batch: request.batch, input: request.input, hidden: request.hidden)
      try write(
        try BenchMeasurement(
          measuring: try CellArgument.cell(request.cell), shape, request.mode, peak: try BenchPeak.inUse(peaks), duration: request.seconds))
    }
  }
}
