// Keys as printed become names as they are; only positions are understood.
#include "hone/runner/formats/dict_record.h"

#include "hone/runner/log_format_text.h"

namespace hone::log_format {

DictTraits fill_from_object(const ScannedObject& object, ParsedRecord& record) {
  DictTraits traits;
  RecordBuilder builder(record);
  for (const auto& member : object.members) {
    if (member.key == "global_step/max_steps") {
      traits.ms_swift = true;
      Cursor steps(member.text);
      if (const auto step = steps.integer(); step && steps.skip("/"))
        builder.add("global_step", *step);
      continue;
    }
    if (member.is_text) continue;
    if (member.nested) {
      add_metric(record, member.key, member.value);
      continue;
    }
    if (member.key == "current_steps") traits.llama_factory = true;
    if (is_epoch_key(member.key) || member.key.starts_with("eval_") || member.key == "grad_norm" ||
        member.key == "train_runtime") {
      traits.trainer = true;
    }
    builder.add(member.key, member.value);
  }
  return traits;
}

}  // namespace hone::log_format
