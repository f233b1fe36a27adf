#include "python/core/suggester.h"

#include "hone/base/error.h"
#include "python/core/convert.h"
#include "python/core/document.h"

namespace py = pybind11;

namespace hone::python {

Suggester::Suggester(const py::object& document)
    : study_(read_document(to_value(document, "")).spec) {}

std::int64_t Suggester::add(const py::object& params) {
  const auto config = Config::from_value(to_value(params, "params"));
  if (!config) throw Error(ErrorCode::invalid_input, "params must be a dict");
  const py::gil_scoped_release released;
  const std::lock_guard lock(mutex_);
  return study_.add(*config);
}

py::object Suggester::ask() {
  const std::optional<Asked> asked = [&] {
    const py::gil_scoped_release released;
    const std::lock_guard lock(mutex_);
    return study_.ask();
  }();
  if (!asked) return py::none();
  return py::make_tuple(asked->number, to_python(asked->config));
}

void Suggester::tell(std::int64_t number, const std::vector<double>& values,
                     std::optional<double> fidelity) {
  const py::gil_scoped_release released;
  const std::lock_guard lock(mutex_);
  study_.tell(number, values, fidelity);
}

void Suggester::tell_stopped(std::int64_t number, double value, double fidelity) {
  const py::gil_scoped_release released;
  const std::lock_guard lock(mutex_);
  study_.tell_stopped(number, value, fidelity);
}

void Suggester::tell_failed(std::int64_t number, const std::string& kind) {
  const py::gil_scoped_release released;
  const std::lock_guard lock(mutex_);
  study_.tell_failed(number, fail_kind_from_name(kind).value_or(FailKind::exit_code));
}

}  // namespace hone::python
