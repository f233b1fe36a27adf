// hone clean: removes files of ended trials; hone delete: removes a study. Both say first what they
// would remove.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/base/text.h"
#include "hone/cli/commands.h"
#include "hone/cli/launch.h"
#include "hone/cli/outcome.h"
#include "hone/cli/terminal.h"
#include "hone/tuner/checkpoint_retention.h"

namespace hone::cli {
namespace fs = std::filesystem;
namespace {

std::int64_t bytes_below(const fs::path& folder) {
  std::int64_t bytes = 0;
  std::error_code ignored;
  for (fs::recursive_directory_iterator
           it(folder, fs::directory_options::skip_permission_denied, ignored),
       end;
       it != end; it.increment(ignored)) {
    if (it->is_regular_file(ignored) && !it->is_symlink(ignored))
      bytes += static_cast<std::int64_t>(it->file_size(ignored));
  }
  return bytes;
}

/// Removes a tree, or throws Error(io) with the path.
void remove_or_throw(const fs::path& folder) {
  if (const std::error_code error = remove_tree(folder))
    throw Error(ErrorCode::io,
                fmt::format("cannot remove {}: {}", folder.string(), error.message()));
}

/// Yes by --yes, else by a question on the terminal; false where nobody can answer.
bool agreed(bool yes, const std::string& question) {
  if (yes) return true;
  if (!is_terminal(stdin) || !is_terminal(stderr)) return false;
  std::fprintf(stderr, "%s [y/N] ", question.c_str());
  char answer[16] = {};
  return std::fgets(answer, sizeof answer, stdin) != nullptr &&
         (answer[0] == 'y' || answer[0] == 'Y');
}

class CleanCommand final : public Command {
 public:
  void declare(CommandLine& line) override {
    line.positional("STUDY", study_, "The study; may be left out where there is one only");
    line.option("--keep", keep_, "Keeps the files of the best N trials (default 3)");
    line.flag("--checkpoints", checkpoints_,
              "Removes checkpoints only, and leaves the newest of those N trials");
    line.flag("--yes", yes_, "Removes without asking");
    common_.declare(line);
  }

  int run() override {
    const Workplace place = Workplace::open(common_, OpenMode::existing);
    const StudyInfo study = place.study_or_only(study_, common_.project);
    const History history = load_history(place.store(), study.id);
    const fs::path folder = place.trials_folder(study);
    if (checkpoints_ && !history.spec().checkpoint) {
      throw Error(ErrorCode::invalid_input,
                  fmt::format("'{}' does not say where its programs save", study_title(study)),
                  "hone clean without --checkpoints removes all files of trials");
    }
    std::vector<fs::path> victims;
    std::set<std::int64_t> trials;
    std::int64_t bytes = 0;
    const std::set<std::int64_t> kept = kept_trials(history);
    for (const Trial& trial : history.trials()) {
      if (!is_ended(trial.state) || trial.runs_open > 0) continue;
      for (fs::path& path : victims_of(history, folder, trial.number(), kept)) {
        bytes += fs::is_regular_file(path) ? static_cast<std::int64_t>(fs::file_size(path))
                                           : bytes_below(path);
        trials.insert(trial.number());
        victims.push_back(std::move(path));
      }
    }
    const std::string what =
        fmt::format("{} of {} trial{} below {}", format_bytes(bytes), trials.size(),
                    trials.size() == 1 ? "" : "s", folder.string());
    const bool go = !victims.empty() && agreed(yes_, fmt::format("Remove {}?", what));
    if (go) {
      for (const fs::path& victim : victims) {
        // Half of a checkpoint must never look like a whole one.
        if (!checkpoints_ || !remove_whole(victim, folder)) remove_or_throw(victim);
      }
    }
    if (common_.json) {
      Value row = Value::Map{};
      row.set("study", study_title(study))
          .set("trials", static_cast<std::int64_t>(trials.size()))
          .set("bytes", bytes)
          .set("removed", go);
      std::printf("%s\n", row.dump().c_str());
    } else {
      std::printf("%s %s%s\n", go ? "removed" : "would remove", what.c_str(),
                  go || victims.empty() ? "" : "; --yes does");
    }
    return kOk;
  }

