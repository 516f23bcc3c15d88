import Foundation
import Media
import Scenes
import UniFormTraining

/// A data set of rendered scenes: `scene-000001.mp4`, its `.json`, …, and `metadata.csv`.
struct SceneFolder: Sendable {
  let url: URL
  let seed: UInt64
  let count: Int
  let geometry: SceneGeometry
  /// In turn; all, drawn from the seed, where empty.
  let classes: [SceneClass]

  /// What all clips of a folder have in common, which they cannot tell themselves.
  private struct Recipe: Codable, Equatable {
    let seed: UInt64
    let width, height, sampleRate: Int
    let frameRate, seconds: Double
    let classes: [SceneClass]

    /// As the command line says it.
    var options: [String] {
      [
        "--seed \(seed)", "--size \(width)", "--seconds \(seconds.formatted)",
        "--frame-rate \(frameRate.formatted)", "--sample-rate \(sampleRate)",
        classes.isEmpty ? "no --classes" : "--classes \(classes.map(\.rawValue).joined(separator: ","))",
      ]
    }
  }

  private var recipe: Recipe {
    Recipe(
      seed: seed, width: geometry.width, height: geometry.height, sampleRate: geometry.sampleRate,
      frameRate: geometry.frameRate, seconds: geometry.seconds, classes: classes)
  }

  private var recipeURL: URL { url.appending(path: ".scenes.json", directoryHint: .notDirectory) }

  /// Renders what is missing, `threads` clips at a time, and lists all in `metadata.csv`.
  ///
  /// - Parameter progress: told how many of how many new clips are done.
  /// - Returns: how many were rendered.
  /// - Throws: `CommandFailure` where the folder holds other clips or cannot be written, `MediaError`.
  func fill(threads: Int, progress: @Sendable (Int, Int) -> Void) async throws -> Int {
    let isNew = !FileManager.default.fileExists(atPath: url.path)
    // A failure or an interruption before the first clip leaves no empty folder; rmdir takes no other.
    defer { if isNew { rmdir(url.path) } }
    do {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    } catch {
      throw CommandFailure("the folder '\(url.relativePath)' cannot be made; choose another", .cannotCreate)
    }
    try MediaWriter.checkWritable(clipURL(0, "mp4"))
    let hasRecipe = try checkRecipe()
    var missing: [Int] = []
    var finished: Int?
    for index in 0..<count {
      if try isFinished(index) { finished = finished ?? index } else { missing.append(index) }
    }
    if let finished, !hasRecipe { try await checkGeometry(finished) }
    progress(0, missing.count)
    try await withThrowingTaskGroup(of: Void.self) { group in
      var started = 0
      var finished = 0
      while finished < missing.count {
        while started < missing.count && started - finished < threads {
          let index = missing[started]
          group.addTask { try await render(index) }
          started += 1
        }
        try await group.next()
        finished += 1
        progress(finished, missing.count)
      }
    }
    try writeMetadata()
    return missing.count
  }

  /// - Returns: whether the folder has clips of this recipe. Older folders have no recipe; what their clips say must do.
  private func checkRecipe() throws -> Bool {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
    guard names.contains(where: { $0.hasPrefix("scene-") }), let data = try? Data(contentsOf: recipeURL),
      let known = try? JSONDecoder().decode(Recipe.self, from: data)
    else { return false }
    let differing = zip(known.options, recipe.options).filter { $0 != $1 }.map { $0.0 }
    guard known == recipe else {
      throw CommandFailure(
        "'\(url.relativePath)' holds clips made with \(differing.joined(separator: ", ")); choose another folder, "
          + "or the same options",
        .cannotCreate)
    }
    return true
  }

  private func name(_ index: Int) -> String { String(format: "scene-%06d", index + 1) }

  private func clipURL(_ index: Int, _ ending: String) -> URL {
    url.appending(path: "\(name(index)).\(ending)", directoryHint: .notDirectory)
  }

  private func clipSeed(_ index: Int) -> UInt64 { SceneRenderer.clipSeed(datasetSeed: seed, index: index) }

  /// The side file comes last, so where it is the clip is complete.
  private func isFinished(_ index: Int) throws -> Bool {
    guard FileManager.default.fileExists(atPath: clipURL(index, "json").path),
      (try? clipURL(index, "mp4").resourceValues(forKeys: [.fileSizeKey]))?.fileSize ?? 0 > 0
    else { return false }
    let known = try description(index)
    let isSame = known.seed == clipSeed(index) && known.seconds == geometry.seconds
    let wanted =
      classes.isEmpty ? SceneRenderer.sceneClass(seed: clipSeed(index)) : classes[index % classes.count]
    let isWanted = known.sceneClass == wanted
    guard isSame && isWanted else {
      throw CommandFailure(
        "'\(url.relativePath)' holds clips of another seed, length or class; choose another folder",
        .cannotCreate)
    }
    return true
  }

  /// A data set has clips of one size and rate; one that is there tells which.
  private func checkGeometry(_ index: Int) async throws {
    let information = try await MediaProbe.probe(clipURL(index, "mp4"))
    guard let video = information.video else { return }
    let (width, height) = video.displaySize
    let isSame =
      (width, height) == (geometry.width, geometry.height)
      && abs(video.averageFrameRate.value - geometry.frameRate) < 0.01 * geometry.frameRate
    guard isSame else {
      throw CommandFailure(
        "'\(url.relativePath)' holds clips of \(width)×\(height) pixels at \(video.averageFrameRate.value.formatted) "
          + "frames per second; choose another folder, or the same --size and --frame-rate",
        .cannotCreate)
    }
  }

  private func description(_ index: Int) throws -> SceneDescription {
    let file = clipURL(index, "json")
    guard let data = try? Data(contentsOf: file),
      let description = try? JSONDecoder().decode(SceneDescription.self, from: data)
    else { throw CommandFailure("'\(file.relativePath)' is no description of a scene; remove it", .badData) }
    return description
  }

  private func render(_ index: Int) async throws {
    try Task.checkCancellation()
    let kind = classes.isEmpty ? nil : classes[index % classes.count]
    let clip = SceneRenderer(geometry: geometry).render(seed: clipSeed(index), sceneClass: kind)
    try Task.checkCancellation()
    try await MediaWriter.write(
      picture: .frames(clip.video), sound: .waveform(clip.audio), to: clipURL(index, "mp4"))
    // Before the first clip that counts, and not before there is a clip.
    try write(JSONLines.line(recipe), to: recipeURL)
    try write(clip.description.json(), to: clipURL(index, "json"))
  }

  /// `metadata.csv` as Hugging Face's VideoFolder reads it.
  private func writeMetadata() throws {
    var text = CSV.line(["file_name", "text"])
    for index in 0..<count { text += CSV.line(["\(name(index)).mp4", try description(index).caption]) }
    try write(Data(text.utf8), to: url.appending(path: "metadata.csv"))
  }

  private func write(_ data: Data, to file: URL) throws {
    do {
      try data.write(to: file, options: .atomic)
    } catch {
      throw (error as? CocoaError)?.code == .fileWriteOutOfSpace
        ? MediaError.diskFull(file) : MediaError.writeFailed(file, error.localizedDescription)
    }
  }
}
