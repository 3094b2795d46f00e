/// What went wrong, in one message a user can act on.
public struct RNNError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kinds of failure; a program ends with the kind's exit code (the numbers of BSD's `sysexits`).
  public enum Kind: Int32, Sendable {
    /// A verification failed.
    case verification = 1
    /// The call itself is wrong: an option, a size, a cell that can't be.
    case usage = 64
    /// Data were read and are not what they should be.
    case badData = 65
    /// There is no such input, or it can't be opened.
    case noInput = 66
    /// Our own fault.
    case software = 70
    /// An output can't be created.
    case cannotCreate = 73
    /// Reading or writing failed on the way.
    case inputOutput = 74
  }

  public let kind: Kind
  public let message: String

  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  public var description: String { message }
}
