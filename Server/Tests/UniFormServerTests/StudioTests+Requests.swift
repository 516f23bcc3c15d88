import Foundation
import Testing

/// What the form asks for, and what the page makes of the answers.
extension StudioTests {
  @Test("one modality is made alone, and a given file guides as closely as it is asked to")
  func onlyAndConditionGuidance() async throws {
    _ = try await scratch.clip(
      "given.mp4", "-f", "lavfi", "-i", "testsrc=size=160x120:rate=25:duration=3", "-pix_fmt", "yuv420p")
    try await studio { page, server in
      func newest() async throws -> [String: Any] {
        let jobs = try await server.client("GET", "/api/v1/jobs").json()["jobs"] as? [[String: Any]]
        return try #require(jobs?.first?["request"] as? [String: Any])
      }
      try await page.run("document.querySelector('#more').open = true")
      try await page.type("a bell ringing", into: "#prompt")
      try await page.type("2", into: "#steps")
      #expect(try await page.value("document.querySelector('#condition-guidance').offsetParent === null"))
      try await page.type("audio", into: "#only")
      #expect(try await page.value("document.querySelector('#submit').textContent === 'Make sound'"))
      try await page.click("#submit")
      try await page.wait(for: "document.querySelector('#gallery .state')?.textContent === 'Sound alone'")
      #expect(try await newest()["only"] as? String == "audio")

      try await page.choose(scratch.file("given.mp4"), in: "#file")
      try await page.wait(for: "document.querySelector('#condition-guidance').offsetParent !== null")
      #expect(try await page.value("document.querySelector('#only').offsetParent === null"))
      try await page.type("2.5", into: "#condition-guidance")
      try await page.type("absent", into: "#negative-condition")
      try await page.click("#submit")
      try await page.wait(for: "document.querySelectorAll('#gallery .thumb:not(:disabled)').length === 2")
      let guided = try await newest()
      #expect(guided["only"] is NSNull)
      #expect(guided["condition_guidance"] as? Double == 2.5)
      #expect(guided["negative_condition"] as? String == "absent")

      // What is hidden is neither checked nor sent.
      try await page.type("-1", into: "#start")
      try await page.click("#submit")
      #expect(try await page.value("document.querySelector('[data-error=start]').offsetParent !== null"))
      try await page.click("#given button")
      try await page.click("#submit")
      try await page.wait(for: "document.querySelectorAll('#gallery .thumb:not(:disabled)').length === 3")
      #expect(try await newest()["condition_guidance"] is NSNull)
    }
  }

  @Test("a clip is made again at the size that came of its aspect, and with its sampler")
  func again() async throws {
    try await studio { page, server in
      let sampler = try await page.value(
        "document.querySelector('#sampler').options[0].text", as: String.self)
      let job = try await server.outcome(
        try await server.job(["prompt": "a bell ringing", "steps": 2, "aspect": "16:9", "sampler": sampler]))
      let settings = try #require(job["settings"] as? [String: Any])
      let (width, height) = (try #require(settings["width"]), try #require(settings["height"]))
      try await page.wait(for: "document.querySelectorAll('#gallery .thumb:not(:disabled)').length === 1")
      try await page.click("#gallery .thumb")
      try await page.run(
        "[...document.querySelectorAll('#viewer button')].find(b => b.textContent.startsWith('Again')).click()"
      )
      #expect(try await page.value("document.querySelector('#size').value === '\(width)x\(height)'"))
      #expect(try await page.value("document.querySelector('#sampler').selectedIndex === 0"))
    }
  }

  @Test("a list that comes late does not undo what events brought meanwhile")
  func lateList() async throws {
    try await studio { page, _ in
      let jobs = try await page.value(
        """
        (async () => {
          const { api } = await import("/js/api.js"), { Store } = await import("/js/store.js");
          const job = (id, revision, status) => ({ id, revision, status, created_at: id });
          const store = new Store(), list = api.jobs;
          store.put(job("a", 1, "succeeded"));
          store.put(job("b", 2, "running"));
          store.put(job("c", 3, "queued"));
          let answer;
          api.jobs = () => new Promise((resolve) => { answer = resolve; });
          const refreshed = store.refresh();
          api.jobs = list;
          store.put(job("b", 5, "succeeded"));
          store.drop("c");
          store.put(job("d", 6, "queued"));
          answer({ jobs: [job("c", 3, "queued"), job("b", 4, "running")], next: null });
          await refreshed;
          return store.all.map(({ id, status }) => `${id} ${status}`);
        })()
        """, as: [String].self)
      // Nothing of a, which others deleted.
      #expect(jobs == ["d queued", "b succeeded"])
    }
  }
}
