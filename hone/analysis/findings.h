// What a study taught, in plain words, each statement with its evidence: one source for the end of
// a run, reports, the page and Python.
//
// A statement is made where chance is out of the question, so a study whose objective ignores the
// parameters is told nothing: effects on the order or on the values of the trials by permutation
// tests with the corrections of Bonferroni (two scales) and Holm (1979,
// Scandinavian Journal of Statistics 6) over the parameters, at 1 %; interactions by the largest of
// all pairs, at 1 %; failures by exact tests over all sides of all parameters, at 0.5 %. Regions
// and best values are told of parameters that matter only, from intervals of the forests' partial
// dependence; that a parameter hardly matters only where others explain much.
#pragma once

#include <string>
#include <vector>

#include "hone/analysis/fanova.h"
#include "hone/analysis/importance.h"
#include "hone/base/value.h"
#include "hone/study/history.h"

namespace hone {

enum class StatementKind {
  matters,         ///< a parameter explains a share of the differences
  best_region,     ///< … and is best between two values
  best_value,      ///< … and is best at one item of a choice
  bound,           ///< … and is best at an end of its range, which may be too tight
  interaction,     ///< two parameters matter together
  hardly_matters,  ///< a parameter explains next to nothing
  failures,        ///< failures of a kind lie on one side of a parameter
};
const char* statement_kind_name(StatementKind kind);

struct Statement {
  StatementKind kind = StatementKind::matters;
  std::string parameter;
  std::string second;  ///< of an interaction
  std::string text;    ///< a sentence without its full stop
  Value evidence;      ///< a map of the figures behind it
};

struct Findings {
  Importance importance;              ///< what the statements rest on
  std::vector<Statement> statements;  ///< by kind, the most important parameter first
};

/// Pure. With several objectives only failures are told. About a second for 1000 trials.
Findings find_findings(const History& history);

/// {"kind", "parameter", "second", "text", "evidence"}; `second` where there is one.
Value to_json(const Statement& finding);
/// A list of them.
Value to_json(const std::vector<Statement>& findings);

}  // namespace hone
