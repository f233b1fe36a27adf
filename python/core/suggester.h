// Suggestions from trials that somebody else keeps: what hone/optuna.py is made of. No store, no
// leader, no budget.
#pragma once

#include <pybind11/pybind11.h>

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "hone/tuner/ask_tell.h"

namespace hone::python {

/// Thread-safe.
class Suggester {
 public:
  explicit Suggester(const pybind11::object& document);

  /// A trial with this configuration begins; its number here.
  std::int64_t add(const pybind11::object& params);
  /// (number, params) of the next trial, or None where every configuration was tried.
  pybind11::object ask();
  /// Values of all metrics, at a point of the curve (None: its end).
  void tell(std::int64_t number, const std::vector<double>& values, std::optional<double> fidelity);
  /// Ended before its end, with the objective's value there.
  void tell_stopped(std::int64_t number, double value, double fidelity);
  void tell_failed(std::int64_t number, const std::string& kind);

 private:
  AskTell study_;
  std::mutex mutex_;
};

}  // namespace hone::python
