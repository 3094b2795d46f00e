import RNNLayers
import RNNTensor
import RNNTestSupport
import RNNTraining
import Testing

@Suite struct ClassificationMetricsTests {
  @Test("Figures of scikit-learn", arguments: ["five", "binary", "absent", "wrong", "certain"])
  func asScikitLearn(_ name: String) throws {
    let fixture = try Fixture("classification_metrics")
    let actual = try fixture.integers("\(name).actual").map { Int($0) }
    let probabilities = try fixture.tensor("\(name).probabilities")
    let classes = probabilities.shape[1]
    var metrics = ClassificationMetrics(classes: classes)
    for (i, label) in actual.enumerated() { metrics.add(actual: label, probabilities: probabilities.values[i * classes..<(i + 1) * classes]) }
    func close(_ value: Double, _ expected: Double) -> Bool { abs(value - expected) < 1e-12 }
    #expect(metrics.count == actual.count)
    #expect(close(metrics.accuracy, try fixture.doubles("\(name).accuracy")[0]))
    #expect(abs(metrics.logLoss - (try fixture.doubles("\(name).log_loss")[0])) < 1e-6)
    let macro = try fixture.doubles("\(name).macro")
    for (value, expected) in zip([metrics.macroPrecision, metrics.macroRecall, metrics.macroF1], macro) { #expect(close(value, expected)) }
    let own = try fixture.doubles("\(name).per_class")
    for i in 0..<classes {
      for (value, expected) in zip([metrics.precision(i), metrics.recall(i), metrics.f1(i)], own[3 * i..<3 * i + 3]) { #expect(close(value, expected)) }
    }
    #expect((0..<classes).map { Int64(metrics.support($0)) } == (try fixture.integers("\(name).support")))
    #expect(metrics.confusion.flatMap { $0 }.map { Int64($0) } == (try fixture.integers("\(name).confusion")))
  }

  @Test func partsAddUp() {
    var whole = ClassificationMetrics(classes: 2), first = whole, second = whole
    whole.add(actual: 0, predicted: 1, nats: 0.5)
    whole.add(actual: 1, predicted: 1, nats: 0.25)
    first.add(actual: 0, predicted: 1, nats: 0.5)
    second.add(actual: 1, predicted: 1, nats: 0.25)
    first.add(second)
    #expect(first == whole && whole.correct == 1 && whole.majority.index == 0)
    #expect(ClassificationMetrics(classes: 3).accuracy == 0 && ClassificationMetrics(classes: 3).logLoss == 0)
  }

  /// A tie must be decided the same way everywhere: the first class.
  @Test func aTieIsTheFirst() {
    var metrics = ClassificationMetrics(classes: 3)
    metrics.add(actual: 1, probabilities: [0.25, 0.375, 0.375])
    #expect(metrics.confusion[1] == [0, 1, 0])
  }

  @Test func weightedCrossEntropyAsPyTorch() throws {
    let fixture = try Fixture("weighted_cross_entropy")
    let targets = try fixture.integers("targets").map { Int32($0) }
    let weights = try fixture.tensor("weights").values
    let (loss, gradient) = valueAndGradient(of: ["logits": try fixture.tensor("logits")]) {
      Losses.crossEntropy($0["logits"], targets, classWeights: weights).mean
    }
    #expect(try fixture.error([loss.item], "loss") < 1e-6)
    #expect(try fixture.error(gradient.tensors[0].values, "grad") < 1e-6)
    let check = GradientCheck([try fixture.tensor("logits")]) { [Losses.crossEntropy($0[0], targets, classWeights: weights).mean] }
    #expect(check.worst < 1e-3, "\(check)")
  }
}
