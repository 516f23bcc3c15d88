import Media
import Testing

@Suite struct VideoFramesTests {
  @Test func countsFramesAndSeconds() {
    let frames = VideoFrames(
      width: 4, height: 2, frameRate: 2, pixels: [UInt8](repeating: 0, count: 4 * 2 * 3 * 5))
    #expect(frames.count == 5)
    #expect(frames.seconds == 2.5)
  }
}
