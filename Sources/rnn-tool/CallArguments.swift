import CRNNKernels
import RNN

/// The arguments that the program was called with.
enum CallArguments {
  /// All but the program's name, ready for the parser.
  ///
  /// - Throws: `.usage` where one is not UTF-8: it would name another file than the one that was meant.
  static func all() throws(RNNError) -> [String] {
    var count: Int32 = 0
    // Swift's own are read from /proc, which may be missing.
    let pointers = rnn_arguments(&count) ?? CommandLine.unsafeArgv
    if count == 0 { count = CommandLine.argc }
    var arguments: [String] = []
    for index in 1..<max(Int(count), 1) {
      guard let pointer = pointers[index] else { break }
      guard let argument = String(validatingCString: pointer) else {
        throw RNNError(
          .usage, "the argument \(escaped(pointer)) is not UTF-8: rename the file, or give it a link with a name in UTF-8")
      }
      arguments.append(argument)
    }
    return joiningNegativeNumbers(arguments)
  }

  /// `--seed -1` becomes `--seed=-1`: the parser takes whatever begins with a minus for an option, and would miss the value.
  private static func joiningNegativeNumbers(_ arguments: [String]) -> [String] {
    var joined: [String] = []
    for (index, argument) in arguments.enumerated() {
      if argument == "--" { return joined + arguments[index...] }
      if let option = joined.last, isLongOption(option), isNegativeNumber(argument) {
        joined[joined.count - 1] = option + "=" + argument
      } else {
        joined.append(argument)
      }
    }
    return joined
  }

  private static func isLongOption(_ text: String) -> Bool { text.hasPrefix("--") && text.count > 2 && !text.contains("=") }

  /// Also the first of several numbers: `-1,2`.
  private static func isNegativeNumber(_ text: String) -> Bool {
    guard text.first == "-" else { return false }
    let number = text.dropFirst()
    return number.first?.isASCII == true && (number.first?.isNumber == true || number.first == "." || Double(number) != nil)
  }

  /// The bytes that are not ASCII as `\xE9`.
  private static func escaped(_ text: UnsafePointer<CChar>) -> String {
    var shown = "\""
    for index in 0... {
      let byte = UInt8(bitPattern: text[index])
      if byte == 0 { break }
      shown += (0x20..<0x7F).contains(byte) ? String(UnicodeScalar(byte)) : "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }
    return shown + "\""
  }
}
