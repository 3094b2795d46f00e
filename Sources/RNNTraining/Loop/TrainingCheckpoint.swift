public import RNNTensor

/// The file in which a run of training is kept while it lasts.
///
/// It is a model's file with more in it: the texts of its metadata are the model's but for the format, and the run's (`settings`,
/// `budget`, `state`, `optimizer_steps`). Tensors stand in groups, their names behind a slash: `weights`, `best`, `average`,
/// `carried`, `moment.m` …, by the names that the model's code has for them, and `model`, what else a model's file has, by its
/// names there.
public struct TrainingCheckpoint: Sendable {
  /// The version of the layout.
  package static let format = "swift-rnn checkpoint 2"
  /// All versions begin so.
  private static let formats = "swift-rnn checkpoint "

  package private(set) var file: Safetensors
  public let run: TrainingRun

  /// Whether a file is a checkpoint, of this version or another.
  public static func isOne(_ file: Safetensors) -> Bool { isFormat(file.metadata["format"] ?? "") }

  package static func isFormat(_ format: String) -> Bool { format.hasPrefix(formats) }

  /// Whether the file at `path` begins as a checkpoint does, complete or not.
  package static func isOne(beginning path: String) -> Bool {
    guard var file = try? InputFile(own: path), let start = try? file.read(1 << 16) else { return false }
    return String(decoding: start, as: UTF8.self).contains(formats)
  }

  /// Throws `.badData` if it isn't one that can be read.
  public init(_ file: Safetensors) throws(RNNError) {
    let format = file.metadata["format"] ?? "none"
    guard Self.isOne(file) else {
      throw RNNError(.badData, "this is not a checkpoint of training: its format is “\(format)”, expected “\(Self.format)”")
    }
    guard format == Self.format else {
      throw RNNError(
        .badData, "another version of the program wrote this checkpoint: its format is “\(format)”, expected “\(Self.format)”; train anew (--fresh)")
    }
    func decoded<T: Decodable>(_ type: T.Type, _ key: String) throws(RNNError) -> T {
      do {
        return try TrainingRun.decoded(type, file.metadata[key] ?? "")
      } catch let error as RNNError {
        throw RNNError(.badData, "the checkpoint's “\(key)” can't be: \(error.message)")
      } catch {
        throw RNNError(.badData, "the checkpoint's “\(key)” can't be read")
      }
    }
    self.file = file
    run = TrainingRun(
      settings: try decoded(RunSettings.self, "settings"), budget: try decoded(Budget.self, "budget"), state: try decoded(TrainingState.self, "state"))
  }

  init(_ run: TrainingRun, optimizerSteps: Int) throws {
    self.run = run
    file = Safetensors(metadata: [
      "format": Self.format, "settings": try TrainingRun.encoded(run.settings), "budget": try TrainingRun.encoded(run.budget),
      "state": try TrainingRun.encoded(run.state), "optimizer_steps": String(optimizerSteps),
    ])
  }

  var optimizerSteps: Int { Int(file.metadata["optimizer_steps"] ?? "") ?? -1 }

  // MARK: Groups

  mutating func add(_ group: String, _ weights: Weights) {
    for (name, tensor) in zip(weights.names, weights.tensors) { file.entries["\(group)/\(name)"] = .float(tensor) }
  }

  /// The tensors of a group, by name.
  func group(_ name: String) -> Weights {
    var result = Weights()
    for key in file.entries.keys.sorted() where key.hasPrefix(name + "/") {
      if case .float(let tensor)? = file.entries[key] { result[String(key.dropFirst(name.count + 1))] = tensor }
    }
    return result
  }

  // MARK: The model

  private static let modelGroup = "model"

  /// Adds what a model's file has besides the weights.
  package mutating func add(model frame: Safetensors) {
    file.metadata.merge(frame.metadata) { own, _ in own }
    for (name, entry) in frame.entries { file.entries["\(Self.modelGroup)/\(name)"] = entry }
  }

  /// The best weights so far, by the names that the model's code has for them, and what else a model's file has, by its names there.
  /// Copies: what else is in the file isn't kept in memory for them.
  package var modelTensors: Weights {
    let best = group("best"), further = group(Self.modelGroup)
    var result = Weights()
    for group in [best.count > 0 ? best : self.group("weights"), further] {
      for (name, tensor) in zip(group.names, group.tensors) { result[name] = Tensor(tensor.values, shape: tensor.shape) }
    }
    return result
  }

  /// Writes the file, whole or not at all.
  public func write(to path: String) throws(RNNError) { try file.write(to: path) }
}
