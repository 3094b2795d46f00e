import Foundation
import Testing

/// Runs that are stopped from outside, by signals and by limits.
@Suite(.enabled(if: Program.isBuilt, "the program rnn is not built beside the tests"), .serialized)
struct InterruptionTests {
  private static let call = "train generate text.txt -o m --steps \(endless) --checkpoint-every 1h " + tiny.joined(separator: " ")

  private func start(_ place: Workplace, _ script: String) throws -> Program.Running {
    _ = try place.text()
    let running = try Program.startShell(script, in: place.folder)
    running.wait(for: "step 1/")
    return running
  }

  /// Signals that are ignored at the start stay so: nohup ignores SIGHUP, and a shell SIGINT and SIGQUIT of what it runs in the background.
  @Test(arguments: [("HUP", SIGHUP), ("INT", SIGINT), ("QUIT", SIGQUIT), ("XCPU", SIGXCPU)])
  func ignoredSignals(_ name: String, _ signal: Int32) throws {
    let place = try Workplace()
    let running = try start(place, "trap '' \(name); exec \"$RNN\" \(Self.call)")
    for _ in 0..<3 { kill(running.process.processIdentifier, signal) }
    running.wait(for: "epoch 2.00")
    kill(running.process.processIdentifier, SIGTERM)
    #expect(try running.finish().code == 143)
  }

  /// Of a service that is ended by SIGTERM and SIGHUP at once, or a limit of time that is repeated, the work is saved too.
  @Test(arguments: [[SIGTERM, SIGHUP], [SIGXCPU, SIGXCPU, SIGXCPU], [SIGHUP, SIGTERM]])
  func signalsTogether(_ signals: [Int32]) throws {
    let place = try Workplace()
    let running = try start(place, "exec \"$RNN\" \(Self.call)")
    for signal in signals { kill(running.process.processIdentifier, signal) }
    let result = try running.finish()
    #expect(signals.contains(result.code - 128) && result.errors.contains("--resume"), "\(result.code) \(result.errors)")
    #expect(place.names == ["m.checkpoint", "text.txt"])
  }

  /// Ctrl-\ ends the program at once, without the report of a crash.
  @Test func quits() throws {
    let place = try Workplace()
    let running = try start(place, "ulimit -c 0; exec \"$RNN\" \(Self.call)")
    kill(running.process.processIdentifier, SIGQUIT)
    let result = try running.finish()
    #expect(result.code == 128 + SIGQUIT && !result.errors.contains("crashed"), "\(result.errors)")
  }

  /// A checkpoint of a run that was stopped, and a call that goes on from it.
  private func interrupted(_ place: Workplace) throws -> [UInt8] {
    let running = try start(place, "exec \"$RNN\" \(Self.call)")
    kill(running.process.processIdentifier, SIGTERM)
    #expect(try running.finish().code == 143)
    return try place.bytes("m.checkpoint")
  }

  private let resuming = call.replacing("1h", with: "0.001s") + " --resume --quiet"

  @Test func aLimitOfAFilesSize() throws {
    let place = try Workplace()
    let checkpoint = try interrupted(place)
    // Blocks of 512 bytes, or of 1024 in some shells: less than the checkpoint in either.
    let result = try Program.shell("ulimit -f \(checkpoint.count / 2048); exec \"$RNN\" \(resuming)", in: place.folder)
    #expect(result.code == 74 && result.errors.contains("can't write ") && result.errors.contains("File too large"), "\(result.code) \(result.errors)")
    #expect(result.errors.contains("the last checkpoint stays in m.checkpoint: the same call with --resume goes on from it"), "\(result.errors)")
    #expect(try place.bytes("m.checkpoint") == checkpoint)
    #expect(place.names == ["m.checkpoint", "text.txt"])
    let model = try place.model()
    let state = try Program.shell("(ulimit -f 0; exec \"$RNN\" generate \"$1\" --length 3 --save-state state) 2>&1 | cat", [model], in: place.folder)
    #expect(state.text.contains("can't write state: File too large"), "\(state.text)")
    #expect(!place.names.contains { $0.contains("state") })
  }

  @Test func aDiskThatIsFullInTheMiddleOfACheckpoint() throws {
    let place = try Workplace()
    guard try Program.shell("mount -t tmpfs -o size=1m tmpfs \"$1\" 2>/dev/null", [place.folder.path]).code == 0 else {
      print("no small file system can be mounted here (that needs root): a full disk is not tested")
      return
    }
    defer { _ = try? Program.shell("umount \"$1\"", [place.folder.path]) }
    let checkpoint = try interrupted(place)
    // All but a few pages are taken.
    _ = try Program.shell("cat /dev/zero > filler 2>/dev/null; truncate -s -8192 filler", in: place.folder)
    let result = try Program.shell("exec \"$RNN\" \(resuming)", in: place.folder)
    #expect(result.code == 74 && result.errors.contains("No space left on device; the last checkpoint stays in m.checkpoint"), "\(result.code) \(result.errors)")
    #expect(try place.bytes("m.checkpoint") == checkpoint)
    #expect(place.names == ["filler", "m.checkpoint", "text.txt"])
    try FileManager.default.removeItem(atPath: place.path("filler"))
    let running = try Program.startShell("exec \"$RNN\" \(Self.call) --resume", in: place.folder)
    running.wait(for: "resumed at step")
    kill(running.process.processIdentifier, SIGTERM)
    #expect(try running.finish().code == 143)
  }
}
