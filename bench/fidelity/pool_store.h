// A store in front of another one that turns every new trial into a row of a pool, in the
// transaction that adds it: the study's record, and with it sampler and scheduler, only ever sees
// configurations that were really trained. No two trials of a study get the same row.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bench/fidelity/tasks.h"
#include "hone/store/forwarding_store.h"

namespace hone::fidelity {

/// Not thread-safe. All but `apply` is handed on.
class PoolStore final : public ForwardingStore {
 public:
  /// `nearest`: a trial gets the unused row nearest to what was proposed, in the unit cube of the
  /// task's space; else the next one of `order`. Everything must outlive the store.
  PoolStore(Store& inner, const Task& task, std::vector<std::size_t> order, bool nearest);

  /// The row of a trial that was added.
  std::size_t row_of(std::int64_t trial) const { return rows_[static_cast<std::size_t>(trial)]; }

  LeaseState apply(StudyId study, std::int64_t token, std::span<const Action> actions) override;

 private:
  std::size_t take_row(const Proposal& proposal);
  std::vector<double> position(const Config& config) const;

  const Task& task_;
  std::vector<std::size_t> order_;
  bool nearest_;
  std::vector<std::vector<double>> positions_;  ///< of all rows, where `nearest_`
  std::vector<bool> used_;
  std::vector<std::size_t> rows_;  ///< by trial
};

}  // namespace hone::fidelity
