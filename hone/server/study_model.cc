#include "hone/server/study_model.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <future>

#include "hone/base/error.h"
#include "hone/base/log.h"

namespace hone::server {
namespace {
constexpr std::int64_t kPage = 20'000;
/// Pages of changes that are read at the same time while others are folded.
constexpr std::size_t kPagesAhead = 2;
}  // namespace

StudyModel::StudyModel(Store& store, StudyId id) : store_(store), id_(id) {}

void StudyModel::load_spec() {
  const SpecRecord record = store_.spec(id_);
  const auto body = Value::parse(record.body);
  if (!body) throw Error(ErrorCode::store_corrupt, "the spec of the study is no JSON");
  auto spec = std::make_shared<const StudySpec>(StudySpec::from_value(*body));
  spec_version_ = record.version;
  if (history_) {
    history_->set_spec(std::move(spec));
  } else {
    history_ = std::make_unique<History>(std::move(spec));
  }
}

void StudyModel::note(std::int64_t trial, std::int64_t seq) {
  const auto at = static_cast<std::size_t>(trial);
  events_.push_back({seq, newest_event_[at]});
  newest_event_[at] = static_cast<std::int64_t>(events_.size()) - 1;
}

void StudyModel::fold(const Change& change) {
  history_->apply(change);
  const auto size = static_cast<std::size_t>(history_->size());
  changed_.resize(size, change.seq);
  newest_event_.resize(size, -1);
  std::optional<std::int64_t> trial = trial_of(change.body);
  bool is_report = false;
  if (const auto* reported = std::get_if<Reported>(&change.body)) {
    trial = reported->report.trial;
    is_report = true;
  } else if (const auto* noted = std::get_if<Noted>(&change.body)) {
    if (const auto warning = warning_of(*noted)) trial = warning->trial;
  }
  if (!trial || *trial < 0 || *trial >= history_->size()) return;
  changed_[static_cast<std::size_t>(*trial)] = change.seq;
  if (!is_report) note(*trial, change.seq);
}

void StudyModel::fold(std::span<const Change> changes) {
  // The newest spec rules over all trials, so of many versions one is read, and none that was read
  // before. Before anything is folded: if it cannot be read, the page is folded another time.
  std::int64_t newest = 0;
  std::int64_t newest_seq = 0;
  for (const Change& change : changes) {
    const auto* spec = std::get_if<SpecChanged>(&change.body);
    if (spec == nullptr) continue;
    newest = std::max(newest, spec->version);
    newest_seq = change.seq;
  }
  if (newest > spec_version_) load_spec();
  for (const Change& change : changes) fold(change);
  for (std::int64_t& seq : changed_) seq = std::max(seq, newest_seq);
}

void StudyModel::refresh() {
  const std::lock_guard one(refreshing_);
  std::int64_t version = 0;
  try {
    if (!history_) {
      const std::unique_lock lock(mutex_);
      load_spec();
    }
    // Read outside of the lock: requests go on meanwhile. A long record is read in several pages
    // at a time, each whole, so that where the next one begins is known.
    const std::int64_t begin = history_->version();
    std::deque<std::future<std::vector<Change>>> ahead;
    std::vector<Change> changes = store_.changes_since(id_, begin, kPage);
    std::int64_t asked = begin + kPage;
    const auto ask = [&] {
      ahead.push_back(std::async(std::launch::async, [this, after = asked] {
        return store_.changes_since(id_, after, kPage);
      }));
      asked += kPage;
    };
    for (;;) {
      const bool more = static_cast<std::int64_t>(changes.size()) == kPage;
      while (more && ahead.size() < kPagesAhead) ask();
      {
        const std::unique_lock lock(mutex_);
        fold(changes);
        version = history_->version();
      }
      if (!more) break;
      changes = ahead.front().get();
      ahead.pop_front();
    }
  } catch (const Error& error) {
    if (error.code() == ErrorCode::not_found) {
      const std::lock_guard lock(news_mutex_);
      gone_ = true;
      news_.notify_all();
    }
    throw;
  }
  const std::lock_guard lock(news_mutex_);
  folded_ = true;
  if (version == told_version_) return;
  told_version_ = version;
  news_.notify_all();
}

bool StudyModel::is_folded() const {
  const std::lock_guard lock(news_mutex_);
  return folded_;
}

std::int64_t StudyModel::version() const {
  const std::shared_lock lock(mutex_);
  return history_ ? history_->version() : 0;
}

std::int64_t StudyModel::trials() const {
  const std::shared_lock lock(mutex_);
  return history_ ? history_->size() : 0;
}

std::vector<std::int64_t> StudyModel::View::events_of(std::int64_t trial, std::size_t limit) const {
  std::vector<std::int64_t> commits;
  for (std::int64_t at = model.newest_event_[static_cast<std::size_t>(trial)];
       at >= 0 && commits.size() < limit; at = model.events_[static_cast<std::size_t>(at)].before) {
    commits.push_back(model.events_[static_cast<std::size_t>(at)].seq);
  }
  return commits;
}

void StudyModel::wait_above(std::int64_t version, std::int64_t timeout_us) {
  std::unique_lock lock(news_mutex_);
  news_.wait_for(lock, std::chrono::microseconds(timeout_us),
                 [&] { return gone_ || told_version_ > version; });
}

bool StudyModel::gone() const {
  const std::lock_guard lock(news_mutex_);
  return gone_;
}

bool StudyModel::is_watched() const {
  const std::lock_guard lock(news_mutex_);
  return watches_ > 0 && !gone_;
}

StudyModel::Watch::Watch(std::shared_ptr<StudyModel> model) : model_(std::move(model)) {
  const std::lock_guard lock(model_->news_mutex_);
  ++model_->watches_;
}

StudyModel::Watch::~Watch() {
  const std::lock_guard lock(model_->news_mutex_);
  --model_->watches_;
}

ModelCache::ModelCache(Store& store) : store_(store), looker_([this] { look(); }) {}

ModelCache::~ModelCache() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  looker_.join();
}

