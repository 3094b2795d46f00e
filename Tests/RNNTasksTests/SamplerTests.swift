import Foundation
import RNN
import RNNTestSupport
import Testing

/// Logits whose softmax is close to these probabilities.
private func logits(_ probabilities: [Double]) -> [Float] { probabilities.map { Float(log($0)) } }

/// How often each token is chosen when `uniform` runs evenly through [0, 1).
private func shares(_ options: SamplingOptions, _ logits: [Float], draws: Int = 100_000) throws -> [Double] {
  var sampler = Sampler(options)
  var counts = [Double](repeating: 0, count: logits.count)
  for i in 0..<draws { counts[Int(try sampler.sample(logits, uniform: (Double(i) + 0.5) / Double(draws)))] += 1 }
  return counts.map { $0 / Double(draws) }
}

private func expectClose(_ found: [Double], _ expected: [Double]) {
  #expect(found.count == expected.count)
  for (a, b) in zip(found, expected) { #expect(abs(a - b) < 2e-5, "\(found) \(expected)") }
}

@Suite struct SamplerTests {
  private let probabilities = [0.1, 0.4, 0.05, 0.25, 0.2]

  @Test func plainDrawsHaveTheModelsProbabilities() throws {
    expectClose(try shares(SamplingOptions(), logits(probabilities)), probabilities)
  }

  /// Independent draws: chi-square with 4 degrees of freedom exceeds 25 once in 20,000 seeds.
  @Test func randomDraws() throws {
    var random = Philox(seed: 11)
    var sampler = Sampler(try SamplingOptions())
    var counts = [Double](repeating: 0, count: 5)
    let x = logits(probabilities)
    for _ in 0..<20_000 { counts[Int(try sampler.sample(x, uniform: random.uniform()))] += 1 }
    let statistic = zip(counts, probabilities).map { pow($0 - 20_000 * $1, 2) / (20_000 * $1) }.reduce(0, +)
    #expect(statistic < 25)
  }

  @Test func temperature() throws {
    for temperature in [0.25, 0.5, 2, 10] {
      let powers = probabilities.map { pow($0, 1 / temperature) }
      let total = powers.reduce(0, +)
      expectClose(try shares(SamplingOptions(temperature: temperature), logits(probabilities)), powers.map { $0 / total })
    }
  }

  @Test func topK() throws {
    let x = logits(probabilities)
    expectClose(try shares(SamplingOptions(topK: 1), x), [0, 1, 0, 0, 0])
    expectClose(try shares(SamplingOptions(topK: 2), x), [0, 0.4 / 0.65, 0, 0.25 / 0.65, 0])
    expectClose(try shares(SamplingOptions(topK: 4), x), [0.1, 0.4, 0, 0.25, 0.2].map { $0 / 0.95 })
    expectClose(try shares(SamplingOptions(topK: 5), x), probabilities)
    expectClose(try shares(SamplingOptions(topK: 500), x), probabilities)
  }

  @Test func topP() throws {
    let x = logits(probabilities)
    expectClose(try shares(SamplingOptions(topP: 1e-9), x), [0, 1, 0, 0, 0])
    expectClose(try shares(SamplingOptions(topP: 0.39), x), [0, 1, 0, 0, 0])
    expectClose(try shares(SamplingOptions(topP: 0.41), x), [0, 0.4 / 0.65, 0, 0.25 / 0.65, 0])
    expectClose(try shares(SamplingOptions(topP: 0.84), x), [0, 0.4, 0, 0.25, 0.2].map { $0 / 0.85 })
    expectClose(try shares(SamplingOptions(topP: 1), x), probabilities)
  }

  /// The nucleus is taken of what the temperature and top-k leave, as probabilities of their own.
  @Test func inOrder() throws {
    // Of 0.4, 0.25, 0.2 the first two have 0.65 / 0.85 = 0.76.
    expectClose(
      try shares(SamplingOptions(topK: 3, topP: 0.75), logits(probabilities)), [0, 0.4 / 0.65, 0, 0.25 / 0.65, 0])
    expectClose(
      try shares(SamplingOptions(topK: 3, topP: 0.77), logits(probabilities)), [0, 0.4, 0, 0.25, 0.2].map { $0 / 0.85 })
    // At a low temperature the first token alone has more than 0.6.
    expectClose(try shares(SamplingOptions(temperature: 0.25, topP: 0.6), logits(probabilities)), [0, 1, 0, 0, 0])
  }

  /// Top-k by selection against sorting, on every size up to 40 with many ties.
  @Test func selectionAgreesWithSorting() throws {
    var random = Philox(seed: 4)
    for count in 1...40 {
      let x = (0..<count).map { _ in Float(random.next() % 8) }
      let order = x.indices.sorted { x[$0] != x[$1] ? x[$0] > x[$1] : $0 < $1 }
      for k in 1...count {
        var sampler = Sampler(try SamplingOptions(topK: k))
        var found: Set<Int> = []
        for i in 0..<1000 { found.insert(Int(try sampler.sample(x, uniform: Double(i) / 1000))) }
        let chosen = Set(order[..<k])
        #expect(found.isSubset(of: chosen))
        #expect(found.contains(order[0]))
        // A temperature makes all of them probable enough to be seen.
        var flat = Sampler(try SamplingOptions(temperature: 100, topK: k))
        found = []
        for i in 0..<1000 { found.insert(Int(try flat.sample(x, uniform: Double(i) / 1000))) }
        #expect(found == chosen, "\(x) \(k)")
      }
    }
  }

  @Test func temperatureZeroTakesTheFirstOfTheMostProbable() throws {
    var sampler = Sampler(try SamplingOptions(temperature: 0))
    #expect(try sampler.sample([1, 3, 2, 3], uniform: 0.99) == 1)
    #expect(try sampler.sample([-.infinity, -.infinity, -1e38], uniform: 0) == 2)
    #expect(try sampler.sample([0, .infinity, .infinity], uniform: 0.9) == 1)
    #expect(try sampler.sample([1, 3, 2, 3], uniform: 0) { $0 != 1 } == 3)
  }

  @Test func tiesAreBrokenByIndex() throws {
    expectClose(try shares(SamplingOptions(topK: 2), [1, 1, 1, 1]), [0.5, 0.5, 0, 0])
    expectClose(try shares(SamplingOptions(topP: 0.5), [1, 1, 1, 1]), [0.5, 0.5, 0, 0])
  }

  @Test func extremeLogits() throws {
    let most = Float.greatestFiniteMagnitude
    expectClose(try shares(SamplingOptions(), [most, most, -most]), [0.5, 0.5, 0])
    expectClose(try shares(SamplingOptions(temperature: 1e-300), [2, 1, 2]), [0.5, 0, 0.5])
    expectClose(try shares(SamplingOptions(temperature: .leastNonzeroMagnitude), [2, 1]), [1, 0])
    expectClose(try shares(SamplingOptions(temperature: 1e300), [5, -5]), [0.5, 0.5])
    expectClose(try shares(SamplingOptions(), [.infinity, 3, .infinity]), [0.5, 0, 0.5])
    expectClose(try shares(SamplingOptions(topK: 2, topP: 0.9), [.infinity, 3, -.infinity]), [1, 0, 0])
    expectClose(try shares(SamplingOptions(), [-.infinity, 0, -.infinity]), [0, 1, 0])
    // A weight that underflows to zero is never drawn, not even at the edges.
    var sampler = Sampler(try SamplingOptions())
    #expect(try sampler.sample([-2000, 0, -2000], uniform: 0) == 1)
    #expect(try sampler.sample([-2000, 0, -2000], uniform: 1.0.nextDown) == 1)
  }

  @Test func forbiddenTokens() throws {
    var sampler = Sampler(try SamplingOptions(), forbidden: [1, 3])
    var greedy = Sampler(try SamplingOptions(temperature: 0), forbidden: [1, 3])
    for i in 0..<100 {
      let token = try sampler.sample([1, 9, 1, 9, 1], uniform: Double(i) / 100) { $0 != 4 }
      #expect(token == 0 || token == 2)
    }
    #expect(try greedy.sample([1, 9, 2, 9], uniform: 0) == 2)
    #expect(try Sampler(SamplingOptions(), forbidden: [9]).options == SamplingOptions())
  }

  @Test func buffersFromOneCallDontReachTheNext() throws {
    var sampler = Sampler(try SamplingOptions(topK: 3, topP: 0.9))
    var other = Sampler(try SamplingOptions(topK: 3, topP: 0.9))
    _ = try sampler.sample((0..<50).map { Float($0) }, uniform: 0.3)
    let x: [Float] = [0.1, 0.5, 0.2]
    for i in 0..<50 { #expect(try sampler.sample(x, uniform: Double(i) / 50) == other.sample(x, uniform: Double(i) / 50)) }
  }

  @Test func whatCannotBeSampled() throws {
    var sampler = Sampler(try SamplingOptions())
    let damaged = #expect(throws: RNNError.self) { try sampler.sample([0, .nan], uniform: 0) }
    #expect(damaged?.kind == .badData)
    #expect(damaged?.message == "the model's output for token 1 is not a number: its weights or its state are damaged")
    for nothing in [[], [-Float.infinity, -.infinity]] {
      let error = #expect(throws: RNNError.self) { try sampler.sample(nothing, uniform: 0) }
      #expect(error == RNNError(.badData, "the model leaves no token possible here"))
    }
    #expect(throws: RNNError.self) { try sampler.sample([1, 2], uniform: 0) { _ in false } }
  }

  @Test func options() {
    for temperature in [-0.5, .nan, .infinity] {
      let error = #expect(throws: RNNError.self) { try SamplingOptions(temperature: temperature) }
      #expect(
        error
          == RNNError(.usage, "a temperature of \(temperature) can't be: expected 0 (the most probable token) or more"))
    }
    for k in [0, -1] {
      let error = #expect(throws: RNNError.self) { try SamplingOptions(topK: k) }
      #expect(error == RNNError(.usage, "top-k of \(k) leaves no token: expected at least 1"))
    }
    for p in [0, -0.1, 1.5, .nan] {
      let error = #expect(throws: RNNError.self) { try SamplingOptions(topP: p) }
      #expect(error == RNNError(.usage, "top-p of \(p) is no probability: expected more than 0, at most 1"))
    }
  }
}