 private:
  /// What goes of an ended trial.
  std::vector<fs::path> victims_of(const History& history, const fs::path& folder,
                                   std::int64_t trial, const std::set<std::int64_t>& kept) const {
    std::vector<fs::path> victims;
    if (checkpoints_) {
      for (const auto& states : saved_states(history, folder, trial)) {
        for (fs::path& path : superfluous(states, kept.contains(trial) ? 1 : 0))
          victims.push_back(std::move(path));
      }
      return victims;
    }
    const fs::path own = folder / std::to_string(trial);
    if (!kept.contains(trial) && fs::exists(own)) victims.push_back(own);
    return victims;
  }

  /// The best ones, and those whose checkpoints others go on from.
  std::set<std::int64_t> kept_trials(const History& history) const {
    constexpr int kDefaultKeep = 3;
    std::vector<const Trial*> ranked;
    std::set<std::int64_t> kept;
    for (const Trial& trial : history.trials()) {
      if (trial.value() && trial.state != TrialState::failed) ranked.push_back(&trial);
      if (trial.proposal->parent && !is_ended(trial.state)) kept.insert(*trial.proposal->parent);
    }
    const Goal goal = history.spec().objective().goal;
    std::stable_sort(ranked.begin(), ranked.end(), [&](const Trial* a, const Trial* b) {
      return is_better(goal, *a->value(), *b->value());
    });
    const auto keep = static_cast<std::size_t>(std::max(0, keep_.value_or(kDefaultKeep)));
    for (std::size_t i = 0; i < std::min(keep, ranked.size()); ++i)
      kept.insert(ranked[i]->number());
    if (const std::int64_t best = find_outcome(history).best; best >= 0 && keep > 0)
      kept.insert(best);
    return kept;
  }

  std::optional<std::string> study_;
  std::optional<int> keep_;
  bool checkpoints_ = false;
  bool yes_ = false;
  CommonOptions common_;
};

class DeleteCommand final : public Command {
 public:
  void declare(CommandLine& line) override {
    line.positional("STUDY", study_, "The study");
    line.flag("--yes", yes_, "Deletes without asking");
    line.flag("--keep-files", keep_files_, "Leaves the files of its trials");
    common_.declare(line);
  }

  int run() override {
    if (!study_)
      throw Error(ErrorCode::invalid_input, "which study?",
                  "hone delete STUDY; hone list shows them");
    const Workplace place = Workplace::open(common_, OpenMode::existing);
    const StudyInfo study = place.find_study(*study_, common_.project);
    const std::string what = fmt::format("'{}' with {} trial{}", study_title(study), study.trials,
                                         study.trials == 1 ? "" : "s");
    if (!agreed(yes_, fmt::format("Delete {} and its files?", what))) {
      throw Error(ErrorCode::invalid_input, fmt::format("{} was not deleted", what),
                  "--yes deletes it");
    }
    const fs::path folder = place.trials_folder(study);
    const std::string log = log_path(place, study);
    place.store().delete_study(study.id);
    if (!keep_files_) {
      if (fs::exists(folder / ".study")) remove_or_throw(folder);
      std::error_code ignored;
      fs::remove(log, ignored);
    }
    if (common_.json) {
      Value row = Value::Map{};
      row.set("deleted", study_title(study)).set("trials", study.trials);
      std::printf("%s\n", row.dump().c_str());
    } else if (!common_.quiet) {
      std::printf("deleted %s\n", what.c_str());
    }
    return kOk;
  }

 private:
  std::optional<std::string> study_;
  bool yes_ = false;
  bool keep_files_ = false;
  CommonOptions common_;
};

}  // namespace

std::unique_ptr<Command> make_clean() { return std::make_unique<CleanCommand>(); }
std::unique_ptr<Command> make_delete() { return std::make_unique<DeleteCommand>(); }

}  // namespace hone::cli
