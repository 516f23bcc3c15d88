import Foundation
import Scenes
import Testing

@Suite struct SceneEventTests {
  @Test func survivesJSON() throws {
    let event = SceneEvent(time: 0.25, kind: "impact")
    let data = try JSONEncoder().encode(event)
    #expect(try JSONDecoder().decode(SceneEvent.self, from: data) == event)
  }
}
