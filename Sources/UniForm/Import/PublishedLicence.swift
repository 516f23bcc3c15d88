internal import Foundation

/// Licences of published weights, by their SPDX names where they have one.
enum PublishedLicence {
  static let flanT5 = "Apache-2.0"
  static let openSora = "Apache-2.0"
  static let audioLDM = "CC-BY-NC-SA-4.0"
  /// PixArt's releases differ, and their tensors do not tell which one they are.
  static let pixArt = "OpenRAIL++-M or AGPL-3.0 (see its model card)"

  /// The licence that stands beside the weights: in the index of a model directory of this program, or, where the
  /// format does not settle it, in the head of a model card.
  static func stated(besides source: ImportSource, part: ModelDirectory.Part, orCard: Bool) -> String? {
    let folders = [source.folder, source.folder.deletingLastPathComponent()]
    for folder in folders {
      if let index = try? ModelIndex(contentsOf: folder.appending(path: ModelDirectory.indexName)) {
        let licence = index.licences[part.rawValue] ?? index.licence
        return licence.isEmpty ? "not stated" : licence
      }
    }
    guard orCard else { return nil }
    return folders.lazy.compactMap { card($0.appending(path: "README.md")) }.first
  }

  /// `license: …` between the lines `---` that a model card begins with.
  private static func card(_ url: URL) -> String? {
    guard let text = try? String(contentsOf: url, encoding: .utf8) else { return nil }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.first == "---" else { return nil }
    for line in lines.dropFirst().prefix(while: { $0 != "---" }) where line.hasPrefix("license:") {
      let name = line.dropFirst("license:".count).trimmingCharacters(in: .whitespaces)
      return name.isEmpty ? nil : name
    }
    return nil
  }
}

extension ModelIndex {
  /// Parts whose licence rules out commercial use.
  public var nonCommercialParts: [String] {
    licences.filter { $0.value.uppercased().contains("-NC") }.keys.sorted()
  }

  /// Notes the licence of a part; that of the whole names each once.
  mutating func setLicence(_ licence: String, of part: ModelDirectory.Part) {
    licences[part.rawValue] = licence
    self.licence = Set(licences.values).sorted().joined(separator: " AND ")
  }
}
