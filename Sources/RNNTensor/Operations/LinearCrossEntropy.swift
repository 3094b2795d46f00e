import CRNNKernels

/// The cross-entropy of softmax(x Wᵀ + b) with the targets: ``linear(_:_:_:)`` and ``softmaxCrossEntropy(_:_:of:weights:smoothing:)`` in one.
///
/// Where there are many classes, their logits are never seen as a whole: a block of classes is used while it is in the
/// caches, forward and backward, and what is kept for the gradient is one number for each row and class – none, where no
/// gradient is asked for. Losses and gradients of a row don't depend on the other rows, to the bit.
///
/// - Parameters:
///   - x: `[…, I]`.
///   - weight: `[V, I]`.
///   - bias: `[V]`.
///   - targets: one number below V for each row of x; below 0 it is ignored.
///   - total: the number of counted targets that the mean is over, where these are a part of them.
///   - smoothing: the part of the probability that every target shares with all classes (``softmaxCrossEntropy(_:_:of:weights:smoothing:)``).
public func linearCrossEntropy(
  _ x: Variable, _ weight: Variable, _ bias: Variable? = nil, _ targets: [Int32], of total: Int? = nil, smoothing: Float = 0
) -> CrossEntropy {
  precondition(
    x.shape.count >= 1 && weight.shape.count == 2 && x.shape.last == weight.shape[1],
    "a matrix of shape \(weight.shape) can't be applied to rows of the shape \(x.shape)")
  let classes = weight.shape[0], inputs = weight.shape[1]
  guard classes >= leastClasses, inputs > 0, !targets.isEmpty else {
    return softmaxCrossEntropy(linear(x, weight, bias), targets, of: total, smoothing: smoothing)
  }
  precondition(bias.map { $0.shape == [classes] } ?? true, "a bias for \(classes) outputs has the shape [\(classes)]")
  precondition(targets.count * inputs == x.value.count, "\(targets.count) targets don't fit rows of the shape \(x.shape)")
  precondition(targets.allSatisfy { $0 < classes }, "a target is not below the number of classes, \(classes)")
  let count = total ?? targets.reduce(0) { $1 < 0 ? $0 : $0 + 1 }

  let variables = [x, weight] + (bias.map { [$0] } ?? [])
  let layer = ClassLayer(
    x: x.value, weight: weight.value, bias: bias?.value, targets: targets, smoothing: smoothing,
    forGradients: variables.contains(where: \.requiresGradient))
  let losses = layer.losses(shape: x.shape.dropLast())
  let mean = Tape.record(inputs: variables, output: CrossEntropy.mean(losses, count: count), accumulate: { upstream, needs, sums in
    layer.addGradients(scale: upstream.item / Float(max(count, 1)), needs: needs, to: &sums)
  })
  return CrossEntropy(mean: mean, losses: losses, count: count)
}

/// With fewer classes all logits fit into the caches, and there are too few blocks for the threads.
private let leastClasses = 1024

/// A linear layer with its cross-entropy, run by blocks of classes.
private final class ClassLayer {
  private let x, weight: Tensor
  private let bias: Tensor?
  private let targets: [Int32]
  private let rows, inputs, classes: Int
  private let blocks: Int
  private let exponentials: Tensor?
  private let parts: Tensor
  private let highest, sum: Tensor
  private let smoothing: Float
  private let totals: Tensor?

  init(x: Tensor, weight: Tensor, bias: Tensor?, targets: [Int32], smoothing: Float, forGradients: Bool) {
    (self.x, self.weight, self.bias, self.targets, self.smoothing) = (x, weight, bias, targets, smoothing)
    (rows, inputs, classes) = (targets.count, weight.shape[1], weight.shape[0])
    blocks = (classes + Int(RNN_CLASS_BLOCK) - 1) / Int(RNN_CLASS_BLOCK)
    exponentials = forGradients ? Tensor(shape: [blocks, rows, Int(RNN_CLASS_BLOCK)], writing: { _ in }) : nil
    parts = Tensor(shape: [blocks, 2, rows], writing: { _ in })
    totals = smoothing > 0 ? Tensor(shape: [blocks, rows], writing: { _ in }) : nil
    highest = Tensor(shape: [rows], writing: { _ in })
    sum = Tensor(shape: [rows], writing: { _ in })
  }

  /// Computes the losses, each target's own.
  func losses(shape: [Int]) -> Tensor {
    let atTarget = Tensor(zeros: [rows])
    return Tensor(shape: shape, writing: { losses in
      withLayer { layer in
        var layer = layer
        atTarget.withPointer { layer.at_target = UnsafeMutablePointer(mutating: $0) }
        layer.losses = losses
        Threads.parallel(blocks) { [layer] block in withUnsafePointer(to: layer) { rnn_class_logits($0, Int32(block)) } }
        Threads.blocks(of: rows, size: max(1, Threads.blockSize / blocks)) { [layer] block in
          withUnsafePointer(to: layer) { rnn_class_losses($0, Int32(block.lowerBound), Int32(block.upperBound)) }
        }
      }
      withExtendedLifetime(atTarget) {}
    })
  }

