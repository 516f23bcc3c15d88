#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/saved_variable.h>
#include <torch/csrc/autograd/variable.h>

#include <array>

#include "Handle.h"

using namespace ctorch;
using torch::autograd::SavedVariable;
using torch::autograd::variable_list;

bool ct_tensor_requires_grad(ct_tensor tensor) noexcept { return impl(tensor)->requires_grad(); }

ct_status ct_tensor_set_requires_grad(ct_tensor tensor, bool value) noexcept {
  return guarded("requires_grad", [&] { borrow(tensor).requires_grad_(value); });
}

ct_status ct_tensor_grad(ct_tensor tensor, ct_tensor *out) noexcept {
  return guarded("grad", [&] { *out = own(borrow(tensor).grad()); });
}

ct_status ct_tensor_set_grad(ct_tensor tensor, ct_tensor gradient) noexcept {
  return guarded("grad", [&] { borrow(tensor).mutable_grad() = borrow(gradient); });
}

ct_status ct_backward(ct_tensor loss, ct_tensor gradient) noexcept {
  return guarded("backward", [&] {
    variable_list gradients;
    if (gradient != nullptr) gradients.push_back(borrow(gradient));
    torch::autograd::backward({borrow(loss)}, gradients);
  });
}

ct_status ct_gradients(const ct_tensor *outputs, int32_t output_count, const ct_tensor *output_gradients,
                       const ct_tensor *inputs, int32_t input_count, ct_tensor *out) noexcept {
  return guarded("grad", [&] {
    variable_list from, with, to;
    for (int32_t i = 0; i < output_count; i++) from.push_back(borrow(outputs[i]));
    for (int32_t i = 0; output_gradients != nullptr && i < output_count; i++)
      with.push_back(borrow(output_gradients[i]));
    for (int32_t i = 0; i < input_count; i++) to.push_back(borrow(inputs[i]));
    auto gradients = torch::autograd::grad(from, to, with, std::nullopt, false, /*allow_unused=*/true);
    for (int32_t i = 0; i < input_count; i++) out[i] = own(gradients[i]);
  });
}

namespace {

struct GradientHook : torch::autograd::PostAccumulateGradHook {
  void (*hook)(void *);
  void *context;
  void (*release)(void *);

  GradientHook(void (*hook)(void *), void *context, void (*release)(void *))
      : hook(hook), context(context), release(release) {}
  ~GradientHook() override { release(context); }
  void operator()(const at::Tensor &) override { hook(context); }
};

}  // namespace

ct_status ct_tensor_set_gradient_hook(ct_tensor tensor, void (*hook)(void *context), void *context,
                                      void (*release)(void *context)) noexcept {
  std::unique_ptr<GradientHook> made(hook == nullptr ? nullptr : new GradientHook(hook, context, release));
  return guarded("gradient_hook", [&] {
    torch::autograd::impl::set_post_acc_grad_hooks(borrow(tensor), std::move(made));
  });
}

bool ct_grad_mode(void) noexcept { return c10::GradMode::is_enabled(); }

void ct_set_grad_mode(bool enabled) noexcept { c10::GradMode::set_enabled(enabled); }

namespace {

constexpr int32_t maximum_outputs = 8;

/// The user's function with its context, released with the last graph node that needs it.
struct Recomputation {
  ct_forward forward;
  void *context;
  void (*release)(void *);

  Recomputation(ct_forward forward, void *context, void (*release)(void *))
      : forward(forward), context(context), release(release) {}
  Recomputation(const Recomputation &) = delete;
  ~Recomputation() { release(context); }

  variable_list operator()(const variable_list &inputs) const {
    std::vector<ct_tensor> handles;
    for (const auto &input : inputs) handles.push_back(own(input));
    std::array<ct_tensor, maximum_outputs> results{};
    const int32_t count =
        forward(context, handles.data(), static_cast<int32_t>(handles.size()), results.data(), maximum_outputs);
    for (ct_tensor input : handles) ct_tensor_release(input);
    TORCH_CHECK(count >= 0, "the checkpointed function failed");
    variable_list outputs;
    for (int32_t i = 0; i < count; i++)
      outputs.emplace_back(ImplPointer::reclaim(impl(results[i])));  // takes over the callee's reference
    return outputs;
  }
};

/// Keeps the inputs only, and runs the function again when gradients arrive.
struct CheckpointNode : torch::autograd::Node {
  std::shared_ptr<Recomputation> recomputation;
  std::vector<SavedVariable> inputs;

  variable_list apply(variable_list &&gradients) override {
    variable_list leaves;
    for (auto &saved : inputs) {
      at::Tensor input = saved.unpack();
      leaves.push_back(input.defined() ? input.detach().requires_grad_(input.requires_grad()) : input);
    }
    at::AutoGradMode recording(true);
    variable_list outputs = (*recomputation)(leaves);
    variable_list roots, seeds;
    for (size_t i = 0; i < outputs.size(); i++) {
      if (!gradients[i].defined() || !outputs[i].requires_grad()) continue;
      roots.push_back(outputs[i]);
      seeds.push_back(gradients[i]);
    }
    // A full backward call, so that parameters inside the function accumulate their gradients as well.
    torch::autograd::backward(roots, seeds);
    variable_list result;
    for (auto &leaf : leaves) result.push_back(leaf.defined() ? leaf.grad() : at::Tensor());
    return result;
  }

  void release_variables() override { inputs.clear(); }
  std::string name() const override { return "Checkpoint"; }
};

}  // namespace

ct_status ct_checkpoint(ct_forward forward, void *context, void (*release)(void *context), const ct_tensor *inputs,
                        int32_t input_count, ct_tensor *outputs, int32_t capacity, int32_t *produced) noexcept {
  auto recomputation = std::make_shared<Recomputation>(forward, context, release);
  return guarded("checkpoint", [&] {
    variable_list variables;
    for (int32_t i = 0; i < input_count; i++) variables.push_back(borrow(inputs[i]));
    // Recorded as it will be in the backward pass, so that both compute with the same kernels; the record is dropped
    // with the function's own results.
    variable_list results = (*recomputation)(variables);
    TORCH_CHECK(static_cast<int32_t>(results.size()) <= capacity, "more than ", capacity, " outputs");
    if (c10::GradMode::is_enabled()) {
      auto node = std::shared_ptr<CheckpointNode>(new CheckpointNode(), torch::autograd::deleteNode);
      node->recomputation = recomputation;
      node->set_next_edges(torch::autograd::collect_next_edges(variables));
      for (const auto &variable : variables) node->inputs.emplace_back(variable, /*is_output=*/false);
      for (auto &result : results) {
        result = result.detach();
        torch::autograd::set_history(result, node);
      }
    }
    for (size_t i = 0; i < results.size(); i++) outputs[i] = own(results[i]);
    *produced = static_cast<int32_t>(results.size());
  });
}
