// What Kernels.cpp registers; see Sources/Torch/Operations/Fused.swift for shapes and meaning.
#ifndef UNIFORM_KERNELS_H
#define UNIFORM_KERNELS_H

#include <ATen/ATen.h>

namespace uniform {

bool is_available();
at::Tensor &gelu_tanh_(at::Tensor &x);
at::Tensor modulated_norm(const at::Tensor &x, const at::Tensor &shift, const at::Tensor &scale, double epsilon);
at::Tensor group_norm(const at::Tensor &x, int64_t groups, const at::Tensor &weight, const at::Tensor &bias,
                      double epsilon, bool silu);
at::Tensor rms_norm(const at::Tensor &x, const at::Tensor &weight, double epsilon);
void attention(const at::Tensor &query, const at::Tensor &key, const at::Tensor &value, at::Tensor &out,
               const std::optional<at::Tensor> &query_gain, const std::optional<at::Tensor> &key_gain, double epsilon,
               const std::optional<at::Tensor> &cosines, const std::optional<at::Tensor> &sines,
               const std::optional<at::Tensor> &mask);

}  // namespace uniform
#endif
