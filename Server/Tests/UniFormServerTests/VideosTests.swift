import Foundation
import Testing

/// The interface that clients of video-generation services know.
@Suite(.serialized) struct VideosTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test func `videos are created, listed, read and deleted`() async throws {
    let server = try await ServerProcess.start(scratch.file("data"))
    let client = server.client
    let video = try await client.json(
      "POST", "/v1/videos",
      ["prompt": "a bell rings", "seconds": "4", "size": "64x64", "model": "uniform-tiny"])
    #expect(video.status == 200, "\(video.text)")
    let id = try #require(try video.json()["id"] as? String)
    #expect(id.hasPrefix("video_"))
    _ = try await server.outcome("job_" + id.dropFirst(6))
    let done = try await client("GET", "/v1/videos/\(id)").json()
    #expect(done["status"] as? String == "completed")
    #expect(done["progress"] as? Int == 100)
    #expect(done["seconds"] as? String == "4")
    for (variant, type) in [("video", "video/mp4"), ("thumbnail", "image/png"), ("spritesheet", "image/png")]
    {
      let content = try await client("GET", "/v1/videos/\(id)/content?variant=\(variant)")
      #expect(content.headers["content-type"] == type)
      #expect(!content.body.isEmpty)
    }
    #expect(try await client("GET", "/v1/videos/\(id)/content?variant=sound").status == 422)
    let list = try await client("GET", "/v1/videos?limit=1&order=asc").json()
    #expect(list["first_id"] as? String == id)
    #expect(list["has_more"] as? Bool == false)
    let wrong = try await client.json("POST", "/v1/videos", ["prompt": "x", "model": "other"])
    #expect(wrong.status == 422)
    #expect((try wrong.json()["error"] as? [String: Any])?["param"] as? String == "model")
    #expect(try await client("DELETE", "/v1/videos/\(id)").json()["deleted"] as? Bool == true)
    #expect(try await client("GET", "/v1/videos/\(id)").status == 404)
  }

  @Test func `nothing stays of a file whose form is refused`() async throws {
    let server = try await ServerProcess.start(scratch.file("data"))
    let sound = try await scratch.clip("in.wav", "-f", "lavfi", "-i", "sine=frequency=440:duration=1")
    let head =
      "--XX\r\nContent-Disposition: form-data; name=\"input_reference\"; filename=\"in.wav\"\r\n\r\n"
    let field = "\r\n--XX\r\nContent-Disposition: form-data; name=\"colour\"\r\n\r\nred\r\n--XX--\r\n"
    let refused = try await server.client(
      "POST", "/v1/videos", headers: ["Content-Type": "multipart/form-data; boundary=XX"],
      body: Data(head.utf8) + sound + Data(field.utf8))
    #expect(refused.status == 422)
    #expect((try refused.json()["error"] as? [String: Any])?["param"] as? String == "colour")
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.file("data/uploads").path) == [])
  }

  @Test(.enabled("the package openai is neither there nor to be had with pip") { OpenAIClient.python != nil })
  func `the official Python client makes, polls, downloads and deletes videos`() async throws {
    let server = try await ServerProcess.start(scratch.file("data"))
    _ = try await scratch.clip(
      "in.mp4", "-f", "lavfi", "-i", "testsrc=size=96x64:rate=10:duration=2", "-pix_fmt", "yuv420p")
    let script = """
      import sys, openai
      client = openai.OpenAI(base_url=sys.argv[1], api_key="none")
      video = client.videos.create_and_poll(prompt="a bell rings", seconds="4", size="64x64", model="uniform-tiny", poll_interval_ms=200)
      assert video.status == "completed", video
      client.videos.download_content(video.id).write_to_file(sys.argv[2])
      client.videos.download_content(video.id, variant="thumbnail").write_to_file(sys.argv[2] + ".png")
      second = client.videos.create(prompt="a hammer", input_reference=open(sys.argv[3], "rb"))
      while second.status in ("queued", "in_progress"):
          second = client.videos.retrieve(second.id)
      assert second.status == "completed", second
      assert [v.id for v in client.videos.list()] == [second.id, video.id]
      assert client.videos.delete(video.id).deleted
      try:
          client.videos.retrieve(video.id)
          raise SystemExit("found")
      except openai.NotFoundError as error:
          assert error.code == "not_found", error
      """
    let python = try #require(OpenAIClient.python)
    let (status, output) = try await Scratch.run(
      python,
      [
        "-c", script, "http://127.0.0.1:\(server.client.port)/v1", scratch.file("out.mp4").path,
        scratch.file("in.mp4").path,
      ])
    #expect(status == 0, "\(output)")
    #expect(try Data(contentsOf: scratch.file("out.mp4")).count > 1000)
  }
}
