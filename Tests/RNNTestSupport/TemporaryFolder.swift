import Foundation

/// A folder with files that vanishes with the test.
public final class TemporaryFolder {
  private let path: String

  public init(_ files: [String: String] = [:]) throws {
    path = FileManager.default.temporaryDirectory.appending(path: "rnn-folder-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    for (name, text) in files { try write(name, Array(text.utf8)) }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  public func write(_ name: String, _ bytes: [UInt8]) throws {
    let file = URL(filePath: self[name])
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
  }

  public subscript(name: String) -> String { path + "/" + name }
}

/// Public data sets, which are no part of the package: the folder that `RNN_DATA` names.
public enum PublicData {
  /// A file of the folder; nil where it isn't there.
  public static func path(_ name: String) -> String? {
    guard let folder = ProcessInfo.processInfo.environment["RNN_DATA"] else { return nil }
    let path = folder + "/" + name
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }

  public static var isThere: Bool { ProcessInfo.processInfo.environment["RNN_DATA"] != nil }
}
