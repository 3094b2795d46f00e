import RNNTensor

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The learning rate over a run, as a factor of its highest value. It depends on progress, 0 at the start and 1 at the
/// end, so a run bounded by time schedules by time, or on the epoch.
public enum Schedule: Sendable, Hashable, Codable {
  case constant
  /// A linear rise from 0 during the first `warmUp` of the run, then a half cosine down to `final`
  /// (Loshchilov & Hutter 2017). Both are fractions of 1.
  case cosine(warmUp: Double = 0.05, final: Double = 0.1)
  /// The highest value for `after` epochs, then times `factor` in each further one (Zaremba et al. 2014).
  case decay(factor: Double = 0.5, after: Int)

  /// - Parameters:
  ///   - progress: how much of the run is done when the step is; clamped to 0…1. Taken at the step's end, the first step of a
  ///     warm-up isn't wasted on a rate of 0.
  ///   - epoch: the epoch of the step, from 0.
  public func factor(progress: Double, epoch: Int = 0) -> Double {
    let progress = min(max(progress, 0), 1)
    switch self {
    case .constant:
      return 1
    case .cosine(let warmUp, let final):
      if progress < warmUp { return progress / warmUp }
      if warmUp >= 1 { return 1 }
      let rest = (progress - warmUp) / (1 - warmUp)
      return final + (1 - final) * 0.5 * (1 + cos(Double.pi * rest))
    case .decay(let factor, let after):
      return pow(factor, Double(max(epoch + 1 - after, 0)))
    }
  }
}

/// Lowers the learning rate when a measured loss stops falling (PyTorch's `ReduceLROnPlateau`).
public struct Plateau: Sendable, Hashable, Codable {
  /// What the rate is multiplied by.
  public let factor: Double
  /// How many measurements without improvement are borne before the rate is lowered.
  public let patience: Int
  /// An improvement is a loss below the best one times 1 − threshold.
  public let threshold: Double
  /// The lowest scale.
  public let minimum: Double
  /// The factor of the learning rate now.
  public private(set) var scale = 1.0
  /// The lowest loss so far.
  public private(set) var best: Double?
  /// Measurements since the last improvement.
  public private(set) var waited = 0

  /// What a checkpoint has.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    factor = try values.decode(Limits.decay, forKey: .factor)
    patience = try values.decode(Limits.count, forKey: .patience)
    threshold = try values.decode(Limits.part, forKey: .threshold)
    minimum = try values.decode(Limits.part, forKey: .minimum)
    scale = try values.decode(Limits.part, forKey: .scale)
    best = try values.decodeIfPresent(Double.self, forKey: .best)
    waited = try values.decode(Limits.count, forKey: .waited)
  }

  public init(factor: Double = 0.1, patience: Int = 10, threshold: Double = 1e-4, minimum: Double = 0) {
    self.factor = factor
    self.patience = patience
    self.threshold = threshold
    self.minimum = minimum
  }

  /// Takes a new measurement (one an epoch, say) and returns the scale from now on. A loss that is not a number is no
  /// improvement.
  public mutating func observe(loss: Double) -> Double {
    if !loss.isNaN && best.map({ loss < $0 - abs($0) * threshold }) ?? true {
      best = loss
      waited = 0
    } else {
      waited += 1
    }
    if waited > patience {
      scale = max(scale * factor, minimum)
      waited = 0
    }
    return scale
  }
}
