#include "hone/cli/ui_plot.h"

#include <gtest/gtest.h>

#include <cmath>

namespace hone::cli {
namespace {

std::string drawn(const std::vector<ScreenLine>& lines) {
  std::string out;
  for (const ScreenLine& line : lines) out += line.text() + "\n";
  return out;
}

TEST(Bars, ShowHeightsOnOneScale) {
  const BarScale scale{0, 7};
  const std::vector<std::optional<double>> values = {0, 1, 2, 3, 4, 5, 6, 7};
  EXPECT_EQ(bars(values, scale), "▁▂▃▄▅▆▇█");
}

TEST(Bars, ShowWhatIsNoNumberAndWhatIsNotThere) {
  const std::vector<std::optional<double>> values = {1.0,          NAN,   INFINITY,
                                                     std::nullopt, 100.0, -100.0};
  EXPECT_EQ(bars(values, {0, 2}), "▅×× █▁");
}

TEST(Bars, AreFlatWhereAllValuesAreEqual) {
  const std::vector<std::optional<double>> values = {3.0, 3.0};
  EXPECT_EQ(bars(values, bar_scale({3.0, 3.0})), "▁▁");
}

TEST(Bars, TheScaleLeavesTheWorstTenthOut) {
  std::vector<double> values;
  for (int i = 0; i <= 100; ++i) values.push_back(i);
  values.push_back(NAN);
  values.push_back(INFINITY);
  const BarScale scale = bar_scale(values);
  EXPECT_EQ(scale.low, 0);
  EXPECT_EQ(scale.high, 90);
  EXPECT_EQ(bar_scale({NAN}).high, 0);
}

ValueCurve falling() {
  ValueCurve curve;
  curve.count = 9;
  for (int i = 0; i < 9; ++i) curve.dots.emplace_back(i, i % 2 == 0 ? 10.0 - i : 10.0);
  for (int i = 0; i < 9; i += 2) curve.bests.emplace_back(i, 10.0 - i);
  return curve;
}

TEST(ValuePlot, DrawsTheBestAsAStairAndTheValuesAsDots) {
  EXPECT_EQ(drawn(value_plot(falling(), Goal::minimize, 30, 3)),
            "  10 ⠉⠉⠉⠉⠉⠉⣇⣀⣀⣁⣀⣀⣀  ⠈     ⠈\n"
            "                 ⠸⠤⠤⠤⠤⠤⢤\n"
            "   2                   ⠈⠉⠉⠉⠉⠉⢹\n");
}

TEST(ValuePlot, TurnsForGreaterIsBetter) {
  ValueCurve curve = falling();
  for (auto& [at, value] : curve.dots) value = -value;
  for (auto& [at, value] : curve.bests) value = -value;
  const auto lines = value_plot(curve, Goal::maximize, 30, 3);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines.front().text().substr(0, 5), "   -2");
  EXPECT_EQ(lines.back().text().substr(0, 5), "  -10");
}

TEST(ValuePlot, AnOutlierStaysAtTheEdge) {
  ValueCurve curve;
  curve.count = 21;
  for (int i = 0; i < 20; ++i) curve.dots.emplace_back(i, 1.0 + 0.01 * i);
  curve.dots.emplace_back(20, 1e9);
  curve.bests.emplace_back(0, 1.0);
  const auto lines = value_plot(curve, Goal::minimize, 40, 4);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_NE(lines.front().text().find("1.18"), std::string::npos) << drawn(lines);
}

TEST(ValuePlot, SaysNothingWhereThereIsNothingToSay) {
  EXPECT_TRUE(value_plot({}, Goal::minimize, 80, 4).empty());
  ValueCurve one;
  one.count = 1;
  one.dots.emplace_back(0, 1.0);
  one.bests.emplace_back(0, 1.0);
  EXPECT_TRUE(value_plot(one, Goal::minimize, 80, 4).empty());
  EXPECT_TRUE(value_plot(falling(), Goal::minimize, 10, 4).empty());
  ValueCurve broken = falling();
  for (auto& [at, value] : broken.dots) value = NAN;
  EXPECT_TRUE(value_plot(broken, Goal::minimize, 80, 4).empty());
}

TEST(ValuePlot, KeepsItsWidthForAllValues) {
  ValueCurve curve = falling();
  curve.dots.emplace_back(3, INFINITY);
  curve.dots.emplace_back(4, -INFINITY);
  for (int columns = 1; columns < 130; ++columns) {
    for (const ScreenLine& line : value_plot(curve, Goal::minimize, columns, 4))
      EXPECT_LE(line.width(), columns);
  }
}

}  // namespace
}  // namespace hone::cli
