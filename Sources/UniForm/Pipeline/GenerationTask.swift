/// What is generated from what. The raw values are the names used on the command line and in files.
public enum GenerationTask: String, Sendable, Codable, CaseIterable {
  /// Text to audio and video.
  case t2av
  /// Audio to video, with or without text.
  case a2v
  /// Video to audio, with or without text.
  case v2a
  /// Text to audio alone: video to audio whose video is zeros.
  case t2a
  /// Text to video alone: audio to video whose audio is zeros.
  case t2v

  /// Rows of the task embedding.
  static let embeddingRows = 3

  /// The row of the task embedding, fixed by the checkpoint format: t2av 0, a2v 1, v2a 2. Text to one modality alone has
  /// the row of the task that makes it.
  public var id: Int {
    switch self {
    case .t2av: 0
    case .a2v, .t2v: 1
    case .v2a, .t2a: 2
    }
  }

  /// What the task makes.
  public var generated: [Modality] {
    switch self {
    case .t2av: [.video, .audio]
    case .a2v, .t2v: [.video]
    case .v2a, .t2a: [.audio]
    }
  }

  /// What the task is given besides text.
  public var condition: Modality? {
    switch self {
    case .t2av, .t2a, .t2v: nil
    case .a2v: .audio
    case .v2a: .video
    }
  }

  /// What follows from the condition, and without one from what alone is wanted.
  public init(given condition: Modality?, only: Modality?) {
    self =
      switch (condition, only) {
      case (.audio, _): .a2v
      case (.video, _): .v2a
      case (nil, .audio): .t2a
      case (nil, .video): .t2v
      case (nil, nil): .t2av
      }
  }
}
