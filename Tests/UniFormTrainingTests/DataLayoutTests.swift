import Foundation
import Scenes
import Testing

@testable import UniFormTraining

/// A data set as people have it on disk: names, and lists. What is in the clips does not matter to a layout.
final class DataTree {
  let folder: TemporaryFolder

  init(_ files: [String: String]) throws {
    folder = try TemporaryFolder()
    for (path, text) in files {
      let file = folder.url.appending(path: path, directoryHint: .notDirectory)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
  }

  func url(_ path: String) -> URL { folder.url.appending(path: path, directoryHint: .notDirectory) }

  func list(_ layout: DataLayout, list: String? = nil, seconds: Double = 4) throws -> ClipList {
    try ClipList(layout, at: folder.url, list: list.map(url), seconds: seconds)
  }

  func captions(_ layout: DataLayout) throws -> [String: String?] {
    Dictionary(uniqueKeysWithValues: try list(layout).clips.map { ($0.id, $0.caption) })
  }
}

@Suite struct YouTubeNameTests {
  static let names: [(String, String, Double?)] = [
    ("0123456789a_000030", "0123456789a", 30), ("0123456789a_30", "0123456789a", 30),
    ("0123456789a_30000_40000", "0123456789a", 30), ("0123456789a_30000", "0123456789a", 30),
    ("0123456789a_0_10000", "0123456789a", 0), ("0123456789a", "0123456789a", nil),
    ("Y0123456789a", "0123456789a", nil), ("Y-_-_-_-_-_-_30000_40000", "-_-_-_-_-_-", 30),
    ("-1234_67890_000005", "-1234_67890", 5), ("_12_4567890_12", "_12_4567890", 12),
    ("Yabc_efghij_7", "Yabc_efghij", 7), ("YYabc_efghij_7", "Yabc_efghij", 7),
  ]

  @Test(arguments: names) func `ids are found in every way of writing them`(
    name: String, video: String, start: Double?
  ) throws {
    let parsed = try #require(YouTubeName(name))
    #expect(parsed.video == video)
    #expect(parsed.start == start)
    if let start { #expect(parsed.begins(at: start)) }
  }

  @Test(arguments: [
    "", "short", "0123456789", "0123456789a_", "0123456789a_x", "0123456789a_1_2_3", "0123 56789a",
  ])
  func `other names are none`(name: String) { #expect(YouTubeName(name) == nil) }

  @Test func `a number is seconds or milliseconds, whichever a list knows`() throws {
    let name = try #require(YouTubeName("0123456789a_5000"))
    #expect(name.begins(at: 5) && name.begins(at: 5000) && !name.begins(at: 50))
    #expect(try #require(YouTubeName("0123456789a_005000")).begins(at: 5000))
    #expect(!(try #require(YouTubeName("0123456789a_005000")).begins(at: 5)))
  }
}

@Suite struct DataLayoutTests {
  @Test func `VGGSound is read with all three ways of naming clips`() throws {
    let tree = try DataTree([
      "vggsound.csv": """
      --0PQM4-hqg,30,"waterfall burbling",train
      _ab_defghij,5,"people eating, noodle",test
      0123456789a,120,playing drum, loudly,test
      gone0000000,1,dog barking,train
      whole000000,40,"cat purring",train
      """,
      "video/--0PQM4-hqg_000030.mp4": "", "video/_ab_defghij_5000_15000.mp4": "",
      "video/0123456789a_120.mp4": "", "video/0123456789a_130.mp4": "", "video/whole000000.webm": "",
      "video/.hidden.mp4": "", "video/notes.txt": "",
    ])
    var list = try tree.list(.vggsound)
    #expect(list.missing == 1)
    #expect(
      list.clips.map(\.id) == [
        "--0PQM4-hqg_000030", "0123456789a_000120", "_ab_defghij_000005", "whole000000_000040",
      ])
    #expect(
      list.clips.map(\.caption)
        == ["waterfall burbling", "playing drum, loudly", "people eating, noodle", "cat purring"])
    #expect(list.clips.map(\.split) == ["train", "test", "test", "train"])
    #expect(list.path(of: list.clips[0]) == "video/--0PQM4-hqg_000030.mp4")
    // Cut out already, or the whole video, which its length tells.
    #expect(list.clips[0].position == .start(0))
    #expect(list.clips[3].position.start(inFileLasting: 10.2) == 0)
    #expect(list.clips[3].position.start(inFileLasting: 300) == 40)
    try list.choose(split: "test")
    #expect(list.clips.count == 2)
    #expect(throws: DataError.unknownSplit("valid", known: ["test"])) { try list.choose(split: "valid") }
  }

