#include "hone/cli/proposed.h"

#include <fmt/core.h>

#include <cmath>

#include "hone/base/text.h"

namespace hone::cli {
namespace {

std::string after(const Value& info) {
  const std::int64_t trials = info.int_or("of", 0);
  return trials > 0 ? fmt::format(" after {} trials", trials) : "";
}

/// How far earlier studies shaped it.
std::string by_sources(const Value& info) {
  const Value* sources = info.find("sources");
  if (sources == nullptr || !sources->is_map()) return "";
  std::vector<std::string> shares;
  for (const auto& [study, weight] : sources->as_map())
    shares.push_back(
        weight.is_number() ? fmt::format("{} {:.0f} %", study, 100 * weight.as_number()) : study);
  return fmt::format("; expects what {} says, with a correlation of {:.2g}", join(shares, ", "),
                     info.number_or("trust", 0));
}

/// What it is expected to cost, where cheaper ones were preferred.
std::string by_cost(const Value& info) {
  std::string amount;
  if (const Value* time = info.find("expected_s"); time != nullptr && time->is_number())
    amount = format_duration_us(std::llround(time->as_number() * 1e6));
  if (const Value* cost = info.find("expected_cost"); cost != nullptr && cost->is_number())
    amount = format_number(cost->as_number(), 3);
  return amount.empty() ? "" : fmt::format(", for its cost (about {} expected)", amount);
}

std::string by_process(const Value& info) {
  const Value* theta = info.find("theta");
  const bool several = theta != nullptr && theta->is_list() && !theta->as_list().empty() &&
                       theta->as_list().front().is_list();
  std::string text = std::string("gp: the most expected improvement") +
                     (several ? " of the front" : "") + after(info);
  if (const Value* box = info.find("box"); box != nullptr && box->is_number())
    text += fmt::format(", within {:.0f} % of each range around {}", 100 * box->as_number(),
                        several ? "one of it" : "the best");
  return text + by_cost(info) + by_sources(info);
}

std::string by_estimator(const Value& info) {
  const std::int64_t good = info.int_or("good", 0);
  return "tpe: unlike the others, like the best" +
         (good > 0 ? fmt::format(" {} of {} trials", good, info.int_or("of", 0)) : after(info));
}

std::string by_breeding(const std::string& rule, const Value& info) {
  const Value* parents = info.find("parents");
  if (parents == nullptr || !parents->is_list()) return rule;
  std::vector<std::string> names;
  for (const Value& trial : parents->as_list()) names.push_back(trial.dump());
  return rule + (names.size() == 1 ? ": a mutation of trial " + names.front()
                                   : ": a child of trials " + join(names, " and "));
}

}  // namespace

std::string proposed_text(const Proposal& proposal) {
  const Value& info = proposal.info;
  const std::string rule = info.string_or("rule", "");
  if (rule == "default") return "the defaults, which the result is compared with";
  if (rule == "start") return "start design: the first trials are spread over the space";
  if (rule == "warm_start") return "best of an earlier study: " + info.string_or("from", "");
  if (rule == "enqueued") return "enqueued by a user";
  if (rule == "smaller") return info.string_or("why", "");
  if (rule == "random") return "a random draw";
  if (rule == "gp") return by_process(info);
  if (rule == "explore")
    return "gp, exploring: where the model knows least" + after(info) + by_sources(info);
  if (rule == "tpe") return by_estimator(info);
  if (rule == "cmaes") {
    return fmt::format(
        "cmaes: generation {}{}", 1 + info.int_or("generation", 0),
        info.find("warm") != nullptr ? ", from where earlier studies were best" : "");
  }
  if (rule == "forest") return "forest: the most expected improvement" + after(info);
  if (rule == "evolution")
    return fmt::format("evolution: a mutation of trial {}", info.int_or("parent", 0));
  if (rule == "local")
    return fmt::format("evolution: a neighbour of trial {}", info.int_or("parent", 0));
  if (rule == "nsga2" || rule == "nsga3") return by_breeding(rule, info);
  if (rule == "pbt" || rule == "pb2" || rule == "replay")
    return fmt::format("{}: {}", rule, info.string_or("why", ""));
  if (rule == "imported") return "taken over from elsewhere";
  return rule;
}

}  // namespace hone::cli
