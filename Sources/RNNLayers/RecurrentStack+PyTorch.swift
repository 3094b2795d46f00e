import RNNCells
import RNNTensor

/// PyTorch's names and layouts for the cells that it has: gates stacked in one matrix for the input and one for the state,
/// two biases.
struct PyTorchLayout {
  /// The gates in PyTorch's order, by the letters of the cell's equations.
  let gates: [String]
  /// Gates whose two biases are not the same thing: the second stands inside the reset gate's product.
  var separateBias: [String: String] = [:]
  var hasProjection = false

  /// The layout of a graph; nil if PyTorch has no such cell.
  init?(_ graph: Graph) {
    if graph == Cell.rnn.graph || graph == Cell.rnnReLU.graph {
      gates = ["h"]
    } else if graph == Cell.lstm.graph || graph == Cell.lstmProjection.graph {
      gates = ["i", "f", "g", "o"]
      hasProjection = graph == Cell.lstmProjection.graph
    } else if graph == Cell.gru.graph {
      gates = ["r", "z", "n"]
      separateBias = ["n": "hn"]
    } else {
      return nil
    }
  }
}

extension RecurrentStack {
  /// The stack's parameters as a model file has them: by PyTorch's names (`name.weight_ih_l0`) where PyTorch has the cell,
  /// else by our own (`name.layers.0.W.xi`). Those of the reverse direction end in `_reverse`.
  ///
  /// Our one bias is written as `bias_ih`, with `bias_hh` zero.
  public func fileTensors(_ weights: Weights) throws(RNNError) -> Weights {
    var result = Weights()
    for run in runs {
      let (layer, suffix) = (run.layer, run.suffix)
      let tensors = try parameters(layer: layer, reverse: run.isReverse, of: weights)
      let named = Dictionary(uniqueKeysWithValues: zip(engines[layer].parameters.map(\.symbol), tensors))
      guard let layout = PyTorchLayout(cell.graph) else {
        for parameter in engines[layer].parameters { result["\(name).layers.\(layer).\(parameter.symbol)\(suffix)"] = named[parameter.symbol] }
        continue
      }
      func stacked(_ symbol: (String) -> String) -> Tensor {
        let parts = layout.gates.compactMap { named[symbol($0)] }
        return Tensor(parts.flatMap(\.values), shape: [parts.reduce(0) { $0 + $1.shape[0] }] + parts[0].shape.dropFirst())
      }
      result["\(name).weight_ih_l\(layer)\(suffix)"] = stacked { "W.x\($0)" }
      result["\(name).weight_hh_l\(layer)\(suffix)"] = stacked { "W.h\($0)" }
      result["\(name).bias_ih_l\(layer)\(suffix)"] = stacked { "b.\($0)" }
      let second = layout.gates.flatMap { gate in
        layout.separateBias[gate].flatMap { named["b.\($0)"] }?.values ?? [Float](repeating: 0, count: engines[layer].sizes.hidden)
      }
      result["\(name).bias_hh_l\(layer)\(suffix)"] = Tensor(second, shape: [second.count])
      if layout.hasProjection { result["\(name).weight_hr_l\(layer)\(suffix)"] = named["W.hr"] }
    }
    return result
  }

  /// The stack's own parameters from those of a model file.
  ///
  /// Throws `.badData` naming the tensor that is missing or has another shape.
  public func ownWeights(fromFile file: Weights) throws(RNNError) -> Weights {
    var result = Weights()
    func tensor(_ key: String, _ shape: [Int]) throws(RNNError) -> Tensor {
      guard let tensor = file[key] else { throw RNNError(.badData, "the tensor \(key) is missing") }
      guard tensor.shape == shape else { throw RNNError(.badData, "the tensor \(key) has the shape \(tensor.shape), expected was \(shape)") }
      return tensor
    }
    for run in runs {
      let (layer, suffix, engine) = (run.layer, run.suffix, engines[run.layer])
      guard let layout = PyTorchLayout(cell.graph) else {
        for parameter in engine.parameters {
          result[parameterName(parameter, layer: layer, reverse: run.isReverse)] = try tensor(
            "\(name).layers.\(layer).\(parameter.symbol)\(suffix)", engine.shape(of: parameter))
        }
        continue
      }
      let hidden = engine.sizes.hidden, rows = layout.gates.count * hidden
      let ih = try tensor("\(name).weight_ih_l\(layer)\(suffix)", [rows, engine.sizes.input])
      let hh = try tensor("\(name).weight_hh_l\(layer)\(suffix)", [rows, engine.outputSize])
      let first = try tensor("\(name).bias_ih_l\(layer)\(suffix)", [rows]).values
      let second = try tensor("\(name).bias_hh_l\(layer)\(suffix)", [rows]).values
      for parameter in engine.parameters {
        let shape = engine.shape(of: parameter)
        let key = parameterName(parameter, layer: layer, reverse: run.isReverse)
        if layout.hasProjection, parameter.symbol == "W.hr" {
          result[key] = try tensor("\(name).weight_hr_l\(layer)\(suffix)", shape)
          continue
        }
        if !parameter.isMatrix, let gate = layout.separateBias.first(where: { $0.value == parameter.name })?.key {
          let begin = (layout.gates.firstIndex(of: gate) ?? 0) * hidden
          result[key] = Tensor(second[begin..<begin + hidden], shape: shape)
          continue
        }
        let gate = layout.gates.firstIndex(of: String(parameter.name.suffix(1))) ?? 0
        let begin = gate * hidden
        if parameter.isMatrix {
          let source = parameter.name.hasPrefix("x") ? ih : hh
          result[key] = source.rows(begin..<begin + hidden)
        } else if layout.separateBias[layout.gates[gate]] != nil {
          result[key] = Tensor(first[begin..<begin + hidden], shape: shape)
        } else {
          result[key] = Tensor((begin..<begin + hidden).map { first[$0] + second[$0] }, shape: shape)
        }
      }
    }
    return result
  }
}
