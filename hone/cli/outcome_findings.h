// What a finished study teaches beyond its best trial, as the end of a run says it: what mattered,
// where the best lies, what to try next; and as JSON. The statements are those of
// analysis/findings.
#pragma once

#include <string>
#include <vector>

#include "hone/analysis/findings.h"
#include "hone/cli/outcome.h"

namespace hone::cli {

/// Stands for a blank at which no line is broken ("68 % ± 7").
constexpr char kGlue = '\x1f';

/// "What mattered: lr 68 % ± 7, batch 14 % ± 5 (others under 3 %); lr × batch interact." Says so
/// where nothing is told apart from chance or trials are too few; empty where there is nothing to
/// compare (fewer than two trials, or one parameter). With kGlue.
std::string importance_text(const Importance& importance);
/// Where the best lies and where trials failed, as sentences without full stops; what matters is in
/// importance_text and what to widen in next_texts.
std::vector<std::string> learnt_texts(const Findings& findings);
/// Sentences that advise, each one a hint that follows from the record; empty when there is none.
std::vector<std::string> next_texts(const History& history, const Outcome& outcome,
                                    const Findings& findings, const std::string& study);

/// Sets "importance" and "findings" of a summary.
void set_findings(Value& summary, const History& history, const Findings& findings);

}  // namespace hone::cli
