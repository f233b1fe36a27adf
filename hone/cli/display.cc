#include "hone/cli/display.h"

#include <fmt/core.h>

#include <cstdlib>
#include <map>
#include <mutex>
#include <vector>

#include "hone/base/error.h"
#include "hone/base/log.h"
#include "hone/base/text.h"
#include "hone/cli/background.h"
#include "hone/cli/terminal.h"
#include "hone/cli/ui_model.h"
#include "hone/cli/ui_render.h"
#include "hone/cli/ui_terminal.h"

namespace hone::cli {
namespace {

constexpr std::int64_t kFrame_us = 100'000;
constexpr int kFailuresShown = 3;                ///< with their log lines, above the block
constexpr std::size_t kPlacesRemembered = 1024;  ///< devices of runs

/// Lines of the log, from whatever thread, until the next frame.
class LogLines {
 public:
  LogLines() {
    set_log_sink([this](LogLevel level, std::string_view line) {
      const std::lock_guard lock(mutex_);
      if (lines_.size() < LiveTerminal::kWaitingAtMost)
        lines_.push_back((level == LogLevel::error ? "error: " : "") + std::string(line));
    });
  }
  ~LogLines() { set_log_sink({}); }
  LogLines(const LogLines&) = delete;
  LogLines& operator=(const LogLines&) = delete;
  std::vector<std::string> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(lines_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

class LiveDisplay final : public SessionObserver {
 public:
  explicit LiveDisplay(const DisplayOptions& options)
      : options_(options),
        model_(options.title),
        terminal_(std::make_unique<LiveTerminal>(TerminalOptions{
            1, options.lines.colour,
            !is_utf8_locale([](const char* name) -> const char* { return std::getenv(name); })})),
        log_(std::make_unique<LogLines>()) {}

  void changed(const Change& change, const SessionView& view, bool past) override;
  void tick(const SessionView& view) override;
  void said(const std::string& sentence, const SessionView& view) override;
  void resized() override {
    if (terminal_) terminal_->distrust();
    draw_at_us_ = 0;
  }
  void hung_up() override;

 private:
  void print(std::string_view text, Tone tone = Tone::plain) {
    ScreenLine line;
    terminal_->print(line.add(text, tone));
  }
  void failed(const Trial& trial);
  std::string where(RunId run);

  DisplayOptions options_;
  LiveModel model_;
  std::unique_ptr<LiveTerminal> terminal_;
  std::unique_ptr<LogLines> log_;
  std::unique_ptr<LineObserver> lines_;  ///< once the terminal has gone
  std::map<RunId, std::string> places_;
  std::int64_t draw_at_us_ = 0;
  int failures_shown_ = 0;
};

void LiveDisplay::changed(const Change& change, const SessionView& view, bool past) {
  if (lines_) return lines_->changed(change, view, past);
  model_.changed(change, view.history);
  if (past) return;
  if (const auto* moved = std::get_if<TrialMoved>(&change.body)) {
    if (moved->state == TrialState::failed) failed(view.history.trial(moved->trial));
  } else if (const auto* handled = std::get_if<RequestHandled>(&change.body)) {
    if (handled->outcome != "joined") print("request: " + handled->outcome);
  }
}

/// The first few failures stay on the screen with what the program said last.
void LiveDisplay::failed(const Trial& trial) {
  if (++failures_shown_ > kFailuresShown) return;
  const auto [sentence, lines] = split_detail(trial.detail.empty() ? trial.reason : trial.detail);
  ScreenLine head;
  head.add(fmt::format("trial {} ", trial.number())).add("failed", Tone::bad);
  head.add(fmt::format(" after {}: {}", format_duration_us(trial.busy_us), sentence));
  terminal_->print(head);
  if (lines.empty()) return;
  for (const std::string_view line : split(lines, '\n'))
    print(fmt::format("  | {}", line), Tone::dim);
}

void LiveDisplay::tick(const SessionView& view) {
  if (lines_) return lines_->tick(view);
  const std::int64_t now = options_.clock->monotonic_us();
  if (now < draw_at_us_) return;
  draw_at_us_ = now + kFrame_us;
  for (const std::string& line : log_->take()) print(line, Tone::note);
  if (!terminal_->ready()) return;
  const ScreenSize size = terminal_->size();
  LiveMoment moment;
  moment.now_us = view.now_us;
  moment.parallel = options_.watches ? 0 : view.parallel;
  moment.watches = options_.watches;
  moment.follows = !options_.watches && !view.leads;
  moment.interrupted = view.interrupted;
  moment.rows = rows_wanted(size);
  if (options_.where) moment.where = [this](RunId run) { return where(run); };
  if (view.worker != nullptr) {
    for (const ActiveRun& run : view.worker->active()) {
      if (run.stopping) moment.stopping.insert(run.run);
    }
  }
  terminal_->show(render(model_.view(view.history, moment), size));
}

/// Asked of the store once a run, when its row is first shown.
std::string LiveDisplay::where(RunId run) {
  const auto known = places_.find(run);
  if (known != places_.end()) return known->second;
  const auto text = options_.where(run);
  if (!text) return "";
  if (places_.size() >= kPlacesRemembered) places_.clear();
  return places_[run] = *text;
}

void LiveDisplay::said(const std::string& sentence, const SessionView& view) {
  if (lines_) return lines_->said(sentence, view);
  print(sentence, Tone::note);
  draw_at_us_ = 0;
}

void LiveDisplay::hung_up() {
  if (lines_) return;
  terminal_->abandon();
  terminal_.reset();
  log_.reset();
  LineOptions options = options_.lines;
  options.colour = false;
  lines_ = std::make_unique<LineObserver>(options);
  lines_->hung_up();
}

}  // namespace

bool is_live(const LineOptions& options) {
  const char* term = std::getenv("TERM");
  if (options.json || options.quiet || options.verbose || !is_terminal(stdout)) return false;
  return term != nullptr && *term != '\0' && std::string_view(term) != "dumb";
}

std::unique_ptr<SessionObserver> make_display(const DisplayOptions& options) {
  if (is_live(options.lines)) return std::make_unique<LiveDisplay>(options);
  return std::make_unique<LineObserver>(options.lines);
}

std::optional<std::string> devices_of(Store& store, RunId run) {
  std::optional<Value> started;
  try {
    started = Value::parse(store.run_detail(run).started);
  } catch (const Error&) {  // a display can do without
  }
  if (!started || !started->is_map() || started->as_map().empty()) return std::nullopt;
  const Value* devices = started->find("devices");
  if (devices == nullptr || !devices->is_map()) return "";
  for (const auto& [key, name] : {std::pair{"gpus", "gpu"}, std::pair{"cpus", "cpu"}}) {
    const Value* list = devices->find(key);
    if (list == nullptr || !list->is_list() || list->as_list().empty()) continue;
    std::string out;
    for (const Value& item : list->as_list())
      out += (out.empty() ? "" : ",") + (item.is_string() ? item.as_string() : item.dump());
    return fmt::format("{} {}", name, out);
  }
  return "";
}

}  // namespace hone::cli
