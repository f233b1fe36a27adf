#include "python/core/convert.h"

#include <fmt/core.h>

#include <limits>

#include "hone/base/error.h"

namespace py = pybind11;

namespace hone::python {
namespace {

constexpr int kDeepest = 100;

Error refused(const py::handle& object, const std::string& what) {
  return Error(ErrorCode::invalid_input,
               fmt::format("{}: {} is no value that a study can hold", what,
                           std::string(py::str(py::type::handle_of(object).attr("__name__")))),
               "values are None, bool, int, float, str, and lists and dicts of them");
}

Value whole_number(const py::handle& object, const std::string& what) {
  int overflow = 0;
  const long long value = PyLong_AsLongLongAndOverflow(object.ptr(), &overflow);
  if (overflow != 0) {
    throw Error(ErrorCode::invalid_input, fmt::format("{}: {} does not fit into 64 bits", what,
                                                      std::string(py::str(object))));
  }
  return Value(static_cast<std::int64_t>(value));
}

Value convert(const py::handle& object, const std::string& what, int depth) {
  if (depth > kDeepest)
    throw Error(ErrorCode::invalid_input, fmt::format("{} is nested too deeply", what));
  if (object.is_none()) return {};
  if (py::isinstance<py::bool_>(object)) return {object.cast<bool>()};
  if (PyLong_Check(object.ptr())) return whole_number(object, what);
  if (PyFloat_Check(object.ptr())) return {PyFloat_AS_DOUBLE(object.ptr())};
  if (py::isinstance<py::str>(object)) return {object.cast<std::string>()};
  if (py::isinstance<py::list>(object) || py::isinstance<py::tuple>(object)) {
    Value::List list;
    for (const py::handle& item : object)
      list.push_back(convert(item, fmt::format("{}[{}]", what, list.size()), depth + 1));
    return {std::move(list)};
  }
  if (py::isinstance<py::dict>(object)) {
    Value::Map map;
    for (const auto& [key, value] : py::reinterpret_borrow<py::dict>(object)) {
      if (!py::isinstance<py::str>(key)) {
        throw Error(ErrorCode::invalid_input,
                    fmt::format("{}: the key {} is no text", what, std::string(py::repr(key))));
      }
      std::string name = key.cast<std::string>();
      std::string place = what.empty() ? name : what + "." + name;
      map.emplace_back(std::move(name), convert(value, place, depth + 1));
    }
    return {std::move(map)};
  }
  // Scalars of numpy, torch and others; an array of one dimension or more gives lists.
  if (py::hasattr(object, "tolist")) return convert(object.attr("tolist")(), what, depth + 1);
  if (py::hasattr(object, "item")) return convert(object.attr("item")(), what, depth + 1);
  throw refused(object, what);
}

}  // namespace

Value to_value(const py::handle& object, const std::string& what) {
  return convert(object, what, 0);
}

py::object to_python(const Value& value) {
  if (value.is_null()) return py::none();
  if (value.is_bool()) return py::bool_(value.as_bool());
  if (value.is_int()) return py::int_(value.as_int());
  if (value.is_double()) return py::float_(value.as_number());
  if (value.is_string()) return py::str(value.as_string());
  if (value.is_list()) {
    py::list list;
    for (const Value& item : value.as_list()) list.append(to_python(item));
    return list;
  }
  py::dict dict;
  for (const auto& [key, item] : value.as_map()) dict[py::str(key)] = to_python(item);
  return dict;
}

py::dict to_python(const Config& config) {
  py::dict dict;
  for (const auto& [name, value] : config) dict[py::str(name)] = to_python(value);
  return dict;
}

double to_number(const py::handle& object, const std::string& what) {
  const bool text = py::isinstance<py::str>(object) || py::isinstance<py::bytes>(object);
  const double number = text || object.is_none() ? -1 : PyFloat_AsDouble(object.ptr());
  if (text || object.is_none() || PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    throw Error(ErrorCode::invalid_input, fmt::format("{} must be a number, not {:.60}", what,
                                                      std::string(py::repr(object))));
  }
  return number;
}

void translate_errors() {
  py::register_exception_translator([](std::exception_ptr thrown) {
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const Error& error) {
      const py::object classes = py::module_::import("hone.errors").attr("BY_CODE");
      const py::object kind = classes[py::str(error_code_name(error.code()))];
      const py::object made = kind(std::string(error.what()), error.hint());
      PyErr_SetObject(kind.ptr(), made.ptr());
    }
  });
}

}  // namespace hone::python
