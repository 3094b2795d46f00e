public import RNNCells
public import RNNData
public import RNNLayers
public import RNNTensor

/// A model that says what becomes of series: for each step to come a distribution, quantiles or a value.
///
/// One network for all channels (a channel is one target of one series), which it tells apart by learnt vectors. It sees every
/// channel for itself, with the variables that go along, and at a size that a ``RNNData/Scaler`` brings all to.
///
/// A value: copies are independent, and any number of tasks may use one at once.
public struct ForecastModel: Sendable {
  /// How the steps to come follow from those before.
  public enum Kind: Sendable, Hashable, Codable, CustomStringConvertible {
    /// All at once: segments of so many steps go through the recurrent layers, and from where those end, one further step for
    /// each segment to come (Lin et al. 2023, SegRNN).
    case direct(segment: Int)
    /// One step after the other: each sees the values so many steps before, and draws of a step are what the next one sees
    /// (Salinas et al. 2020, DeepAR).
    case recurrent(lags: [Int])

    /// As a person names it.
    public var name: String {
      switch self {
      case .direct: "direct"
      case .recurrent: "recurrent"
      }
    }

    /// The same with its segments or lags.
    public var description: String {
      switch self {
      case .direct(let segment): "direct, segments of \(segment) \(segment == 1 ? "step" : "steps")"
      case .recurrent(let lags): "recurrent, sees the values \(Self.ranges(lags)) \(lags == [1] ? "step" : "steps") before"
      }
    }

