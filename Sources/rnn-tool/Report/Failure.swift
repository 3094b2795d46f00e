import ArgumentParser
import Foundation
import RNN

/// How the program ends when something goes wrong: one line on standard error, and the exit code of the failure's kind.
enum Failure {
  /// Writing to a pipe that nobody reads becomes an error of that write, which ends the program silently, or, in the middle
  /// of training, is passed over.
  static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }

  /// Memory that there isn't is taken all the same now and then: that ends the program with one line, too.
  static func catchExhaustion() {
    Memory.whenExhausted { bytes in
      Failure.end("memory ran out: \(HumanFormat.bytes(bytes)) more are needed, and there aren't so many; \(Failure.exhaustionAdvice)", .usage)
    }
    // Swift's own arrays end in abort() where there is no memory for them.
    signal(SIGABRT) { _ in
      if errno == ENOMEM {
        Failure.exhaustionLine.withUTF8Buffer { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
        _exit(RNNError.Kind.usage.rawValue)
      }
      signal(SIGABRT, SIG_DFL)
      abort()
    }
  }

  private static let exhaustionAdvice = "smaller sizes need less, as do smaller files"
  private static let exhaustionLine: StaticString = "rnn: memory ran out; smaller sizes need less, as do smaller files\n"

  static func end(_ error: any Error) -> Never {
    switch error {
    case is BrokenPipe: exit(0)
    case let error as RNNError: end(error.message, error.kind)
    case is ExitCode: Tool.exit(withError: error)
    // The parser's own: help that was asked for, a mistake found late.
    case _ where [.success, .validationFailure].contains(Tool.exitCode(for: error)): Tool.exit(withError: error)
    default: end("an error that should not happen: \(error)", .software)
    }
  }

  private static func end(_ message: String, _ kind: RNNError.Kind) -> Never {
    let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
    Terminal.standardError().write("rnn: \(line)\n")
    exit(kind.rawValue)
  }
}

/// Nobody reads standard output any more.
struct BrokenPipe: Error {}
