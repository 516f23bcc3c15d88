#include <ATen/Context.h>
#include <ATen/DeviceAccelerator.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>

#include "Handle.h"

using namespace ctorch;

/// libtorch registers its CUDA kernels when this library is loaded; a CPU run never pays for it.
static bool load_cuda() noexcept {
  static const bool loaded = dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) != nullptr;
  return loaded;
}

bool ct_device_is_available(int32_t device_type) noexcept {
  try {
    switch (static_cast<c10::DeviceType>(device_type)) {
      case c10::DeviceType::CPU:
      case c10::DeviceType::Meta:
        return true;
      case c10::DeviceType::CUDA:
        return load_cuda() && at::globalContext().hasCUDA();
      case c10::DeviceType::MPS:
        return at::globalContext().hasMPS();
      default:
        return false;
    }
  } catch (...) {
    return false;
  }
}

int32_t ct_device_count(int32_t device_type) noexcept {
  if (!ct_device_is_available(device_type)) return 0;
  if (static_cast<c10::DeviceType>(device_type) != c10::DeviceType::CUDA) return 1;
  try {
    return at::accelerator::deviceCount();
  } catch (...) {
    return 0;
  }
}

ct_status ct_device_synchronize(int32_t device_type, int32_t index) noexcept {
  return guarded("synchronize", [&] {
    if (static_cast<c10::DeviceType>(device_type) != c10::DeviceType::CUDA &&
        static_cast<c10::DeviceType>(device_type) != c10::DeviceType::MPS)
      return;
    at::accelerator::synchronizeDevice(static_cast<c10::DeviceIndex>(index < 0 ? 0 : index));
  });
}

int32_t ct_thread_count(void) noexcept { return at::get_num_threads(); }

void ct_set_thread_count(int32_t count) noexcept {
  try {
    at::set_num_threads(count);
  } catch (...) {
  }
}

bool ct_set_flush_denormals(bool enabled) noexcept { return at::globalContext().setFlushDenormal(enabled); }
