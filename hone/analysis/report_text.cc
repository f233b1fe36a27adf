// The report as Markdown, LaTeX and CSV: the same sections without their pictures.
#include <fmt/core.h>

#include "hone/analysis/report.h"
#include "hone/base/csv.h"

namespace hone {
namespace {

/// Text that Markdown shows as it is, in a cell of a table too.
std::string markdown(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n' || c == '\r') {
      out += ' ';
      continue;
    }
    if (std::string_view("\\`*_[]<>|#~").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string latex(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '\\':
        out += "\\textbackslash{}";
        break;
      case '~':
        out += "\\textasciitilde{}";
        break;
      case '^':
        out += "\\textasciicircum{}";
        break;
      case '\n':
      case '\r':
        out += ' ';
        break;
      default:
        if (std::string_view("&%$#_{}").find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
  }
  const auto replace = [&](std::string_view sign, std::string_view by) {
    for (std::size_t at = out.find(sign); at != std::string::npos; at = out.find(sign, at)) {
      out.replace(at, sign.size(), by);
      at += by.size();
    }
  };
  replace("×", "$\\times$");
  replace("±", "$\\pm$");
  replace("≥", "$\\geq$");
  replace("≤", "$\\leq$");
  replace("–", "--");
  return out;
}

bool is_right(const ReportTable& table, std::size_t column) {
  return column < table.right.size() && table.right[column];
}

}  // namespace

std::string report_markdown(const StudyReport& report) {
  std::string out = fmt::format("# {}\n", markdown(report.title));
  for (const std::string& sentence : report.summary) out += "\n" + markdown(sentence) + "\n";
  for (const ReportSection& section : report.sections) {
    if (section.sentences.empty() && section.tables.empty()) continue;
    out += fmt::format("\n## {}\n\n", markdown(section.heading));
    for (const std::string& sentence : section.sentences)
      out += fmt::format("- {}\n", markdown(sentence));
    for (const ReportTable& table : section.tables) {
      std::string header = "\n|", rule = "|";
      for (std::size_t c = 0; c < table.header.size(); ++c) {
        header += " " + markdown(table.header[c]) + " |";
        rule += is_right(table, c) ? "---:|" : "---|";
      }
      out += header + "\n" + rule + "\n";
      for (const auto& row : table.rows) {
        out += "|";
        for (const std::string& cell : row) out += " " + markdown(cell) + " |";
        out += "\n";
      }
    }
  }
  return out;
}

std::string report_latex(const StudyReport& report) {
  std::string out = fmt::format(
      "% Written by hone report.\n\\documentclass{{article}}\n\\usepackage{{booktabs}}\n"
      "\\usepackage{{longtable}}\n\\begin{{document}}\n\\section*{{{}}}\n",
      latex(report.title));
  for (const std::string& sentence : report.summary) out += latex(sentence) + "\n\n";
  for (const ReportSection& section : report.sections) {
    if (section.sentences.empty() && section.tables.empty()) continue;
    out += fmt::format("\\subsection*{{{}}}\n", latex(section.heading));
    if (!section.sentences.empty()) {
      out += "\\begin{itemize}\n";
      for (const std::string& sentence : section.sentences)
        out += "\\item " + latex(sentence) + "\n";
      out += "\\end{itemize}\n";
    }
    for (const ReportTable& table : section.tables) {
      std::string columns, header;
      for (std::size_t c = 0; c < table.header.size(); ++c) {
        columns += is_right(table, c) ? 'r' : 'l';
        header += (c == 0 ? "" : " & ") + latex(table.header[c]);
      }
      out += fmt::format("\\begin{{longtable}}{{{}}}\n\\toprule\n{} \\\\\n\\midrule\n\\endhead\n",
                         columns, header);
      for (const auto& row : table.rows) {
        for (std::size_t c = 0; c < row.size(); ++c) out += (c == 0 ? "" : " & ") + latex(row[c]);
        out += " \\\\\n";
      }
      out += "\\bottomrule\n\\end{longtable}\n";
    }
  }
  return out + "\\end{document}\n";
}

std::string report_csv(const StudyReport& report) {
  std::string out = csv_line(std::vector<Value>{"section", "row", "column", "value"});
  for (const ReportSection& section : report.sections) {
    for (std::size_t s = 0; s < section.sentences.size() && section.tables.empty(); ++s) {
      out += csv_line(std::vector<Value>{section.heading, static_cast<std::int64_t>(s), "sentence",
                                         section.sentences[s]});
    }
    for (const ReportTable& table : section.tables) {
      for (std::size_t r = 0; r < table.rows.size(); ++r) {
        for (std::size_t c = 0; c < table.rows[r].size(); ++c) {
          out += csv_line(std::vector<Value>{section.heading, static_cast<std::int64_t>(r),
                                             table.header[c], table.rows[r][c]});
        }
      }
    }
  }
  return out;
}

}  // namespace hone
