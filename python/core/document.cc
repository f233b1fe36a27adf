#include "python/core/document.h"

#include <fmt/core.h>

#include "hone/base/error.h"
#include "hone/base/text.h"
#include "hone/detector/detector.h"
#include "hone/sampler/sampler.h"
#include "hone/scheduler/scheduler.h"
#include "hone/study/study_file.h"
#include "hone/tuner/algorithm_checks.h"

namespace hone::python {
namespace {

std::string sentence(const Diagnostic& diagnostic) {
  return diagnostic.fix.empty() ? diagnostic.message
                                : fmt::format("{}: {}", diagnostic.message, diagnostic.fix);
}

[[noreturn]] void refuse(const std::vector<std::string>& mistakes) {
  if (mistakes.size() == 1) throw Error(ErrorCode::invalid_input, mistakes.front());
  throw Error(ErrorCode::invalid_input,
              fmt::format("{} mistakes\n  {}", mistakes.size(), join(mistakes, "\n  ")));
}

const Value* inner(const Value& document, const char* section, const char* key) {
  const Value* found = document.find(section);
  return found == nullptr ? nullptr : found->find(key);
}

}  // namespace

Document read_document(const Value& document) {
  Document read;
  read.source = document.dump() + "\n";
  LoadOptions options;
  options.samplers = sampler_help();
  options.schedulers = scheduler_help();
  options.detectors = detector_help();
  options.check_sampler = sampler_problems;
  options.check_scheduler = scheduler_problems;
  options.command_required = false;
  LoadedStudy loaded = load_study_file(read.source, "study", options);
  std::vector<std::string> mistakes;
  for (const Diagnostic& diagnostic : loaded.diagnostics) {
    if (diagnostic.severity == Severity::error) mistakes.push_back(sentence(diagnostic));
    if (diagnostic.severity == Severity::warning) read.warnings.push_back(sentence(diagnostic));
  }
  if (!loaded.spec) refuse(mistakes);
  read.spec = *std::move(loaded.spec);
  read.seed_given = loaded.seed_given;
  if (inner(document, "limits", "retries") == nullptr) read.spec.limits.retries = 0;
  if (inner(document, "limits", "same_failures") == nullptr) read.spec.limits.same_failures = 0;
  if (document.find("budget") == nullptr && document.find("run_cap") == nullptr)
    read.spec.budget = Budget{};
  return read;
}

StudySpec continued(const StudySpec& stored, const Value& document, const StudySpec& wanted,
                    std::vector<std::string>& changes) {
  const auto given = [&](const char* key) { return document.find(key) != nullptr; };
  StudySpec next = stored;
  next.space = wanted.space;
  next.metrics = wanted.metrics;
  if (given("method")) next.sampler = wanted.sampler;
  if (given("scheduler") || given("pruner")) next.scheduler = wanted.scheduler;
  if (given("fidelity")) next.fidelity = wanted.fidelity;
  if (given("budget") || given("run_cap")) next.budget = wanted.budget;
  if (given("limits")) next.limits = wanted.limits;
  if (given("replicates")) {
    next.replicates = wanted.replicates;
    next.racing = wanted.racing;
  }
  if (given("on_oom")) next.on_oom = wanted.on_oom;
  if (given("on_gpu_oom")) next.on_gpu_oom = wanted.on_gpu_oom;
  if (given("confirm")) next.confirm = wanted.confirm;
  const SpecChanges compared = compare_specs(stored, next);
  if (!compared.refused.empty()) {
    throw Error(ErrorCode::invalid_input,
                fmt::format("the study '{}' in the store cannot go on with this: {}", stored.name,
                            join(compared.refused, "; ")),
                "choose another name, or open it as it is: hone.Study(name=…, store=…)");
  }
  changes = compared.applied;
  return next;
}

}  // namespace hone::python
