import RNNData
import RNNLayers
public import RNNTensor
public import RNNTraining

extension ForecastModel: TaskModel {
  public static let task = "forecast"
  public static let noun = "a model of series"

  /// What only this task's architecture has.
  private struct OwnSizes: ModelFile.OwnSizes {
    var kind: Kind
    var context: Int
    var horizon: Int
    var head: ForecastHead
    var vector: Int
    var autoregression: Bool
    var calendar: Bool
    var masks: Bool

    func check() throws(RNNError) {
      try Limits.windowSteps.check(context, "“context”", .badData)
      try Limits.windowSteps.check(horizon, "“horizon”", .badData)
      try Limits.optionalUnits.check(vector, "“vector”", .badData)
    }
  }

  /// Everything about the model as one `.safetensors` file: weights, and in the metadata the cell's equations, the
  /// architecture, the variables, the scaler, and the notes.
  public func file() throws(RNNError) -> Safetensors {
    var file = try frame()
    file.entries = try ModelFile.entries(weights, network.parts)
    return file
  }

  public func frame() throws(RNNError) -> Safetensors {
    let a = architecture
    let own = OwnSizes(
      kind: a.kind, context: a.context, horizon: a.horizon, head: a.head, vector: a.vector, autoregression: a.autoregression,
      calendar: a.calendar, masks: a.masks)
    var metadata = try ModelFile.metadata(task: Self.task, a, own, notes: notes)
    metadata["variables"] = try ModelFile.encoded(variables)
    metadata["scaler"] = try ModelFile.encoded(scaler)
    if let trained { metadata["trained"] = try ModelFile.encoded(trained) }
    return Safetensors(metadata: metadata)
  }

  /// The model in a file's content; `source` is its name in messages.
  public init(_ file: Safetensors, source: String) throws(RNNError) {
    let file = try ModelFile(file, source: source, task: Self.task)
    let variables = try file.decoded(Variables.self, "variables"), scaler = try file.decoded(Scaler.self, "scaler")
    let (cell, sizes) = try file.architecture(OwnSizes.self)
    try Self.check(scaler, for: variables, file)
    self = try file.naming { () throws(RNNError) in
      try ForecastModel(
        layersOf: Architecture(
          kind: sizes.kind, cell: cell, hidden: sizes.hidden, layers: sizes.layers, context: sizes.context, horizon: sizes.horizon,
          head: sizes.head, vector: sizes.vector, autoregression: sizes.autoregression, calendar: sizes.calendar, masks: sizes.masks,
          dropout: sizes.dropout, sizes: sizes.others),
        variables: variables, scaler: scaler)
    }
    weights = try file.weights(network.parts)
    notes = file.notes
    if file.has("trained") { trained = try file.decoded(TrainedSpan.self, "trained") }
  }

  /// Throws unless the scaler has what the variables need.
  private static func check(_ scaler: Scaler, for variables: Variables, _ file: ModelFile) throws(RNNError) {
    let targets = scaler.kind == .standard ? variables.targets.count : 0
    let isWhole =
      scaler.past.count == variables.past.count && scaler.known.count == variables.known.count && scaler.others.count == targets
      && scaler.channels.values.allSatisfy { $0.count == targets }
    guard isWhole else { throw file.bad("the scaler in its metadata doesn't fit its variables") }
  }
}
