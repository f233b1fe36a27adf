// The study of hone/study.py: a store with what belongs to it, and the trials in this program's
// hands. Calls that may take time let other Python threads run meanwhile.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hone/cli/workplace.h"
#include "hone/tuner/caller_study.h"
#include "python/core/document.h"

namespace hone::python {

/// Thread-safe as CallerStudy is.
class CoreStudy {
 public:
  /// `document`: None to open a stored study as it is. `store`: None for a study in memory.
  CoreStudy(const pybind11::object& document, const std::optional<std::string>& store,
            const std::optional<std::string>& name, const std::optional<std::string>& project);
  ~CoreStudy();

  /// ("trial", run, number, params, facts), ("later",) or ("over", state, why).
  pybind11::tuple ask();
  bool report(std::int64_t run, double fidelity, const pybind11::dict& values);
  bool should_stop(std::int64_t run);
  void tell(std::int64_t run, const std::vector<double>& values);
  void tell_stopped(std::int64_t run);
  void tell_failed(std::int64_t run, const std::string& kind, const std::string& detail);
  void give_back(std::int64_t run);
  std::int64_t run_of(std::int64_t number);
  std::string request(const std::string& kind, const pybind11::object& body);
  void wait(double seconds);
  /// A whole configuration from some of its values, the others at their defaults.
  pybind11::dict completed(const pybind11::object& params);

  /// All trials from a number on, as dicts.
  pybind11::list trials(std::int64_t from);
  /// The number of the best trial, or None.
  std::optional<std::int64_t> best();
  /// The numbers of the trials that no other dominates, ascending.
  std::vector<std::int64_t> front();
  /// Counts by state, state of the study and its reason.
  pybind11::dict status();
  pybind11::object importance();
  pybind11::dict importance_table();
  pybind11::list findings();
  /// Name, project, metrics, method, store, seed: what does not change.
  pybind11::dict facts() const;
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  /// In an order in which they can be destroyed from the last to the first.
  struct Parts {
    std::unique_ptr<cli::Workplace> place;
    std::shared_ptr<const StudySpec> spec;
    std::unique_ptr<CallerStudy> study;
  };
  void open_document(const Value& document, Document wanted, const std::optional<std::string>& name,
                     const std::optional<std::string>& project);
  void go_on(const StudyInfo& info, const Value& document, const Document& wanted);

  std::unique_ptr<Parts> parts_;
  StudyInfo info_;
  std::int64_t process_;
  bool in_memory_ = false;
  std::vector<std::string> warnings_;
};

}  // namespace hone::python
