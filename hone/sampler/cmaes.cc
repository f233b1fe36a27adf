// Covariance matrix adaptation (law and sources: cma_law.h) for studies of hundreds to thousands of
// trials: numbers, ordered and unordered choices, conditional and constrained spaces.
//   A generation closes when as many trials have ended as it has members; until then further
//   members are drawn from the same law, so nobody waits and nothing that ends is lost. Trials of
//   users and of other samplers are members like any other.
//   Members rank by value; then those that were stopped, by how far they came; those that broke a
//   guard; those that failed. A generation in which nothing worked leaves the law alone.
//   Earlier studies (warm_start) give the first run its law (cma_warm_start.h). Where two trials of
//   theirs in its first generation have ended and one that they had no part in is better, the plain
//   run takes its place, with its members.
//   Restarts (Hansen 2009, BIPOP): when the values or the law have come to rest, a run starts
//   elsewhere, with twice the population or, as long as such runs had less than their share of the
//   trials, with a small one.
// The state is a fold over the trials in the order in which they ended, replayed from where it
// stood. A trial that ends once more (resumed, tried again) is a member at its last end: the fold
// then starts over.
#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>

#include "hone/math/sobol.h"
#include "hone/sampler/cma_law.h"
#include "hone/sampler/cma_warm_start.h"
#include "hone/sampler/mutation.h"
#include "hone/sampler/observations.h"
#include "hone/sampler/registry.h"
#include "hone/sampler/unseen.h"

namespace hone {
namespace {

struct CmaesOptions {
  int population = 0;
  double sigma = 0.16;
  std::string restarts = "bipop";
  bool repeat = false;
};

const OptionTable<CmaesOptions>& cmaes_options() {
  static const OptionTable<CmaesOptions> table =
      OptionTable<CmaesOptions>(
          "cmaes",
          "Covariance matrix adaptation: for hundreds to thousands of trials, mostly over numbers; "
          "begins where earlier studies (warm_start) were best")
          .integer("population", &CmaesOptions::population, 0, 100'000,
                   "Members of a generation; 0: 4 + 3·ln(parameters)")
          .number("sigma", &CmaesOptions::sigma, 1e-6, 1,
                  "First standard deviation, in widths of the ranges")
          .text("restarts", &CmaesOptions::restarts, {"bipop", "ipop", "none"},
                "Further runs when one has come to rest: with growing and small populations, with "
                "growing ones, or none")
          .boolean("repeat", &CmaesOptions::repeat, "Configurations may come again");
  return table;
}

/// A run ends when the best values of so many generations (10 + 30·d/λ) differ by less than this
/// share of the spread of its first generation, or when the law is narrower than kLeastWidth.
constexpr double kLeastProgress = 1e-9;
constexpr double kLeastWidth = 1e-10;
/// Generations in a row without a value that end a run.
constexpr int kMaxHopeless = 3;

/// Trials of earlier studies' making that may turn out worse than others before these are
/// forgotten.
constexpr int kMisses = 2;

/// Where so many draws were known configurations, each further one comes from a law that is wider
/// by this factor: what is new lies near.
constexpr int kPatience = 4;
constexpr double kWidening = 1.1;

/// A run of CMA-ES from a start until it has come to rest.
struct CmaRun {
  explicit CmaRun(CmaLaw start) : law(std::move(start)) {}

  CmaLaw law;
  std::int64_t generation = 0;
  std::vector<Observed> members;  // of the open generation, in order of their ends
  std::int64_t ended = 0;         // members of closed generations
  std::deque<double> best;        // losses of the newest generations
  double spread = -1;             // of the losses of the first generation with values
  int hopeless = 0;
  bool warm = false;  // it began where earlier studies were good
};

class Cmaes final : public Sampler {
 public:
  explicit Cmaes(CmaesOptions options) : options_(std::move(options)) {}

  SuggestResult suggest(const SuggestContext& context, int count) override {
    fold(context.history);
    return suggest_in_turn(context, count, batch_,
                           [&](std::int64_t number, const Chosen& chosen, Suggestion& suggestion) {
                             return propose(number, chosen, suggestion);
                           });
  }

  std::string describe() const override { return "cmaes"; }

 private:
  // --- the fold ---

  /// Brings the state to what the history says; O(what changed).
  void fold(const History& history) {
    observations_.update(history);
    const auto touched = history.touched();
    const auto first = history.size() > 0 ? history.trial(0).proposal : nullptr;
    bool anew = spec_ != history.spec_ptr() || touched.size() < folded_ ||
                (first_ != nullptr && first_ != first);
    last_touch_.resize(static_cast<std::size_t>(history.size()));
    taken_.resize(last_touch_.size());
    if (!anew) {
      for (std::size_t i = folded_; i < touched.size(); ++i)
        anew = anew || taken_[static_cast<std::size_t>(touched[i])];
      // Accidents are judged by what other trials show.
      for (const auto& [trial, lesson] : accidents_)
        anew = anew || observations_.lesson(trial) != lesson;
    }
    if (anew) begin(history);
    first_ = first;
    for (std::size_t i = folded_; i < touched.size(); ++i)
      last_touch_[static_cast<std::size_t>(touched[i])] = i;
    for (std::size_t i = folded_; i < touched.size(); ++i) {
      if (last_touch_[static_cast<std::size_t>(touched[i])] == i) take(history, touched[i]);
    }
    folded_ = touched.size();
  }

