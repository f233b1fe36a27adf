#include "hone/tuner/stored_study.h"

#include "hone/base/error.h"

namespace hone {
namespace {

constexpr std::int64_t kChangesAtOnce = 5000;

}  // namespace

StudyInfo create_study(Store& store, const StudySpec& spec, const std::string& source,
                       const std::string& owner) {
  NewStudy study;
  study.project = spec.project;
  study.name = spec.name;
  study.owner = owner;
  study.source = source;
  study.body = spec.to_value().dump();
  for (const Metric& metric : spec.metrics) study.metrics.emplace_back(metric.name, metric.role);
  return *store.study(store.create_study(study));
}

std::shared_ptr<const StudySpec> stored_spec(Store& store, StudyId study) {
  const auto body = Value::parse(store.spec(study).body);
  if (!body) throw Error(ErrorCode::store_corrupt, "the stored spec of the study is no JSON");
  return std::make_shared<const StudySpec>(StudySpec::from_value(*body));
}

History load_history(Store& store, StudyId study) {
  History history(stored_spec(store, study));
  for (;;) {
    const auto changes = store.changes_since(study, history.version(), kChangesAtOnce);
    for (const Change& change : changes) history.apply(change);
    if (std::ssize(changes) < kChangesAtOnce) return history;
  }
}

}  // namespace hone
