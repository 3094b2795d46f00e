public import RNNCells
public import RNNData
public import RNNLayers
import RNNTensor
import RNNTraining

/// Settings of a series model's training. Those that are nil follow from the data (``ForecastDefaults``), or from the model that training starts
/// from.
public struct ForecastTrainingOptions: TaskTrainingOptions {
  /// How the steps to come follow from those before (``ForecastModel/Kind``).
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    case direct, recurrent
  }

  /// The steps to predict; 1 if nil.
  public var horizon: Int?
  /// The steps before that are looked at.
  public var context: Int?
  public var kind: Kind?
  /// The steps of a segment, of a direct model.
  public var segment: Int?
  /// The values that a step of a recurrent model sees, by how many steps ago they were.
  public var lags: [Int]?
  /// Quantiles if nil.
  public var head: ForecastHead?
  /// Standard if nil.
  public var scaling: Scaler.Kind?
  /// Takes logarithms of the targets; if nil, those of short series where they fit better.
  public var log: Bool?
  /// Looks for a season in the values of short series whose set has none.
  public var findsSeason: Bool
  /// GRU if nil.
  public var cell: Cell?
  public var hidden: Int?
  public var layers: Int?
  public var projection: Int?
  public var dropout: Double?
  /// Units of a channel's vector.
  public var vector: Int?
  /// Whether series, not only targets, have vectors of their own.
  public var tellsSeriesApart: Bool?
  /// Whether a linear function of the inputs is added, which begins with the least squared errors.
  public var autoregression: Bool?
  /// Whether the clock is among the inputs.
  public var calendar: Bool?
  /// What is for training, for choosing the best weights, and for neither; by default the last tenth is to choose by. Without a
  /// part to choose by, the last weights are kept.
  public var split: SeriesSplit?
  /// Windows of an epoch, at most: each epoch sees others.
  public var windows: Int?
  public var initialization: RecurrentStack.Initialization
  public var training: TrainingOptions

  public init(
    horizon: Int? = nil, context: Int? = nil, kind: Kind? = nil, segment: Int? = nil, lags: [Int]? = nil,
    head: ForecastHead? = nil, scaling: Scaler.Kind? = nil, log: Bool? = nil, findsSeason: Bool = true,
    cell: Cell? = nil, hidden: Int? = nil, layers: Int? = nil, projection: Int? = nil, dropout: Double? = nil, vector: Int? = nil,
    tellsSeriesApart: Bool? = nil, autoregression: Bool? = nil, calendar: Bool? = nil, split: SeriesSplit? = nil, windows: Int? = nil,
    initialization: RecurrentStack.Initialization = .init(), training: TrainingOptions = .init()
  ) {
    self.horizon = horizon
    self.context = context
    self.kind = kind
    self.segment = segment
    self.lags = lags
    self.head = head
    self.scaling = scaling
    self.log = log
    self.findsSeason = findsSeason
    self.cell = cell
    self.hidden = hidden
    self.layers = layers
    self.projection = projection
    self.dropout = dropout
    self.vector = vector
    self.tellsSeriesApart = tellsSeriesApart
    self.autoregression = autoregression
    self.calendar = calendar
    self.split = split
    self.windows = windows
    self.initialization = initialization
    self.training = training
  }

  /// Throws `.usage` for a projection that the cell doesn't have, and for what only another kind of model has.
  func architecture(_ defaults: ForecastDefaults, masks: Bool) throws(RNNError) -> ForecastModel.Architecture {
    if defaults.isDirect, lags != nil { throw RNNError(.usage, "lags are for a recurrent model; a direct one sees the whole context") }
    if !defaults.isDirect, segment != nil { throw RNNError(.usage, "segments are for a direct model; a recurrent one goes step by step") }
    let cell = cell ?? .gru, hidden = hidden ?? defaults.hidden
    let usual = defaults.isDirect && defaults.vector > 0 ? hidden / 2 : defaults.vector
    return ForecastModel.Architecture(
      kind: defaults.isDirect ? .direct(segment: segment ?? defaults.segment) : .recurrent(lags: lags ?? defaults.lags), cell: cell,
      hidden: hidden, layers: layers ?? 1, context: defaults.context, horizon: horizon ?? 1, head: head ?? .quantiles(Forecast.defaultLevels), vector: vector ?? usual,
      autoregression: autoregression ?? defaults.autoregression, calendar: calendar ?? defaults.calendar, masks: defaults.isDirect && masks,
      dropout: dropout ?? defaults.dropout, sizes: try cell.furtherSizes(hidden: hidden, projection: projection))
  }

  func settings(_ defaults: ForecastDefaults) -> TrainingSettings {
    training.settings(
      learningRate: defaults.learningRate, weightDecay: ForecastDefaults.weightDecay, epochs: defaults.epochs, averaging: ForecastDefaults.averaging)
  }
}
