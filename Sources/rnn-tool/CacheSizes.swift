import CRNNKernels
import Foundation
import RNN

/// The sizes of caches that the environment variable `RNN_CACHES` asks for.
enum CacheSizes {
  /// - Throws: `.usage` for a text that isn't two sizes.
  static func check() throws(RNNError) {
    guard let value = getenv("RNN_CACHES"), value.pointee != 0 else { return }
    var bytes = [0, 0]
    if !rnn_read_cache_sizes(value, &bytes) {
      throw RNNError(
        .usage, "RNN_CACHES is \"\(String(cString: value))\", expected the KiB of a core's first cache (8 to 1024) and second (64 to 65536), as in 32,512")
    }
  }
}
