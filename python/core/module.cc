// The module hone._core: the engine as hone/study.py and hone/optuna.py use it. Not an interface
// for users; hone/_core.pyi says what is in it.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "python/core/convert.h"
#include "python/core/study.h"
#include "python/core/suggester.h"

namespace py = pybind11;
using hone::python::CoreStudy;
using hone::python::Suggester;

PYBIND11_MODULE(_core, module) {
  module.doc() = "hone's engine; use hone.Study and hone.optuna.";
  hone::python::translate_errors();
  module.def("version", &hone::cli::version);

  py::class_<CoreStudy>(module, "Study")
      .def(py::init<const py::object&, const std::optional<std::string>&,
                    const std::optional<std::string>&, const std::optional<std::string>&>(),
           py::arg("document"), py::arg("store"), py::arg("name"), py::arg("project"))
      .def("ask", &CoreStudy::ask)
      .def("report", &CoreStudy::report)
      .def("should_stop", &CoreStudy::should_stop)
      .def("tell", &CoreStudy::tell)
      .def("tell_stopped", &CoreStudy::tell_stopped)
      .def("tell_failed", &CoreStudy::tell_failed)
      .def("give_back", &CoreStudy::give_back)
      .def("run_of", &CoreStudy::run_of)
      .def("request", &CoreStudy::request)
      .def("wait", &CoreStudy::wait)
      .def("completed", &CoreStudy::completed)
      .def("trials", &CoreStudy::trials)
      .def("best", &CoreStudy::best)
      .def("front", &CoreStudy::front)
      .def("status", &CoreStudy::status)
      .def("importance", &CoreStudy::importance)
      .def("importance_table", &CoreStudy::importance_table)
      .def("findings", &CoreStudy::findings)
      .def("facts", &CoreStudy::facts)
      .def("warnings", &CoreStudy::warnings);

  py::class_<Suggester>(module, "Suggester")
      .def(py::init<const py::object&>(), py::arg("document"))
      .def("add", &Suggester::add)
      .def("ask", &Suggester::ask)
      .def("tell", &Suggester::tell)
      .def("tell_stopped", &Suggester::tell_stopped)
      .def("tell_failed", &Suggester::tell_failed);
}