  @Test func `VGGSound's other lists are read, too`() throws {
    let files = ["a/0123456789a_000030.mp4": "", "a/Y-123456789b_000007.mp4": ""]
    let csv = [
      "train.csv": "0123456789a_000030.mp4,playing drum\n",
      "test.csv": "-123456789b_000007.mp4,dog, barking\n",
    ]
    let list = try DataTree(files.merging(csv) { $1 }).list(.vggsound)
    #expect(list.clips.map(\.split) == ["test", "train"])
    #expect(list.clips.map(\.caption) == ["dog, barking", "playing drum"])
    let table = ["vgg-val.tsv": "id\tlabel\n0123456789a_000030\tplaying drum\n"]
    let one = try DataTree(files.merging(table) { $1 }).list(.vggsound)
    #expect(one.clips.map(\.caption) == ["playing drum"])
    #expect(one.clips.map(\.split) == ["val"])
    let tree = try DataTree(files)
    #expect(throws: DataError.missingList(tree.folder.url, layout: "vggsound", file: "vggsound.csv")) {
      _ = try tree.list(.vggsound)
    }
  }

  @Test func `Landscape's classes are its captions, with a list and without`() throws {
    let listed = try DataTree([
      "landscape.csv":
        "ytid,start_time,class,set\n0123456789a,12,fire_crackling,train\nabcdefghijk,0,wind_noise,test\n",
      "0123456789a_000012.mp4": "", "abcdefghijk.mp4": "",
    ]).list(.landscape)
    #expect(listed.clips.map(\.caption) == ["fire crackling", "wind noise"])
    #expect(listed.clips.map(\.split) == ["train", "test"])
    let folders = try DataTree([
      "landscape/train/raining_012.mp4": "", "landscape/train/explosion/x1.mp4": "",
      "landscape/test/underwater_bubbling-7.mp4": "", "landscape/test/odd.mp4": "",
    ]).list(.landscape)
    #expect(folders.clips.map(\.caption) == [nil, "underwater bubbling", "explosion", "raining"])
    #expect(folders.clips.map(\.split) == ["test", "test", "train", "train"])
    #expect(folders.captionless == 1)
  }

  @Test func `AIST's genres are its captions, and its splits do not share a dance`() throws {
    let list = try DataTree([
      "splits/crossmodal_train.txt": "gBR_sBM_cAll_d04_mBR0_ch01\ngLH_sFM_cAll_d16_mLH4_ch02\n",
      "splits/crossmodal_val.txt": "gKR_sBM_cAll_d28_mKR2_ch03\n",
      "ignore_list.txt": "gJB_sBM_cAll_d07_mJB2_ch06\n",
      "video/gBR_sBM_c01_d04_mBR0_ch01.mp4": "", "video/gBR_sBM_c09_d04_mBR0_ch01_000.mp4": "",
      "video/gKR_sBM_c02_d28_mKR2_ch03.mp4": "", "video/gLH_sFM_c01_d16_mLH4_ch02.mp4": "",
      "video/gJB_sBM_c01_d07_mJB2_ch06.mp4": "", "video/other.mp4": "",
    ]).list(.aist)
    #expect(list.clips.map(\.caption) == ["break", "break", "krump", "LA-style hip-hop"])
    #expect(list.clips.map(\.split) == ["train", "train", "val", "train"])
    let folders = try DataTree(["AIST++_crop/test/gWA_sFM_c01_d27_mWA2_ch21.mp4": ""]).list(.aist)
    #expect(folders.clips.map(\.split) == ["test"])
  }

