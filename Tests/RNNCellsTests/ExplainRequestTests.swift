import RNNTestSupport
import Testing

/// What may be asked of an explanation, and what is answered to a mistake.
@Suite struct ExplainRequestTests {
  @Test func sizesFollowFromNumbers() throws {
    var request = ExplanationRequest()
    request.inputs = ["1 0, 0 1, 1 1"]
    request.parameters = ["W.hh=[0.3 0.1; 0, 0.2], b_{h}=[1; -1]", "v_y=0.5"]
    request.initialStates = ["h=[0.5 0]"]
    let explanation = try request.explanation()
    #expect(explanation.sizes == ["input": 2, "hidden": 2, "output": 1])
    #expect(explanation.parameters["W_hh"] == .matrix([[0.3, 0.1], [0, 0.2]]))
    #expect(explanation.parameters["b_h"] == .vector([1, -1]))
    #expect(explanation.parameters["b_y"] == .vector([0.5]))
    #expect(explanation.assumedParameters == ["W_xh", "W_hy"])
    #expect(explanation.parameters["W_xh"] == .matrix([[0.5, -0.3], [0.4, 0.2]]))
    #expect(explanation.initialStates == ["h": [0.5, 0]])
    #expect(explanation.inputs == ["x": [[1, 0], [0, 1], [1, 1]]])
  }

  @Test func furtherInputs() throws {
    var request = ExplanationRequest()
    request.cell = try Cell(equations: "input x, context; h = tanh(W_xh x + W_ch context + W_hh h)")
    request.inputs = ["1,2", "context=1,0;0,1;"]
    let explanation = try request.explanation()
    #expect(explanation.sizes["context"] == 2)
    #expect(try explanation.text().contains("step 2: x_2 = 2, context_2 = [0, 1]"))
  }

  /// A layer's names make way for the cell's own.
  @Test func namesOfTheLayer() throws {
    var request = ExplanationRequest()
    request.cell = try Cell(equations: "s = tanh(W_xs x + W_hy s + b_y); y = s * s")
    let linear = try request.explanation()
    #expect(linear.steps[0].values["out"] != nil)
    request.output = .softmax
    let softmax = try request.explanation()
    #expect(softmax.steps[0].values["out"] == [1] && softmax.steps[0].values["scores"] != nil)
    request.output = .none
    #expect(try request.explanation().steps[0].values["y"] != nil)
  }

  @Test(arguments: [
    ("set", "Wq=1", "there is no parameter “Wq”; known are W_xh, W_hh, b_h, W_hy, b_y"),
    ("set", "Wxh=[1 2],Whh=0.3", "Wxh is 1 × 2; expected 1 × 1, “hidden” × “input”"),
    ("set", "Whh=[1 2 3; 4 5 6]", "Whh is 2 × 3; expected 2 × 2, “hidden” × “hidden”"),
    ("set", "Whh=[1 2; 3]", "the rows of Whh have 2, 1 numbers; expected equally many, at most 256"),
    ("set", "bh=[1 2; 3 4]", "bh is 2 × 2; expected a vector"),
    ("set", "bh=[1 2],Wxh=1", "Wxh is 1 × 1; expected 2 × 1, “hidden” × “input”"),
    ("set", "Wxh=1,Wxh=2", "the parameter Wxh is given twice"),
    ("set", "Wxh", "found “Wxh”; expected name=number or name=[numbers; numbers]"),
    ("set", "Wxh=", "found “” in Wxh; expected a number"),
    ("set", "Wxh=nan", "found “nan” in Wxh; expected a number"),
    ("set", "Wxh=1e999", "found “1e999” in Wxh; expected a number"),
    ("set", "Wxh=[1", "“]” is missing after Wxh=["),
    ("set", "Wxh=[]", "Wxh: a number is missing"),
    ("set", "Wxh=[1]2", "found “2” after the value of Wxh; expected a comma"),
    ("inputs", "1,x", "found “x” in the input x; expected a number"),
    ("inputs", "1,,2", "the input x: a number is missing"),
    ("inputs", "", "the input x: a number is missing"),
    ("inputs", "1,0;1", "step 2 of the input x has 1 number; expected 2"),
    ("inputs", "y=1", "there is no input “y”; known are x"),
    ("initial", "q=1", "there is no state “q”; known are h"),
    ("initial", "h=[1 2],h=1", "the initial value of h has 1 number; expected 2, the size “hidden”"),
    ("targets", "1,2", "there are 2 targets; expected 3, one for each step"),
    ("targets", "1 2,1 2,1 2", "the target of step 1 has 2 numbers; expected 1"),
    ("classes", "0,1,0", "the target of step 2 is 1; expected the number of an output, from 0 to 0"),
    ("classes", "0,0.5,0", "the target 0.5 is not the number of an output"),
    ("size", "gates", "the cell has no size “gates”; known are input, hidden, output"),
    ("size", "hidden", "the size “hidden” is 0; expected 1 to 256"),
  ])
  func mistake(option: String, text: String, message: String) {
    var request = ExplanationRequest()
    switch option {
    case "set": request.parameters = [text]
    case "inputs": request.inputs = [text]
    case "initial": request.initialStates = [text]
    case "size": request.sizes[text] = 0
    default:
      request.isBackward = true
      request.targets = text
      if option == "classes" { request.output = .softmax }
    }
    let error = #expect(throws: RNNError.self) { try request.explanation() }
    #expect(error?.message == message)
    #expect(error?.kind == .usage)
  }

  @Test func limits() {
    var request = ExplanationRequest()
    request.inputs = [(0..<300).map(String.init).joined(separator: ",")]
    #expect(throws: RNNError.self) { try request.explanation() }
    request.inputs = [(0..<300).map(String.init).joined(separator: ",") + ";"]
    #expect(throws: RNNError.self) { try request.explanation() }
    request.inputs = []
    request.cell = (try? Cell(equations: "h = h" + String(repeating: " + h", count: 1_000))) ?? .rnn
    #expect(throws: RNNError.self) { try request.explanation() }
    request.cell = .rnn
    request.targets = "1,2,3"
    #expect(throws: RNNError.self) { try request.explanation() }
  }

  /// Texts of any kind give an explanation or a message.
  @Test func anyText() {
    var random = Philox(seed: 8)
    let characters = Array("0123456789.,;=[]-+eWhxby_ {}\u{0}é")
    func text() -> String { String((0..<Int(random.next() % 24)).map { _ in characters[Int(random.next() % UInt64(characters.count))] }) }
    for _ in 0..<3_000 {
      var request = ExplanationRequest()
      request.parameters = ["W_xh=[1],W_hh=" + text()]
      if random.next() % 2 == 0 { request.inputs = ["1," + text()] }
      if random.next() % 2 == 0 { request.initialStates = ["h=" + text()] }
      _ = try? request.explanation()
    }
  }
}
