#include <ATen/core/Generator.h>
#include <ATen/core/List.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>
#include <ATen/core/jit_type.h>

#include <sstream>

#include "Handle.h"

using namespace ctorch;

namespace {

const c10::OperatorHandle &handle(ct_operator op) { return *reinterpret_cast<const c10::OperatorHandle *>(op); }

template <typename T>
c10::List<T> list(const T *values, int32_t count) {
  c10::List<T> result;
  result.reserve(count);
  for (int32_t i = 0; i < count; i++) result.push_back(values[i]);
  return result;
}

/// Whether the list's elements are numbers of either kind, or none: `Scalar?[]`.
bool holds_scalars(const c10::Type &list) {
  const c10::Type *element = list.castRaw<c10::ListType>()->getElementType().get();
  if (element->kind() != c10::TypeKind::OptionalType) return false;
  return element->castRaw<c10::OptionalType>()->getElementType()->kind() == c10::TypeKind::NumberType;
}

/// The value as the schema's type wants it: an int becomes a float or a one-element list where those are asked.
c10::IValue convert(const ct_value &value, const c10::Type &declared) {
  const c10::Type *type = &declared;
  if (type->kind() == c10::TypeKind::OptionalType) type = type->castRaw<c10::OptionalType>()->getElementType().get();
  const auto kind = type->kind();
  switch (value.tag) {
    case CT_NONE:
      return declared.kind() == c10::TypeKind::TensorType ? c10::IValue(at::Tensor()) : c10::IValue();
    case CT_TENSOR:
      return borrow(value.as.tensor);
    case CT_INT:
      if (kind == c10::TypeKind::FloatType) return static_cast<double>(value.as.integer);
      if (kind == c10::TypeKind::ListType) return list(&value.as.integer, 1);
      return value.as.integer;
    case CT_DOUBLE:
      return value.as.real;
    case CT_BOOL:
      return value.as.boolean;
    case CT_INTS:
      return list(value.as.integers, value.count);
    case CT_DOUBLES:
      if (kind == c10::TypeKind::ListType && holds_scalars(*type)) {
        c10::List<std::optional<at::Scalar>> scalars;
        for (int32_t i = 0; i < value.count; i++) scalars.push_back(at::Scalar(value.as.reals[i]));
        return scalars;
      }
      return list(value.as.reals, value.count);
    case CT_BOOLS:
      return list(value.as.booleans, value.count);
    case CT_TENSORS: {
      c10::List<at::Tensor> tensors;
      tensors.reserve(value.count);
      for (int32_t i = 0; i < value.count; i++) tensors.push_back(borrow(value.as.tensors[i]));
      return tensors;
    }
    case CT_OPTIONAL_TENSORS: {
      c10::List<std::optional<at::Tensor>> tensors;
      tensors.reserve(value.count);
      for (int32_t i = 0; i < value.count; i++) {
        at::Tensor tensor = borrow(value.as.tensors[i]);
        tensors.push_back(tensor.defined() ? std::optional<at::Tensor>(tensor) : std::nullopt);
      }
      return tensors;
    }
    case CT_STRING:
      return std::string(value.as.string, static_cast<size_t>(value.count));
    case CT_DTYPE:
      return value.as.integer;
    case CT_DEVICE:
      return c10::Device(static_cast<c10::DeviceType>(value.as.integer >> 32),
                         static_cast<c10::DeviceIndex>(static_cast<int32_t>(value.as.integer)));
    case CT_GENERATOR:
      return *reinterpret_cast<const at::Generator *>(value.as.generator);
    default:
      TORCH_CHECK(false, "unknown argument tag ", value.tag);
  }
}

void append(const c10::IValue &value, ct_value *results, int32_t capacity, int32_t &count) {
  if (value.isTensorList()) {
    for (const at::Tensor &tensor : value.toTensorVector()) append(tensor, results, capacity, count);
    return;
  }
  TORCH_CHECK(count < capacity, "more than ", capacity, " results");
  ct_value &out = results[count];
  out.count = 0;
  if (value.isTensor()) {
    out.tag = CT_TENSOR;
    out.as.tensor = own(value.toTensor());
  } else if (value.isInt() || value.isSymInt()) {
    out.tag = CT_INT;
    out.as.integer = value.toInt();
  } else if (value.isDouble()) {
    out.tag = CT_DOUBLE;
    out.as.real = value.toDouble();
  } else if (value.isBool()) {
    out.tag = CT_BOOL;
    out.as.boolean = value.toBool();
  } else if (value.isNone()) {
    out.tag = CT_NONE;
  } else {
    TORCH_CHECK(false, "result of kind ", value.tagKind(), " is not supported");
  }
  count++;
}

}  // namespace

ct_status ct_operator_find(const char *name, const char *overload, ct_operator *out) noexcept {
  return guarded(name, [&] {
    auto found = c10::Dispatcher::singleton().findSchema({name, overload});
    TORCH_CHECK(found.has_value(), "libtorch has no operator of this name with overload \"", overload, "\"");
    *out = reinterpret_cast<ct_operator>(new c10::OperatorHandle(*found));
  });
}

ct_status ct_operator_call(ct_operator op, const ct_value *arguments, int32_t argument_count, ct_value *results,
                           int32_t capacity, int32_t *produced) noexcept {
  const c10::OperatorHandle &target = handle(op);
  *produced = 0;
  return guarded(target.schema().name().c_str(), [&] {
    const auto &declared = target.schema().arguments();
    TORCH_CHECK(static_cast<size_t>(argument_count) <= declared.size(), argument_count, " arguments for ",
                declared.size(), " parameters");
    c10::Stack stack;
    stack.reserve(declared.size());
    for (int32_t i = 0; i < argument_count; i++) stack.push_back(convert(arguments[i], *declared[i].type()));
    for (size_t i = argument_count; i < declared.size(); i++) {
      TORCH_CHECK(declared[i].default_value().has_value(), "argument \"", declared[i].name(), "\" is missing");
      stack.push_back(*declared[i].default_value());
    }
    target.callBoxed(stack);
    for (const c10::IValue &value : stack) append(value, results, capacity, *produced);
  });
}

const char *ct_operator_schema(ct_operator op) noexcept {
  static thread_local std::string text;
  try {
    std::ostringstream stream;
    stream << handle(op).schema();
    text = stream.str();
  } catch (...) {
    text.clear();
  }
  return text.c_str();
}
