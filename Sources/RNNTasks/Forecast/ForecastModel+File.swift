import RNNData
import RNNLayers
public import RNNTensor
public import RNNTraining

extension ForecastModel: TaskModel {
  public static let task = "forecast"

  /// The part of the architecture that is written as JSON.
  private struct Sizes: Codable {
    var kind: Kind
    var hidden: Int
    var layers: Int
    var context: Int
    var horizon: Int
    var head: ForecastHead
    var vector: Int
    var autoregression: Bool
    var calendar: Bool
    var masks: Bool
    var dropout: Double
    var others: [String: Int]
  }

  /// Everything about the model as one `.safetensors` file: weights, and in the metadata the cell's equations, the
  /// architecture, the variables, the scaler, and the notes.
  public func file() throws(RNNError) -> Safetensors {
    let a = architecture
    var metadata = ModelFile.metadata(task: Self.task, cell: a.cell, notes: notes)
    metadata["architecture"] = try ModelFile.encoded(
      Sizes(
        kind: a.kind, hidden: a.hidden, layers: a.layers, context: a.context, horizon: a.horizon, head: a.head, vector: a.vector,
        autoregression: a.autoregression, calendar: a.calendar, masks: a.masks, dropout: a.dropout, others: a.sizes))
    metadata["variables"] = try ModelFile.encoded(variables)
    metadata["scaler"] = try ModelFile.encoded(scaler)
    if let trained { metadata["trained"] = try ModelFile.encoded(trained) }
    return Safetensors(metadata: metadata, entries: try ModelFile.entries(weights, network.parts))
  }

  /// The model in a file's content; `source` is its name in messages.
  public init(_ file: Safetensors, source: String) throws(RNNError) {
    let file = try ModelFile(file, source: source, task: Self.task)
    let sizes = try file.decoded(Sizes.self, "architecture")
    let variables = try file.decoded(Variables.self, "variables"), scaler = try file.decoded(Scaler.self, "scaler")
    // 1 more, where there may be none.
    try file.checkSizes(
      [
        "hidden": sizes.hidden, "context": sizes.context, "horizon": sizes.horizon, "vector": sizes.vector + 1,
        "targets": variables.targets.count, "numbers": sizes.head.count,
      ],
      layers: sizes.layers, others: sizes.others)
    try Self.check(scaler, for: variables, file)
    let cell = try file.cell()
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
    let all = scaler.past + scaler.known + scaler.others + scaler.channels.values.joined()
    guard isWhole, all.allSatisfy({ $0.scale > 0 && $0.scale.isFinite && $0.centre.isFinite }) else {
      throw file.bad("the scaler in its metadata doesn't fit its variables")
    }
  }
}
