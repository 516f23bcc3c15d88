import Foundation
import Testing

/// The page as a user has it: a real browser, the real server, real workers and the bundled model.
@Suite(
  .serialized,
  .enabled(if: Browser.executable != nil, "needs Chromium, which is not installed"),
  .timeLimit(.minutes(10)))
struct StudioTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// Opens the studio and waits until it can be used.
  func studio(
    _ options: [String] = [], _ body: (BrowserPage, ServerProcess) async throws -> Void
  ) async throws {
    let server = try await ServerProcess.start(scratch.file("data"), options)
    let browser = try Browser(profile: scratch.file("browser"))
    let page = try await browser.page("http://127.0.0.1:\(server.client.port)/")
    try await page.wait(for: "!document.querySelector('#submit').disabled", seconds: 120)
    try await body(page, server)
    #expect(browser.complaints == [])
    browser.close()
    try await server.end()
  }

  /// Pictures of the page go where `STUDIO_PICTURES` says, for people to look at.
  private func keep(_ page: BrowserPage, as name: String) async throws {
    guard let folder = ProcessInfo.processInfo.environment["STUDIO_PICTURES"] else { return }
    try await page.screenshot().write(to: URL(filePath: folder).appending(path: "\(name).png"))
  }

  @Test("the empty page makes the first clip in one click, and plays it with sound")
  func firstClip() async throws {
    try await studio { page, server in
      try await page.wait(for: "!document.querySelector('#empty').hidden")
      try await keep(page, as: "empty")
      try await page.click("#first")
      try await page.wait(for: "document.querySelectorAll('#gallery .thumb:not(:disabled)').length === 1")
      #expect(try await page.value("document.querySelector('#empty').hidden"))
      try await keep(page, as: "one-clip")
      try await page.click("#gallery .thumb")
      try await page.wait(for: "document.querySelector('#viewer video').currentTime > 0.5")
      #expect(try await page.value("document.querySelector('#viewer video').webkitAudioDecodedByteCount > 0"))
      #expect(try await page.value("document.querySelector('#viewer video').videoWidth === 64"))
      try await page.wait(
        for: "Number(document.querySelector('.timeline').getAttribute('aria-valuenow')) > 0")
      try await keep(page, as: "viewer")
      // The cursor can be moved with keys.
      try await page.run(
        "document.querySelector('#viewer video').pause(); document.querySelector('.timeline').focus()")
      try await page.press("Home", code: 36)
      try await page.wait(for: "document.querySelector('#viewer video').currentTime === 0")
      try await page.press("ArrowRight", code: 39)
      try await page.wait(for: "Math.abs(document.querySelector('#viewer video').currentTime - 0.1) < 0.01")
      try await page.click("#viewer [aria-label=Close]")
      try await page.click("#gallery .pin")
      try await page.wait(
        for: "document.querySelector('#gallery .pin').getAttribute('aria-pressed') === 'true'")
      try await page.click("#gallery .delete")
      #expect(try await page.value("document.querySelectorAll('#gallery li').length === 1"))
      #expect(
        try await page.value(
          "document.querySelector('#gallery .delete').ariaLabel.startsWith('Really delete?')"))
      #expect(
        try await page.value("document.querySelector('#announcer').textContent.startsWith('Press again')"))
      try await page.click("#gallery .delete")
      try await page.wait(for: "!document.querySelector('#empty').hidden")
    }
  }

  @Test("an uploaded video gets sound, and its settings come back into the form")
  func soundForVideo() async throws {
    _ = try await scratch.clip(
      "given.mp4", "-f", "lavfi", "-i", "testsrc=size=160x120:rate=25:duration=3", "-pix_fmt", "yuv420p")
    try await studio { page, server in
      try await page.choose(scratch.file("given.mp4"), in: "#file")
      try await page.wait(for: "document.querySelector('#submit').textContent === 'Make sound'")
      #expect(try await page.value("document.querySelector('#given').textContent.includes('160×120')"))
      try await page.run("document.querySelector('#more').open = true")
      try await page.type("12", into: "#steps")
      try await page.type("7", into: "#seed")
      try await page.wait(for: "document.querySelector('#plan').textContent.startsWith('About')")
      try await keep(page, as: "video-given")
      try await page.click("#submit")
      try await page.wait(for: "document.querySelectorAll('#gallery .thumb:not(:disabled)').length === 1")
      let jobs = try await server.client("GET", "/api/v1/jobs").json()["jobs"] as? [[String: Any]]
      let job = try #require(jobs?.first)
      #expect(job["task"] as? String == "v2a")
      try await page.click("#gallery .thumb")
      try await page.wait(for: "document.querySelector('#viewer video').webkitAudioDecodedByteCount > 0")
      try await page.run(
        "[...document.querySelectorAll('#viewer button')].find(b => b.textContent.startsWith('Again')).click()"
      )
      #expect(try await page.value("document.querySelector('#seed').value === '7'"))
      #expect(try await page.value("document.querySelector('#steps').value === '12'"))
    }
  }

  @Test("progress advances, a reload finds the job again, and cancelling ends it")
  func progress() async throws {
    try await studio { page, _ in
      try await page.run("document.querySelector('#more').open = true")
      try await page.type("a bell ringing", into: "#prompt")
      try await page.type("1000", into: "#steps")
      try await page.click("#submit")
      try await page.wait(for: "document.querySelector('#queue progress')?.value > 0")
      let first = try await page.value("document.querySelector('#queue progress').value", as: Double.self)
      try await page.wait(for: "document.querySelector('#queue progress').value > \(first)")
      try await page.wait(for: "document.querySelector('#queue .stage').textContent.includes('left')")
      try await page.wait(for: "document.querySelector('#queue .preview')?.hidden === false", seconds: 120)
      #expect(try await page.value("document.querySelector('#queue .preview').naturalWidth > 1000"))
      #expect(
        try await page.value(
          "document.querySelector('#queue .preview').alt.startsWith('Preview of a bell ringing')"))
      try await keep(page, as: "progress")
      try await page.reload()
      try await page.wait(for: "document.querySelector('#queue progress')?.value > \(first)")
      try await page.click("#queue .cancel")
      try await page.wait(for: "document.querySelector('#gallery .state')?.textContent === 'Cancelled'")
      try await page.wait(for: "document.querySelector('#queue-panel').hidden")
    }
  }

  @Test("errors stand where the eye is: a broken file, nothing to make, a number out of range")
  func errors() async throws {
    try Data("this is no video".utf8).write(to: scratch.file("broken.mp4"))
    try await studio { page, _ in
      try await page.click("#submit")
      #expect(try await page.value("!document.querySelector('[data-error=prompt]').hidden"))
      #expect(try await page.value("document.activeElement.id === 'prompt'"))
      try await page.choose(scratch.file("broken.mp4"), in: "#file")
      try await page.wait(
        for: "document.querySelector('[data-error=upload]').textContent.includes('broken.mp4')")
      try await keep(page, as: "broken-file")
      try await page.type("a bell", into: "#prompt")
      try await page.type("99", into: "#seconds")
      try await page.click("#submit")
      #expect(
        try await page.value("document.querySelector('[data-error=seconds]').textContent === 'At most 10.'"))
      #expect(try await page.value("document.querySelector('#more').open"))
      #expect(try await page.value("document.querySelector('#seconds').ariaInvalid === 'true'"))
      // Every line for errors is heard, and some control refers to it.
      let unheard = try await page.value(
        """
        [...document.querySelectorAll('[data-error]')].filter(line => line.role !== 'alert'
          || !document.querySelector(`[aria-describedby~="${line.id}"]`)).map(line => line.dataset.error)
        """, as: [String].self)
      #expect(unheard == [])
      // What only the server knows.
      try await page.type("", into: "#seconds")
      try await page.type("65x64", into: "#size")
      try await page.wait(
        for: "document.querySelector('[data-error=size]').textContent.includes('multiples of 8')")
      #expect(try await page.value("document.querySelectorAll('#gallery li').length === 0"))
    }
  }

  @Test("two clips are compared in step")
  func comparison() async throws {
    try await studio { page, server in
      for seed in 1...2 {
        _ = try await server.outcome(
          try await server.job(["prompt": "a bell ringing", "steps": 4, "seed": seed]))
      }
      try await page.wait(for: "document.querySelectorAll('#gallery .thumb:not(:disabled)').length === 2")
      try await page.run("for (const box of document.querySelectorAll('.choose input')) box.click()")
      try await page.click("#compare-open")
      try await page.wait(
        for: "document.querySelectorAll('#comparison .timeline[aria-valuenow]').length === 2")
      try await page.click("#comparison .primary")
      try await page.wait(for: "document.querySelectorAll('#comparison video')[1].currentTime > 0.3")
      try await keep(page, as: "comparison")
      let apart = try await page.value(
        "(([a, b]) => Math.abs(a.currentTime - b.currentTime))(document.querySelectorAll('#comparison video'))",
        as: Double.self)
      #expect(apart < 0.3)
      #expect(
        try await page.value(
          "[...document.querySelectorAll('#comparison video')].filter(v => !v.muted).length === 1"))
      try await page.run("document.querySelectorAll('#comparison section button')[1].click()")
      #expect(try await page.value("!document.querySelectorAll('#comparison video')[1].muted"))
    }
  }

  @Test(
    "nothing is cut off, wide and narrow, light and dark",
    arguments: [(1280, false), (1280, true), (390, false), (390, true)])
  func layouts(width: Int, isDark: Bool) async throws {
    try await studio { page, server in
      try await page.resize(width: width, height: 844, isDark: isDark)
      _ = try await server.outcome(try await server.job(["prompt": "a bell ringing", "steps": 2, "seed": 1]))
      try await page.wait(for: "document.querySelectorAll('#gallery .thumb:not(:disabled)').length === 1")
      try await page.wait(for: "[...document.images].every(image => image.complete)")
      try await page.run("document.querySelector('#more').open = true")
      try await keep(page, as: "layout-\(width)-\(isDark ? "dark" : "light")")
      #expect(try await page.value("document.documentElement.scrollWidth <= innerWidth"))
      let back = try await page.value("getComputedStyle(document.body).backgroundColor", as: String.self)
      #expect((back == "rgb(20, 18, 27)") == isDark)
      // Every control has a name for those who listen.
      let unnamed = try await page.value(
        """
        [...document.querySelectorAll('button, input, select, textarea')].filter(e => e.offsetParent !== null
          && !e.textContent.trim() && !e.labels?.length && !e.getAttribute('aria-label')).map(e => e.id || e.className)
        """, as: [String].self)
      #expect(unnamed == [])
    }
  }

  @Test("a server with a token asks for it, once, and again where it is another one")
  func token() async throws {
    let file = scratch.file("token")
    try Data("open-sesame-0123456789".utf8).write(to: file)
    let server = try await ServerProcess.start(scratch.file("data"), ["--token-file", file.path])
    let browser = try Browser(profile: scratch.file("browser"))
    let page = try await browser.page("http://127.0.0.1:\(server.client.port)/")
    try await page.wait(for: "document.querySelector('#login').open")
    try await page.type("wrong", into: "#token")
    try await page.run("document.querySelector('#login-form').requestSubmit()")
    try await page.wait(for: "!document.querySelector('#login-error').hidden")
    try await page.type("open-sesame-0123456789", into: "#token")
    try await page.run("document.querySelector('#login-form').requestSubmit()")
    try await page.wait(for: "!document.querySelector('#submit').disabled", seconds: 120)
    #expect(try await page.value("!document.querySelector('#login').open"))
    try await server.end()
    try await page.wait(for: "!document.querySelector('#offline').hidden")
    try Data("close-sesame-0123456789".utf8).write(to: file)
    let other = try await ServerProcess.start(
      scratch.file("data"), ["--token-file", file.path, "--port", "\(server.client.port)"])
    try await page.wait(for: "document.querySelector('#login').open")
    #expect(try await page.value("document.querySelector('#offline').hidden"))
    try await page.type("close-sesame-0123456789", into: "#token")
    try await page.run("document.querySelector('#login-form').requestSubmit()")
    try await page.wait(for: "!document.querySelector('#login').open")
    browser.close()
    try await other.end()
  }
}