  /// Adds the gradients of x, weight and bias where they are needed.
  func addGradients(scale: Float, needs: [Bool], to sums: inout [Tensor?]) {
    // The gradient of x is a sum over the classes in so many parts, each of them one chain.
    let groups = min(blocks, 16), lanes = (inputs + 15) / 16 * 16
    let partial = needs[0] ? Tensor(shape: [groups, rows, lanes], writing: { _ in }) : nil
    let packed = needs[1] ? packedRows() : nil
    let goesOn = sums[1] != nil || (sums.count > 2 && sums[2] != nil)
    var ofWeight = needs[1] ? sums[1].take() ?? (goesOn ? Tensor(zeros: [classes, inputs]) : Tensor(shape: [classes, inputs], writing: { _ in })) : nil
    var ofBias = bias != nil && needs[2] ? sums[2].take() ?? (goesOn ? Tensor(zeros: [classes]) : Tensor(shape: [classes], writing: { _ in })) : nil
    withLayer { layer in
      var of = rnn_class_gradients_of()
      of.scale = scale
      of.accumulate = goesOn
      ofWeight?.withMutablePointer { of.weight = $0 }
      ofBias?.withMutablePointer { of.bias = $0 }
      packed?.withPointer { of.packed_x = $0 }
      partial?.withPointer { of.x = UnsafeMutablePointer(mutating: $0) }
      Threads.parallel(groups) { [of] index in
        // What was written last is still in the caches.
        let group = groups - 1 - index
        var of = of
        if let x = of.x { of.x = x + group * rows * lanes }
        withUnsafePointer(to: layer) {
          rnn_class_gradients($0, Int32(blocks * group / groups), Int32(blocks * (group + 1) / groups), &of)
        }
      }
      withExtendedLifetime((partial, packed)) {}
    }
    if let partial { Tape.add(summed(partial, groups: groups, lanes: lanes), to: &sums[0]) }
    if needs[1] { sums[1] = ofWeight }
    if bias != nil, needs[2] { sums[2] = ofBias }
  }

  /// The rows of x as the gradient of the weights takes them.
  private func packedRows() -> Tensor {
    let width = rnn_packed_size(1, Int32(inputs))
    var packed = Tensor(shape: [rows, width], writing: { _ in })
    let most = Int(RNN_CLASS_ROWS)
    packed.withMutablePointer { to in
      x.withPointer { x in
        for first in stride(from: 0, to: rows, by: most) {
          let count = min(most, rows - first), panel = Int(rnn_panel_columns())
          // What fills up the last panel.
          if width > inputs { (to + first * width + (width - panel) * count).update(repeating: 0, count: panel * count) }
          rnn_pack(to + first * width, Int32(count), 0, Int32(inputs), x + (first + count - 1) * inputs, -inputs, 1)
        }
      }
    }
    return packed
  }

  /// The sum of the parts, one after the other.
  private func summed(_ partial: Tensor, groups: Int, lanes: Int) -> Tensor {
    Tensor(shape: x.shape, writing: { to in
      partial.withPointer { parts in
        Threads.blocks(of: rows, size: max(1, Threads.blockSize / lanes)) { block in
          withUnsafeTemporaryAllocation(of: Float.self, capacity: lanes) { row in
            guard let row = row.baseAddress else { return }
            for i in block {
              rnn_column_sums(parts + i * lanes, rows * lanes, Int32(groups), Int32(lanes), row, false)
              (to + i * inputs).update(from: row, count: inputs)
            }
          }
        }
      }
    })
  }

  private func withLayer(_ body: (rnn_class_layer) -> Void) {
    x.withPointer { x in
      weight.withPointer { weight in
        targets.withUnsafeBufferPointer { targets in
          var layer = rnn_class_layer()
          (layer.rows, layer.inputs, layer.classes) = (Int32(rows), Int32(inputs), Int32(classes))
          (layer.x, layer.weight, layer.targets) = (x, weight, targets.baseAddress)
          func mutable(_ tensor: Tensor) -> UnsafeMutablePointer<Float> { tensor.withPointer { UnsafeMutablePointer(mutating: $0) } }
          bias?.withPointer { layer.bias = $0 }
          layer.smoothing = smoothing
          if let exponentials { layer.exponentials = mutable(exponentials) }
          if let totals { layer.totals = mutable(totals) }
          (layer.parts, layer.highest, layer.sum) = (mutable(parts), mutable(highest), mutable(sum))
          body(layer)
          withExtendedLifetime(self) {}
        }
      }
    }
  }
}
