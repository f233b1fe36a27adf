#include "hone/cli/trial_text.h"

#include <fmt/core.h>

#include "hone/analysis/replicates.h"
#include "hone/base/text.h"
#include "hone/cli/lines.h"

namespace hone::cli {

std::vector<std::string> result_texts(const History& history, std::int64_t trial) {
  const StudySpec& spec = history.spec();
  std::vector<std::string> texts;
  for (const Result& result : history.trial(trial).results) {
    const Metric& metric = spec.metrics[static_cast<std::size_t>(result.metric)];
    std::string text = fmt::format("{} {}", metric.name, metric_text(result.value));
    if (result.sd)
      text += fmt::format(" ± {} ({} runs)", format_number(*result.sd, 2), result.count);
    if (result.at_fidelity) {
      text += fmt::format(" at {} {}", spec.fidelity ? spec.fidelity->name : "step",
                          format_number(*result.at_fidelity, 6));
    }
    texts.push_back(std::move(text));
  }
  const auto confirmed = confirmed_values(history, trial);
  if (confirmed.empty()) return texts;
  std::string text;
  for (const double v : confirmed) text += (text.empty() ? "" : ", ") + metric_text(v);
  texts.push_back("confirmed with fresh seeds: " + text);
  return texts;
}

std::vector<std::string> ending_texts(const Trial& trial) {
  std::vector<std::string> texts;
  if (!trial.reason.empty() && trial.state != TrialState::failed)
    texts.push_back("reason: " + trial.reason);
  for (const TrialWarning& warning : trial.warnings)
    texts.push_back(fmt::format("warning ({}): {}", warning.detector, warning.reason));
  return texts;
}

}  // namespace hone::cli
