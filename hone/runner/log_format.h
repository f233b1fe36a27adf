// What the formats share: the line as they see it, the state they keep between lines, and the table
// of readers. One format = one file in formats/. A reader answers for one line and knows nothing of
// bytes, cuts or ranks.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hone/runner/metric_parser.h"

namespace hone::log_format {

/// Which characters occur in a line: lets a reader be passed over without a look at the text.
enum CharClass : std::uint32_t {
  kBrace = 1u << 0,    ///< {
  kEquals = 1u << 1,   ///< =
  kColon = 1u << 2,    ///< :
  kBar = 1u << 3,      ///< |
  kBracket = 1u << 4,  ///< [
  kDigit = 1u << 5,    ///< 0-9
  kSlash = 1u << 6,    ///< /
  kAt = 1u << 7,       ///< @
  kControl = 1u << 8,  ///< below 0x20 but tab, and 0x7f
};
std::uint32_t char_classes(std::string_view text);

enum class LineEnd : std::uint8_t {
  newline,          ///< \n, \r\n
  carriage_return,  ///< a bare \r: the program is about to write over the line
  source,           ///< the source ended without a line end
};

struct Line {
  std::string_view raw;   ///< without line end, ANSI sequences and other control characters
  std::string_view text;  ///< raw without blanks at both ends
  LineEnd end = LineEnd::newline;
  std::uint32_t classes = 0;  ///< of raw
};

/// What readers remember between lines; all of it bounded, all of it saved.
struct FormatState {
  std::optional<double> announced_epoch;  ///< from a line "Epoch 3/10" (Keras and many scripts)
  bool lightgbm_skip_next = false;  ///< after "best iteration is:" an old line is printed again
  std::string lightgbm_validation;  ///< first data set that is not the training set
  std::string litgpt_val;  ///< the last "val:" of an iteration line: repeated until it is new
  bool litgpt_val_lines = false;  ///< "iter 100: val loss" lines exist on this source
  std::optional<double> litgpt_iter;
  double llama_epochs_done = 0;
  bool history_inside = false;  ///< between "log_history": [ and ] of a trainer_state.json
  bool history_entry = false;   ///< between { and } there
  int history_lines = 0;        ///< lines of the entry so far
  ParsedRecord history;         ///< what they said
  char csv_delimiter = ',';
  std::vector<std::string> csv_header;  ///< empty = no header yet
};

/// The declared names, for fast look-up.
class NameSet {
 public:
  explicit NameSet(std::vector<std::string> names);
  bool contains(std::string_view name) const;
  bool empty() const { return names_.empty(); }

 private:
  std::vector<std::string> names_;  // sorted
};

struct FormatContext {
  const NameSet& wanted;
  std::string_view fidelity;
  FormatState& state;
};

enum class Reading : std::uint8_t {
  not_mine,  ///< other formats may look at the line
  silent,    ///< a line of this format that reports nothing
  record,
  copy,  ///< a record, but a poorer copy of what the program prints elsewhere: of the lowest rank
};

/// Of two ranks that give the same name on a source the higher is kept.
enum class Rank : std::uint8_t { generic, recognised, pattern, explicit_line };

struct LogFormat {
  std::array<std::string_view, 4>
      labels;           ///< the first is the name; the others name known dialects
  std::uint32_t needs;  ///< classes that a line must have, all of them
  Rank rank;
  bool automatic;  ///< false: only where `only` names it
  Reading (*read)(const Line&, FormatContext&, ParsedRecord&);
};
/// All formats in the order in which they are asked.
std::span<const LogFormat> formats();

// Labels of records that none of these formats reads.
inline constexpr std::string_view kExplicitLabel = "explicit";
inline constexpr std::string_view kPatternLabel = "pattern";
inline constexpr std::string_view kTensorboardLabel = "tensorboard";
/// What people call the format, dialect or other record with this label; "" for any other.
std::string_view format_title(std::string_view label);

// The readers, one per file in formats/. `record` is empty on entry; its content counts after
// Reading::record and copy. A reader may set `record.format` to a dialect's label; empty = the
// format's name.
Reading read_hf_trainer(const Line&, FormatContext&, ParsedRecord&);
Reading read_hf_trainer_state(const Line&, FormatContext&, ParsedRecord&);
Reading read_json_lines(const Line&, FormatContext&, ParsedRecord&);
Reading read_xgboost(const Line&, FormatContext&, ParsedRecord&);
Reading read_lightgbm(const Line&, FormatContext&, ParsedRecord&);
Reading read_keras(const Line&, FormatContext&, ParsedRecord&);
Reading read_torchtune(const Line&, FormatContext&, ParsedRecord&);
Reading read_litgpt(const Line&, FormatContext&, ParsedRecord&);
Reading read_llama_cpp(const Line&, FormatContext&, ParsedRecord&);
Reading read_csv(const Line&, FormatContext&, ParsedRecord&);
Reading read_key_value(const Line&, FormatContext&, ParsedRecord&);

/// `@hone {…}` anywhere in a line up to its end. nullopt: no such line; false: there is one, but it
/// is broken.
std::optional<bool> read_explicit(const Line&, ParsedRecord&);

}  // namespace hone::log_format
