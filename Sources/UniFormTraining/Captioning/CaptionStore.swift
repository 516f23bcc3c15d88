public import Foundation

/// One caption, or why there is none.
public struct CaptionRecord: Codable, Sendable, Equatable {
  public let id: String
  /// Relative to the folder of the data set.
  public let fileName: String
  public var caption: String?
  public var failure: String?
  /// Tells model, prompt and settings apart: what was asked otherwise is asked again.
  public let request: String
  public var promptTokens: Int?
  public var completionTokens: Int?

  enum CodingKeys: String, CodingKey {
    case id, caption, failure, request
    case fileName = "file_name"
    case promptTokens = "prompt_tokens"
    case completionTokens = "completion_tokens"
  }
}

/// The file of captions that is being made: each worker appends to a part of its own, beside the output, and whichever
/// finds that nothing is missing puts all together.
public struct CaptionStore: Sendable {
  public let output: URL
  public let share: WorkShare

  /// - Parameter output: `.jsonl` or `.csv`.
  public init(_ output: URL, share: WorkShare = .whole) throws(CaptionError) {
    guard ["jsonl", "csv"].contains(output.pathExtension) else {
      throw .unusableOutput(file: output.relativePath, reason: "must end in .jsonl or .csv; rename it")
    }
    self.output = output
    self.share = share
  }

  private var partPrefix: String { ".\(output.lastPathComponent).part-" }
  private var partURL: URL {
    output.deletingLastPathComponent().appending(path: "\(partPrefix)\(share.rank)-of-\(share.count)")
  }

  /// All parts that there are, of whatever number of workers.
  private var parts: [URL] {
    let folder = output.deletingLastPathComponent()
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasPrefix(partPrefix) }.sorted().map { folder.appending(path: $0) }
  }

  /// What was written before, by id. A line of a part that an interruption cut off is not there.
  /// - Throws: ``CaptionError`` for an output or a part that holds something else, which shall not be lost.
  func records(request: String) throws -> [String: CaptionRecord] {
    var records: [String: CaptionRecord] = [:]
    for file in [output] + parts {
      guard FileManager.default.fileExists(atPath: file.path) else { continue }
      guard let data = try? Data(contentsOf: file) else {
        throw CaptionError.unusableOutput(
          file: file.relativePath, reason: "cannot be read; check its permissions")
      }
      // A list without captions has nothing to lose.
      if data.isEmpty || data == Data(Self.csv([]).utf8) { continue }
      let found =
        file == output && output.pathExtension == "csv"
        ? Self.records(csv: String(decoding: data, as: UTF8.self)) : Self.records(lines: data)
      let hasOthers = found.contains { $0.caption != nil && $0.request != request }
      if hasOthers || (file == output && found.isEmpty) {
        throw CaptionError.unusableOutput(
          file: file.relativePath,
          reason:
            "holds captions of another model, prompt or pictures, or something else; choose another output")
      }
      // A caption counts more than a failure before it. After a run of another number of workers each failure is
      // tried again, by whichever worker.
      let failuresCount = file.path.hasSuffix("-of-\(share.count)")
      for record in found where record.request == request {
        let isNew = records[record.id] == nil
        if record.caption != nil || (isNew && failuresCount) { records[record.id] = record }
      }
    }
    return records
  }

  /// Opens this worker's part for ``append(_:)``. Only captions stay in it: another worker that is done sooner
  /// would take failures that are tried again for final, and remove the part.
  func open() throws -> FileHandle {
    let part = partURL
    do {
      let exists = FileManager.default.fileExists(atPath: part.path)
      let before = try exists ? Data(contentsOf: part) : Data()
      let captions = Self.records(lines: before).filter { $0.caption != nil }
      try JSONLines.encode(captions).write(to: part, options: .atomic)
      let file = try FileHandle(forUpdating: part)
      _ = try file.seekToEnd()
      return file
    } catch {
      throw notWritten(error)
    }
  }

  func append(_ record: CaptionRecord, to file: FileHandle) throws {
    do {
      try file.write(contentsOf: JSONLines.line(record))
    } catch {
      throw notWritten(error)
    }
  }

  /// Writes the output in the order of the clips, once there is a record for each. Captions of other clips, such as of
  /// another split, stay behind them. Without any caption there is no output, and the parts stay.
  /// - Returns: whether nothing was missing.
  func merge(_ ids: [String], request: String) throws -> Bool {
    let records = try records(request: request)
    guard ids.allSatisfy({ records[$0] != nil }) else { return false }
    let others = Set(records.keys).subtracting(ids).sorted()
    let captions = (ids + others).compactMap { records[$0] }.filter { $0.caption != nil }
    if captions.isEmpty { return true }
    let data =
      output.pathExtension == "csv" ? Data(Self.csv(captions).utf8) : try JSONLines.encode(captions)
    do {
      try data.write(to: output, options: .atomic)
    } catch {
      throw notWritten(error)
    }
    for part in parts { try? FileManager.default.removeItem(at: part) }
    return true
  }

  private func notWritten(_ error: any Error) -> CaptionError {
    let file = output.relativePath
    guard (error as? CocoaError)?.code != .fileWriteOutOfSpace else { return .diskFull(file: file) }
    return .unusableOutput(
      file: file, reason: "cannot be written (\(error.localizedDescription)); choose another")
  }

  private static let columns = ["id", "file_name", "caption", "request"]

  private static func csv(_ records: [CaptionRecord]) -> String {
    records.reduce(into: CSV.line(columns)) {
      $0 += CSV.line([$1.id, $1.fileName, $1.caption ?? "", $1.request])
    }
  }

  private static func records(lines data: Data) -> [CaptionRecord] {
    let decoder = JSONDecoder()
    return data.split(separator: UInt8(ascii: "\n"))
      .compactMap { try? decoder.decode(CaptionRecord.self, from: $0) }
  }

  private static func records(csv text: String) -> [CaptionRecord] {
    let rows = CSV.rows(of: text).map(\.fields)
    guard rows.first == columns else { return [] }
    return rows.dropFirst().filter { $0.count == columns.count }
      .map { CaptionRecord(id: $0[0], fileName: $0[1], caption: $0[2], request: $0[3]) }
  }
}
