// What is recorded beside the metrics, and who is told of ends: `system_metrics` and `hooks`.
#include "hone/study/tracking_spec.h"

#include <fmt/core.h>

#include "hone/study/placeholders.h"
#include "hone/study/study_file_reader.h"

namespace hone {
namespace {

constexpr std::int64_t kShortestSample_us = 1'000'000;

bool is_address(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (text.starts_with(scheme) && text.size() > scheme.size()) return true;
  }
  return false;
}

/// A hook is not about one configuration: what has ended comes in variables and as JSON.
void check_placeholders_of(StudyFileReader& reader, const YamlNode& node, const std::string& what) {
  if (!node.is_scalar()) return;
  for (const PlaceholderUse& use : find_placeholders(node.text)) {
    if (use.name.starts_with("envvar:")) continue;
    reader.error(
        span_within(node, reader.source(), use.offset, use.length),
        fmt::format("{} knows ${{envvar:NAME}} only, not ${{{}}}", what, use.name),
        "what has ended is in HONE_STUDY, HONE_TRIAL and HONE_RESULT_JSON of its environment");
  }
}

std::optional<Hook> read_hook(StudyFileReader& reader, const YamlMember& member) {
  const std::string what = "hooks." + member.key;
  const YamlNode& node = member.value;
  Hook hook;
  if (node.is_scalar()) {
    hook.url = reader.text(node, what).value_or("");
    if (hook.url.empty()) return std::nullopt;
    if (!is_address(hook.url)) {
      reader.error(node.span,
                   fmt::format("{} must be a program as a list of texts, or an address that begins "
                               "with http:// or https://, not {}",
                               what, reader.shown(node)),
                   "a program: [python, tell.py]");
      return std::nullopt;
    }
    check_placeholders_of(reader, node, what);
    return hook;
  }
  auto command = reader.texts(node, what, "[python, tell.py], or an address http://…");
  if (!command) return std::nullopt;
  if (command->empty()) {
    reader.error(node.span, fmt::format("{} names no program", what));
    return std::nullopt;
  }
  for (const YamlNode& item : node.items) check_placeholders_of(reader, item, what);
  hook.command = *std::move(command);
  return hook;
}

void read_hooks(StudyFileReader& reader, const YamlNode& node, TrackingSpec& tracking) {
  if (!reader.is_map(node, "hooks", "{finished: [python, tell.py]}")) return;
  reader.check_keys(node, study_file_section("hooks"), "hooks");
  if (const YamlMember* member = node.find("finished"))
    tracking.finished = read_hook(reader, *member);
  if (const YamlMember* member = node.find("trial_finished"))
    tracking.trial_finished = read_hook(reader, *member);
}

void read_system_metrics(StudyFileReader& reader, const YamlNode& node, std::int64_t& every_us) {
  if (node.is_scalar() && resolve_scalar(node).is_bool()) {
    if (!resolve_scalar(node).as_bool()) every_us = 0;
    return;
  }
  const auto given = reader.duration_us(node, "system_metrics");
  if (!given) return;
  if (*given < kShortestSample_us) {
    reader.error(node.span, "system_metrics: a look a second is the most there is",
                 "write 1s or more, or false for none");
    return;
  }
  every_us = *given;
}

}  // namespace

void read_tracking(StudyFileReader& reader, const YamlNode& root, StudyDraft& draft) {
  if (const YamlMember* hooks = root.find("hooks"))
    read_hooks(reader, hooks->value, draft.tracking);
  if (const YamlMember* every = root.find("system_metrics"))
    read_system_metrics(reader, every->value, draft.tracking.system_metrics_us);
}

TrackingSpec tracking_of(std::string_view source) {
  return load_study_file(source, "study.yaml", LoadOptions{}).tracking;
}

std::string masked_address(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return "***";
  const std::size_t at = url.find('@', scheme);
  const std::size_t slash = url.find('/', scheme + 3);
  const bool has_user = at != std::string_view::npos && at < slash;
  const std::size_t host = has_user ? at + 1 : scheme + 3;
  std::string out(url.substr(0, scheme + 3));
  out += url.substr(host, slash == std::string_view::npos ? slash : slash - host);
  return slash == std::string_view::npos || slash + 1 == url.size() ? out : out + "/***";
}

std::string mask_hooks(std::string text) {
  const TrackingSpec tracking = tracking_of(text);
  for (const auto& hook : {tracking.finished, tracking.trial_finished}) {
    if (!hook || hook->url.empty()) continue;
    const std::string masked = masked_address(hook->url);
    for (std::size_t at = 0; (at = text.find(hook->url, at)) != std::string::npos;
         at += masked.size())
      text.replace(at, hook->url.size(), masked);
  }
  return text;
}

}  // namespace hone
