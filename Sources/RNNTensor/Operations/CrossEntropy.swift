import CRNNKernels

/// A cross-entropy in its parts.
public struct CrossEntropy {
  /// The mean over the counted targets, in nats: a single number. 0 if none counts. Of a part, its contribution to the mean
  /// over all.
  public let mean: Variable
  /// The loss of each target, in nats; 0 where it is ignored. In the shape of the targets.
  public let losses: Tensor
  /// How many targets count, those of other parts included.
  public let count: Int

  /// One cross-entropy that was computed in parts, each of which knew the count of all: the same bits as in one.
  ///
  /// - Parameter parts: the means and losses of the parts in the order of their rows.
  public static func joined(_ parts: [(mean: Variable, losses: Tensor)], count: Int) -> CrossEntropy {
    let losses = Tensor(shape: [parts.reduce(0) { $0 + $1.losses.count }], writing: { z in
      var z = z
      for (_, losses) in parts {
        losses.withPointer { z.update(from: $0, count: losses.count) }
        z += losses.count
      }
    })
    let mean = Tape.record(inputs: parts.map(\.mean), output: Self.mean(losses, count: count)) { upstream, needs in
      needs.map { $0 ? upstream : nil }
    }
    return CrossEntropy(mean: mean, losses: losses, count: count)
  }

  static func mean(_ losses: Tensor, count: Int) -> Tensor { Tensor(Float(losses.sumOfValues() / Double(max(count, 1)))) }
}

/// The cross-entropy of softmax(logits) with the targets: −log softmax(x)ₜ, averaged over the targets that count.
///
/// - Parameters:
///   - logits: `[…, V]`.
///   - targets: one number below V for each row of logits; below 0 it is ignored.
///   - total: the number of counted targets that the mean is over, where these are a part of them.
///   - weights: how much each target counts in the mean, which is then Σ w · loss / Σ w over those that count, as PyTorch's with
///     class weights. The losses given back are without them.
///   - smoothing: label smoothing (Szegedy et al. 2016): the part ε of the probability that every target shares evenly with all V
///     classes. Its loss is (1 − ε) times that of the target and ε times the mean of all classes', as PyTorch's.
public func softmaxCrossEntropy(
  _ logits: Variable, _ targets: [Int32], of total: Int? = nil, weights: [Float]? = nil, smoothing: Float = 0
) -> CrossEntropy {
  let n = logits.shape.last ?? 0
  precondition(
    n > 0 && targets.count * n == logits.value.count, "\(targets.count) targets don't fit logits of shape \(logits.shape)")
  precondition(targets.allSatisfy { $0 < n }, "a target is not below the number of classes, \(n)")
  let count = total ?? targets.reduce(0) { $1 < 0 ? $0 : $0 + 1 }
  let scale = 1 / Float(max(count, 1))
  // Of each row, what its loss is multiplied by.
  let scales = weights.map { weights in
    precondition(weights.count == targets.count && total == nil, "\(weights.count) weights for \(targets.count) targets")
    let sum = zip(weights, targets).reduce(0.0) { $1.1 < 0 ? $0 : $0 + Double($1.0) }
    return weights.map { sum > 0 ? Float(Double($0) / sum) : 0 }
  }

  // The gradient falls out of the same pass over the logits, so it is taken now and the logits need not be kept.
  var losses = Tensor(zeros: logits.shape.dropLast())
  var gradient = logits.requiresGradient ? Tensor(shape: logits.shape, writing: { _ in }) : nil
  func run(_ gradient: UnsafeMutablePointer<Float>?) {
    losses.withMutablePointer { losses in
      logits.value.withPointer { x in
        targets.withUnsafeBufferPointer { targets in
          Threads.blocks(of: targets.count, size: Threads.blockSize / n) { block in
            guard let target = targets.baseAddress else { return }
            let i = block.lowerBound
            guard let scales else {
              return rnn_softmax_cross_entropy(
                x + i * n, target + i, Int32(block.count), Int32(n), smoothing, scale, losses + i, gradient.map { $0 + i * n })
            }
            for i in block {
              rnn_softmax_cross_entropy(x + i * n, target + i, 1, Int32(n), smoothing, scales[i], losses + i, gradient.map { $0 + i * n })
            }
          }
        }
      }
    }
  }
  if gradient != nil {
    gradient?.withMutablePointer { run($0) }
  } else {
    run(nil)
  }

  let mean = scales.map { scales in
    Tensor(Float(zip(scales, losses.values).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }))
  }
  let recorded = Tape.record(inputs: [logits], output: mean ?? CrossEntropy.mean(losses, count: count)) { [gradient] upstream, _ in
    [upstream.item == 1 ? gradient : gradient?.scaled(by: upstream.item)]
  }
  return CrossEntropy(mean: recorded, losses: losses, count: count)
}
