#include "hone/cli/ui_top.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hone/cli/ui_test_support.h"

namespace hone::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr KeyPress key(char c) { return {Key::character, c}; }

/// A study of seven trials, one of which runs, and what `hone top` shows of it.
class TopTest : public testing::Test {
 protected:
  TopTest() {
    record_.whole(2.84, TrialOrigin::default_config);
    for (const double value : {2.9, 2.6, 2.7}) record_.whole(value);
    record_.whole(3.1, TrialOrigin::sampler, TrialState::stopped, 3, "rung 1: rank 4 of 4");
    const auto failed = record_.add();
    record_.end(record_.start(failed), failed, TrialState::failed, "", FailKind::exit_code,
                "exit code 1");
    const auto running = record_.add();
    const RunId run = record_.start(running);
    for (int e = 1; e <= 4; ++e) record_.report(run, running, e, StudyRecord::curve(2.65, e));
    data_.store = "hone.db";
    data_.studies = {{"finetune", "running", 7, "2.6", "val_loss", "3 h ago"},
                     {"other", "finished", 60, "0.1", "loss", "2 d ago"}};
    data_.history = &record_.history();
    data_.model = &record_.model();
    data_.moment = record_.moment();
    data_.state = "running";
    data_.trial.parameters = {{"lr", "0.001"}, {"rank", "16"}};
    data_.trial.results = {"val_loss 2.6 at epoch 9"};
    data_.trial.notes = {"proposed: by gp, to learn more where little is known"};
  }
  std::string shown(Top& top, ScreenSize size = {80, 24}) const {
    std::string out;
    for (const ScreenLine& line : top.screen(data_, size)) {
      EXPECT_LT(line.width(), size.columns);
      out += line.text() + "\n";
    }
    return out;
  }
  void press(Top& top, const std::vector<KeyPress>& keys) const {
    for (const KeyPress& one : keys) top.press(one, data_);
  }

  StudyRecord record_;
  TopData data_;
};

TEST_F(TopTest, BeginsWithTheStudiesAndOpensTheSelectedOne) {
  Top top(std::nullopt, std::nullopt);
  const std::string list = shown(top);
  EXPECT_THAT(list, HasSubstr("▸ finetune  running"));
  EXPECT_THAT(list, HasSubstr("  other     finished"));
  press(top, {{Key::down}, {Key::down}});
  EXPECT_EQ(top.study(), 1U);
  press(top, {{Key::up}, {Key::enter}});
  EXPECT_EQ(top.page(), TopPage::study);
  EXPECT_THAT(shown(top), HasSubstr("best 2.6"));
  press(top, {{Key::escape}});
  EXPECT_EQ(top.page(), TopPage::studies);
  EXPECT_FALSE(top.wants_end());
  press(top, {{Key::escape}});
  EXPECT_TRUE(top.wants_end());
}

TEST_F(TopTest, SaysWhatToDoWhereThereIsNoStudy) {
  data_.studies.clear();
  Top top(std::nullopt, std::nullopt);
  EXPECT_THAT(shown(top), HasSubstr("hone run study.yaml"));
  press(top, {{Key::enter}, {Key::down}});
  EXPECT_EQ(top.page(), TopPage::studies);
}

TEST_F(TopTest, OrdersAndFiltersTrialsAndKeepsTheSelectedOne) {
  Top top(0, std::nullopt);
  EXPECT_THAT(shown(top), HasSubstr("all trials, 7 · newest first"));
  EXPECT_EQ(top.trial(), 6);
  press(top, {key('s')});
  EXPECT_THAT(shown(top), HasSubstr("best first"));
  EXPECT_EQ(top.trial(), 6) << "the selection stays with its trial";
  press(top, {key('g')});
  EXPECT_EQ(top.trial(), 2) << "2.6 is the best";
  press(top, {key('j')});
  EXPECT_EQ(top.trial(), 3);
  press(top, {key('G')});
  EXPECT_EQ(top.trial(), 6) << "no value";
  press(top, {key('f'), key('f'), key('f')});
  const std::string failed = shown(top);
  EXPECT_THAT(failed, HasSubstr("failed trials, 1"));
  EXPECT_THAT(failed, HasSubstr("exit code 1"));
  press(top, {key('b')});
  EXPECT_EQ(top.trial(), 2);
  EXPECT_THAT(shown(top), HasSubstr("all trials, 7"));
}

