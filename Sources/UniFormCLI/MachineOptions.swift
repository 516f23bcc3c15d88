import ArgumentParser
import Foundation
import Torch
import UniForm

/// What is computed on.
struct DeviceOptions: ParsableArguments {
  enum DeviceName: String, ExpressibleByArgument, CaseIterable {
    case cpu, cuda, mps

    var device: Device {
      switch self {
      case .cpu: .cpu
      case .cuda: .cuda
      case .mps: .mps
      }
    }
  }

  @Option(help: "What to compute on.")
  var device = DeviceName.cpu
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Processor threads to use. Without it, all.", valueName: "number"))
  var threads: Int?

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads is \(threads); use a whole number from 1 to 1024")
    }
  }

  /// Processes that share their work have a GPU each, as far as there are enough.
  ///
  /// - Throws: when this machine has no such device.
  func checkedDevice() throws -> Device {
    let localRank = ProcessInfo.processInfo.environment["LOCAL_RANK"].flatMap(Int.init) ?? 0
    let assigned = device.device.assigned(toLocalRank: max(0, localRank))
    guard assigned.isAvailable else { throw GenerationError.unavailableDevice(device.rawValue) }
    return assigned
  }
}

enum DTypeName: String, ExpressibleByArgument, CaseIterable {
  case auto, float32, bfloat16

  /// nil: the fastest on the device.
  var dtype: DType? {
    switch self {
    case .auto: nil
    case .float32: .float32
    case .bfloat16: .bfloat16
    }
  }
}

struct MachineOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Model directory, or the name of one below $UNIFORM_MODELS.", valueName: "model"),
    completion: .directory)
  var model = ModelLocation.bundled
  @Option(help: "Number format; auto is the fastest that the machine computes well.")
  var dtype = DTypeName.auto
  @OptionGroup var place: DeviceOptions
}

/// Where models are looked for by name.
enum ModelLocation {
  static let bundled = "uniform-tiny"

  /// The named folders of the environment, then `Models` beside the executable or above it, as in a checkout where
  /// the executable lies in `.build/release`, then in the working directory.
  static func folders(
    environment: [String: String] = ProcessInfo.processInfo.environment,
    executable: URL? = Bundle.main.executableURL
  ) -> [URL] {
    let named = environment["UNIFORM_MODELS"].map {
      $0.split(separator: ":").map { URL(filePath: String($0)) }
    }
    var places: [URL] = []
    var folder = executable?.resolvingSymlinksInPath().deletingLastPathComponent()
    for _ in 0..<5 {
      guard let place = folder, place.path != "/" else { break }
      places.append(place)
      folder = place.deletingLastPathComponent()
    }
    places.append(URL(filePath: FileManager.default.currentDirectoryPath))
    return (named ?? []) + places.map { $0.appending(path: "Models") }
  }

  /// Reads and checks the configuration of a model, not its weights.
  ///
  /// - Parameter isTrained: false opens one whose weights are still missing, too.
  static func open(_ nameOrPath: String, isTrained: Bool = true) throws -> ModelDirectory {
    let folders = folders().filter { FileManager.default.fileExists(atPath: $0.path) }
    return try ModelDirectory(ModelDirectory.locate(nameOrPath, in: folders), isTrained: isTrained)
  }
}
