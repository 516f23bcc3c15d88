// Conversions between C handles and libtorch's objects, and the one place where exceptions end.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>
#include <c10/util/intrusive_ptr.h>

#include <string>

#include "CTorch.h"

namespace ctorch {

using Impl = c10::TensorImpl;
using ImplPointer = c10::intrusive_ptr<Impl, c10::UndefinedTensorImpl>;

/// A second reference to a borrowed handle.
inline at::Tensor borrow(ct_tensor handle) {
  if (handle == nullptr) return at::Tensor();
  return at::Tensor(ImplPointer::reclaim_copy(reinterpret_cast<Impl *>(handle)));
}

/// Moves a tensor's reference into a handle; the undefined singleton must not be counted and becomes NULL.
inline ct_tensor own(at::Tensor tensor) {
  if (!tensor.defined()) return nullptr;
  return reinterpret_cast<ct_tensor>(tensor.unsafeReleaseTensorImpl());
}

inline Impl *impl(ct_tensor handle) { return reinterpret_cast<Impl *>(handle); }

ct_status fail(ct_status status, std::string message) noexcept;
/// Classifies and keeps the exception being handled.
ct_status fail_with_current_exception(const char *context) noexcept;

template <typename Body>
ct_status guarded(const char *context, Body &&body) noexcept {
  try {
    body();
    return CT_OK;
  } catch (...) {
    return fail_with_current_exception(context);
  }
}

}  // namespace ctorch
