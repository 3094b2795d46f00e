import RNNData
import RNNTensor
import RNNTraining

extension ForecastTrainingOptions {
  /// These options, and what a model has of its own that training starts from.
  ///
  /// Throws `.usage` for what differs from the model.
  func starting(from origin: ForecastModel) throws(RNNError) -> ForecastTrainingOptions {
    let a = origin.architecture
    let asked: RunSettings = [
      "--cell": cell?.named, "--hidden": hidden, "--layers": layers, "--projection": projection, "--embedding": vector, "--horizon": horizon,
      "--context": context, "--kind": kind?.rawValue, "--segment": segment, "--lags": lags?.map { "\($0)" }.joined(separator: ","),
      "--linear": autoregression, "--calendar": calendar, "--series-vectors": tellsSeriesApart, "--scaling": scaling?.rawValue, "--log": log,
    ]
    let own: RunSettings = [
      "--series-vectors": !origin.variables.series.isEmpty, "--scaling": origin.scaler.kind.rawValue, "--log": origin.scaler.isLog ? true : nil,
    ]
    try TrainingOrigin.check(asked + (head?.settings ?? [:]), against: a.settings + own)
    try TrainingOrigin.check(initialization)
    var result = self
    (result.cell, result.hidden, result.layers, result.projection) = (a.cell, a.hidden, a.layers, a.sizes["projection"])
    (result.horizon, result.context, result.vector, result.head) = (a.horizon, a.context, a.vector, a.head)
    switch a.kind {
    case .direct(let segment): (result.kind, result.segment) = (.direct, segment)
    case .recurrent(let lags): (result.kind, result.lags) = (.recurrent, lags)
    }
    (result.autoregression, result.calendar, result.tellsSeriesApart) = (a.autoregression, a.calendar, !origin.variables.series.isEmpty)
    (result.scaling, result.log) = (origin.scaler.kind, origin.scaler.isLog)
    result.dropout = dropout ?? a.dropout
    return result
  }
}

extension ForecastModel {
  /// Begins with the weights of a model of the same variables. Series that it doesn't know keep the vectors that they have.
  /// True if all weights are that model's.
  mutating func start(from origin: ForecastModel) -> Bool {
    let targets = variables.targets.count
    let numbers = Dictionary(zip(variables.series, 0...)) { first, _ in first }
    // Without series, targets alone have vectors.
    let series = origin.variables.series.isEmpty ? [0] : origin.variables.series.map { numbers[$0] }
    let places = series.flatMap { number -> [Int32] in
      guard let number else { return [Int32](repeating: -1, count: targets) }
      return (0..<targets).map { Int32(number * targets + $0) }
    }
    return weights.take(origin.weights, rows: ["channel.weight": places])
  }
}

extension TrainingOrigin {
  /// Notes what of a model of series isn't the origin's.
  mutating func note(_ model: ForecastModel, startedFrom origin: ForecastModel) {
    if model.scaler != origin.scaler { note("values are scaled as the new series need it") }
    let known = Set(origin.variables.series), new = model.variables.series.count { !known.contains($0) }
    if new > 0 { note("\(new) new series") }
  }
}
