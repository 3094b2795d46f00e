import Foundation
import RNNTensor
import RNNTraining

/// The reference values under `Tests/Fixtures`, made by the script beside them.
public struct Fixture {
  private let file: Safetensors

  private static var folder: URL {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures")
  }

  public init(_ name: String) throws {
    file = try Safetensors(contentsOf: Self.folder.appending(path: name + ".safetensors").path)
  }

  /// Reference values that are texts, in a JSON file.
  public static func texts<Content: Decodable>(_ type: Content.Type, _ name: String) throws -> Content {
    try JSONDecoder().decode(type, from: Data(contentsOf: folder.appending(path: name + ".json")))
  }

  public var names: [String] { file.entries.keys.sorted() }
  public var metadata: [String: String] { file.metadata }
  public func has(_ name: String) -> Bool { file.entries[name] != nil }
  public func tensor(_ name: String) throws -> Tensor { try file.tensor(named: name) }

  /// The reference numbers as they were computed, in `Double`.
  public func doubles(_ name: String) throws -> [Double] {
    if case .float(let tensor)? = file.entries[name] { return tensor.values.map(Double.init) }
    return try file.doubles(named: name)
  }

  public func integers(_ name: String) throws -> [Int64] { try file.integers(named: name) }
  public func shape(_ name: String) -> [Int] { file.entries[name]?.shape ?? [] }

  /// The largest difference to the reference, relative to its largest number; infinite for another count.
  public func error(_ values: [Float], _ name: String) throws -> Double {
    let expected = try doubles(name)
    guard values.count == expected.count else { return .infinity }
    let largest = expected.map { abs($0) }.max() ?? 0
    let difference = zip(values, expected).map { abs(Double($0) - $1) }.max() ?? 0
    return difference.isNaN ? .infinity : difference / max(largest, 1e-6)
  }
}
