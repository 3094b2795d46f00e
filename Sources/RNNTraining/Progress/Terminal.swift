#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

import RNNTensor

/// Where progress is shown: standard error, or, in a test, anything that takes text.
public struct Terminal {
  /// Whether lines can be redrawn in place.
  public var isInteractive: Bool
  /// Whether colours are shown.
  public var hasColour: Bool
  /// The number of columns now; it changes when the window does.
  public var columns: () -> Int
  /// Writes text.
  public var write: (String) -> Void

  public init(
    isInteractive: Bool, hasColour: Bool = false, columns: @escaping () -> Int = { 80 }, write: @escaping (String) -> Void
  ) {
    self.isInteractive = isInteractive
    self.hasColour = hasColour
    self.columns = columns
    self.write = write
  }

  /// Standard error. Colour is left out where it is no terminal and where `NO_COLOR` is set (<https://no-color.org>).
  public static func standardError() -> Terminal {
    let isInteractive = isatty(STDERR_FILENO) == 1 && environment("TERM") != "dumb"
    return Terminal(
      isInteractive: isInteractive, hasColour: isInteractive && environment("NO_COLOR").isEmpty,
      columns: {
        var size = winsize()
        if ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
        return Int(environment("COLUMNS")) ?? 80
      },
      write: { text in
        // Unbuffered and at once: what is shown must not lag behind what happens. Nobody to read it is no error.
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
          let got = bytes.withUnsafeBytes { source in
            // Not empty, so there is an address.
            source.baseAddress.map { start in retrying { systemWrite(STDERR_FILENO, start, source.count) } } ?? 0
          }
          if got <= 0 { return }
          bytes = bytes.dropFirst(got)
        }
      })
  }

  private static func environment(_ name: String) -> String {
    getenv(name).map { String(cString: $0) } ?? ""
  }
}