  void begin(const History& history) {
    spec_ = history.spec_ptr();
    folded_ = 0;
    taken_.assign(taken_.size(), false);
    accidents_.clear();
    restarts_ = large_ = 0;
    large_ended_ = small_ended_ = 0;
    const SearchSpace& space = spec_->space;
    domains_.clear();
    CmaStart& start = plain_;
    start = {};
    start.mean.assign(static_cast<std::size_t>(space.dimension()), 0.5);
    // The user's defaults, else the middle of a belief or of the law.
    space.encode(space.default_config(), start.mean);
    for (const int i : space.searched()) {
      const Parameter& parameter = space.parameter(i);
      double& mean = start.mean[domains_.size()];
      if (std::isnan(mean)) {  // inactive there
        const std::optional<Value> own = parameter.default_value ? parameter.default_value
                                         : parameter.prior ? std::optional(parameter.prior->centre)
                                                           : std::nullopt;
        mean = own ? encode(parameter.domain, *own).value_or(0.5) : 0.5;
      }
      domains_.push_back(&parameter.domain);
      start.spread.push_back(parameter.prior ? std::min(parameter.prior->spread, 1.0)
                                             : options_.sigma);
    }
    start.population = options_.population > 0 ? options_.population
                                               : CmaLaw::default_population(space.dimension());
    population_ = start.population;
    sobol_.reset();
    if (!domains_.empty() && space.dimension() <= Sobol::kMaxDimensions) {
      const Rng rng = Rng(static_cast<std::uint64_t>(spec_->seed)).split("cmaes spread");
      sobol_.emplace(space.dimension(), rng.split("scramble").next_u64());
    }
    limit_ = -1;
    const auto warm = warm_cma_start(space, spec_->warm_start.sources, plain_);
    run_.emplace(CmaLaw(domains_, warm ? *warm : plain_));
    run_->warm = warm.has_value();
  }

  void take(const History& history, std::int64_t trial) {
    const Trial& of = history.trial(trial);
    const Observed& observed = observations_.of(trial);
    if (of.state == TrialState::failed &&
        (of.fail_kind == FailKind::exit_code || of.fail_kind == FailKind::signal)) {
      accidents_.emplace_back(trial, observed.lesson);
    }
    if (observed.lesson >= Lesson::pending) return;
    taken_[static_cast<std::size_t>(trial)] = true;
    // A run has its own trials and those of others, not those that an earlier run drew.
    const Value* drawn_by = of.proposal->info.find("restart");
    if (drawn_by != nullptr && of.proposal->info.string_or("rule", "") == "cmaes" &&
        drawn_by->is_number() && drawn_by->as_number() != static_cast<double>(restarts_)) {
      return;
    }
    run_->members.push_back(observed);
    if (run_->warm && run_->generation == 0 && is_misled(history)) forget_sources();
    if (static_cast<int>(run_->members.size()) >= run_->law.population()) close(history);
  }

  void close(const History& history) {
    std::sort(run_->members.begin(), run_->members.end(), better);
    std::vector<Observed>& members = run_->members;
    const bool any = members.front().lesson <= Lesson::violates;
    const bool differ = better_by_more_than_number(members.front(), members.back());
    if (any && differ) {
      std::vector<CmaMember> ranked;
      for (const Observed& member : members) {
        ranked.push_back({history.encoded(member.trial),
                          Rng(static_cast<std::uint64_t>(spec_->seed))
                              .split("cmaes open", static_cast<std::uint64_t>(member.trial))});
      }
      run_->law.update(ranked);
    }
    ++run_->generation;
    run_->ended += static_cast<std::int64_t>(members.size());
    run_->hopeless = any ? 0 : run_->hopeless + 1;
    const bool rests = came_to_rest();
    members.clear();
    if (rests && options_.restarts != "none") restart();
  }

  /// Whether trials that owe nothing to earlier studies do better than those that do.
  bool is_misled(const History& history) const {
    std::optional<Observed> own;
    std::optional<Observed> theirs;
    int count = 0;  // of theirs
    for (const Observed& member : run_->members) {
      const Value& info = history.trial(member.trial).proposal->info;
      const std::string rule = info.string_or("rule", "");
      const bool is_theirs = rule == "warm_start" || rule == "cmaes";
      count += is_theirs ? 1 : 0;
      auto& best = is_theirs ? theirs : own;
      if (!best || better(member, *best)) best = member;
    }
    return own && count >= kMisses && better(*own, *theirs);
  }

  void forget_sources() {
    std::vector<Observed> members = std::move(run_->members);
    run_.emplace(CmaLaw(domains_, plain_));
    run_->members = std::move(members);
    ++restarts_;  // what the other law has drawn and is still running is no member
  }

