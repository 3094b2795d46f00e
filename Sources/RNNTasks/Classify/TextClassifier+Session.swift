#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

import RNNCells
public import RNNData
import RNNLayers
public import RNNTensor
public import RNNTraining

extension TextClassifier {
  /// What a text was found to be.
  public struct Prediction: Sendable, Hashable {
    /// The most probable class.
    public var label: String
    public var probability: Double
    /// Of each class, in the order of the model's ``TextClassifier/labels``.
    public var probabilities: [Double]
    /// Whether the text is longer than what the model reads of one.
    public var isCut = false
    /// Whether the model knows none of the text's tokens.
    public var isUnknown = false
  }

  /// A model made ready to classify, its parameters packed once; or several models, whose answer is the mean of their
  /// probabilities. Models of other seeds err in other places: together they are right more often than each (Hansen & Salamon 1990).
  public struct Session: Sendable {
    public let labels: [String]
    private let members: [Member]

    public init(_ model: TextClassifier) throws(RNNError) {
      labels = model.labels
      members = [try Member(model)]
    }

    /// - Throws: `.usage` for no model, and for models of other classes.
    public init(_ models: [TextClassifier]) throws(RNNError) {
      guard let first = models.first else { throw RNNError(.usage, "to classify takes at least one model") }
      for model in models where model.labels != first.labels {
        throw RNNError(
          .usage,
          "models can answer together if their classes are the same; found \(model.labels.joined(separator: ", ")) beside \(first.labels.joined(separator: ", "))")
      }
      labels = first.labels
      members = try models.map { (model) throws(RNNError) in try Member(model) }
    }

    /// Texts that are sorted by length together.
    private static let textsAtOnce = 4096, bytesAtOnce = 1 << 24

    /// Texts in UTF-8.
    public func classify(_ texts: [[UInt8]]) -> [Prediction] {
      let read = members.map { member in texts.map(member.read) }
      return zip(logProbabilities(read.map { $0.map(\.tokens) }), texts.indices).map { logs, text in
        let probabilities = logs.map { exp($0) }
        let best = Self.best(logs)
        return Prediction(
          label: labels[best], probability: probabilities[best], probabilities: probabilities, isCut: read.contains { $0[text].isCut },
          isUnknown: read.allSatisfy { $0[text].isUnknown })
      }
    }

    public func classify(_ text: String) -> Prediction { classify([Array(text.utf8)])[0] }

    /// What there is to say of texts, before any.
    public var remarks: ClassificationRemarks { ClassificationRemarks(longest: members.map { $0.model.architecture.longest }.min() ?? 0) }

    private static func best(_ logs: [Double]) -> Int {
      logs.indices.max { logs[$0] < logs[$1] || (logs[$0] == logs[$1] && $0 > $1) } ?? 0
    }

    /// ln p of each class of each text, by its tokens for each member.
    private func logProbabilities(_ texts: [[[Int32]]]) -> [[Double]] {
      let all = zip(members, texts).map { $0.logProbabilities($1) }
      guard all.count > 1 else { return all[0] }
      return all[0].indices.map { text in
        labels.indices.map { label in log(all.reduce(0) { $0 + exp($1[text][label]) } / Double(all.count)) }
      }
    }

    /// How well texts are classified, read one after the other in constant memory.
    ///
    /// - Parameters:
    ///   - options: how the texts are read; of trees only whole sentences count.
    ///   - remark: called with what is to be said of the texts, once.
    ///   - progress: called now and then with the number of texts so far.
    /// - Throws: as ``RNNData/LabelledReader``, and `.badData` for a label that isn't one of the model's, saying where.
    public func evaluate(
      reading paths: [String], options: LabelledOptions = .init(), remark: (_ text: String) -> Void = { _ in },
      progress: (_ texts: Int) -> Void = { _ in }
    ) throws(RNNError) -> ClassificationMetrics {
      var options = options
      options.phrases = false
      var reader = try LabelledReader(paths, options: options, requiresUTF8: members.contains { !$0.model.tokenizer.kind.readsAnything })
      let numbers = Dictionary(uniqueKeysWithValues: zip(labels, 0...))
      var metrics = ClassificationMetrics(classes: labels.count)
      var texts: [[UInt8]] = [], actual: [Int] = [], bytes = 0
      var remarks = remarks
      func measure() {
        let read = members.map { member in texts.map(member.read) }
        for text in texts.indices { remarks.add(isCut: read.contains { $0[text].isCut }, isUnknown: read.allSatisfy { $0[text].isUnknown }) }
        for (logs, label) in zip(logProbabilities(read.map { $0.map(\.tokens) }), actual) {
          metrics.add(actual: label, predicted: Self.best(logs), nats: -logs[label])
        }
        (texts, actual, bytes) = ([], [], 0)
        progress(metrics.count)
      }
      while let example = try reader.next() {
        guard let label = numbers[example.label] else { throw LabelledTexts.unknown(example, labels) }
        texts.append(example.text)
        actual.append(label)
        bytes += example.text.count
        if texts.count == Self.textsAtOnce || bytes > Self.bytesAtOnce { measure() }
      }
      measure()
      guard metrics.count > 0 else { throw RNNError(.badData, "\(paths.joined(separator: ", ")): found no text, expected texts with labels\(reader.mapRemark.map { "; \($0)" } ?? "")") }
      reader.mapRemark.map(remark)
      remarks.sentences.forEach(remark)
      return metrics
    }
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

