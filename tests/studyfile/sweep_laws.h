// Laws as one line of text, and tests of draws against such a line. The formulas are written out
// here once more, apart from those of hone/space, so that a mistake there does not hide.
//   uniform A B · log_uniform A B · normal M S · log_normal M S · beta A B · int A B · each also as
//   `round(LAW, Q)` choice TEXT P | TEXT P · constant TEXT
#pragma once

#include <string>
#include <vector>

#include "hone/base/value.h"
#include "hone/space/parameter.h"

namespace hone::sweep_laws {

/// The line for a domain that a sweep file can describe. `whole` laws end in " whole".
std::string law_text(const Domain& domain);

/// "" when the draws agree with the law at this false-alarm rate, else why not.
std::string disagreement(const std::string& law, const std::vector<Value>& draws,
                         double false_alarm);

}  // namespace hone::sweep_laws