TEST_F(TopTest, SaysThatNothingRunsWhereNobodyLeads) {
  Top top(0, std::nullopt);
  EXPECT_THAT(shown(top), HasSubstr("6  running"));
  data_.is_led = false;
  data_.state = "interrupted";
  EXPECT_THAT(shown(top), HasSubstr("6  interrupted"));
}

TEST_F(TopTest, ScrollsSoThatTheSelectedTrialIsSeen) {
  for (int i = 0; i < 100; ++i) record_.whole(5 + i);
  data_.moment = record_.moment();
  Top top(0, std::nullopt);
  shown(top);
  press(top, {{Key::end}});
  EXPECT_EQ(top.trial(), 0);
  EXPECT_THAT(shown(top), HasSubstr("▸     0"));
  press(top, {{Key::page_up}});
  EXPECT_GT(top.trial(), 0);
  EXPECT_THAT(shown(top), HasSubstr("▸ "));
}

TEST_F(TopTest, ShowsATrialWithItsCurveBesideTheBest) {
  Top top(0, 3);
  const std::string page = shown(top);
  EXPECT_THAT(page, HasSubstr("finetune/3 · done"));
  EXPECT_THAT(page, HasSubstr("lr 0.001  rank 16"));
  EXPECT_THAT(page, HasSubstr("val_loss 2.6 at epoch 9"));
  EXPECT_THAT(page, HasSubstr("beside the best trial's, 2"));
  press(top, {{Key::down}});
  EXPECT_EQ(top.trial(), 2) << "newest first";
  EXPECT_THAT(shown(top), Not(HasSubstr("beside")));
}

TEST_F(TopTest, FollowsALogAndScrollsBack) {
  for (int i = 0; i < 100; ++i) data_.log.push_back("line " + std::to_string(i));
  data_.log.push_back("\x1b[31mred\x1b[0m");
  Top top(0, 6);
  press(top, {key('l')});
  EXPECT_THAT(shown(top), HasSubstr("line 99\nred"));
  press(top, {{Key::up}});
  EXPECT_THAT(shown(top), Not(HasSubstr("red")));
  press(top, {{Key::home}});
  EXPECT_THAT(shown(top), HasSubstr("line 0\n"));
  press(top, {{Key::end}});
  EXPECT_THAT(shown(top), HasSubstr("stdout, the end"));
  press(top, {key('o')});
  EXPECT_TRUE(top.shows_errors());
}

TEST_F(TopTest, StopsATrialOnlyAfterYes) {
  Top top(0, 6);
  press(top, {key('x')});
  EXPECT_THAT(shown(top), HasSubstr("stop trial 6?"));
  press(top, {key('n')});
  EXPECT_EQ(top.take_stop(), std::nullopt);
  press(top, {key('x'), key('y')});
  EXPECT_EQ(top.take_stop(), 6);
  EXPECT_EQ(top.take_stop(), std::nullopt) << "once";
  Top ended(0, 2);
  press(ended, {key('x'), key('y')});
  EXPECT_EQ(ended.take_stop(), std::nullopt) << "it has ended already";
}

TEST_F(TopTest, ShowsWhatMattered) {
  Top top(0, std::nullopt);
  press(top, {key('i')});
  EXPECT_THAT(shown(top), HasSubstr("computing"));
  data_.lessons = {"lr explains 71 % of the differences."};
  EXPECT_THAT(shown(top), HasSubstr("lr explains 71 %"));
  press(top, {{Key::left}});
  EXPECT_EQ(top.page(), TopPage::study);
}

TEST_F(TopTest, FitsEverySize) {
  for (const ScreenSize size : {ScreenSize{20, 5}, {40, 12}, {60, 24}, {200, 60}, {1, 1}}) {
    for (const std::optional<std::int64_t> trial : {std::optional<std::int64_t>(), {6}}) {
      Top top(0, trial);
      for (const char c : {'?', 'i', 'l'}) {
        const auto lines = top.screen(data_, size);
        EXPECT_LE(static_cast<int>(lines.size()), std::max(2, size.rows - 1));
        press(top, {key(c)});
      }
    }
  }
}

}  // namespace
}  // namespace hone::cli
