#include "hone/tuner/followers.h"

#include <algorithm>

namespace hone {

std::optional<std::string> Followers::answer(const Request& request, std::int64_t now_us) {
  if (request.kind != "join" && request.kind != "leave") return std::nullopt;
  const std::string worker = request.body.string_or("worker", "");
  const auto holder = Holder::parse(request.body.string_or("holder", ""));
  if (worker.empty() || !holder) return "refused: no worker named";
  if (request.kind == "leave") {
    joined_.erase(worker);
    return "left";
  }
  constexpr std::int64_t kParallelAtMost = 10'000;
  const auto parallel =
      std::clamp<std::int64_t>(request.body.int_or("parallel", 0), 0, kParallelAtMost);
  joined_[worker] = {*holder, static_cast<int>(parallel), now_us};
  return "joined";
}

int Followers::parallel(const LivenessProbe& probe, std::int64_t now_us) {
  std::erase_if(joined_, [&](const auto& entry) {
    const Liveness liveness = probe.probe(entry.second.holder);
    return liveness == Liveness::gone ||
           (liveness == Liveness::unknown && now_us - entry.second.at_us > kGone_us);
  });
  int parallel = 0;
  for (const auto& [uid, joined] : joined_) parallel += joined.parallel;
  return parallel;
}

void Membership::announce(Store& store, StudyId study, const std::string& leader, int parallel,
                          std::int64_t now_us) {
  if (leader.empty()) return;
  if (leader == asked_ && parallel == parallel_ && now_us < again_at_us_) return;
  Value body = Value::Map{};
  body.set("worker", worker_uid_).set("holder", holder_.text()).set("parallel", parallel);
  store.add_request(study, "join", body, holder_.text());
  asked_ = leader;
  parallel_ = parallel;
  again_at_us_ = now_us + kRejoin_us;
}

}  // namespace hone
