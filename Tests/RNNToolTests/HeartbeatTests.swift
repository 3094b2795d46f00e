import Foundation
import RNN
import Synchronization
import Testing
import rnn_tool

/// A line says that the program is still at work after a long silence.
@Suite struct HeartbeatTests {
  private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func add(_ line: String) { lines.withLock { $0.append(line) } }
  }

  @Test func beats() {
    let lines = Lines(), shown = Lines()
    var heart: Heartbeat? = Heartbeat(every: .milliseconds(40)) { lines.add($0) }
    let terminal = heart?.watching(Terminal(isInteractive: false, write: { shown.add($0) }))
    while lines.all.count < 2 { Thread.sleep(forTimeInterval: 0.01) }
    #expect(lines.all.allSatisfy { $0.hasPrefix("still at work after ") && $0.hasSuffix("\n") }, "\(lines.all)")
    terminal?.write("a line")
    #expect(shown.all == ["a line"])
    heart = nil
  }

  /// Not while input is waited for.
  @Test func beatsOnlyMeanwhile() {
    let lines = Lines(), heart = Heartbeat(every: .milliseconds(40)) { lines.add($0) }
    heart.during { while lines.all.isEmpty { Thread.sleep(forTimeInterval: 0.01) } }
    let count = lines.all.count
    Thread.sleep(forTimeInterval: 0.3)
    // One may have been on its way.
    #expect(lines.all.count <= count + 1)
  }
}
