import Foundation
import UniFormTraining

/// Captions of clips by name, from the lists that data sets come with.
enum CaptionList {
  /// - Parameters:
  ///   - path: a list that was named; without it, metadata.csv in the first of `folders` that has one.
  static func captions(_ path: String?, beside folders: [URL]) throws -> [String: String] {
    if let path { return try read(URL(filePath: path)) }
    let lists = folders.map { $0.appending(path: "metadata.csv") }
    guard let list = lists.first(where: { FileManager.default.fileExists(atPath: $0.path) }) else {
      return [:]
    }
    return try read(list)
  }

  static func read(_ url: URL) throws -> [String: String] {
    let path = url.relativePath
    guard let data = try? Data(contentsOf: url) else {
      throw CommandFailure("the list of captions '\(path)' cannot be read; check the path", .noInput)
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw CommandFailure("'\(path)' is no UTF-8 text; save it as UTF-8", .badData)
    }
    let rows = CSV.rows(of: text)
    guard let first = rows.first else {
      throw CommandFailure("'\(path)' is empty; give a line for each clip", .badData)
    }
    let header = first.fields.map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
    func column(_ names: String...) -> Int? { header.firstIndex { names.contains($0) } }
    var captions: [String: String] = [:]
    if let text = column("text", "caption", "prompt", "class", "label"),
      let name = column("file_name", "file", "path", "name", "video", "id", "ytid")
    {
      let start = column("start_time", "start_seconds", "start")
      for row in rows.dropFirst() where row.fields.count > max(text, name) {
        let id = row.fields[name].trimmingCharacters(in: .whitespaces)
        let seconds = start.flatMap {
          $0 < row.fields.count ? Double(row.fields[$0].trimmingCharacters(in: .whitespaces)) : nil
        }
        for name in names(id, start: seconds) { captions[name] = row.fields[text] }
      }
    } else if header.count == 4, ["train", "test"].contains(header[3]) {
      // VGGSound's own list has no first line of names.
      for row in rows where row.fields.count == 4 {
        for name in names(row.fields[0], start: Double(row.fields[1].trimmingCharacters(in: .whitespaces))) {
          captions[name] = row.fields[2]
        }
      }
    } else {
      throw CommandFailure(
        "'\(path)' needs columns file_name and text in its first line (or is the list of VGGSound)", .badData)
    }
    return captions
  }

  /// What a clip may be called: its file's name without the ending, or an id with its start in any of the spellings in use.
  private static func names(_ id: String, start: Double?) -> [String] {
    guard let start else { return [URL(filePath: id).deletingPathExtension().lastPathComponent] }
    let seconds = Int(start)
    let milliseconds = Int((start * 1000).rounded())
    return [
      String(format: "%@_%06d", id, seconds), "\(id)_\(seconds)",
      "\(id)_\(milliseconds)_\(milliseconds + 10_000)",
    ]
  }

  /// The dance that a file of AIST is named after, such as `gBR_sBM_c01_d04_mBR0_ch01`.
  static func dance(_ name: String) -> String? {
    guard let genre = name.split(separator: "_").first, genre.count == 3, genre.first == "g" else {
      return nil
    }
    return [
      "BR": "break dance", "PO": "pop dance", "LO": "lock dance", "MH": "middle hip-hop dance",
      "LH": "LA-style hip-hop dance", "HO": "house dance", "WA": "waack dance", "KR": "krump dance",
      "JS": "street jazz dance", "JB": "ballet jazz dance",
    ][String(genre.dropFirst())]
  }
}
