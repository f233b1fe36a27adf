#include "hone/space/feasible_sampler.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "hone/base/assert.h"
#include "hone/base/text.h"
#include "hone/space/encoding.h"
#include "hone/space/feasible_group.h"

namespace hone {
namespace {

/// Terms that tie parameters together: every constraint, and each computed parameter that may fail.
std::vector<FeasibilityTerm> all_terms(const SpaceModel& model) {
  std::vector<FeasibilityTerm> terms;
  for (int i = 0; i < static_cast<int>(model.constraints.size()); ++i) terms.push_back({i, -1});
  for (int i = 0; i < model.size(); ++i) {
    if (!model.derived[static_cast<std::size_t>(i)]) continue;
    const FeasibilityTerm term{-1, i};
    const FeasibleRegion region(model, {term}, BoxProgram::closure(model, term));
    Box box = region.whole();
    FeasibleRegion::Workspace workspace;
    if (region.judge(box, false, workspace) != BoxStatus::holds) terms.push_back(term);
  }
  return terms;
}

/// Terms that share a searched parameter, in one group; groups in the order of their first term.
std::vector<std::vector<FeasibilityTerm>> grouped(const SpaceModel& model,
                                                  const std::vector<FeasibilityTerm>& terms) {
  std::vector<std::size_t> leader(terms.size());
  std::iota(leader.begin(), leader.end(), std::size_t{0});
  std::vector<int> owner(model.parameters.size(), -1);
  for (std::size_t t = 0; t < terms.size(); ++t) {
    for (const int p : BoxProgram::closure(model, terms[t])) {
      if (!model.parameters[static_cast<std::size_t>(p)].is_searched()) continue;
      int& o = owner[static_cast<std::size_t>(p)];
      if (o < 0) o = static_cast<int>(t);
      const std::size_t a = leader[static_cast<std::size_t>(o)];
      const std::size_t b = leader[t];
      for (auto& l : leader) {
        if (l == std::max(a, b)) l = std::min(a, b);
      }
    }
  }
  std::vector<std::vector<FeasibilityTerm>> groups(terms.size());
  for (std::size_t t = 0; t < terms.size(); ++t) groups[leader[t]].push_back(terms[t]);
  std::erase_if(groups, [](const auto& g) { return g.empty(); });
  return groups;
}

std::vector<int> closure_of(const SpaceModel& model, const std::vector<FeasibilityTerm>& terms) {
  std::vector<int> out;
  for (const FeasibilityTerm& t : terms) {
    const std::vector<int> one = BoxProgram::closure(model, t);
    out.insert(out.end(), one.begin(), one.end());
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::string quoted(const SpaceModel& model, const std::vector<FeasibilityTerm>& terms) {
  std::vector<std::string> texts;
  for (const FeasibilityTerm& t : terms) {
    texts.push_back(
        t.constraint >= 0
            ? fmt::format(
                  "'{}'",
                  model.constraints[static_cast<std::size_t>(t.constraint)].expression.source())
            : fmt::format("the expression of '{}'",
                          model.parameters[static_cast<std::size_t>(t.computes)].name));
  }
  return join(texts, ", ");
}

}  // namespace

FeasibleSampler::FeasibleSampler(const SpaceModel& model, std::vector<SpaceProblem>& problems)
    : model_(model),
      group_of_column_(model.searched.size(), -1),
      axis_of_column_(model.searched.size(), 0) {
  for (const auto& terms : grouped(model, all_terms(model))) {
    auto group = std::make_unique<const FeasibleGroup>(model, terms, closure_of(model, terms));
    const int constraint = terms.front().constraint;
    const int computed = terms.front().computes;
    const std::string field = constraint < 0 ? "expression" : "";
    const char* together = terms.size() > 1 ? " together" : "";
    if (group->is_impossible()) {
      problems.push_back(
          {computed, constraint, field,
           fmt::format("no configuration meets {}{}", quoted(model, terms), together), false, 0});
    } else if (group->method() == FeasibleGroup::Method::none) {
      problems.push_back({computed, constraint, field,
                          fmt::format("none of a million directed draws meets {}{}; relax a "
                                      "constraint or narrow the ranges",
                                      quoted(model, terms), together),
                          true, 0});
    }
    const auto& axes = group->region().axes();
    for (std::size_t i = 0; i < axes.size(); ++i) {
      const auto column =
          static_cast<std::size_t>(model.column[static_cast<std::size_t>(axes[i].parameter())]);
      group_of_column_[column] = static_cast<int>(groups_.size());
      axis_of_column_[column] = i;
    }
    groups_.push_back(std::move(group));
  }
}

FeasibleSampler::~FeasibleSampler() = default;

std::optional<SpaceModel::Slots> FeasibleSampler::sample(Rng& rng) const {
  constexpr int kTries = 16;  // the final test only fails where rounding does, or a default lies
                              // outside of every group
  for (int t = 0; t < kTries; ++t) {
    SpaceModel::Slots slots(model_.parameters.size());
    for (std::size_t column = 0; column < model_.searched.size(); ++column) {
      if (group_of_column_[column] >= 0) continue;
      const auto at = static_cast<std::size_t>(model_.searched[column]);
      slots[at] = quantile(model_.parameters[at].domain, rng.uniform());
    }
    for (const auto& group : groups_) {
      std::vector<double> point(group->region().dimension());
      if (!group->draw(rng, point)) return std::nullopt;
      group->region().write(point, slots);
    }
    if (model_.complete(slots) && model_.holds(slots)) return slots;
  }
  return std::nullopt;
}

bool FeasibleSampler::is_feasible(std::span<const double> row) const {
  HONE_ASSERT(row.size() == model_.searched.size(), "one entry per searched parameter");
  if (groups_.empty()) return true;
  FeasibleRegion::Workspace workspace;
  return std::all_of(groups_.begin(), groups_.end(), [&](const auto& group) {
    return group->region().contains(positions(*group, row), workspace);
  });
}

bool FeasibleSampler::repair(std::span<double> row, Rng rng) const {
  HONE_ASSERT(row.size() == model_.searched.size(), "one entry per searched parameter");
  constexpr int kTargets = 16;
  constexpr int kBisections = 30;
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    const FeasibleGroup& group = *groups_[g];
    const auto& axes = group.region().axes();
    const std::size_t n = axes.size();
    FeasibleRegion::Workspace workspace;
    std::vector<std::size_t> columns;
    std::vector<double> start;  // encoded
    for (const Axis& axis : axes) {
      columns.push_back(
          static_cast<std::size_t>(model_.column[static_cast<std::size_t>(axis.parameter())]));
      const double u = row[columns.back()];
      start.push_back(std::isnan(u) ? 0.5 : std::clamp(u, 0.0, 1.0));
    }
    std::vector<double> positions(n);
    const auto feasible = [&](const std::vector<double>& encoded) {
      for (std::size_t i = 0; i < n; ++i) positions[i] = axes[i].position(encoded[i]);
      return group.region().contains(positions, workspace);
    };
    if (feasible(start)) continue;
    std::vector<double> best;
    double best_distance = kInf;
    for (int k = 0; k < kTargets; ++k) {
      if (!group.draw(rng, positions)) continue;
      std::vector<double> target(n);
      for (std::size_t i = 0; i < n; ++i) target[i] = axes[i].encoded(positions[i]);
      double outside = 0;
      double inside = 1;
      std::vector<double> probe = target;
      std::vector<double> reached = target;
      for (int b = 0; b < kBisections; ++b) {
        const double t = (outside + inside) / 2;
        for (std::size_t i = 0; i < n; ++i) probe[i] = start[i] + t * (target[i] - start[i]);
        const bool ok = feasible(probe);
        (ok ? inside : outside) = t;
        if (ok) reached = probe;
      }
      for (std::size_t i = 0; i < n; ++i) {
        const double moved = reached[i];
        if (moved == start[i]) continue;
        reached[i] = start[i];
        if (!feasible(reached)) reached[i] = moved;
      }
      double distance = 0;
      for (std::size_t i = 0; i < n; ++i)
        distance += (reached[i] - start[i]) * (reached[i] - start[i]);
      if (distance < best_distance) {
        best_distance = distance;
        best = std::move(reached);
      }
    }
    if (best.empty() || !feasible(best)) return false;
    for (std::size_t i = 0; i < n; ++i) row[columns[i]] = best[i];
  }
  return true;
}

std::vector<double> FeasibleSampler::positions(const FeasibleGroup& group,
                                               std::span<const double> row) const {
  std::vector<double> point;
  for (const Axis& axis : group.region().axes()) {
    const int column = model_.column[static_cast<std::size_t>(axis.parameter())];
    point.push_back(axis.position(row[static_cast<std::size_t>(column)]));
  }
  return point;
}

bool FeasibleSampler::draw(const FeasibleGroup& group, std::span<double> row, Rng& rng) const {
  const auto& axes = group.region().axes();
  std::vector<double> point(axes.size());
  if (!group.draw(rng, point)) return false;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const int column = model_.column[static_cast<std::size_t>(axes[i].parameter())];
    row[static_cast<std::size_t>(column)] = axes[i].encoded(point[i]);
  }
  return true;
}

bool FeasibleSampler::redraw(std::span<double> row, Rng& rng) const {
  HONE_ASSERT(row.size() == model_.searched.size(), "one entry per searched parameter");
  FeasibleRegion::Workspace workspace;
  return std::all_of(groups_.begin(), groups_.end(), [&](const auto& group) {
    return group->region().contains(positions(*group, row), workspace) || draw(*group, row, rng);
  });
}

bool FeasibleSampler::redraw_one(std::span<double> row, Rng& rng) const {
  HONE_ASSERT(row.size() == model_.searched.size(), "one entry per searched parameter");
  return groups_.empty() || draw(*groups_[rng.below(groups_.size())], row, rng);
}

std::vector<Interval> FeasibleSampler::slice(std::span<const double> row, int column) const {
  HONE_ASSERT(row.size() == model_.searched.size(), "one entry per searched parameter");
  HONE_ASSERT(column >= 0 && static_cast<std::size_t>(column) < row.size(), "a column of the row");
  const int g = group_of_column_[static_cast<std::size_t>(column)];
  if (g < 0) return {{0, 1}};
  const FeasibleGroup& group = *groups_[static_cast<std::size_t>(g)];
  return group.slice(positions(group, row), axis_of_column_[static_cast<std::size_t>(column)]);
}

std::vector<FeasibleSampler::Method> FeasibleSampler::methods() const {
  std::vector<Method> out;
  for (const auto& group : groups_) {
    Method m{group->method_name(), group->tries(), {}};
    for (const Axis& axis : group->region().axes()) {
      m.parameters.push_back(model_.parameters[static_cast<std::size_t>(axis.parameter())].name);
    }
    out.push_back(std::move(m));
  }
  return out;
}

}  // namespace hone
