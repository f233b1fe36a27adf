#include "hone/surrogate/forest.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "hone/base/assert.h"

namespace hone {
namespace {

constexpr int kWord = 64;
/// Share of the squares that counts as all of them.
constexpr double kAll = 1 - 1e-9;

int words_for(int categories) { return (categories + kWord - 1) / kWord; }

bool has_bit(const std::uint64_t* set, int c) { return (set[c / kWord] >> (c % kWord) & 1) != 0; }

void add_bit(std::uint64_t* set, int c) { set[c / kWord] |= std::uint64_t{1} << (c % kWord); }

}  // namespace

/// A candidate for a node, and how much of the squares it explains.
struct RegressionForest::Split {
  Kind kind = Kind::leaf;
  std::size_t column = 0;
  double threshold = 0;
  std::vector<std::uint64_t> low;    // of categories
  std::vector<std::uint64_t> known;  // … all that the node's rows have
  double gain = 0;
};

/// Grows the trees of one fit. Targets are centred, so that sums of squares keep their digits.
class RegressionForest::Builder {
 public:
  Builder(RegressionForest& forest, std::span<const double> rows, std::vector<double> targets,
          double centre, const ForestOptions& options)
      : forest_(forest), options_(options), targets_(std::move(targets)), centre_(centre) {
    const std::size_t n = targets_.size();
    const std::size_t d = forest_.categories_.size();
    columns_.resize(n * d);
    conditional_.resize(d);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < d; ++j) {
        const double x = rows[i * d + j];
        if (std::isnan(x)) conditional_[j] = true;
        const bool number = std::isnan(x) || forest_.categories_[j] == 0;
        columns_[j * n + i] = number ? x : forest_.category(j, x);
      }
    }
    order_.resize(d);
    std::iota(order_.begin(), order_.end(), std::size_t{0});
  }

  void grow(Rng rng) {
    const std::size_t n = targets_.size();
    members_.resize(n);
    for (std::size_t i = 0; i < n; ++i) members_[i] = options_.bootstrap ? rng.below(n) : i;
    forest_.roots_.push_back(static_cast<int>(forest_.nodes_.size()));
    forest_.nodes_.emplace_back();
    std::vector<Task> open = {{forest_.roots_.back(), 0, n, -1}};
    while (!open.empty()) {
      const Task task = open.back();
      open.pop_back();
      divide(task, rng, open);
    }
  }

 private:
  struct Task {
    int node;
    std::size_t begin, end;  // of members_
    int parent;
  };
  struct Sums {
    double sum = 0;
    double count = 0;
    double explained() const { return count > 0 ? sum * sum / count : 0; }
  };

  const double* column(std::size_t j) const { return columns_.data() + j * targets_.size(); }

  void divide(const Task& task, Rng& rng, std::vector<Task>& open) {
    const auto n = static_cast<double>(task.end - task.begin);
    total_ = {0, n};
    double squares = 0;
    y_.clear();
    for (std::size_t k = task.begin; k < task.end; ++k) {
      const double y = targets_[members_[k]];
      total_.sum += y;
      squares += y * y;
      y_.push_back(y);
    }
    const double mean = total_.sum / n;
    const double rest = std::max(0.0, squares - total_.explained());
    {
      Node& node = forest_.nodes_[static_cast<std::size_t>(task.node)];
      node.mean = mean + centre_;
      node.variance = rest / n;
      if (task.parent >= 0) {
        const Node& parent = forest_.nodes_[static_cast<std::size_t>(task.parent)];
        node.variance = (rest + options_.inherited * parent.variance) / (n + options_.inherited);
      }
    }
    if (n < 2.0 * options_.smallest_leaf || !(rest > 1e-14 * n)) return;
    const Split split = choose(task, rest, rng);
    if (split.kind == Kind::leaf) return;
    const auto middle = static_cast<std::size_t>(
        std::partition(members_.begin() + static_cast<std::ptrdiff_t>(task.begin),
                       members_.begin() + static_cast<std::ptrdiff_t>(task.end),
                       [&](std::size_t i) { return goes_low(split, i); }) -
        members_.begin());
    const int low = static_cast<int>(forest_.nodes_.size());
    Node& node = forest_.nodes_[static_cast<std::size_t>(task.node)];
    node.kind = split.kind;
    node.column = static_cast<int>(split.column);
    node.threshold = split.threshold;
    node.low = low;
    node.sets = static_cast<int>(forest_.bits_.size());
    forest_.bits_.insert(forest_.bits_.end(), split.low.begin(), split.low.end());
    forest_.bits_.insert(forest_.bits_.end(), split.known.begin(), split.known.end());
    forest_.nodes_.resize(forest_.nodes_.size() + 2);
    open.push_back({low + 1, middle, task.end, task.node});
    open.push_back({low, task.begin, middle, task.node});
  }

  bool goes_low(const Split& split, std::size_t i) const {
    const double x = column(split.column)[i];
    if (split.kind == Kind::inactive) return std::isnan(x);
    if (split.kind == Kind::number) return x <= split.threshold;
    return has_bit(split.low.data(), static_cast<int>(x));
  }

  /// The best of the splits drawn, one or more a column, or the first that explains all of the
  /// squares (in a node of two rows any does); a leaf where no column differs.
  Split choose(const Task& task, double squares, Rng& rng) {
    Split best;
    const std::size_t d = order_.size();
    auto wanted =
        static_cast<std::size_t>(std::ceil(options_.column_share * static_cast<double>(d)));
    wanted = std::max<std::size_t>(1, wanted);
    for (std::size_t tried = 0, at = 0; at < d && tried < wanted && best.gain < kAll * squares;
         ++at) {
      std::swap(order_[at], order_[at + rng.below(d - at)]);
      const std::size_t j = order_[at];
      const double* x = column(j);
      x_.resize(task.end - task.begin);
      double least = std::numeric_limits<double>::infinity();
      double most = -least;
      for (std::size_t k = 0; k < x_.size(); ++k) {
        const double v = x[members_[task.begin + k]];
        x_[k] = v;
        least = v < least ? v : least;  // neither where it is NaN
        most = v > most ? v : most;
      }
      const Sums inactive = conditional_[j] ? sum_inactive() : Sums{};
      if (inactive.count > 0 && inactive.count < total_.count) {
        ++tried;
        consider(Kind::inactive, j, 0, inactive, best);
      } else if (inactive.count == 0 && least < most) {
        ++tried;
        if (forest_.categories_[j] > 0) {
          try_sets(j, best);
        } else {
          try_thresholds(j, least, most, rng, best);
        }
      }
    }
    return best;
  }

  Sums sum_inactive() const {
    Sums inactive;
    for (std::size_t k = 0; k < x_.size(); ++k) {
      if (!std::isnan(x_[k])) continue;
      inactive.sum += y_[k];
      ++inactive.count;
    }
    return inactive;
  }

  bool consider(Kind kind, std::size_t j, double threshold, const Sums& low, Split& best) const {
    const Sums high{total_.sum - low.sum, total_.count - low.count};
    if (std::min(low.count, high.count) < options_.smallest_leaf) return false;
    const double gain = low.explained() + high.explained() - total_.explained();
    if (best.kind != Kind::leaf && !(gain > best.gain)) return false;
    best.kind = kind;
    best.column = j;
    best.threshold = threshold;
    best.gain = gain;
    best.low.clear();
    best.known.clear();
    return true;
  }

  void try_thresholds(std::size_t j, double least, double most, Rng& rng, Split& best) const {
    constexpr int kTogether = 4;  // sums that a processor adds to at the same time
    for (int from = 0; from < options_.thresholds; from += kTogether) {
      const int count = std::min(kTogether, options_.thresholds - from);
      double thresholds[kTogether] = {};
      double sums[kTogether] = {};
      double counts[kTogether] = {};
      for (int t = 0; t < count; ++t)
        thresholds[t] = std::min(rng.uniform(least, most), std::nextafter(most, least));
      for (std::size_t k = 0; k < x_.size(); ++k) {
        for (int t = 0; t < kTogether; ++t) {
          const bool below = x_[k] <= thresholds[t];
          sums[t] += below ? y_[k] : 0;
          counts[t] += below ? 1 : 0;
        }
      }
      for (int t = 0; t < count; ++t)
        consider(Kind::number, j, thresholds[t], {sums[t], counts[t]}, best);
    }
  }

  /// In the order of their means a cut between two categories is the best of all sets (Fisher
  /// 1958).
  void try_sets(std::size_t j, Split& best) {
    const int count = forest_.categories_[j];
    by_category_.assign(static_cast<std::size_t>(count), {});
    for (std::size_t k = 0; k < x_.size(); ++k) {
      Sums& sums = by_category_[static_cast<std::size_t>(x_[k])];
      sums.sum += y_[k];
      ++sums.count;
    }
    present_.clear();
    for (int c = 0; c < count; ++c) {
      if (by_category_[static_cast<std::size_t>(c)].count > 0) present_.push_back(c);
    }
    std::stable_sort(present_.begin(), present_.end(), [&](int a, int b) {
      const Sums& x = by_category_[static_cast<std::size_t>(a)];
      const Sums& y = by_category_[static_cast<std::size_t>(b)];
      return x.sum / x.count < y.sum / y.count;
    });
    std::size_t cut = 0;
    bool chosen = false;
    Sums low;
    for (std::size_t k = 0; k + 1 < present_.size(); ++k) {
      const Sums& sums = by_category_[static_cast<std::size_t>(present_[k])];
      low.sum += sums.sum;
      low.count += sums.count;
      if (!consider(Kind::category, j, 0, low, best)) continue;
      cut = k;
      chosen = true;
    }
    if (!chosen) return;
    const auto words = static_cast<std::size_t>(words_for(count));
    best.low.assign(words, 0);
    best.known.assign(words, 0);
    for (std::size_t k = 0; k < present_.size(); ++k) {
      add_bit(best.known.data(), present_[k]);
      if (k <= cut) add_bit(best.low.data(), present_[k]);
    }
  }

  RegressionForest& forest_;
  const ForestOptions& options_;
  std::vector<double> targets_;
  double centre_;
  std::vector<double> columns_;       // one after the other; categories as their numbers
  std::vector<bool> conditional_;     // columns that are inactive in some row
  std::vector<std::size_t> members_;  // rows of the tree, by node
  std::vector<std::size_t> order_;    // of the columns
  Sums total_;                        // of the node
  std::vector<double> y_;             // of its rows: targets
  std::vector<double> x_;             // … and the column that is tried
  std::vector<Sums> by_category_;
  std::vector<int> present_;
};

