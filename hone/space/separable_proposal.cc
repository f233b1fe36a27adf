#include "hone/space/separable_proposal.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace hone {
namespace {

using Op = BoxProgram::Op;

constexpr double kCells = 256;         ///< per axis
constexpr std::size_t kBudget = 1024;  ///< units
constexpr std::size_t kMinParts = 3;   ///< below that boxes do better

/// For each node the only variable that it depends on; kNone for none, kSeveral for more.
constexpr int kNone = -1;
constexpr int kSeveral = -2;
std::vector<int> only_variables(const BoxProgram& program) {
  std::vector<int> out;
  for (int i = 0; i < program.node_count(); ++i) {
    const BoxProgram::Node& n = program.node(i);
    int found = n.op == Op::variable ? i : kNone;
    for (const int input : n.inputs) {
      const int v = out[static_cast<std::size_t>(input)];
      if (v == kNone) continue;
      found = v == kSeveral || (found >= 0 && found != v) ? kSeveral : v;
      if (found == kSeveral) break;
    }
    out.push_back(found);
  }
  return out;
}

}  // namespace

/// constant + Σ factor·node (or its logarithm) <= 0.
struct SeparableProposal::Sum {
  struct Item {
    double factor = 1;
    int node = -1;
  };
  bool logarithms = false;
  double constant = 0;
  std::map<int, std::vector<Item>> by_variable;
};

std::optional<SeparableProposal::Sum> SeparableProposal::separate(const FeasibleRegion& region,
                                                                  const BoxProgram::Ranges& ranges,
                                                                  int node, bool logarithms) {
  const BoxProgram& program = region.program();
  const BoxProgram::Node& inequality = program.node(node);
  if (inequality.op != Op::less && inequality.op != Op::less_equal) return std::nullopt;
  const std::vector<int> variables = only_variables(program);
  constexpr int kMaxSteps = 10'000;  // a graph with shared parts may be long when written out
  int steps = 0;
  Sum sum;
  sum.logarithms = logarithms;
  std::vector<Sum::Item> stack{{1, inequality.inputs[0]}, {-1, inequality.inputs[1]}};
  while (!stack.empty()) {
    const Sum::Item item = stack.back();
    stack.pop_back();
    if (++steps > kMaxSteps) return std::nullopt;
    const BoxProgram::Node& n = program.node(item.node);
    const Range& range = ranges[static_cast<std::size_t>(item.node)];
    if (!range.is_number_only() || range.number.empty()) return std::nullopt;
    const auto descend = [&](double left, double right) {
      stack.push_back({item.factor * left, n.inputs[0]});
      stack.push_back({item.factor * right, n.inputs[1]});
    };
    if (logarithms && !(range.number.low > 0)) return std::nullopt;
    const int variable = variables[static_cast<std::size_t>(item.node)];
    if (variable == kNone && range.number.is_point()) {
      sum.constant += item.factor * (logarithms ? std::log(range.number.low) : range.number.low);
    } else if (variable >= 0) {
      sum.by_variable[variable].push_back(item);
    } else if (n.op == (logarithms ? Op::multiply : Op::add)) {
      descend(1, 1);
    } else if (n.op == (logarithms ? Op::divide : Op::subtract)) {
      descend(1, -1);
    } else if (!logarithms && n.op == Op::negate) {
      stack.push_back({-item.factor, n.inputs[0]});
    } else if (!logarithms && n.op == Op::multiply &&
               ranges[static_cast<std::size_t>(n.inputs[0])].number.is_point()) {
      stack.push_back(
          {item.factor * ranges[static_cast<std::size_t>(n.inputs[0])].number.low, n.inputs[1]});
    } else if (!logarithms && (n.op == Op::multiply || n.op == Op::divide) &&
               ranges[static_cast<std::size_t>(n.inputs[1])].number.is_point()) {
      const double c = ranges[static_cast<std::size_t>(n.inputs[1])].number.low;
      stack.push_back({n.op == Op::multiply ? item.factor * c : item.factor / c, n.inputs[0]});
    } else {
      return std::nullopt;
    }
  }
  if (sum.by_variable.size() < kMinParts || !std::isfinite(sum.constant)) return std::nullopt;
  return sum;
}

