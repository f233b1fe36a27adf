// What is known of hyperparameters by their names: the range that is worth searching around a
// program's default, its scale, and what should not be tuned at all, with the reason.
//
// Sources: defaults of the large training libraries (Hugging Face, Axolotl, LLaMA-Factory,
// torchtune, litgpt), 548 published LoRA runs (tinker-cookbook), and the Deep Learning Tuning
// Playbook.
#pragma once

#include <string>
#include <vector>

#include "hone/cli/program_options.h"

namespace hone::cli {

/// What becomes of an option in a proposed study.
enum class Fate {
  tuned,         ///< searched
  second_round,  ///< offered with its range, but commented out: it seldom matters first
  unknown,       ///< a number that is not known by its name; offered with a range, commented out
  length,        ///< sets how long training takes
  seed,
  switches,  ///< on or off
  left_alone
};

struct Advice {
  Fate fate = Fate::left_alone;
  int weight = 0;    ///< what matters more has more; of those that are tuned
  std::string law;   ///< "{min: 1e-5, max: 1e-3, …}": the value of the key in the study file
  std::string note;  ///< why so; may be empty
};

/// What is known of the whole program.
struct ProgramTraits {
  bool adapters = false;  ///< LoRA or the like
  std::string rank_name;  ///< of the adapters' rank, where it is tuned
  double rank_default = 0;
  std::string optimizer_name;  ///< of the option that chooses the optimizer, where it has choices
  bool optimizer_has_sgd = false;
};
ProgramTraits traits_of(const ProgramHelp& help);

Advice advise_option(const ProgramOption& option, const ProgramTraits& traits);

/// A number as a study file writes it: the shortest that reads back the same, "5e-5".
std::string number_text(double x);
/// A text as a YAML flow scalar, quoted where it must be.
std::string yaml_text(const std::string& text);

}  // namespace hone::cli
