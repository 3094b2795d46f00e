extension Cell { public var equations: String { name }
 public init(equations: String) throws(RNNError) { self = try Cell.named(equations) } }
import RNNTensor
