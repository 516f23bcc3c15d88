// Normalisation of numbers in bfloat16 or float32, computed in float32 and rounded once: groups of channels that lie last
// in memory, with SiLU in the same pass, and rows by their root mean square.
#include <vector>

#include "Kernels.h"
#include "ParallelRanges.h"
#include "VectorBFloat16.h"

namespace uniform {

#if defined(__x86_64__)
namespace {

constexpr int64_t row_group = 64;    // rows that are summed in float32
constexpr int64_t most_blocks = 64;  // of one sample; what a block holds depends on the shape alone

UNIFORM_AVX512_INLINE __m512 load_lanes(const uint16_t *from, __mmask16 mask) { return load_bfloat16(from, mask); }
UNIFORM_AVX512_INLINE __m512 load_lanes(const float *from, __mmask16 mask) { return _mm512_maskz_loadu_ps(mask, from); }
UNIFORM_AVX512_INLINE void store_lanes(uint16_t *to, __m512 x, __mmask16 mask) { store_bfloat16(to, x, mask); }
UNIFORM_AVX512_INLINE void store_lanes(float *to, __m512 x, __mmask16 mask) { _mm512_mask_storeu_ps(to, mask, x); }

UNIFORM_AVX512_INLINE void add_to(double *sums, __m512 x) {
  _mm512_storeu_pd(sums, _mm512_add_pd(_mm512_loadu_pd(sums), _mm512_cvtps_pd(_mm512_castps512_ps256(x))));
  const __m256 high = _mm512_extractf32x8_ps(x, 1);
  _mm512_storeu_pd(sums + 8, _mm512_add_pd(_mm512_loadu_pd(sums + 8), _mm512_cvtps_pd(high)));
}

/// Adds each channel's sum to `sums` and its sum of squares to `squares`, both as long as the channels rounded up.
template <typename T>
UNIFORM_AVX512 void add_moments(const T *x, int64_t rows, int64_t channels, double *sums, double *squares) {
  for (int64_t first = 0; first < rows; first += row_group) {
    const int64_t count = std::min(row_group, rows - first);
    for (int64_t c = 0; c < channels; c += lanes) {
      const __mmask16 mask = first_lanes(channels - c);
      const T *from = x + first * channels + c;
      // Even and odd rows by themselves, so that no addition waits for the one before.
      __m512 sum = _mm512_setzero_ps(), square = _mm512_setzero_ps(), odd_sum = sum, odd_square = square;
      for (int64_t r = 0; r < count; r += 2) {
        const __m512 v = load_lanes(from + r * channels, mask);
        const __m512 w = load_lanes(from + (r + 1 < count ? r + 1 : r) * channels, r + 1 < count ? mask : 0);
        sum = _mm512_add_ps(sum, v);
        odd_sum = _mm512_add_ps(odd_sum, w);
        square = _mm512_fmadd_ps(v, v, square);
        odd_square = _mm512_fmadd_ps(w, w, odd_square);
      }
      add_to(sums + c, _mm512_add_ps(sum, odd_sum));
      add_to(squares + c, _mm512_add_ps(square, odd_square));
    }
  }
}

template <typename T, bool silu>
UNIFORM_AVX512 void scale_rows(
    const T *x, int64_t rows, int64_t channels, const float *scales, const float *shifts, T *out) {
  const __m512 minus_log2e = _mm512_set1_ps(-1.4426950409f), one = _mm512_set1_ps(1.0f), limit = _mm512_set1_ps(126.0f);
  for (int64_t r = 0; r < rows; r++) {
    for (int64_t c = 0; c < channels; c += lanes) {
      const __mmask16 mask = first_lanes(channels - c);
      const int64_t place = r * channels + c;
      __m512 v = _mm512_fmadd_ps(load_lanes(x + place, mask), _mm512_loadu_ps(scales + c), _mm512_loadu_ps(shifts + c));
      // Beyond the limit the quotient is as good as 0.
      if (silu) {
        const __m512 exponent = _mm512_min_ps(_mm512_mul_ps(v, minus_log2e), limit);
        v = _mm512_div_ps(v, _mm512_add_ps(one, exp2_vector(exponent)));
      }
      store_lanes(out + place, v, mask);
    }
  }
}

template <typename T>
void normalize_groups(const at::Tensor &x, int64_t groups, const float *weight, const float *bias, double epsilon, bool silu,
                      at::Tensor &out) {
  const int64_t samples = x.size(0), channels = x.size(1), rows = x.numel() / std::max<int64_t>(samples * channels, 1);
  const int64_t padded = (channels + lanes - 1) / lanes * lanes, width = channels / groups;
  const int64_t block = std::max(row_group, (rows + most_blocks - 1) / most_blocks);
  const int64_t blocks = (rows + block - 1) / block;
  const T *from = static_cast<const T *>(x.const_data_ptr());
  T *to = static_cast<T *>(out.mutable_data_ptr());
  // One block belongs to one thread and blocks are added in order: no sum depends on the number of threads.
  std::vector<double> moments(samples * blocks * 2 * padded, 0.0);
  parallel_ranges(samples * blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const int64_t first = i % blocks * block;
      double *sums = moments.data() + i * 2 * padded;
      add_moments(from + (i / blocks * rows + first) * channels, std::min(block, rows - first), channels, sums,
                  sums + padded);
    }
  });
  std::vector<float> scales(samples * padded, 0.0f), shifts(samples * padded, 0.0f);
  for (int64_t n = 0; n < samples; n++) {
    for (int64_t g = 0; g < groups; g++) {
      double sum = 0, squares = 0;
      for (int64_t b = 0; b < blocks; b++) {
        const double *part = moments.data() + (n * blocks + b) * 2 * padded + g * width;
        for (int64_t c = 0; c < width; c++) sum += part[c], squares += part[padded + c];
      }
      const double count = static_cast<double>(rows * width), mean = sum / count;
      const double inverse = 1 / std::sqrt(std::max(squares / count - mean * mean, 0.0) + epsilon);
      for (int64_t c = g * width; c < (g + 1) * width; c++) {
        scales[n * padded + c] = static_cast<float>(weight[c] * inverse);
        shifts[n * padded + c] = static_cast<float>(bias[c] - weight[c] * inverse * mean);
      }
    }
  }
  parallel_ranges(samples * blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const int64_t n = i / blocks, first = i % blocks * block, start = (n * rows + first) * channels;
      const auto scale = silu ? scale_rows<T, true> : scale_rows<T, false>;
      scale(from + start, std::min(block, rows - first), channels, scales.data() + n * padded,
            shifts.data() + n * padded, to + start);
    }
  });
}