  /// One model of a session.
  struct Member: Sendable {
    let model: TextClassifier
    private let packed: [CellEngine.Packed]

    init(_ model: TextClassifier) throws(RNNError) {
      self.model = model
      packed = try model.stack.pack(model.weights)
    }

    /// A text's tokens, as many as are read.
    func read(_ text: [UInt8]) -> (tokens: [Int32], isCut: Bool, isUnknown: Bool) {
      let tokens = model.tokens(of: text), longest = model.architecture.longest
      // A text without a word is read as a line end.
      let isUnknown = model.tokenizer.unknown.map { unknown in tokens.allSatisfy { $0 == unknown } && !text.allSatisfy(TextClassifier.isBlank) } ?? false
      return (tokens.count > longest ? Array(tokens.prefix(longest)) : tokens, tokens.count > longest, isUnknown)
    }

    func logProbabilities(_ texts: [[Int32]]) -> [[Double]] {
      var encoded = EncodedTexts()
      for text in texts { encoded.append(text, label: 0, longest: model.architecture.longest) }
      return logits(encoded).map { logits in
        let norm = TextClassifier.logNorm(logits)
        return logits.map { Double($0) - norm }
      }
    }

    /// Numbers of each text whose softmax is the classes' probabilities; no result depends on the other texts.
    private func logits(_ texts: EncodedTexts) -> [[Float]] {
      var results = [[Float]](repeating: [], count: texts.count)
      let order = (0..<texts.count).sorted { (texts.length($0), $0) < (texts.length($1), $1) }
      let constants = TapedWeights(constant: model.weights)
      let classes = model.labels.count
      var begin = 0
      while begin < order.count {
        // Texts of nearly one length together, as many as a few megabytes hold.
        var end = begin + 1
        while end < order.count, end - begin < Self.mostRows, texts.length(order[end]) * (end + 1 - begin) <= Self.mostTokens { end += 1 }
        let batch = order[begin..<end]
        let (tokens, lengths) = texts.batch(batch)
        let x = model.embedding(tokens, shape: [tokens.count / lengths.count, lengths.count], constants).value
        let y = model.stack.run(x, packed, lengths: lengths).output
        let logits = model.output(model.pooled(Variable(y), lengths), constants).value
        logits.withUnsafeBufferPointer { values in
          for (row, text) in batch.enumerated() { results[text] = Array(values[row * classes..<(row + 1) * classes]) }
        }
        begin = end
      }
      return results
    }

    private static let mostRows = 256, mostTokens = 1 << 14

    /// How well texts are classified that have the model's labels.
    func metrics(_ texts: EncodedTexts) -> ClassificationMetrics {
      var metrics = ClassificationMetrics(classes: model.labels.count)
      for (logits, label) in zip(logits(texts), texts.labels) {
        metrics.add(actual: Int(label), probabilities: logits, nats: TextClassifier.logNorm(logits) - Double(logits[Int(label)]))
      }
      return metrics
    }
  }

  /// The class of a text. Whoever has many texts makes a ``Session`` once.
  public func classify(_ text: String) throws(RNNError) -> Prediction { try Session(self).classify(text) }

  /// How well texts are classified (``Session/evaluate(reading:options:progress:)``).
  public func evaluate(
    reading paths: [String], options: LabelledOptions = .init(), progress: (_ texts: Int) -> Void = { _ in }
  ) throws(RNNError) -> ClassificationMetrics {
    try Session(self).evaluate(reading: paths, options: options, progress: progress)
  }
}
