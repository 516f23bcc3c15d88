import Foundation
import UniFormEvaluation
import UniFormTraining

/// Captions of clips by name, from the lists that data sets come with.
enum CaptionList {
  /// Of the clips of `folders`, by name.
  ///
  /// - Parameters:
  ///   - path: a list that was named; without it, metadata.csv in the first of `folders` that has one.
  static func captions(_ path: String?, of folders: [ClipFolder]) throws -> [String: String] {
    let list: URL
    if let path {
      list = URL(filePath: path)
    } else {
      let lists = folders.map { $0.url.appending(path: "metadata.csv") }
      guard let found = lists.first(where: { FileManager.default.fileExists(atPath: $0.path) }) else {
        return [:]
      }
      list = found
    }
    let known = try read(list)
    var captions: [String: String] = [:]
    for clip in folders.flatMap(\.clips) {
      // Lists name a clip with or without the folder of its class.
      captions[clip.name] = known[clip.name] ?? known[clip.baseName]
    }
    return captions
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
    // Of files in folders by their last name alone; nil where two have the same name.
    var lastNames: [String: String?] = [:]
    if let text = column("text", "caption", "prompt", "class", "label"),
      let name = column("file_name", "file", "path", "name", "video", "id", "ytid")
    {
      let start = column("start_time", "start_seconds", "start")
      for row in rows.dropFirst() where row.fields.count > max(text, name) {
        let id = row.fields[name].trimmingCharacters(in: .whitespaces)
        let seconds = start.flatMap { $0 < row.fields.count ? self.start(row.fields[$0]) : nil }
        for name in names(id, start: seconds) { captions[name] = row.fields[text] }
        if seconds == nil, id.contains("/") {
          let last = (names(id, start: nil)[0] as NSString).lastPathComponent
          lastNames[last] = lastNames[last] == nil ? row.fields[text] : .some(nil)
        }
      }
    } else if header.count == 4, ["train", "test"].contains(header[3]) {
      // VGGSound's own list has no first line of names.
      for row in rows where row.fields.count == 4 {
        for name in names(row.fields[0], start: start(row.fields[1])) {
          captions[name] = row.fields[2]
        }
      }
    } else {
      throw CommandFailure(
        "'\(path)' needs columns file_name and text in its first line (or is the list of VGGSound)", .badData)
    }
    return captions.merging(lastNames.compactMapValues(\.self)) { whole, _ in whole }
  }

  /// Seconds, where a field holds some.
  private static func start(_ field: String) -> Double? {
    Double(field.trimmingCharacters(in: .whitespaces)).flatMap { (0..<1e6).contains($0) ? $0 : nil }
  }

  /// What a clip may be called: its path without the ending, or an id with its start in any of the spellings in use.
  private static func names(_ id: String, start: Double?) -> [String] {
    guard let start else { return [(id as NSString).deletingPathExtension] }
    let seconds = Int(start)
    let milliseconds = Int((start * 1000).rounded())
    return [
      String(format: "%@_%06d", id, seconds), "\(id)_\(seconds)",
      "\(id)_\(milliseconds)_\(milliseconds + 10_000)",
    ]
  }

  /// The dance that a file of AIST is named after, such as `gBR_sBM_c01_d04_mBR0_ch01`.
  static func dance(_ name: String) -> String? {
    guard let genre = (name as NSString).lastPathComponent.split(separator: "_").first, genre.count == 3,
      genre.first == "g"
    else {
      return nil
    }
    return [
      "BR": "break dance", "PO": "pop dance", "LO": "lock dance", "MH": "middle hip-hop dance",
      "LH": "LA-style hip-hop dance", "HO": "house dance", "WA": "waack dance", "KR": "krump dance",
      "JS": "street jazz dance", "JB": "ballet jazz dance",
    ][String(genre.dropFirst())]
  }
}
