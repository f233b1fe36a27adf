#include "hone/tuner/checkpoint_retention.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/base/file.h"
#include "hone/base/log.h"
#include "hone/base/text.h"
#include "hone/study/lineage.h"
#include "hone/study/placeholders.h"
#include "hone/tuner/job_builder.h"
#include "hone/tuner/job_builder_files.h"

namespace hone {
namespace fs = std::filesystem;
namespace {

constexpr const char* kForkedFrom = "forked-from";  // as the job builder names it
constexpr const char* kRemoved = ".removed-";       // hidden: matches no pattern of checkpoints

bool is_below(const fs::path& path, const fs::path& folder) {
  return path.lexically_normal().string().starts_with(folder.lexically_normal().string() + "/");
}

std::int64_t bytes_of(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_symlink(path, ignored)) return 0;
  if (fs::is_regular_file(path, ignored))
    return static_cast<std::int64_t>(fs::file_size(path, ignored));
  std::int64_t sum = 0;
  for (fs::recursive_directory_iterator it(path, ignored), end; it != end; it.increment(ignored)) {
    if (it->is_regular_file(ignored) && !it->is_symlink(ignored))
      sum += static_cast<std::int64_t>(it->file_size(ignored));
  }
  return sum;
}

/// The folders that the trial's runs had, once each.
std::map<fs::path, RunPlan> folders_of(const History& history, const fs::path& trials_folder,
                                       std::int64_t trial) {
  std::map<fs::path, RunPlan> folders;
  for (const RunId id : history.runs_of(trial)) {
    const RunPlan& plan = history.run(id)->plan;
    folders.insert_or_assign(LocalJobBuilder::trial_dir(trials_folder, plan), plan);
  }
  return folders;
}

std::vector<SavedState> states_in(const StudySpec& spec, const Trial& trial, const fs::path& folder,
                                  const RunPlan& plan) {
  const ExpandContext context{trial.config(), plan.seed, plan.trial, folder.string()};
  const auto expanded = expand_text(spec.checkpoint->path, spec, context);
  if (!std::holds_alternative<std::string>(expanded)) return {};
  std::string pattern = std::get<std::string>(expanded);
  if (!pattern.starts_with('/')) pattern = (fs::path(spec.command.workdir) / pattern).string();
  std::vector<std::pair<std::int64_t, fs::path>> found;
  for (const fs::path& path : match_paths(pattern)) {
    const auto changed = newest_change_ns(path);
    if (changed && is_below(path, folder)) found.emplace_back(*changed, path);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  const std::string& ready = spec.checkpoint->ready;
  const auto newest = newest_checkpoint(pattern, ready, match_paths((folder / "run-*").string()));
  std::vector<SavedState> states;
  bool older = false;  // than the newest whole one, or that itself
  for (const auto& [changed, path] : found) {
    older = older || path == newest;
    states.push_back({path, older && (ready.empty() || fs::exists(path / ready))});
  }
  return states;
}

/// As long as the study goes on, a trial that has ended may be forked.
bool may_be_forked(const History& history) {
  return hands_checkpoints_on(history.spec()) && history.state() != StudyState::finished;
}

}  // namespace

std::vector<std::vector<SavedState>> saved_states(const History& history,
                                                  const fs::path& trials_folder,
                                                  std::int64_t number) {
  std::vector<std::vector<SavedState>> all;
  if (!history.spec().checkpoint) return all;
  for (const auto& [folder, plan] : folders_of(history, trials_folder, number))
    all.push_back(states_in(history.spec(), history.trial(number), folder, plan));
  return all;
}

std::vector<fs::path> superfluous(const std::vector<SavedState>& newest_first, int keep) {
  std::vector<fs::path> paths;
  int whole = 0;
  for (const SavedState& state : newest_first) {
    const bool stays = keep > 0 && (state.whole ? whole < keep : whole == 0);
    if (state.whole) ++whole;
    if (!stays) paths.push_back(state.path);
  }
  return paths;
}

bool remove_whole(const fs::path& path, const fs::path& folder) {
  std::error_code problem;
  fs::path hidden;
  for (int i = 0; i < 1000; ++i) {
    hidden = folder / fmt::format("{}{}", kRemoved, i);
    if (!fs::exists(fs::symlink_status(hidden, problem))) break;
  }
  fs::rename(path, hidden, problem);
  if (problem == std::errc::no_such_file_or_directory) return true;
  if (problem) return false;
  return !remove_tree(hidden);
}

void CheckpointRetention::collect(const History& history) {
  const auto touched = history.touched();
  if (touched.size() < seen_) seen_ = 0;  // a fold that starts again
  const bool may_be_forked = hone::may_be_forked(history);
  if (may_be_forked_ && !may_be_forked) {
    // What was kept for forks is not needed any more, whoever's it is.
    for (std::int64_t i = 0; i < history.size(); ++i) waiting_.insert(i);
  }
  may_be_forked_ = may_be_forked;
  if (touched.size() == seen_) return;
  for (; seen_ < touched.size(); ++seen_) {
    waiting_.insert(touched[seen_]);
    const auto& parent = history.trial(touched[seen_]).proposal->parent;
    if (!parent) continue;
    waiting_.insert(*parent);
    children_[*parent].insert(touched[seen_]);
  }
  const std::int64_t best = history.best();
  if (best == best_) return;
  if (best_ >= 0 && best_ < history.size()) waiting_.insert(best_);
  if (best >= 0) waiting_.insert(best);
  best_ = best;
}

/// A trial that has not ended goes on from its own, or from the one that it was made of.
bool CheckpointRetention::is_needed(const History& history, std::int64_t number) const {
  const Trial& trial = history.trial(number);
  if (!is_ended(trial.state) || trial.runs_open > 0) return true;
  const auto children = children_.find(number);
  return children != children_.end() &&
         std::any_of(children->second.begin(), children->second.end(),
                     [&](std::int64_t child) { return !is_ended(history.trial(child).state); });
}

/// How many of the trial's checkpoints stay; −1: all.
int CheckpointRetention::keep_of(const History& history, std::int64_t number) const {
  const CheckpointSpec& wanted = *history.spec().checkpoint;
  if (is_needed(history, number)) return -1;
  if (wanted.keep_best_only) return number == best_ || may_be_forked(history) ? 1 : 0;
  return wanted.keep.value_or(-1);
}

void CheckpointRetention::remove(const fs::path& path) {
  fs::path folder = trials_folder_;
  const fs::path below = path.lexically_relative(trials_folder_);
  if (below.begin() != below.end()) folder /= *below.begin();
  if (remove_whole(path, folder) || told_) return;
  told_ = true;
  log(LogLevel::warning, fmt::format("cannot remove the checkpoint {}; it stays", path.string()));
}

void CheckpointRetention::tidy(const History& history, std::int64_t number, int keep) {
  std::error_code ignored;
  // What a hone that was killed in the middle of it has left.
  for (const fs::path& rest : match_paths(
           (trials_folder_ / std::to_string(number) / (kRemoved + std::string("*"))).string()))
    remove_tree(rest);
  std::int64_t bytes = 0;
  bool own = false;  // a checkpoint of its own stays
  for (const auto& states : saved_states(history, trials_folder_, number)) {
    if (keep >= 0) {
      for (const fs::path& path : superfluous(states, keep)) remove(path);
    }
    own = own ||
          std::any_of(states.begin(), states.end(), [](const SavedState& s) { return s.whole; });
    if (!history.spec().checkpoint->limit_bytes) continue;
    for (const SavedState& state : states) bytes += bytes_of(state.path);
  }
  // What a fork began with, which is a copy.
  const fs::path copy = trials_folder_ / std::to_string(number) / kForkedFrom;
  if ((keep == 0 || (keep > 0 && own)) && !may_be_forked(history) && fs::exists(copy, ignored))
    remove(copy);
  bytes_[number] = bytes;
}

void CheckpointRetention::keep_within_limit(const History& history) {
  const auto& limit = history.spec().checkpoint->limit_bytes;
  std::int64_t sum = 0;
  for (const auto& [number, bytes] : bytes_) sum += bytes;
  if (!limit || sum <= *limit || may_be_forked(history)) return;
  const Goal goal = history.spec().objective().goal;
  std::vector<std::int64_t> worst_first;
  for (const auto& [number, bytes] : bytes_) {
    if (bytes > 0 && number != best_ && !is_needed(history, number)) worst_first.push_back(number);
  }
  const auto loss = [&](std::int64_t number) {
    const auto value = history.trial(number).value();
    return value ? to_loss(goal, *value) : INFINITY;
  };
  std::stable_sort(worst_first.begin(), worst_first.end(),
                   [&](std::int64_t a, std::int64_t b) { return loss(a) > loss(b); });
  for (const std::int64_t number : worst_first) {
    if (sum <= *limit) return;
    sum -= bytes_[number];
    tidy(history, number, 0);
    sum += bytes_[number];
  }
  if (sum <= *limit || told_limit_) return;
  told_limit_ = true;
  log(LogLevel::warning,
      fmt::format("checkpoints take {} (checkpoint.limit: {}): those that are left are the best "
                  "trial's, or are needed",
                  format_bytes(sum), format_bytes(*limit)));
}

bool CheckpointRetention::step(const History& history) {
  const auto& wanted = history.spec().checkpoint;
  if (!wanted || (!wanted->keep && !wanted->keep_best_only && !wanted->limit_bytes)) return false;
  try {
    collect(history);
    while (!waiting_.empty()) {
      const std::int64_t number = *waiting_.begin();
      waiting_.erase(waiting_.begin());
      if (number >= history.size() || is_needed(history, number)) continue;  // comes again
      tidy(history, number, keep_of(history, number));
      keep_within_limit(history);
      return true;
    }
  } catch (const std::exception& error) {
    if (!told_)
      log(LogLevel::warning, fmt::format("checkpoints were not tidied: {}", error.what()));
    told_ = true;
  }
  return false;
}

}  // namespace hone
