#include "hone/tuner/checkpoint_retention.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <fstream>
#include <memory>

#include "hone/base/file.h"
#include "hone/tuner/settle.h"

namespace hone {
namespace {
namespace fs = std::filesystem;

class RetentionTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "hone-retention-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { remove_tree(folder_); }

  void begin(CheckpointSpec checkpoint, const std::string& scheduler = "none") {
    auto spec = std::make_shared<StudySpec>();
    spec->metrics = {Metric{}};
    spec->metrics.front().name = "loss";
    spec->scheduler.name = scheduler;
    spec->checkpoint = std::move(checkpoint);
    history_ = std::make_unique<History>(spec);
    retention_ = std::make_unique<CheckpointRetention>(folder_);
  }

  /// A trial that runs.
  std::int64_t add(std::optional<std::int64_t> parent = std::nullopt) {
    auto proposal = std::make_shared<Proposal>();
    proposal->number = history_->size();
    proposal->parent = parent;
    if (parent) proposal->origin = TrialOrigin::fork;
    apply(TrialAdded{proposal});
    const RunId run{proposal->number + 1};
    apply(RunQueued{run, first_run(history_->spec(), *proposal)});
    apply(RunClaimed{run, proposal->number, 1, WorkerId{1}});
    fs::create_directories(of(proposal->number) / "run-0-0");
    return proposal->number;
  }
  void end(std::int64_t trial, double loss) {
    RunEnd end;
    apply(RunEnded{RunId{trial + 1}, trial, end});
    TrialMoved moved;
    moved.trial = trial;
    moved.state = TrialState::complete;
    moved.results = {{0, loss, 1.0, 1, std::nullopt}};
    apply(moved);
    while (retention_->step(*history_)) {
    }
  }
  /// A checkpoint of so many bytes; later ones are newer.
  void save(std::int64_t trial, int step, bool whole = true, std::size_t bytes = 10) {
    const fs::path state = of(trial) / ("ckpt-" + std::to_string(step));
    fs::create_directories(state);
    std::ofstream(state / "weights") << std::string(bytes, 'x');
    if (whole) std::ofstream(state / "done") << "";
    const auto at = fs::file_time_type::clock::now() + std::chrono::seconds(step - 1000);
    for (const fs::path& path : {state / "weights", state / "done", state}) {
      std::error_code missing;
      fs::last_write_time(path, at, missing);
    }
  }
  /// "1,3": the steps whose checkpoints are there; "?" where something hidden is left.
  std::string left(std::int64_t trial) const {
    std::string out;
    for (int step = 0; step < 10; ++step) {
      if (fs::exists(of(trial) / ("ckpt-" + std::to_string(step))))
        out += (out.empty() ? "" : ",") + std::to_string(step);
    }
    for (const auto& entry : fs::directory_iterator(of(trial))) {
      if (entry.path().filename().string().starts_with(".")) out += "?";
    }
    return out;
  }
  fs::path of(std::int64_t trial) const { return folder_ / std::to_string(trial); }

  void apply(ChangeBody body) {
    ++seq_;
    history_->apply({seq_, seq_, std::move(body)});
  }

