public import RNNTensor

/// Something that is said: a file of sound or several, one behind the other, and its words.
public struct Clip: Sendable, Hashable {
  public var paths: [String]
  /// Milliseconds of silence before each file, and after the last one if there is one more of them; none by default.
  public var pauses: [Double]
  /// The channel that is heard, from 1; nil for the mean of all.
  public var channel: Int?
  /// What is said; nil where nobody says it.
  public var text: String?
  /// The line of the list in which it stands, from 1; 0 for a file that stands in none.
  public var line: Int
  /// That list.
  public var source: String

  public init(paths: [String], pauses: [Double] = [], channel: Int? = nil, text: String? = nil, line: Int = 0, source: String = "") {
    self.paths = paths
    self.pauses = pauses
    self.channel = channel
    self.text = text
    self.line = line
    self.source = source
  }

  /// Its files, for people.
  public var name: String { paths.joined(separator: " ") }

  /// Where it stands, for messages: `clips.tsv, line 7`, or the file itself.
  public var place: String { line > 0 ? "\(source), line \(line)" : name }

  /// The same error, with the clip's place before it.
  func error(_ error: RNNError) -> RNNError { line > 0 ? RNNError(error.kind, "\(place): \(error.message)") : error }
}

extension Clip {
  /// The clip's sound at a rate: files of other rates are brought to it.
  ///
  /// - Throws: as ``Sound/init(contentsOf:)``, with the clip's place.
  public func sound(rate: Int) throws(RNNError) -> Sound {
    do throws(RNNError) {
      var sounds: [Sound] = []
      for path in paths {
        guard !FeatureFile.isNamed(path) else {
          throw RNNError(.badData, "\(path): found a file of rows, expected sound, as all other clips and the model have it")
        }
        sounds.append(try Sound(contentsOf: path, channel: channel))
      }
      return Sound(joining: sounds, pauses: pauses, rate: rate)
    } catch { throw self.error(error) }
  }

  /// The rows of the clip's files, `[rows, size]`.
  ///
  /// - Throws: as ``FeatureFile/rows(contentsOf:size:)``, with the clip's place.
  func storedRows(size: Int) throws(RNNError) -> Tensor {
    do throws(RNNError) {
      guard channel == nil else { throw RNNError(.usage, "files of rows have no channels, expected files of sound (--channel)") }
      guard pauses.isEmpty else { throw RNNError(.badData, "found pauses between files of rows, expected them only between files of sound") }
      var values: [Float] = []
      for path in paths {
        guard FeatureFile.isNamed(path) else {
          throw RNNError(.badData, "\(path): expected a file of rows (.mfc or .npy), as all other clips and the model have it")
        }
        try FeatureFile.rows(contentsOf: path, size: size).withUnsafeBufferPointer { values += $0 }
      }
      return Tensor(values, shape: [values.count / size, size])
    } catch { throw self.error(error) }
  }
}
