// The C++ library without hone's processes: ask for a configuration, evaluate it here, tell the
// value.
#include <cmath>
#include <cstdio>

#include "hone/tuner/ask_tell.h"

int main() {
  hone::StudySpec spec;
  spec.space = *hone::SearchSpace::create(
                    {{"rate", hone::Real{hone::Law::log_uniform, 1e-5, 1e-1}, {}, {}, {}},
                     {"layers", hone::Integer{1, 6}, {}, {}, {}}},
                    {})
                    .space;
  spec.metrics = {{"loss"}};
  spec.sampler.name = "random";
  hone::AskTell study(spec);
  for (int i = 0; i < 50; ++i) {
    const auto trial = study.ask();
    const double rate = trial->config.get("rate")->as_number();
    const double layers = trial->config.get("layers")->as_number();
    study.tell(trial->number, std::pow(std::log10(rate) + 3.5, 2) + std::abs(layers - 5));
  }
  const auto best = study.best();
  std::printf("best of 50 trials: number %d, loss %.3f, %s\n", static_cast<int>(best->number),
              best->value, best->config.canonical().c_str());
}