  @Test func `AudioSet's clips are captioned by the names of all their classes`() throws {
    let tree = try DataTree([
      "balanced_train_segments.csv": """
      # Segments csv created Sun Mar  5 10:54:31 2017
      # num_ytids=22160, num_segs=22160
      # YTID, start_seconds, end_seconds, positive_labels
      --4gqARaEJE, 0.000, 10.000, "/m/068hy,/m/07q6cd_,/m/0bt9lr"
      0123456789a, 30.000, 40.000, "/m/09x0r"
      gone0000000, 1.000, 11.000, "/m/09x0r"
      """,
      "eval_segments.csv": "abcdefghijk, 5.000, 15.000, \"/m/0bt9lr\"\n",
      "class_labels_indices.csv": """
      index,mid,display_name
      0,/m/09x0r,"Speech"
      1,/m/068hy,"Domestic animals, pets"
      2,/m/0bt9lr,Dog
      """,
      "bal_train/Y--4gqARaEJE.mp4": "", "bal_train/0123456789a_30000_40000.mp4": "",
      "eval/abcdefghijk_5000.mkv": "", "eval/abcdefghijk_5000.flac": "",
    ])
    let list = try tree.list(.audioset)
    #expect(list.clips.map(\.caption) == ["Domestic animals, pets, Dog", "Speech", "Dog"])
    #expect(list.clips.map(\.split) == ["balanced_train", "balanced_train", "eval"])
    #expect(list.missing == 1)
    #expect(list.clips[0].position == .segment(start: 0, length: 10))
  }

  @Test func `strong labels caption what sounds in the part that is used`() throws {
    let tree = try DataTree([
      "audioset_train_strong.tsv": """
      segment_id\tstart_time_seconds\tend_time_seconds\tlabel
      s9d-2nhuJCQ_30000\t2.5\t3.0\t/m/0bt9lr
      s9d-2nhuJCQ_30000\t0.0\t10.0\t/m/09x0r
      s9d-2nhuJCQ_30000\t3.2\t3.4\t/m/0bt9lr
      s9d-2nhuJCQ_30000\t6.0\t7.0\t/m/068hy
      0123456789a_5000\t6.0\t7.0\t/m/068hy
      """,
      "mid_to_display_name.tsv": "/m/09x0r\tSpeech\n/m/0bt9lr\tDog\n/m/068hy\tPets\n",
      "clips/s9d-2nhuJCQ_30000.mp4": "", "clips/0123456789a_5000.mp4": "",
    ])
    #expect(
      try tree.captions(.audiosetStrong) == ["s9d-2nhuJCQ_000030": "Speech, Dog", "0123456789a_000005": nil])
    #expect(
      try tree.list(.audiosetStrong, seconds: 10).clips.map(\.caption) == ["Pets", "Speech, Dog, Pets"])
  }

  @Test func `a folder has its captions in a list or beside the clips`() throws {
    let tree = try DataTree([
      "metadata.csv": "file_name,text\na.mp4,\"a bell, twice\"\nsub/b.mp4,rain\n",
      "a.mp4": "", "sub/b.mp4": "", "c.mov": "", "c.txt": "  thunder\nand wind ", "d.webm": "",
      "d.json": "{\"caption\": \"a clock\", \"fps\": 30}", "train/e.mkv": "", "e.txt": "not this one",
    ])
    #expect(
      try tree.captions(.folder) == [
        "a.mp4": "a bell, twice", "sub/b.mp4": "rain", "c.mov": "thunder and wind", "d.webm": "a clock",
        "train/e.mkv": nil,
      ])
    #expect(try tree.list(.folder).clips.last?.split == "train")
    let openSora = try DataTree([
      "list.csv": "path,text,num_frames,split\n/data/x/a.mp4,a drum,51,val\n", "deep/er/a.mp4": "",
    ])
    #expect(try openSora.list(.folder).clips.map(\.caption) == ["a drum"])
    #expect(try openSora.list(.folder).clips.map(\.split) == ["val"])
  }

  @Test func `what uniform scenes writes is read with its captions`() throws {
    let scene = SceneRenderer(geometry: SceneGeometry(width: 16, height: 16, seconds: 0.5)).render(seed: 3)
    let tree = try DataTree([
      "scene-000001.mp4": "", "scene-000002.mp4": "",
      "scene-000001.json": String(decoding: try scene.description.json(), as: UTF8.self),
      "metadata.csv": "file_name,text\n",
    ])
    #expect(try tree.captions(.scenes) == ["scene-000001": scene.caption])
  }

  @Test func `links to folders are followed, and those that lead in circles end`() throws {
    let other = try DataTree(["far/away.mp4": ""])
    let tree = try DataTree(["here.mp4": ""])
    try FileManager.default.createSymbolicLink(at: tree.url("link"), withDestinationURL: other.url("far"))
    try FileManager.default.createSymbolicLink(at: tree.url("circle"), withDestinationURL: tree.folder.url)
    let ids = try tree.list(.folder).clips.map(\.id)
    #expect(ids.contains("here.mp4") && ids.contains("link/away.mp4"))
  }

  @Test func `what is no data set says so`() throws {
    let tree = try DataTree(["notes.txt": "", "vggsound.csv": "this\nis\nsomething\nelse\n"])
    #expect(throws: DataError.self) { _ = try tree.list(.folder) }
    #expect(throws: DataError.noSource(tree.url("nowhere"))) {
      _ = try ClipList(.folder, at: tree.url("nowhere"))
    }
    let error = #expect(throws: DataError.self) { _ = try tree.list(.vggsound) }
    #expect(
      error?.description.contains("vggsound.csv', line 2: it does not read as VGGSound's lists do") == true)
  }
}

