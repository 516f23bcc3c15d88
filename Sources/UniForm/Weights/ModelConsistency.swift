internal import Foundation

extension ModelDirectory {
  /// Whether the parts fit together: every number that two files state must be the same in both.
  func checkConsistency() throws(ModelError) {
    let g = geometry
    let clip = "the geometry in \(Self.indexName)"
    try require(
      "transformer", "caption_channels", transformer.captionChannels, textEncoder.width,
      by: "\"d_model\" of the text encoder")
    try require("transformer", "in_channels", transformer.inputChannels, g.videoChannels, by: clip)
    try require("transformer", "audio_channels", transformer.audioChannels, g.audioChannels, by: clip)
    try require(
      "transformer", "audio_frequencies", transformer.audioFrequencies, g.audioFrequencies, by: clip)
    try require(
      "transformer", "audio_steps_per_frame", transformer.audioStepsPerFrame, g.audioStepsPerLatentFrame,
      by: clip)

    if transformer.chunkPositions > 0 {
      try require("transformer", "chunk_positions", transformer.chunkPositions, g.chunkLatents, by: clip)
    }

    try require("vae", "vae_2d.in_channels", videoVAE.spatial.inChannels, 3, by: "a picture")
    try require("vae", "vae_2d.out_channels", videoVAE.spatial.outChannels, 3, by: "a picture")
    try require(
      "vae", "vae_2d.downsample_strides", videoVAE.spatial.reduction, [g.spatialFactor, g.spatialFactor],
      by: clip)
    try require("vae", "vae_temporal.embed_dim", videoVAE.temporal.embedDim, g.videoChannels, by: clip)
    try require("vae", "micro_frame_size", videoVAE.microFrameSize, g.chunkFrames, by: clip)
    try require(
      "vae", "vae_temporal.temporal_downsample", videoVAE.latentFrames(for: g.chunkFrames), g.chunkLatents,
      by: clip)

    try require("audio_vae", "in_channels", audioVAE.inChannels, 1, by: "a spectrogram")
    try require("audio_vae", "out_channels", audioVAE.outChannels, 1, by: "a spectrogram")
    try require("audio_vae", "latent_channels", audioVAE.latentChannels, g.audioChannels, by: clip)
    try require(
      "audio_vae", "downsample_strides", audioVAE.reduction, [g.audioTimeFactor, g.audioFrequencyFactor],
      by: clip)

    try require("mel", "sample_rate", mel.sampleRate, g.sampleRate, by: clip)
    try require("mel", "hop", mel.hop, g.hopLength, by: clip)
    try require("mel", "n_mels", mel.melCount, g.melBins, by: clip)
    try require("vocoder", "model_in_dim", vocoder.melCount, g.melBins, by: clip)
    try require("vocoder", "sampling_rate", vocoder.sampleRate, g.sampleRate, by: clip)
    try require("vocoder", "upsample_rates", vocoder.hop, g.hopLength, by: clip)
  }

  private func require<Value: Equatable>(
    _ folder: String, _ key: String, _ found: Value, _ needed: Value, by: String
  ) throws(ModelError) {
    if found == needed { return }
    throw .inconsistent(
      file: url.appending(path: folder).appending(path: "config.json").path, key: key, found: "\(found)",
      needed: "\(needed)", by: by)
  }
}
