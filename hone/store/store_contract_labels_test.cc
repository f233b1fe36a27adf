// The contract suite: notes, tags and stars.
#include "hone/base/error.h"
#include "hone/store/store_contract.h"

namespace hone {
namespace {

LabelEdit put(std::optional<std::int64_t> trial, LabelKind kind, const std::string& name,
              const std::string& text = "") {
  return {{trial, kind, name, text}, false};
}

/// "study note=…; 0 tag good"
std::string text_of(const std::vector<Label>& labels) {
  std::string out;
  for (const Label& label : labels) {
    constexpr const char* kNames[] = {"", "note", "tag", "star"};
    out += out.empty() ? "" : "; ";
    out += label.trial ? std::to_string(*label.trial) : "study";
    out += std::string(" ") + kNames[static_cast<int>(label.kind)];
    if (!label.name.empty()) out += " " + label.name;
    if (!label.text.empty()) out += "=" + label.text;
  }
  return out;
}

}  // namespace

TEST_P(StoreContract, KeepsLabelsOfStudyAndTrials) {
  const Running running = make_running();
  apply(running.study, running.lead, {trial(1)});
  const std::int64_t before = store_->study(running.study)->last_seq;
  const LabelEdit edits[] = {put(1, LabelKind::tag, "good"), put(1, LabelKind::tag, "again"),
                             put(0, LabelKind::star, ""),
                             put(std::nullopt, LabelKind::note, "", "<b>first</b>\n\xC3\xA4")};
  store_->edit_labels(running.study, edits, "ann");
  EXPECT_EQ(text_of(store_->labels(running.study)),
            "study note=<b>first</b>\n\xC3\xA4; 0 star; 1 tag again; 1 tag good");
  const LabelEdit changes[] = {put(std::nullopt, LabelKind::note, "", "second"),
                               {{1, LabelKind::tag, "again", ""}, true},
                               {{1, LabelKind::tag, "never there", ""}, true}};
  store_->edit_labels(running.study, changes, "ann");
  EXPECT_EQ(text_of(store_->labels(running.study)), "study note=second; 0 star; 1 tag good");
  EXPECT_EQ(store_->study(running.study)->last_seq, before) << "labels are no changes";
}

TEST_P(StoreContract, TakesAwayAllTagsOfATrialAndPutsOthersInOneEdit) {
  const Running running = make_running();
  apply(running.study, running.lead, {trial(1)});
  const LabelEdit edits[] = {put(0, LabelKind::tag, "good"), put(0, LabelKind::tag, "again"),
                             put(0, LabelKind::star, ""), put(1, LabelKind::tag, "good")};
  store_->edit_labels(running.study, edits, "ann");
  const LabelEdit changes[] = {{{0, LabelKind::tag, "", ""}, true}, put(0, LabelKind::tag, "best")};
  store_->edit_labels(running.study, changes, "ann");
  EXPECT_EQ(text_of(store_->labels(running.study)), "0 tag best; 0 star; 1 tag good");
}

TEST_P(StoreContract, EditsAllLabelsOrNone) {
  const Running running = make_running();
  const LabelEdit edits[] = {put(0, LabelKind::star, ""), put(7, LabelKind::star, "")};
  EXPECT_THROW(store_->edit_labels(running.study, edits, "ann"), Error);
  EXPECT_TRUE(store_->labels(running.study).empty());
  EXPECT_THROW(store_->edit_labels(StudyId{4711}, {}, "ann"), Error);
  EXPECT_THROW(store_->labels(StudyId{4711}), Error);
}

TEST_P(StoreContract, LabelsGoWithTheirStudy) {
  const StudyId study = make_study();
  const StudyId other = make_study("other");
  const LabelEdit edits[] = {put(std::nullopt, LabelKind::star, "")};
  store_->edit_labels(study, edits, "ann");
  store_->edit_labels(other, edits, "ann");
  store_->delete_study(study);
  EXPECT_THROW(store_->labels(study), Error);
  EXPECT_EQ(text_of(store_->labels(other)), "study star");
}

TEST_P(StoreContract, VisitsManyFramesOfPointsInOrder) {
  const Running running = make_running();
  constexpr int kFrames = 300;  // more than are read at a time
  for (int frame = 0; frame < kFrames; ++frame) {
    ReportBatch batch;
    batch.points.push_back({"loss", static_cast<double>(frame), 1, frame});
    batch.next_ordinal = frame + 1;
    ASSERT_EQ(store_->append(running.claim.run.id, running.claim.run.token, batch).lease,
              LeaseState::held);
  }
  double next = 0;
  store_->visit_points(running.claim.run.id, [&](std::span<const Point> some) {
    for (const Point& point : some) EXPECT_EQ(point.step, next++);
  });
  EXPECT_EQ(next, kFrames);
}

TEST_P(StoreContract, MergesFramesOfAnySizeWithoutLossWhileTheyAreRead) {
  // More frames than are read at a time; the same, and several merged ones of them; and fewer
  // frames, but more points.
  for (const auto& [frames, points_each] : {std::pair(300, 1), {300, 90}, {200, 450}}) {
    const Running running = make_running("study " + std::to_string(points_each));
    double stored = 0;
    for (int frame = 0; frame < frames; ++frame) {
      ReportBatch batch;
      for (int i = 0; i < points_each; ++i) batch.points.push_back({"loss", stored++, 1, frame});
      batch.next_ordinal = static_cast<std::int64_t>(stored);
      ASSERT_EQ(store_->append(running.claim.run.id, running.claim.run.token, batch).lease,
                LeaseState::held);
    }
    double next = 0;
    const auto see = [&](std::span<const Point> some) {
      for (const Point& point : some) ASSERT_EQ(point.step, next++);
    };
    bool ended = false;
    store_->visit_points(running.claim.run.id, [&](std::span<const Point> some) {
      see(some);
      if (ended) return;
      ended = true;
      EXPECT_EQ(store_->end_run(running.claim.run.id, running.claim.run.token, {}, finished()),
                LeaseState::held);
    });
    EXPECT_EQ(next, stored);
    next = 0;
    store_->visit_points(running.claim.run.id, see);
    EXPECT_EQ(next, stored);
  }
}

}  // namespace hone
