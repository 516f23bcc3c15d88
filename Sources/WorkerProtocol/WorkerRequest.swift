/// One line to a worker.
public enum WorkerRequest: Codable, Sendable, Equatable {
  /// Makes a clip and writes it into `folder`, an absolute path. Clips are made one after another.
  case generate(job: String, request: ClipRequest, folder: String)
  /// Stops a clip, whether it waits or is being made.
  case cancel(job: String)
  /// Asks what a clip would take.
  case plan(id: String, request: ClipRequest)

  /// How a `DecodingError` describes a field that is not known.
  public static let unknownField = "there is no such field"

  private enum Kind: String, Codable { case generate, cancel, plan }
  private enum CodingKeys: String, CodingKey, CaseIterable { case type, job, request, folder, id }

  /// - Throws: `DecodingError` for what is missing, of another type, or not known: a misspelt setting would make another
  ///   clip than was asked for.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    let all = try decoder.container(keyedBy: AnyKey.self)
    try all.requireKnown(CodingKeys.self)
    if fields.contains(.request) {
      try all.nestedContainer(keyedBy: AnyKey.self, forKey: AnyKey(CodingKeys.request.rawValue))
        .requireKnown(ClipRequest.CodingKeys.self)
    }
    switch try fields.decode(Kind.self, forKey: .type) {
    case .generate:
      self = .generate(
        job: try fields.decode(String.self, forKey: .job),
        request: try fields.decode(ClipRequest.self, forKey: .request),
        folder: try fields.decode(String.self, forKey: .folder))
    case .cancel: self = .cancel(job: try fields.decode(String.self, forKey: .job))
    case .plan:
      self = .plan(
        id: try fields.decode(String.self, forKey: .id),
        request: try fields.decode(ClipRequest.self, forKey: .request))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .generate(let job, let request, let folder):
      try fields.encode(Kind.generate, forKey: .type)
      try fields.encode(job, forKey: .job)
      try fields.encode(request, forKey: .request)
      try fields.encode(folder, forKey: .folder)
    case .cancel(let job):
      try fields.encode(Kind.cancel, forKey: .type)
      try fields.encode(job, forKey: .job)
    case .plan(let id, let request):
      try fields.encode(Kind.plan, forKey: .type)
      try fields.encode(id, forKey: .id)
      try fields.encode(request, forKey: .request)
    }
  }
}

/// Whatever a line calls its fields.
private struct AnyKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(_ name: String) { stringValue = name }
  init?(stringValue: String) { self.init(stringValue) }
  init?(intValue: Int) { nil }
}

extension KeyedDecodingContainer where Key == AnyKey {
  fileprivate func requireKnown<Known: CodingKey & CaseIterable>(_ known: Known.Type) throws {
    let names = Set(Known.allCases.map(\.stringValue))
    guard let unknown = allKeys.map(\.stringValue).filter({ !names.contains($0) }).min() else { return }
    throw DecodingError.dataCorrupted(
      .init(codingPath: codingPath + [AnyKey(unknown)], debugDescription: WorkerRequest.unknownField))
  }
}