  fs::path folder_;
  std::unique_ptr<History> history_;
  std::unique_ptr<CheckpointRetention> retention_;
  std::int64_t seq_ = 0;
};

CheckpointSpec keeping(std::optional<int> keep) {
  CheckpointSpec spec{"${trial_dir}/ckpt-*", "done", {}};
  spec.keep = keep;
  return spec;
}

TEST_F(RetentionTest, KeepsTheNewestWholeOnesOfATrialThatHasEnded) {
  begin(keeping(2));
  const auto trial = add();
  for (const int step : {1, 2, 3}) save(trial, step);
  save(trial, 4, false);
  end(trial, 0.5);
  EXPECT_EQ(left(trial), "2,3,4");  // 4 is half written, and newer: it is no harm
}

TEST_F(RetentionTest, NeverGivesUpAWholeOneForABrokenOne) {
  begin(keeping(1));
  const auto trial = add();
  save(trial, 1);
  save(trial, 2, false);
  save(trial, 3, false);
  end(trial, 0.5);
  EXPECT_EQ(left(trial), "1,2,3");
}

TEST_F(RetentionTest, LeavesTrialsThatRunAndStudiesThatDoNotAsk) {
  begin(keeping(1));
  const auto running = add();
  save(running, 1);
  save(running, 2);
  while (retention_->step(*history_)) {
  }
  EXPECT_EQ(left(running), "1,2");
  seq_ = 0;
  begin(keeping(std::nullopt));
  const auto trial = add();
  end(trial, 0.5);
  EXPECT_EQ(left(trial), "1,2");
}

TEST_F(RetentionTest, LeavesWhatAForkGoesOnFromUntilItHasEnded) {
  begin(keeping(1));
  const auto parent = add();
  save(parent, 1);
  save(parent, 2);
  const auto fork = add(parent);
  end(parent, 0.5);
  EXPECT_EQ(left(parent), "1,2");
  end(fork, 0.4);
  EXPECT_EQ(left(parent), "2");
}

TEST_F(RetentionTest, RemovesWhatAForkBeganWithOnceItHasItsOwn) {
  begin(keeping(1));
  const auto parent = add();
  const auto fork = add(parent);
  const auto silent = add(parent);
  for (const auto trial : {fork, silent})
    fs::create_directories(of(trial) / "forked-from" / "ckpt-1");
  save(fork, 2);
  end(fork, 0.5);
  end(silent, 0.5);
  EXPECT_FALSE(fs::exists(of(fork) / "forked-from"));
  EXPECT_TRUE(fs::exists(of(silent) / "forked-from"));
}

TEST_F(RetentionTest, KeepsTheBestTrialsOnly) {
  CheckpointSpec spec = keeping(std::nullopt);
  spec.keep_best_only = true;
  begin(spec);
  for (const double loss : {0.5, 0.3, 0.4}) {
    const auto trial = add();
    save(trial, 1);
    save(trial, 2);
    end(trial, loss);
  }
  EXPECT_EQ(left(0), "");
  EXPECT_EQ(left(1), "2");
  EXPECT_EQ(left(2), "");
}

TEST_F(RetentionTest, KeepsOneOfEachWhileAPopulationMayForkIt) {
  CheckpointSpec spec = keeping(std::nullopt);
  spec.keep_best_only = true;
  begin(spec, "pbt");
  for (const double loss : {0.3, 0.5}) {
    const auto trial = add();
    save(trial, 1);
    save(trial, 2);
    end(trial, loss);
  }
  EXPECT_EQ(left(0) + " " + left(1), "2 2");
  apply(StudyMoved{StudyState::finished, "budget of 2 trials used"});
  while (retention_->step(*history_)) {
  }
  EXPECT_EQ(left(0) + " " + left(1), "2 ");
}

TEST_F(RetentionTest, RemovesTheWorstFirstAboveTheLimit) {
  CheckpointSpec spec = keeping(std::nullopt);
  spec.limit_bytes = 250;
  begin(spec);
  for (const double loss : {0.5, 0.9, 0.3, 0.4}) {
    const auto trial = add();
    save(trial, 1, true, 100);
    end(trial, loss);
  }
  EXPECT_EQ(left(0) + "|" + left(1) + "|" + left(2) + "|" + left(3), "||1|1");
}

TEST_F(RetentionTest, ClearsWhatAKilledHoneHasLeftOfARemoval) {
  begin(keeping(1));
  const auto trial = add();
  save(trial, 1);
  fs::create_directories(of(trial) / ".removed-0" / "deep");
  end(trial, 0.5);
  EXPECT_EQ(left(trial), "1");
}

TEST_F(RetentionTest, TidiesUpAfterATakeover) {
  begin(keeping(1));
  const auto trial = add();
  end(trial, 0.5);
  save(trial, 1);
  save(trial, 2);
  CheckpointRetention anew(folder_);
  while (anew.step(*history_)) {
  }
  EXPECT_EQ(left(trial), "2");
}

}  // namespace
}  // namespace hone
