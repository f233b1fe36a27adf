// The readers' side of the SQL store.
#include <fmt/core.h>

#include <chrono>

#include "hone/store/point_frame.h"
#include "hone/store/rules.h"
#include "hone/store/sql_store.h"
#include "hone/store/sql_study.h"

namespace hone {

using sql::Connection;
using sql::Query;

namespace {

constexpr std::int64_t kLargestPage = 1'000'000;

/// Puts changes into their places in the page; numbers are dense, so the place follows from the
/// number.
class Page {
 public:
  Page(StudyId study, std::int64_t after, std::int64_t last)
      : study_(study), after_(after), changes_(static_cast<std::size_t>(last - after)) {}
  Change& at(std::int64_t seq) {
    Change& change = changes_[static_cast<std::size_t>(seq - after_ - 1)];
    change.seq = seq;
    return change;
  }
  std::vector<Change> finish() {
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      if (changes_[i].seq != 0) continue;
      throw Error(ErrorCode::store_corrupt,
                  fmt::format("study {} lacks change {} in the store", study_.value,
                              after_ + 1 + static_cast<std::int64_t>(i)));
    }
    return std::move(changes_);
  }

 private:
  StudyId study_;
  std::int64_t after_;
  std::vector<Change> changes_;
};

void read_events(Connection& connection, StudyId study, std::int64_t after, std::int64_t last,
                 Page& page) {
  Query query(connection,
              "SELECT e.seq, e.kind, e.at_us, t.number, e.run_id, e.body FROM event e "
              "LEFT JOIN trial t ON t.trial_id = e.trial_id "
              "WHERE e.study_id = $1 AND e.seq > $2 AND e.seq <= $3 ORDER BY e.seq",
              study.value, after, last);
  while (query.step()) {
    Change& change = page.at(query.integer(0));
    change.at_us = query.integer(2);
    const auto body = Value::parse(query.text(5));
    if (!body) {
      throw Error(
          ErrorCode::store_corrupt,
          fmt::format("change {} of study {} in the store is no JSON", change.seq, study.value));
    }
    change.body =
        parse_event(query.small(1), query.maybe_integer(3), query.maybe_integer(4), *body);
  }
}

/// Fills in the trials that were added: the event row has only the number, the trial's row the
/// rest.
void read_proposals(Connection& connection, StudyId study, std::int64_t after, std::int64_t last,
                    Page& page) {
  static const int kind = event_kind(TrialAdded{});
  static const std::string text =
      std::string("SELECT e.seq, ") + sql::kProposalColumns +
      " FROM event e JOIN trial t ON t.trial_id = e.trial_id "
      "LEFT JOIN trial p ON p.trial_id = t.parent_trial_id "
      "WHERE e.study_id = $1 AND e.seq > $2 AND e.seq <= $3 AND e.kind = $4";
  Query query(connection, text, study.value, after, last, kind);
  while (query.step()) page.at(query.integer(0)).body = TrialAdded{sql::read_proposal(query, 1)};
}

void read_reports(Connection& connection, StudyId study, std::int64_t after, std::int64_t last,
                  Page& page) {
  Query query(connection,
              "SELECT r.seq, r.at_us, r.run_id, t.number, r.ordinal, r.fidelity, r.metric_id, "
              "r.value, r.busy_us, "
              "u.late_after FROM report r JOIN run u ON u.run_id = r.run_id JOIN trial t ON "
              "t.trial_id = u.trial_id "
              "WHERE r.study_id = $1 AND r.seq > $2 AND r.seq <= $3 ORDER BY r.seq",
              study.value, after, last);
  while (query.step()) {
    Change& change = page.at(query.integer(0));
    change.at_us = query.integer(1);
    Reported reported;
    reported.report = {RunId{query.integer(2)}, query.integer(3), query.integer(4), query.real(5),
                       query.small(6),          query.real(7),    query.integer(8)};
    reported.late = rules::is_late(query.integer(9), change.seq);
    change.body = reported;
  }
}

}  // namespace