    /// `1–7, 24, 168`.
    private static func ranges(_ lags: [Int]) -> String {
      var ranges: [ClosedRange<Int>] = []
      for lag in lags.sorted() {
        if let last = ranges.last, last.upperBound + 1 == lag { ranges[ranges.count - 1] = last.lowerBound...lag } else { ranges.append(lag...lag) }
      }
      return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)–\($0.upperBound)" }.joined(separator: ", ")
    }
  }

  /// What a model is built of.
  public struct Architecture: ModelArchitecture {
    public var kind: Kind
    public var cell: Cell
    /// Units of each layer.
    public var hidden: Int
    public var layers: Int
    /// The steps before a forecast that are looked at; those of the lags come on top.
    public var context: Int
    /// The steps that are predicted in training. A recurrent model goes on beyond them.
    public var horizon: Int
    public var head: ForecastHead
    /// Units of a channel's vector; 0 for none.
    public var vector: Int
    /// Whether a linear function of the inputs is added to what the recurrent layers say.
    public var autoregression: Bool
    /// Whether the clock is among the inputs.
    public var calendar: Bool
    /// Whether a direct model is told which values are missing. A recurrent one always is.
    public var masks: Bool
    /// The rate of dropout between layers and before the output, while training.
    public var dropout: Double
    /// Further sizes that the cell needs (`projection`).
    public var sizes: [String: Int]

    public init(
      kind: Kind, cell: Cell = .gru, hidden: Int = 64, layers: Int = 1, context: Int, horizon: Int, head: ForecastHead,
      vector: Int = 0, autoregression: Bool = false, calendar: Bool = false, masks: Bool = false, dropout: Double = 0,
      sizes: [String: Int] = [:]
    ) {
      self.kind = kind
      self.cell = cell
      self.hidden = hidden
      self.layers = layers
      self.context = context
      self.horizon = horizon
      self.head = head
      self.vector = vector
      self.autoregression = autoregression
      self.calendar = calendar
      self.masks = masks
      self.dropout = dropout
      self.sizes = sizes
    }
  }

  /// The data that a model is for.
  public struct Variables: Sendable, Hashable, Codable {
    public var targets: [String]
    /// Known up to now.
    public var past: [String]
    /// Known ahead.
    public var known: [String]
    public var frequency: Frequency
    public var seasonality: Int
    /// The series that have vectors of their own; none if only targets have.
    public var series: [String]
    /// How their tables are read; nil where they weren't read from files.
    public var reading: SeriesReadingOptions?

    public init(_ set: SeriesSet, tellsSeriesApart: Bool) {
      targets = set.targets
      past = set.past
      known = set.known
      frequency = set.frequency
      seasonality = set.seasonality
      series = tellsSeriesApart ? set.series.map(\.name) : []
      reading = set.reading
    }

    /// The variables that a model's file has, of which one is a target.
    public init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: CodingKeys.self)
      targets = try values.decode([String].self, forKey: .targets)
      past = try values.decode([String].self, forKey: .past)
      known = try values.decode([String].self, forKey: .known)
      frequency = try values.decode(Frequency.self, forKey: .frequency)
      seasonality = try values.decode(Limits.seasonality, forKey: .seasonality)
      series = try values.decode([String].self, forKey: .series)
      reading = try values.decodeIfPresent(SeriesReadingOptions.self, forKey: .reading)
      if targets.isEmpty { throw RNNError(.badData, "there is no target") }
      try Limits.seasonality.check(reading?.seasonality, "“seasonality”", .badData)
      try Limits.offsetFromUTC.check(reading?.offset, "“offset”", .badData)
      try Limits.seriesValue.check(reading?.missing, "“missing”", .badData)
    }

    /// How many channels have vectors.
    var channels: Int { targets.count * max(series.count, 1) }
  }

  public let architecture: Architecture
  public let variables: Variables
  public let scaler: Scaler
  public var weights: Weights
  public var notes: [String: String] = [:]
  /// Up to where it has seen its series, if it has been trained.
  public var trained: TrainedSpan?
  /// How many courses a recurrent model draws where it predicts several steps, and from what.
  public var paths = 100
  public var seed: UInt64 = 1
  /// Whether forecasts hold those courses.
  public var keepsPaths = false

  package let network: any ForecastNetwork
  package var stack: RecurrentStack { network.stack }

  /// A model with random weights.
  ///
  /// Throws `.usage` for sizes that can't be.
  public init(
    _ architecture: Architecture, variables: Variables, scaler: Scaler, seed: UInt64 = 1,
    initialization: RecurrentStack.Initialization = .init()
  ) throws(RNNError) {
    try self.init(layersOf: architecture, variables: variables, scaler: scaler)
    try network.parts.checkMemory()
    try draw(seed: seed, initialization)
  }

  /// Draws the first weights.
  ///
  /// Throws `.usage` for a range that can't be.
  mutating func draw(seed: UInt64, _ initialization: RecurrentStack.Initialization) throws(RNNError) {
    try initialization.check()
    var random = Philox(seed: seed, stream: 0x666F_7265_6361_7374)
    try network.initial(into: &weights, using: &random, initialization)
  }

  init(layersOf a: Architecture, variables: Variables, scaler: Scaler) throws(RNNError) {
    try a.check()
    try Limits.windowSteps.check(a.context, "context")
    try Limits.windowSteps.check(a.horizon, "horizon")
    try Limits.optionalUnits.check(a.vector, "vector")
    try a.head.validate()
    if case .quantiles(let levels) = a.head, !levels.contains(0.5) {
      throw RNNError(.usage, "the median (0.5) must be among the quantiles; found \(levels.map { "\($0)" }.joined(separator: ", "))")
    }
    architecture = a
    self.variables = variables
    self.scaler = scaler
    weights = Weights()
    switch a.kind {
    case .direct(let segment): network = try DirectNetwork(a, variables, segment: segment)
    case .recurrent(let lags): network = try SteppingNetwork(a, variables, lags: lags)
    }
  }

  /// How the model sees windows of a set.
  ///
  /// Throws `.badData` where the set has other variables or another clock.
  package func reader(of set: SeriesSet) throws(RNNError) -> WindowReader {
    for (kind, found, expected) in [
      ("targets", set.targets, variables.targets), ("past variables", set.past, variables.past), ("known variables", set.known, variables.known),
    ] where found != expected {
      func list(_ names: [String]) -> String { names.isEmpty ? "none" : names.joined(separator: ", ") }
      throw RNNError(.badData, "found the \(kind) \(list(found)); the model expects \(list(expected))")
    }
    guard set.frequency == variables.frequency else {
      throw RNNError(.badData, "found a step every \(set.frequency); the model expects one every \(variables.frequency)")
    }
    return WindowReader(set, variables, scaler, context: architecture.context, calendar: architecture.calendar)
  }
}
