/// What became of the tensors of one part.
public struct ImportReport: Codable, Sendable, Equatable {
  /// Tensors that were treated alike.
  public struct Group: Codable, Sendable, Equatable {
    /// A pattern of names, `temporal_blocks.*`.
    public let names: String
    public let count: Int
    public let reason: String
  }

  /// The folder of the part.
  public let part: String
  /// What the weights were recognised as.
  public let format: String
  /// The file that they come from.
  public let source: String
  public let licence: String
  /// Tensors with values of the file.
  public let taken: Int
  /// Tensors that the file lacks, and how they start.
  public let initialised: [Group]
  /// Tensors of the file that have no place here.
  public let ignored: [Group]
  public let parameters: Int
  public let bytes: Int
  /// What to know before these weights are used.
  public let notes: [String]
}
