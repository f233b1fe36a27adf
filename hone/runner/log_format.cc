// The table of formats. Order matters where two could read the same line: the stricter comes first,
// and what reads almost anything (key=value) comes last.
#include "hone/runner/log_format.h"

#include <algorithm>

namespace hone::log_format {
namespace {

constexpr std::array<std::uint32_t, 256> class_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::size_t c = 0; c < 0x20; ++c) table[c] = kControl;
  table['\t'] = 0;
  table[0x7F] = kControl;
  for (std::size_t c = '0'; c <= '9'; ++c) table[c] = kDigit;
  table['{'] = kBrace;
  table['='] = kEquals;
  table[':'] = kColon;
  table['|'] = kBar;
  table['['] = kBracket;
  table['/'] = kSlash;
  table['@'] = kAt;
  return table;
}
constexpr auto kClasses = class_table();

constexpr std::array<LogFormat, 11> kFormats{{
    {{"hf_trainer_state"}, 0, Rank::recognised, true, read_hf_trainer_state},
    {{"json_lines", "llama_factory", "ms_swift"}, kBrace, Rank::recognised, true, read_json_lines},
    {{"hf_trainer", "llama_factory", "ms_swift"}, kBrace, Rank::recognised, true, read_hf_trainer},
    {{"xgboost"}, kBracket | kDigit | kColon, Rank::recognised, true, read_xgboost},
    {{"lightgbm"}, kColon, Rank::recognised, true, read_lightgbm},
    {{"torchtune"}, kBar | kColon | kDigit, Rank::recognised, true, read_torchtune},
    {{"litgpt"}, kColon | kDigit, Rank::recognised, true, read_litgpt},
    {{"llama_cpp"}, kEquals | kDigit, Rank::recognised, true, read_llama_cpp},
    {{"keras"}, kSlash | kDigit, Rank::recognised, true, read_keras},
    {{"csv"}, 0, Rank::recognised, false, read_csv},
    {{"key_value"}, 0, Rank::generic, true, read_key_value},
}};

struct Title {
  std::string_view label;
  std::string_view title;
};
constexpr std::array<Title, 16> kTitles{{
    {"csv", "CSV with a header line"},
    {"hf_trainer", "Hugging Face Trainer log lines"},
    {"hf_trainer_state", "Hugging Face Trainer's trainer_state.json"},
    {"json_lines", "JSON lines"},
    {"keras", "Keras progress lines"},
    {"key_value", "name=value lines"},
    {"lightgbm", "LightGBM evaluation lines"},
    {"litgpt", "litgpt log lines"},
    {"llama_cpp", "llama.cpp log lines"},
    {"llama_factory", "LLaMA-Factory log lines"},
    {"ms_swift", "ms-swift log lines"},
    {"torchtune", "torchtune log lines"},
    {"xgboost", "XGBoost evaluation lines"},
    {kExplicitLabel, "@hone lines"},
    {kPatternLabel, "lines of your pattern"},
    {kTensorboardLabel, "TensorBoard event files"},
}};

}  // namespace

std::uint32_t char_classes(std::string_view text) {
  std::uint32_t classes = 0;
  for (const char c : text) classes |= kClasses[static_cast<unsigned char>(c)];
  return classes;
}

NameSet::NameSet(std::vector<std::string> names) : names_(std::move(names)) {
  std::sort(names_.begin(), names_.end());
}

bool NameSet::contains(std::string_view name) const {
  return std::binary_search(names_.begin(), names_.end(), name, std::less<>{});
}

std::span<const LogFormat> formats() { return kFormats; }

std::string_view format_title(std::string_view label) {
  const auto* const found = std::ranges::find(kTitles, label, &Title::label);
  return found == kTitles.end() ? std::string_view() : found->title;
}

}  // namespace hone::log_format
