import ArgumentParser
import Foundation
import RNN

/// How the program ends when something goes wrong: one line on standard error, and the exit code of the failure's kind.
enum Failure {
  /// A write that can't succeed becomes an error of that write instead of the program's sudden end. A pipe that nobody reads
  /// ends the program silently, or, in the middle of training, is passed over; a file above its limit is an error like others.
  static func ignoreSignalsOfWriting() {
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
  }

  /// Memory that there isn't is taken all the same now and then: that ends the program with one line, too.
  static func catchExhaustion() {
    Memory.whenExhausted { bytes in
      Failure.end("memory ran out: \(HumanFormat.bytes(bytes)) more are needed, and there aren't so many; \(Failure.exhaustionAdvice)", RNNError.Kind.usage.rawValue)
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
    case let error as RNNError: end(error.message, error.kind.rawValue)
    case let error as Interruption: end(error.message, error.exitCode)
    case is ExitCode: Tool.exit(withError: error)
    // The parser's own: help that was asked for, a mistake found late.
    case _ where [.success, .validationFailure].contains(Tool.exitCode(for: error)): endParsing(error)
    default: end("an error that should not happen: \(error)", RNNError.Kind.software.rawValue)
    }
  }

  /// Ends with the parser's words: help, the version or a completion script on standard output, or a mistake in the arguments
  /// and the command's usage on standard error.
  static func endParsing(_ error: any Error) -> Never {
    guard Tool.exitCode(for: error) == .success else { Tool.exit(withError: error) }
    do {
      try Output.line(Tool.fullMessage(for: error))
    } catch {
      end(error)
    }
    exit(0)
  }

  private static func end(_ message: String, _ code: Int32) -> Never {
    let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
    Terminal.standardError().write("rnn: \(line)\n")
    exit(code)
  }
}

/// Nobody reads standard output any more.
struct BrokenPipe: Error {}
