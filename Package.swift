// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]
let strictC: [CSetting] = [.treatAllWarnings(as: .error)]

/// All that `RNN` re-exports. Whoever imports only `RNN` names these too: the build system looks no further than the named
/// modules when it decides what to compile again, and code compiled for a type's old layout crashes.
let modules: [Target.Dependency] = ["RNN", "RNNTasks", "RNNData", "RNNTraining", "RNNLayers", "RNNCells", "RNNTensor"]

/// The modules in the order in which they may import each other: each sees only those before it.
let package = Package(
  name: "swift-rnn",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "SwiftRNN", targets: ["RNN"]),
    .executable(name: "rnn", targets: ["rnn-tool"]),
  ],
  traits: [.trait(name: "SndFile", description: "Reads sound of every format that libsndfile knows, which must be installed; WAV is read without it.")],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")
  ],
  targets: [
    .target(name: "CRNNKernels", cSettings: strictC),
    .target(name: "RNNTensor", dependencies: ["CRNNKernels"], swiftSettings: strict),
    .target(name: "RNNCells", dependencies: ["RNNTensor", "CRNNKernels"], swiftSettings: strict),
    .target(name: "RNNLayers", dependencies: ["RNNCells", "RNNTensor", "CRNNKernels"], swiftSettings: strict),
    .target(name: "RNNTraining", dependencies: ["RNNLayers", "RNNTensor", "CRNNKernels"], swiftSettings: strict),
    .systemLibrary(
      name: "CSndFile", pkgConfig: "sndfile", providers: [.apt(["libsndfile1-dev"]), .brew(["libsndfile"])]),
    .target(
      name: "RNNData", dependencies: ["RNNTensor", .target(name: "CSndFile", condition: .when(traits: ["SndFile"]))],
      swiftSettings: strict),
    .target(
      name: "RNNTasks", dependencies: ["RNNData", "RNNTraining", "RNNLayers", "RNNCells", "RNNTensor"],
      swiftSettings: strict),
    .target(
      name: "RNN", dependencies: ["RNNTasks", "RNNData", "RNNTraining", "RNNLayers", "RNNCells", "RNNTensor"],
      swiftSettings: strict),
    .executableTarget(
      name: "rnn-tool",
      dependencies: modules + ["CRNNKernels", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      swiftSettings: strict),

    .target(
      name: "RNNTestSupport", dependencies: modules, path: "Tests/RNNTestSupport", swiftSettings: strict),
    .testTarget(
      name: "CRNNKernelsTests", dependencies: modules + ["CRNNKernels", "RNNTestSupport"], swiftSettings: strict),
    .testTarget(name: "RNNTensorTests", dependencies: modules + ["RNNTestSupport"], swiftSettings: strict),
    .testTarget(name: "RNNCellsTests", dependencies: modules + ["RNNTestSupport"], swiftSettings: strict),
    .testTarget(name: "RNNLayersTests", dependencies: modules + ["RNNTestSupport"], swiftSettings: strict),
    .testTarget(
      name: "RNNTrainingTests", dependencies: modules + ["RNNTestSupport"], resources: [.copy("Fixtures")],
      swiftSettings: strict),
    .testTarget(name: "RNNDataTests", dependencies: modules + ["RNNTestSupport"], swiftSettings: strict),
    .testTarget(name: "RNNTasksTests", dependencies: modules + ["RNNTestSupport"], swiftSettings: strict),
    .testTarget(
      name: "RNNToolTests", dependencies: modules + ["CRNNKernels", "RNNTestSupport", "rnn-tool"], exclude: ["Help"], swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
