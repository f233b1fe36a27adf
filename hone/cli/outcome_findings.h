// What a finished study teaches beyond its best trial: what mattered, which pair interacts, and
// what to try next. Sentences for people, and the same as JSON.
#pragma once

#include <string>
#include <vector>

#include "hone/analysis/bounds.h"
#include "hone/analysis/importance.h"
#include "hone/cli/outcome.h"

namespace hone::cli {

struct Findings {
  Importance importance;
  std::vector<AtBound> at_bound;
};

/// Pure. Up to about a second for thousands of trials.
Findings find_findings(const History& history, const Outcome& outcome);

/// Stands for a blank at which no line is broken ("68 % ± 7").
constexpr char kGlue = '\x1f';

/// "What mattered: lr 68 % ± 7, batch 14 % ± 5 (others under 3 %); lr × batch interact." Says so
/// where nothing is told apart from chance or trials are too few; empty where there is nothing to
/// compare (fewer than two trials, or one parameter). With kGlue.
std::string importance_text(const Importance& importance);
/// Sentences that advise, each one a hint that follows from the record; empty when there is none.
std::vector<std::string> next_texts(const History& history, const Outcome& outcome,
                                    const Findings& findings, const std::string& study);

/// Sets "importance" and "at_bound" of a summary.
void set_findings(Value& summary, const History& history, const Findings& findings);

}  // namespace hone::cli
