// Operators on tensors without elements (the meta device) that libtorch's C++ library lacks: each gives results of the
// right shape and takes, for as long as it runs, what its CPU kernel takes besides. Nothing is computed.
#include <ATen/ATen.h>
#include <ATen/native/ConvUtils.h>
#include <torch/library.h>

#include "Kernels.h"

namespace {

using at::IntArrayRef;
using at::Tensor;

Tensor like(const Tensor &x, IntArrayRef shape) { return at::empty(shape, x.options()); }
Tensor scratch(const Tensor &x, int64_t elements) { return at::empty({elements}, x.options()); }

bool has_channels_last(const Tensor &x) {
  const auto format = x.suggest_memory_format();
  return format == at::MemoryFormat::ChannelsLast || format == at::MemoryFormat::ChannelsLast3d;
}

/// oneDNN works on blocks of 16 channels: a tensor with its channels first is copied into that order, and the result
/// back; with its channels last it is used as it is. The weights are copied in either case.
struct ConvolutionScratch {
  Tensor weight, input, output;

  ConvolutionScratch(const Tensor &x, const Tensor &w, const Tensor &y) : weight(scratch(w, w.numel())) {
    if (has_channels_last(x)) return;
    if (x.size(1) >= 16) input = scratch(x, x.numel());
    if (y.size(1) >= 16) output = scratch(y, y.numel());
  }
};

Tensor convolution(const Tensor &x, const Tensor &w, const std::optional<Tensor> &, IntArrayRef stride,
                   IntArrayRef padding, IntArrayRef dilation, bool transposed, IntArrayRef output_padding,
                   int64_t groups) {
  // One number stands for all axes.
  const auto axes = [&](IntArrayRef values) {
    return values.size() == 1 ? std::vector<int64_t>(x.dim() - 2, values[0]) : values.vec();
  };
  const auto shape = transposed ? at::native::conv_input_size(x.sizes(), w.sizes(), axes(padding), axes(output_padding),
                                                              axes(stride), axes(dilation), groups)
                                : at::native::conv_output_size(x.sizes(), w.sizes(), axes(padding), axes(stride),
                                                               axes(dilation));
  const auto format = x.dim() == 4 && has_channels_last(x) ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  Tensor y = at::empty(shape, x.options(), format);
  const ConvolutionScratch working(x, w, y);
  return y;
}

std::tuple<Tensor, Tensor, Tensor> convolution_backward(
    const Tensor &gradient, const Tensor &x, const Tensor &w, at::OptionalIntArrayRef bias, IntArrayRef, IntArrayRef,
    IntArrayRef, bool, IntArrayRef, int64_t, std::array<bool, 3> wanted) {
  const ConvolutionScratch working(x, w, gradient);
  return {wanted[0] ? at::empty_like(x) : Tensor(), wanted[1] ? at::empty_like(w) : Tensor(),
          wanted[2] ? like(gradient, bias.has_value() && !bias->empty() ? *bias : IntArrayRef{gradient.size(1)}) : Tensor()};
}

std::tuple<Tensor, Tensor, Tensor> group_norm(const Tensor &x, const std::optional<Tensor> &,
                                              const std::optional<Tensor> &, int64_t n, int64_t, int64_t,
                                              int64_t groups, double) {
  return {at::empty_like(x), like(x, {n, groups}), like(x, {n, groups})};
}

std::tuple<Tensor, Tensor, Tensor> group_norm_backward(const Tensor &gradient, const Tensor &x, const Tensor &,
                                                       const Tensor &, const std::optional<Tensor> &, int64_t,
                                                       int64_t channels, int64_t, int64_t, std::array<bool, 3> wanted) {
  return {wanted[0] ? at::empty_like(x) : Tensor(), wanted[1] ? like(gradient, {channels}) : Tensor(),
          wanted[2] ? like(gradient, {channels}) : Tensor()};
}

std::tuple<Tensor, Tensor, Tensor> layer_norm(const Tensor &x, IntArrayRef shape, const std::optional<Tensor> &,
                                              const std::optional<Tensor> &, double) {
  auto rows = x.sizes().vec();
  std::fill(rows.end() - static_cast<ptrdiff_t>(shape.size()), rows.end(), 1);
  const auto statistics = x.options().dtype(at::kFloat);
  return {at::empty_like(x), at::empty(rows, statistics), at::empty(rows, statistics)};
}

std::tuple<Tensor, Tensor, Tensor> layer_norm_backward(const Tensor &, const Tensor &x, IntArrayRef shape,
                                                       const Tensor &, const Tensor &, const std::optional<Tensor> &,
                                                       const std::optional<Tensor> &, std::array<bool, 3> wanted) {
  return {wanted[0] ? at::empty_like(x) : Tensor(), wanted[1] ? like(x, shape) : Tensor(),
          wanted[2] ? like(x, shape) : Tensor()};
}

Tensor index_select(const Tensor &x, int64_t axis, const Tensor &index) {
  auto shape = x.sizes().vec();
  shape[at::maybe_wrap_dim(axis, x.dim())] = index.numel();
  return like(x, shape);
}

Tensor embedding_backward(const Tensor &gradient, const Tensor &, int64_t rows, int64_t, bool) {
  return like(gradient, {rows, gradient.size(-1)});
}

Tensor where(const Tensor &condition, const Tensor &a, const Tensor &b) {
  return like(a.device().is_meta() ? a : b, at::infer_size(condition.sizes(), at::infer_size(a.sizes(), b.sizes())));
}

/// The kernel for long sequences keeps a block of scores per thread, which is little beside the result.
Tensor attention(const Tensor &query, const Tensor &, const Tensor &value, const std::optional<Tensor> &, double, bool,
                 std::optional<double>, bool) {
  auto shape = query.sizes().vec();
  shape.back() = value.size(-1);
  return like(query, shape);
}

Tensor &logical_and_(Tensor &a, const Tensor &) { return a; }

Tensor same(const Tensor &x) { return at::empty_like(x); }

Tensor flip(const Tensor &x, IntArrayRef) { return at::empty_like(x, at::MemoryFormat::Contiguous); }

/// Of complex numbers, too.
Tensor magnitude(const Tensor &x) { return at::empty_like(x, x.options().dtype(c10::toRealValueType(x.scalar_type()))); }

Tensor unfold_backward(const Tensor &gradient, IntArrayRef shape, int64_t, int64_t, int64_t) {
  return like(gradient, shape);
}

/// The second is what the backward pass needs.
std::tuple<Tensor, Tensor> log_sigmoid(const Tensor &x) { return {at::empty_like(x), at::empty_like(x)}; }

Tensor log_sigmoid_backward(const Tensor &, const Tensor &x, const Tensor &) { return at::empty_like(x); }

Tensor real_to_complex(const Tensor &x, IntArrayRef axes, int64_t, bool onesided) {
  auto shape = x.sizes().vec();
  if (onesided) shape[axes.back()] = shape[axes.back()] / 2 + 1;
  return at::empty(shape, x.options().dtype(c10::toComplexType(x.scalar_type())));
}

Tensor complex_to_real(const Tensor &x, IntArrayRef axes, int64_t, int64_t last) {
  auto shape = x.sizes().vec();
  shape[axes.back()] = last;
  return at::empty(shape, x.options().dtype(c10::toRealValueType(x.scalar_type())));
}

Tensor complex_to_complex(const Tensor &x, IntArrayRef, int64_t, bool) { return at::empty_like(x); }

Tensor &fused_gelu(Tensor &x) { return x; }

Tensor fused_norm(const Tensor &x, const Tensor &, const Tensor &, double) { return at::empty_like(x); }

Tensor fused_group_norm(const Tensor &x, int64_t, const Tensor &, const Tensor &, double, bool) { return at::empty_like(x); }

Tensor fused_rms_norm(const Tensor &x, const Tensor &, double) { return at::empty_like(x); }

void fused_attention(const Tensor &, const Tensor &, const Tensor &, Tensor &, const std::optional<Tensor> &,
                     const std::optional<Tensor> &, double, const std::optional<Tensor> &,
                     const std::optional<Tensor> &, const std::optional<Tensor> &) {}

}  // namespace

