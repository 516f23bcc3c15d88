/// Files of a clip that is being made, in its folder; they are gone when it is finished.
public enum JobFolder {
  /// Where the denoising stands, every few seconds: the same request for the same folder goes on from there, whichever
  /// process made it, and gives the same clip.
  public static let state = "state.safetensors"
  /// What the clip is about to become.
  public static let preview = "preview.png"
}
