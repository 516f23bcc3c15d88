public import Scenes

/// What the judges are taught to say of a scene.
public enum JudgeTargets {
  /// Moments that can be seen and heard; none where a scene has only a level or a pitch.
  public static func events(_ description: SceneDescription) -> [Double] {
    description.sceneClass.hasSharpEvents
      ? description.events.map(\.time).filter { $0 < description.seconds } : []
  }

  public static func classIndex(_ kind: SceneClass) -> Int { SceneClass.allCases.firstIndex(of: kind)! }

  /// `frames` values in 0…1.
  public static func picture(_ description: SceneDescription, frames: Int) -> [Float] {
    PictureJudge.curve.target(events(description), count: frames, width: PictureJudge.eventWidth)
  }

  /// `frames` values in 0…1.
  public static func sound(_ description: SceneDescription, frames: Int) -> [Float] {
    SoundJudge.curve.target(events(description), count: frames, width: SoundJudge.eventWidth)
  }
}