RegressionForest::RegressionForest(std::vector<int> categories)
    : categories_(std::move(categories)) {}

int RegressionForest::category(std::size_t column, double x) const {
  const int count = categories_[column];
  return std::clamp(static_cast<int>(x * count), 0, count - 1);
}

void RegressionForest::fit(std::span<const double> rows, std::span<const double> targets,
                           const ForestOptions& options, Rng rng) {
  HONE_ASSERT(!targets.empty() && rows.size() == targets.size() * categories_.size(),
              "a row for every target");
  nodes_.clear();
  roots_.clear();
  bits_.clear();
  scale_ = 0;
  for (const double y : targets) scale_ = std::max(scale_, std::abs(y));
  if (scale_ == 0) scale_ = 1;
  std::vector<double> scaled;
  double centre = 0;
  for (const double y : targets) {
    scaled.push_back(y / scale_);
    centre += scaled.back() / static_cast<double>(targets.size());
  }
  for (double& y : scaled) y -= centre;
  Builder builder(*this, rows, std::move(scaled), centre, options);
  for (int t = 0; t < options.trees; ++t)
    builder.grow(rng.split("tree", static_cast<std::uint64_t>(t)));
}

const RegressionForest::Node& RegressionForest::leaf_of(int root,
                                                        std::span<const double> row) const {
  const Node* node = &nodes_[static_cast<std::size_t>(root)];
  while (node->kind != Kind::leaf) {
    const auto j = static_cast<std::size_t>(node->column);
    const double x = row[j];
    bool low = false;
    if (node->kind == Kind::inactive) {
      low = std::isnan(x);
    } else if (std::isnan(x)) {
      return *node;
    } else if (node->kind == Kind::number) {
      low = x <= node->threshold;
    } else {
      const int c = category(j, x);
      const std::uint64_t* set = bits_.data() + node->sets;
      if (!has_bit(set + words_for(categories_[j]), c)) return *node;
      low = has_bit(set, c);
    }
    node = &nodes_[static_cast<std::size_t>(node->low + (low ? 0 : 1))];
  }
  return *node;
}

