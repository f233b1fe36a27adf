// Jobs of scripted programs, for whatever drives the real worker over a FakeExecutor.
#pragma once

#include <string>
#include <variant>

#include "hone/tuner/worker.h"

namespace hone::sim {

/// Builds jobs without touching files; the argument vector carries what the script needs.
class SimJobBuilder final : public JobBuilder {
 public:
  std::variant<BuiltJob, JobRefused, NoRoom> build(const Claim& claim) override {
    BuiltJob built;
    built.job = rebuild(claim);
    built.start.argv = built.job.argv;
    built.start.folder = "run";
    return built;
  }
  Job rebuild(const Claim& claim) override {
    Job job;
    job.run = claim.run.id;
    job.token = claim.run.token;
    const bool forked = claim.proposal->origin == TrialOrigin::fork && claim.proposal->parent;
    job.argv = {
        claim.proposal->config.canonical(),
        claim.run.plan.fidelity_target ? format_double(*claim.run.plan.fidelity_target) : "",
        claim.run.plan.resume_from, std::to_string(claim.run.plan.trial),
        forked ? std::to_string(*claim.proposal->parent) : ""};
    job.sources = {{"stdout", "stdout", 0}, {"stderr", "stderr", 0}};
    return job;
  }
  void tell(const Claim&, Verdict) override {}
  void release(RunId) override {}
};

}  // namespace hone::sim
