import RNNTasks
import RNNTensor
import RNNTraining

extension TaskModel {
  /// What the reader of this model's file says when something in it is changed; “accepted” if it takes it.
  func message(_ damage: (inout Safetensors) throws -> Void) throws -> String {
    var file = try file()
    try damage(&file)
    do {
      _ = try Self(file, source: "m")
      return "accepted"
    } catch {
      return error.kind == .badData ? error.message : "\(error.kind): \(error.message)"
    }
  }
}
