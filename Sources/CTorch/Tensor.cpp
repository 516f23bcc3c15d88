#include <ATen/ops/from_blob.h>

#include "Handle.h"

using namespace ctorch;

void ct_tensor_retain(ct_tensor tensor) noexcept {
  if (tensor != nullptr) c10::raw::intrusive_ptr::incref(impl(tensor));
}

void ct_tensor_release(ct_tensor tensor) noexcept {
  if (tensor != nullptr) c10::raw::intrusive_ptr::decref(impl(tensor));
}

int64_t ct_tensor_dimension_count(ct_tensor tensor) noexcept { return impl(tensor)->dim(); }

const int64_t *ct_tensor_sizes(ct_tensor tensor) noexcept { return impl(tensor)->sizes().data(); }

int32_t ct_tensor_dtype(ct_tensor tensor) noexcept {
  return static_cast<int32_t>(c10::typeMetaToScalarType(impl(tensor)->dtype()));
}

int64_t ct_tensor_device(ct_tensor tensor) noexcept {
  const c10::Device device = impl(tensor)->device();
  const auto index = static_cast<uint32_t>(static_cast<int32_t>(device.index()));
  return (static_cast<int64_t>(device.type()) << 32) | static_cast<int64_t>(index);
}

bool ct_tensor_is_contiguous(ct_tensor tensor) noexcept { return impl(tensor)->is_contiguous(); }

bool ct_tensor_is_channels_last(ct_tensor tensor) noexcept {
  const int64_t axes = impl(tensor)->dim();
  if (axes == 4) return impl(tensor)->is_contiguous(at::MemoryFormat::ChannelsLast);
  return axes == 5 && impl(tensor)->is_contiguous(at::MemoryFormat::ChannelsLast3d);
}

void *ct_tensor_data(ct_tensor tensor) noexcept {
  try {
    return impl(tensor)->device().is_cpu() ? impl(tensor)->mutable_data() : nullptr;
  } catch (...) {
    return nullptr;
  }
}

ct_status ct_tensor_from_memory(void *data, const int64_t *sizes, int32_t dimension_count, int32_t dtype,
                                void *context, void (*release)(void *context), ct_tensor *out) noexcept {
  return guarded("from_memory", [&] {
    const auto options = at::TensorOptions().dtype(static_cast<c10::ScalarType>(dtype));
    *out = own(at::from_blob(data, at::IntArrayRef(sizes, dimension_count),
                             [context, release](void *) { release(context); }, options));
  });
}
