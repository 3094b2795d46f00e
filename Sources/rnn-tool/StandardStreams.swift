import Foundation

enum StandardStreams {
  /// Takes the numbers of standard streams that the caller closed: the next file to be opened, such as a checkpoint, would get
  /// them, and what is written to the stream would land in it.
  ///
  /// Reading closed standard input and writing to closed standard output fail; what goes to closed standard error is dropped.
  static func open() {
    for (descriptor, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_WRONLY)]
    where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
      // The lowest free number is taken. Where there are no devices, the root directory can be neither read nor written.
      if Foundation.open("/dev/null", mode) < 0 { _ = Foundation.open("/", O_RDONLY) }
    }
  }
}
