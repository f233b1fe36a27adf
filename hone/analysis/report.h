// A study as a report: what it came to, what it taught, pictures and tables, as one self-contained
// HTML page (no script, no other file, light and dark), as Markdown, LaTeX or CSV.
#pragma once

#include <string>
#include <vector>

#include "hone/analysis/drawing.h"
#include "hone/study/history.h"

namespace hone {

struct ReportTable {
  std::vector<std::string> header;
  std::vector<bool> right;  ///< columns of numbers
  std::vector<std::vector<std::string>> rows;
};

struct ReportSection {
  std::string heading;
  std::vector<std::string> sentences;
  std::vector<ReportTable> tables;
  std::vector<Drawing> drawings;
  bool folded = false;  ///< opened by the reader
};

struct StudyReport {
  std::string title;
  std::vector<std::string> summary;  ///< sentences
  std::vector<ReportSection> sections;
};

/// Everything that there is something to say of. `summary`: what the study came to, in sentences.
/// Pure. A few seconds for thousands of trials.
StudyReport make_report(const History& history, const std::string& title,
                        std::vector<std::string> summary);

/// Whatever texts hold (names of parameters, messages of programs), the result is well-formed.
std::string report_html(const StudyReport& report);
std::string report_markdown(const StudyReport& report);
/// A document of its own (article, with booktabs, XeLaTeX or LuaLaTeX for signs beyond Latin). No
/// pictures.
std::string report_latex(const StudyReport& report);
/// One row per cell of every table: section, row, column, value.
std::string report_csv(const StudyReport& report);

}  // namespace hone
