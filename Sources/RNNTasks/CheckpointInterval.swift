/// The time between two checkpoints: what was asked for, or else 15 seconds, and more where a large model on a slow disk would spend
/// more than a thirtieth of its time on writing them. What writes in less than a second never waits longer than half a minute.
package struct CheckpointInterval {
  package private(set) var seconds: Double
  private let isGiven: Bool

  package static let least = 15.0, most = 600.0
  /// The part of the time that writing may take.
  static let share = 1 / 30.0

  package init(_ given: Double?) { (seconds, isGiven) = (given ?? Self.least, given != nil) }

  /// Takes up how long the last one took.
  package mutating func wrote(in duration: Double) {
    if !isGiven { seconds = min(max(Self.least, duration / Self.share), Self.most) }
  }
}
