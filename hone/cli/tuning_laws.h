// Laws around a program's default, as a study file writes them: within the option's own bounds,
// whole where it takes whole numbers, and with the default among what is legal.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hone/cli/tuning_priors.h"

namespace hone::cli {

std::optional<double> default_number(const ProgramOption& option);

/// From `low` (above 0) to `high`, logarithmic.
std::string log_law(const ProgramOption& option, double low, double high);
std::string linear_law(const ProgramOption& option, double low, double high);
std::string integer_law(const ProgramOption& option, double low, double high, bool logarithmic);
/// The default times 1/`reach` … `reach` in powers of two, as an ordered list of whole numbers.
std::string power_values(const ProgramOption& option, double middle, int reach);
/// A list of numbers or words; the default is put where it belongs.
std::string values_law(const ProgramOption& option, std::vector<std::string> values);
/// All choices of the option.
std::string choice_law(const ProgramOption& option);
/// Those of `wanted` that the option has, at most three, and its default.
std::vector<std::string> some_choices(const ProgramOption& option,
                                      const std::vector<std::string>& wanted);
/// A range for a number of which nothing is known but its default.
Advice unknown_number(const ProgramOption& option);

}  // namespace hone::cli
