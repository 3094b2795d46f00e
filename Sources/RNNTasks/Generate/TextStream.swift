public import RNNTensor

/// A text as it is made: each element is a piece of one or more whole characters.
///
/// ```swift
/// for try await piece in generator.stream("ROMEO:") { print(piece, terminator: "") }
/// ```
///
/// Ends after the options' number of tokens or at a stop string; throws `CancellationError` when its task is cancelled.
public struct TextStream: AsyncSequence, Sendable {
  public typealias Element = String
  let generator: TextGenerator
  let prompt: [UInt8]
  let options: GenerationOptions

  public struct AsyncIterator: AsyncIteratorProtocol {
    fileprivate let stream: TextStream
    private var session: TextSession?
    private var isDone = false

    fileprivate init(_ stream: TextStream) { self.stream = stream }

    public mutating func next() async throws -> String? {
      if isDone { return nil }
      let session = try self.session ?? TextSession(stream.generator, stream.options)
      if self.session == nil {
        for (i, token) in stream.generator.model.tokenizer.encode(stream.prompt).enumerated() {
          if i % 64 == 0 { try await Self.giveWay() }
          session.read(token)
        }
        session.endRead(stream.prompt)
        self.session = session
      }
      while true {
        try await Self.giveWay()
        guard let piece = try session.next() else { break }
        if !piece.isEmpty { return piece }
      }
      isDone = true
      let rest = session.finish()
      return rest.isEmpty ? nil : rest
    }

    /// Many streams share few threads: each gives way after a little work.
    private static func giveWay() async throws {
      try Task.checkCancellation()
      await Task.yield()
    }
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self) }
}

extension TextGenerator {
  /// The continuation of a text, piece by piece.
  public func stream(_ prompt: String = "", _ options: GenerationOptions = .init()) -> TextStream {
    TextStream(generator: self, prompt: Array(prompt.utf8), options: options)
  }

  /// The continuation of a text, whole.
  public func generate(_ prompt: String = "", _ options: GenerationOptions = .init()) throws(RNNError) -> String {
    let session = try TextSession(self, options)
    session.read(Array(prompt.utf8))
    var text = ""
    while let piece = try session.next() { text += piece }
    return text + session.finish()
  }
}
