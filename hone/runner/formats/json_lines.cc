// One JSON object per line: LLaMA-Factory's trainer_log.jsonl (current_steps, total_steps, …),
// ms-swift's logging.jsonl ("global_step/max_steps": "5/94"), tinker-cookbook's metrics.jsonl and
// whatever writes its own. The object is the whole line, else prose that quotes JSON would count.
#include "hone/runner/formats/dict_record.h"
#include "hone/runner/log_format.h"

namespace hone::log_format {

Reading read_json_lines(const Line& line, FormatContext&, ParsedRecord& record) {
  if (!line.text.starts_with('{') || !line.text.ends_with('}')) return Reading::not_mine;
  if (line.text.size() > 1 && line.text[1] == '\'') return Reading::not_mine;  // a Python dict
  ScannedObject object;
  if (!scan_object(line.text, object) || object.length != line.text.size())
    return Reading::not_mine;
  const DictTraits traits = fill_from_object(object, record);
  if (traits.llama_factory) record.format = "llama_factory";
  if (traits.ms_swift) record.format = "ms_swift";
  return record.metrics.empty() ? Reading::silent : Reading::record;
}

}  // namespace hone::log_format
