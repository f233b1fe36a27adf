#include "hone/space/feasible_region.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "hone/base/assert.h"
#include "hone/space/encoding.h"

namespace hone {
namespace {

/// Room for rounding of the distribution functions and their inverses when a bound in values
/// becomes one in coordinates. A point in the margin is tested like any other, so this costs a few
/// rejections and never a feasible point.
constexpr double kCoordinateMargin = 1e-13;
constexpr double kValueMargin = 1e-12;
constexpr int kMaxNarrowing = 4;

}  // namespace

Axis::Axis(const Domain& domain, int parameter)
    : parameter_(parameter), discrete_(is_discrete(domain)) {
  if (const auto* choice = std::get_if<Choice>(&domain)) {
    std::vector<std::size_t> order(choice->items.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      const Value& x = choice->items[a].value;
      const Value& y = choice->items[b].value;
      if (x.is_number() != y.is_number()) return x.is_number();
      return x.is_number() && x.as_number() < y.as_number();
    });
    item_edges_.push_back(0);
    item_atoms_.assign(order.size(), -1);
    for (const std::size_t i : order) {
      const double weight =
          choice->weights.empty() ? 1.0 / static_cast<double>(order.size()) : choice->weights[i];
      item_atoms_[i] = static_cast<double>(items_.size());
      item_cells_.push_back(static_cast<double>(i));
      items_.push_back(choice->items[i].value);
      item_edges_.push_back(item_edges_.back() + weight);
    }
    item_edges_.back() = 1;
    count_ = static_cast<double>(items_.size());
  } else if (const auto* integer = std::get_if<Integer>(&domain)) {
    grid_.emplace(*integer);
    whole_ = true;
    count_ = grid_->count();
  } else if (const auto* real = std::get_if<Real>(&domain)) {
    if (real->quantum) {
      grid_.emplace(*real);
      whole_ = real->whole;
      count_ = grid_->count();
    } else {
      law_.emplace(real->law, real->low, real->high, real->a, real->b);
    }
  } else {
    HONE_ASSERT(false, "only searched parameters are axes");
  }
}

double Axis::edge(double k) const {
  return grid_ ? grid_->edge(k) : item_edges_[static_cast<std::size_t>(std::clamp(k, 0.0, count_))];
}

double Axis::atom(double p) const {
  if (grid_) return grid_->at(p);
  const auto at = std::upper_bound(item_edges_.begin(), item_edges_.end(), p) - item_edges_.begin();
  return std::clamp(static_cast<double>(at) - 1, 0.0, count_ - 1);
}

double Axis::position(double encoded) const {
  const double u = std::isnan(encoded) ? 0.5 : std::clamp(encoded, 0.0, 1.0);
  if (law_) return u;
  if (grid_) return grid_->at(u);
  const double items = static_cast<double>(item_atoms_.size());
  return item_atoms_[static_cast<std::size_t>(std::min(std::floor(u * items), items - 1))];
}

double Axis::encoded(double position) const {
  if (law_) return position;
  const Interval cell = encoded_cell(position);
  return cell.low + (cell.high - cell.low) / 2;
}

Interval Axis::encoded_cell(double atom) const {
  if (grid_) return {grid_->edge(atom), grid_->edge(atom + 1)};
  const double items = static_cast<double>(item_atoms_.size());
  const double index = item_cells_[static_cast<std::size_t>(atom)];
  return {index / items, (index + 1) / items};
}

Value Axis::value(double position) const {
  if (law_) return Value(law_->quantile(position));
  if (!grid_) return items_[static_cast<std::size_t>(position)];
  return whole_ ? Value(grid_->integer(position)) : Value(grid_->value(position));
}

Range Axis::range(double low, double high) const {
  Range r;
  if (law_) {
    r.number = {law_->quantile(low), law_->quantile(high)};
  } else if (grid_) {
    r.number = {grid_->value(low), grid_->value(high)};
  } else {
    for (double k = low; k <= high; ++k) {
      const Value& item = items_[static_cast<std::size_t>(k)];
      const Range one = Range::of(item);
      r.number = hull(r.number, one.number);
      r.may_true = r.may_true || one.may_true;
      r.may_false = r.may_false || one.may_false;
      if (one.may_other) r.point = r.may_other ? nullptr : one.point;
      r.may_other = r.may_other || one.may_other;
    }
  }
  return r;
}

bool Axis::fits(double atom, const Range& range) const {
  if (grid_) {
    const double x = grid_->value(atom);
    const double margin = whole_ ? 0 : kValueMargin * std::fabs(x);
    return x + margin >= range.number.low && x - margin <= range.number.high;
  }
  const Value& item = items_[static_cast<std::size_t>(atom)];
  if (item.is_number()) return range.number.contains(item.as_number());
  if (item.is_bool()) return item.as_bool() ? range.may_true : range.may_false;
  if (!range.may_other) return false;
  return range.point == nullptr || range.point->is_list() || same_value(item, *range.point);
}

