// hone diff: two trials side by side.
#include <fmt/core.h>

#include <cstdio>

#include "hone/base/error.h"
#include "hone/base/text.h"
#include "hone/cli/commands.h"
#include "hone/cli/lines.h"
#include "hone/cli/terminal.h"
#include "hone/cli/workplace.h"

namespace hone::cli {
namespace {

class DiffCommand final : public Command {
 public:
  void declare(CommandLine& line) override {
    line.positional("STUDY TRIAL TRIAL", words_,
                    "Two trials: finetune 3 44, or finetune/3 finetune/44");
    line.flag("--all", all_, "Also what is equal");
    common_.declare(line);
  }

  int run() override {
    const Workplace place = Workplace::open(common_, OpenMode::existing);
    const TrialAddress address = find_trials(place, words_, common_.project);
    if (address.trials.size() != 2) {
      throw Error(ErrorCode::invalid_input,
                  fmt::format("two trials are compared, not {}", address.trials.size()),
                  fmt::format("hone diff {} 3 44", study_title(address.study)));
    }
    const History history = load_history(place.store(), address.study.id);
    const Trial& a = history.trial(address.trials[0]);
    const Trial& b = history.trial(address.trials[1]);
    TextTable table;
    table.header = {"", fmt::format("trial {}", a.number()), fmt::format("trial {}", b.number())};
    Value values = Value::Map{};
    const auto add = [&](const std::string& name, const Value* left, const Value* right,
                         bool differs) {
      if (!differs && !all_) return;
      table.rows.push_back({name, left != nullptr ? value_text(*left) : "–",
                            right != nullptr ? value_text(*right) : "–"});
      Value pair = Value::Map{};
      if (left != nullptr) pair.set("a", *left);
      if (right != nullptr) pair.set("b", *right);
      values.set(name, std::move(pair));
    };
    for (const Parameter& parameter : history.spec().space.parameters()) {
      const Value* left = a.config().get(parameter.name);
      const Value* right = b.config().get(parameter.name);
      const bool same = (left == nullptr && right == nullptr) ||
                        (left != nullptr && right != nullptr && same_value(*left, *right));
      add(parameter.name, left, right, !same);
    }
    for (int m = 0; m < static_cast<int>(history.spec().metrics.size()); ++m) {
      const auto left = a.value_of(m);
      const auto right = b.value_of(m);
      const Value l = left ? Value(*left) : Value();
      const Value r = right ? Value(*right) : Value();
      add(history.spec().metrics[static_cast<std::size_t>(m)].name, left ? &l : nullptr,
          right ? &r : nullptr, true);
    }
    const Value state_a(trial_state_name(a.state));
    const Value state_b(trial_state_name(b.state));
    add("state", &state_a, &state_b, a.state != b.state);
    if (common_.json) {
      values.set("trials", Value(Value::List{a.number(), b.number()}));
      std::printf("%s\n", values.dump().c_str());
    } else {
      std::fputs(table.text().c_str(), stdout);
    }
    return kOk;
  }

 private:
  std::vector<std::string> words_;
  bool all_ = false;
  CommonOptions common_;
};

}  // namespace

std::unique_ptr<Command> make_diff() { return std::make_unique<DiffCommand>(); }

}  // namespace hone::cli
