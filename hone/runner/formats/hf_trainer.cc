// The dicts that the Hugging Face Trainer prints, with plain numbers (transformers 4) or quoted
// ones (5), anywhere in a line because a progress bar or a logger may stand before them. ms-swift
// prints the same with its own members. LLaMA-Factory's logger prints a rounded copy (`… >>
// {'loss': 1.2, …}`) of what the Trainer prints as well: such copies have the lowest rank, so that
// they count only where nothing better is on the source.
#include "hone/runner/formats/dict_record.h"
#include "hone/runner/log_format.h"

namespace hone::log_format {
namespace {

constexpr int kMaxDicts = 4;  // tries per line: each may read to the line's end

}  // namespace

Reading read_hf_trainer(const Line& line, FormatContext& context, ParsedRecord& record) {
  std::size_t at = line.text.find("{'");
  for (int tries = 0; tries < kMaxDicts && at != std::string_view::npos; ++tries) {
    ScannedObject object;
    if (scan_object(line.text.substr(at), object)) {
      record = {};
      const DictTraits traits = fill_from_object(object, record);
      bool counts = traits.trainer || traits.ms_swift;
      for (const auto& metric : record.metrics)
        counts = counts || context.wanted.contains(metric.name);
      if (counts) {
        const bool copy = line.text.substr(0, at).ends_with(">> ");
        record.format = traits.ms_swift ? "ms_swift" : copy ? "llama_factory" : "";
        if (record.metrics.empty()) return Reading::silent;
        return copy ? Reading::copy : Reading::record;
      }
    }
    at = line.text.find("{'", at + 1);
  }
  return Reading::not_mine;
}

}  // namespace hone::log_format
