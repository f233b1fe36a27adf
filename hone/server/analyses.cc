#include "hone/server/analyses.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "hone/analysis/analysis_json.h"
#include "hone/analysis/fanova.h"
#include "hone/analysis/findings.h"
#include "hone/analysis/front.h"
#include "hone/analysis/importance_table.h"
#include "hone/analysis/replicates.h"
#include "hone/base/log.h"

namespace hone::server {
namespace {

constexpr std::size_t kSeeds = 1000;        ///< trials with several runs, the last ones
constexpr std::size_t kHypervolumes = 400;  ///< of the course of a front
constexpr int kNice = 10;                   ///< programs that train go first

Value findings_json(const Findings& found) {
  Value out = Value::Map{};
  out.set("trials", found.importance.trials)
      .set("needed", found.importance.needed)
      .set("enough", found.importance.enough)
      .set("explained", found.importance.explained)
      .set("statements", to_json(found.statements));
  return out;
}

/// Of the parameters with, of the pairs without what the forests say of single values.
Value interactions_json(const Fanova& found) {
  Value out = to_json(found, false);
  Value::List rows = out.find("parameters")->as_list();
  for (std::size_t i = 0; i < rows.size(); ++i)
    rows[i].set("dependence", to_json(found.effects[i].dependence));
  out.set("parameters", Value(std::move(rows)));
  return out;
}

Value seeds_json(const History& history) {
  Value::List rows;
  const std::vector<SeedValues> all = seed_values(history);
  for (std::size_t i = all.size() > kSeeds ? all.size() - kSeeds : 0; i < all.size(); ++i) {
    Value row = Value::Map{};
    row.set("trial", all[i].trial)
        .set("values", Value(Value::List(all[i].values.begin(), all[i].values.end())))
        .set("mean", all[i].mean)
        .set("sd", all[i].sd)
        .set("interval", to_json(all[i].interval));
    rows.push_back(std::move(row));
  }
  Value out = Value::Map{};
  out.set("metric", history.spec().objective().name).set("trials", Value(std::move(rows)));
  return out;
}

Value front_json(const History& history) {
  Value out = Value::Map{};
  if (const auto share = find_front(history).hypervolume) out.set("hypervolume", *share);
  Value::List course;
  for (const HypervolumePoint& point : hypervolume_over_trials(history, kHypervolumes)) {
    Value one = Value::Map{};
    one.set("trial", point.trial)
        .set("position", point.position)
        .set("hypervolume", point.hypervolume);
    course.push_back(std::move(one));
  }
  return out.set("over_trials", Value(std::move(course)));
}

}  // namespace

std::shared_ptr<const Analysis> analyse(const History& history, const std::atomic<bool>& stopping) {
  auto out = std::make_shared<Analysis>();
  out->version = history.version();
  out->seeds = seeds_json(history);
  const StudySpec& spec = history.spec();
  if (spec.objective_count() > 1) out->front = front_json(history);
  if (stopping) return nullptr;
  const Findings findings = find_findings(history);
  out->findings = findings_json(findings);
  const auto objectives = std::min<std::size_t>(static_cast<std::size_t>(spec.objective_count()),
                                                Analysis::kObjectives);
  for (std::size_t m = 0; m < objectives; ++m) {
    if (stopping) return nullptr;
    FanovaOptions forests;
    forests.metric = static_cast<int>(m);
    const auto forest = std::make_shared<const Fanova>(fanova(history, forests));
    if (stopping) return nullptr;
    ImportanceTableOptions options;
    options.metric = forests.metric;
    options.forests = forest.get();
    // With several objectives the findings leave it out.
    if (m == 0 && findings.importance.needed > 0) options.importance = &findings.importance;
    Value importance = to_json(importance_table(history, options));
    Value interactions = interactions_json(*forest);
    importance.set("metric", spec.metrics[m].name);
    interactions.set("metric", spec.metrics[m].name);
    out->objectives.push_back(
        {spec.metrics[m].name, std::move(importance), std::move(interactions), forest});
  }
  return out;
}

Analyses::Analyses(const Clock& clock) : clock_(clock), worker_([this] { work(); }) {}

Analyses::~Analyses() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  worker_.join();
}

Analyses::Answer Analyses::get(const std::shared_ptr<StudyModel>& model) {
  const std::int64_t version = model->version();
  const std::int64_t now = clock_.monotonic_us();
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[model->id()];
  entry.used = ++uses_;
  Answer answer{entry.found, false};
  const bool is_right = entry.found && entry.found->version == version;
  if (!is_right) {
    const auto waits = std::find_if(waiting_.begin(), waiting_.end(),
                                    [&](const auto& other) { return other->id() == model->id(); });
    answer.is_coming = current_ == model->id() || waits != waiting_.end();
    if (!answer.is_coming && now >= entry.from_us && waiting_.size() < kWaiting) {
      waiting_.push_back(model);
      answer.is_coming = true;
      wake_.notify_all();
    }
  }
  keep_few();
  return answer;
}

void Analyses::keep_few() {
  while (entries_.size() > kKept) {
    entries_.erase(std::min_element(
        entries_.begin(), entries_.end(),
        [](const auto& a, const auto& b) { return a.second.used < b.second.used; }));
  }
}

void Analyses::work() {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);  // of this thread
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    const std::shared_ptr<StudyModel> model = std::move(waiting_.front());
    waiting_.pop_front();
    current_ = model->id();
    lock.unlock();
    const std::int64_t begin = clock_.monotonic_us();
    std::shared_ptr<const Analysis> found;
    try {
      const History history =
          model->read([](const StudyModel::View& view) { return view.history; });
      found = analyse(history, stopping_);
    } catch (const std::exception& error) {
      log(LogLevel::warning, std::string("the analysis of a study failed: ") + error.what());
      auto failed = std::make_shared<Analysis>();
      failed->version = model->version();
      failed->error = error.what();
      found = std::move(failed);
    }
    const std::int64_t end = clock_.monotonic_us();
    lock.lock();
    if (stopping_) return;
    Entry& entry = entries_[current_];
    entry.found = std::move(found);
    entry.from_us = end + (end - begin) * kShare;
    current_ = StudyId{};
    keep_few();
  }
}

}  // namespace hone::server
