import Foundation
import RNN
import Synchronization
import Testing

/// The program's commands and their options, as the program itself lists them: none is forgotten.
struct FuzzOptions {
  struct Option: Sendable {
    let name: String
    /// Empty for a flag.
    let valueName: String
    let values: [String]

    /// Whether its values are numbers, by what help screens call them.
    var isNumber: Bool {
      ["n", "value", "rate", "part", "factor", "norm", "range", "weight", "steps", "seconds", "number", "decibels", "name=n"].contains(valueName)
    }
    /// Whether it names a file that is written.
    var isOutput: Bool { ["--output", "--save-state", "--plot", "--attention"].contains(name) }
  }

  /// By the words of the command: “train generate”.
  let commands: [String: [Option]]

  init() throws {
    let result = try Program.run(["--experimental-dump-help"])
    let root = try #require(try JSONSerialization.jsonObject(with: result.output) as? [String: Any])
    var commands: [String: [Option]] = [:]
    func add(_ command: [String: Any], _ words: [String]) {
      let own = command["subcommands"] as? [[String: Any]] ?? []
      for sub in own { add(sub, words + [sub["commandName"] as? String ?? ""]) }
      guard own.isEmpty, words != ["help"] else { return }
      commands[words.joined(separator: " ")] = (command["arguments"] as? [[String: Any]] ?? []).compactMap(Self.option)
    }
    add(try #require(root["command"] as? [String: Any]), [])
    self.commands = commands
  }

  private static func option(_ argument: [String: Any]) -> Option? {
    guard let kind = argument["kind"] as? String, kind != "positional", let names = argument["names"] as? [[String: Any]],
      let name = names.first(where: { $0["kind"] as? String == "long" })?["name"] as? String, name != "help", name != "version"
    else { return nil }
    return Option(
      name: "--\(name)", valueName: kind == "flag" ? "" : argument["valueName"] as? String ?? "value", values: argument["allValues"] as? [String] ?? [])
  }

  /// The option and a value at one of its limits, or beyond.
  static func draw(_ option: Option, of command: String, in place: FuzzFiles, using random: inout Philox) throws -> [String] {
    guard !option.valueName.isEmpty else { return [option.name] }
    func any(_ values: [String]) -> String { values[Int.random(in: 0..<values.count, using: &random)] }
    // A value that begins with a sign is one only behind an equals sign.
    func given(_ value: String) -> [String] { ["\(option.name)=\(value)"] }
    if option.isOutput { return given(any([place["out"], "/dev/null", place.folder.path, "/none/there", ""])) }
    if !option.values.isEmpty, Int.random(in: 0..<5, using: &random) > 0 { return given(any(option.values)) }
    if option.isNumber {
      let number = any(Int.random(in: 0..<4, using: &random) == 0 ? FuzzMutation.numbers : try limits(of: option, command))
      return given(option.valueName == "name=n" ? "hidden=\(number)" : number)
    }
    switch option.valueName {
    case "time": return given(any(["1s", "0s", "1e9s", "1e300h", "0.001m", "nan s", "-1s", "s", "999999999999h"]))
    case "size": return given(any(["1KB", "50MB", "1e30TB", "0MB", "1152921504606846976KB", "200GiB", "MB"]))
    case "levels": return given(any(["0.5", "0.1,0.5,0.9", "0,1", "nan", "0.5,0.5", ",", (1...2000).map { "\(Double($0) / 2001)" }.joined(separator: ",")]))
    case "parts": return given(any(["rest/0/0", "1/1/1", "100%/0/0", "999999999999/0/0", "nan%/0/0", "rest/50%/50%", "-1/2/3"]))
    case "frequency": return given(any(["hour", "1000000years", "0day", "step", "999999999999s", "business-day", ""]))
    case "model": return given(any(["generate", "classify", "translate", "transcribe", "forecast"].map { place["\($0).model"] } + ["", place["text"], place["none"]]))
    case "cell": return given(any(["lstm", "h = tanh(Wxh x + Whh h + bh)", place["cell"], "h = h / 0", "h = exp(exp(exp(Wxh x)))", place["text"], "lstm-projection"]))
    default: return given(any(["", "1", "99999999999999999999", "-", place["text"], place["none"], place.folder.path, "/dev/null", "é\u{301}", "a,b;c=d", "\u{1}", place["series"]]))
    }
  }

  /// The limits that the program says where a value is wrong, and a few numbers within them and beyond.
  private static func limits(of option: Option, _ command: String) throws -> [String] {
    let key = "\(command) \(option.name)"
    if let known = known.withLock({ $0[key] }) { return known }
    var numbers = ["0", "0.5", "1", "1e-30", "1e6", "0.99999", "-1", "3"]
    let result = try Program.run(command.split(separator: " ").map(String.init) + ["\(option.name)=?"])
    if let match = result.errors.firstMatch(of: /expected a whole number from (-?\d+) to (\d+)/), let low = Int(match.1), let high = Int(match.2) {
      numbers = [low, low + 1, low + 2, high / 1000, high / 2, high, low - 1, high + 1].map(String.init)
    }
    known.withLock { $0[key] = numbers }
    return numbers
  }

  private static let known = Mutex<[String: [String]]>([:])
}
