// swift-tools-version: 6.2
import PackageDescription

let library: [Target.Dependency] = [.product(name: "SwiftRNN", package: "swift-rnn")]
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let package = Package(
  name: "Examples",
  platforms: [.macOS(.v15)],
  // The name is given so that the folder may be called anything.
  dependencies: [
    .package(name: "swift-rnn", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
  ],
  targets: [
    .executableTarget(name: "ClassifyText", dependencies: library, swiftSettings: strict),
    .executableTarget(name: "ForecastSeries", dependencies: library, swiftSettings: strict),
    .executableTarget(name: "GenerateText", dependencies: library, swiftSettings: strict),
    .executableTarget(
      name: "LongSpans", dependencies: library + [.product(name: "ArgumentParser", package: "swift-argument-parser")],
      swiftSettings: strict),
    .executableTarget(name: "OwnCell", dependencies: library, swiftSettings: strict),
    .executableTarget(name: "TranscribeTones", dependencies: library, swiftSettings: strict),
    .executableTarget(name: "TranslateText", dependencies: library, swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
