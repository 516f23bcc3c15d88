internal import Foundation
public import Torch

extension DType {
  /// What the denoiser computes in where nobody asked: bfloat16 where the machine multiplies it faster than float32.
  public static func fastest(on device: Device) -> DType {
    switch device.kind {
    case .cuda: .bfloat16
    case .mps: .float32
    case .cpu, .meta: cpuMultipliesBFloat16 ? .bfloat16 : .float32
    }
  }

  /// AVX512-BF16 or AMX; without them bfloat16 is emulated, and slower.
  private static let cpuMultipliesBFloat16: Bool = {
    guard let information = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8),
      let flags = information.split(separator: "\n").first(where: { $0.hasPrefix("flags") })
    else { return false }
    return !Set(flags.split(separator: " ")).isDisjoint(with: ["avx512_bf16", "amx_bf16"])
  }()
}
