/// What a run of training was begun with, by the names that a user knows: options (`--hidden`) and data (`text`). A run goes on
/// only with the same.
///
/// Of an option the value is what stands behind it, of a flag `true` or `false`. Of data it is a fingerprint: it only says whether
/// they are the same.
public struct RunSettings: Sendable, Hashable {
  /// In the order in which differences are said.
  public private(set) var names: [String] = []
  private var values: [String: String] = [:]

  public init() {}

  /// The value of a setting; nil if there is none of that name.
  public subscript(name: String) -> String? {
    get { values[name] }
    set {
      if values[name] == nil { names.append(name) }
      if newValue == nil { names.removeAll { $0 == name } }
      values[name] = newValue
    }
  }

  /// Both together; where a name is in both, the second's value.
  public static func + (a: RunSettings, b: RunSettings) -> RunSettings {
    b.names.reduce(into: a) { $0[$1] = b[$1] }
  }

  // The order says nothing of a run.
  public static func == (a: RunSettings, b: RunSettings) -> Bool { a.values == b.values }
  public func hash(into hasher: inout Hasher) { hasher.combine(values) }

  /// What was different before, as what comes after “was made”: “with --hidden 64, now --hidden is 128; with another text”. Nil if
  /// nothing was.
  public func differences(from before: RunSettings) -> String? {
    let all = names + before.names.filter { values[$0] == nil }
    let found = all.filter { self[$0] != before[$0] }.map { Self.difference($0, before: before[$0], now: self[$0]) }
    guard !found.isEmpty else { return nil }
    return found.prefix(Self.mostSaid).joined(separator: "; ") + (found.count > Self.mostSaid ? "; and \(found.count - Self.mostSaid) more" : "")
  }

  private static let mostSaid = 5

  private static func difference(_ name: String, before: String?, now: String?) -> String {
    guard name.hasPrefix("--") else { return "with another \(name)" }
    switch (before, now) {
    case ("true", _): return "with \(name), now it is without"
    case (nil, "true"), ("false", "true"): return "without \(name), now it is with it"
    case (let before?, let now?): return "with \(name) \(before), now \(name) is \(now)"
    case (let before?, nil): return "with \(name) \(before), now it is without"
    case (nil, let now): return "without \(name), now \(name) is \(now ?? "")"
    }
  }
}

extension RunSettings: ExpressibleByDictionaryLiteral {
  /// Settings that are nil are left out.
  public init(dictionaryLiteral settings: (String, (any CustomStringConvertible)?)...) {
    for (name, value) in settings { self[name] = value.map { "\($0)" } }
  }
}

extension RunSettings: Codable {
  public init(from decoder: any Decoder) throws {
    values = try decoder.singleValueContainer().decode([String: String].self)
    names = values.keys.sorted()
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(values)
  }
}

extension RunSettings: CustomStringConvertible {
  /// As on a command line.
  public var description: String {
    names.compactMap { name in
      guard let value = self[name] else { return nil }
      switch value {
      case "true": return name
      case "false": return nil
      default: return name.hasPrefix("--") ? "\(name) \(value.contains(" ") ? "'\(value)'" : value)" : nil
      }
    }.joined(separator: " ")
  }
}
