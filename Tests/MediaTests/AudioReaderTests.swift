import Foundation
import Media
import Testing

@Suite struct AudioReaderTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// Silence with a loud burst of 10 ms at `time`.
  private func burst(at time: Double, rate: Int, seconds: Double) -> String {
    "aevalsrc=if(between(t\\,\(time)\\,\(time + 0.01))\\,0.8*sin(2*PI*1000*t)\\,0):s=\(rate):d=\(seconds)"
  }

  /// Seconds of the first sample that is part of a burst.
  private func onset(_ sound: Waveform) -> Double {
    Double(sound.samples.firstIndex { abs($0) > 0.1 } ?? -1) / Double(sound.sampleRate)
  }

  @Test(arguments: [
    ("sound.wav", 44100, "-c:a pcm_s16le"), ("sound.mp4", 48000, "-c:a aac"),

    ("sound.mkv", 48000, "-c:a libopus"), ("sound.flac", 32000, "-c:a flac"),
    ("sound.ogg", 48000, "-c:a libopus"),
  ])
  func hearsAnOnsetWhereItIs(name: String, rate: Int, codec: String) async throws {
    let url = try await scratch.clip(name, "-f lavfi -i", burst(at: 0.75, rate: rate, seconds: 1.5), codec)
    let whole = try await AudioReader.read(url, seconds: 1.5, sampleRate: 16000)
    #expect(whole.samples.count == 24000)
    #expect(abs(onset(whole) - 0.75) < 0.001)
    let part = try await AudioReader.read(url, start: 0.7, seconds: 0.5, sampleRate: 16000)
    #expect(part.samples.count == 8000)
    // Matroska rounds the time of each packet to a millisecond.
    #expect(abs(onset(part) - 0.05) < (name.hasSuffix("mkv") ? 0.0015 : 0.001))
  }

  @Test(arguments: zip(["mp4", "mkv"], [0, 0.35]))
  func keepsALateTrackInStepWithThePictures(container: String, start: Double) async throws {
    let url = try await scratch.clip(
      "late.\(container)", "-f lavfi -i testsrc2=s=32x32:r=10:d=2 -itsoffset 0.5 -f lavfi -i",
      burst(at: 0.4, rate: 48000, seconds: 1), "-c:v libx264 -c:a aac")
    let sound = try await AudioReader.read(url, start: start, seconds: 1.5, sampleRate: 16000)
    #expect(abs(onset(sound) - (0.9 - start)) < 0.001)
  }

  @Test func countsFromTheFirstPictureOfALatePicture() async throws {
    let url = try await scratch.clip(
      "late.mp4", "-itsoffset 0.3 -f lavfi -i testsrc2=s=32x32:r=10:d=2 -f lavfi -i",
      burst(at: 0.9, rate: 48000, seconds: 2), "-map 0:v -map 1:a -vsync vfr -c:v libx264 -c:a aac")
    #expect(abs(try await MediaProbe.probe(url).origin - 0.3) < 0.001)
    let sound = try await AudioReader.read(url, seconds: 1.5, sampleRate: 16000)
    #expect(abs(onset(sound) - 0.6) < 0.001)
  }

  @Test func readsTheMiddleOfATransportStream() async throws {
    // Transport streams start at 1.4 s of their own clock.
    let url = try await scratch.clip(
      "broadcast.ts", "-f lavfi -i testsrc2=s=64x64:r=25:d=3 -f lavfi -i",
      burst(at: 2, rate: 48000, seconds: 3),
      "-c:v libx264 -g 25 -c:a aac -f mpegts")
    let sound = try await AudioReader.read(url, start: 1.5, seconds: 1, sampleRate: 16000)
    #expect(abs(onset(sound) - 0.5) < 0.03)  // the muxer itself writes AAC priming as sound
  }

  @Test(arguments: [1, 2, 6])
  func mixesEqualChannelsToTheSameLevel(channels: Int) async throws {
    let layout = [1: "mono", 2: "stereo", 6: "5.1"][channels]!
    let tone = Array(repeating: "0.4*sin(2*PI*440*t)", count: channels).joined(separator: "|")
    for codec in channels == 2 ? ["flac", "pcm_f32le"] : ["flac"] {
      let url = try await scratch.clip(
        "\(codec).mkv", "-f lavfi -i", "aevalsrc=\(tone):s=48000:d=1:c=\(layout)", "-c:a", codec)
      let sound = try await AudioReader.read(url, seconds: 1, sampleRate: 16000)
      // ffmpeg's matrix leaves the subwoofer out; all else sums to the same level.
      #expect(abs(sound.rms(0.2..<0.8) - 0.2828) < 0.01, "\(codec)")
    }
  }

  @Test func resamplesWithoutAliasesOrLoss() async throws {
    let high = try await scratch.clip("high.wav", "-f lavfi -i sine=f=11000:r=48000:d=1")
    #expect(try await AudioReader.read(high, seconds: 1, sampleRate: 16000).rms(0.1..<0.9) < 1e-4)
    let low = try await scratch.clip("low.wav", "-f lavfi -i sine=f=7000:r=48000:d=1")
    let level = try await AudioReader.read(low, seconds: 1, sampleRate: 48000).rms(0.1..<0.9)
    let resampled = try await AudioReader.read(low, seconds: 1, sampleRate: 16000).rms(0.1..<0.9)
    #expect(abs(resampled / level - 1) < 0.01)
  }

  @Test func fillsTheEndWithSilence() async throws {
    let url = try await scratch.clip("short.wav", "-f lavfi -i sine=f=400:r=16000:d=0.5")
    let sound = try await AudioReader.read(url, seconds: 2, sampleRate: 16000)
    #expect(sound.samples.count == 32000)
    #expect(sound.samples[8000...].allSatisfy { $0 == 0 })
    #expect(sound.peak > 0.1 && !sound.isSilent)
  }

  @Test func knowsDigitalSilence() async throws {
    let url = try await scratch.clip("silent.mp4", "-f lavfi -i anullsrc=r=44100:cl=stereo:d=1 -c:a aac")
    let sound = try await AudioReader.read(url, seconds: 1, sampleRate: 16000)
    #expect(sound.isSilent && sound.peak < 1e-5)
    #expect(Waveform(sampleRate: 10, samples: []).isSilent)
    #expect(!Waveform(sampleRate: 10, samples: [0, -0.001]).isSilent)
  }

  @Test func refusesAClipWithoutSound() async throws {
    let url = try await scratch.clip("mute.mp4", "-f lavfi -i testsrc2=s=32x32:r=10:d=0.5 -c:v libx264")
    await #expect(throws: MediaError.noAudio(url)) {
      try await AudioReader.read(url, seconds: 1, sampleRate: 16000)
    }
  }

  @Test func coverArtIsNoVideo() async throws {
    let cover = try await scratch.clip("cover.png", "-f lavfi -i testsrc2=s=32x32:r=1:d=1 -frames:v 1")
    let url = try await scratch.clip(
      "song.m4a", "-f lavfi -i sine=d=1 -i", cover.path(percentEncoded: false),
      "-map 0 -map 1 -c:a aac -c:v png -disposition:v attached_pic")
    #expect(try await MediaProbe.probe(url).video == nil)
    await #expect(throws: MediaError.noVideo(url)) {
      try await VideoReader.read(url, seconds: 1, frameRate: 10, width: 8, height: 8)
    }
    #expect(try await AudioReader.read(url, seconds: 1, sampleRate: 16000).peak > 0.05)
  }
}
