/// Cells from the literature and odd ones, written as a user would, to show that no cell is special.
public enum TestCells {
  public static let all = [indRNN, sLSTM, rgLRU, minGRU, statesThatMove, everyOperation]

  /// Li et al. (2018): every unit has a recurrent weight of its own.
  public static let indRNN = Cell("indrnn", state: "h") { x, s, W, b in
    ["h": relu(W.xh * x + b.u * s.h + b.h)]
  }

  /// Beck et al. (2024): exponential gates with a normaliser and a stabiliser.
  public static let sLSTM = Cell("slstm", state: "h", "c", "n", "m") { x, s, W, b in
    let i = W.xi * x + W.hi * s.h + b.i
    let f = W.xf * x + W.hf * s.h + b.f
    let z = tanh(W.xz * x + W.hz * s.h + b.z)
    let o = sigmoid(W.xo * x + W.ho * s.h + b.o)
    let logForget = -softplus(-f)
    let m = max(logForget + s.m, i)
    let inputGate = exp(i - m), forgetGate = exp(logForget + s.m - m)
    let c = forgetGate * s.c + inputGate * z
    let n = forgetGate * s.n + inputGate
    return ["h": o * c / max(n, exp(-m)), "c": c, "n": n, "m": m]
  }

  /// De et al. (2024): a gated linear recurrence.
  public static let rgLRU = Cell("rg-lru", state: "h") { x, s, W, b in
    let v = W.xv * x
    let r = sigmoid(W.xa * x + b.a)
    let i = sigmoid(W.xi * x + b.i)
    let a = exp(-8 * softplus(b.l) * r)
    return ["h": a * s.h + sqrt(1 - a * a + 1e-6) * (i * v)]
  }

  /// Feng et al. (2024): gates that don't see the state.
  public static let minGRU = Cell("mingru", state: "h") { x, s, W, b in
    let z = sigmoid(W.xz * x + b.z)
    return ["h": (1 - z) * s.h + z * (W.xh * x + b.h)]
  }

  /// States that only move on, in a circle: nothing may be overwritten before it is read.
  public static let statesThatMove = Cell("moving", state: "h", "a", "d") { x, s, W, b in
    ["h": tanh(W.xh * x + W.dh * s.d), "a": s.h, "d": s.a]
  }

  /// Everything a cell may say, once.
  public static let everyOperation = Cell("everything", state: "h", Cell.State("c", initial: .constant(0.5)), output: "y") { x, s, W, b in
    let u = W.xu * x + W.xu * s.h.appliedBy(W.hx) + b.u
    let a = abs(u) + 0.5
    let l = log(a) - sqrt(a) * 0.3 + exp(-a)
    let n = normalized(l + s.c) * b.g
    let k = highest(s.h) + sum(s.c) * 0.1 + mean(u)
    let m = min(n, l) + max(s.h * 0.5, u / (1 + a))
    let h = tanh(m + W.mm * (m * s.h) * k + stopGradient(s.c) * 0.1)
    let c = sigmoid(W.hc * h + s.c / 2) - softplus(n) * 0.2 + s.step * 0.01
    return ["h": h, "c": c, "y": relu(h) + W.cy * c + h * s.c]
  }
}

extension Vector {
  /// The vector through a matrix, written behind it.
  func appliedBy(_ matrix: Matrix) -> Vector { matrix * self }
}
