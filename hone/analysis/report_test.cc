#include "hone/analysis/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "hone/analysis/analysis_test_support.h"
#include "hone/analysis/charts.h"
#include "hone/analysis/study_views.h"

namespace hone {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kHostile = "<b>&\"x_1|%\\";

StudySpec hostile_space() {
  StudySpec spec = unit_space(1, 1);
  Choice choice;
  choice.items = {{Value("<script>alert(1)</script>"), "s"}, {Value("a|b & c"), "b"}};
  spec.space =
      *SearchSpace::create({{"x0", Real{}, {}, {}, {}}, {kHostile, choice, {}, {}, {}}}, {}).space;
  spec.metrics[0].name = "loss<1>";
  return spec;
}

StudyReport made(int trials) {
  const auto loss = [](const Config& c, Rng& noise) {
    return number(c, "x0") > 0.9 ? INFINITY : number(c, "x0") + 0.1 * noise.normal();
  };
  return make_report(played(hostile_space(), trials, loss), "a <title>", {"Best & only."});
}

/// Tags that are opened and not closed, void elements aside.
int unclosed(const std::string& html) {
  int open = 0;
  for (std::size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
    const std::size_t end = html.find('>', at);
    const std::string tag = html.substr(at + 1, end - at - 1);
    if (tag[0] == '!' || tag.starts_with("meta") || tag.ends_with("/")) continue;
    open += tag[0] == '/' ? -1 : 1;
  }
  return open;
}

TEST(StudyReport, IsOneWellFormedPageWhateverNamesHold) {
  const std::string html = report_html(made(60));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("<b>")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(1)"));
  EXPECT_THAT(html, HasSubstr("<title>a &lt;title&gt;</title>"));
  EXPECT_THAT(html, HasSubstr("prefers-color-scheme: dark"));
  EXPECT_THAT(html, HasSubstr("What the study taught"));
  EXPECT_THAT(html, HasSubstr("<svg"));
  EXPECT_EQ(unclosed(html), 0);
}

TEST(StudyReport, SaysSoWhereThereIsLittleToSay) {
  for (const int trials : {0, 1, 3}) {
    const std::string html = report_html(made(trials));
    EXPECT_THAT(html, HasSubstr("Nothing that these trials tell apart from chance."));
    EXPECT_EQ(unclosed(html), 0);
  }
}

TEST(StudyReport, EscapesWhatMarkdownLatexAndCsvRead) {
  const StudyReport report = made(40);
  const std::string markdown = report_markdown(report);
  EXPECT_THAT(markdown, HasSubstr("a\\|b & c"));
  EXPECT_THAT(markdown, Not(HasSubstr("| a|b")));
  const std::string latex = report_latex(report);
  EXPECT_THAT(latex, HasSubstr("x\\_1|\\%\\textbackslash{}"));
  EXPECT_THAT(latex, HasSubstr("\\end{document}"));
  const std::string csv = report_csv(report);
  EXPECT_THAT(csv, HasSubstr("\"<b>&\"\"x_1|%\\\""));
  EXPECT_TRUE(csv.starts_with("section,row,column,value\n"));
}

TEST(AxisMarks, OfValuesThatDoublesHardlyTellApartAreFew) {
  for (const double low : {1.0, -1.0, 1e16, 1e-300, 123456.789}) {
    for (const Law law : {Law::uniform, Law::log_uniform}) {
      if (law == Law::log_uniform && low < 0) continue;
      for (const int steps : {1, 2, 5}) {
        Real domain;
        domain.low = domain.high = low;
        domain.law = law;
        for (int i = 0; i < steps; ++i) domain.high = std::nextafter(domain.high, HUGE_VAL);
        EXPECT_LE(axis_marks(domain, 6).size(), 2U) << low;
      }
    }
  }
  Real domain;
  domain.low = 0;
  domain.high = 10;
  EXPECT_EQ(axis_marks(domain, 5).size(), 6U);
}

TEST(Drawings, AreStandaloneSvgWithEscapedTitles) {
  const History history =
      played(hostile_space(), 30, [](const Config& c, Rng&) { return number(c, "x0"); });
  const Drawing drawing = draw_progress(find_progress(history), history.spec().objective());
  const std::string svg = to_svg(drawing, true);
  EXPECT_TRUE(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  EXPECT_THAT(svg, HasSubstr("loss&lt;1&gt;"));
  EXPECT_EQ(unclosed(svg), 0);
  EXPECT_THAT(to_svg(draw_curves(history), true), HasSubstr("no trial has a curve"));
}

TEST(Drawings, OfOneValueAndOfNoneHaveAllCoordinates) {
  const auto constant = [](const Config&, Rng&) { return 0.0; };
  for (const int trials : {0, 1, 2, 30}) {
    const History history = played(hostile_space(), trials, constant);
    const Metric& metric = history.spec().objective();
    const Parallel parallel = find_parallel(history);
    const SearchSpace& space = history.spec().space;
    std::string all = to_svg(draw_progress(find_progress(history), metric), false) +
                      to_svg(draw_progress_over_time(find_progress(history), metric), false) +
                      to_svg(draw_importance(importance_table(history)), false) +
                      to_svg(draw_parallel(parallel, space, metric), false) +
                      to_svg(draw_ranks(parallel, "x0", kHostile, space), false);
    for (const Slice& slice : find_slices(history)) {
      const Domain& domain = space.parameter(space.index_of(slice.parameter)).domain;
      all += to_svg(draw_slice(slice, domain, metric, nullptr), false);
    }
    EXPECT_THAT(all, Not(HasSubstr("nan"))) << trials;
    EXPECT_THAT(all, Not(HasSubstr("inf\""))) << trials;
  }
}

}  // namespace
}  // namespace hone
