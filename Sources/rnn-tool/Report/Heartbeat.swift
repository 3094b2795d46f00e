import Foundation
import RNN
import Synchronization

/// Says that the program is still at work where nothing else has been shown for a while: a single step over long windows may take
/// a minute.
package final class Heartbeat: Sendable {
  /// Nil while nothing is to be shown.
  private let lastShown: Mutex<ContinuousClock.Instant?>

  /// Beats until nobody holds it.
  ///
  /// - Parameters:
  ///   - isResting: begins without beats, for ``during(_:)``.
  ///   - interval: the time without anything shown after which a line is written.
  ///   - write: takes the line.
  package init(
    isResting: Bool = false, every interval: Duration = .seconds(8),
    write: @escaping @Sendable (String) -> Void = { Terminal.standardError().write($0) }
  ) {
    let clock = ContinuousClock(), began = clock.now
    lastShown = Mutex(isResting ? nil : began)
    // On a terminal the line replaces an unfinished one.
    let start = Terminal.standardError().isInteractive ? "\r\u{1B}[K" : ""
    Thread.detachNewThread { [weak self] in
      while self != nil {
        Thread.sleep(forTimeInterval: min(interval / .seconds(8), 1))
        self?.beat(every: interval) { write("\(start)still at work after \(HumanFormat.duration(seconds: (clock.now - began) / .seconds(1)))\n") }
      }
    }
  }

  private func beat(every interval: Duration, _ write: () -> Void) {
    let now = ContinuousClock().now
    let isDue = lastShown.withLock { last in
      guard let shown = last, now - shown >= interval else { return false }
      last = now
      return true
    }
    if isDue { write() }
  }

  /// Does `work` and beats only meanwhile: not while input is waited for.
  package func during<R>(_ work: () throws -> R) rethrows -> R {
    lastShown.withLock { $0 = ContinuousClock().now }
    defer { lastShown.withLock { $0 = nil } }
    return try work()
  }

  /// The terminal, noting when something is shown there.
  package func watching(_ terminal: Terminal) -> Terminal {
    var watched = terminal
    watched.write = { text in
      self.lastShown.withLock { $0 = ContinuousClock().now }
      terminal.write(text)
    }
    return watched
  }
}
