import CRNNKernels

/// The memory that the process takes, as the system sees it.
public enum ProcessMemory {
  /// The bytes that lie in memory now; nil where the system doesn't say.
  public static var now: Int? { measured?.now }

  /// The most bytes that ever did; nil where the system doesn't say.
  public static var most: Int? { measured?.most }

  private static var measured: (now: Int, most: Int)? {
    var now = 0, most = 0
    return rnn_process_memory(&now, &most) ? (now, most) : nil
  }
}