void RegressionForest::for_each_part(int tree, const UsePart& use) const {
  std::vector<ForestSide> sides(categories_.size());
  visit(roots_[static_cast<std::size_t>(tree)], sides, use);
}

void RegressionForest::visit(int index, std::vector<ForestSide>& sides, const UsePart& use) const {
  const Node& node = nodes_[static_cast<std::size_t>(index)];
  const double mean = node.mean * scale_;
  if (node.kind == Kind::leaf) {
    use(sides, mean);
    return;
  }
  const auto j = static_cast<std::size_t>(node.column);
  const ForestSide before = sides[j];
  if (node.kind == Kind::inactive) {
    sides[j].active = false;
    if (before.inactive) visit(node.low, sides, use);
    sides[j] = before;
    sides[j].inactive = false;
    if (before.active) visit(node.low + 1, sides, use);
    sides[j] = before;
    return;
  }
  if (before.inactive) {  // the node itself predicts them
    sides[j].active = false;
    use(sides, mean);
    sides[j] = before;
    sides[j].inactive = false;
  }
  if (!before.active) {
    sides[j] = before;
    return;
  }
  if (node.kind == Kind::number) {
    sides[j].high = std::min(before.high, node.threshold);
    visit(node.low, sides, use);
    sides[j].high = before.high;
    sides[j].low = std::max(before.low, node.threshold);
    visit(node.low + 1, sides, use);
    sides[j] = before;
    return;
  }
  const auto count = static_cast<std::size_t>(categories_[j]);
  const std::uint64_t* low = bits_.data() + node.sets;
  const std::uint64_t* known = low + words_for(categories_[j]);
  std::vector<bool> parts[3];  // low, high, and those that no row of the node had
  for (auto& part : parts) part.assign(count, false);
  bool any[3] = {};
  for (std::size_t c = 0; c < count; ++c) {
    if (!before.categories.empty() && !before.categories[c]) continue;
    const int bit = static_cast<int>(c);
    const int part = !has_bit(known, bit) ? 2 : has_bit(low, bit) ? 0 : 1;
    parts[part][c] = true;
    any[part] = true;
  }
  for (int part = 0; part < 3; ++part) {
    if (!any[part]) continue;
    sides[j].categories = parts[part];
    if (part == 2) {
      use(sides, mean);
    } else {
      visit(node.low + part, sides, use);
    }
  }
  sides[j] = before;
}

