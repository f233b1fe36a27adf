// Asynchronous successive halving (Li et al. 2020, arXiv 1810.05934): the options and which variant
// they choose. The variants are in asha_stop.cc and asha_promote.cc; the sweep file's
// early_terminate, which counts differently, is in wandb_bands.cc.
#include "hone/scheduler/asha.h"

#include <fmt/core.h>

#include <algorithm>

#include "hone/base/text.h"
#include "hone/scheduler/registry.h"

namespace hone {
namespace {

const OptionTable<AshaOptions>& asha_options() {
  static const OptionTable<AshaOptions> table =
      OptionTable<AshaOptions>(
          "asha", "Compares trials at rungs of growing fidelity and keeps the best 1/eta")
          .text("mode", &AshaOptions::mode, {"auto", "stop", "promote"},
                "stop: end trials that fall behind at a rung; promote: pause every trial at a rung "
                "and go on with the "
                "best; auto: promote where a checkpoint is declared, else stop")
          .number("eta", &AshaOptions::eta, 1.1, 1000,
                  "One in eta goes on past a rung; rungs are a factor eta apart")
          .number("min", &AshaOptions::min, 1e-300, 1e300,
                  "Fidelity of the first rung; default: fidelity.min")
          .integer("brackets", &AshaOptions::brackets, 1, 64,
                   "So many first rungs, each eta times the last; as hyperband has them")
          .text("rule", &AshaOptions::rule, {"rank", "wandb"},
                "rank: by rank at a rung; wandb: as early_terminate of W&B sweep files, which "
                "counts logged values")
          .number("min_iter", &AshaOptions::min_iter, 1, 1e15,
                  "rule wandb: first band, in logged values")
          .number("max_iter", &AshaOptions::max_iter, 1, 1e15,
                  "rule wandb: with s, bands at max_iter/eta^k")
          .number("s", &AshaOptions::s, 1, 100, "rule wandb: number of bands below max_iter")
          .boolean("strict", &AshaOptions::strict,
                   "rule wandb: judge the value at the band itself; false: the best value so far");
  return table;
}

bool mentions_fidelity(const StudySpec& spec) {
  const auto has = [](const std::string& text) {
    return text.find("${fidelity}") != std::string::npos;
  };
  const Command& command = spec.command;
  if (std::any_of(command.argv.begin(), command.argv.end(), has)) return true;
  for (const auto& [name, text] : command.env) {
    if (has(text)) return true;
  }
  for (const ConfigFile& file : command.files) {
    for (const auto& [path, text] : file.set) {
      if (has(text)) return true;
    }
  }
  return false;
}

}  // namespace

double rung_loss(const StudySpec& spec, double value) {
  return spec.objective().goal == Goal::minimize ? value : -value;
}

std::optional<double> first_rung(const char* scheduler, std::optional<double> min,
                                 const StudySpec& spec, std::vector<OptionProblem>& problems) {
  if (!spec.fidelity) {
    problems.push_back(
        {"type",
         fmt::format("{} compares trials at equal fidelity, and the study declares none. Add for "
                     "example fidelity: {{name: epoch, min: 1, max: 9}}",
                     scheduler)});
    return std::nullopt;
  }
  const double first = min.value_or(spec.fidelity->min);
  const std::optional<double> max = spec.fidelity->max;
  if (!(first > 0)) {
    problems.push_back(
        {"min", fmt::format("the first rung must be above 0, not {}", format_number(first))});
    return std::nullopt;
  }
  if (max && *max <= first) {
    problems.push_back({"min", fmt::format("the first rung, {}, must be below full fidelity, {}",
                                           format_number(first), format_number(*max))});
    return std::nullopt;
  }
  return first;
}

bool can_promote(const StudySpec& spec) { return spec.checkpoint || mentions_fidelity(spec); }

void check_promotion(const char* option, const StudySpec& spec,
                     std::vector<OptionProblem>& problems) {
  if (spec.fidelity && !spec.fidelity->max) {
    problems.push_back(
        {option, "promotion ends at full fidelity, and the study has none: give fidelity.max"});
  }
  if (!can_promote(spec)) {
    problems.push_back(
        {option,
         "promotion starts a paused trial again with more fidelity: declare a checkpoint, or pass "
         "${fidelity} in the command"});
  }
}

std::unique_ptr<Scheduler> make_asha(const StudySpec& spec, std::vector<OptionProblem>& problems) {
  const std::size_t before = problems.size();
  const AshaOptions options = asha_options().parse(spec.scheduler.options, problems);
  if (problems.size() != before) return nullptr;
  if (options.rule == "wandb") return make_wandb_bands(options, spec, problems);
  for (const char* name : {"min_iter", "max_iter", "s", "strict"}) {
    const Value* given = spec.scheduler.options.find(name);
    if (given != nullptr && !given->is_null())
      problems.push_back({name, "belongs to 'rule: wandb' only"});
  }
  const auto first = first_rung("asha", options.min, spec, problems);
  const bool promote =
      options.mode == "promote" || (options.mode == "auto" && spec.checkpoint.has_value());
  if (promote) check_promotion("mode", spec, problems);
  if (problems.size() != before) return nullptr;
  Brackets brackets(*first, options.eta, spec.fidelity->max, options.brackets);
  return promote ? make_asha_promote(std::move(brackets), spec, "asha, promoting")
                 : make_asha_stop(std::move(brackets), spec, "asha");
}

AlgorithmHelp asha_help() { return asha_options().help(); }

}  // namespace hone
