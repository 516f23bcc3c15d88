public import Foundation
public import Media

/// Pictures and sound of one clip, decoded when they are asked for, and once for all who ask for the same.
public actor ClipMedia {
  public let url: URL
  /// No more than this from the start counts.
  private let limit: Double?
  /// That work on this clip may use.
  nonisolated let threads: Int
  private var information: MediaInformation?
  private var frames: [String: VideoFrames] = [:]
  private var sounds: [Int: Waveform] = [:]

  public init(_ url: URL, limit: Double? = nil, threads: Int = 1) {
    self.url = url
    self.limit = limit
    self.threads = threads
  }

  public func probe() async throws -> MediaInformation {
    if let information { return information }
    let found = try await MediaProbe.probe(url)
    information = found
    return found
  }

  /// - Parameters:
  ///   - rate: frames per second; that of the file where nil, the average where it varies.
  ///   - size: pixels; those of the file as shown where nil.
  /// - Throws: `MediaError.noVideo` among others.
  public func frames(rate: Double? = nil, size: (width: Int, height: Int)? = nil) async throws -> VideoFrames
  {
    let information = try await probe()
    guard let video = information.video else { throw MediaError.noVideo(url) }
    // A stream of constant rate is read at the step of its pictures, so that each comes once: the average over a duration
    // that is not a whole number of them would leave one out.
    let rate = rate ?? (video.isVariableRate ? video.averageFrameRate : video.nominalFrameRate).value
    let size = size ?? video.displaySize
    let key = "\(rate) \(size)"
    if let known = frames[key] { return known }
    let read = try await VideoReader.read(
      url, seconds: seconds(information.videoSeconds, atLeast: 1 / rate), frameRate: rate, width: size.width,
      height: size.height, probed: information)
    frames[key] = read
    return read
  }

  /// - Throws: `MediaError.noAudio` among others.
  public func sound(sampleRate: Int) async throws -> Waveform {
    if let known = sounds[sampleRate] { return known }
    let information = try await probe()
    guard information.audio != nil else { throw MediaError.noAudio(url) }
    // The sound that belongs to the pictures, where there are any.
    let announced = information.video != nil ? information.videoSeconds : information.audioSeconds
    let read = try await AudioReader.read(
      url, seconds: seconds(announced, atLeast: 0.01), sampleRate: sampleRate, probed: information)
    sounds[sampleRate] = read
    return read
  }

  private func seconds(_ announced: Double?, atLeast least: Double) -> Double {
    max(least, min(announced ?? limit ?? 10, limit ?? .infinity))
  }
}
