// hone top: studies, trials, curves, logs and what mattered, on the whole terminal, by keyboard. It
// watches; the studies go on whatever happens to it.
#include <fmt/core.h>

#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <thread>

#include "hone/analysis/charts.h"
#include "hone/analysis/findings.h"
#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/base/text.h"
#include "hone/cli/commands.h"
#include "hone/cli/display.h"
#include "hone/cli/lines.h"
#include "hone/cli/outcome_findings.h"
#include "hone/cli/proposed.h"
#include "hone/cli/terminal.h"
#include "hone/cli/trial_text.h"
#include "hone/cli/ui_terminal.h"
#include "hone/cli/ui_top.h"
#include "hone/cli/workplace.h"

namespace hone::cli {
namespace fs = std::filesystem;
namespace {

constexpr int kWait_ms = 100;  ///< for a key
constexpr std::int64_t kStudiesEvery_us = 2'000'000;
constexpr std::int64_t kLogEvery_us = 300'000;
constexpr std::int64_t kChangesAtOnce = 2000;
constexpr std::int64_t kFold_us = 80'000;  ///< then the keys have their turn
constexpr std::int64_t kLogTail = 256 * 1024;
constexpr std::int64_t kBestShare = 20;  ///< pauses, by the time that a reading took

/// Importance and findings of a history, found in a thread of its own.
class Lessons {
 public:
  ~Lessons() {
    if (thread_.joinable()) thread_.join();
  }
  /// Begins where nothing is known of the study, or much has come since.
  void want(StudyId study, const History& history) {
    if (busy_.load()) return;
    const std::int64_t ended = history.size() - history.counts().running - history.counts().queued;
    const bool grown = ended > ended_ + ended_ / 10;
    if (known_ && study == study_ && !grown) return;
    if (thread_.joinable()) thread_.join();
    if (study != study_) {
      const std::lock_guard lock(mutex_);
      known_ = has_result_ = false;
    }
    study_ = study;
    ended_ = ended;
    busy_.store(true);
    thread_ = std::thread([this, copy = history] { find(copy); });
  }
  /// Sentences; empty while nothing is known. The drawing lives until the next call of `want`.
  std::vector<std::string> texts(StudyId study, const Drawing** drawing) {
    const std::lock_guard lock(mutex_);
    if (!(study == study_)) return {};
    if (has_result_) {
      shown_ = std::move(result_);
      shown_drawing_ = std::move(drawing_);
      has_result_ = false;
      known_ = true;
    }
    if (!known_) return {};
    *drawing = shown_drawing_.shapes.empty() ? nullptr : &shown_drawing_;
    return shown_;
  }

 private:
  void find(const History& history) {
    std::vector<std::string> texts;
    Drawing drawing;
    try {
      const Findings findings = find_findings(history);
      const std::string mattered = importance_text(findings.importance);
      if (!mattered.empty()) texts.push_back(mattered);
      for (const Statement& statement : findings.statements) texts.push_back(statement.text + ".");
      ImportanceTableOptions options;
      options.near = false;
      const ImportanceTable table = importance_table(history, options);
      if (findings.importance.enough) drawing = draw_importance(table);
    } catch (const std::exception& error) {
      texts = {error.what()};
    }
    if (texts.empty()) texts.emplace_back("Nothing can be said yet: too few trials have ended.");
    const std::lock_guard lock(mutex_);
    result_ = std::move(texts);
    drawing_ = std::move(drawing);
    has_result_ = true;
    busy_.store(false);
  }

  std::thread thread_;
  std::atomic<bool> busy_{false};
  StudyId study_;
  std::int64_t ended_ = 0;
  bool known_ = false;
  std::vector<std::string> shown_;
  Drawing shown_drawing_;
  std::mutex mutex_;  // of these:
  std::vector<std::string> result_;
  Drawing drawing_;
  bool has_result_ = false;
};

/// A study as far as its record has been read.
struct OpenStudy {
  StudyInfo info;
  History history;
  LiveModel model;
  bool is_current = false;  ///< has been read to its end once

  OpenStudy(const Workplace& place, const StudyInfo& study)
      : info(study), history(stored_spec(place.store(), study.id)), model(study_title(study)) {}

  /// Reads what is new, for a bounded time.
  void read(const Workplace& place) {
    const std::int64_t began = place.clock().monotonic_us();
    do {
      const auto changes = place.store().changes_since(info.id, history.version(), kChangesAtOnce);
      if (changes.empty()) {
        is_current = true;
        return;
      }
      for (const Change& change : changes) {
        history.apply(change);
        if (std::holds_alternative<SpecChanged>(change.body))
          history.set_spec(stored_spec(place.store(), info.id));
        model.changed(change, history);
      }
    } while (place.clock().monotonic_us() - began < kFold_us);
  }
};

class TopCommand final : public Command {
 public:
  void declare(CommandLine& line) override {
    line.positional("STUDY[/TRIAL]", words_, "To begin with; all studies without it");
    common_.declare(line);
    line.examples(
        "  hone top              all studies; ? shows the keys\n"
        "  hone top finetune/7   one trial\n");
  }

