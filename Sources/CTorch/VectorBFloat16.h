// Vectors of 16 numbers for kernels in bfloat16, computed in float32. Every function is compiled for AVX-512 with
// bfloat16 products and must only be reached where has_vector_bfloat16() holds.
#ifndef UNIFORM_VECTOR_BFLOAT16_H
#define UNIFORM_VECTOR_BFLOAT16_H

#if defined(__x86_64__)
#include <immintrin.h>

#include <cstdint>

#define UNIFORM_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma")))
#define UNIFORM_AVX512_INLINE UNIFORM_AVX512 inline __attribute__((always_inline))

namespace uniform {

constexpr int64_t lanes = 16;

inline bool has_vector_bfloat16() {
  static const bool has = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                          __builtin_cpu_supports("avx512bf16");
  return has;
}

/// The first `count` (at most 16) lanes.
UNIFORM_AVX512_INLINE __mmask16 first_lanes(int64_t count) {
  return count >= lanes ? 0xFFFF : static_cast<__mmask16>((1u << count) - 1);
}

UNIFORM_AVX512_INLINE __m512 load_bfloat16(const uint16_t *from, __mmask16 mask) {
  const __m256i bits = _mm256_maskz_loadu_epi16(mask, from);
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

UNIFORM_AVX512_INLINE void store_bfloat16(uint16_t *to, __m512 values, __mmask16 mask) {
  _mm256_mask_storeu_epi16(to, mask, reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(values)));
}

/// 2^x to the precision of float32's last two bits; what lies below 2^-126 becomes 2^-126.
UNIFORM_AVX512_INLINE __m512 exp2_vector(__m512 x) {
  x = _mm512_max_ps(x, _mm512_set1_ps(-126.0f));
  const __m512 whole = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512 part = _mm512_sub_ps(x, whole);  // -0.5 ... 0.5
  // The Taylor series of 2^part = exp(part · ln 2).
  __m512 sum = _mm512_set1_ps(1.5403530e-4f);
  sum = _mm512_fmadd_ps(sum, part, _mm512_set1_ps(1.3333558e-3f));
  sum = _mm512_fmadd_ps(sum, part, _mm512_set1_ps(9.6181291e-3f));
  sum = _mm512_fmadd_ps(sum, part, _mm512_set1_ps(5.5504109e-2f));
  sum = _mm512_fmadd_ps(sum, part, _mm512_set1_ps(2.4022651e-1f));
  sum = _mm512_fmadd_ps(sum, part, _mm512_set1_ps(6.9314718e-1f));
  sum = _mm512_fmadd_ps(sum, part, _mm512_set1_ps(1.0f));
  return _mm512_scalef_ps(sum, whole);
}

}  // namespace uniform
#endif
#endif
