/// How a sequence becomes one row.
public enum Pooling: String, Sendable, Hashable, Codable, CaseIterable {
  /// The row's last step.
  case last
  /// The mean over the row's steps.
  case mean
  /// The largest over the row's steps, unit by unit; its gradient flows to the first that is as large.
  case max
}

/// Each row of a sequence as one, over its own steps.
///
/// - Parameters:
///   - x: `[T, B, U]`.
///   - lengths: the steps of each row, from 0 to T; nil: T each. What stands behind a row's end is not read.
/// - Returns: `[B, U]`; a row without steps gives zeros.
public func pool(_ x: Variable, _ pooling: Pooling, lengths: [Int]? = nil) -> Variable {
  precondition(x.shape.count == 3, "a sequence [T, B, U] is pooled, not the shape \(x.shape)")
  let (steps, batch, units) = (x.shape[0], x.shape[1], x.shape[2])
  let lengths = lengths ?? Array(repeating: steps, count: batch)
  precondition(lengths.count == batch, "there are \(lengths.count) lengths for \(batch) rows")
  precondition(
    lengths.allSatisfy { $0 >= 0 && $0 <= steps }, "a length is from 0 to the \(steps) steps that there are; found \(lengths)")
  let time = batch * units, size = Threads.blockSize / max(steps * units, 1)

  // The step of each unit's maximum.
  var places = [Int32](repeating: 0, count: pooling == .max ? batch * units : 0)
  let pooled = Tensor(shape: [batch, units], writing: { y in
    x.value.withPointer { x in
      places.withUnsafeMutableBufferPointer { places in
        Threads.blocks(of: batch, size: size) { rows in
          for b in rows {
            let (from, to, count) = (x + b * units, y + b * units, lengths[b])
            if count == 0 {
              to.update(repeating: 0, count: units)
              continue
            }
            to.update(from: pooling == .last ? from + (count - 1) * time : from, count: units)
            if pooling == .last { continue }
            for t in 1..<max(count, 1) {
              let row = from + t * time
              if pooling == .mean {
                for j in 0..<units { to[j] += row[j] }
              } else {
                // A NaN counts as the largest, so that it is seen.
                for j in 0..<units where row[j] > to[j] || (row[j].isNaN && !to[j].isNaN) {
                  to[j] = row[j]
                  places[b * units + j] = Int32(t)
                }
              }
            }
            if pooling == .mean { for j in 0..<units { to[j] /= Float(count) } }
          }
        }
      }
    }
  })
  return Tape.record(inputs: [x], output: pooled) { [places] gradient, _ in
    [
      Tensor(shape: [steps, batch, units], writing: { z in
        gradient.withPointer { g in
          Threads.blocks(of: batch, size: size) { rows in
            for b in rows {
              let (from, to, count) = (g + b * units, z + b * units, lengths[b])
              for t in 0..<steps {
                let row = to + t * time
                switch pooling {
                case .mean where t < count: for j in 0..<units { row[j] = from[j] / Float(count) }
                case .last where t == count - 1: row.update(from: from, count: units)
                default: row.update(repeating: 0, count: units)
                }
              }
              if pooling == .max, count > 0 {
                for j in 0..<units { to[Int(places[b * units + j]) * time + j] = from[j] }
              }
            }
          }
        }
      })
    ]
  }
}
