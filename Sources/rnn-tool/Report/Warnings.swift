import RNN

/// What should be known of the data, on standard error.
enum Warnings {
  static func show(_ messages: [String]) {
    let terminal = Terminal.standardError()
    for message in messages { terminal.write("warning   \(message)\n") }
  }
}