void RegressionForest::predict_many(std::span<const double> rows,
                                    std::span<ForestPrediction> out) const {
  HONE_ASSERT(!roots_.empty(), "fit comes first");
  const std::size_t d = categories_.size();
  const auto trees = static_cast<double>(roots_.size());
  const double centre = nodes_.front().mean;
  // Sums over the trees first: of the means and their squares (in `out`), and of the variances.
  std::vector<double> within(out.size(), 0.0);
  std::fill(out.begin(), out.end(), ForestPrediction{});
  for (const int root : roots_) {
    for (std::size_t i = 0; i < out.size(); ++i) {
      const Node& leaf = leaf_of(root, rows.subspan(i * d, d));
      const double mean = leaf.mean - centre;
      out[i].mean += mean;
      out[i].variance += mean * mean;
      within[i] += leaf.variance;
    }
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double mean = out[i].mean / trees;
    const double between = std::max(0.0, out[i].variance / trees - mean * mean);
    out[i].mean = (mean + centre) * scale_;
    out[i].variance = (within[i] / trees + between) * scale_ * scale_;
  }
}

ForestPrediction RegressionForest::predict(std::span<const double> row) const {
  ForestPrediction prediction;
  predict_many(row, std::span(&prediction, 1));
  return prediction;
}

}  // namespace hone
