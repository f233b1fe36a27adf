#include "hone/cli/ui_render.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "hone/base/text.h"
#include "hone/cli/lines.h"
#include "hone/cli/ui_table.h"

namespace hone::cli {
namespace {

constexpr int kRecentWanted = 6;   ///< ended trials, where running ones leave room
constexpr int kTextColumns = 120;  ///< lines with something at their right end; the plot
constexpr std::size_t kDotsForPlot = 5;
constexpr int kHeightForPlot = 18;   ///< lines; less, and the table needs them
constexpr int kHeightForTall = 23;   ///< … a plot of four lines, and blank lines
constexpr int kHeightForConfig = 9;  ///< … a second line for the best configuration

struct Layout {
  int width = 0;
  int height = 0;
};

/// Adds `text` at the right edge where it leaves a gap, else not at all.
bool add_right(ScreenLine& line, int width, const std::string& text, Tone tone) {
  const int from = width - columns_of(printable(text));
  if (text.empty() || from < line.width() + 2) return false;
  line.pad_to(from).add(text, tone);
  return true;
}

std::string budget_text(const LiveView& view) {
  std::string out = fmt::format("trial {}", view.started);
  if (view.budget_trials) out += fmt::format(" of {}", *view.budget_trials);
  for (const std::string& used : view.budget_used) out += ", " + used;
  if (view.confirming) out += ", confirming the best";
  return out;
}

/// Elapsed and left, the shorter forms later.
std::vector<std::string> time_texts(const LiveView& view) {
  std::string elapsed = whole_seconds(view.active_us);
  if (view.interrupted) return {elapsed + " · ending", "ending"};
  const std::string short_form = elapsed;
  if (view.budget_time_us) elapsed += " of " + format_duration_us(*view.budget_time_us);
  if (!view.left_us) return {elapsed, short_form};
  const std::string left = rough_duration(*view.left_us) + " left";
  return {fmt::format("{} · about {}", elapsed, left), fmt::format("{} · {}", short_form, left),
          left};
}

ScreenLine header(const LiveView& view, int width) {
  const std::vector<std::string> times = time_texts(view);
  const std::string goal = fmt::format("{} {}", goal_name(view.goal), view.metric);
  const std::string method = view.sampler + (view.scheduler.empty() ? "" : " · " + view.scheduler);
  const std::string budget = budget_text(view);
  std::string role;
  if (view.watches) role = "watching";
  if (view.follows) role = "joined as a worker";
  std::vector<std::vector<std::string>> forms = {
      {goal, method, budget, role}, {goal, view.sampler, budget}, {goal, budget}, {budget}};
  if (view.parallel > 1)
    forms.insert(forms.begin(),
                 {goal, method, budget, role, fmt::format("{} at a time", view.parallel)});
  const bool ending = view.interrupted;
  // Elapsed and left are worth more than the method; what is left alone is the last resort.
  const std::size_t short_form = std::min<std::size_t>(times.size(), 2);
  const auto fitting = [&](std::size_t from, std::size_t to) -> std::optional<ScreenLine> {
    for (const auto& form : forms) {
      for (std::size_t i = from; i < to; ++i) {
        ScreenLine line;
        line.add(view.title, Tone::bold);
        for (const std::string& part : form) {
          if (!part.empty()) line.add(" · ").add(part);
        }
        if (line.width() <= width &&
            add_right(line, width, times[i], ending ? Tone::note : Tone::dim))
          return line;
      }
    }
    return std::nullopt;
  };
  if (auto line = fitting(0, short_form)) return *std::move(line);
  if (auto line = fitting(short_form, times.size())) return *std::move(line);
  for (const std::string& time : times) {  // the study's name gives way to what changes
    ScreenLine line;
    line.add(budget);
    if (add_right(line, width, time, Tone::dim)) return line;
  }
  ScreenLine line;
  line.add(budget);
  line.cut(width);
  return line;
}

std::string gain_text(const LiveView& view, bool with_default) {
  if (!view.gain) return "";
  if (*view.gain == 0) return "equal to the defaults";
  const std::string amount = view.gain_share ? fmt::format("{:.1f} %", *view.gain_share * 100)
                                             : format_number(std::abs(*view.gain), 4);
  const char* mark = *view.gain < 0 ? "▼" : "▲";
  if (!with_default) return fmt::format("{} {}", mark, amount);
  return fmt::format("{} {} {} the defaults ({})", mark, amount, *view.gain < 0 ? "below" : "above",
                     metric_text(view.default_value));
}

/// The best trial in one line, or in two where its configuration is long and there is room.
void add_best(const LiveView& view, const Layout& layout, std::vector<ScreenLine>& out) {
  ScreenLine line;
  if (!view.front.empty()) {
    line.add("front ").add(view.front, Tone::bold);
    line.cut(layout.width);
    out.push_back(std::move(line));
    return;
  }
  if (view.best < 0) {
    line.add(fmt::format("no {} yet", view.metric), Tone::dim);
    line.cut(layout.width);
    out.push_back(std::move(line));
    return;
  }
  line.add("best ").add(metric_text(view.best_value), Tone::bold);
  line.add(fmt::format("  trial {}", view.best));
  if (view.best_is_default) line.add(", the defaults", Tone::dim);
  if (!view.best_is_complete) line.add(" (stopped early)", Tone::dim);
  const bool better = view.gain && is_better(view.goal, *view.gain, 0);
  const Tone tone = !view.gain || *view.gain == 0 ? Tone::dim : better ? Tone::good : Tone::bad;
  std::string gain = gain_text(view, true);
  if (line.width() + columns_of(gain) + 2 > layout.width) gain = gain_text(view, false);
  ScreenLine config;
  for (const auto& [name, value] : view.best_config)
    config.add(config.width() > 0 ? "  " : "").add(name + " ", Tone::dim).add(value);
  const int room = layout.width - line.width() - 2 - (gain.empty() ? 0 : columns_of(gain) + 2);
  const bool own_line = config.width() > room && layout.height >= kHeightForConfig;
  if (!own_line && room >= 8 && config.width() > 0) {
    config.cut(room);
    line.add("  ");
    for (const Piece& piece : config.pieces()) line.add(piece.text, piece.tone);
  }
  add_right(line, layout.width, gain, tone);
  line.cut(layout.width);
  out.push_back(std::move(line));
  if (!own_line) return;
  ScreenLine second;
  second.add("  ");
  for (const Piece& piece : config.pieces()) second.add(piece.text, piece.tone);
  second.cut(layout.width);
  out.push_back(std::move(second));
}

/// What the table does not show: counts by state, and why trials failed.
ScreenLine footer(const LiveView& view, std::size_t recent_shown, int width) {
  const TrialCounts& counts = view.counts;
  const std::int64_t shown = static_cast<std::int64_t>(recent_shown);
  const std::int64_t ended =
      counts.complete + counts.stopped + counts.failed + counts.cancelled + counts.paused - shown;
  std::vector<std::pair<std::string, Tone>> parts;
  const auto add = [&](std::int64_t count, const char* what, Tone tone = Tone::dim) {
    if (count > 0) parts.emplace_back(fmt::format("{} {}", count, what), tone);
  };
  add(counts.complete, "done");
  add(counts.stopped, "stopped");
  if (counts.failed > 0) {
    std::string causes;
    for (const auto& [kind, count] : view.failures) {
      causes += causes.empty() ? "" : ", ";
      if (view.failures.size() > 1) causes += fmt::format("{} ", count);
      causes += fail_kind_text(kind);
    }
    parts.emplace_back(fmt::format("{} failed ({})", counts.failed, causes), Tone::bad);
  }
  add(counts.cancelled, "cancelled");
  add(counts.paused, "paused");
  add(counts.queued, "queued");
  ScreenLine line;
  line.add("  ");
  if (ended > 0) line.add(fmt::format("… {} more; in all: ", ended), Tone::dim);
  for (std::size_t i = 0; i < parts.size(); ++i)
    line.add(i == 0 ? "" : ", ", Tone::dim).add(parts[i].first, parts[i].second);
  line.cut(width);
  return line;
}

ScreenLine facts(const LiveView& view, int width) {
  ScreenLine line;
  if (view.steps_saved)
    line.add(fmt::format("  early stopping saved {:.0f} % of the steps", *view.steps_saved * 100),
             Tone::dim);
  if (view.watches) {
    line.add(line.width() > 0 ? " · " : "  ", Tone::dim);
    line.add("Ctrl-C ends the watching, not the study", Tone::dim);
  }
  line.cut(width);
  return line;
}

}  // namespace

std::string rough_duration(std::int64_t us) {
  const auto minutes = static_cast<std::int64_t>(std::llround(static_cast<double>(us) / 60e6));
  const auto seconds = static_cast<std::int64_t>(std::llround(static_cast<double>(us) / 1e6));
  if (seconds < 10) return fmt::format("{} s", std::max<std::int64_t>(seconds, 1));
  if (seconds < 90) return fmt::format("{} s", (seconds + 2) / 5 * 5);
  if (minutes < 90) return fmt::format("{} m", minutes);
  if (minutes < 10 * 60) return fmt::format("{} h {:02} m", minutes / 60, minutes % 60 / 10 * 10);
  const std::int64_t hours = (minutes + 30) / 60;
  if (hours < 36) return fmt::format("{} h", hours);
  return fmt::format("{} d", (hours + 12) / 24);
}

std::string whole_seconds(std::int64_t us) {
  const std::int64_t seconds = us / kSecond_us;
  return seconds < 60 ? fmt::format("{} s", seconds) : format_duration_us(seconds * kSecond_us);
}

std::size_t rows_wanted(const ScreenSize& size) {
  return static_cast<std::size_t>(std::max(1, size.rows));
}

std::vector<ScreenLine> render_head(const LiveView& view, const ScreenSize& size) {
  const Layout text{std::clamp(size.columns - 1, 1, kTextColumns), std::max(1, size.rows - 1)};
  std::vector<ScreenLine> out = {header(view, text.width)};
  if (text.height >= 2) add_best(view, text, out);
  return out;
}

std::vector<ScreenLine> render(const LiveView& view, const ScreenSize& size) {
  const Layout layout{std::max(1, size.columns - 1), std::max(1, size.rows - 1)};
  const int width = layout.width;
  const int height = layout.height;
  const Layout text{std::min(width, kTextColumns), height};
  std::vector<ScreenLine> out = render_head(view, size);
  if (height >= kHeightForPlot && view.curve.dots.size() >= kDotsForPlot) {
    const bool tall = height >= kHeightForTall;
    auto plot = value_plot(view.curve, view.goal, text.width, tall ? 4 : 3);
    for (ScreenLine& line : plot) out.push_back(std::move(line));
  }
  if (height >= kHeightForTall) out.emplace_back();

  const ScreenLine last = facts(view, width);
  const bool with_facts = height >= 8 && last.width() > 0;
  const int reserved = (height >= 5 ? 1 : 0) + (with_facts ? 1 : 0);
  const int with_heading = height >= 6 ? 1 : 0;
  const int room = height - static_cast<int>(out.size()) - reserved - with_heading;
  const auto running =
      static_cast<int>(view.running.size() + static_cast<std::size_t>(view.running_hidden));
  const auto recent = static_cast<int>(view.recent.size());
  int show_running = std::min(running, room - std::min({2, recent, room / 3}));
  const int show_recent = std::clamp(room - show_running, 0, std::min(recent, kRecentWanted));
  std::vector<LiveRow> rows;
  const bool cut = running > show_running && show_running > 1;
  if (cut) --show_running;
  for (int i = 0; i < show_running && i < static_cast<int>(view.running.size()); ++i)
    rows.push_back(view.running[static_cast<std::size_t>(i)]);
  const std::size_t running_rows = rows.size();
  for (int i = 0; i < show_recent; ++i) rows.push_back(view.recent[static_cast<std::size_t>(i)]);
  std::vector<ScreenLine> table = trial_table(view, rows, width);
  if (!rows.empty() && with_heading != 0) out.push_back(std::move(table.front()));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i == running_rows && cut) break;
    out.push_back(std::move(table[i + 1]));
  }
  if (cut) {
    ScreenLine more;
    more.add(fmt::format("  {} more running", running - show_running), Tone::dim);
    more.cut(width);
    out.push_back(std::move(more));
    for (std::size_t i = running_rows; i < rows.size(); ++i) out.push_back(std::move(table[i + 1]));
  }
  if (height >= 5) {
    ScreenLine line = footer(view, static_cast<std::size_t>(show_recent), width);
    if (line.width() > 2) out.push_back(std::move(line));
  }
  if (with_facts) out.push_back(last);
  return out;
}

}  // namespace hone::cli
