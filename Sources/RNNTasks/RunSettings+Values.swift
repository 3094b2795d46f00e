import RNNCells
import RNNData
import RNNLayers
import RNNTensor
import RNNTraining

// What parts of a model and of its data say to tell runs apart.

extension Cell {
  /// The name of a built-in cell, the equations of any other.
  var named: String { Cell.builtIn.contains(self) ? name : equations.split(separator: "\n").joined(separator: "; ") }
}

extension RecurrentStack.Initialization {
  var settings: RunSettings { ["--forget-bias": forgetBias, "span": span, "--orthogonal": orthogonal, "--initial": range] }
}

extension Tokenizer {
  var fingerprint: Fingerprint { Fingerprint(of: Array(encoded.utf8)) }
}

extension SoundInput {
  package var settings: RunSettings {
    switch self {
    case .rows(let size): return ["--row-size": size]
    case .sound(let own):
      // What has no option is said only where it isn't as usual.
      var usual = SoundFeatures(own.kind, rate: own.rate, bands: own.bands, coefficients: own.coefficients)
      usual.isLevelled = own.isLevelled
      let json = own == usual ? nil : try? ModelFile.encoded(own)
      return [
        "--features": own.kind.rawValue, "--rate": own.rate, "--bands": own.bands, "--coefficients": own.kind == .mfcc ? own.coefficients : nil,
        "--level": own.isLevelled, "making of rows": json.map { Fingerprint(of: Array($0.utf8)) },
      ]
    }
  }
}

extension SoundAugmentation {
  var settings: RunSettings {
    [
      "--speed": speed, "--gain": gain, "--noise": noise, "--column-masks": columnMasks, "--widest-columns": widestColumns,
      "--row-masks": rowMasks, "--longest-rows": longestRows, "distance of noise": noiseDistance, "part of rows": rowPart,
    ]
  }
}

extension ForecastHead {
  var settings: RunSettings {
    var levels: String?
    if case .quantiles(let own) = self { levels = own.map { "\($0)" }.joined(separator: ",") }
    return ["--head": name, "--levels": levels]
  }
}

extension ForecastModel.Kind {
  var settings: RunSettings {
    switch self {
    case .direct(let segment): ["--kind": name, "--segment": segment]
    case .recurrent(let lags): ["--kind": name, "--lags": lags.map { "\($0)" }.joined(separator: ",")]
    }
  }
}