std::vector<Change> SqlStore::changes_since(StudyId study, std::int64_t after, std::int64_t limit) {
  std::vector<Change> changes;
  read([&](Connection& connection) {
    // The bound comes first: what is committed between the statements below is left for the next
    // page.
    std::int64_t last = 0;
    {
      Query query(connection, "SELECT next_seq - 1 FROM study WHERE study_id = $1", study.value);
      if (!query.step()) throw rules::no_study(study);
      last = query.integer(0);
    }
    const std::int64_t first = std::max<std::int64_t>(after, 0);
    last = std::min(last, first + std::clamp<std::int64_t>(limit, 0, kLargestPage));
    changes.clear();
    if (last <= first) return;
    Page page(study, first, last);
    read_events(connection, study, first, last, page);
    read_proposals(connection, study, first, last, page);
    read_reports(connection, study, first, last, page);
    try {
      changes = page.finish();
    } catch (const Error&) {
      Query query(connection, "SELECT 1 FROM study WHERE study_id = $1", study.value);
      if (!query.step()) throw rules::no_study(study);  // deleted meanwhile
      throw;
    }
  });
  return changes;
}

bool SqlStore::has_news(StudyId study, std::int64_t after) {
  bool news = false;
  read([&](Connection& connection) {
    Query query(connection,
                "SELECT CASE WHEN next_seq - 1 > $2 OR EXISTS (SELECT 1 FROM request r WHERE "
                "r.study_id = $1 "
                "AND r.handled_seq IS NULL) THEN 1 ELSE 0 END FROM study WHERE study_id = $1",
                study.value, after);
    if (!query.step()) throw rules::no_study(study);
    news = query.integer(0) != 0;
  });
  return news;
}

bool SqlStore::wait_for_change(StudyId study, std::int64_t after, std::int64_t timeout_us) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::microseconds(timeout_us);
  std::unique_lock lock(wait_mutex_);
  if (timeout_us > 0 && !watch_made_) {  // before the first look, so that no commit falls between
    watch_ = database_->watch();
    watch_made_ = true;
  }
  for (;;) {
    const std::uint64_t seen = commits_;
    lock.unlock();
    if (has_news(study, after)) return true;
    lock.lock();
    while (commits_ == seen) {
      const auto left = std::chrono::duration_cast<std::chrono::microseconds>(
          deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) return false;
      const auto slice = std::min<std::int64_t>(left.count(), sql::Watch::kLongest_us);
      if (watching_ || !watch_) {
        changed_.wait_for(lock, std::chrono::microseconds(slice));
        continue;
      }
      // This thread looks out for the others.
      watching_ = true;
      bool committed = false;
      if (watch_->sees_own_commits()) {
        lock.unlock();
        try {
          committed = watch_->wait(slice);
        } catch (...) {
          lock.lock();
          watching_ = false;
          throw;
        }
        lock.lock();
      } else {
        changed_.wait_for(lock, std::chrono::microseconds(slice));
        committed = commits_ == seen && watch_->wait(0);
      }
      watching_ = false;
      if (committed) {
        ++commits_;
        changed_.notify_all();
      }
    }
  }
}

Store::RunDetail SqlStore::run_detail(RunId run) {
  RunDetail detail;
  read([&](Connection& connection) {
    Query query(
        connection,
        "SELECT u.argv, u.folder, u.pid, u.pid_start, u.devices, e.body, u.parsed FROM run u "
        "LEFT JOIN environment e ON e.environment_id = u.environment_id WHERE u.run_id = $1",
        run.value);
    if (!query.step()) throw rules::no_run(run);
    if (!query.is_null(0)) detail.started = sql::read_start(query, 0);
    if (!query.is_null(5)) detail.environment = query.string(5);
    detail.parsed = query.string(6);
  });
  return detail;
}

void SqlStore::visit_points(RunId run, const SeePoints& see) {
  std::int64_t after = -1;
  for (bool first = true;; first = false) {
    std::vector<Point> points;
    bool is_full = false;
    std::int64_t last = after;
    read([&](Connection& connection) {
      points.clear();
      is_full = false;
      if (first) {
        Query there(connection, "SELECT 1 FROM run WHERE run_id = $1", run.value);
        if (!there.step()) throw rules::no_run(run);
      }
      Query query(connection,
                  "SELECT codec, data, chunk FROM series WHERE run_id = $1 AND metric_id = -1 AND "
                  "chunk > $2 ORDER BY chunk LIMIT $3",
                  run.value, after, sql::kPageFrames);
      for (std::int64_t frames = 1; !is_full && query.step(); ++frames) {
        last = query.integer(2);
        if (!decode_points(query.small(0), query.bytes(1), points)) {
          throw Error(ErrorCode::store_corrupt,
                      fmt::format("a frame of points of run {} cannot be read", run.value));
        }
        is_full = sql::is_page_full(frames, points.size());
      }
    });
    if (!points.empty()) see(points);
    if (!is_full) return;
    after = last;
  }
}

}  // namespace hone
