// Three tests of learning over long spans, each a model written from layers: adding, copying, digits read row by row.
//
//     swift run -c release --package-path Examples LongSpans --task adding
//
// A task's file has its data, its model and its loss; Training.swift the loop for all of them.

import ArgumentParser
import Foundation
import RNN

@main
struct LongSpans: ParsableCommand {
  enum TaskName: String, CaseIterable, ExpressibleByArgument { case adding, copying, digits }

  static let configuration = CommandConfiguration(
    abstract: "Train a network on a task that needs a long memory, and see whether it solves it.",
    discussion: "Ends with 0 if the task is solved, with 1 if not. The digits are read from the folder RNN_DATA.")

  @Option(help: "What to learn.")
  var task: TaskName
  @Option(help: "A built-in cell or equations. (default: gru; digits: lstm)")
  var cell: String?
  @Option(help: "What first weights and data are drawn from.")
  var seed: UInt64 = 1
  @Option(help: "The most minutes to train.")
  var minutes = 15.0
  @Option(help: "Threads to compute with; no result depends on it. (default: one for each core)")
  var threads: Int?

  func validate() throws {
    guard minutes > 0, minutes <= 10_000 else { throw ValidationError("--minutes is above 0 and at most 10000, not \(minutes)") }
    guard (1...1024).contains(threads ?? 1) else { throw ValidationError("--threads is a number from 1 to 1024") }
  }

  func run() throws {
    do {
      if let threads { Threads.count = threads }
      let cell = try cell.map { try $0.contains("=") ? Cell(equations: $0, name: "own") : .named($0) }
      let trainer = Trainer(seed: seed, minutes: minutes)
      let result = switch task {
      case .adding: try trainer.train(Adding(cell: cell ?? .gru))
      case .copying: try trainer.train(Copying(cell: cell ?? .gru))
      case .digits: try trainer.train(Digits(cell: cell ?? .lstm))
      }
      print("\(task): \(result)\n\(result.isSolved ? "solved" : "not solved")")
      if !result.isSolved { throw ExitCode(RNNError.Kind.verification.rawValue) }
    } catch let error as RNNError {
      FileHandle.standardError.write(Data("LongSpans: \(error)\n".utf8))
      throw ExitCode(error.kind.rawValue)
    }
  }
}
