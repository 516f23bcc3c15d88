// Attention of one head at a time in bfloat16: the rows are normalised, rotated and packed as they are read, so that no
// pass over memory prepares them, and the scores never leave the cache.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "Kernels.h"
#include "ParallelRanges.h"
#include "VectorBFloat16.h"

namespace uniform {

#if defined(__x86_64__)
namespace {

constexpr int64_t tile = 4;             // query rows that are computed together
constexpr int64_t query_block = 512;    // query rows for which keys and values are packed once
constexpr int64_t largest_width = 256;  // of a head

int64_t round_up(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

/// What happens to a row on its way in.
struct Preparation {
  const float *gain;     // [width], or none for no normalisation
  const float *cosines;  // [positions, width], or none for no rotation
  const float *sines;
  float epsilon;
  float factor;
};

/// One row of `n` vectors, the last one `rest`, to float32, normalised, rotated, scaled and rounded; zero behind its end.
template <int n>
UNIFORM_AVX512_INLINE void prepare_vectors(
    const uint16_t *from, const Preparation &how, int64_t position, int64_t width, __mmask16 rest, uint16_t *to) {
  __m512 row[n];
  __m512 squares = _mm512_setzero_ps();
  for (int v = 0; v < n; v++) {
    row[v] = load_bfloat16(from + v * lanes, v == n - 1 ? rest : 0xFFFF);
    squares = _mm512_fmadd_ps(row[v], row[v], squares);
  }
  float scale = how.factor;
  if (how.gain) scale /= std::sqrt(_mm512_reduce_add_ps(squares) / static_cast<float>(width) + how.epsilon);
  const __m512 scales = _mm512_set1_ps(scale);
  const int64_t place = position * width;
  for (int v = 0; v < n; v++) {
    const __mmask16 mask = v == n - 1 ? rest : 0xFFFF;
    __m512 x = _mm512_mul_ps(row[v], scales);
    if (how.gain) x = _mm512_mul_ps(x, _mm512_maskz_loadu_ps(mask, how.gain + v * lanes));
    if (how.cosines) {
      const __m512 swapped = _mm512_permute_ps(x, 0xB1);  // (a, b) → (b, a)
      x = _mm512_fmadd_ps(swapped, _mm512_maskz_loadu_ps(mask, how.sines + place + v * lanes),
                          _mm512_mul_ps(x, _mm512_maskz_loadu_ps(mask, how.cosines + place + v * lanes)));
    }
    store_bfloat16(to + v * lanes, x, 0xFFFF);
  }
}

/// The number of vectors becomes a constant, so that a row stays in registers.
template <int n = 1>
UNIFORM_AVX512_INLINE void prepare_row(
    const uint16_t *from, const Preparation &how, int64_t position, int64_t width, uint16_t *to) {
  if constexpr (n * lanes < largest_width) {
    if (width > n * lanes) return prepare_row<n + 1>(from, how, position, width, to);
  }
  prepare_vectors<n>(from, how, position, width, first_lanes(width - (n - 1) * lanes), to);
}

/// Memory of one thread.
struct Workspace {
  std::vector<uint32_t> keys;      // [width/2][keys]: pairs of numbers of one key
  std::vector<uint32_t> values;    // [keys/2][columns]: one number of two keys
  std::vector<uint16_t> rows;      // [16][width]: prepared keys
  std::vector<uint16_t> queries;   // [tile][width]
  std::vector<float> scores;       // [tile][keys]
  std::vector<uint16_t> weights;   // [tile][keys]
  std::vector<float> mask;         // [keys], times log2 e; −∞ beyond the last key
};

/// Scores of `tile` queries against `n` vectors of keys.
template <int n>
UNIFORM_AVX512_INLINE void score_columns(
    const uint16_t *queries, int64_t query_stride, const uint32_t *keys, int64_t key_stride, int64_t pairs, float *scores,
    int64_t score_stride) {
  __m512 sums[tile][n];
  for (int r = 0; r < tile; r++)
    for (int c = 0; c < n; c++) sums[r][c] = _mm512_setzero_ps();
  for (int64_t p = 0; p < pairs; p++) {
    __m512bh columns[n];
    for (int c = 0; c < n; c++) columns[c] = (__m512bh)_mm512_loadu_si512(keys + p * key_stride + c * lanes);
    for (int r = 0; r < tile; r++) {
      const uint32_t pair = *reinterpret_cast<const uint32_t *>(queries + r * query_stride + 2 * p);
      const __m512bh row = (__m512bh)_mm512_set1_epi32(static_cast<int>(pair));
      for (int c = 0; c < n; c++) sums[r][c] = _mm512_dpbf16_ps(sums[r][c], row, columns[c]);
    }
  }
  for (int r = 0; r < tile; r++)
    for (int c = 0; c < n; c++) _mm512_storeu_ps(scores + r * score_stride + c * lanes, sums[r][c]);
}

/// Sums of `n` vectors of value columns, weighted for `tile` queries and divided by the sums of the weights.
template <int n>
UNIFORM_AVX512_INLINE void sum_columns(
    const uint16_t *weights, int64_t weight_stride, const uint32_t *values, int64_t value_stride, int64_t pairs,
    const float *totals, uint16_t *const *out, int64_t rows, int64_t column, int64_t width) {
  __m512 sums[tile][n];
  for (int r = 0; r < tile; r++)
    for (int c = 0; c < n; c++) sums[r][c] = _mm512_setzero_ps();
  for (int64_t p = 0; p < pairs; p++) {
    __m512bh columns[n];
    for (int c = 0; c < n; c++) columns[c] = (__m512bh)_mm512_loadu_si512(values + p * value_stride + c * lanes);
    for (int r = 0; r < tile; r++) {
      const uint32_t pair = *reinterpret_cast<const uint32_t *>(weights + r * weight_stride + 2 * p);
      const __m512bh row = (__m512bh)_mm512_set1_epi32(static_cast<int>(pair));
      for (int c = 0; c < n; c++) sums[r][c] = _mm512_dpbf16_ps(sums[r][c], row, columns[c]);
    }
  }
  for (int64_t r = 0; r < rows; r++) {
    const __m512 inverse = _mm512_set1_ps(1.0f / totals[r]);
    for (int c = 0; c < n; c++) {
      const int64_t first = column + c * lanes;
      store_bfloat16(out[r] + first, _mm512_mul_ps(sums[r][c], inverse), first_lanes(width - first));
    }
  }
}

/// Scores to weights (not yet divided by their sum), and the sum.
UNIFORM_AVX512_INLINE float weigh_row(const float *scores, const float *mask, uint16_t *weights, int64_t count) {
  __m512 top = _mm512_set1_ps(-std::numeric_limits<float>::infinity());
  for (int64_t i = 0; i < count; i += lanes)
    top = _mm512_max_ps(top, _mm512_add_ps(_mm512_loadu_ps(scores + i), _mm512_loadu_ps(mask + i)));
  const __m512 largest = _mm512_set1_ps(_mm512_reduce_max_ps(top));
  __m512 sum = _mm512_setzero_ps();
  for (int64_t i = 0; i < count; i += lanes) {
    const __m512 score = _mm512_add_ps(_mm512_loadu_ps(scores + i), _mm512_loadu_ps(mask + i));
    const __m512 weight = exp2_vector(_mm512_sub_ps(score, largest));
    sum = _mm512_add_ps(sum, weight);
    store_bfloat16(weights + i, weight, 0xFFFF);
  }
  return _mm512_reduce_add_ps(sum);
}

/// A `[outer, inner, L, heads, d]` view.
struct View {
  uint16_t *data;
  int64_t strides[4];
  explicit View(const at::Tensor &x) : data(reinterpret_cast<uint16_t *>(x.data_ptr())) {
    for (int axis = 0; axis < 4; axis++) strides[axis] = x.stride(axis);
  }
  uint16_t *row(int64_t outer, int64_t inner, int64_t position, int64_t head) const {
    return data + outer * strides[0] + inner * strides[1] + position * strides[2] + head * strides[3];
  }
};

struct Problem {
  View query, key, value, out;
  Preparation query_preparation, key_preparation;
  const float *mask;  // [outer, keys] or none
  int64_t inner, heads, queries, keys, width;
};

UNIFORM_AVX512 void pack(const Problem &p, int64_t outer, int64_t inner, int64_t head, Workspace &w) {
  const int64_t keys = round_up(p.keys, lanes), pairs = p.width / 2, columns = round_up(p.width, lanes);
  const __m512i places = _mm512_mullo_epi32(
      _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
      _mm512_set1_epi32(static_cast<int>(columns / 2)));
  for (int64_t first = 0; first < p.keys; first += lanes) {
    // Sixteen keys side by side; the mask takes out what lies beyond the last one.
    for (int64_t j = first; j < std::min(first + lanes, p.keys); j++)
      prepare_row(p.key.row(outer, inner, j, head), p.key_preparation, j, p.width, w.rows.data() + (j - first) * columns);
    for (int64_t i = 0; i < pairs; i++) {
      const __m512i pair = _mm512_i32gather_epi32(places, reinterpret_cast<const int *>(w.rows.data()) + i, 4);
      _mm512_storeu_si512(w.keys.data() + i * keys + first, pair);
    }
  }
  for (int64_t j = 0; j < p.keys; j += 2) {
    const uint16_t *first = p.value.row(outer, inner, j, head);
    const bool has_second = j + 1 < p.keys;
    const uint16_t *second = has_second ? p.value.row(outer, inner, j + 1, head) : first;
    uint32_t *to = w.values.data() + j / 2 * columns;
    for (int64_t i = 0; i < p.width; i += lanes) {
      const __mmask16 mask = first_lanes(p.width - i);
      const __m512i low = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, first + i));
      const __m512i high = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(has_second ? mask : 0, second + i));
      _mm512_storeu_si512(to + i, _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
    }
  }
  constexpr float log2e = 1.4426950409f;
  for (int64_t j = 0; j < p.keys; j++) w.mask[j] = p.mask ? p.mask[outer * p.keys + j] * log2e : 0.0f;
}

UNIFORM_AVX512 void attend(
    const Problem &p, int64_t outer, int64_t inner, int64_t head, int64_t from, int64_t to, Workspace &w) {
  const int64_t keys = round_up(p.keys, lanes), columns = round_up(p.width, lanes), vectors = keys / lanes;
  for (int64_t first = from; first < to; first += tile) {
    const int64_t rows = std::min(tile, to - first);
    uint16_t *out[tile];
    for (int64_t r = 0; r < rows; r++) {
      prepare_row(p.query.row(outer, inner, first + r, head), p.query_preparation, first + r, p.width,
                  w.queries.data() + r * columns);
      out[r] = p.out.row(outer, inner, first + r, head);
    }
    for (int64_t v = 0; v < vectors; v += 4) {
      const uint32_t *packed = w.keys.data() + v * lanes;
      float *scores = w.scores.data() + v * lanes;
      switch (std::min<int64_t>(4, vectors - v)) {
        case 4: score_columns<4>(w.queries.data(), columns, packed, keys, p.width / 2, scores, keys); break;
        case 3: score_columns<3>(w.queries.data(), columns, packed, keys, p.width / 2, scores, keys); break;
        case 2: score_columns<2>(w.queries.data(), columns, packed, keys, p.width / 2, scores, keys); break;
        default: score_columns<1>(w.queries.data(), columns, packed, keys, p.width / 2, scores, keys);
      }
    }
    float totals[tile];
    for (int64_t r = 0; r < tile; r++)
      totals[r] = weigh_row(w.scores.data() + r * keys, w.mask.data(), w.weights.data() + r * keys, keys);
    for (int64_t c = 0; c < columns / lanes; c += 5) {
      const uint32_t *packed = w.values.data() + c * lanes;
      const uint16_t *weights = w.weights.data();
      const int64_t pairs = keys / 2, column = c * lanes;
      switch (std::min<int64_t>(5, columns / lanes - c)) {
        case 5: sum_columns<5>(weights, keys, packed, columns, pairs, totals, out, rows, column, p.width); break;
        case 4: sum_columns<4>(weights, keys, packed, columns, pairs, totals, out, rows, column, p.width); break;
        case 3: sum_columns<3>(weights, keys, packed, columns, pairs, totals, out, rows, column, p.width); break;
        case 2: sum_columns<2>(weights, keys, packed, columns, pairs, totals, out, rows, column, p.width); break;
        default: sum_columns<1>(weights, keys, packed, columns, pairs, totals, out, rows, column, p.width);
      }
    }
  }
}

const float *pointer(const std::optional<at::Tensor> &x, at::IntArrayRef shape, const char *name) {
  if (!x) return nullptr;
  TORCH_CHECK(x->scalar_type() == at::kFloat && x->is_contiguous() && x->sizes() == shape, name,
              " must be contiguous float32 of shape ", shape);
  return static_cast<const float *>(x->const_data_ptr());
}

}  // namespace

