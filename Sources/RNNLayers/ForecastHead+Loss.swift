public import RNNTensor

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A loss of forecasts in its parts.
public struct ForecastLoss {
  /// The mean over the targets that aren't missing: a single number, 0 if all are.
  public let mean: Variable
  /// The loss of each target, 0 where it is missing; in the shape of the targets.
  public let losses: Tensor
  /// How many targets aren't missing.
  public let count: Int
}

extension ForecastHead {
  /// How far forecasts are from what came: for a distribution −ln of the density, for quantiles twice the mean of the pinball
  /// losses (of the median alone, the absolute error), else the absolute or squared error.
  ///
  /// - Parameters:
  ///   - numbers: `[…, count]`, what the network gave.
  ///   - targets: `[…]`; NaN where the value is missing: it is left out.
  public func loss(_ numbers: Variable, _ targets: Tensor) -> ForecastLoss {
    let n = count, rows = targets.count
    precondition(
      numbers.shape == targets.shape + [n], "targets of the shape \(targets.shape) for forecasts of the shape \(numbers.shape), \(n) for each")
    let counted = targets.withPointer { t in (0..<rows).reduce(0) { $0 + (t[$1].isNaN ? 0 : 1) } }
    let weight = 1 / Double(max(counted, 1))
    // The gradient falls out of the same pass, so it is taken now and nothing else is kept.
    var gradient = numbers.requiresGradient ? Tensor(shape: numbers.shape, writing: { _ in }) : nil
    func losses(_ gradient: UnsafeMutablePointer<Float>?) -> Tensor {
      Tensor(shape: targets.shape, writing: { losses in
        numbers.value.withPointer { x in
          targets.withPointer { t in
            Threads.blocks(of: rows, size: Threads.blockSize / (16 * n)) { block in
              withUnsafeTemporaryAllocation(of: Double.self, capacity: n) { slopes in
                for i in block {
                  if t[i].isNaN {
                    losses[i] = 0
                    if let gradient { (gradient + i * n).update(repeating: 0, count: n) }
                    continue
                  }
                  losses[i] = Float(loss(x + i * n, Double(t[i]), slopes))
                  if let gradient { for j in 0..<n { gradient[i * n + j] = Float(weight * slopes[j]) } }
                }
              }
            }
          }
        }
      })
    }
    let all = gradient == nil ? losses(nil) : gradient?.withMutablePointer { losses($0) } ?? losses(nil)
    let mean = Tape.record(inputs: [numbers], output: Tensor(Float(all.sumOfValues() * weight))) { [gradient] upstream, _ in
      [upstream.item == 1 ? gradient : gradient?.scaled(by: upstream.item)]
    }
    return ForecastLoss(mean: mean, losses: all, count: counted)
  }

  /// The loss of one value, and its derivatives by the numbers.
  private func loss(_ x: UnsafePointer<Float>, _ target: Double, _ slopes: UnsafeMutableBufferPointer<Double>) -> Double {
    switch self {
    case .studentT:
      let (scale, v) = (Self.scale(x[1]), Self.degrees(x[2]))
      let z = (target - Double(x[0])) / scale, whole = v + z * z
      slopes[0] = -(v + 1) * z / (scale * whole)
      slopes[1] = (1 - (v + 1) * z * z / whole) / scale * logistic(Double(x[1]))
      let byDegrees = 0.5 * (digamma(v / 2) - digamma((v + 1) / 2) + 1 / v + log1p(z * z / v) - (v + 1) * z * z / (v * whole))
      slopes[2] = byDegrees * logistic(Double(x[2]))
      return log(scale) - StudentT.logDensity(z, degrees: v)
    case .gaussian:
      let scale = Self.scale(x[1]), z = (target - Double(x[0])) / scale
      slopes[0] = -z / scale
      slopes[1] = (1 - z * z) / scale * logistic(Double(x[1]))
      return log(scale) + 0.5 * (log(2 * Double.pi) + z * z)
    case .quantiles(let levels):
      var sum = 0.0
      let share = 2 / Double(levels.count)
      for (j, level) in levels.enumerated() {
        let error = target - Double(x[j])
        sum += max(level * error, (level - 1) * error)
        slopes[j] = share * (error > 0 ? -level : error < 0 ? 1 - level : 0)
      }
      return share * sum
    case .absolute:
      let error = target - Double(x[0])
      slopes[0] = error > 0 ? -1 : error < 0 ? 1 : 0
      return abs(error)
    case .squared:
      let error = target - Double(x[0])
      slopes[0] = -2 * error
      return error * error
    }
  }
}

// MARK: Moved

extension ForecastHead {
  /// The same distributions, each moved by a number: what a network says of the difference to something becomes what it says of
  /// the value.
  ///
  /// - Parameters:
  ///   - numbers: `[…, count]`.
  ///   - shift: `[…]`.
  public func moved(_ numbers: Variable, by shift: Variable) -> Variable {
    let (n, moving, rows) = (count, locations, shift.value.count)
    precondition(numbers.shape == shift.shape + [n], "forecasts of the shape \(numbers.shape) can't be moved by \(shift.shape)")
    let result = Tensor(shape: numbers.shape, writing: { z in
      numbers.value.withPointer { x in
        shift.value.withPointer { s in
          Threads.blocks(of: rows, size: Threads.blockSize / n) { block in
            for i in block {
              for j in 0..<moving { z[i * n + j] = x[i * n + j] + s[i] }
              for j in moving..<n { z[i * n + j] = x[i * n + j] }
            }
          }
        }
      }
    })
    return Tape.record(inputs: [numbers, shift], output: result) { [shape = shift.shape] gradient, needs in
      let sums = !needs[1] ? nil : Tensor(shape: shape, writing: { z in
        gradient.withPointer { g in
          Threads.blocks(of: rows, size: Threads.blockSize / n) { block in
            for i in block { z[i] = (0..<moving).reduce(0) { $0 + g[i * n + $1] } }
          }
        }
      })
      return [needs[0] ? gradient : nil, sums]
    }
  }
}
