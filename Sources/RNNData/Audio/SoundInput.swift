public import RNNTensor

/// What a model takes of a clip: rows made of its sound, or rows that another program made and stored.
public enum SoundInput: Sendable, Hashable, Codable {
  case sound(SoundFeatures)
  /// Files of rows (``FeatureFile``), of so many numbers each.
  case rows(size: Int)

  /// The rows of files of Sphinx, unless somebody says another size: those of its defaults.
  public static let usualRowSize = 13

  /// What the clips of a list have, by the name of the first one's file: rows, or sound that becomes `features`.
  ///
  /// - Parameter rowSize: the numbers of a row; nil for what the file says, or else the usual.
  /// - Throws: as for reading that file.
  public init(of list: ClipList, features: SoundFeatures, rowSize: Int? = nil) throws(RNNError) {
    guard let path = list.clips.first?.paths.first, FeatureFile.isNamed(path) else {
      self = .sound(features)
      return
    }
    if let rowSize { self = .rows(size: rowSize) } else { self = .rows(size: try FeatureFile.size(contentsOf: path) ?? Self.usualRowSize) }
  }

  /// The numbers of a row.
  public var size: Int {
    switch self {
    case .sound(let features): features.size
    case .rows(let size): size
    }
  }

  /// - Throws: `.usage` saying what can't be.
  public func validate() throws(RNNError) {
    switch self {
    case .sound(let features): try features.validate()
    case .rows(let size):
      try Limits.rowSize.check(size, "the number of numbers of a row")
    }
  }

  // MARK: Rows

  /// The rows of a clip, `[rows, size]`; of one without a single sample none.
  ///
  /// - Throws: `.badData` and `.noInput` with the clip's place.
  public func rows(of clip: Clip) throws(RNNError) -> Tensor { try SoundReader(self).rows(of: clip).rows }

  /// The rows of many clips, read on all threads, each `[rows, size]`.
  ///
  /// - Parameters:
  ///   - allowsEmpty: whether a clip without a single sample or row is taken, as no rows, or is an error.
  ///   - reading: called now and then with the number of clips read.
  ///   - remark: called with what was strange in the clips' files and taken as it was probably meant.
  /// - Throws: as ``rows(of:)-(Clip)``, for the first clip in order that can't be read.
  public func rows(
    of clips: [Clip], allowsEmpty: Bool = false, reading: (_ clips: Int) -> Void = { _ in }, remark: (_ text: String) -> Void = { _ in }
  ) throws(RNNError) -> [Tensor] {
    let reader = try SoundReader(self)
    let read = try reader.map(clips.count, reading: reading) { (i) throws(RNNError) in
      let (rows, remarks) = try reader.rows(of: clips[i])
      guard allowsEmpty || rows.count > 0 else { throw SoundReader.empty(clips[i]) }
      return (rows, remarks.map { "\(clips[i].place): \($0)" })
    }
    for text in read.flatMap(\.1) { remark(text) }
    return read.map(\.0)
  }

  /// The rows of each of many clips, or why it can't be read; of a clip without a single sample or row none.
  ///
  /// - Throws: `.usage` for an input that can't be.
  package func eachRows(of clips: [Clip], remark: (_ text: String) -> Void) throws(RNNError) -> [Result<Tensor, RNNError>] {
    let reader = try SoundReader(self)
    let read = try reader.map(clips.count) { (i) throws(RNNError) in
      Result { () throws(RNNError) in try reader.rows(of: clips[i]) }
    }
    for (clip, result) in zip(clips, read) {
      if case .success(let (_, remarks)) = result { for text in remarks { remark("\(clip.place): \(text)") } }
    }
    return read.map { $0.map(\.rows) }
  }
}

/// Reads clips: what is needed for all of them is made once.
struct SoundReader: Sendable {
  let input: SoundInput
  /// Of sound.
  let transform: SoundTransform?

  /// - Throws: `.usage` for an input that can't be.
  init(_ input: SoundInput) throws(RNNError) {
    try input.validate()
    self.input = input
    if case .sound(let features) = input { transform = try SoundTransform(features) } else { transform = nil }
  }

  /// The rows of a clip, and what was strange in its files.
  func rows(of clip: Clip) throws(RNNError) -> (rows: Tensor, remarks: [String]) {
    guard let transform else { return (try clip.storedRows(size: input.size), []) }
    let sound = try clip.sound(rate: transform.features.rate)
    return (try transform.rows(of: sound), sound.remarks)
  }

  /// What is wrong with a clip without sound.
  static func empty(_ clip: Clip) -> RNNError { clip.error(RNNError(.badData, "\(clip.name): found no sound, not a single sample")) }

  /// Clips read before errors are looked at, and progress is told.
  private static let block = 256

  /// One result for each of so many clips, on all threads; a thread has one clip at a time in memory.
  ///
  /// - Throws: the error of the first one that has one.
  func map<Value>(
    _ count: Int, reading: (Int) -> Void = { _ in }, _ body: (Int) throws(RNNError) -> Value
  ) throws(RNNError) -> [Value] {
    var values: [Value] = []
    values.reserveCapacity(count)
    for start in stride(from: 0, to: count, by: Self.block) {
      let size = min(Self.block, count - start)
      var results = [Result<Value, RNNError>?](repeating: nil, count: size)
      results.withUnsafeMutableBufferPointer { results in
        Threads.parallel(size) { i in
          do throws(RNNError) { results[i] = .success(try body(start + i)) } catch { results[i] = .failure(error) }
        }
      }
      for result in results { if let result { values.append(try result.get()) } }
      reading(values.count)
    }
    return values
  }
}
