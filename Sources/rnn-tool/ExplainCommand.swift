import ArgumentParser
import RNN

extension Explanation.OutputLayer: ExpressibleByArgument {}

struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show a cell's computation with every number in its place, forward and backward.",
    discussion: """
      Without arguments: the worked example of the lecture note, an Elman network on the inputs 1, 2, 3. \
      What isn't given is filled in and said in the output.

      Examples:
        rnn explain
        rnn explain --backward --targets 1,0,1
        rnn explain --cell lstm --hidden 2 --inputs '1,0;0,1'
        rnn explain --set 'Whh=[0.3 0.1; 0 0.2],bh=[0.1 0]' --initial h=[0.5,0]
        rnn explain --cell 'h = tanh(Wxh x + Whh h + bh)' --size output=2
        rnn explain --cell 'h_t = \\sigma(W_x x_t) \\odot h_{t-1} + b_h'
      """)

  enum Format: String, CaseIterable, ExpressibleByArgument {
    case text, latex, json
  }

  @Option(help: CellArgument.help)
  var cell = "rnn"

  // Numbers may begin with a sign.
  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("The inputs, step by step: 1,2,3, or for vectors 1,0;0,1. Of a further input: name=1,2,3. (default: 1,2,3)", valueName: "numbers"))
  var inputs: [String] = []

  @Option(help: ArgumentHelp("Parameters: Wxh=0.5,Whh=[0.3 0.1; 0 0.2]. May be repeated.", valueName: "name=value"))
  var set: [String] = []

  @Option(help: ArgumentHelp("States before the first step: h=0.5 or h=[0.5 0].", valueName: "name=value"))
  var initial: [String] = []

  @Option(help: ArgumentHelp("Units of the cell, where the numbers don't say it.", valueName: "n"))
  var hidden: Int?

  @Option(help: ArgumentHelp("Another size, such as output=3. May be repeated.", valueName: "name=n"))
  var size: [String] = []

  @Option(help: "What is computed from the cell's output at each step.")
  var output = Explanation.OutputLayer.linear

  @Flag(help: "Go on with the gradients of a loss, back through every step.")
  var backward = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "What the outputs should have been, as --inputs; with softmax the number of an output for each step, counted from 0. (default: 0 each)", valueName: "numbers"))
  var targets: String?

  @Option(help: ArgumentHelp("Decimals.", valueName: "n"))
  var digits = 3

  @Option(help: "How to show it.")
  var format = Format.text

  @Flag(help: "The same as --format json.")
  var json = false

  func validate() throws {
    guard Explanation.digits.contains(digits) else {
      throw ValidationError("--digits is a number from \(Explanation.digits.lowerBound) to \(Explanation.digits.upperBound), not \(digits)")
    }
  }

  func run() throws {
    var request = ExplanationRequest()
    request.cell = try CellArgument.cell(cell)
    request.output = output
    request.inputs = inputs
    request.parameters = set
    request.initialStates = initial
    request.isBackward = backward
    request.targets = targets
    if let hidden { request.sizes["hidden"] = hidden }
    for text in size {
      let parts = text.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2, let count = Int(parts[1]) else { throw RNNError(.usage, "found --size \(text); expected name=number") }
      request.sizes[parts[0]] = count
    }
    let explanation = try request.explanation()
    switch json ? .json : format {
    case .text: try Output.write(try explanation.text(digits: digits))
    case .latex: try Output.write(try explanation.latex(digits: digits))
    case .json: try Output.json(explanation)
    }
  }
}
