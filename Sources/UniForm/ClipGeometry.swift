/// Every shape, rate and length of a clip, in one value: nothing else in the package knows what 17 or 16,000 means.
///
/// Frames, samples, mel frames and latent steps are different units; each has its own property here. The sound of
/// one second is 25 latent steps and the picture 5, so that five audio steps lie beside every video latent frame.
public struct ClipGeometry: JSONConfiguration {
  /// Pixels.
  public var width = 256
  public var height = 256
  /// Frames per second of the pictures.
  public var frameRate = 17
  /// Samples per second of the sound.
  public var sampleRate = 16_000
  /// Length of a clip that the model was trained on.
  public var seconds = 4.0
  /// Samples between mel frames.
  public var hopLength = 160
  public var melBins = 64
  /// Pixels per latent row and column.
  public var spatialFactor = 8
  /// Frames that the video autoencoder codes together, and the latent frames that come out.
  public var chunkFrames = 17
  public var chunkLatents = 5
  /// Mel frames per audio latent step, mel bins per latent frequency, and channels of each latent.
  public var audioTimeFactor = 4
  public var audioFrequencyFactor = 4
  public var audioChannels = 8
  public var videoChannels = 4

  public init() {}

  enum CodingKeys: String, CodingKey {
    case width, height, seconds
    case frameRate = "frame_rate"
    case sampleRate = "sample_rate"
    case hopLength = "hop_length"
    case melBins = "mel_bins"
    case spatialFactor = "spatial_factor"
    case chunkFrames = "chunk_frames"
    case chunkLatents = "chunk_latents"
    case audioTimeFactor = "audio_time_factor"
    case audioFrequencyFactor = "audio_frequency_factor"
    case audioChannels = "audio_channels"
    case videoChannels = "video_channels"
  }

  public func validate() throws(ConfigurationError) {
    let positive = [
      width, height, frameRate, sampleRate, hopLength, melBins, spatialFactor, chunkFrames, chunkLatents,
      audioTimeFactor, audioFrequencyFactor, audioChannels, videoChannels,
    ]
    guard positive.allSatisfy((1...1_000_000).contains), seconds > 0, seconds <= 1_000_000 else {
      throw ConfigurationError("every size and rate of a clip must be positive and at most 1,000,000")
    }
    guard width % spatialFactor == 0, height % spatialFactor == 0 else {
      throw ConfigurationError("\(width)×\(height) pixels are no multiple of \(spatialFactor)")
    }
    guard frameRate % chunkFrames == 0 else {
      throw ConfigurationError(
        "\(frameRate) frames per second do not divide into chunks of \(chunkFrames)")
    }
    guard sampleRate % (hopLength * audioTimeFactor) == 0,
      audioStepsPerSecond % latentFramesPerSecond == 0
    else {
      throw ConfigurationError(
        "\(audioStepsPerSecond) audio steps per second do not divide into \(latentFramesPerSecond) video latents"
      )
    }
    guard melBins % audioFrequencyFactor == 0, audioChannels % videoChannels == 0 else {
      throw ConfigurationError(
        "\(audioChannels)×\(audioFrequencies) audio latents do not pack into \(videoChannels) channels")
    }
  }
}

extension ClipGeometry {
  /// Seconds that are generated: whole ones, since a second is the smallest length at which picture and sound
  /// divide evenly. The clip is cut to the length asked for afterwards.
  public var codedSeconds: Int { max(1, Int(seconds.rounded(.up))) }

  // Frames
  public var frameCount: Int { codedSeconds * frameRate }
  /// Runs of frames that the video autoencoder codes together.
  public var chunkCount: Int { frameCount / chunkFrames }
  /// Frames that are kept.
  public var keptFrameCount: Int { max(1, Int((seconds * Double(frameRate)).rounded())) }

  // Samples
  public var sampleCount: Int { codedSeconds * sampleRate }
  public var keptSampleCount: Int { max(1, Int((seconds * Double(sampleRate)).rounded())) }

  // Mel frames
  public var melFrameCount: Int { sampleCount / hopLength }
  /// Mel frames of the sound that is kept.
  public var keptMelFrameCount: Int { (keptSampleCount + hopLength - 1) / hopLength }

  // Latent steps
  public var latentFramesPerSecond: Int { frameRate / chunkFrames * chunkLatents }
  public var latentFrameCount: Int { codedSeconds * latentFramesPerSecond }
  public var audioStepsPerSecond: Int { sampleRate / hopLength / audioTimeFactor }
  public var audioStepCount: Int { codedSeconds * audioStepsPerSecond }
  /// Audio latent steps beside one video latent frame.
  public var audioStepsPerLatentFrame: Int { audioStepsPerSecond / latentFramesPerSecond }
  public var audioFrequencies: Int { melBins / audioFrequencyFactor }

  // Shapes without the batch axis
  public var videoLatentShape: [Int] {
    [videoChannels, latentFrameCount, height / spatialFactor, width / spatialFactor]
  }
  public var audioLatentShape: [Int] { [audioChannels, audioStepCount, audioFrequencies] }
}