bool Axis::shrink(const Range& range, double& low, double& high) const {
  if (law_) {
    if (range.number.empty()) return false;
    low = std::max(low, law_->cdf(range.number.low) - kCoordinateMargin);
    high = std::min(high, law_->cdf(range.number.high) + kCoordinateMargin);
    return low <= high;
  }
  if (grid_) {
    if (range.number.empty()) return false;
    // Jump near the bound, then step to the first atom that fits.
    if (std::isfinite(range.number.low)) low = std::max(low, grid_->nearest(range.number.low) - 1);
    if (std::isfinite(range.number.high))
      high = std::min(high, grid_->nearest(range.number.high) + 1);
  }
  while (low <= high && !fits(low, range)) low += 1;
  while (high >= low && !fits(high, range)) high -= 1;
  return low <= high;
}

double Axis::mass(double low, double high) const {
  return discrete_ ? std::max(edge(high + 1) - edge(low), 0.0) : high - low;
}

FeasibleRegion::FeasibleRegion(const SpaceModel& model, std::vector<FeasibilityTerm> terms,
                               std::vector<int> parameters)
    : model_(model), terms_(std::move(terms)), program_([&] {
        std::vector<int> searched;
        for (const int p : parameters) {
          if (!model.parameters[static_cast<std::size_t>(p)].is_searched()) continue;
          searched.push_back(p);
          axes_.emplace_back(model.parameters[static_cast<std::size_t>(p)].domain, p);
        }
        return BoxProgram(model, searched, terms_);
      }()) {
  for (const int p : model.order) {
    const auto at = static_cast<std::size_t>(p);
    const bool plain = model.parameters[at].is_searched() && model.conditions[at].empty();
    if (!plain && std::find(parameters.begin(), parameters.end(), p) != parameters.end())
      order_.push_back(p);
  }
}

Box FeasibleRegion::whole() const {
  Box box;
  for (const Axis& a : axes_) {
    box.low.push_back(0);
    box.high.push_back(a.discrete() ? a.count() - 1 : 1);
  }
  return box;
}

double FeasibleRegion::mass(const Box& box) const {
  double product = 1;
  for (std::size_t i = 0; i < axes_.size(); ++i) product *= axes_[i].mass(box.low[i], box.high[i]);
  return product;
}

BoxStatus FeasibleRegion::judge(Box& box, bool narrow, Workspace& workspace) const {
  workspace.variables.resize(axes_.size());
  for (int round = 0;; ++round) {
    for (std::size_t i = 0; i < axes_.size(); ++i)
      workspace.variables[i] = axes_[i].range(box.low[i], box.high[i]);
    program_.forward(workspace.variables, workspace.ranges);
    bool all = true;
    for (std::size_t t = 0; t < terms_.size(); ++t) {
      const BoxStatus status = program_.status(t, workspace.ranges);
      if (status == BoxStatus::breaks) return BoxStatus::breaks;
      all = all && status == BoxStatus::holds;
    }
    if (all) return BoxStatus::holds;
    if (!narrow || round == kMaxNarrowing) return BoxStatus::undecided;
    const double before = mass(box);
    if (!program_.backward(workspace.ranges)) return BoxStatus::breaks;
    for (std::size_t i = 0; i < axes_.size(); ++i) {
      if (!axes_[i].shrink(workspace.ranges[i], box.low[i], box.high[i])) return BoxStatus::breaks;
    }
    // The backward pass has overwritten the ranges, so a last forward pass leaves them as the
    // caller expects.
    if (!(mass(box) < 0.95 * before)) round = kMaxNarrowing - 1;
  }
}

void FeasibleRegion::write(std::span<const double> point, SpaceModel::Slots& slots) const {
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    slots[static_cast<std::size_t>(axes_[i].parameter())] = axes_[i].value(point[i]);
  }
}

bool FeasibleRegion::contains(std::span<const double> point, Workspace& workspace) const {
  SpaceModel::Slots& slots = workspace.slots;
  slots.resize(model_.parameters.size());
  write(point, slots);
  if (!model_.complete(slots, order_)) return false;
  return std::all_of(terms_.begin(), terms_.end(), [&](const FeasibilityTerm& t) {
    return t.constraint < 0 || model_.holds(t.constraint, slots);
  });
}

void FeasibleRegion::draw(const Box& box, Rng& rng, std::span<double> point) const {
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    if (!axes_[i].discrete()) {
      point[i] = rng.uniform(box.low[i], box.high[i]);
    } else if (box.low[i] == box.high[i]) {
      point[i] = box.low[i];
    } else {
      const double p = rng.uniform(axes_[i].edge(box.low[i]), axes_[i].edge(box.high[i] + 1));
      point[i] = std::clamp(axes_[i].atom(p), box.low[i], box.high[i]);
    }
  }
}

}  // namespace hone
