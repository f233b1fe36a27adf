#include "hone/cli/ui_top.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "hone/analysis/charts.h"
#include "hone/base/text.h"
#include "hone/cli/lines.h"
#include "hone/cli/ui_drawing.h"
#include "hone/cli/ui_plot.h"
#include "hone/cli/ui_table.h"

namespace hone::cli {
namespace {

constexpr int kMarker = 2;          ///< columns before a row that can be selected
constexpr int kHeightForPlot = 18;  ///< lines; less, and the list needs them
constexpr std::size_t kDotsForPlot = 5;
constexpr double kChartWidth = 640;  ///< points
constexpr int kChartColumns = 110;

ScreenLine plain(std::string_view text, Tone tone = Tone::plain) {
  ScreenLine line;
  line.add(text, tone);
  return line;
}

/// The line behind a marker of its own.
ScreenLine marked(const ScreenLine& line, bool selected, int width) {
  ScreenLine out;
  out.add(selected ? "▸ " : "  ", Tone::bold);
  for (const Piece& piece : line.pieces())
    out.add(piece.text, selected && piece.tone == Tone::plain ? Tone::bold : piece.tone);
  out.cut(width);
  return out;
}

void add_folded(std::vector<ScreenLine>& out, const std::string& text, int width,
                Tone tone = Tone::plain) {
  for (const std::string& line : wrapped(printable(text), std::max(1, width)))
    out.push_back(plain(line, tone));
}

/// Moves what is shown of a list so that `at` is in it.
void follow(std::int64_t& first, std::int64_t at, std::int64_t rows, std::int64_t count) {
  first = std::clamp<std::int64_t>(first, 0, std::max<std::int64_t>(0, count - rows));
  if (at < first) first = at;
  if (at >= first + rows) first = at - rows + 1;
}

std::vector<ScreenLine> chart(const Drawing& drawing, int width, int rows) {
  return screen_of(drawing, std::min(width, kChartColumns), rows);
}

double chart_height(int width, int rows) {
  // A character is about twice as high as wide.
  return kChartWidth * 2 * rows / std::min(width, kChartColumns);
}

/// Where nobody leads, nothing runs, whatever the record says last.
LiveRow row_of(const TopData& data, std::int64_t trial) {
  LiveRow row = data.model->row(*data.history, trial, data.moment);
  if (row.is_running && !data.is_led) row.state = "interrupted";
  return row;
}

}  // namespace

Top::Top(std::optional<std::size_t> study, std::optional<std::int64_t> trial) {
  if (!study) return;
  study_ = *study;
  go(TopPage::study);
  if (!trial) return;
  trial_ = *trial;
  go(TopPage::trial);
}

void Top::go(TopPage page) {
  if (page == page_) return;
  before_.push_back(page_);
  page_ = page;
  log_back_ = 0;
}

void Top::back() {
  if (before_.empty()) {
    wants_end_ = true;
    return;
  }
  page_ = before_.back();
  before_.pop_back();
}

std::optional<std::int64_t> Top::take_stop() { return std::exchange(stop_, std::nullopt); }

std::shared_ptr<const std::vector<std::int64_t>> Top::chosen(const TopData& data) {
  if (data.history == nullptr) return std::make_shared<const std::vector<std::int64_t>>();
  return list_.of(*data.history, order_, choice_);
}

std::int64_t Top::position(const std::vector<std::int64_t>& trials) const {
  const auto found = std::find(trials.begin(), trials.end(), trial_);
  return found == trials.end() ? 0 : found - trials.begin();
}

void Top::move(std::int64_t by, const TopData& data) {
  if (page_ == TopPage::studies) {
    const auto last = static_cast<std::int64_t>(data.studies.size()) - 1;
    if (last >= 0)
      study_ = static_cast<std::size_t>(
          std::clamp<std::int64_t>(static_cast<std::int64_t>(study_) + by, 0, last));
    return;
  }
  if (page_ == TopPage::log) {
    const auto lines = static_cast<std::int64_t>(data.log.size());
    log_back_ =
        std::clamp<std::int64_t>(log_back_ - by, 0, std::max<std::int64_t>(0, lines - page_rows_));
    return;
  }
  if (page_ != TopPage::study && page_ != TopPage::trial) return;
  const auto list = chosen(data);
  const std::vector<std::int64_t>& trials = *list;
  if (trials.empty()) return;
  const auto last = static_cast<std::int64_t>(trials.size()) - 1;
  const std::int64_t to = std::clamp<std::int64_t>(position(trials) + by, 0, last);
  trial_ = trials[static_cast<std::size_t>(to)];
}

void Top::open(const TopData& data) {
  if (page_ == TopPage::studies && study_ < data.studies.size()) {
    trial_ = -1;
    first_shown_ = 0;
    list_.forget();
    go(TopPage::study);
  } else if (page_ == TopPage::study && trial_ >= 0) {
    go(TopPage::trial);
  } else if (page_ == TopPage::trial) {
    go(TopPage::log);
  }
}

void Top::press_character(char c, const TopData& data) {
  const bool in_study = page_ == TopPage::study;
  const bool of_trial = trial_ >= 0 && (in_study || page_ == TopPage::trial);
  switch (c) {
    case 'q':
      wants_end_ = true;
      return;
    case '?':
      go(TopPage::help);
      return;
    case 'h':
      back();
      return;
    case 'j':
      move(1, data);
      return;
    case 'k':
      move(-1, data);
      return;
    case 'g':
      move(-INT32_MAX, data);
      return;
    case 'G':
      move(INT32_MAX, data);
      return;
    case ' ':
      move(page_rows_, data);
      return;
    case 's':
      if (in_study) order_ = static_cast<TrialOrder>((static_cast<int>(order_) + 1) % 3);
      return;
    case 'f':
      if (in_study) choice_ = static_cast<TrialChoice>((static_cast<int>(choice_) + 1) % 4);
      return;
    case 'b':
      if (data.history != nullptr && data.history->best() >= 0 && in_study) {
        choice_ = TrialChoice::all;
        trial_ = data.history->best();
      }
      return;
    case 'i':
      if (data.history != nullptr) go(TopPage::importance);
      return;
    case 'l':
      if (of_trial) go(TopPage::log);
      return;
    case 'o':
      if (page_ == TopPage::log) {
        shows_errors_ = !shows_errors_;
        log_back_ = 0;
      }
      return;
    case 'x':
      asks_to_stop_ = of_trial && data.history != nullptr && trial_ < data.history->size() &&
                      !is_ended(data.history->trial(trial_).state);
      return;
    default:
      return;
  }
}

void Top::press(const KeyPress& key, const TopData& data) {
  if (std::exchange(asks_to_stop_, false)) {
    if (key == KeyPress{Key::character, 'y'}) stop_ = trial_;
    return;
  }
  switch (key.key) {
    case Key::character:
      press_character(key.character, data);
      return;
    case Key::up:
      move(-1, data);
      return;
    case Key::down:
      move(1, data);
      return;
    case Key::page_up:
      move(-page_rows_, data);
      return;
    case Key::page_down:
      move(page_rows_, data);
      return;
    case Key::home:
      move(-INT32_MAX, data);
      return;
    case Key::end:
      move(INT32_MAX, data);
      return;
    case Key::right:
    case Key::enter:
      open(data);
      return;
    case Key::tab:
      if (page_ == TopPage::log) press_character('o', data);
      return;
    case Key::left:
    case Key::escape:
    case Key::backspace:
      if (key.key == Key::escape || !before_.empty()) back();
      return;
  }
}

ScreenLine Top::bottom(const TopData& data, int width) const {
  ScreenLine line;
  if (asks_to_stop_) {
    line.add(fmt::format("stop trial {}? y: yes, any other key: no", trial_), Tone::note);
  } else if (!data.said.empty()) {
    line.add(data.said, Tone::note);
  } else {
    const char* keys = "";
    switch (page_) {
      case TopPage::studies:
        keys = "↑↓ select  Enter open  q quit  ? help";
        break;
      case TopPage::study:
        keys = "↑↓ select  Enter open  s order  f filter  i importance  l log  x stop  ? help";
        break;
      case TopPage::trial:
        keys = "↑↓ other trials  l log  i importance  x stop  Esc back  ? help";
        break;
      case TopPage::log:
        keys = "↑↓ scroll  End follow  o stdout or stderr  Esc back";
        break;
      case TopPage::importance:
      case TopPage::help:
        keys = "Esc back  q quit";
        break;
    }
    line.add(keys, Tone::dim);
  }
  line.cut(width);
  return line;
}

std::vector<ScreenLine> Top::screen(const TopData& data, const ScreenSize& size) {
  const int width = std::max(1, size.columns - 1);
  const int height = std::max(2, size.rows - 1);
  std::vector<ScreenLine> out;
  switch (page_) {
    case TopPage::studies:
      out = studies_screen(data, width, height - 1);
      break;
    case TopPage::study:
      out = study_screen(data, width, height - 1);
      break;
    case TopPage::trial:
      out = trial_screen(data, width, height - 1);
      break;
    case TopPage::log:
      out = log_screen(data, width, height - 1);
      break;
    case TopPage::importance:
      out = importance_screen(data, width, height - 1);
      break;
    case TopPage::help:
      out = help_screen(width);
      break;
  }
  out.resize(static_cast<std::size_t>(height - 1));
  out.push_back(bottom(data, width));
  for (ScreenLine& line : out) line.cut(width);
  return out;
}

std::vector<ScreenLine> Top::studies_screen(const TopData& data, int width, int height) {
  std::vector<ScreenLine> out;
  ScreenLine title;
  title.add("hone", Tone::bold).add(" · ").add(data.store, Tone::dim);
  out.push_back(std::move(title));
  if (data.studies.empty()) {
    out.emplace_back();
    add_folded(out, "No study yet. hone run study.yaml in another terminal begins one.", width);
    return out;
  }
  study_ = std::min(study_, data.studies.size() - 1);
  TextTable table;
  table.header = {"study", "state", "trials", "best", "metric", "begun"};
  table.right = {false, false, true, true, false, true};
  page_rows_ = std::max(1, height - 2);
  const auto count = static_cast<std::int64_t>(data.studies.size());
  follow(first_study_, static_cast<std::int64_t>(study_), page_rows_, count);
  const std::int64_t end = std::min(count, first_study_ + page_rows_);
  for (std::int64_t i = first_study_; i < end; ++i) {
    const TopStudy& study = data.studies[static_cast<std::size_t>(i)];
    table.rows.push_back({study.title, study.state, std::to_string(study.trials), study.best,
                          study.metric, study.begun});
  }
  const std::string text = table.text(width - kMarker);
  std::int64_t at = first_study_ - 1;
  for (const std::string_view line : split(text, '\n')) {
    if (line.empty()) continue;
    out.push_back(marked(plain(line, at < first_study_ ? Tone::dim : Tone::plain),
                         at == static_cast<std::int64_t>(study_), width));
    ++at;
  }
  return out;
}

std::vector<ScreenLine> Top::study_screen(const TopData& data, int width, int height) {
  std::vector<ScreenLine> out;
  if (data.history == nullptr || data.model == nullptr) return {plain("reading …", Tone::dim)};
  const LiveView view = data.model->view(*data.history, data.moment);
  out = render_head(view, {width + 1, height + 1});
  if (height >= kHeightForPlot && view.curve.dots.size() >= kDotsForPlot) {
    for (ScreenLine& line : value_plot(view.curve, view.goal, std::min(width, kChartColumns), 4))
      out.push_back(std::move(line));
  }
  const auto list = chosen(data);
  const std::vector<std::int64_t>& trials = *list;
  if (trial_ < 0 && !trials.empty()) trial_ = trials.front();
  static constexpr const char* kOrders[] = {"newest first", "best first", "by number"};
  static constexpr const char* kChoices[] = {"all trials", "trials that have not ended",
                                             "complete trials", "failed trials"};
  out.push_back(
      plain(fmt::format("{} · {}, {} · {}", data.state, kChoices[static_cast<int>(choice_)],
                        trials.size(), kOrders[static_cast<int>(order_)]),
            Tone::dim));
  page_rows_ = std::max(1, height - static_cast<int>(out.size()) - 1);
  const std::int64_t at = position(trials);
  follow(first_shown_, at, page_rows_, static_cast<std::int64_t>(trials.size()));
  std::vector<LiveRow> rows;
  for (std::int64_t i = first_shown_;
       i <
       std::min<std::int64_t>(static_cast<std::int64_t>(trials.size()), first_shown_ + page_rows_);
       ++i)
    rows.push_back(row_of(data, trials[static_cast<std::size_t>(i)]));
  const std::vector<ScreenLine> table = trial_table(view, rows, width - kMarker);
  for (std::size_t i = 0; i < table.size(); ++i) {
    const bool selected = i > 0 && rows[i - 1].trial == trial_;
    out.push_back(marked(table[i], selected, width));
  }
  return out;
}

std::vector<ScreenLine> Top::trial_screen(const TopData& data, int width, int height) {
  if (data.history == nullptr || trial_ < 0 || trial_ >= data.history->size())
    return {plain("there is no such trial", Tone::dim)};
  page_rows_ = 10;
  const LiveView view = data.model->view(*data.history, data.moment);
  const LiveRow row = row_of(data, trial_);
  std::vector<ScreenLine> out;
  ScreenLine title;
  title.add(fmt::format("{}/{}", view.title, trial_), Tone::bold).add(" · ");
  title.add(row.state, row.tone);
  if (row.is_best) title.add(", the best", Tone::good);
  if (!row.at.empty()) title.add(fmt::format(" · {} {}", view.fidelity, row.at));
  title.add(fmt::format(
      " · {}", row.is_running ? whole_seconds(row.time_us) : format_duration_us(row.time_us)));
  if (!row.where.empty()) title.add(fmt::format(" · {}", row.where), Tone::dim);
  out.push_back(std::move(title));
  ScreenLine line;
  for (const auto& [name, value] : data.trial.parameters) {
    ScreenLine pair;
    pair.add(name + " ", Tone::dim).add(value);
    if (line.width() > 0 && line.width() + 2 + pair.width() > width) {
      out.push_back(std::move(line));
      line = ScreenLine();
    }
    if (line.width() > 0) line.add("  ");
    for (const Piece& piece : pair.pieces()) line.add(piece.text, piece.tone);
  }
  if (line.width() > 0) out.push_back(std::move(line));
  for (const std::string& result : data.trial.results) add_folded(out, result, width, Tone::bold);
  for (const std::string& note : data.trial.notes) add_folded(out, note, width, Tone::dim);
  constexpr int kLeastRows = 8;
  constexpr int kMostRows = 24;
  const int rows = std::min(kMostRows, height - static_cast<int>(out.size()) - 1);
  if (rows < kLeastRows) return out;
  out.emplace_back();
  const Drawing drawing =
      draw_trial_curve(*data.history, trial_, {kChartWidth, chart_height(width, rows)});
  for (ScreenLine& each : chart(drawing, width, rows)) out.push_back(std::move(each));
  return out;
}

std::vector<ScreenLine> Top::log_screen(const TopData& data, int width, int height) {
  std::vector<ScreenLine> out;
  const auto lines = static_cast<std::int64_t>(data.log.size());
  page_rows_ = std::max(1, height - 1);
  log_back_ = std::clamp<std::int64_t>(log_back_, 0, std::max<std::int64_t>(0, lines - page_rows_));
  ScreenLine title;
  title.add(fmt::format("trial {}", trial_), Tone::bold);
  title.add(shows_errors_ ? " · stderr" : " · stdout");
  title.add(log_back_ == 0 ? ", the end" : fmt::format(", {} lines before the end", log_back_),
            Tone::dim);
  out.push_back(std::move(title));
  if (data.log.empty()) {
    add_folded(out, data.log_note.empty() ? "nothing yet" : data.log_note, width, Tone::dim);
    return out;
  }
  const std::int64_t end = lines - log_back_;
  for (std::int64_t i = std::max<std::int64_t>(0, end - page_rows_); i < end; ++i)
    out.push_back(plain(data.log[static_cast<std::size_t>(i)]));
  return out;
}

std::vector<ScreenLine> Top::importance_screen(const TopData& data, int width, int height) {
  std::vector<ScreenLine> out = {plain("Importance and findings", Tone::bold)};
  if (data.lessons.empty()) {
    out.push_back(plain("computing …", Tone::dim));
    return out;
  }
  for (const std::string& lesson : data.lessons) add_folded(out, lesson, width);
  if (data.importance == nullptr) return out;
  out.emplace_back();
  const int rows = height - static_cast<int>(out.size());
  const int wanted = static_cast<int>(
      std::ceil(data.importance->height / kChartWidth * std::min(width, kChartColumns) / 2));
  for (ScreenLine& line : chart(*data.importance, width, std::clamp(rows, 1, std::max(8, wanted))))
    out.push_back(std::move(line));
  return out;
}

std::vector<ScreenLine> Top::help_screen(int width) {
  std::vector<ScreenLine> out = {plain("Keys", Tone::bold)};
  const std::vector<std::pair<std::string, std::string>> keys = {
      {"↑ ↓ k j", "the next one: study, trial, line of a log"},
      {"PgUp PgDn", "a screen further; Home, End: to the first, the last"},
      {"Enter →", "open what is selected"},
      {"Esc ←", "back"},
      {"s", "order of the trials: newest, best, by number"},
      {"f", "which trials: all, not ended, complete, failed"},
      {"b", "to the best trial"},
      {"i", "what mattered: importance and findings"},
      {"l", "the trial's log; o: stdout or stderr"},
      {"x", "stop the trial"},
      {"q", "quit; the study goes on"},
  };
  for (const auto& [key, what] : keys) {
    ScreenLine line;
    line.add("  ").add(key, Tone::bold).pad_to(14).add(what);
    line.cut(width);
    out.push_back(std::move(line));
  }
  return out;
}

}  // namespace hone::cli
