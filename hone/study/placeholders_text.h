// Values as text on a command line: Python's str(), which is what a sweep's agent prints.
#pragma once

#include <string>

#include "hone/base/value.h"
#include "hone/study/study_spec.h"

namespace hone {

/// Python's repr() of a double: "0.001", "1e-05", "1e+16", "3.0", "inf", "nan".
std::string python_float(double x);
/// Python's str() of a value: True, None, [1, 'a'], {'k': 1.5}; a text as it is. BoolStyle::lower
/// gives true, false and null.
std::string argument_text(const Value& value, BoolStyle style = BoolStyle::python);
/// Python's json.dumps(): ", " and ": " between, other characters than ASCII escaped.
std::string python_json(const Value& value);
/// YAML on one line that 1.1 and 1.2 read as the same value: texts and keys as JSON, exponents with
/// a point.
std::string yaml_flow_text(const Value& value);
/// A text as a value: JSON lists, maps and quoted texts, else a scalar by YAML's core schema.
Value literal_value(std::string_view text);
/// The text that `literal_value` reads back as the value.
std::string literal_text(const Value& value);

}  // namespace hone
