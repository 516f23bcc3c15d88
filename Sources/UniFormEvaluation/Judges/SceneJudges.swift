public import Foundation
internal import Scenes
internal import Torch
internal import UniForm

/// The two judges of rendered scenes, from their folder.
public struct SceneJudges {
  public let picture: PictureJudge
  public let sound: SoundJudge

  public static let pictureFile = "picture.safetensors"
  public static let soundFile = "sound.safetensors"

  /// - Throws: `WeightError` where a file is missing, or is no judge of today's classes.
  public init(_ folder: URL) throws {
    picture = try Self.load(folder.appending(path: Self.pictureFile)) { try PictureJudge($0) }
    sound = try Self.load(folder.appending(path: Self.soundFile)) { try SoundJudge($0) }
  }

  private static func load<Judge>(_ url: URL, _ make: (Parameters) throws -> Judge) throws -> Judge {
    let file = try SafeTensors(contentsOf: url)
    guard file.metadata["classes"] == classNames else {
      let name = url.deletingPathExtension().lastPathComponent
      throw WeightError.malformed(
        file: url.path,
        reason: "it is no judge of the classes that scenes have; "
          + "train it with 'uniform train Configs/train/judge-\(name).json'")
    }
    let store = ParameterStore(loading: Weights(file))
    let judge = try make(store.root)
    try store.requireAllUsed()
    return judge
  }

  /// What a judge's file says about the order of its classes.
  public static var classNames: String { SceneClass.allCases.map(\.rawValue).joined(separator: ",") }
}