void attention(const at::Tensor &query, const at::Tensor &key, const at::Tensor &value, at::Tensor &out,
               const std::optional<at::Tensor> &query_gain, const std::optional<at::Tensor> &key_gain, double epsilon,
               const std::optional<at::Tensor> &cosines, const std::optional<at::Tensor> &sines,
               const std::optional<at::Tensor> &mask) {
  for (const at::Tensor &x : {query, key, value, out}) {
    TORCH_CHECK(x.dim() == 5 && x.scalar_type() == at::kBFloat16 && x.device().is_cpu() && x.stride(4) == 1,
                "attention takes bfloat16 [outer, inner, L, heads, d] whose last axis is contiguous, not ", x.sizes());
  }
  const int64_t width = query.size(4), queries = query.size(2), keys = key.size(2);
  TORCH_CHECK(width % 2 == 0 && width <= largest_width, "a head must be even and at most 256 wide, not ", width);
  TORCH_CHECK(keys > 0 && key.sizes() == value.sizes() && out.sizes() == query.sizes() &&
                  key.size(0) == query.size(0) && key.size(1) == query.size(1) && key.size(3) == query.size(3) &&
                  key.size(4) == width,
              "query ", query.sizes(), " does not fit key ", key.sizes(), " and value ", value.sizes());
  TORCH_CHECK(!cosines || queries == keys, "only self-attention has rotary positions");
  const float factor = static_cast<float>(1.4426950409 / std::sqrt(static_cast<double>(width)));
  const float *cosine = pointer(cosines, {keys, width}, "cosines"), *sine = pointer(sines, {keys, width}, "sines");
  TORCH_CHECK((cosine == nullptr) == (sine == nullptr), "cosines and sines belong together");
  const float small = static_cast<float>(epsilon);
  const Problem problem{
      View(query), View(key), View(value), View(out),
      {pointer(query_gain, {width}, "query_gain"), cosine, sine, small, factor},
      {pointer(key_gain, {width}, "key_gain"), cosine, sine, small, 1.0f},
      pointer(mask, {query.size(0), keys}, "mask"), query.size(1), query.size(3), queries, keys, width};

  const int64_t blocks = (queries + query_block - 1) / query_block;
  const int64_t padded = round_up(keys, lanes), columns = round_up(width, lanes);
  const int64_t heads = problem.heads, inner = problem.inner;
  parallel_ranges(query.size(0) * inner * heads * blocks, 1, [&](int64_t begin, int64_t end) {
    Workspace w{std::vector<uint32_t>(width / 2 * padded), std::vector<uint32_t>(padded / 2 * columns),
                std::vector<uint16_t>(lanes * columns), std::vector<uint16_t>(tile * columns),
                std::vector<float>(tile * padded), std::vector<uint16_t>(tile * padded),
                std::vector<float>(padded, -std::numeric_limits<float>::infinity())};
    int64_t packed = -1;
    for (int64_t unit = begin; unit < end; unit++) {
      const int64_t block = unit % blocks, sequence = unit / blocks;
      const int64_t head = sequence % heads, i = sequence / heads % inner, o = sequence / heads / inner;
      if (packed != sequence) pack(problem, o, i, head, w);
      packed = sequence;
      attend(problem, o, i, head, block * query_block, std::min(queries, (block + 1) * query_block), w);
    }
  });
}

#else
void attention(const at::Tensor &, const at::Tensor &, const at::Tensor &, at::Tensor &,
               const std::optional<at::Tensor> &, const std::optional<at::Tensor> &, double,
               const std::optional<at::Tensor> &, const std::optional<at::Tensor> &, const std::optional<at::Tensor> &) {
  TORCH_CHECK(false, "this processor has no bfloat16 products");
}
#endif

}  // namespace uniform
