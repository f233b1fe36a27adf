// The screens of `hone top`: studies, one study with its trials, one trial, its log, what mattered.
// `Top` is what is shown and selected; keys change it, and it makes lines of data that somebody
// else has read. No terminal, no store: the same data, keys and size give the same lines.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hone/analysis/drawing.h"
#include "hone/cli/ui_keys.h"
#include "hone/cli/ui_model.h"
#include "hone/cli/ui_render.h"
#include "hone/cli/ui_text.h"
#include "hone/cli/ui_trial_order.h"

namespace hone::cli {

struct TopStudy {
  std::string title;
  std::string state;  ///< as `hone list` says it
  std::int64_t trials = 0;
  std::string best;    ///< "" while it is not known
  std::string metric;  ///< "" while it is not known
  std::string begun;   ///< "3 h ago"
};

/// A trial's own page, beside what its row says.
struct TopTrial {
  std::vector<std::pair<std::string, std::string>> parameters;
  std::vector<std::string> results;  ///< a line each: "val_loss 1.25 ± 0.02 (3 runs)"
  std::vector<std::string> notes;    ///< why proposed, why ended, warnings; long ones are folded
};

/// What was read.
struct TopData {
  std::string store;
  std::vector<TopStudy> studies;
  std::string said;  ///< what came of the last thing asked for
  // Of the study that is open:
  const History* history = nullptr;
  LiveModel* model = nullptr;
  LiveMoment moment;
  std::string state;
  bool is_led = true;  ///< by a living process
  // Of the trial that is open:
  TopTrial trial;
  std::vector<std::string> log;  ///< lines, the newest last
  std::string log_note;          ///< why there are none; "" otherwise
  // What mattered:
  std::vector<std::string> lessons;  ///< sentences; empty while they are being found
  const Drawing* importance = nullptr;
};

enum class TopPage { studies, study, trial, log, importance, help };

/// Not thread-safe.
class Top {
 public:
  /// `study`: a position in the list of studies to open at once.
  explicit Top(std::optional<std::size_t> study, std::optional<std::int64_t> trial);

  void press(const KeyPress& key, const TopData& data);
  /// At most `rows` − 1 lines of at most `columns` − 1 columns.
  std::vector<ScreenLine> screen(const TopData& data, const ScreenSize& size);

  TopPage page() const { return page_; }
  bool wants_end() const { return wants_end_; }
  /// Position in the list of studies of the one that is open or selected.
  std::size_t study() const { return study_; }
  /// The number of the trial that is open or selected; −1: none.
  std::int64_t trial() const { return trial_; }
  bool shows_errors() const { return shows_errors_; }
  /// A trial that is to be stopped, once.
  std::optional<std::int64_t> take_stop();

 private:
  void go(TopPage page);
  void back();
  void press_character(char c, const TopData& data);
  void move(std::int64_t by, const TopData& data);
  void open(const TopData& data);
  /// Numbers of the trials that are chosen, in their order; none while there is no history.
  std::shared_ptr<const std::vector<std::int64_t>> chosen(const TopData& data);
  std::int64_t position(const std::vector<std::int64_t>& trials) const;

  std::vector<ScreenLine> studies_screen(const TopData& data, int width, int height);
  std::vector<ScreenLine> study_screen(const TopData& data, int width, int height);
  std::vector<ScreenLine> trial_screen(const TopData& data, int width, int height);
  std::vector<ScreenLine> log_screen(const TopData& data, int width, int height);
  std::vector<ScreenLine> importance_screen(const TopData& data, int width, int height);
  static std::vector<ScreenLine> help_screen(int width);
  ScreenLine bottom(const TopData& data, int width) const;

  TopPage page_ = TopPage::studies;
  std::vector<TopPage> before_;
  bool wants_end_ = false;
  bool shows_errors_ = false;  ///< stderr in place of stdout
  std::size_t study_ = 0;
  std::int64_t trial_ = -1;
  TrialList list_;
  TrialOrder order_ = TrialOrder::newest;
  TrialChoice choice_ = TrialChoice::all;
  std::int64_t first_shown_ = 0;  ///< of the trials, or of the studies
  std::int64_t first_study_ = 0;
  std::int64_t log_back_ = 0;    ///< lines from the end; 0 follows
  std::int64_t page_rows_ = 10;  ///< what a page key moves by
  bool asks_to_stop_ = false;
  std::optional<std::int64_t> stop_;
};

}  // namespace hone::cli
