import Foundation
import RNNLayers
import RNNTestSupport
import Testing

@Suite struct ForecastHeadTests {
  static let levels = [0.1, 0.25, 0.5, 0.9]
  static let usualLevels = [0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975]
  static let heads: [(head: ForecastHead, name: String)] = [
    (.studentT, "student_t"), (.gaussian, "gaussian"), (.quantiles(levels), "quantiles"), (.absolute, "absolute"), (.squared, "squared"),
  ]

  @Test(arguments: heads) func lossesAndGradientsAsPyTorch(_ head: ForecastHead, _ name: String) throws {
    let fixture = try Fixture("forecast_losses")
    var targets = try fixture.tensor("targets")
    let missing = try fixture.integers("missing").map { Int($0) }
    targets.withUnsafeMutableBufferPointer { for i in missing { $0[i] = .nan } }
    var result: ForecastLoss?
    let (mean, gradient) = valueAndGradient(of: ["x": try fixture.tensor("\(name).x")]) { weights in
      let loss = head.loss(weights["x"], targets)
      result = loss
      return loss.mean
    }
    let loss = try #require(result)
    #expect(try fixture.error(loss.losses.values, "\(name).losses") < 3e-7)
    #expect(try fixture.error(mean.values, "\(name).mean") < 3e-7)
    #expect(try fixture.error(try #require(gradient["x"]).values, "\(name).grad") < 3e-7)
    #expect(loss.count == targets.count - missing.count)
    for i in missing { #expect(loss.losses.values[i] == 0) }
  }

  /// Against differences, and that no bit depends on the number of threads.
  @Test(arguments: heads.map(\.head)) func gradientsAgreeWithDifferences(_ head: ForecastHead) {
    var random = Philox(seed: 3)
    // Away from the kinks of absolute values.
    let x = Tensor(uniform: -1..<1, shape: [3, 2, head.count], using: &random)
    let targets = Tensor([2.5, -3, .nan, 1.75, -2, 4], shape: [3, 2])
    let check = GradientCheck([x]) { [head.loss($0[0], targets).mean, 3 * head.loss($0[0], targets).mean] }
    #expect(check.count == x.count)
    #expect(check.worst < 2e-4, "\(check)")

    let large = Tensor(uniform: -1..<1, shape: [6000, head.count], using: &random)
    let wanted = Tensor(uniform: -2..<2, shape: [6000], using: &random)
    func run() -> [Tensor?] {
      let (value, gradient) = valueAndGradient(of: ["x": large]) { head.loss($0["x"], wanted).mean }
      return [value, gradient["x"]]
    }
    let one = withThreads(1, run)
    #expect(one[1] != nil)
    #expect(withThreads(3, run) == one)
  }

  @Test func whereAllIsMissingThereIsNoLoss() {
    let (mean, gradient) = valueAndGradient(of: ["x": Tensor([1, 2], shape: [1, 2])]) {
      ForecastHead.gaussian.loss($0["x"], Tensor([.nan], shape: [1])).mean
    }
    #expect(mean.item == 0)
    #expect(gradient["x"]?.values == [0, 0])
  }

  // MARK: Distributions

  @Test func quantilesAsSciPy() throws {
    let fixture = try Fixture("distributions")
    let degrees = try fixture.doubles("degrees"), levels = try fixture.doubles("levels")
    let student = try fixture.doubles("student"), normal = try fixture.doubles("normal")
    for (i, level) in levels.enumerated() {
      #expect(abs(Normal.quantile(level) - normal[i]) < 1e-13 * (1 + abs(normal[i])))
      for (j, v) in degrees.enumerated() {
        let expected = student[j * levels.count + i]
        #expect(abs(StudentT.quantile(level, degrees: v) - expected) < 1e-8 * (1 + abs(expected)), "level \(level), \(v) degrees")
      }
    }
    for ((x, gamma), digamma) in zip(zip(try fixture.doubles("x"), try fixture.doubles("log_gamma")), try fixture.doubles("digamma")) {
      #expect(abs(logGamma(x) - gamma) < 1e-14 * (1 + abs(gamma)), "\(x)")
      #expect(abs(RNNTensor.digamma(x) - digamma) < 1e-14 * (1 + abs(digamma)), "\(x)")
    }
  }

  /// What is found in the table is the quantile itself.
  @Test func quantilesOfAHead() {
    let levels = [0.005, 0.025, 0.3, 0.5, 0.9, 0.975]
    for raw in [-9, -1, 0.3, 2, 8, 90, 4000] as [Float] {
      let values = Self.quantiles(.studentT, levels, [1.5, 0.7, raw])
      let degrees = 2 + softplus(Double(raw)), scale = softplus(Double(0.7 as Float)) + 1e-4
      for (value, level) in zip(values, levels) {
        let expected = 1.5 + scale * StudentT.quantile(level, degrees: degrees)
        #expect(abs(Double(value) - expected) < 2e-5 * (1 + abs(expected)), "level \(level), \(degrees) degrees")
      }
    }
    let normal = Self.quantiles(.gaussian, levels, [-2, 1])
    #expect(abs(Double(normal[5]) - (-2 + (softplus(1) + 1e-4) * 1.959963984540054)) < 1e-6)
    #expect(normal[3] == -2)
    // Crossed quantiles are put in order, between them lie straight lines, beyond them nothing.
    #expect(Self.quantiles(.quantiles([0.25, 0.5, 0.75]), [0.1, 0.25, 0.3, 0.5, 0.75, 0.9], [3, 1, 2]) == [1, 1, 1.2, 2, 3, 3])
    #expect(Self.quantiles(.absolute, [0.5], [7]) == [7])
    // What overflowed in a network has no quantiles, and ends nothing.
    for head in [ForecastHead.studentT, .gaussian] {
      for bad in [Float.nan, .infinity, -.infinity] { #expect(Self.quantiles(head, levels, [bad, bad, bad]).allSatisfy { !$0.isFinite }) }
    }
  }

  static func quantiles(_ head: ForecastHead, _ levels: [Double], _ numbers: [Float]) -> [Float] {
    let quantiles = head.quantiles(levels)
    var values = [Float](repeating: .nan, count: levels.count)
    numbers.withUnsafeBufferPointer { numbers in values.withUnsafeMutableBufferPointer { quantiles(numbers, into: $0) } }
    return values
  }

  @Test(arguments: [ForecastHead.studentT, .gaussian, .quantiles([0.1, 0.25, 0.5, 0.8, 0.9])], [0.02, 1, 70])
  func numbersOfADeviation(_ head: ForecastHead, _ deviation: Double) {
    let levels = [0.1, 0.25, 0.5, 0.8, 0.9]
    for (value, level) in zip(Self.quantiles(head, levels, head.numbers(deviation: deviation)), levels) {
      // Ten degrees of freedom are nearly normal.
      #expect(abs(Double(value) - deviation * Normal.quantile(level)) < (head == .studentT ? 0.1 : 1e-5) * deviation)
    }
    #expect(ForecastHead.absolute.numbers(deviation: 3) == [0])
  }

  /// Draws lie below each quantile as often as they should.
  @Test(arguments: [ForecastHead.studentT, .gaussian, .quantiles(Self.usualLevels)])
  func draws(_ head: ForecastHead) {
    let numbers: [Float] = head == .studentT ? [1, 0.5, 0.2] : head == .gaussian ? [1, 0.5] : [-3, -1, 0, 1, 1.5, 3, 8]
    let levels = [0.1, 0.25, 0.5, 0.75, 0.9]
    let values = Self.quantiles(head, levels, numbers)
    var random = Philox(seed: 5)
    let count = 40_000
    let draws = numbers.withUnsafeBufferPointer { numbers in (0..<count).map { _ in head.sample(numbers, using: &random) } }
    #expect(random.position == UInt64(2 * count))
    for (level, value) in zip(levels, values) {
      let share = Double(draws.count { $0 < value }) / Double(count)
      #expect(abs(share - level) < 4 * (level * (1 - level) / Double(count)).squareRoot(), "level \(level): \(share)")
    }
  }

  @Test func levelsThatCannotBe() throws {
    for levels in [[], [0.5, 0.5], [0.9, 0.1], [0, 0.5], [0.5, 1], [.nan]] {
      #expect(throws: RNNError.self) { try ForecastHead.quantiles(levels).validate() }
    }
    try ForecastHead.quantiles(Self.usualLevels).validate()
  }
}

@Suite struct MovedHeadTests {
  @Test(arguments: ForecastHeadTests.heads.map(\.head)) func gradientsAgreeWithDifferences(_ head: ForecastHead) {
    var random = Philox(seed: 8)
    let x = Tensor(uniform: -1..<1, shape: [3, 2, head.count], using: &random), shift = Tensor(uniform: -1..<1, shape: [3, 2], using: &random)
    let check = GradientCheck([x, shift]) { [head.moved($0[0], by: $0[1])] }
    #expect(check.count == x.count + 6)
    #expect(check.worst < 2e-4, "\(check)")
  }

  /// Moved numbers give moved quantiles.
  @Test(arguments: ForecastHeadTests.heads.map(\.head)) func quantilesMove(_ head: ForecastHead) {
    let numbers = (0..<head.count).map { 0.5 + 0.25 * Float($0) }
    let moved = head.moved(Variable(Tensor(numbers, shape: [1, head.count])), by: Variable(Tensor([8], shape: [1]))).value.values
    let levels = [0.25, 0.5, 0.8]
    for (a, b) in zip(ForecastHeadTests.quantiles(head, levels, numbers), ForecastHeadTests.quantiles(head, levels, moved)) {
      #expect(abs(a + 8 - b) < 1e-5)
    }
  }
}
