import Foundation
import Torch
import UniForm

extension Generation {
  /// Clips that go through each stage together where networks do not stay loaded: what is given to so many, and their
  /// latents, wait in memory.
  static let clipsAtOnce = 8

  /// Generates and writes clips; each is written as soon as it is there.
  ///
  /// - Parameter made: receives the places of those that are written.
  func make(_ clips: [PreparedClip], made: inout Set<Int>) async throws {
    let size = keepsLoaded ? 1 : Self.clipsAtOnce
    for start in stride(from: 0, to: clips.count, by: size) {
      try await make(clips, places: Array(start..<min(start + size, clips.count)), made: &made)
    }
  }

  private func make(_ clips: [PreparedClip], places: [Int], made: inout Set<Int>) async throws {
    let requests = places.map { place in
      var request = clips[place].prepared.request
      request.seed += UInt64(clips[place].index)
      return request
    }
    let names = places.map { place in
      sampling.count > 1 ? "clip \(clips[place].index + 1) of \(sampling.count), " : ""
    }
    let reporter = reporter
    let finished = pipeline.clips(of: requests) { progress in
      reporter.progress(
        names[progress.clip] + progress.stage.rawValue, completed: progress.completed, total: progress.total)
      return true
    }
    for try await (index, clip) in finished {
      let place = places[index]
      let (prepared, number) = clips[place]
      reporter.endProgress()
      if number == prepared.firstIndex { clip.notes.forEach(reporter.warn) }
      try await write(prepared.givenSeconds.map(clip.cut) ?? clip, of: prepared.job, index: number)
      made.insert(place)
    }
    try Task.checkCancellation()
  }
}

extension ContentOptions {
  /// Whether the networks stay loaded from clip to clip: where there are several clips, and memory for all networks.
  ///
  /// - Throws: `MemoryShortage` where not even the largest network fits.
  func keepsLoaded(_ directory: ModelDirectory, sampling: SamplingOptions, machine: MachineOptions) throws
    -> Bool
  {
    let length = seconds ?? directory.geometry.seconds
    // What cannot be asked for is refused with the request.
    guard GenerationRequest.allowedSeconds.contains(length) else { return true }
    // That of the input is close to the trained one; a size that cannot be is refused with the request.
    let asked = try? size.picture.pixels(of: directory, for: nil)
    let pixels = asked.flatMap { (try? directory.check($0)) == nil ? nil : $0 } ?? directory.geometry.size
    let planned = tasks.map { task in
      var planned = machine.planned(task, of: directory)
      planned.hasPrompt = prompt != nil || batch != nil
      planned.geometry.seconds = length
      planned.geometry.size = pixels
      planned.steps = sampling.steps ?? planned.steps
      planned.guidanceScale = sampling.guidance ?? planned.guidanceScale
      planned.conditionGuidanceScale = sampling.condition.conditionGuidance ?? 1
      planned.sampler = sampling.sampler ?? planned.sampler
      return planned
    }
    return try machine.keepsLoaded(
      directory, for: planned, clips: batch == nil ? sampling.count : Int.max)
  }

  /// Those that may come; a list may hold any.
  private var tasks: [GenerationTask] {
    let ofText = GenerationTask(given: nil, only: only)
    if batch != nil { return [ofText, .a2v, .v2a] }
    return [video != nil ? .v2a : audio != nil ? .a2v : ofText]
  }
}

extension MachineOptions {
  /// What the model makes of a task where nothing else is asked for.
  func planned(_ task: GenerationTask, of directory: ModelDirectory) -> PlannedGeneration {
    var planned = PlannedGeneration(
      directory, dtype: dtype.dtype, device: place.device.device, threads: place.threads)
    planned.task = task
    return planned
  }

  /// Whether the networks stay loaded from clip to clip, of whichever of `planned`.
  ///
  /// - Throws: `MemoryShortage` where not even the largest network fits.
  func keepsLoaded(_ directory: ModelDirectory, for planned: [PlannedGeneration], clips: Int) throws -> Bool {
    // Memory elsewhere is not known.
    guard place.device == .cpu, let available = MachineMemory.available else { return true }
    return try planned.allSatisfy { planned in
      do {
        return try GenerationPlan.staging(directory, planned, clips: clips, available: available) == .together
      } catch is TorchError {
        // Whatever cannot be outlined can be computed all the same.
        return false
      }
    }
  }
}
