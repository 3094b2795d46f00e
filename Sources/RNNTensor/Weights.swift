/// The parameters of a model by name, in the order in which they were added. Also their gradients and the optimiser's
/// moments: whatever has one tensor for a parameter.
public struct Weights: Sendable {
  /// The names in order.
  public private(set) var names: [String] = []
  /// The tensors in the order of the names. Code of this package changes the numbers in place here.
  public package(set) var tensors: [Tensor] = []
  private var positions: [String: Int] = [:]

  public init() {}

  public init(_ pairs: some Sequence<(String, Tensor)>) {
    for (name, tensor) in pairs { self[name] = tensor }
  }

  /// The number of tensors.
  public var count: Int { names.count }

  /// The number of numbers in all tensors.
  public var parameterCount: Int { tensors.reduce(0) { $0 + $1.count } }

  /// Where a name stands in `names` and `tensors`.
  public func position(of name: String) -> Int? { positions[name] }

  /// The tensor of that name. A new name is added at the end; `nil` removes it.
  public subscript(name: String) -> Tensor? {
    get { positions[name].map { tensors[$0] } }
    set {
      switch (positions[name], newValue) {
      case (let i?, let tensor?):
        tensors[i] = tensor
      case (nil, let tensor?):
        positions[name] = names.count
        names.append(name)
        tensors.append(tensor)
      case (let i?, nil):
        names.remove(at: i)
        tensors.remove(at: i)
        positions = Dictionary(uniqueKeysWithValues: zip(names, names.indices))
      case (nil, nil):
        break
      }
    }
  }

  /// Adds a layer's parameter under its name.
  ///
  /// Throws `.usage` if the name is taken: two layers of one name would share their parameters, and neither would say so. (To share
  /// them on purpose, use one layer twice.)
  public mutating func add(_ tensor: Tensor, named name: String, of layer: String) throws(RNNError) {
    guard positions[name] == nil else {
      throw RNNError(.usage, "two layers are named “\(layer)”: the parameter \(name) is there already; give one of them another name")
    }
    self[name] = tensor
  }

  /// The same names with other tensors.
  public func map(_ transform: (Tensor) throws -> Tensor) rethrows -> Weights {
    var result = self
    result.tensors = try tensors.map(transform)
    return result
  }

  /// Zeros of the same names and shapes.
  public func zeros() -> Weights { map { Tensor(zeros: $0.shape) } }

  /// Throws (`badData`) unless the names and shapes are those of `expected`; the message says the first difference.
  ///
  /// The order of the names doesn't matter.
  public func validate(like expected: Weights) throws {
    for (name, tensor) in zip(expected.names, expected.tensors) {
      guard let found = self[name] else { throw RNNError(.badData, "the tensor \(name) is missing") }
      if found.shape != tensor.shape {
        throw RNNError(.badData, "the tensor \(name) has the shape \(found.shape), expected was \(tensor.shape)")
      }
    }
    for name in names where expected.position(of: name) == nil {
      throw RNNError(.badData, "the tensor \(name) is not expected")
    }
  }
}

extension Weights: Equatable {
  /// The same names in the same order, equal shapes, equal bits.
  public static func == (a: Weights, b: Weights) -> Bool { a.names == b.names && a.tensors == b.tensors }
}

extension Weights: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, Tensor)...) { self.init(elements) }
}

/// The parameters of a model as values on a tape, by the same names.
public struct TapedWeights {
  /// All of them, those outside the scope too.
  private(set) var variables: [Variable]
  /// Where each name's variable stands.
  private var positions: [String: Int]
  private var prefix = ""

  /// Constants: for inference, with no tape.
  public init(constant weights: Weights) {
    self.init(weights, variables: weights.tensors.map { Variable($0) })
  }

  /// One variable for each name.
  init(_ weights: Weights, variables: [Variable]) {
    self.variables = variables
    positions = Dictionary(uniqueKeysWithValues: zip(weights.names, weights.names.indices))
  }

  /// The variable of that name. That the name exists is for the model to see to, when it is made or loaded
  /// (`Weights.validate(like:)`).
  public subscript(name: String) -> Variable {
    guard let position = positions[prefix + name] else { preconditionFailure("there is no parameter \(prefix)\(name)") }
    return variables[position]
  }

  /// Whether there is a parameter of that name.
  public func contains(_ name: String) -> Bool { positions[prefix + name] != nil }

  /// The parameters whose names begin with `scope` and a point, by the rest of their names.
  public func scoped(_ scope: String) -> TapedWeights {
    var result = self
    result.prefix += scope + "."
    return result
  }

  /// The same parameters, one of them replaced (tied weights, DropConnect).
  public func replacing(_ name: String, with variable: Variable) -> TapedWeights {
    var result = self
    if let position = positions[prefix + name] {
      result.variables[position] = variable
    } else {
      result.positions[prefix + name] = variables.count
      result.variables.append(variable)
    }
    return result
  }

  /// The same names with other variables, in the order of ``variables``.
  func with(_ variables: [Variable]) -> TapedWeights {
    var result = self
    result.variables = variables
    return result
  }
}