@Suite struct ClipListTests {
  private func tree() throws -> DataTree {
    try DataTree([
      "vggsound.csv": "0123456789a,30,dog,train\nabcdefghijk,5,cat,train\nABCDEFGHIJK,7,cow,train\n",
      "0123456789a_000030.mp4": "", "abcdefghijk_000005.mp4": "", "ABCDEFGHIJK_000007.mp4": "",
      "captions.jsonl": """
      {"id": "0123456789a_30000_40000", "caption": "A dog barks.\u{2028}Twice."}
      {"file_name": "abcdefghijk_000005.mp4", "text": "A cat purrs."}
      not json
      """,
      "test.txt": "# to test with\n0123456789a_30\nabcdefghijk_5000_15000\n",
      "test.csv": "ytid,start\nABCDEFGHIJK,7\n", "none.txt": "zzzzzzzzzzz_1\n",
      "named.csv": "caption,file_name\nA cow moos.,ABCDEFGHIJK_000007.mp4\n",
      "videos.txt": "abcdefghijk\nYABCDEFGHIJK\n", "strong.tsv": "segment_id\nabcdefghijk_5000\n",
      "sounds.txt": "Yabcdefghijk_000005.wav\n",
      "endless.csv": "ABCDEFGHIJK,inf\n0123456789a,30\n",
    ])
  }

  @Test func `captions of a list take the place of labels, in whatever way clips are named`() throws {
    let tree = try tree()
    var list = try tree.list(.vggsound)
    try list.caption(from: tree.url("captions.jsonl"))
    #expect(list.clips.map(\.caption) == ["A dog barks. Twice.", "cow", "A cat purrs."])
    #expect(throws: DataError.self) { try list.caption(from: tree.url("test.csv")) }
  }

  @Test func `lists of ids choose clips, and leave them out`() throws {
    let tree = try tree()
    var kept = try tree.list(.vggsound)
    try kept.keep(only: tree.url("test.txt"))
    #expect(kept.clips.map(\.id) == ["0123456789a_000030", "abcdefghijk_000005"])
    var rest = try tree.list(.vggsound)
    try rest.remove(tree.url("test.txt"))
    #expect(rest.clips.map(\.id) == ["ABCDEFGHIJK_000007"])
    try rest.keep(only: tree.url("test.csv"))
    #expect(rest.clips.count == 1)
    #expect(rest.choice?.contains("--without test.txt (2 ids, 2 clips, hash ") == true)
    #expect(throws: DataError.self) { try rest.keep(only: tree.url("none.txt")) }
  }

  @Test(arguments: [
    ("captions.jsonl", ["ABCDEFGHIJK_000007"]), ("named.csv", ["0123456789a_000030", "abcdefghijk_000005"]),
    // Without a beginning, all of a video is meant.
    ("endless.csv", ["abcdefghijk_000005"]), ("videos.txt", ["0123456789a_000030"]),
    ("strong.tsv", ["0123456789a_000030", "ABCDEFGHIJK_000007"]),
    ("sounds.txt", ["0123456789a_000030", "ABCDEFGHIJK_000007"]),
  ])
  func `a test set is recognised in whatever list it stands`(file: String, rest: [String]) throws {
    let tree = try tree()
    var list = try tree.list(.vggsound)
    try list.remove(tree.url(file))
    #expect(list.clips.map(\.id) == rest)
  }

  @Test func `a test set that is not recognised is not trained on`() throws {
    let tree = try tree()
    var list = try tree.list(.vggsound)
    let error = #expect(throws: DataError.self) { try list.remove(tree.url("none.txt")) }
    #expect(error?.description.contains("none.txt names no clip of the data set") == true)
  }

