public import Foundation
internal import Torch

/// A half-denoised clip in a safetensors file: a process that ends is followed by another that makes the same clip.
extension DenoisingState {
  private static let format = "uniform-denoising-state"

  /// - Parameter key: says what is being made; see ``init(contentsOf:key:)``.
  public func write(to url: URL, key: String) throws {
    var tensors = [("latents.video", latents.video), ("latents.audio", latents.audio)]
    for (index, one) in memory.enumerated() {
      tensors += [("memory.\(index).video", one.video), ("memory.\(index).audio", one.audio)]
    }
    try SafeTensors.write(
      tensors,
      metadata: [
        "format": Self.format, "key": key, "completed": "\(completed)", "draws": "\(draws)",
        "memory": "\(memory.count)",
      ], to: url)
  }

  /// Nil where there is no such file, or where it is of another clip or cannot be read: then the clip begins anew.
  ///
  /// - Parameter key: that of ``write(to:key:)``. It should change with whatever changes the clip.
  public init?(contentsOf url: URL, key: String) {
    guard let file = try? SafeTensors(contentsOf: url), file.metadata["format"] == Self.format,
      file.metadata["key"] == key,
      let completed = file.metadata["completed"].flatMap(Int.init), completed >= 0,
      let draws = file.metadata["draws"].flatMap(Int.init), draws >= 1,
      let count = file.metadata["memory"].flatMap(Int.init), (0...2).contains(count)
    else { return nil }
    func latents(_ name: String) -> AVLatents? {
      guard let video = try? file.tensor("\(name).video"), let audio = try? file.tensor("\(name).audio"),
        video.isFinite.allTrue, audio.isFinite.allTrue
      else { return nil }
      return AVLatents(video: video, audio: audio).to(.float32)
    }
    let memory = (0..<count).compactMap { latents("memory.\($0)") }
    guard let state = latents("latents"), memory.count == count else { return nil }
    self.init(completed: completed, latents: state, memory: memory, draws: draws)
  }
}
