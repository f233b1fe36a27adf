// Where to look next. A sampler is a pure function of (spec, history up to a commit, first trial
// number, count, seed): caches keyed by the history's version are allowed, state is not. A fresh
// instance answers exactly what a warm one does.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "hone/base/options.h"
#include "hone/base/rng.h"
#include "hone/study/history.h"

namespace hone {

/// A proposed configuration. `info` is stored with the trial: the rule that made it ({"rule":
/// "tpe", …}, shown by `hone show`) and whatever must survive.
struct Suggestion {
  Config config;
  Value info = Value::Map{};
};

/// No further configuration exists (a finished grid, a finite space with every point tried).
struct Exhausted {
  std::string reason;
};

using SuggestResult = std::variant<std::vector<Suggestion>, Exhausted>;

struct SuggestContext {
  const History& history;                 ///< the spec is history.spec()
  std::int64_t first_trial = 0;           ///< number the first suggestion will get
  Rng rng;                                ///< Rng(spec.seed).split("sampler", first_trial)
  std::optional<double> fidelity_target;  ///< what the scheduler will launch, if it says so
  int bracket = 0;
};

/// Not thread-safe.
class Sampler {
 public:
  virtual ~Sampler() = default;
  /// 1 to `count` suggestions, jointly chosen, aware of queued, running and paused trials; every
  /// one is legal, feasible for the space's constraints and complete (derived and fixed parameters
  /// filled in). count ≥ 1.
  virtual SuggestResult suggest(const SuggestContext& context, int count) = 0;
  /// One line for the live display: "tpe", "random (10 start points, then tpe)".
  virtual std::string describe() const = 0;
  /// False where it looks at which configurations there are, and at nothing that came of them.
  virtual bool looks_at_results() const { return true; }
};

/// The sampler named by the spec; mistakes in its options or a space it cannot search are appended
/// to `problems` (then null).
std::unique_ptr<Sampler> make_sampler(const StudySpec& spec, std::vector<OptionProblem>& problems);
/// Every sampler with its options, for help and the reference page. Alphabetical.
std::vector<AlgorithmHelp> sampler_help();

/// The generator for a suggestion.
Rng sampler_rng(const StudySpec& spec, std::int64_t first_trial);

}  // namespace hone
