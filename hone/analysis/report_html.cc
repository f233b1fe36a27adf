// The report as one HTML page: pictures are inline SVG, colours follow the reader's light or dark
// setting, wide tables scroll by themselves, nothing is loaded and no script runs.
#include <fmt/core.h>

#include "hone/analysis/report.h"

namespace hone {
namespace {

constexpr const char* kStyle =
    ":root{color-scheme:light dark;--paper:#fff;--text:#1c1e21;--faint:#6a7078;--line:#e2e4e8}"
    "@media (prefers-color-scheme: dark){:root{--paper:#17191c;--text:#e8e8e6;--faint:#9aa0a6;"
    "--line:#34373b}}"
    "body{margin:0 auto;max-width:960px;padding:24px 20px 60px;background:var(--paper);"
    "color:var(--text);font:15px/1.5 system-ui,sans-serif}"
    "h1{font-size:24px;margin:8px 0}h2{font-size:17px;margin:34px 0 8px}"
    "p{margin:6px 0}ul{margin:6px 0;padding-left:20px}.note{color:var(--faint);font-size:13px}"
    "svg{max-width:100%;height:auto}.row{display:flex;flex-wrap:wrap;gap:8px}"
    ".wide{overflow-x:auto}table{border-collapse:collapse;font-size:13px;margin:8px 0}"
    "th,td{padding:3px 10px;border-bottom:1px solid var(--line);text-align:left;"
    "white-space:nowrap}td.r,th.r{text-align:right;font-variant-numeric:tabular-nums}"
    "summary{cursor:pointer;font-size:17px;font-weight:600;margin:30px 0 8px}"
    "footer{color:var(--faint);font-size:12px;margin-top:40px}";

void write_table(const ReportTable& table, std::string& out) {
  const auto cell = [&](const char* tag, std::size_t c, const std::string& text) {
    const bool right = c < table.right.size() && table.right[c];
    out += fmt::format("<{0}{1}>{2}</{0}>", tag, right ? " class=\"r\"" : "", xml_escaped(text));
  };
  out += "<div class=\"wide\"><table><thead><tr>";
  for (std::size_t c = 0; c < table.header.size(); ++c) cell("th", c, table.header[c]);
  out += "</tr></thead><tbody>\n";
  for (const auto& row : table.rows) {
    out += "<tr>";
    for (std::size_t c = 0; c < row.size(); ++c) cell("td", c, row[c]);
    out += "</tr>\n";
  }
  out += "</tbody></table></div>\n";
}

void write_section(const ReportSection& section, bool as_list, std::string& out) {
  const std::string heading = xml_escaped(section.heading);
  out += section.folded ? fmt::format("<details><summary>{}</summary>\n", heading)
                        : fmt::format("<section><h2>{}</h2>\n", heading);
  if (!section.drawings.empty()) {
    out += "<div class=\"row\">";
    for (const Drawing& drawing : section.drawings) out += to_svg(drawing, false);
    out += "</div>\n";
  }
  if (as_list) {
    out += "<ul>";
    for (const std::string& sentence : section.sentences)
      out += fmt::format("<li>{}</li>\n", xml_escaped(sentence));
    out += "</ul>\n";
  } else {
    for (const std::string& sentence : section.sentences)
      out += fmt::format("<p class=\"note\">{}</p>\n", xml_escaped(sentence));
  }
  for (const ReportTable& table : section.tables) write_table(table, out);
  out += section.folded ? "</details>\n" : "</section>\n";
}

}  // namespace

std::string report_html(const StudyReport& report) {
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<title>{}</title>\n<style>{}{}</style></head><body>\n<h1>{}</h1>\n",
      xml_escaped(report.title), kStyle, svg_style(), xml_escaped(report.title));
  for (const std::string& sentence : report.summary)
    out += fmt::format("<p>{}</p>\n", xml_escaped(sentence));
  for (const ReportSection& section : report.sections) {
    const bool only_sentences = section.drawings.empty() && section.tables.empty();
    write_section(section, only_sentences, out);
  }
  return out + "<footer>Written by hone report.</footer>\n</body></html>\n";
}

}  // namespace hone
