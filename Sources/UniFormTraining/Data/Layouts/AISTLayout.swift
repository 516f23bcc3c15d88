internal import Foundation

/// AIST++ (Li et al. 2021): dances, whose genre is the caption, in files such as `gBR_sBM_c01_d04_mBR0_ch01.mp4`.
///
/// Lists in the folder: `crossmodal_train.txt` and its siblings, which keep the same music and choreography out of two
/// splits, and `ignore_list.txt`. Without them the folders `train`, `val` and `test` are the split.
enum AISTLayout {
  static let genres = [
    "BR": "break", "PO": "pop", "LO": "lock", "MH": "middle hip-hop", "LH": "LA-style hip-hop", "HO": "house",
    "WA": "waack", "KR": "krump", "JS": "street jazz", "JB": "ballet jazz",
  ]

  static func clips(in folder: MediaFolder, list: ListFile?) throws -> Listing {
    var splits: [Substring: String] = [:]
    for list in try list.map({ [$0] }) ?? lists(in: folder) {
      for line in list.lines { splits[dance(line[...])] = list.split }
    }
    let ignored = Set(try folder.lists { $0 == "ignore_list.txt" }.flatMap(\.lines).map { dance($0[...]) })
    return Listing(
      clips: folder.files.compactMap { file in
        let name = file.stem
        guard let match = name.prefixMatch(of: #/g([A-Z]{2})_s[A-Z]{2}_c\w+_d\d+_m[A-Z]{2}\d_ch\d+/#),
          !ignored.contains(dance(match.0))
        else { return nil }
        return SourceClip(
          id: name, file: file, caption: genres[String(match.1)],
          split: splits.isEmpty ? folder.split(of: file) : splits[dance(match.0)])
      })
  }

  private static func lists(in folder: MediaFolder) throws -> [ListFile] {
    let crossmodal = try folder.lists { $0.hasPrefix("crossmodal_") && $0.hasSuffix(".txt") }
    return try crossmodal.isEmpty
      ? folder.lists { $0.hasPrefix("pose_") && $0.hasSuffix(".txt") } : crossmodal
  }

  /// Lists name a dance once for all its cameras: `…_cAll_…`.
  private static func dance(_ name: Substring) -> Substring {
    Substring(name.replacing(#/_c(\d+|All)_/#, with: "_"))
  }
}
