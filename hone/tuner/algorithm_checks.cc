#include "hone/tuner/algorithm_checks.h"

#include "hone/sampler/sampler.h"
#include "hone/scheduler/scheduler.h"

namespace hone {

std::vector<OptionProblem> sampler_problems(const StudySpec& spec) {
  std::vector<OptionProblem> problems;
  make_sampler(spec, problems);
  return problems;
}

std::vector<OptionProblem> scheduler_problems(const StudySpec& spec) {
  std::vector<OptionProblem> problems;
  make_scheduler(spec, problems);
  return problems;
}

}  // namespace hone
