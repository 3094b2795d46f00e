/// Where a training run stands, in the numbers that are shown. What is `nil` is left out.
public struct TrainingProgress: Sendable {
  /// Steps done.
  public var step: Int
  /// Steps in all, where that is known.
  public var steps: Int?
  /// The part that is done, from 0 to 1; by default `step / steps`. A run bounded by time gives its own.
  public var fraction: Double?
  /// The training loss in nats.
  public var loss: Double?
  /// The loss in bits per byte of text.
  public var bitsPerByte: Double?
  /// The last validation loss in nats.
  public var validationLoss: Double?
  /// Tokens (bytes, rows: ``unit``) a second.
  public var rate: Double?
  /// What is counted a second.
  public var unit = "tokens"
  /// Seconds left, as far as that can be foreseen.
  public var secondsLeft: Double?

  public init(step: Int, steps: Int? = nil) {
    self.step = step
    self.steps = steps
    if let steps, steps > 0 { fraction = Double(step) / Double(steps) }
  }

  /// Where the reading of a text stands, before there are any steps.
  public init(reading bytes: Int, of all: Int) {
    self.init(step: 0)
    self.bytes = (bytes, all)
    unit = "bytes"
    fraction = Double(bytes) / Double(max(all, 1))
  }

  /// Where the measuring of a text stands, by the tokens that were predicted; or of something else, by its ``unit``.
  public init(predicting tokens: Int, of all: Int) {
    self.init(step: 0)
    self.tokens = (tokens, all)
    fraction = Double(tokens) / Double(max(all, 1))
  }

  /// How many texts were read, of nobody knows how many.
  public init(readingTexts texts: Int) {
    self.init(step: 0)
    self.texts = texts
  }

  private var bytes: (read: Int, all: Int)?
  private var tokens: (predicted: Int, all: Int)?
  private var texts: Int?

  /// The numbers as pieces of a line, the most important first.
  fileprivate var pieces: [String] {
    var pieces: [String] = []
    if let fraction, fraction.isFinite { pieces.append("\(Int(min(max(fraction, 0), 1) * 100))%") }
    if let bytes {
      pieces.append("reading \(HumanFormat.bytes(bytes.read)) of \(HumanFormat.bytes(bytes.all))")
    } else if let tokens {
      pieces.append("\(HumanFormat.count(tokens.predicted)) of \(HumanFormat.count(tokens.all)) \(unit)")
    } else if let texts {
      pieces.append("reading, \(HumanFormat.count(texts)) texts")
    } else {
      pieces.append("step \(step)\(steps.map { "/\($0)" } ?? "")")
    }
    if let loss { pieces.append("loss \(HumanFormat.fixed(loss, 4))") }
    if let bitsPerByte { pieces.append("\(HumanFormat.fixed(bitsPerByte, 3)) bits/byte") }
    if let validationLoss { pieces.append("validation \(HumanFormat.fixed(validationLoss, 4))") }
    if let rate { pieces.append(HumanFormat.rate(rate, unit)) }
    if let secondsLeft { pieces.append("\(HumanFormat.duration(seconds: secondsLeft)) left") }
    return pieces
  }

  /// The line for a terminal of `columns` columns, with a bar if there is room for one.
  func line(columns: Int, colour: Bool) -> String {
    // The last column stays free: some terminals wrap as soon as it is written.
    let room = max(columns - 1, 0)
    let text = pieces.joined(separator: "  ")
    let barWidth = min(room - text.count - 2, 30)
    guard let fraction, fraction.isFinite, barWidth >= 5 else {
      return text.count > room ? "\(text.prefix(max(room - 1, 0)))\(room > 0 ? "…" : "")" : text
    }
    let bar = Self.bar(fraction, width: barWidth)
    return (colour ? "\u{1B}[36m\(bar)\u{1B}[0m" : bar) + "  " + text
  }

  /// A bar in eighths of a column.
  static func bar(_ fraction: Double, width: Int) -> String {
    let eighths = Int((min(max(fraction, 0), 1) * Double(width * 8)).rounded(.down))
    let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    let filled = String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
    return filled + String(repeating: "░", count: width - filled.count)
  }

  /// The line where there is no terminal.
  var plainLine: String { pieces.joined(separator: "  ") }
}

/// Shows how training goes on, on standard error: on a terminal one line that is redrawn in place, elsewhere (a log
/// file) a plain line every few seconds.
///
///     var progress = ProgressReporter()
///     for step in 1...steps {
///       …
///       progress.update(TrainingProgress(step: step, steps: steps))
///     }
///     progress.finish()
public struct ProgressReporter {
  private let terminal: Terminal
  private let interval: Double
  // Seconds since some moment in the past.
  private let now: () -> Double
  private var lastShown: Double?
  private var last: TrainingProgress?
  // Whether the last progress stands on the terminal's current line, or in the log.
  private var isShown = false

  /// - Parameters:
  ///   - terminal: where the lines go.
  ///   - plainInterval: the least number of seconds between two plain lines.
  ///   - now: the time in seconds, by default of a clock that only runs forward.
  public init(terminal: Terminal = .standardError(), plainInterval: Double = 5, now: (() -> Double)? = nil) {
    self.terminal = terminal
    interval = terminal.isInteractive ? 0.1 : plainInterval
    let clock = ContinuousClock()
    let start = clock.now
    self.now = now ?? { (clock.now - start) / .seconds(1) }
  }

  /// Notes where the run stands, and shows it if enough time has gone by since the last time. Cheap otherwise.
  public mutating func update(_ progress: TrainingProgress) {
    last = progress
    isShown = false
    let time = now()
    if let lastShown, time - lastShown < interval { return }
    lastShown = time
    show()
  }

  /// Notes where the run stands without showing it: the next line shows it.
  public mutating func note(_ progress: TrainingProgress) {
    last = progress
    isShown = false
  }

  /// Shows the last progress now, whenever it was shown before.
  private mutating func show() {
    guard let last, !isShown else { return }
    isShown = true
    if terminal.isInteractive {
      // Back to the line's beginning, the new text, and whatever is left of a longer one erased.
      terminal.write("\r\(last.line(columns: terminal.columns(), colour: terminal.hasColour))\u{1B}[K")
    } else {
      terminal.write("\(last.plainLine)\n")
    }
  }

  /// Writes a line that stays (a validation result, a saved file), above the progress.
  public mutating func message(_ text: String) {
    if terminal.isInteractive, last != nil {
      terminal.write("\r\u{1B}[K\(text)\n")
      isShown = false
      show()
    } else {
      terminal.write("\(text)\n")
    }
  }

  /// Shows the last progress if it has not been shown, and ends its line.
  public mutating func finish() {
    guard last != nil else { return }
    show()
    if terminal.isInteractive { terminal.write("\n") }
    last = nil
    lastShown = nil
  }
}
