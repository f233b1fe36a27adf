// What the API says of studies, trials, runs and changes, as values of the schemas in openapi.yaml.
// Pure.
#pragma once

#include "hone/store/store.h"
#include "hone/study/history.h"

namespace hone::server {

Value metric_json(const Metric& metric);
Value parameter_json(const Parameter& parameter);
Value counts_json(const TrialCounts& counts);
/// Schema StudyRow.
Value study_row(const StudyInfo& study, const StudySpec& spec, bool led);
/// Schema Study, without what the Desk knows.
Value study_json(const StudyInfo& study, const History& history, std::int64_t spec_version,
                 bool led, std::int64_t now_us);
/// Schema TrialRow.
Value trial_row(const History& history, const Trial& trial);
/// Schema Run.
Value run_json(const Run& run, const Store::RunDetail& detail);
/// Schema Change.
Value change_json(const Change& change, const StudySpec& spec);

/// The spec's body with the values of environment variables that look like secrets masked.
Value masked_body(Value body);

/// Microseconds as seconds.
inline double seconds(std::int64_t us) { return static_cast<double>(us) / 1e6; }
/// "project/name", or "name".
std::string study_title(const StudyInfo& study);

}  // namespace hone::server
