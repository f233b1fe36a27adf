#include "bench/fidelity/pool_store.h"

#include <cmath>

#include "hone/base/assert.h"
#include "hone/space/encoding.h"

namespace hone::fidelity {

PoolStore::PoolStore(Store& inner, const Task& task, std::vector<std::size_t> order, bool nearest)
    : ForwardingStore(inner),
      task_(task),
      order_(std::move(order)),
      nearest_(nearest),
      used_(task.rows.size(), false) {
  if (!nearest_) return;
  for (const Row& row : task_.rows) positions_.push_back(position(row.config));
}

std::vector<double> PoolStore::position(const Config& config) const {
  std::vector<double> unit;
  for (const int index : task_.space.searched()) {
    const Parameter& parameter = task_.space.parameter(index);
    const Value* value = config.get(parameter.name);
    unit.push_back(value != nullptr ? encode(parameter.domain, *value).value_or(0.5) : 0.5);
  }
  return unit;
}

std::size_t PoolStore::take_row(const Proposal& proposal) {
  std::size_t taken = order_.size();
  if (!nearest_) {
    for (std::size_t i = 0; i < order_.size() && taken == order_.size(); ++i) {
      if (!used_[order_[i]]) taken = order_[i];
    }
  } else {
    const std::vector<double> wanted = position(proposal.config);
    double least = INFINITY;
    for (std::size_t r = 0; r < positions_.size(); ++r) {
      if (used_[r]) continue;
      double distance = 0;
      for (std::size_t i = 0; i < wanted.size(); ++i)
        distance += (wanted[i] - positions_[r][i]) * (wanted[i] - positions_[r][i]);
      if (distance < least) {
        least = distance;
        taken = r;
      }
    }
  }
  HONE_ASSERT(taken < order_.size(), "a study has at most as many trials as its pool has rows");
  used_[taken] = true;
  return taken;
}

LeaseState PoolStore::apply(StudyId study, std::int64_t token, std::span<const Action> actions) {
  std::vector<Action> mapped(actions.begin(), actions.end());
  for (Action& action : mapped) {
    auto* added = std::get_if<TrialAdded>(&action);
    if (added == nullptr) continue;
    auto proposal = std::make_shared<Proposal>(*added->proposal);
    HONE_ASSERT(proposal->number == static_cast<std::int64_t>(rows_.size()),
                "trials are added in the order of their numbers");
    rows_.push_back(take_row(*proposal));
    proposal->config = task_.rows[rows_.back()].config;
    added->proposal = std::move(proposal);
  }
  return inner_.apply(study, token, mapped);
}

}  // namespace hone::fidelity
