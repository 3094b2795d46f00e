import CRNNKernels
public import RNNTensor

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Connectionist temporal classification (Graves et al. 2006): sequences are labelled without saying which step is which token.
///
/// At every step a network says one of the tokens or nothing, the blank; a path through the steps is read by taking repeats together
/// and then leaving the blanks out. The probability of a text is that of all paths that read as it.
public enum CTC {
  /// The fewest steps in which a target can be said: equal neighbours need a blank between them.
  public static func stepsNeeded(_ target: [Int]) -> Int {
    target.count + zip(target, target.dropFirst()).reduce(0) { $0 + ($1.0 == $1.1 ? 1 : 0) }
  }

  /// −ln p(target) of each row, in nats: `[B]`.
  ///
  /// Logits behind a row's steps are never read, and their gradient is 0. No bit of a row depends on the other rows.
  ///
  /// - Parameters:
  ///   - logits: `[T, B, C]`, unnormalised: their softmax is taken here.
  ///   - lengths: the steps of each row, from 0 to T.
  ///   - targets: for each row its classes without blanks, which need no more than the row's steps (``stepsNeeded(_:)``).
  ///   - blank: the class that says nothing.
  public static func loss(_ logits: Variable, lengths: [Int], targets: [[Int]], blank: Int) -> Variable {
    precondition(logits.shape.count == 3, "logits are [T, B, C], not of the shape \(logits.shape)")
    let (steps, batch, classes) = (logits.shape[0], logits.shape[1], logits.shape[2])
    precondition(0..<classes ~= blank, "the blank is one of \(classes) classes, not \(blank)")
    precondition(
      lengths.count == batch && targets.count == batch, "\(lengths.count) lengths and \(targets.count) targets for \(batch) rows")
    for (length, target) in zip(lengths, targets) {
      precondition(0...steps ~= length, "a row can't have \(length) of \(steps) steps")
      precondition(target.allSatisfy { 0..<classes ~= $0 && $0 != blank }, "a target has a class that is none of the tokens")
      precondition(stepsNeeded(target) <= length, "a target that needs \(stepsNeeded(target)) steps has only \(length)")
    }

    // The gradient falls out of the same pass, so it is taken now and nothing else is kept.
    var gradient = logits.requiresGradient ? Tensor(shape: logits.shape, writing: { _ in }) : nil
    func losses(_ gradient: UnsafeMutablePointer<Float>?) -> Tensor {
      Tensor(shape: [batch], writing: { losses in
        logits.value.withPointer { x in
          Threads.parallel(batch) { row in
            let paths = CTCPaths(target: targets[row], blank: blank, steps: lengths[row], classes: classes)
            losses[row] = Float(
              paths.loss(x + row * classes, stride: batch * classes, gradient: gradient.map { $0 + row * classes }, allSteps: steps))
          }
        }
      })
    }
    let all = gradient == nil ? losses(nil) : gradient?.withMutablePointer { losses($0) } ?? losses(nil)
    return Tape.record(inputs: [logits], output: all) { [gradient] upstream, _ in
      guard let gradient else { return [nil] }
      return [
        Tensor(shape: gradient.shape, writing: { z in
          gradient.withPointer { g in
            upstream.withPointer { scale in
              Threads.blocks(of: steps * batch, size: Threads.blockSize / classes) { block in
                for i in block { for j in i * classes..<(i + 1) * classes { z[j] = scale[i % batch] * g[j] } }
              }
            }
          }
        })
      ]
    }
  }

  /// ln softmax(logits), `[…, C]`: what decoders take. The bits of a row are its own.
  public static func logProbabilities(_ logits: Tensor) -> Tensor {
    let classes = logits.shape.last ?? 0, rows = logits.count / max(classes, 1)
    return Tensor(shape: logits.shape, writing: { z in
      logits.withPointer { x in
        Threads.blocks(of: rows, size: Threads.blockSize / max(classes, 1)) { block in
          for i in block {
            let (x, z) = (x + i * classes, z + i * classes)
            let total = logTotal(x, classes, probabilities: z)
            for j in 0..<classes { z[j] = Float(Double(x[j]) - total) }
          }
        }
      }
    })
  }

  /// Writes softmax(x), and gives ln Σ eˣ.
  fileprivate static func logTotal(_ x: UnsafePointer<Float>, _ count: Int, probabilities: UnsafeMutablePointer<Float>) -> Double {
    rnn_softmax(x, 1, Int32(count), 1, probabilities)
    // The largest probability is at least 1 / count, so its logarithm is exact where others would underflow.
    var largest = 0
    for j in 1..<max(count, 1) where x[j] > x[largest] { largest = j }
    return Double(x[largest]) - log(Double(probabilities[largest]))
  }
}