std::shared_ptr<StudyModel> ModelCache::find(StudyId id) {
  const std::lock_guard lock(mutex_);
  for (const auto& model : models_) {
    if (model->id() == id) return model;
  }
  return nullptr;
}

std::shared_ptr<StudyModel> ModelCache::entry(StudyId id) {
  const std::lock_guard lock(mutex_);
  const auto it = std::find_if(models_.begin(), models_.end(),
                               [&](const auto& known) { return known->id() == id; });
  if (it == models_.end()) {
    models_.push_front(std::make_shared<StudyModel>(store_, id));
  } else {
    models_.splice(models_.begin(), models_, it);
  }
  return models_.front();
}

std::shared_ptr<StudyModel> ModelCache::open_within(StudyId id, std::int64_t patience_us,
                                                    std::int64_t& so_far) {
  const std::shared_ptr<StudyModel> model = entry(id);
  if (!model->is_folded()) {
    std::shared_future<void> first;
    {
      const std::lock_guard lock(mutex_);
      std::shared_future<void>& known = first_folds_[id];
      if (!known.valid()) {
        const auto fold = [this, id] {
          try {
            open(id);
          } catch (const std::exception& error) {
            log(LogLevel::debug, error.what());  // who asks next is told
          }
        };
        known = std::async(std::launch::async, fold).share();
      }
      first = known;
    }
    if (first.wait_for(std::chrono::microseconds(patience_us)) != std::future_status::ready) {
      so_far = model->version();
      return nullptr;
    }
    // Another one may have been begun since; the last holder of one waits for its end, which needs
    // the lock.
    std::shared_future<void> done;
    const std::lock_guard lock(mutex_);
    const auto known = first_folds_.find(id);
    const bool is_over =
        known != first_folds_.end() &&
        known->second.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    if (is_over) {
      done = std::move(known->second);
      first_folds_.erase(known);
    }
  }
  return open(id);
}

std::shared_ptr<StudyModel> ModelCache::open(StudyId id) {
  const std::shared_ptr<StudyModel> model = entry(id);
  try {
    model->refresh();
  } catch (const Error& error) {
    // A store that fails for the moment leaves what is there: event streams may hang on it.
    if (error.code() == ErrorCode::not_found) {
      const std::lock_guard lock(mutex_);
      models_.remove(model);
    }
    throw;
  }
  evict();
  return model;
}

void ModelCache::evict() {
  const std::lock_guard lock(mutex_);
  std::int64_t trials = 0;
  std::size_t kept = 0;
  for (auto it = models_.begin(); it != models_.end();) {
    trials += (*it)->trials();
    const bool room = kept == 0 || (kept < kModels && trials <= kTrials);
    if (room || it->use_count() > 1) {
      ++kept;
      ++it;
    } else {
      it = models_.erase(it);
    }
  }
}

void ModelCache::look() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    std::vector<std::shared_ptr<StudyModel>> watched;
    for (const auto& model : models_) {
      if (model->is_watched()) watched.push_back(model);
    }
    lock.unlock();
    for (const auto& model : watched) {
      try {
        if (store_.wait_for_change(model->id(), model->version(), 0)) model->refresh();
      } catch (const Error& error) {
        // Deleted, or a store that fails for the moment: the next look tells.
        if (error.code() == ErrorCode::not_found) {
          try {
            model->refresh();
          } catch (const Error&) {
            continue;
          }
        }
        log(LogLevel::debug, error.what());
      }
    }
    lock.lock();
    wake_.wait_for(lock, std::chrono::microseconds(kLook_us), [this] { return stopping_; });
  }
}

}  // namespace hone::server
