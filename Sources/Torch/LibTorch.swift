internal import CTorch

/// The library that computes.
public enum LibTorch {
  /// Its version: `"2.11.0"`.
  public static var version: String { String(cString: ct_libtorch_version()) }
}