TORCH_LIBRARY_IMPL(aten, Meta, library) {
  library.impl("convolution", convolution);
  library.impl("convolution_backward", convolution_backward);
  library.impl("native_group_norm", group_norm);
  library.impl("native_group_norm_backward", group_norm_backward);
  library.impl("native_layer_norm", layer_norm);
  library.impl("native_layer_norm_backward", layer_norm_backward);
  library.impl("index_select", index_select);
  library.impl("embedding_dense_backward", embedding_backward);
  library.impl("where.self", where);
  library.impl("logical_and_", logical_and_);
  library.impl("relu", same);
  library.impl("flip", flip);
  library.impl("abs", magnitude);
  library.impl("unfold_backward", unfold_backward);
  library.impl("log_sigmoid_forward", log_sigmoid);
  library.impl("log_sigmoid_backward", log_sigmoid_backward);
  library.impl("_fft_r2c", real_to_complex);
  library.impl("_fft_c2r", complex_to_real);
  library.impl("_fft_c2c", complex_to_complex);
  library.impl("scaled_dot_product_attention", attention);
}

TORCH_LIBRARY_IMPL(uniform, Meta, library) {
  library.impl("gelu_tanh_", fused_gelu);
  library.impl("modulated_norm", fused_norm);
  library.impl("group_norm", fused_group_norm);
  library.impl("rms_norm", fused_rms_norm);
  library.impl("attention", fused_attention);
}
