// libtorch's CUDA half has headers that need CUDA's own, and one binary serves machines with and without it. So what is
// needed of that half is looked up by name when it is first asked for: members of classes are functions there that take
// the object first (the C++ ABI of Linux on x86-64 and arm64).
#pragma once

#include <dlfcn.h>

namespace ctorch {

/// Null where there is no such library, or none of this name in it. The library is loaded by ct_device_is_available.
template <typename Function>
void find_in_cuda_library(const char *name, Function &function) {
  void *library = dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_NOLOAD);
  function = library == nullptr ? nullptr : reinterpret_cast<Function>(dlsym(library, name));
}

}  // namespace ctorch
