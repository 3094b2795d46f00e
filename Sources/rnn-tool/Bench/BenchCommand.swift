import ArgumentParser
import RNN

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure this machine's peak, and how much of it cells reach.",
    discussion: """
      First the peak: the float32 operations a second of multiply-adds on registers and nothing else, on one core and on all \
      threads, for each instruction set. Then, for each cell and shape, the time of a call (the median of several rounds), its \
      operations a second, and their share of the peak of the instruction set and threads in use. Counted are the operations of \
      the matrix products: 2 · rows · columns for each matrix, step and sequence, three times that for train.

      A call is, for train: the weights packed, forward, and backward to the gradients of inputs, initial states and weights; \
      for infer: forward, with weights that are packed already; for step: one step of one sequence as it comes in.

      Bytes kept are what a call holds for the way back, for each step and row: the states, and the values in between that are \
      dear to compute again; not the inputs, which are the caller's. Without a way back there are none.

      Blocks are what products are cut into by a core's caches: the steps along the sum of a product with weights; the steps, rows \
      and columns of other products; the rows of an output layer's gradients. The variable RNN_CACHES=32,512 in the environment cuts \
      them for caches of 32 and 512 KiB; no result depends on it.

      Without sizes: a grid from one step of one sequence to large batches.

      Examples:
        rnn bench
        rnn bench --cell lstm --mode train --batch 64 --input 512 --hidden 512
        rnn bench --cell 'h = tanh(Wxh x + Whh h + bh)' --threads 1
      """)

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(CellArgument.help.abstract + " May be repeated. (default: rnn, lstm, gru)", valueName: "cell"))
  var cell: [String] = []

  @Option(parsing: .singleValue, help: ArgumentHelp("What a call does. May be repeated. (default: all that fit the shape)", valueName: "mode"))
  var mode: [BenchMode] = []

  @Option(help: ArgumentHelp("T, the steps of a call. (default: 100; 1 for step)", valueName: "n"))
  var sequenceLength: Int?

  @Option(help: ArgumentHelp("B, sequences side by side. (default: 32; 1 for step)", valueName: "n"))
  var batch: Int?

  @Option(help: ArgumentHelp("I, the cell's inputs. (default: 128)", valueName: "n"))
  var input: Int?

  @Option(help: ArgumentHelp("H, units of the cell. (default: 256)", valueName: "n"))
  var hidden: Int?

  @Option(help: ArgumentHelp("Measure each for so long; slow calls take longer.", valueName: "seconds"), limit: Limits.benchSeconds)
  var seconds = 0.5

  @Flag(help: .hidden)
  var requests = false

  @OptionGroup var threads: ThreadArguments
  @OptionGroup var json: JSONArguments

  private struct Report: Encodable {
    let instructionSet: String
    let threads: Int
    let caches: BenchCaches
    let peaks: [BenchPeak]
    let measurements: [BenchMeasurement]
  }

  func run() throws {
    threads.apply()
    if requests { return try BenchRequests.answer() }
    let cells = try (cell.isEmpty ? ["rnn", "lstm", "gru"] : cell).map { try CellArgument.cell($0) }
    let shapes = try self.shapes()
    var bursts = StageView(unit: "bursts", isQuiet: false)
    let peaks = BenchPeak.all(threads: Threads.count) { bursts.show($0, of: $1) }
    bursts.end()
    var progress = ProgressReporter(terminal: Heartbeat().watching(.standardError()))
    let inUse = try BenchPeak.inUse(peaks)
    var measurements: [BenchMeasurement] = []
    for (done, entry) in cells.flatMap({ cell in shapes.map { (cell: cell, shape: $0.shape, mode: $0.mode) } }).enumerated() {
      progress.update(TrainingProgress(step: done, steps: cells.count * shapes.count))
      measurements.append(try BenchMeasurement(measuring: entry.cell, entry.shape, entry.mode, peak: inUse, duration: seconds))
    }
    progress.finish()
    if json.json {
      return try Output.json(Report(instructionSet: inUse.instructionSet, threads: inUse.threads, caches: BenchCaches(), peaks: peaks, measurements: measurements))
    }
    try Output.write(BenchTable.peaks(peaks))
    try Output.write("\nin use: \(inUse.instructionSet), \(inUse.threads == 1 ? "1 thread" : "\(inUse.threads) threads")\n")
    try Output.write(BenchTable.caches(BenchCaches()) + "\n")
    try Output.write(BenchTable.measurements(measurements))
  }

  /// The shapes to measure, each with a mode: the one that the sizes give, or those of the grid.
  func shapes() throws(RNNError) -> [(shape: BenchShape, mode: BenchMode)] {
    if [sequenceLength, batch, input, hidden].allSatisfy({ $0 == nil }) {
      return BenchShape.grid.flatMap { entry in
        entry.modes.filter { mode.isEmpty || mode.contains($0) }.map { (shape: entry.shape, mode: $0) }
      }
    }
    // A step's own sizes are one; where they were given otherwise, the check says so.
    func shape(_ mode: BenchMode) -> BenchShape {
      BenchShape(
        sequenceLength: sequenceLength ?? (mode == .step ? 1 : 100), batch: batch ?? (mode == .step ? 1 : 32), input: input ?? 128,
        hidden: hidden ?? 256)
    }
    let modes = mode.isEmpty ? (shape(.infer).isStep ? [.infer, .train, .step] : [.infer, .train]) : mode
    let result = modes.map { (shape: shape($0), mode: $0) }
    for (shape, mode) in result { try shape.check(for: mode) }
    return result
  }
}
