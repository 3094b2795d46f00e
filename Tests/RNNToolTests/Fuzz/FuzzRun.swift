import Foundation
import RNN

/// A run of the program that may fail, but only in ways that are promised.
struct FuzzRun {
  /// The exit codes that a failure of the input may have. 70, the program's own fault, is not among them.
  static let codes: Set<Int32> = [0, 1, 64, 65, 66, 73, 74, 130, 143]

  var arguments: [String]
  var code: Int32 = 0
  var errors = ""
  /// What was wrong with the run; nil if nothing was.
  var problem: String?

  /// Runs the program.
  ///
  /// - Parameters:
  ///   - silence: how many seconds may pass without output.
  ///   - patience: after how many seconds a run that says something is asked to end.
  init(_ arguments: [String], input: String? = nil, silence: Double, patience: Double, in folder: URL) {
    self.arguments = arguments
    do {
      let running = try Program.start(arguments, input: input, in: folder)
      let clock = ContinuousClock(), began = clock.now
      var written = 0, lastOutput = clock.now, asked: ContinuousClock.Instant?
      while running.process.isRunning {
        usleep(clock.now - began < .milliseconds(200) ? 2_000 : 20_000)
        let now = running.written
        if now != written { (written, lastOutput) = (now, clock.now) }
        if let end = asked {
          // Who is asked to end finishes the step and saves.
          if clock.now - end > .seconds(2 * silence) {
            problem = "did not end when it was asked to"
            kill(running.process.processIdentifier, SIGKILL)
            break
          }
        } else if clock.now - lastOutput > .seconds(silence) {
          problem = "said nothing for \(Int(silence)) s"
          kill(running.process.processIdentifier, SIGKILL)
          break
        } else if clock.now - began > .seconds(patience) {
          asked = clock.now
          kill(running.process.processIdentifier, SIGTERM)
        }
      }
      let result = try running.finish()
      (code, errors) = (result.code, result.errors)
    } catch {
      problem = "could not be started: \(error)"
    }
    if problem == nil { problem = Self.problem(code, errors) }
  }

  private static func problem(_ code: Int32, _ errors: String) -> String? {
    guard codes.contains(code) else { return code > 128 ? "ended by signal \(code - 128)" : "exit code \(code)" }
    if errors.contains("Fatal error") { return "a fatal error" }
    guard ![0, 1, 130, 143].contains(code) else { return nil }
    let last = errors.split(separator: "\n").last ?? ""
    return errors.contains("Error: ") || errors.contains("rnn: ") && last.hasPrefix("rnn: ") ? nil : "a failure that is not said"
  }

  /// The call as a shell would take it, and how it ended.
  var description: String {
    let call = arguments.map { $0.allSatisfy { $0.isLetter || $0.isNumber || "-_./=,:%".contains($0) } && !$0.isEmpty ? $0 : "'\($0)'" }
    return "rnn \(call.joined(separator: " ")): \(problem ?? "exit code \(code)"): \(errors.suffix(300))"
  }
}

/// What runs of many kinds came to, for whoever started them.
struct FuzzReport {
  private var codes: [String: [Int32: Int]] = [:]
  private(set) var problems: [String] = []
  private(set) var count = 0

  mutating func add(_ run: FuzzRun, _ kind: String) {
    codes[kind, default: [:]][run.code, default: 0] += 1
    count += 1
    if run.problem != nil { problems.append("\(kind): \(run.description)") }
  }

  /// A line for each kind: how many runs ended with which code.
  var text: String {
    codes.sorted { $0.key < $1.key }.map { kind, codes in
      "  \(kind): " + codes.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }.joined(separator: ", ") + "\n"
    }.joined()
  }
}
