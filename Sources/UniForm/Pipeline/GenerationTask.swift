/// What is generated from what. The raw values are the names used on the command line and in files.
public enum GenerationTask: String, Sendable, Codable, CaseIterable {
  /// Text to audio and video.
  case t2av
  /// Audio to video, with or without text.
  case a2v
  /// Video to audio, with or without text.
  case v2a

  /// The row of the task embedding, fixed by the checkpoint format: t2av 0, a2v 1, v2a 2.
  public var id: Int {
    switch self {
    case .t2av: 0
    case .a2v: 1
    case .v2a: 2
    }
  }

  /// What the task makes.
  public var generated: [Modality] {
    switch self {
    case .t2av: [.video, .audio]
    case .a2v: [.video]
    case .v2a: [.audio]
    }
  }

  /// What the task is given besides text.
  public var condition: Modality? {
    switch self {
    case .t2av: nil
    case .a2v: .audio
    case .v2a: .video
    }
  }
}
