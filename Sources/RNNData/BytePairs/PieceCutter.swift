/// Cuts a text that comes in pieces of any size into those that byte pairs are merged in, as GPT-2 does: the same ones wherever
/// the text is cut. Together they are the text.
///
/// They are the matches of the pattern `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`: English
/// endings, letters, digits, other signs, each with the space before them; further white space before what is not white space
/// stands alone. What is not UTF-8 is taken for signs. Where a piece begins, a cutter that begins anew goes on with the same ones.
struct PieceCutter: Sendable {
  enum Piece {
    case text(UnsafeBufferPointer<UInt8>)
    /// Text that has a token whatever stands around it, by its place among these.
    case added(Int)
  }

  /// The longest piece, in bytes; longer ones are cut there, so that a text without white space takes no memory.
  static let longest = 1 << 16

  /// Texts that have a token whatever stands around them.
  private let added: AddedTexts
  /// Bytes that may be the beginning of one of them.
  private var held: [UInt8] = []

  /// What the bytes that are not yet given out began as.
  private enum Run {
    case none, letters, numbers, others, spaces
    /// `'`, and `'r`, `'v` or `'l`.
    case apostrophe, ending
  }

  private var run = Run.none
  /// A piece that isn't complete, and the bytes of a character that isn't.
  private var pending: [UInt8] = []
  /// Bytes of complete characters among them.
  private var complete = 0
  /// Where the last character of white space begins.
  private var lastSpace = 0
  private var character = UTF8State()

  init(added: AddedTexts = AddedTexts()) { self.added = added }

  /// Calls `body` for each piece that is complete with these bytes.
  @inline(__always)
  mutating func cut(_ bytes: UnsafeBufferPointer<UInt8>, _ body: (Piece) -> Void) {
    if added.isEmpty {
      for byte in bytes { read(byte, body) }
      return
    }
    for byte in bytes {
      if held.isEmpty, !added.begin(with: byte) {
        read(byte, body)
      } else {
        held.append(byte)
        settle(isEnd: false, body)
      }
    }
  }

  /// Ends the text, and with it what was not complete.
  mutating func finish(_ body: (Piece) -> Void) {
    settle(isEnd: true, body)
    end(body)
  }

  /// Finds the first of what was added in the held bytes, of several the longest.
  private mutating func settle(isEnd: Bool, _ body: (Piece) -> Void) {
    while let first = held.first {
      let (found, mayContinue) = added.longest(in: held)
      // A longer one may still come.
      if mayContinue, !isEnd { return }
      if let found {
        end(body)
        body(.added(found))
        held.removeFirst(added[found].count)
      } else {
        read(first, body)
        held.removeFirst()
      }
    }
  }

  // MARK: Characters

  private enum Kind {
    case letter, number, space, other
  }

  private static let kindsOfASCII: [Kind] = (0..<128).map { kind(Unicode.Scalar(UInt8($0))) }

  private static func kind(_ scalar: Unicode.Scalar) -> Kind {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: .letter
    case .decimalNumber, .letterNumber, .otherNumber: .number
    default: scalar.properties.isWhitespace ? .space : .other
    }
  }

  @inline(__always)
  private mutating func read(_ byte: UInt8, _ body: (Piece) -> Void) {
    if byte < 0x80, character.isBetweenCharacters {
      pending.append(byte)
      take(Self.kindsOfASCII[Int(byte)], byte, body)
      return
    }
    var step = character.read(byte)
    if step == .invalid, !character.isBetweenCharacters {
      character = UTF8State()
      take(.other, 0, body)
      step = character.read(byte)
    }
    pending.append(byte)
    switch step {
    case .incomplete: break
    case .scalar(let scalar): take(Self.kind(scalar), byte, body)
    case .invalid: take(.other, 0, body)
    }
  }

  /// Takes the character that ends the pending bytes; `byte` is its last one, 0 where it is not UTF-8.
  private mutating func take(_ kind: Kind, _ byte: UInt8, _ body: (Piece) -> Void) {
    while true {
      switch (run, kind) {
      case (.none, _):
        run = byte == UInt8(ascii: "'") ? .apostrophe : Self.run(of: kind)
        lastSpace = 0
        complete = pending.count
        return
      case (.letters, .letter), (.numbers, .number), (.others, .other):
        return grow(body)
      case (.spaces, .space):
        lastSpace = complete
        return grow(body)
      case (.spaces, _):
        // The last one belongs to what follows, if it is a space, and else is a piece.
        if lastSpace > 0 { give(lastSpace, body) }
        if pending[0] == UInt8(ascii: " ") {
          run = Self.run(of: kind)
          return grow(body)
        }
        end(complete, body)
      case (.apostrophe, .letter):
        switch byte {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
          return end(pending.count, body)
        case UInt8(ascii: "r"), UInt8(ascii: "v"), UInt8(ascii: "l"):
          (run, complete) = (.ending, pending.count)
          return
        default: end(complete, body)
        }
      case (.apostrophe, _): run = .others
      case (.ending, _):
        if byte == (pending[1] == UInt8(ascii: "l") ? UInt8(ascii: "l") : UInt8(ascii: "e")) { return end(pending.count, body) }
        give(1, body)
        run = .letters
      case (.letters, _), (.numbers, _), (.others, _): end(complete, body)
      }
    }
  }

  private static func run(of kind: Kind) -> Run {
    switch kind {
    case .letter: .letters
    case .number: .numbers
    case .space: .spaces
    case .other: .others
    }
  }

  /// The character belongs to the piece.
  private mutating func grow(_ body: (Piece) -> Void) {
    complete = pending.count
    if complete >= Self.longest { end(complete, body) }
  }

  /// Ends the piece, which is the first bytes.
  private mutating func end(_ count: Int, _ body: (Piece) -> Void) {
    give(count, body)
    run = .none
  }

  private mutating func give(_ count: Int, _ body: (Piece) -> Void) {
    pending.withUnsafeBufferPointer { body(.text(UnsafeBufferPointer(rebasing: $0[..<count]))) }
    pending.removeFirst(count)
    complete = max(complete - count, 0)
  }

  /// Ends a stretch of text.
  private mutating func end(_ body: (Piece) -> Void) {
    if !character.isBetweenCharacters {
      character = UTF8State()
      take(.other, 0, body)
    }
    if run == .ending { give(1, body) }
    if run != .none { end(pending.count, body) }
  }
}