  int run() override {
    LineOptions lines;
    lines.json = common_.json;
    if (!is_live(lines) || !is_terminal(stdin)) {
      throw Error(ErrorCode::invalid_input, "hone top needs a terminal",
                  "hone list, hone status and hone show print what it shows");
    }
    const Workplace place = Workplace::open(common_, OpenMode::existing);
    look(place);
    std::optional<std::size_t> first;
    std::optional<std::int64_t> trial;
    if (!words_.empty()) {
      const TrialAddress address = find_trials(place, words_, common_.project);
      for (std::size_t i = 0; i < infos_.size(); ++i) {
        if (infos_[i].id == address.study.id) first = i;
      }
      if (!address.trials.empty()) trial = address.trials.front();
    }
    Top top(first, trial);
    LiveTerminal terminal(
        {1, wants_colour(stdout),
         !is_utf8_locale([](const char* name) -> const char* { return std::getenv(name); }), true});
    KeyReader keys;
    while (!top.wants_end() && !terminal.is_gone()) {
      refresh(place, top);
      if (terminal.ready()) terminal.show(top.screen(data_, terminal.size()));
      const std::string typed = terminal.read_keys(kWait_ms);
      for (const KeyPress& key : typed.empty() ? keys.pause() : keys.read(typed)) {
        data_.said.clear();
        top.press(key, data_);
        log_at_us_ = 0;
      }
      if (const auto number = top.take_stop()) stop(place, *number);
    }
    return kOk;
  }

 private:
  /// The list of studies.
  void look(const Workplace& place) {
    infos_ = place.store().list_studies();
    if (common_.project)
      std::erase_if(infos_, [&](const StudyInfo& s) { return s.project != *common_.project; });
    data_.store = place.address();
    data_.studies.clear();
    for (const StudyInfo& info : infos_) {
      TopStudy study;
      study.title = study_title(info);
      study.state = state_text(place, info);
      study.trials = info.trials;
      study.begun = format_duration_us(place.clock().now_us() - info.created_us) + " ago";
      if (const auto known = bests_.find(info.id.value); known != bests_.end()) {
        study.best = known->second.best;
        study.metric = known->second.metric;
      }
      data_.studies.push_back(std::move(study));
    }
  }

  /// The best values of studies whose records have grown: one after the other, each a slice at a
  /// time, so that long ones do not hold up the keys, and not more often than its cost allows.
  void look_for_a_best(const Workplace& place) {
    const std::int64_t now = place.clock().monotonic_us();
    if (!read_for_best_) {
      for (const StudyInfo& info : infos_) {
        const Best& known = bests_[info.id.value];
        if ((known.seq == info.last_seq && known.seq > 0) || now < known.again_at_us) continue;
        read_for_best_ = std::make_unique<OpenStudy>(place, info);
        read_for_best_us_ = 0;
        break;
      }
      if (!read_for_best_) return;
    }
    const StudyInfo& info = read_for_best_->info;
    Best& known = bests_[info.id.value];
    try {
      read_for_best_->read(place);
      read_for_best_us_ += place.clock().monotonic_us() - now;
      if (!read_for_best_->is_current) return;
      const History& history = read_for_best_->history;
      const bool several = history.spec().objective_count() > 1;
      known.metric = history.spec().objective().name + (several ? ", …" : "");
      const std::int64_t best = history.best();
      known.best = several     ? fmt::format("front of {}", history.front().size())
                   : best >= 0 ? metric_text(history.trial(best).value().value_or(NAN))
                               : "";
    } catch (const Error& error) {
      known.best = "";
      data_.said = error.what();
    }
    known.seq = info.last_seq;
    known.again_at_us = place.clock().monotonic_us() + kBestShare * read_for_best_us_;
    for (std::size_t i = 0; i < infos_.size(); ++i) {
      if (infos_[i].id != info.id) continue;
      data_.studies[i].best = known.best;
      data_.studies[i].metric = known.metric;
    }
    read_for_best_.reset();
  }

  void refresh(const Workplace& place, const Top& top) {
    const std::int64_t now = place.clock().monotonic_us();
    try {
      // Before the list may change: the selection is a position in it.
      if (top.page() != TopPage::studies && !open_ && top.study() < infos_.size())
        open_ = std::make_unique<OpenStudy>(place, infos_[top.study()]);
      if (now >= studies_at_us_) {
        studies_at_us_ = now + kStudiesEvery_us;
        look(place);
      }
      if (top.page() == TopPage::studies) {
        data_.history = nullptr;
        open_.reset();
        look_for_a_best(place);
      } else {
        if (open_) read_study(place, top);
      }
    } catch (const Error& error) {
      data_.said = error.what();
    }
  }

