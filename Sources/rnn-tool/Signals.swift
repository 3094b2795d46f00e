import Foundation
import Synchronization

/// What ends a run that trains: Ctrl-C, SIGTERM, a closed terminal, a limit of time or of a file's size. It is noted, so that
/// the step is finished and the work saved.
///
/// A second Ctrl-C or SIGTERM ends the program at once. The other signals come again by themselves. A signal that was ignored when the
/// program started stays ignored: `nohup` wants that of SIGHUP, and a shell of the Ctrl-C that isn't meant for what it runs in the
/// background.
enum Signals {
  private static let pending = Atomic<Int32>(0)
  private static let requests = Atomic<Int>(0)

  static func catchInterruptions() {
    let caught = [SIGINT, SIGTERM, SIGHUP, SIGXCPU, SIGXFSZ]
    unblock(caught)
    for number in caught {
      // SIGXFSZ is ignored by the program itself, until a run has something to save.
      handle(number, always: number == SIGXFSZ) { number in
        _ = Signals.pending.compareExchange(expected: 0, desired: number, ordering: .relaxed)
        if number == SIGINT || number == SIGTERM, Signals.requests.add(1, ordering: .relaxed).oldValue > 0 { _exit(128 + number) }
      }
    }
  }

  private typealias Handler = @convention(c) (Int32) -> Void

  /// Has a signal handled, unless it is ignored.
  private static func handle(_ number: Int32, always: Bool = false, _ handler: Handler?) {
    let previous: Handler? = signal(number, handler)
    if !always, unsafeBitCast(previous, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) { signal(number, SIG_IGN) }
  }

  /// Lets signals end the program, SIGQUIT (Ctrl-\) among them, which the language's runtime takes for a crash.
  static func letThemEnd() {
    handle(SIGQUIT, SIG_DFL)
    unblock([SIGINT, SIGTERM, SIGHUP, SIGQUIT])
  }

  /// Whoever started the program may have left signals blocked, as threads of a dispatch queue do.
  private static func unblock(_ signals: [Int32]) {
    var numbers = sigset_t()
    sigemptyset(&numbers)
    for number in signals { sigaddset(&numbers, number) }
    pthread_sigmask(SIG_UNBLOCK, &numbers, nil)
  }

  /// The signal that arrived, if one did.
  static var received: Int32? {
    let number = pending.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }
}

/// The end of a run that a signal stopped.
struct Interruption: Error {
  let message: String
  /// That of a program which a signal ended.
  let exitCode: Int32

  init(_ message: String) {
    self.message = message
    exitCode = 128 + (Signals.received ?? SIGINT)
  }
}
