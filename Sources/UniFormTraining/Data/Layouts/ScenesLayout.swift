internal import Foundation
internal import Scenes

/// What `uniform scenes` writes: `scene-000001.mp4` and its description in `scene-000001.json`.
enum ScenesLayout {
  static func clips(in folder: MediaFolder) -> Listing {
    let decoder = JSONDecoder()
    return Listing(
      clips: folder.files.compactMap { file in
        let description = file.deletingPathExtension().appendingPathExtension("json")
        guard let data = try? Data(contentsOf: description),
          let scene = try? decoder.decode(SceneDescription.self, from: data)
        else { return nil }
        return SourceClip(
          id: String(folder.path(of: file).dropLast(file.pathExtension.count + 1)), file: file,
          caption: scene.caption, split: folder.split(of: file))
      })
  }
}
