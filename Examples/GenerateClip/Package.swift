// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "GenerateClip",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "UniForm", path: "../..")],
  targets: [
    .executableTarget(
      name: "GenerateClip",
      dependencies: [
        .product(name: "UniForm", package: "UniForm"), .product(name: "Media", package: "UniForm"),
      ],
      path: "Sources")
  ]
)
