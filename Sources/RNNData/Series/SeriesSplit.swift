public import RNNTensor

/// Which steps of a series are for training, for choosing, and for measuring; always in this order, as time goes.
public struct SeriesSplit: Sendable, Hashable, Codable {
  /// How a part's size is said.
  public enum Size: Sendable, Hashable, Codable {
    /// So many steps.
    case steps(Int)
    /// A share of the series.
    case share(Double)
  }

  /// The steps of each part. Steps after the test part belong to none.
  public struct Parts: Sendable, Hashable {
    public let training: Range<Int>
    public let validation: Range<Int>
    public let test: Range<Int>

    public init(training: Range<Int>, validation: Range<Int>, test: Range<Int>) {
      (self.training, self.validation, self.test) = (training, validation, test)
    }

    /// All steps before `test` are for training.
    public init(test: Range<Int>) { self.init(training: 0..<test.lowerBound, validation: test.lowerBound..<test.lowerBound, test: test) }
  }

  /// The size of the training part; nil for all that the others leave, so that the test part ends with the series.
  public var training: Size?
  public var validation: Size
  public var test: Size

  public init(training: Size? = nil, validation: Size = .steps(0), test: Size = .steps(0)) {
    self.training = training
    self.validation = validation
    self.test = test
  }

  /// All steps for training.
  public static let none = SeriesSplit()

  /// The parts of a series of `length` steps.
  ///
  /// - Throws: `.badData` where a series is too short for them, naming it.
  public func parts(of length: Int, name: String = "the series") throws(RNNError) -> Parts {
    // Shares add up before they are rounded down: three parts of 60, 20 and 20% are never more than the whole.
    func count(_ sizes: [Size]) -> Int {
      var steps = 0, share = 0.0
      for size in sizes {
        switch size {
        case .steps(let count): steps += max(count, 0)
        case .share(let part): share += part
        }
      }
      return steps + Int((share * Double(length) + 1e-6).rounded(.down))
    }
    let ends: [Int]
    if let training {
      ends = [count([training]), count([training, validation]), count([training, validation, test])]
    } else {
      ends = [length - count([validation, test]), length - count([test]), length]
    }
    guard ends[0] > 0, ends[2] <= length else {
      throw RNNError(.badData, "\(name) has \(length) steps: too few for the parts \(self) to train on, choose by and measure on")
    }
    return Parts(training: 0..<ends[0], validation: ends[0]..<ends[1], test: ends[1]..<ends[2])
  }

  /// The series that are long enough for the parts, and these; the others are left out, and a warning says so.
  ///
  /// - Throws: `.badData` where none is.
  public func dividing(_ set: SeriesSet) throws(RNNError) -> (set: SeriesSet, parts: [Parts]) {
    var rest = set, divided: [Parts] = [], short: [TimeSeries] = []
    rest.series = []
    for series in set.series {
      if let parts = try? parts(of: series.length) {
        rest.series.append(series)
        divided.append(parts)
      } else {
        short.append(series)
      }
    }
    guard let first = short.first else { return (set, divided) }
    guard !divided.isEmpty else { return (set, try parts(of: set)) }
    rest.warnings.append(
      short.count == 1
        ? "the series ‘\(first.name)’ has \(first.length) steps, too few for the parts \(self), and is left out"
        : "\(short.count) of \(set.series.count) series have too few steps for the parts \(self) and are left out, the first is ‘\(first.name)’ with \(first.length)")
    return (rest, divided)
  }

  /// The parts of every series.
  public func parts(of set: SeriesSet) throws(RNNError) -> [Parts] {
    try set.series.map { (series) throws(RNNError) in try parts(of: series.length, name: "the series ‘\(series.name)’") }
  }
}

extension SeriesSplit: CustomStringConvertible {
  /// `8640/2880/2880`, `60%/20%/20%`, or `rest/0/730`.
  public var description: String {
    func text(_ size: Size) -> String {
      switch size {
      case .steps(let count): "\(count)"
      case .share(let share):
        // Tenths of a per cent are as exact as anybody says it.
        "\((share * 1000).rounded() / 10)".replacing(".0", with: "") + "%"
      }
    }
    return [training.map(text) ?? "rest", text(validation), text(test)].joined(separator: "/")
  }

  /// `8640/2880/2880`, `60%/20%/20%`, `rest/365/730`: training, validation and test.
  ///
  /// - Throws: `.usage` for anything else.
  public init(text: String) throws(RNNError) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { part -> Size? in
      if part.hasSuffix("%") { return Double(part.dropLast()).flatMap { (0...100).contains($0) ? .share($0 / 100) : nil } }
      return Int(part).flatMap { (0...Int(1e12)).contains($0) ? .steps($0) : nil }
    }
    let isRest = text.hasPrefix("rest/")
    guard parts.count == 3, isRest || parts[0] != nil, let validation = parts[1], let test = parts[2] else {
      throw RNNError(.usage, "found the split ‘\(text)’; expected training/validation/test in steps or per cent: 8640/2880/2880, 60%/20%/20%, rest/365/730")
    }
    self.init(training: isRest ? nil : parts[0], validation: validation, test: test)
  }
}
