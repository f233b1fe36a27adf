// Values between Python and the core. Both directions keep integers, floats and booleans apart.
#pragma once

#include <pybind11/pybind11.h>

#include <string>

#include "hone/base/value.h"
#include "hone/space/config.h"

namespace hone::python {

/// None, bool, int, float, str, list, tuple, dict with str keys, and scalars of numpy and its like.
/// `what` names the value in the message of Error(invalid_input).
Value to_value(const pybind11::handle& object, const std::string& what);
pybind11::object to_python(const Value& value);
pybind11::dict to_python(const Config& config);

/// A number of any kind that Python turns into a float. Error(invalid_input) for others.
double to_number(const pybind11::handle& object, const std::string& what);

/// Makes hone::Error the exception of hone/errors.py that belongs to its code.
void translate_errors();

}  // namespace hone::python
