/// What a reader of the lecture note should know.
extension ExplanationDocument {
  var remarks: [Block] {
    var sentences: [String] = []
    if explanation.isLectureNote { sentences += noteRemarks }
    if model.layer == .softmax, computation.evaluation.sizes[.named(ExplainedModel.outputSize)] == 1 {
      let y = math(symbolic.name(.value(model.outputName, .current))), s = symbolic.name(.value(model.scoresName, .current))
      let power = math(isText ? "exp(\(s))" : "\\exp(\(s))")
      sentences.append("""
        With a single output softmax gives 1 at every step, whatever the parameters: it divides \(power) by the sum over all \
        outputs, and that is itself. So \(y) says nothing here, and its loss has no gradient; softmax needs at least two outputs \
        (\(code("--size output=2"))).
        """)
    }
    return sentences.isEmpty ? [] : [.heading("remarks")] + sentences.map { .sentence($0) }
  }

  private var noteRemarks: [String] {
    let writer = writer(step: 2)
    let h = math(writer.name(.value("h", .current)))
    switch model.layer {
    case .linear:
      let y = writer.name(.value(model.outputName, .current))
      return [
        """
        The lecture note prints 0.850 for \(h) and 0.540 for \(math(y)): it went on with \(h) rounded to 0.85. More precisely \
        \(h) is 0.8514 and \(math(y)) is 0.5405.
        """,
        """
        The note's formula says \(math(symbolic.name(.value(model.outputName, .current)) + " = " + noteFormula)), but its numbers are \
        those of the linear output shown here; \(code("--output softmax")) shows what the formula gives.
        """,
      ]
    case .softmax:
      let scores = math(symbolic.name(.value(model.scoresName, .current)))
      return ["""
        The lecture note's formula is this one, but its outputs 0.415, 0.540 and 0.581 are \(scores), without softmax (the second \
        one rounded on the way: it is 0.5405). \(code("--output linear")) shows them.
        """]
    case .none:
      return ["The lecture note prints 0.850 for \(h); more precisely it is 0.8514."]
    }
  }

  private var noteFormula: String { isText ? "softmax(W_hy h_t + b_y)" : "\\operatorname{softmax}\\left(W_{hy} h_{t} + b_{y}\\right)" }
}

extension Explanation {
  /// The worked example of the lecture note: its cell, its numbers.
  static let lectureNote: [String: Double] = ["W_xh": 0.5, "W_hh": 0.3, "b_h": 0.1, "W_hy": 0.4, "b_y": 0.2]
  static let lectureNoteInputs: [[Double]] = [[1], [2], [3]]

  /// Whether this is the worked example of the lecture note.
  var isLectureNote: Bool {
    cell == Cell.rnn.name && equations == Cell.rnn.equations && inputs == ["x": Self.lectureNoteInputs] && initialStates == ["h": [0]]
      && parameters.allSatisfy { name, value in Self.lectureNote[name].map { value.numbers == [$0] } ?? false }
  }
}