/// The paths of one row that read as its target, in logarithms of double precision.
///
/// A path goes through the states blank, first token, blank, second token, …, blank: 2 L + 1 of them.
private struct CTCPaths {
  /// The class of each state.
  let labels: [Int]
  /// Whether a state may follow the one two before it: a token after another token.
  let skips: [Bool]
  let steps: Int
  let classes: Int

  init(target: [Int], blank: Int, steps: Int, classes: Int) {
    let labels = [blank] + target.flatMap { [$0, blank] }
    self.labels = labels
    skips = labels.indices.map { $0 >= 2 && labels[$0] != blank && labels[$0] != labels[$0 - 2] }
    (self.steps, self.classes) = (steps, classes)
  }

  /// The states that a path can be in at a step, having begun at the first two and ending at the last two.
  private func states(at step: Int) -> Range<Int> {
    max(0, labels.count - 2 * (steps - step))..<min(labels.count, 2 * (step + 1))
  }

  /// −ln p of the target. Writes the derivative with respect to the logits, 0 behind the row's steps.
  func loss(_ x: UnsafePointer<Float>, stride: Int, gradient: UnsafeMutablePointer<Float>?, allSteps: Int) -> Double {
    if let gradient { for t in steps..<allSteps { (gradient + t * stride).update(repeating: 0, count: classes) } }
    guard steps > 0 else { return 0 }
    let count = labels.count
    return withUnsafeTemporaryAllocation(of: Float.self, capacity: classes) { row in
      withUnsafeTemporaryAllocation(of: Double.self, capacity: (2 * steps + 2) * count) { numbers in
        guard let row = row.baseAddress, let emitted = numbers.baseAddress else { return .nan }
        // ln p of each state's class, and of all ways to a state, that of its own step included.
        let forward = emitted + steps * count
        numbers.initialize(repeating: -.infinity)
        for t in 0..<steps {
          let x = x + t * stride, total = CTC.logTotal(x, classes, probabilities: gradient.map { $0 + t * stride } ?? row)
          let (emitted, before, now) = (emitted + t * count, forward + (t - 1) * count, forward + t * count)
          for s in states(at: t) {
            emitted[s] = Double(x[labels[s]]) - total
            if t == 0 {
              now[s] = emitted[s]
            } else {
              now[s] = emitted[s] + logSum(before[s], s > 0 ? before[s - 1] : -.infinity, skips[s] ? before[s - 2] : -.infinity)
            }
          }
        }
        let last = forward + (steps - 1) * count
        let whole = logSum(last[count - 1], count > 1 ? last[count - 2] : -.infinity, -.infinity)
        if let gradient {
          subtractOccupancy(of: emitted, forward: forward, whole: whole, backward: forward + steps * count, from: gradient, stride: stride)
        }
        return -whole
      }
    }
  }

  /// Takes from the probability of each class that of a path being in one of its states: what is left is the derivative.
  ///
  /// - Parameter backward: room for ln p of all ways from a state to the end, without its own step's, at two steps.
  private func subtractOccupancy(
    of emitted: UnsafePointer<Double>, forward: UnsafePointer<Double>, whole: Double, backward: UnsafeMutablePointer<Double>,
    from gradient: UnsafeMutablePointer<Float>, stride: Int
  ) {
    let count = labels.count
    var now = backward, after = backward + count
    for t in (0..<steps).reversed() {
      // At the step after, plus what is emitted there.
      if t + 1 < steps { for s in states(at: t + 1) { after[s] += emitted[(t + 1) * count + s] } }
      for s in states(at: t) {
        if t + 1 == steps {
          now[s] = 0
        } else {
          now[s] = logSum(
            after[s], s + 1 < count ? after[s + 1] : -.infinity, s + 2 < count && skips[s + 2] ? after[s + 2] : -.infinity)
        }
        gradient[t * stride + labels[s]] -= Float(exp(forward[t * count + s] + now[s] - whole))
      }
      (now, after) = (after, now)
      now.update(repeating: -.infinity, count: count)
    }
  }
}

/// ln(eᵃ + eᵇ + eᶜ), without overflow.
private func logSum(_ a: Double, _ b: Double, _ c: Double) -> Double {
  let highest = max(a, max(b, c))
  return highest == -.infinity ? highest : highest + log(exp(a - highest) + exp(b - highest) + exp(c - highest))
}
