#include "hone/tuner/job_builder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "hone/base/file.h"
#include "hone/tuner/checkpoint_copy.h"
#include "hone/tuner/job_builder_files.h"
#include "hone/tuner/settle.h"

namespace hone {
namespace fs = std::filesystem;
namespace {

class Folder : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "hone-job-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const fs::path& path, const std::string& text = "x") const {
    fs::create_directories((folder_ / path).parent_path());
    std::ofstream(folder_ / path) << text;
  }
  /// Sets when a file's content was last changed, in seconds.
  void touch(const fs::path& path, std::int64_t at_s) const {
    const timespec times[2] = {{at_s, 0}, {at_s, 0}};
    ASSERT_EQ(utimensat(AT_FDCWD, (folder_ / path).c_str(), times, 0), 0);
  }

  fs::path folder_;
};

class Checkpoints : public Folder {
 protected:
  std::optional<std::string> newest(const std::string& pattern,
                                    const std::string& ready = "") const {
    const auto found =
        newest_checkpoint((folder_ / pattern).string(), ready, {folder_ / "run-0-0"});
    return found ? std::optional<std::string>(found->filename().string()) : std::nullopt;
  }
};

TEST_F(Checkpoints, AreNoneWhereNothingMatches) { EXPECT_EQ(newest("ckpt-*"), std::nullopt); }

TEST_F(Checkpoints, CountOnceTheirReadyFileIsThere) {
  write("ckpt-1/done");
  write("ckpt-2/weights");
  touch("ckpt-1/done", 1000);
  touch("ckpt-1", 1000);
  EXPECT_EQ(newest("ckpt-*", "done"), "ckpt-1");
  write("ckpt-2/done");
  EXPECT_EQ(newest("ckpt-*", "done"), "ckpt-2");
}

TEST_F(Checkpoints, OfWhichTheNewestByContentIsTaken) {
  write("ckpt-10/done");
  write("ckpt-9/done");
  touch("ckpt-9/done", 2000);
  touch("ckpt-9", 2000);
  touch("ckpt-10/done", 3000);
  touch("ckpt-10", 3000);
  EXPECT_EQ(newest("ckpt-*", "done"), "ckpt-10");
}

TEST_F(Checkpoints, CountWhereTheRunWentOnAfterThem) {
  const timespec now = [] {
    timespec t{};
    clock_gettime(CLOCK_REALTIME, &t);
    return t;
  }();
  write("state");
  write("run-0-0/stdout.log");
  touch("run-0-0/stdout.log", now.tv_sec + 10);
  EXPECT_EQ(newest("state"), "state");
}

TEST_F(Checkpoints, DoNotCountWhenTheRunEndedWhileTheyWereWritten) {
  write("state");
  write("run-0-0/ended");
  EXPECT_EQ(newest("state"), std::nullopt);
}

TEST_F(Folder, PatternsMatchInEachPartOfAPath) {
  write("a1/x.pt");
  write("a2/x.pt");
  write("b/x.pt");
  write("a2/.hidden");
  EXPECT_EQ(match_paths((folder_ / "a*" / "*").string()),
            (std::vector<fs::path>{folder_ / "a1/x.pt", folder_ / "a2/x.pt"}));
}

