import Foundation
import RNN
import RNNTestSupport
import Synchronization
import Testing

/// No input and no option may crash the program, hang it, or end it in a way that isn't promised.
///
/// A few of each are tried here; `Scripts/fuzz` tries many, with other draws every time.
@Suite(.enabled(if: Program.isBuilt, "the program rnn is not built beside the tests"), .serialized)
struct FuzzTests {
  private static func setting(_ name: String) -> Int? { ProcessInfo.processInfo.environment["RNN_FUZZ_\(name)"].flatMap { Int($0) } }
  private static let seed = UInt64(setting("SEED") ?? 1)
  /// Whether this is the long form, in which calls of the program read changed files too.
  private static let isLong = setting("RUNS") != nil
  // A machine that does other things at the same time is slow, and a debug build slower.
  private static let silence = Double(setting("SILENCE") ?? 120), patience = Double(setting("PATIENCE") ?? 20)

  /// Options at their limits, of every command.
  @Test func options() throws {
    let files = try FuzzFiles(), options = try FuzzOptions(), calls = files.calls
    #expect(Set(calls.keys) == Set(options.commands.keys), "every command is tried")
    // What says how much is tried would be given twice.
    let names = options.commands.keys.sorted().filter { Self.isLong || $0 != "demo" }
    let report = try Self.inParallel(Self.setting("RUNS") ?? 60) { number in
      var random = Philox(seed: Self.seed, stream: UInt64(number))
      let name = names[number % names.count], own = options.commands[name] ?? []
      var arguments = calls[name] ?? []
      for _ in 0..<[1, 1, 1, 2, 2, 3][Int.random(in: 0..<6, using: &random)] {
        let option = own[Int.random(in: 0..<own.count, using: &random)]
        // Both of a pair of flags is an error of the parser, and nothing else.
        if !option.valueName.isEmpty || !arguments.contains(option.name) { arguments += try FuzzOptions.draw(option, of: name, in: files, using: &random) }
      }
      // Who asks for silence gets it.
      return (name, FuzzRun(arguments, silence: arguments.contains("--quiet") ? 120 : Self.silence, patience: Self.patience, in: files.folder))
    }
    print("\(report.count) calls with options at their limits (seed \(Self.seed)), and the exit codes:\n\(report.text)", terminator: "")
    for problem in report.problems { Issue.record("\(problem)") }
  }

  /// Changed files of every kind, read in this process. What is read when it ends is the file that ended it.
  @Test func changedFiles() throws {
    let files = try FuzzFiles(), kinds = files.kinds
    let last = FileManager.default.temporaryDirectory.appending(path: "rnn-fuzz-last").path
    for kind in kinds { try kind.read(kind.file) }
    var accepted = 0
    let count = Self.isLong ? 0 : 500
    for number in 0..<count {
      var random = Philox(seed: Self.seed, stream: 1 << 32 + UInt64(number))
      let kind = kinds[number % kinds.count]
      let bytes = FuzzMutation.mutated(try Files.read(kind.file), using: &random)
      try Files.writeAtomically(bytes, to: last)
      do {
        try kind.read(last)
        accepted += 1
      } catch let error as RNNError {
        #expect([.badData, .usage, .noInput].contains(error.kind), "\(kind.name), draw \(number): \(error)")
      }
    }
    try? FileManager.default.removeItem(atPath: last)
    // Some changes leave a file that can be read.
    #expect(accepted < max(count, 1))
  }

  /// Changed files of every kind, read by the program.
  @Test(.enabled(if: isLong, "Scripts/fuzz tries it")) func changedFilesOfTheProgram() throws {
    let files = try FuzzFiles(), kinds = files.kinds
    let kept = FileManager.default.temporaryDirectory.appending(path: "rnn-fuzz-kept").path
    try? FileManager.default.createDirectory(atPath: kept, withIntermediateDirectories: true)
    for kind in kinds {
      for call in kind.calls(kind.file) {
        let run = FuzzRun(call, silence: Self.silence, patience: Self.patience, in: files.folder)
        #expect(run.code == 0 && run.problem == nil, "a whole file: \(run.description)")
      }
    }
    // A run that goes on removes its checkpoint.
    let wholes = try kinds.map { $0.name == "checkpoint" ? try Files.read(files["checkpoint.kept"]) : try Files.read($0.file) }
    let report = try Self.inParallel(Self.setting("MUTATIONS") ?? 20_000) { number in
      var random = Philox(seed: Self.seed, stream: 1 << 33 + UInt64(number))
      let place = number % kinds.count, kind = kinds[place]
      let name = kind.name == "checkpoint" ? "changed-\(number).checkpoint" : "changed-\(number)\(URL(filePath: kind.file).pathExtension.isEmpty ? "" : ".\(URL(filePath: kind.file).pathExtension)")"
      let path = files[name], bytes = FuzzMutation.mutated(wholes[place], using: &random)
      try Files.writeAtomically(bytes, to: path)
      // Of a checkpoint there may be its model too.
      defer { for path in [path] + (kind.name == "checkpoint" ? [String(path.dropLast(".checkpoint".count))] : []) { try? FileManager.default.removeItem(atPath: path) } }
      let calls = kind.calls(path), call = calls[Int.random(in: 0..<calls.count, using: &random)]
      let run = FuzzRun(call, silence: Self.silence, patience: Self.patience, in: files.folder)
      if run.problem != nil { try? Files.writeAtomically(bytes, to: "\(kept)/\(name)") }
      return (kind.name, run)
    }
    print("\(report.count) changed files (seed \(Self.seed)), and the exit codes:\n\(report.text)", terminator: "")
    if !report.problems.isEmpty { print("files that made problems are in \(kept)") }
    for problem in report.problems { Issue.record("\(problem)") }
  }

  /// Runs `body` for each number, two at a time for each core, and adds up what comes of it.
  private static func inParallel(_ count: Int, _ body: @escaping @Sendable (Int) throws -> (String, FuzzRun)) throws -> FuzzReport {
    let report = Mutex(FuzzReport()), failure = Mutex<(any Error)?>(nil), next = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: min(ProcessInfo.processInfo.activeProcessorCount, 8)) { _ in
      while failure.withLock({ $0 == nil }) {
        let number = next.add(1, ordering: .relaxed).oldValue
        guard number < count else { return }
        do {
          let (kind, run) = try body(number)
          report.withLock { report in
            report.add(run, kind)
            if report.count % 1000 == 0 { print("\(report.count) of \(count)") }
          }
        } catch {
          failure.withLock { $0 = error }
        }
      }
    }
    if let error = failure.withLock({ $0 }) { throw error }
    return report.withLock { $0 }
  }
}
