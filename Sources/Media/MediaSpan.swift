import Foundation

/// A part of a media file on ffmpeg's clock: the options that open it there, and the filters that put
/// its pictures and its sound on a timeline that begins at zero.
///
/// ffmpeg keeps the file's own timestamps (`-copyts`), so pictures and sound share one origin whatever
/// each stream starts at.
struct MediaSpan {
  let url: URL
  let information: MediaInformation
  /// Seconds after `information.origin`.
  let start: Double

  /// A still picture is the same at any moment.
  private var time: Double { information.origin + (information.isStill ? 0 : start) }

  /// Opens the file at or before the span: from the key picture that shows it, not from its first new picture.
  var inputArguments: [String] {
    // Half a second more lets sound codecs settle before the first sample that counts.
    let seek = time - 0.5
    let seeking =
      start > 0 && seek > 0 ? ["-noaccurate_seek", "-seek_timestamp", "1", "-ss", FFmpeg.time(seek)] : []
    return ["-copyts", "-max_error_rate", "0.1"] + seeking + MediaProbe.inputOptions + [
      "-i", FFmpeg.argument(url),
    ]
  }

  /// At each time k / `rate`, k = 0, 1, …, the picture on show at that moment.
  ///
  /// A picture counts as shown one millisecond early, as containers round timestamps to milliseconds. Of an interlaced
  /// one the lines of its second moment are made anew from those of the first.
  func videoFilter(rate: String) -> String {
    let shift = Int((time * 1e6).rounded()) + 1000
    let whole = information.video?.isInterlaced == true ? "bwdif=mode=send_frame:deint=interlaced," : ""
    return "\(whole)settb=AVTB,setpts=PTS-(\(shift)),fps=fps=\(rate):round=up:start_time=0"
  }

  /// Sound from time zero at `sampleRate`: cut, or filled with silence, where the track starts early or late,
  /// and filled where it has gaps. `layout` names the channels to mix to; `nil` keeps them.
  func audioFilter(sampleRate: Int, layout: String?) -> String {
    let from = FFmpeg.time(time)
    // One gain whatever the codec's sample format: without `rematrix_maxval` ffmpeg mixes floats louder.
    let resampler = "aresample=\(sampleRate):filter_size=64:cutoff=0.98:rematrix_maxval=1"
    let alignment = "async=1:first_pts=0:min_comp=0.0001:min_hard_comp=0.02"
    let format =
      "aformat=sample_fmts=flt:sample_rates=\(sampleRate)" + (layout.map { ":channel_layouts=\($0)" } ?? "")
    return "atrim=start=\(from),asetpts=PTS-(\(from))/TB,\(resampler):\(alignment),\(format)"
  }
}

extension MediaSpan {
  /// - Throws: `.invalidRequest` for a negative, absurd or undefined start.
  static func check(start: Double) throws(MediaError) {
    guard start >= 0, start < 1e6 else {
      throw .invalidRequest("start must lie in 0…1000000 s, not at \(start.brief) s")
    }
  }

  /// - Throws: `.invalidRequest` for a length of nothing, or of more than ten days.
  static func check(seconds: Double) throws(MediaError) {
    guard seconds > 0, seconds < 1e6 else {
      throw .invalidRequest("a clip must last longer than 0 s, not \(seconds.brief) s")
    }
  }

  /// - Parameter announced: seconds the stream lasts according to the file.
  /// - Throws: `.startBeyondEnd` when the span begins after that.
  func check(announced: Double?) throws(MediaError) {
    if let announced, start >= announced { throw .startBeyondEnd(url, start: start, seconds: announced) }
  }

  /// - Throws: `.tooShort` when more than `lacking` of the `wanted` seconds are missing.
  func check(decoded: Double, wanted: Double, lacking: Double?) throws(MediaError) {
    guard let lacking, wanted - decoded > lacking else { return }
    throw .tooShort(url, seconds: decoded, needed: wanted)
  }

  /// - Parameters:
  ///   - decoded: seconds that came out of the `wanted` ones.
  ///   - announced: as above; `exact` when the stream itself says so, and not only the container.
  /// - Throws: `.damaged` when ffmpeg failed, or when the stream ends long before the file says it does.
  func check(
    _ outcome: FFmpeg.Outcome, decoded: Double, wanted: Double, announced: Double?, exact: Bool
  ) throws(MediaError) {
    guard outcome.succeeded else { throw .damaged(url, outcome.reason.withoutPath(of: url)) }
    guard let announced else { return }
    let missing = min(wanted, announced - start) - decoded
    // Streams may announce a little more than they hold; a file cut short lacks far more, or ffmpeg says so.
    if missing > (outcome.inputIsCutShort ? 0.1 : exact ? 0.5 : .infinity) {
      throw .damaged(url, "it ends at \((start + decoded).brief) s of \(announced.brief) s")
    }
  }
}
