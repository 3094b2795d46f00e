import RNNTestSupport
import Testing

@Suite struct ZoneoutTests {
  /// As if it had been written so.
  @Test func asWritten() throws {
    let elman = Cell("rnn", state: "h") { x, s, W, b in
      ["h": zoneout(tanh(W.xh * x + W.hh * s.h + b.h), s.h, rate: 0.1)]
    }
    #expect(try Cell.rnn.zoneout(0.1).graph == elman.graph)
    // The output sees the memory as it was before zoneout, as in the paper.
    let lstm = Cell("lstm", state: "h", "c") { x, s, W, b in
      let i = sigmoid(W.xi * x + W.hi * s.h + b.i)
      let f = sigmoid(W.xf * x + W.hf * s.h + b.f)
      let g = tanh(W.xg * x + W.hg * s.h + b.g)
      let o = sigmoid(W.xo * x + W.ho * s.h + b.o)
      let c = f * s.c + i * g
      return ["h": zoneout(o * tanh(c), s.h, rate: 0.05), "c": zoneout(c, s.c, rate: 0.5)]
    }
    #expect(try Cell.lstm.zoneout(0.05, of: ["h"]).zoneout(0.5, of: ["c"]).graph == lstm.graph)
  }

  @Test(arguments: Cell.builtIn + TestCells.all)
  func everyCell(_ cell: Cell) throws {
    let zoned = try cell.zoneout(0.3)
    #expect(zoned.graph.isRandom)
    let read = try Cell(equations: zoned.equations)
    #expect(read.graph == zoned.graph, "\(zoned.equations)")
    for check in try Verification(zoned, sizes: CellSizes(zoned, inputs: 4, hidden: 6), steps: 4, batch: 3).run() {
      #expect(check.passed, "\(zoned.name): \(check.name): \(check.error)")
    }
  }

  @Test func refusals() {
    #expect(throws: RNNError.self) { try Cell.lstm.zoneout(0.1, of: ["d"]) }
    #expect(throws: RNNError.self) { try Cell.lstm.zoneout(1) }
    #expect(throws: RNNError.self) { try Cell.lstm.zoneout(-0.1) }
  }
}
