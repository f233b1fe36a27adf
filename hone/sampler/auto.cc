// What hone uses where nothing else is asked for. Now that is the tree-structured Parzen estimator
// for every space: it takes conditional, mixed and constrained spaces, failed and running trials,
// ends by itself where a finite space is used up, and costs the same at trial 100 000 as at 100.
// Which algorithm was used is stored with each trial (`rule`), so a later, finer choice leaves old
// studies readable.
#include "hone/sampler/registry.h"

namespace hone {
namespace {

struct AutoOptions {};

const OptionTable<AutoOptions>& auto_options() {
  static const OptionTable<AutoOptions> table = OptionTable<AutoOptions>(
      "auto", "hone's choice: tpe; without a budget it ends when nothing improves any more");
  return table;
}

class Auto final : public Sampler {
 public:
  explicit Auto(std::unique_ptr<Sampler> chosen) : chosen_(std::move(chosen)) {}

  SuggestResult suggest(const SuggestContext& context, int count) override {
    return chosen_->suggest(context, count);
  }
  std::string describe() const override { return "auto: " + chosen_->describe(); }

 private:
  std::unique_ptr<Sampler> chosen_;
};

}  // namespace

std::unique_ptr<Sampler> make_auto(const StudySpec& spec, std::vector<OptionProblem>& problems) {
  auto_options().parse(spec.sampler.options, problems);
  StudySpec chosen = spec;
  chosen.sampler = {"tpe", Value::Map{}};
  return std::make_unique<Auto>(make_tpe(chosen, problems));
}

AlgorithmHelp auto_help() { return auto_options().help(); }

}  // namespace hone