TEST_F(Folder, PrivateFilesAreReadableByTheirUserOnly) {
  write_private_file(folder_ / "secret", "x");
  struct stat info {};
  ASSERT_EQ(stat((folder_ / "secret").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(Folder, TheWandbHookIsWrittenOnce) {
  const fs::path hook = write_wandb_hook(folder_);
  EXPECT_TRUE(fs::exists(hook / "sitecustomize.py"));
  EXPECT_TRUE(fs::exists(hook.parent_path() / "standin/wandb/__init__.py"));
  EXPECT_NE(read_file(hook / "hone_wandb.py").find("def install(wandb)"), std::string::npos);
  EXPECT_EQ(write_wandb_hook(folder_), hook);
}

class Builder : public Folder {
 protected:
  StudySpec spec() const {
    StudySpec spec;
    Parameter lr{"lr", Real{}, {}, {}, {}};
    Parameter depth{"model.depth", Integer{1, 8, Law::uniform, 1}, {}, {}, {}};
    spec.space = *SearchSpace::create({lr, depth}, {}).space;
    spec.metrics = {Metric{}};
    spec.metrics[0].name = "loss";
    spec.command.argv = {"./train", "--lr", "${lr}", "${trial_dir}/out"};
    spec.command.env = {{"DEPTH", "${model.depth}"}};
    spec.command.workdir = folder_.string();
    return spec;
  }

  LocalJobBuilder builder(StudySpec spec, JobBuilderOptions options = {}) {
    options.study_name = "s";
    options.study_uid = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    options.trials_folder = folder_ / "trials";
    options.private_folder = folder_;
    options.cpus.cpus = {0, 1, 2, 3};
    options.parallel = 2;
    return LocalJobBuilder(std::make_shared<const StudySpec>(std::move(spec)), clock_,
                           std::move(options));
  }

  static Claim claim(std::int64_t run = 1, std::int64_t trial = 7) {
    Claim claim;
    claim.run.id = RunId{run};
    claim.run.token = 1;
    claim.run.plan.trial = trial;
    claim.run.plan.seed = 42;
    auto proposal = std::make_shared<Proposal>();
    proposal->number = trial;
    proposal->config.set("lr", 0.5);
    proposal->config.set("model.depth", 3);
    claim.proposal = proposal;
    return claim;
  }

  static std::string variable(const Job& job, const std::string& name) {
    for (const auto& [known, value] : job.env) {
      if (known == name) return value;
    }
    return "(unset)";
  }

  ManualClock clock_;
};

TEST_F(Builder, FillsInCommandFilesAndEnvironment) {
  JobBuilderOptions options;
  options.environment = {{"HOME", "/users/ann"}, {"PYTHONPATH", "/mine"}};
  LocalJobBuilder made = builder(spec(), options);
  const auto built = made.build(claim());
  ASSERT_TRUE(std::holds_alternative<BuiltJob>(built));
  const Job& job = std::get<BuiltJob>(built).job;
  const std::string trial_dir = (folder_ / "trials/7").string();
  EXPECT_EQ(job.argv, (std::vector<std::string>{"./train", "--lr", "0.5", trial_dir + "/out"}));
  EXPECT_EQ(job.folder, trial_dir + "/run-0-0");
  EXPECT_EQ(variable(job, "HOME"), "/users/ann");
  EXPECT_EQ(variable(job, "DEPTH"), "3");
  EXPECT_EQ(variable(job, "HONE_PARAM_model_depth"), "3");
  EXPECT_EQ(variable(job, "HONE_TRIAL_DIR"), trial_dir);
  EXPECT_EQ(variable(job, "HONE_SEED"), "42");
  EXPECT_EQ(variable(job, "OMP_NUM_THREADS"), "2");
  EXPECT_EQ(variable(job, "HONE_RESUME_FROM"), "(unset)");
  EXPECT_EQ(variable(job, "CUDA_VISIBLE_DEVICES"), "(unset)");
  EXPECT_EQ(variable(job, "WANDB_MODE"), "offline");
  EXPECT_TRUE(variable(job, "PYTHONPATH").ends_with("/hook:/mine"));
  EXPECT_EQ(*Value::parse(read_file(trial_dir + "/config.json")),
            *Value::parse(R"({"lr": 0.5, "model": {"depth": 3}})"));
  ASSERT_EQ(job.sources.size(), 3U);
  EXPECT_EQ(job.sources[2].path, variable(job, "HONE_METRICS"));
}

TEST_F(Builder, KeepsTheReceiverAliveWhileARunHasATicket) {
  int asked = 0;
  bool fails = false;
  JobBuilderOptions options;
  options.mlflow = [&]() -> mlflow::ReceiverAddress {
    ++asked;
    if (fails) throw Error(ErrorCode::process, "it does not start");
    return {"http://127.0.0.1:1", folder_};
  };
  LocalJobBuilder made = builder(spec(), options);
  made.look_after_helpers();
  EXPECT_EQ(asked, 0);
  made.build(claim());
  made.look_after_helpers();
  EXPECT_EQ(asked, 2);
  fails = true;
  made.look_after_helpers();
  made.look_after_helpers();  // not at once again
  EXPECT_EQ(asked, 3);
  clock_.advance_us(60'000'000);
  fails = false;
  made.look_after_helpers();
  EXPECT_EQ(asked, 4);
  made.release(RunId{1});
  made.look_after_helpers();
  EXPECT_EQ(asked, 4);
}

TEST_F(Builder, LeavesTheUserHisWayWithWandbAndThreads) {
  JobBuilderOptions options;
  options.environment = {{"WANDB_MODE", "online"}, {"OMP_NUM_THREADS", "7"}};
  LocalJobBuilder made = builder(spec(), options);
  const auto built = made.build(claim());
  const Job& job = std::get<BuiltJob>(built).job;
  EXPECT_EQ(variable(job, "WANDB_MODE"), "online");
  EXPECT_EQ(variable(job, "WANDB_DIR"), "(unset)");
  EXPECT_EQ(variable(job, "OMP_NUM_THREADS"), "7");
}

TEST_F(Builder, GivesEachReplicateAndConfirmationAFolderOfItsOwn) {
  RunPlan plan;
  plan.trial = 3;
  EXPECT_EQ(LocalJobBuilder::trial_dir("t", plan), "t/3");
  plan.replicate = 1;
  EXPECT_EQ(LocalJobBuilder::trial_dir("t", plan), "t/3/replicate-1");
  plan.purpose = RunPurpose::confirm;
  plan.attempt = 2;
  EXPECT_EQ(LocalJobBuilder::run_folder("t", plan), "t/3/confirm-1/run-0-2");
}

TEST_F(Builder, GivesGpusOutOnceAndTakesThemBack) {
  JobBuilderOptions options;
  options.gpus = {{"0", std::nullopt}, {"GPU-b", std::nullopt}};
  options.gpus_per_run = 1;
  LocalJobBuilder made = builder(spec(), options);
  const auto first = made.build(claim(1, 0));
  const auto second = made.build(claim(2, 1));
  EXPECT_EQ(variable(std::get<BuiltJob>(first).job, "CUDA_VISIBLE_DEVICES"), "0");
  EXPECT_EQ(variable(std::get<BuiltJob>(second).job, "CUDA_VISIBLE_DEVICES"), "GPU-b");
  EXPECT_TRUE(std::holds_alternative<NoRoom>(made.build(claim(3, 2))));
  made.release(RunId{1});
  EXPECT_TRUE(std::holds_alternative<BuiltJob>(made.build(claim(3, 2))));
}

TEST_F(Builder, WaitsUntilTheDriverReportsTheMemoryAsFree) {
  std::int64_t used = 0;
  JobBuilderOptions options;
  const Gpu device{0, "GPU-a", "A", 8LL << 30, 0, 0};
  options.gpus = {{"0", device}};
  options.gpus_per_run = 1;
  options.read_gpus = [&] {
    Gpu now = device;
    now.used_bytes = used;
    return std::vector<Gpu>{now};
  };
  LocalJobBuilder made = builder(spec(), options);
  ASSERT_TRUE(std::holds_alternative<BuiltJob>(made.build(claim(1))));
  used = 4LL << 30;
  made.release(RunId{1});
  EXPECT_TRUE(std::holds_alternative<NoRoom>(made.build(claim(2))));
  used = 0;
  clock_.advance_us(kSecond_us);
  EXPECT_TRUE(std::holds_alternative<BuiltJob>(made.build(claim(2))));
}

TEST_F(Builder, KeepsProcessorsApart) {
  StudySpec wanted = spec();
  wanted.resources.cpus = 2;
  LocalJobBuilder made = builder(std::move(wanted));
  EXPECT_EQ(std::get<BuiltJob>(made.build(claim(1, 0))).job.cpus, (std::vector<int>{0, 1}));
  EXPECT_EQ(std::get<BuiltJob>(made.build(claim(2, 1))).job.cpus, (std::vector<int>{2, 3}));
  EXPECT_TRUE(std::holds_alternative<NoRoom>(made.build(claim(3, 2))));
}

TEST_F(Builder, GoesOnFromTheNewestCheckpointOnlyWhereThereIsOne) {
  StudySpec wanted = spec();
  wanted.checkpoint = CheckpointSpec{"${trial_dir}/ckpt-*", "done", {"--resume", "${checkpoint}"}};
  LocalJobBuilder made = builder(std::move(wanted));
  Claim again = claim();
  again.run.plan.attempt = 1;
  again.run.plan.resume_from = kNewestCheckpoint;
  EXPECT_EQ(std::get<BuiltJob>(made.build(again)).job.argv.size(), 4U);
  made.release(RunId{1});
  write("trials/7/ckpt-2/done");
  const auto built = made.build(again);
  const Job& job = std::get<BuiltJob>(built).job;
  const std::string checkpoint = (folder_ / "trials/7/ckpt-2").string();
  ASSERT_EQ(job.argv.size(), 6U);
  EXPECT_EQ(job.argv[5], checkpoint);
  EXPECT_EQ(variable(job, "HONE_RESUME_FROM"), checkpoint);
}

Claim fork_of(Claim claim, std::int64_t parent) {
  auto proposal = std::make_shared<Proposal>(*claim.proposal);
  proposal->origin = TrialOrigin::fork;
  proposal->parent = parent;
  claim.proposal = proposal;
  claim.run.plan.resume_from = kNewestCheckpoint;
  return claim;
}

TEST_F(Builder, BeginsAForkWithACopyOfItsParentsCheckpoint) {
  StudySpec wanted = spec();
  wanted.checkpoint = CheckpointSpec{"${trial_dir}/ckpt-*", "done", {"--resume", "${checkpoint}"}};
  LocalJobBuilder made = builder(std::move(wanted));
  write("trials/3/ckpt-1/weights", "old");
  write("trials/3/ckpt-1/done");
  touch("trials/3/ckpt-1/weights", 1000);
  touch("trials/3/ckpt-1/done", 1000);
  touch("trials/3/ckpt-1", 1000);
  write("trials/3/ckpt-2/weights", "new");
  write("trials/3/ckpt-2/done");
  write("trials/3/ckpt-3/weights", "half");  // no `done`: being saved
  const Claim fork = fork_of(claim(), 3);
  const auto built = made.build(fork);
  const std::string copy = (folder_ / "trials/7/forked-from/ckpt-2").string();
  ASSERT_TRUE(std::holds_alternative<BuiltJob>(built));
  EXPECT_EQ(variable(std::get<BuiltJob>(built).job, "HONE_RESUME_FROM"), copy);
  EXPECT_EQ(read_file(copy + "/weights"), "new");
  made.release(RunId{1});
  // The parent's own goes away; another attempt begins alike, until there is one of its own.
  fs::remove_all(folder_ / "trials/3");
  EXPECT_EQ(variable(std::get<BuiltJob>(made.build(fork)).job, "HONE_RESUME_FROM"), copy);
  made.release(RunId{1});
  write("trials/7/ckpt-9/done");
  EXPECT_EQ(variable(std::get<BuiltJob>(made.build(fork)).job, "HONE_RESUME_FROM"),
            (folder_ / "trials/7/ckpt-9").string());
}

TEST_F(Builder, HandsAForksCheckpointDownToAForkOfIt) {
  StudySpec wanted = spec();
  wanted.checkpoint = CheckpointSpec{"${trial_dir}/ckpt-*", "done", {"--resume", "${checkpoint}"}};
  LocalJobBuilder made = builder(std::move(wanted));
  write("trials/3/forked-from/ckpt-2/done");
  EXPECT_EQ(variable(std::get<BuiltJob>(made.build(fork_of(claim(), 3))).job, "HONE_RESUME_FROM"),
            (folder_ / "trials/7/forked-from/ckpt-2").string());
}

TEST_F(Builder, TakesNoOlderStateOfAParentThatIsSaving) {
  StudySpec wanted = spec();
  wanted.checkpoint = CheckpointSpec{"${trial_dir}/ckpt-*", "done", {}};
  LocalJobBuilder made = builder(std::move(wanted));
  write("trials/3/forked-from/ckpt-2/done");
  write("trials/3/ckpt-4/weights", "half");
  EXPECT_TRUE(std::holds_alternative<NoRoom>(made.build(fork_of(claim(), 3))));
}

TEST_F(Builder, LetsAForkWaitForItsParentsCheckpointButNotForEver) {
  StudySpec wanted = spec();
  wanted.checkpoint = CheckpointSpec{"${trial_dir}/ckpt-*", "done", {}};
  LocalJobBuilder made = builder(std::move(wanted));
  write("trials/3/ckpt-1/weights", "half");
  const Claim fork = fork_of(claim(), 3);
  EXPECT_TRUE(std::holds_alternative<NoRoom>(made.build(fork)));
  clock_.advance_us(60 * kSecond_us);
  const auto refused = made.build(fork);
  ASSERT_TRUE(std::holds_alternative<JobRefused>(refused));
  EXPECT_NE(std::get<JobRefused>(refused).reason.find("trial 3, which this one goes on from"),
            std::string::npos);
  EXPECT_FALSE(fs::exists(folder_ / "trials/7/forked-from"));
}

class Copies : public Folder {};

TEST_F(Copies, AreWholeAndTheirOwn) {
  write("from/a/weights", "one");
  write("from/state", "two");
  fs::create_symlink("state", folder_ / "from/link");
  ASSERT_TRUE(copy_checkpoint(folder_ / "from", folder_ / "copies/from", false));
  write("from/state", "changed later");
  EXPECT_EQ(read_file(folder_ / "copies/from/a/weights"), "one");
  EXPECT_EQ(read_file(folder_ / "copies/from/link"), "two");
  EXPECT_EQ(copied_checkpoint(folder_ / "copies"), folder_ / "copies/from");
}

TEST_F(Copies, OfWhatNobodyWritesToNeedNoRoomOfTheirOwn) {
  write("from/weights", "one");
  ASSERT_TRUE(copy_checkpoint(folder_ / "from", folder_ / "copies/from", true));
  fs::remove_all(folder_ / "from");
  EXPECT_EQ(read_file(folder_ / "copies/from/weights"), "one");
}

TEST_F(Copies, OfNothingAreNone) {
  EXPECT_FALSE(copy_checkpoint(folder_ / "from", folder_ / "copies/from", true));
  EXPECT_EQ(copied_checkpoint(folder_ / "copies"), std::nullopt);
  write("copies/from.tmp/weights", "half");  // a hone that was killed in the middle
  EXPECT_EQ(copied_checkpoint(folder_ / "copies"), std::nullopt);
  write("from/weights", "one");
  ASSERT_TRUE(copy_checkpoint(folder_ / "from", folder_ / "copies/from", true));
  EXPECT_FALSE(fs::exists(folder_ / "copies/from.tmp"));
  EXPECT_EQ(read_file(folder_ / "copies/from/weights"), "one");
}

TEST_F(Builder, RefusesARunWhoseCheckpointIsGone) {
  LocalJobBuilder made = builder(spec());
  Claim fork = claim();
  fork.run.plan.resume_from = "/no/such/checkpoint";
  const auto refused = made.build(fork);
  ASSERT_TRUE(std::holds_alternative<JobRefused>(refused));
  EXPECT_NE(std::get<JobRefused>(refused).reason.find("/no/such/checkpoint"), std::string::npos);
}

TEST_F(Builder, PutsMetricFilesOfEarlierAttemptsAside) {
  StudySpec wanted = spec();
  wanted.metric_source.files = {"${trial_dir}/log.csv"};
  LocalJobBuilder made = builder(std::move(wanted));
  write("trials/7/log.csv", "old");
  const auto built = made.build(claim());
  const Job& job = std::get<BuiltJob>(built).job;
  EXPECT_EQ(job.sources[3].offset, 0);
  EXPECT_FALSE(fs::exists(folder_ / "trials/7/log.csv"));
  EXPECT_EQ(read_file(folder_ / "trials/7/run-0-0/before-log.csv"), "old");
}

TEST_F(Builder, RebuildsAJobThatRunsWithItsSourcesAndDevices) {
  JobBuilderOptions options;
  options.gpus = {{"0", std::nullopt}};
  options.gpus_per_run = 1;
  StudySpec wanted = spec();
  wanted.metric_source.files = {"${trial_dir}/log.csv"};
  LocalJobBuilder before = builder(wanted, options);
  Claim held = claim();
  const auto built = before.build(held);
  const Job& job = std::get<BuiltJob>(built).job;
  LocalJobBuilder after = builder(wanted, options);
  const Job again = after.rebuild(held);
  EXPECT_EQ(again.folder, job.folder);
  EXPECT_EQ(again.argv, job.argv);
  ASSERT_EQ(again.sources.size(), job.sources.size());
  for (std::size_t i = 0; i < job.sources.size(); ++i)
    EXPECT_EQ(again.sources[i].path, job.sources[i].path);
  EXPECT_TRUE(std::holds_alternative<NoRoom>(after.build(claim(2, 8))));
}

TEST_F(Builder, RemembersWhereARunBeganToReadAFileThatWasThere) {
  write("log.csv", "epoch,loss\n1,0.5\n");
  StudySpec wanted = spec();
  wanted.metric_source.files = {"log.csv"};  // outside of the trial's folder: it stays
  const Claim held = claim();
  LocalJobBuilder before = builder(wanted);
  const auto built = before.build(held);
  const std::int64_t offset = std::get<BuiltJob>(built).job.sources[3].offset;
  EXPECT_EQ(offset, 17);
  LocalJobBuilder after = builder(wanted);
  EXPECT_EQ(after.rebuild(held).sources[3].offset, offset);
}

TEST_F(Builder, LeavesWordOfAVerdictForThisRunOnly) {
  LocalJobBuilder made = builder(spec());
  const Claim held = claim();
  made.build(held);
  const fs::path word = folder_ / "trials/7" / kVerdictFile;
  EXPECT_FALSE(fs::exists(word));
  made.tell(held, Verdict::pause);
  EXPECT_EQ(read_file(word), "pause\n");
  made.release(held.run.id);
  made.build(held);
  EXPECT_FALSE(fs::exists(word)) << "the next run would stop at once";
  made.tell(held, Verdict::stop);
  EXPECT_EQ(read_file(word), "stop\n");
}

TEST_F(Builder, WritesConfigurationFilesWithTheirValuesSet) {
  write("base.yaml", "optimizer:\n  lr: 0.1  # tuned\n");
  StudySpec wanted = spec();
  wanted.command.files = {{"base.yaml", "${trial_dir}/run.yaml", {{"optimizer.lr", "${lr}"}}}};
  LocalJobBuilder made = builder(std::move(wanted));
  ASSERT_TRUE(std::holds_alternative<BuiltJob>(made.build(claim())));
  EXPECT_EQ(read_file(folder_ / "trials/7/run.yaml"), "optimizer:\n  lr: 0.5  # tuned\n");
}

}  // namespace
}  // namespace hone
