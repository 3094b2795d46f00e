// A cell of one's own: its equations, and nothing else.
//
//     swift run -c release --package-path Examples OwnCell
//
// The model it writes is an ordinary model file. It carries the cell's equations, so the program, which has never
// heard of this cell, runs it:
//
//     swift run -c release rnn inspect own-cell.safetensors
//     swift run -c release rnn generate own-cell.safetensors --prompt "3 sheep" --length 120
//     swift run -c release rnn verify own-cell.safetensors

import RNN

extension Cell {
  /// An LSTM whose one gate forgets as much as it takes in (Greff et al. 2017, “coupled input and forget gate”).
  static let coupledLSTM = Cell("lstm-coupled", state: "h", "c") { x, s, W, b in
    let i = sigmoid(W.xi * x + W.hi * s.h + b.i)
    let g = tanh(W.xg * x + W.hg * s.h + b.g)
    let o = sigmoid(W.xo * x + W.ho * s.h + b.o)
    let c = (1 - i) * s.c + i * g
    return ["h": o * tanh(c), "c": c]
  }
}

@main
enum OwnCell {
  static func main() throws {
    let cell = Cell.coupledLSTM
    print(cell.equations, terminator: "\n\n")

    // The derivative, the fast engine, streaming: derived from the equations, and compared with them here.
    let checks = try Verification(cell, sizes: CellSizes(input: 5, hidden: 7)).run()
    for check in checks { print(check.passed ? "holds" : "FAILS", check.name, check.error) }
    guard checks.allSatisfy(\.passed) else { throw RNNError(.verification, "the cell doesn't compute its equations") }

    let path = CommandLine.arguments.dropFirst().first ?? "own-cell.safetensors"
    let lines = (0..<2000).map { "\($0 % 10) sheep jumped over the fence, then \(($0 + 1) % 10).\n" }
    var trainer = try TextTrainer(TextCorpus(lines.joined()), options: .init(cell: cell, hidden: 64, training: .init(budget: .steps(800))))
    try trainer.train(to: path, start: .fresh)
    print(try "\n3 sheep" + TextGenerator(trainer.model).generate("3 sheep", .init(sampling: .mostProbable, length: 120)))
  }
}
