#include <c10/util/Exception.h>
#include <torch/headeronly/version.h>

#include <new>
#if __has_include(<dnnl.hpp>)
#include <dnnl.hpp>
#define UNIFORM_HAS_ONEDNN
#endif

#include "Handle.h"

namespace ctorch {

static thread_local std::string message;

ct_status fail(ct_status status, std::string text) noexcept {
  message = std::move(text);
  return status;
}

ct_status fail_with_current_exception(const char *context) noexcept {
  std::string prefix = context == nullptr || *context == 0 ? "" : std::string(context) + ": ";
  try {
    throw;
  } catch (const c10::OutOfMemoryError &error) {
    return fail(CT_ERROR_OUT_OF_MEMORY, prefix + error.what_without_backtrace());
  } catch (const c10::NotImplementedError &error) {
    return fail(CT_ERROR_NOT_IMPLEMENTED, prefix + error.what_without_backtrace());
  } catch (const c10::Error &error) {
    return fail(CT_ERROR_ARGUMENT, prefix + error.what_without_backtrace());
  } catch (const std::bad_alloc &) {
    return fail(CT_ERROR_OUT_OF_MEMORY, prefix + "out of memory");
#ifdef UNIFORM_HAS_ONEDNN
  } catch (const dnnl::error &error) {
    const bool is_memory = error.status == dnnl_out_of_memory;
    return fail(is_memory ? CT_ERROR_OUT_OF_MEMORY : CT_ERROR_OTHER,
                prefix + (is_memory ? "out of memory: " : "") + error.what());
#endif
  } catch (const std::exception &error) {
    return fail(CT_ERROR_OTHER, prefix + error.what());
  } catch (...) {
    return fail(CT_ERROR_OTHER, prefix + "unknown C++ exception");
  }
}

}  // namespace ctorch

const char *ct_error_message(void) noexcept { return ctorch::message.c_str(); }

const char *ct_libtorch_version(void) noexcept { return TORCH_VERSION; }
