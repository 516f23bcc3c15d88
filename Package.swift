// swift-tools-version: 6.2
import PackageDescription

/// One set of language rules for every Swift target.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error, .when(configuration: .debug)),
]

let package = Package(
  name: "UniForm",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Hub", targets: ["Hub"]),
    .library(name: "Media", targets: ["Media"]),
    .library(name: "Scenes", targets: ["Scenes"]),
    .library(name: "Torch", targets: ["Torch"]),
    .library(name: "UniForm", targets: ["UniForm"]),
    .library(name: "UniFormEvaluation", targets: ["UniFormEvaluation"]),
    .library(name: "UniFormTraining", targets: ["UniFormTraining"]),
    .library(name: "WorkerProtocol", targets: ["WorkerProtocol"]),
    .executable(name: "uniform", targets: ["UniFormCLI"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
  ],
  targets: [
    .systemLibrary(name: "CLibTorch", pkgConfig: "libtorch"),
    .target(
      name: "CTorch", dependencies: ["CLibTorch"], exclude: ["declarations/gloo/README.md"],
      cxxSettings: [.headerSearchPath("declarations")]),
    .target(name: "Torch", dependencies: ["CTorch"], swiftSettings: strict),
    .target(name: "UniForm", dependencies: ["Torch", "Media", "CSentencePiece"], swiftSettings: strict),
    .target(
      name: "UniFormEvaluation", dependencies: ["UniForm", "Torch", "Media", "Scenes", "Hub"],
      swiftSettings: strict),
    .target(
      name: "UniFormTraining",
      dependencies: ["UniForm", "UniFormEvaluation", "Torch", "Scenes", "Media", "Hub"],
      swiftSettings: strict),
    .target(
      name: "CSentencePiece",
      linkerSettings: [
        .linkedLibrary("sentencepiece"), .linkedLibrary("sentencepiece_train"),
      ]),
    .executableTarget(
      name: "UniFormCLI",
      dependencies: [
        "UniForm", "UniFormEvaluation", "UniFormTraining", "Torch", "Scenes", "Media", "Hub",
        "WorkerProtocol",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    .target(
      name: "Hub",
      dependencies: [.product(name: "Subprocess", package: "swift-subprocess")],
      swiftSettings: strict),
    .target(
      name: "Media",
      dependencies: [.product(name: "Subprocess", package: "swift-subprocess")],
      swiftSettings: strict),
    .target(name: "WorkerProtocol", swiftSettings: strict),
    .target(name: "Scenes", dependencies: ["Media"], swiftSettings: strict),
    .testTarget(
      name: "UniFormCLITests",
      dependencies: [
        "UniFormCLI", "UniForm", "UniFormTraining", "Torch", "Scenes", "Media", "Hub", "WorkerProtocol",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      exclude: ["Help"], swiftSettings: strict),
    .testTarget(name: "HubTests", dependencies: ["Hub"], swiftSettings: strict),
    .testTarget(name: "MediaTests", dependencies: ["Media"], swiftSettings: strict),
    .testTarget(name: "ScenesTests", dependencies: ["Scenes", "Media"], swiftSettings: strict),
    .testTarget(
      name: "TorchTests", dependencies: ["Torch"], exclude: ["OperatorSchemas.txt"], swiftSettings: strict),
    .testTarget(
      name: "UniFormTests", dependencies: ["UniForm", "Torch"], resources: [.copy("Fixtures")],
      swiftSettings: strict),
    .testTarget(
      name: "UniFormEvaluationTests",
      dependencies: ["UniFormEvaluation", "UniForm", "Torch", "Media", "Scenes"],
      swiftSettings: strict),
    .testTarget(
      name: "UniFormTrainingTests",
      dependencies: ["UniFormTraining", "UniForm", "Torch", "Scenes", "Media"],
      swiftSettings: strict),
  ],
  cxxLanguageStandard: .cxx20
)
