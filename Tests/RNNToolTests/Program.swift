import CRNNKernels
import Foundation
import RNNData
import RNNTasks
import RNNTestSupport
import RNNTraining
import Testing

/// The built program, run as a user runs it.
enum Program {
  struct Result {
    /// The exit code; 128 + the signal's number if a signal ended it.
    var code: Int32
    var output: Data
    var errors: String
    var text: String { String(decoding: output, as: UTF8.self) }
  }

  /// The executable beside the test bundle; nil where it isn't built.
  static let path: String? = {
    let bundles = Bundle.allBundles.map(\.bundleURL) + [URL(filePath: CommandLine.arguments[0])]
    for bundle in bundles {
      var folder = bundle
      // The bundle of macOS has folders inside, and the tests' own program lies in them.
      for _ in 0..<5 {
        folder = folder.deletingLastPathComponent()
        let candidate = folder.appending(path: "rnn").path
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: candidate, isDirectory: &isFolder), !isFolder.boolValue { return candidate }
      }
    }
    return nil
  }()

  static var isBuilt: Bool { path != nil }

  /// A run that is under way.
  final class Running {
    let process = Process()
    private let folder: URL
    fileprivate let outputFile: URL
    fileprivate let errorFile: URL

    /// Signals that whoever runs the tests ignores, as `nohup` and Python do, would be ignored by the program too.
    private static let resetSignals: Void = {
      for number in [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXCPU, SIGXFSZ] { signal(number, SIG_DFL) }
    }()

    /// No test waits for ever for a run that nothing ends.
    private static let longest = DispatchTimeInterval.seconds(600)

    fileprivate init(
      _ executable: String, _ arguments: [String], input: String?, reading file: String?, output: FileHandle?, in directory: URL?,
      environment: [String: String]
    ) throws {
      _ = Self.resetSignals
      folder = FileManager.default.temporaryDirectory.appending(path: "rnn-run-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      outputFile = folder.appending(path: "out")
      errorFile = folder.appending(path: "err")
      let inputFile = folder.appending(path: "in")
      for file in [outputFile, errorFile] { try Data().write(to: file) }
      try Data((input ?? "").utf8).write(to: inputFile)
      process.executableURL = URL(filePath: executable)
      process.arguments = arguments
      process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
      // An instruction set that this machine lacks is passed over with a line on standard error, which tests compare.
      if environment["RNN_ISA"] == nil, let wish = getenv("RNN_ISA") {
        let sets = [RNN_ISA_PLAIN, RNN_ISA_AVX2, RNN_ISA_AVX512, RNN_ISA_NEON].filter(rnn_isa_available)
        if !sets.contains(where: { strcmp(rnn_isa_name($0), wish) == 0 }) { process.environment?["RNN_ISA"] = nil }
      }
      process.currentDirectoryURL = directory
      process.standardInput = try FileHandle(forReadingFrom: file.map { URL(filePath: $0) } ?? inputFile)
      process.standardOutput = try output ?? FileHandle(forWritingTo: outputFile)
      process.standardError = try FileHandle(forWritingTo: errorFile)
      try process.run()
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// What has been written so far.
    var output: Data { (try? Data(contentsOf: outputFile)) ?? Data() }

    var errors: String { (try? Data(contentsOf: errorFile)).map { String(decoding: $0, as: UTF8.self) } ?? "" }

    /// The bytes that have been written so far.
    var written: Int {
      [outputFile, errorFile].reduce(0) { sum, file in
        var information = stat()
        return stat(file.path, &information) == 0 ? sum + Int(information.st_size) : sum
      }
    }

    /// Waits until standard error contains a text, for two minutes at most.
    ///
    /// It keeps its thread: a task that is suspended goes on only when another test ends, and the program may have ended by then.
    func wait(for text: String) {
      let clock = ContinuousClock(), end = clock.now + .seconds(120)
      while !errors.contains(text), process.isRunning, clock.now < end { usleep(10_000) }
      #expect(errors.contains(text), "standard error: \(errors)")
    }

    func finish() throws -> Result {
      let id = process.processIdentifier, end = DispatchWorkItem { kill(id, SIGKILL) }
      DispatchQueue.global().asyncAfter(deadline: .now() + Self.longest, execute: end)
      process.waitUntilExit()
      end.cancel()
      let signal = process.terminationReason == .uncaughtSignal
      return Result(
        code: process.terminationStatus + (signal ? 128 : 0), output: try Data(contentsOf: outputFile), errors: errors)
    }
  }

  /// - Parameters:
  ///   - input: the text on standard input, unless it is the file `reading`.
  ///   - environment: what is set for the program, beside what the tests have.
  static func start(
    _ arguments: [String], input: String? = nil, reading file: String? = nil, output: FileHandle? = nil, in directory: URL? = nil,
    environment: [String: String] = [:]
  ) throws -> Running {
    try Running(try #require(path), arguments, input: input, reading: file, output: output, in: directory, environment: environment)
  }

  static func run(
    _ arguments: [String], input: String? = nil, reading file: String? = nil, output: FileHandle? = nil, in directory: URL? = nil,
    environment: [String: String] = [:]
  ) throws -> Result {
    try start(arguments, input: input, reading: file, output: output, in: directory, environment: environment).finish()
  }

  /// Starts a shell in which `"$RNN"` is the program and `$1`, `$2` … are the arguments.
  static func startShell(_ script: String, _ arguments: [String] = [], in directory: URL? = nil) throws -> Running {
    try Running(
      "/bin/sh", ["-c", script, "sh"] + arguments, input: nil, reading: nil, output: nil, in: directory,
      environment: ["RNN": try #require(path)])
  }

  static func shell(_ script: String, _ arguments: [String] = [], in directory: URL? = nil) throws -> Result {
    try startShell(script, arguments, in: directory).finish()
  }
}

/// A folder that vanishes with the test, and what most tests need in it.
final class Workplace {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "rnn-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func path(_ name: String) -> String { folder.appending(path: name).path }

  func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
    try Data(bytes).write(to: folder.appending(path: name))
    return path(name)
  }

  func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: folder.appending(path: name))) }

  var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted() }

  /// A text with characters of one to four bytes.
  static let text = String(repeating: "the naïve fox — ångström 狐 🦊 jumps over the lazy dog.\n", count: 60)

  func text(_ name: String = "text.txt") throws -> String { try write(name, Self.text.utf8) }

  /// The bytes of a small model of that text, trained once for all tests.
  private static let trained = Result<[UInt8], any Error> {
    let place = try Workplace()
    var trainer = try TextTrainer(
      TextCorpus(Array(text.utf8), name: "text.txt"),
      options: TextTrainingOptions(hidden: 24, embedding: 8, dropout: 0, sequenceLength: 32, training: .init(budget: .steps(150), batch: 4, learningRate: 0.02)))
    _ = try trainer.train(to: place.path("m"))
    return try place.bytes("m")
  }

  static func model() throws -> [UInt8] { try trained.get() }

  func model(_ name: String = "model.safetensors") throws -> String { try write(name, Self.model()) }

  /// The same model with something changed in its file.
  func model(_ name: String, _ change: (inout Safetensors) throws -> Void) throws -> String {
    var file = try Safetensors(bytes: Self.model())
    try change(&file)
    return try write(name, file.bytes())
  }
}

/// Small and quick settings.
let tiny = ["--hidden", "16", "--embedding", "8", "--batch", "4", "--sequence-length", "16"]

/// Steps of a run that only a signal ends, on however slow a machine.
let endless = "1000000000"

/// What a program wrote with `--json`.
func json(_ result: Program.Result) throws -> [String: Any] {
  try #require(try JSONSerialization.jsonObject(with: result.output) as? [String: Any], "\(result.errors)")
}