  void read_study(const Workplace& place, const Top& top) {
    open_->read(place);
    data_.history = open_->is_current ? &open_->history : nullptr;
    if (data_.history == nullptr) return;
    data_.model = &open_->model;
    for (const StudyInfo& info : infos_) {
      if (info.id == open_->info.id) data_.state = state_text(place, info);
    }
    data_.is_led = data_.state == "running";
    data_.moment.now_us = data_.is_led ? place.clock().now_us() : open_->history.last_us();
    data_.moment.where = [this, &place](RunId run) { return device(place, run); };
    if (top.page() == TopPage::trial) describe(top.trial());
    if (top.page() == TopPage::log) read_log(place, top);
    if (top.page() == TopPage::importance) {
      lessons_.want(open_->info.id, open_->history);
      data_.importance = nullptr;
      data_.lessons = lessons_.texts(open_->info.id, &data_.importance);
    }
  }

  std::string device(const Workplace& place, RunId run) {
    const auto known = devices_.find(run);
    if (known != devices_.end()) return known->second;
    const auto text = devices_of(place.store(), run);
    if (text) devices_[run] = *text;
    return text.value_or("");
  }

  void describe(std::int64_t number) {
    const History& history = open_->history;
    data_.trial = {};
    if (number < 0 || number >= history.size()) return;
    const Trial& trial = history.trial(number);
    for (const auto& [name, value] : trial.config())
      data_.trial.parameters.emplace_back(name, value_text(value));
    data_.trial.results = result_texts(history, number);
    if (const std::string why = proposed_text(*trial.proposal); !why.empty())
      data_.trial.notes.push_back("proposed: " + why);
    for (std::string& text : ending_texts(trial)) data_.trial.notes.push_back(std::move(text));
    if (trial.state == TrialState::failed) {
      data_.trial.notes.push_back(
          fmt::format("{}: {}", fail_kind_text(trial.fail_kind),
                      split_detail(trial.detail.empty() ? trial.reason : trial.detail).first));
    }
  }

  /// The end of what the trial's newest run wrote, where its folder is on this machine.
  void read_log(const Workplace& place, const Top& top) {
    const std::int64_t now = place.clock().monotonic_us();
    if (now < log_at_us_) return;
    log_at_us_ = now + kLogEvery_us;
    data_.log.clear();
    data_.log_note.clear();
    std::string folder;
    for (const RunId id : open_->history.runs_of(top.trial())) {
      const auto started = Value::parse(place.store().run_detail(id).started);
      const std::string one = started ? started->string_or("folder", "") : "";
      if (!one.empty()) folder = one;
    }
    if (folder.empty()) {
      data_.log_note = "the trial has not been started yet";
      return;
    }
    const fs::path path = fs::path(folder) / (top.shows_errors() ? "stderr.log" : "stdout.log");
    std::FILE* file = std::fopen(path.c_str(), "rbe");
    if (file == nullptr) {
      data_.log_note = errno == ENOENT
                           ? fmt::format("there is no {} on this machine", path.string())
                           : fmt::format("cannot read {}", path.string());
      return;
    }
    std::string text(static_cast<std::size_t>(kLogTail), '\0');
    std::fseek(file, 0, SEEK_END);
    const bool is_cut = std::ftell(file) > kLogTail;
    std::fseek(file, is_cut ? -kLogTail : 0, is_cut ? SEEK_END : SEEK_SET);
    text.resize(std::fread(text.data(), 1, text.size(), file));
    std::fclose(file);
    for (const std::string_view line : split(text, '\n')) data_.log.emplace_back(line);
    if (is_cut && !data_.log.empty()) data_.log.erase(data_.log.begin());
    if (!data_.log.empty() && data_.log.back().empty()) data_.log.pop_back();
    for (std::string& line : data_.log) {  // progress bars write over their line
      if (line.ends_with('\r')) line.pop_back();
      const std::size_t over = line.rfind('\r');
      if (over != std::string::npos) line.erase(0, over + 1);
    }
  }

  void stop(const Workplace& place, std::int64_t number) {
    try {
      data_.said = fmt::format("stop trial {}: {}", number,
                               ask_leader(place, open_->info, "stop_trials", trial_list({number})));
    } catch (const Error& error) {
      data_.said = error.what();
    }
  }

  struct Best {
    std::int64_t seq = 0;
    std::string best;
    std::string metric;
    std::int64_t again_at_us = 0;  ///< not before
  };

  std::vector<std::string> words_;
  CommonOptions common_;
  std::vector<StudyInfo> infos_;
  std::map<std::int64_t, Best> bests_;  // by study
  std::unique_ptr<OpenStudy> open_;
  std::unique_ptr<OpenStudy> read_for_best_;
  std::int64_t read_for_best_us_ = 0;  ///< that its reading has taken so far
  std::map<RunId, std::string> devices_;
  Lessons lessons_;
  TopData data_;
  std::int64_t studies_at_us_ = 0;
  std::int64_t log_at_us_ = 0;
};

}  // namespace

std::unique_ptr<Command> make_top() { return std::make_unique<TopCommand>(); }

}  // namespace hone::cli
