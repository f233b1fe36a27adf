// Tracking points in the tables: frames as they come, and fewer ones once a run has ended.
#include <algorithm>

#include "hone/base/error.h"
#include "hone/store/point_frame.h"
#include "hone/store/sql_study.h"

namespace hone::sql {
namespace {

/// Frames below this size are worth merging.
constexpr std::int64_t kSmallFrame = 500;
/// Points of a merged frame, at most, unless one frame had more.
constexpr std::size_t kMergedFrame = 4096;
/// A run with more points in small frames than this keeps them: its end must not hold up others.
constexpr std::int64_t kMergedAtMost = 100'000;

void insert_frame(Connection& connection, RunId run, std::int64_t chunk,
                  std::span<const Point> points) {
  const auto [low, high] = std::minmax_element(
      points.begin(), points.end(), [](const Point& a, const Point& b) { return a.step < b.step; });
  const auto or_zero = [](double step) {
    return step == step ? step : 0;
  };  // the columns hold no NaN
  const std::string data = encode_points(points);
  Query(connection,
        "INSERT INTO series (run_id, metric_id, chunk, codec, n, first_step, last_step, data) "
        "VALUES ($1, -1, $2, $3, $4, $5, $6, $7)",
        run.value, chunk, kPointFrameCodec, static_cast<std::int64_t>(points.size()),
        or_zero(low->step), or_zero(high->step),
        std::span(reinterpret_cast<const std::uint8_t*>(data.data()), data.size()))
      .run();
}

}  // namespace

void store_points(Connection& connection, RunId run, std::span<const Point> points) {
  std::int64_t chunk = 0;
  {
    Query query(
        connection,
        "SELECT COALESCE(MAX(chunk), -1) + 1 FROM series WHERE run_id = $1 AND metric_id = -1",
        run.value);
    if (query.step()) chunk = query.integer(0);
  }
  insert_frame(connection, run, chunk, points);
}

void merge_points(Connection& connection, RunId run) {
  std::int64_t frames = 0;
  std::int64_t count = 0;
  {
    Query query(
        connection,
        "SELECT COUNT(*), CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM series WHERE run_id = $1 "
        "AND metric_id = -1",
        run.value);
    if (query.step()) {
      frames = query.integer(0);
      count = query.integer(1);
    }
  }
  if (frames < 2 || count > kMergedAtMost || count / frames >= kSmallFrame) return;
  // A merged frame has the number of the last one in it, and none reaches over the end of a
  // reader's page: a reader that is under way meanwhile goes on behind what it has seen.
  struct Merged {
    std::int64_t chunk;
    std::size_t end;  ///< of its points
  };
  std::vector<Merged> merged;
  std::vector<Point> points;
  points.reserve(static_cast<std::size_t>(count));
  {
    Query query(
        connection,
        "SELECT codec, data, chunk FROM series WHERE run_id = $1 AND metric_id = -1 ORDER BY chunk",
        run.value);
    std::int64_t frames_of_page = 0;
    std::size_t page = 0;  // where its points begin
    std::size_t from = 0;  // where those of the last merged frame begin
    while (query.step()) {
      // A frame that cannot be read is told when somebody reads it; a run's end is stored all the
      // same.
      if (!decode_points(query.small(0), query.bytes(1), points)) return;
      if (frames_of_page == 0 || points.size() - from > kMergedFrame) {
        from = merged.empty() ? 0 : merged.back().end;
        merged.emplace_back();
      }
      merged.back() = {query.integer(2), points.size()};
      if (is_page_full(++frames_of_page, points.size() - page)) {
        frames_of_page = 0;
        page = points.size();
      }
    }
  }
  Query(connection, "DELETE FROM series WHERE run_id = $1 AND metric_id = -1", run.value).run();
  const std::span<const Point> all(points);
  std::size_t from = 0;
  for (const Merged& frame : merged) {
    insert_frame(connection, run, frame.chunk, all.subspan(from, frame.end - from));
    from = frame.end;
  }
}

}  // namespace hone::sql
