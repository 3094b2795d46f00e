/// A computation of which only the inputs are kept until its gradient is wanted: then it is run again (Chen et al. 2016).
///
/// - Parameters:
///   - inputs: what gradients flow to, besides the weights.
///   - body: computes the outputs from constants the first time, and from variables of a tape of its own the second time; it
///     must give the same both times. What it captures is constant: gradients flow to `inputs` and `weights` only.
/// - Returns: the outputs. Their values and gradients are those of `body` itself.
public func checkpoint(
  _ inputs: [Variable], _ weights: TapedWeights, _ body: @escaping (_ inputs: [Variable], _ weights: TapedWeights) -> [Variable]
) -> [Variable] {
  let all = inputs + weights.variables
  let values = all.map(\.value), count = inputs.count
  // Names only: a variable of this tape must not be kept by what stands on it.
  let names = weights.with([])
  func run(_ variables: [Variable]) -> [Variable] { body(Array(variables[..<count]), names.with(Array(variables[count...]))) }
  return Tape.record(inputs: all, outputs: run(values.map { Variable($0) }).map(\.value), accumulate: { gradients, needs, sums in
    let tape = Tape()
    let variables = zip(values, needs).map { $1 ? tape.watch($0) : Variable($0) }
    let results = zip(run(variables), gradients).compactMap { output, gradient in gradient.map { (output, $0) } }
    let needed = needs.indices.filter { needs[$0] }
    var own = needed.map { sums[$0].take() }
    tape.pullBack(results, to: needed.map { variables[$0] }, in: &own)
    for (i, place) in needed.enumerated() { sums[place] = own[i].take() }
  })
}

/// A sequence, segment after segment, each going on with the states that the one before it left (see ``Segments``).
///
/// - Parameters:
///   - steps: the whole sequence.
///   - states: the states before the first step.
///   - body: runs a segment; see ``checkpoint(_:_:_:)`` for what it may capture. It gives what a segment contributes (a part
///     of the loss) and the states after it, as many as it got.
/// - Returns: what the segments contributed, in their order, and the states after the last step. Neither values nor gradients
///   depend on how the sequence is cut, to the bit, as long as `body` computes each step alike (draws masks for the step's own
///   time) and uses each weight in one operation.
public func scan(
  _ steps: Range<Int>, _ segments: Segments, _ states: [Variable], _ weights: TapedWeights,
  _ body: @escaping (_ steps: Range<Int>, _ states: [Variable], _ weights: TapedWeights) -> (results: [Variable], states: [Variable])
) -> (results: [[Variable]], states: [Variable]) {
  guard let length = segments.lengths.first else {
    let (results, states) = body(steps, states, weights)
    return ([results], states)
  }
  let inner = Segments(Array(segments.lengths.dropFirst()))
  var states = states
  var results: [[Variable]] = []
  let parts = Segments.cut(steps, length)
  for part in parts.dropLast() {
    // How many results the segment's own segments gave is known once it has run.
    var counts: [Int] = []
    let outputs = checkpoint(states, weights) { states, weights in
      let (results, states) = scan(part, inner, states, weights, body)
      counts = results.map(\.count)
      return states + results.joined()
    }
    var rest = outputs[states.count...]
    states = Array(outputs[..<states.count])
    for count in counts {
      results.append(Array(rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
  }
  // Nothing stands between the last segment and its way back, so it is run once.
  if let last = parts.last {
    let (own, after) = scan(last, inner, states, weights, body)
    results += own
    states = after
  }
  return (results, states)
}

/// A scan whose states come in groups: those of each layer.
public func scan(
  _ steps: Range<Int>, _ segments: Segments, _ states: [[Variable]], _ weights: TapedWeights,
  _ body: @escaping (_ steps: Range<Int>, _ states: [[Variable]], _ weights: TapedWeights) -> (results: [Variable], states: [[Variable]])
) -> (results: [[Variable]], states: [[Variable]]) {
  let counts = states.map(\.count)
  func grouped(_ states: [Variable]) -> [[Variable]] {
    var rest = states[...]
    return counts.map { count in
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
  }
  let (results, after) = scan(steps, segments, Array(states.joined()), weights) { steps, states, weights in
    let (results, after) = body(steps, grouped(states), weights)
    return (results, Array(after.joined()))
  }
  return (results, grouped(after))
}