bool SeparableProposal::build(const Sum& sum) {
  const FeasibleRegion& region = *region_;
  FeasibleRegion::Workspace workspace;
  std::vector<std::vector<double>> lows;
  double slack = -sum.constant;
  for (const auto& [variable, items] : sum.by_variable) {
    const auto v = static_cast<std::size_t>(variable);
    const Axis& axis = region.axis(v);
    Part part;
    part.axis = v;
    std::vector<double> low_costs;
    double position = box_.low[v];
    const double width = axis.discrete()
                             ? std::max(1.0, std::ceil((box_.high[v] - box_.low[v] + 1) / kCells))
                             : (box_.high[v] - box_.low[v]) / kCells;
    for (int k = 0; k < static_cast<int>(kCells) && position <= box_.high[v]; ++k) {
      Cell cell;
      cell.low = position;
      cell.high =
          axis.discrete()
              ? std::min(position + width - 1, box_.high[v])
              : (k + 1 == static_cast<int>(kCells) ? box_.high[v] : box_.low[v] + (k + 1) * width);
      position = axis.discrete() ? cell.high + 1 : cell.high;
      cell.mass = axis.mass(cell.low, cell.high);
      workspace.variables.resize(region.dimension());
      for (std::size_t i = 0; i < region.dimension(); ++i) {
        workspace.variables[i] = i == v ? axis.range(cell.low, cell.high)
                                        : region.axis(i).range(box_.low[i], box_.high[i]);
      }
      region.program().forward(workspace.variables, workspace.ranges);
      double low = 0;
      for (const Sum::Item& item : items) {
        const Interval x = workspace.ranges[static_cast<std::size_t>(item.node)].number;
        if (x.empty()) return false;
        const double bound = item.factor > 0 ? x.low : x.high;
        low += item.factor * (sum.logarithms ? std::log(bound) : bound);
      }
      if (!std::isfinite(low)) return false;
      low_costs.push_back(low);
      part.cells.push_back(cell);
    }
    slack -= *std::min_element(low_costs.begin(), low_costs.end());
    lows.push_back(std::move(low_costs));
    parts_.push_back(std::move(part));
  }
  if (!(slack > 0) || !std::isfinite(slack)) return false;

  // Costs in units, rounded down; rounding of the bounds themselves is taken up by the margin.
  const double unit = slack / static_cast<double>(kBudget);
  constexpr double kMargin = 1e-6;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const double least = *std::min_element(lows[i].begin(), lows[i].end());
    std::vector<Cell> kept;
    for (std::size_t k = 0; k < lows[i].size(); ++k) {
      const double units = std::floor((lows[i][k] - least) / unit - kMargin);
      if (units > static_cast<double>(kBudget) || !(parts_[i].cells[k].mass > 0)) continue;
      parts_[i].cells[k].cost = static_cast<std::size_t>(std::max(units, 0.0));
      kept.push_back(parts_[i].cells[k]);
    }
    if (kept.empty()) return false;
    parts_[i].cells = std::move(kept);
  }
  std::vector<double> after(kBudget + 1, 1.0);
  for (std::size_t i = parts_.size(); i-- > 0;) {
    std::vector<double> here(kBudget + 1, 0.0);
    for (std::size_t b = 0; b <= kBudget; ++b) {
      for (const Cell& cell : parts_[i].cells) {
        if (cell.cost <= b) here[b] += cell.mass * after[b - cell.cost];
      }
    }
    parts_[i].within = std::move(after);
    after = std::move(here);
  }
  return after[kBudget] > 0;
}

std::vector<SeparableProposal> SeparableProposal::find(const FeasibleRegion& region,
                                                       const Box& box) {
  FeasibleRegion::Workspace workspace;
  Box whole = box;
  region.judge(whole, false, workspace);
  std::vector<SeparableProposal> out;
  for (std::size_t t = 0; t < region.terms().size(); ++t) {
    if (!region.program().always_judged(t, workspace.ranges)) continue;
    for (const int node : region.program().conjuncts(t)) {
      for (const bool logarithms : {false, true}) {
        const auto sum = separate(region, workspace.ranges, node, logarithms);
        if (!sum) continue;
        SeparableProposal proposal(region, box);
        if (proposal.build(*sum)) out.push_back(std::move(proposal));
        break;
      }
    }
  }
  return out;
}

void SeparableProposal::draw(Rng& rng, std::span<double> point) const {
  region_->draw(box_, rng, point);
  std::size_t budget = kBudget;
  Box cell_box = box_;
  for (const Part& part : parts_) {
    double total = 0;
    for (const Cell& cell : part.cells) {
      if (cell.cost <= budget) total += cell.mass * part.within[budget - cell.cost];
    }
    double rest = rng.uniform() * total;
    const Cell* chosen = nullptr;
    for (const Cell& cell : part.cells) {
      if (cell.cost > budget) continue;
      chosen = &cell;
      rest -= cell.mass * part.within[budget - cell.cost];
      if (rest < 0) break;
    }
    budget -= chosen->cost;
    cell_box.low[part.axis] = chosen->low;
    cell_box.high[part.axis] = chosen->high;
  }
  region_->draw(cell_box, rng, point);
}

}  // namespace hone
