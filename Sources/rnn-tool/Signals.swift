import Foundation
import Synchronization

/// Ctrl-C and SIGTERM while training: the first is noted, so that the step is finished and the work saved; a second one ends
/// the program at once.
enum Signals {
  private static let pending = Atomic<Int32>(0)

  static func catchInterruptions() {
    // Whoever started the program may have left them blocked, as threads of a dispatch queue do.
    var numbers = sigset_t()
    sigemptyset(&numbers)
    sigaddset(&numbers, SIGINT)
    sigaddset(&numbers, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &numbers, nil)
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        if Signals.pending.exchange(number, ordering: .relaxed) != 0 { _exit(128 + number) }
      }
    }
  }

  /// The signal that arrived, if one did.
  static var received: Int32? {
    let number = pending.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }
}