  @Test func `rows that say something else are counted`() throws {
    let tree = try DataTree([
      "vggsound.csv": "0123456789a,30,dog,train\nabcdefghijk;5;cat;train\nABCDEFGHIJK,nan,cow,train\n"
        + "abcdefghijk,5,cat,train\n",
      "0123456789a_000030.mp4": "", "abcdefghijk_000005.mp4": "",
    ])
    let list = try tree.list(.vggsound)
    #expect(list.clips.count == 2)
    #expect(list.unreadRows.map(\.firstLine) == [2] && list.unreadRows.map(\.count) == [2])
    #expect(
      list.unreadRows.first?.description.hasSuffix("line 2 and 1 more: not understood and left out") == true)
  }

  @Test func `VGGSound's list may be one for each split`() throws {
    let tree = try DataTree([
      "vggsound_train.csv": "0123456789a,30,dog\n", "vggsound_test.csv": "abcdefghijk,5,cat\n",
      "0123456789a_000030.mp4": "", "abcdefghijk_000005.mp4": "",
    ])
    #expect(try tree.list(.vggsound).clips.map(\.split) == ["train", "test"])
  }

  @Test func `names that several clips share give no caption to any`() throws {
    let tree = try DataTree([
      "a/x.mp4": "", "b/x.mp4": "", "c/y.mp4": "",
      "metadata.csv": "file_name,text\na/x.mp4,one\nb/x.mp4,two\nother/y.mp4,three\n",
    ])
    #expect(try tree.captions(.folder) == ["a/x.mp4": "one", "b/x.mp4": "two", "c/y.mp4": "three"])
    let shared = try DataTree([
      "c/x.mp4": "", "metadata.csv": "file_name,text\na/x.mp4,one\nb/x.mp4,two\n",
    ])
    #expect(try shared.captions(.folder) == ["c/x.mp4": nil])
  }

  @Test func `a list of one folder says nothing of another's files of the same names`() throws {
    let tree = try DataTree([
      "train/1.mp4": "", "test/1.mp4": "", "test/1.txt": "its own", "only.txt": "train/1.mp4\n",
      "captions.csv": "file_name,text\ntrain/1.mp4,of the list\n", "test.txt": "./test/1.mp4\n",
    ])
    var list = try tree.list(.folder)
    #expect(list.clips.map(\.caption) == ["its own", "of the list"])
    try list.caption(from: tree.url("captions.csv"))
    #expect(list.clips.map(\.caption) == ["its own", "of the list"])
    var rest = list
    try rest.remove(tree.url("test.txt"))
    #expect(rest.clips.map(\.id) == ["train/1.mp4"])
    try list.keep(only: tree.url("only.txt"))
    #expect(list.clips.map(\.id) == ["train/1.mp4"])
  }

  @Test func `files count more than numbers, and lists add to each other`() throws {
    let tree = try DataTree([
      "1.mp4": "", "2.mp4": "", "splits.csv": "file_name,split\n1.mp4,test\n2.mp4,train\n",
      "texts.csv": "id,path,text\n1,2.mp4,two\n2,1.mp4,one\n,,nobody\n3,3.mp4,\"never closed\n",
    ])
    let list = try tree.list(.folder)
    #expect(list.clips.map(\.caption) == ["one", "two"] && list.clips.map(\.split) == ["test", "train"])
    #expect(list.unreadRows.map(\.count) == [2] && list.unreadRows.map(\.firstLine) == [4])
    var chosen = list
    for split in ["", ","] {
      #expect(throws: DataError.unknownSplit(split, known: ["test", "train"])) {
        try chosen.choose(split: split)
      }
    }
  }

  @Test func `caches are passed over, and folders that lead back are seen once`() throws {
    let tree = try DataTree([
      "a.mp4": "", "metadata.csv": "file_name,text\na.mp4,new\n", "sub/b.mp4": "",
      "cache/index.json": "{}", "cache/clips-00000.safetensors": "",
      "cache/clips-00000.jsonl": "{\"file_name\": \"a.mp4\", \"caption\": \"old\"}\n",
    ])
    for name in ["loop", "again", "more"] {
      try FileManager.default.createSymbolicLink(
        atPath: tree.url("sub/\(name)").path, withDestinationPath: "..")
    }
    #expect(try tree.captions(.folder) == ["a.mp4": "new", "sub/b.mp4": nil])
  }
}
