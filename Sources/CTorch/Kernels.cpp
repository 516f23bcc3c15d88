// The operators that this package adds to libtorch: what networks do between their products, on a CPU with bfloat16
// products, without gradients. Called through the dispatcher like every other operator.
#include <torch/library.h>

#include "Kernels.h"
#include "ParallelRanges.h"
#include "VectorBFloat16.h"

namespace uniform {

#if defined(__x86_64__)
bool is_available() { return has_vector_bfloat16(); }

namespace {

const uint16_t *bits(const at::Tensor &x) { return reinterpret_cast<const uint16_t *>(x.const_data_ptr()); }
uint16_t *mutable_bits(const at::Tensor &x) { return reinterpret_cast<uint16_t *>(x.mutable_data_ptr()); }

void require_bfloat16(const at::Tensor &x, const char *name) {
  TORCH_CHECK(x.scalar_type() == at::kBFloat16 && x.device().is_cpu(), name, " must be bfloat16 on the CPU");
}

UNIFORM_AVX512 void gelu_range(uint16_t *x, int64_t count) {
  // 0.5 · x · (1 + tanh u) = x / (1 + exp(-2u)), u = sqrt(2/π) · (x + 0.044715 · x³); the exponent in powers of two.
  const __m512 linear = _mm512_set1_ps(-2.0f * 0.7978845608f * 1.4426950409f);
  const __m512 cubic = _mm512_set1_ps(-2.0f * 0.7978845608f * 1.4426950409f * 0.044715f);
  const __m512 one = _mm512_set1_ps(1.0f);
  // Beyond this the quotient is 0 or x in any case, and 2^126 · x stays finite.
  const __m512 limit = _mm512_set1_ps(126.0f);
  for (int64_t i = 0; i < count; i += lanes) {
    const __mmask16 mask = first_lanes(count - i);
    const __m512 v = load_bfloat16(x + i, mask);
    const __m512 exponent = _mm512_mul_ps(v, _mm512_fmadd_ps(_mm512_mul_ps(v, v), cubic, linear));
    const __m512 denominator = _mm512_add_ps(one, exp2_vector(_mm512_min_ps(exponent, limit)));
    store_bfloat16(x + i, _mm512_div_ps(v, denominator), mask);
  }
}

UNIFORM_AVX512 void modulated_norm_row(
    const uint16_t *x, const uint16_t *shift, const uint16_t *scale, uint16_t *out, int64_t width, float epsilon) {
  __m512 sum = _mm512_setzero_ps(), squares = _mm512_setzero_ps();
  for (int64_t i = 0; i < width; i += lanes) sum = _mm512_add_ps(sum, load_bfloat16(x + i, first_lanes(width - i)));
  const __m512 mean = _mm512_set1_ps(_mm512_reduce_add_ps(sum) / static_cast<float>(width));
  for (int64_t i = 0; i < width; i += lanes) {
    const __mmask16 mask = first_lanes(width - i);
    const __m512 centred = _mm512_maskz_sub_ps(mask, load_bfloat16(x + i, mask), mean);
    squares = _mm512_fmadd_ps(centred, centred, squares);
  }
  const float variance = _mm512_reduce_add_ps(squares) / static_cast<float>(width);
  const __m512 inverse = _mm512_set1_ps(1.0f / std::sqrt(variance + epsilon));
  const __m512 one = _mm512_set1_ps(1.0f);
  for (int64_t i = 0; i < width; i += lanes) {
    const __mmask16 mask = first_lanes(width - i);
    const __m512 centred = _mm512_sub_ps(load_bfloat16(x + i, mask), mean);
    const __m512 gain = _mm512_mul_ps(inverse, _mm512_add_ps(one, load_bfloat16(scale + i, mask)));
    store_bfloat16(out + i, _mm512_fmadd_ps(centred, gain, load_bfloat16(shift + i, mask)), mask);
  }
}

}  // namespace

at::Tensor &gelu_tanh_(at::Tensor &x) {
  require_bfloat16(x, "the input");
  TORCH_CHECK(x.is_contiguous(), "the input must be contiguous");
  uint16_t *data = mutable_bits(x);
  parallel_ranges(x.numel(), 1 << 15, [&](int64_t begin, int64_t end) { gelu_range(data + begin, end - begin); });
  return x;
}

at::Tensor modulated_norm(const at::Tensor &x, const at::Tensor &shift, const at::Tensor &scale, double epsilon) {
  require_bfloat16(x, "the input");
  require_bfloat16(shift, "shift");
  require_bfloat16(scale, "scale");
  TORCH_CHECK(x.dim() == 4 && x.is_contiguous(), "the input must be contiguous [B, T, S, D]");
  const at::Tensor shifts = shift.expand(x.sizes()), scales = scale.expand(x.sizes());
  const int64_t frames = x.size(1), tokens = x.size(2), width = x.size(3);
  TORCH_CHECK(shifts.stride(3) == 1 && scales.stride(3) == 1, "shift and scale must be contiguous along D");
  at::Tensor out = at::empty_like(x);
  const uint16_t *in = bits(x), *a = bits(shifts), *b = bits(scales);
  uint16_t *to = mutable_bits(out);
  parallel_ranges(x.size(0) * frames * tokens, 16, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const int64_t i = row / (frames * tokens), t = row / tokens % frames, s = row % tokens;
      modulated_norm_row(
          in + row * width, a + i * shifts.stride(0) + t * shifts.stride(1) + s * shifts.stride(2),
          b + i * scales.stride(0) + t * scales.stride(1) + s * scales.stride(2), to + row * width, width,
          static_cast<float>(epsilon));
    }
  });
  return out;
}

#else
bool is_available() { return false; }
at::Tensor &gelu_tanh_(at::Tensor &) { TORCH_CHECK(false, "this processor has no bfloat16 products"); }
at::Tensor modulated_norm(const at::Tensor &, const at::Tensor &, const at::Tensor &, double) {
  TORCH_CHECK(false, "this processor has no bfloat16 products");
}
#endif

}  // namespace uniform

TORCH_LIBRARY(uniform, library) {
  library.def("is_available() -> bool", uniform::is_available);
  library.def("gelu_tanh_(Tensor(a!) x) -> Tensor(a!)");
  library.def("modulated_norm(Tensor x, Tensor shift, Tensor scale, float epsilon) -> Tensor");
  library.def("group_norm(Tensor x, int groups, Tensor weight, Tensor bias, float epsilon, bool silu) -> Tensor");
  library.def("rms_norm(Tensor x, Tensor weight, float epsilon) -> Tensor");
  library.def(
      "attention(Tensor query, Tensor key, Tensor value, Tensor(a!) out, Tensor? query_gain, Tensor? key_gain, "
      "float epsilon, Tensor? cosines, Tensor? sines, Tensor? mask) -> ()");
}

TORCH_LIBRARY_IMPL(uniform, CPU, library) {
  library.impl("gelu_tanh_", uniform::gelu_tanh_);
  library.impl("modulated_norm", uniform::modulated_norm);
  library.impl("group_norm", uniform::group_norm);
  library.impl("rms_norm", uniform::rms_norm);
  library.impl("attention", uniform::attention);
}
