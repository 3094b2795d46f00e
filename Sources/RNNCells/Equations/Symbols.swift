// What a cell's equations are written with. A closure over these symbols runs once and leaves a graph.

/// A vector of units in a cell's equations. `*` between vectors is element by element (⊙).
public struct Vector {
  let builder: GraphBuilder
  let node: Int
}

/// A weight matrix in a cell's equations: it can only be applied to a vector, as in `W.xh * x`.
public struct Matrix {
  let builder: GraphBuilder
  let name: String
}

/// A cell's matrices: `W.xh` is the matrix named `xh`.
@dynamicMemberLookup
public struct Matrices {
  let builder: GraphBuilder
  public subscript(dynamicMember name: String) -> Matrix { Matrix(builder: builder, name: name) }
  public subscript(_ name: String) -> Matrix { Matrix(builder: builder, name: name) }
}

/// A cell's vectors of parameters – biases, peepholes, gains: `b.h` is the vector named `h`.
@dynamicMemberLookup
public struct Vectors {
  let builder: GraphBuilder
  public subscript(dynamicMember name: String) -> Vector { self[name] }
  public subscript(_ name: String) -> Vector { Vector(builder: builder, node: builder.vector(name)) }
}

/// What arrives at a step: the states of the step before (`s.h`) and further inputs by their names.
@dynamicMemberLookup
public struct Arriving {
  let builder: GraphBuilder

  public subscript(dynamicMember name: String) -> Vector { self[name] }
  public subscript(_ name: String) -> Vector {
    if let node = builder.declared(name) { return Vector(builder: builder, node: node) }
    builder.fail("\(name) is neither a state nor an input; declared are \((builder.states.map(\.name) + builder.inputs).joined(separator: ", "))")
    return Vector(builder: builder, node: builder.constant(0))
  }

  /// The index of the step in its sequence, from 0.
  public var step: Vector { Vector(builder: builder, node: builder.step()) }
}

extension Matrix {
  /// The matrix applied to a vector.
  public static func * (w: Matrix, v: Vector) -> Vector { Vector(builder: w.builder, node: w.builder.product(w.name, v.node)) }

  @available(*, unavailable, message: "a matrix is applied from the left: write W.name * (r * s.h), or (W.name * s.h) * r")
  public static func * (v: Vector, w: Matrix) -> Vector { v }

  @available(*, unavailable, message: "a product of two matrices is not a step's work; apply one after the other: W.a * (W.b * x)")
  public static func * (a: Matrix, b: Matrix) -> Matrix { a }

  @available(*, unavailable, message: "a matrix must be applied to a vector before it can be added: W.name * x + …")
  public static func + (w: Matrix, v: Vector) -> Vector { v }
}

extension Vector {
  private static func binary(_ operation: Operation, _ a: Vector, _ b: Vector) -> Vector {
    Vector(builder: a.builder, node: a.builder.binary(operation, a.node, b.node))
  }

  private func constant(_ value: Double) -> Vector { Vector(builder: builder, node: builder.constant(value)) }

  public static func + (a: Vector, b: Vector) -> Vector { binary(.add, a, b) }
  public static func - (a: Vector, b: Vector) -> Vector { binary(.subtract, a, b) }
  public static func * (a: Vector, b: Vector) -> Vector { binary(.multiply, a, b) }
  public static func / (a: Vector, b: Vector) -> Vector { binary(.divide, a, b) }
  public static prefix func - (a: Vector) -> Vector { a.unary(.negate) }

  public static func + (a: Vector, b: Double) -> Vector { a + a.constant(b) }
  public static func + (a: Double, b: Vector) -> Vector { b.constant(a) + b }
  public static func - (a: Vector, b: Double) -> Vector { a - a.constant(b) }
  public static func - (a: Double, b: Vector) -> Vector { b.constant(a) - b }
  public static func * (a: Vector, b: Double) -> Vector { a * a.constant(b) }
  public static func * (a: Double, b: Vector) -> Vector { b.constant(a) * b }
  public static func / (a: Vector, b: Double) -> Vector { a / a.constant(b) }
  public static func / (a: Double, b: Vector) -> Vector { b.constant(a) / b }

  func unary(_ operation: Operation) -> Vector { Vector(builder: builder, node: builder.unary(operation, node)) }
}

public func exp(_ v: Vector) -> Vector { v.unary(.exp) }
public func log(_ v: Vector) -> Vector { v.unary(.log) }
/// log(1 + exp(v))
public func softplus(_ v: Vector) -> Vector { v.unary(.softplus) }
public func sqrt(_ v: Vector) -> Vector { v.unary(.sqrt) }
public func abs(_ v: Vector) -> Vector { v.unary(.abs) }
/// max(v, 0)
public func relu(_ v: Vector) -> Vector { v.unary(.relu) }
/// 1 / (1 + exp(−v))
public func sigmoid(_ v: Vector) -> Vector { v.unary(.sigmoid) }
public func tanh(_ v: Vector) -> Vector { v.unary(.tanh) }

/// The smaller of two values, unit by unit.
public func min(_ a: Vector, _ b: Vector) -> Vector { Vector(builder: a.builder, node: a.builder.binary(.minimum, a.node, b.node)) }
/// The larger of two values, unit by unit.
public func max(_ a: Vector, _ b: Vector) -> Vector { Vector(builder: a.builder, node: a.builder.binary(.maximum, a.node, b.node)) }

/// The sum over the units: one number.
public func sum(_ v: Vector) -> Vector { v.unary(.sum) }
/// The mean over the units: one number.
public func mean(_ v: Vector) -> Vector { v.unary(.mean) }
/// The largest unit: one number.
public func highest(_ v: Vector) -> Vector { v.unary(.highest) }

/// Layer normalisation without gain and bias (Ba, Kiros & Hinton 2016): (v − mean) / √(variance + ε), over the units.
public func normalized(_ v: Vector, epsilon: Double = 1e-5) -> Vector {
  let centred = v - mean(v)
  return centred / sqrt(mean(centred * centred) + epsilon)
}

/// The value, as a constant for the derivative.
public func stopGradient(_ v: Vector) -> Vector { v.unary(.stop) }

/// While training, zero with probability `rate`, else scaled by 1 / (1 − rate); a new mask at each step, or one for the sequence.
public func dropout(_ v: Vector, rate: Double, perSequence: Bool = false) -> Vector {
  Vector(builder: v.builder, node: v.builder.dropout(v.node, rate: rate, perSequence: perSequence))
}

/// While training, `old` instead of `new` with probability `rate`, unit by unit; their mean otherwise (Krueger et al. 2017).
public func zoneout(_ new: Vector, _ old: Vector, rate: Double) -> Vector {
  Vector(builder: new.builder, node: new.builder.zoneout(new.node, old.node, rate: rate))
}