template <typename T>
UNIFORM_AVX512 void rms_row(const T *x, const T *weight, T *out, int64_t width, float epsilon) {
  __m512 squares = _mm512_setzero_ps();
  for (int64_t i = 0; i < width; i += lanes) {
    const __m512 v = load_lanes(x + i, first_lanes(width - i));
    squares = _mm512_fmadd_ps(v, v, squares);
  }
  const float mean = _mm512_reduce_add_ps(squares) / static_cast<float>(width);
  const __m512 inverse = _mm512_set1_ps(1.0f / std::sqrt(mean + epsilon));
  for (int64_t i = 0; i < width; i += lanes) {
    const __mmask16 mask = first_lanes(width - i);
    const __m512 v = _mm512_mul_ps(load_lanes(x + i, mask), inverse);
    store_lanes(out + i, _mm512_mul_ps(v, load_lanes(weight + i, mask)), mask);
  }
}

bool is_bfloat16(const at::Tensor &x) {
  TORCH_CHECK(x.device().is_cpu() && (x.scalar_type() == at::kBFloat16 || x.scalar_type() == at::kFloat),
              "the input must be bfloat16 or float32 on the CPU");
  return x.scalar_type() == at::kBFloat16;
}

}  // namespace

at::Tensor group_norm(const at::Tensor &x, int64_t groups, const at::Tensor &weight, const at::Tensor &bias,
                      double epsilon, bool silu) {
  const bool narrow = is_bfloat16(x);
  TORCH_CHECK(x.dim() == 4 || x.dim() == 5, "the input must have 4 or 5 axes, not ", x.dim());
  const auto format = x.dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::ChannelsLast3d;
  TORCH_CHECK(x.is_contiguous(format), "the channels of the input must lie last in memory");
  TORCH_CHECK(groups > 0 && x.size(1) % groups == 0, x.size(1), " channels cannot be divided into ", groups, " groups");
  TORCH_CHECK(weight.numel() == x.size(1) && bias.numel() == x.size(1), "weight and bias must have ", x.size(1),
              " elements");
  const at::Tensor gains = weight.to(at::kFloat).contiguous(), shifts = bias.to(at::kFloat).contiguous();
  const float *gain = static_cast<const float *>(gains.const_data_ptr());
  const float *shift = static_cast<const float *>(shifts.const_data_ptr());
  at::Tensor out = at::empty(x.sizes(), x.options().memory_format(format));
  narrow ? normalize_groups<uint16_t>(x, groups, gain, shift, epsilon, silu, out)
         : normalize_groups<float>(x, groups, gain, shift, epsilon, silu, out);
  return out;
}

at::Tensor rms_norm(const at::Tensor &x, const at::Tensor &weight, double epsilon) {
  const bool narrow = is_bfloat16(x);
  TORCH_CHECK(x.is_contiguous() && x.dim() > 0, "the input must be contiguous");
  const int64_t width = x.size(-1), rows = x.numel() / std::max<int64_t>(width, 1);
  TORCH_CHECK(weight.scalar_type() == x.scalar_type() && weight.is_contiguous() && weight.numel() == width,
              "weight must have ", width, " elements of the input's type");
  at::Tensor out = at::empty_like(x);
  const auto each = [&](auto *from, const auto *gain, auto *to) {
    parallel_ranges(rows, 64, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++)
        rms_row(from + i * width, gain, to + i * width, width, static_cast<float>(epsilon));
    });
  };
  const void *in = x.const_data_ptr(), *gain = weight.const_data_ptr();
  void *to = out.mutable_data_ptr();
  narrow ? each(static_cast<const uint16_t *>(in), static_cast<const uint16_t *>(gain), static_cast<uint16_t *>(to))
         : each(static_cast<const float *>(in), static_cast<const float *>(gain), static_cast<float *>(to));
  return out;
}

#else
at::Tensor group_norm(const at::Tensor &, int64_t, const at::Tensor &, const at::Tensor &, double, bool) {
  TORCH_CHECK(false, "this processor has no bfloat16 products");
}
at::Tensor rms_norm(const at::Tensor &, const at::Tensor &, double) {
  TORCH_CHECK(false, "this processor has no bfloat16 products");
}
#endif

}  // namespace uniform
