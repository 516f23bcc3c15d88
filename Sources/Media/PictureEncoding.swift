import Foundation

extension PictureSource {
  var streamIndex: Int {
    if case .original(_, let video) = self { video.index } else { 0 }
  }

  /// All of a file's pictures are wanted, and players of `format` show them as they are.
  func canCopy(into format: OutputFormat, seconds: Double) -> Bool {
    guard case .original(let span, let video) = self, span.start == 0,
      let available = span.information.videoSeconds, seconds > available - 0.5 / rate(for: format).value,
      // Else the length is that of the longest stream, perhaps of the sound.
      video.duration != nil || span.information.audio == nil
    else { return false }
    let container = span.information.container
    return switch format {
    // Streams without an index may begin in the middle of a group of pictures.
    case .mp4:
      video.codec == "h264" && ["yuv420p", "yuvj420p"].contains(video.pixelFormat)
        && (container.contains("mp4") || container.contains("matroska"))
    case .webm:
      ["vp8", "vp9", "av1"].contains(video.codec) && video.rotation == 0 && container.contains("matroska")
    case .gif, .wav: false
    }
  }

  func inputArguments(copied: Bool) -> [String] {
    switch self {
    case .frames(let frames):
      return [
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", "\(frames.width)x\(frames.height)",
        "-framerate", "\(frames.frameRate)", "-i", "pipe:0",
      ]
    case .original(let span, _):
      return (copied ? span.copyingOffset : []) + span.inputArguments
    }
  }

  /// The first `count` frames at the output's constant rate. (The option `-frames:v` would cut the sound too.)
  fileprivate func timeline(for format: OutputFormat, count: Int) -> [String] {
    let end = "trim=end_frame=\(count)"
    guard case .original(let span, _) = self else { return [end] }
    // A container may promise more than its pictures hold: the last one stays on show.
    return [span.videoFilter(rate: rate(for: format).text), "tpad=stop=-1:stop_mode=clone", end]
  }

  /// Large originals are encoded quickly, small generated pictures carefully: the quality asked for is the same.
  fileprivate var preset: String {
    if case .original = self { "veryfast" } else { "medium" }
  }

  /// Colours have to be converted; other pictures keep the ones their file names.
  fileprivate var isRGB: Bool {
    guard case .original(_, let video) = self else { return true }
    return ["rgb", "bgr", "gbr", "argb", "abgr", "pal8", "0rgb", "0bgr"].contains {
      video.pixelFormat.hasPrefix($0)
    }
  }
}

extension MediaSpan {
  /// Moves the first picture of a copied file to time zero, where the new stream beside it begins.
  var copyingOffset: [String] {
    information.origin == 0 ? [] : ["-itsoffset", FFmpeg.time(-information.origin)]
  }
}

extension Encoding {
  /// Filters and encoder for pictures that are not copied.
  func encodingArguments(_ picture: PictureSource) -> [String] {
    if format == .gif {
      let palette =
        "split[a][b];[a]palettegen=stats_mode=diff[p];[b][p]paletteuse=dither=sierra2_4a:diff_mode=rectangle"
      return ["-vf", (picture.timeline(for: format, count: frameCount) + [palette]).joined(separator: ",")]
    }
    let scale = "scale=flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact"
    let toRGBMatrix = picture.isRGB ? ":out_color_matrix=bt709:out_range=tv" : ""
    var filters = picture.timeline(for: format, count: frameCount)
    if format == .mp4 && (picture.size.width % 2 == 1 || picture.size.height % 2 == 1) {
      // 4:2:0 in H.264 needs even sizes: the last column or row is shown twice. Only full chroma can do that.
      let (right, bottom) = (picture.size.width % 2, picture.size.height % 2)
      filters += [
        "\(scale)\(toRGBMatrix)", "format=yuv444p", "pad=iw+\(right):ih+\(bottom)",
        "fillborders=right=\(right):bottom=\(bottom):mode=smear", scale, "format=yuv420p",
      ]
    } else {
      filters += ["\(scale)\(toRGBMatrix)", "format=yuv420p"]
    }
    let colours =
      picture.isRGB
      ? ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"]
      : []
    // With more threads the bytes of x264 differ from run to run on a busy machine.
    let encoder =
      format == .mp4
      ? ["-c:v", "libx264", "-profile:v", "high", "-preset", picture.preset, "-crf", "17", "-threads:v", "1"]
      : [
        "-c:v", "libvpx-vp9", "-crf", "24", "-b:v", "0", "-deadline", "good", "-cpu-used", "4",
        "-threads:v", "1",
      ]
    return ["-vf", filters.joined(separator: ",")] + encoder + colours
  }
}