  static bool better_by_more_than_number(const Observed& a, Observed b) {
    b.trial = a.trial;
    return better(a, b);
  }

  /// Called with the members of the generation ranked.
  bool came_to_rest() {
    CmaRun& run = *run_;
    if (run.law.is_degenerate() || run.hopeless >= kMaxHopeless) return true;
    if (limit_ >= 0 && run.ended >= limit_) return true;
    const double width = run.law.width();
    if (width > 0 && width < kLeastWidth) return true;
    const Observed& best = run.members.front();
    if (best.lesson > Lesson::partial || !std::isfinite(best.loss)) return false;
    double worst = best.loss;
    for (const Observed& member : run.members) {
      if (member.lesson <= Lesson::partial && std::isfinite(member.loss))
        worst = std::max(worst, member.loss);
    }
    if (run.spread < 0) run.spread = worst - best.loss;
    run.best.push_back(best.loss);
    const auto window = static_cast<std::size_t>(
        10 + std::ceil(30.0 * static_cast<double>(domains_.size()) / run.law.population()));
    if (run.best.size() <= window) return false;
    run.best.pop_front();
    const auto [low, high] = std::minmax_element(run.best.begin(), run.best.end());
    return std::max(*high - *low, worst - best.loss) <= kLeastProgress * run.spread;
  }

  void restart() {
    const bool was_small = limit_ >= 0;
    (was_small ? small_ended_ : large_ended_) += run_->ended;
    ++restarts_;
    Rng rng = Rng(static_cast<std::uint64_t>(spec_->seed))
                  .split("cmaes restart", static_cast<std::uint64_t>(restarts_));
    CmaStart start;
    for (std::size_t j = 0; j < domains_.size(); ++j) {
      start.mean.push_back(rng.uniform());
      start.spread.push_back(options_.sigma);
    }
    const bool small = options_.restarts == "bipop" && large_ > 0 && small_ended_ < large_ended_;
    if (small) {
      const double u = rng.uniform();
      const double v = rng.uniform();
      const double ratio = 0.5 * std::exp2(large_);  // of the last large population to the first
      start.population = static_cast<int>(population_ * std::pow(ratio, u * u));
      for (double& spread : start.spread) spread *= std::pow(10, -2 * v);
      limit_ = large_ended_ / 2;
    } else {
      large_ = std::min(large_ + 1, kMaxDoublings);
      start.population = population_ << large_;
      limit_ = -1;
    }
    run_.emplace(CmaLaw(domains_, start));
  }

  // --- the draws ---

  std::optional<Exhausted> propose(std::int64_t number, const Chosen& chosen,
                                   Suggestion& suggestion) {
    Rng rng = sampler_rng(*spec_, number);
    const SearchSpace& space = spec_->space;
    std::vector<double> row(domains_.size());
    double widen = 1;
    int attempt = 0;
    std::vector<double> u;
    if (sobol_ && number <= std::numeric_limits<std::uint32_t>::max()) {
      u.resize(domains_.size());
      sobol_->point(static_cast<std::uint32_t>(number), u);
    }
    const auto draw = [&]() -> std::optional<Config> {
      run_->law.draw(rng, u, widen, row);
      u.clear();
      if (++attempt > kPatience) widen *= kWidening;
      auto config = feasible_config(space, row, rng);
      return config ? config : space.sample(rng);
    };
    if (auto none = take_draw(space, chosen, rng, options_.repeat, draw, suggestion)) return none;
    suggestion.info.set("rule", "cmaes")
        .set("generation", run_->generation)
        .set("restart", std::int64_t{restarts_});
    if (run_->warm) suggestion.info.set("warm", true);
    return std::nullopt;
  }

  static constexpr int kMaxDoublings = 12;

  CmaesOptions options_;
  std::shared_ptr<const StudySpec> spec_;
  std::shared_ptr<const Proposal> first_;  // identity of the history
  Observations observations_;
  std::size_t folded_ = 0;               // entries of touched() seen
  std::vector<std::size_t> last_touch_;  // by trial
  std::vector<bool> taken_;              // by trial: it is a member, or belongs to another run
  std::vector<std::pair<std::int64_t, Lesson>> accidents_;
  std::vector<const Domain*> domains_;  // by column
  std::optional<Sobol> sobol_;
  CmaStart plain_;  // what begins without earlier studies
  std::optional<CmaRun> run_;
  int population_ = 0;  // of the first run
  int restarts_ = 0;
  int large_ = 0;  // doublings so far
  std::int64_t large_ended_ = 0;
  std::int64_t small_ended_ = 0;
  std::int64_t limit_ = -1;  // members of a small run; −1: the run is a large one
  std::vector<std::vector<double>> batch_;
};

}  // namespace

std::unique_ptr<Sampler> make_cmaes(const StudySpec& spec, std::vector<OptionProblem>& problems) {
  return std::make_unique<Cmaes>(cmaes_options().parse(spec.sampler.options, problems));
}

AlgorithmHelp cmaes_help() { return cmaes_options().help(); }

}  // namespace hone
