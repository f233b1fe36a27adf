// The user's regular expressions. RE2, because its time is linear in the line whatever the pattern
// and the input.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hone/runner/metric_parser.h"

namespace hone::log_format {

class UserPatterns {
 public:
  /// Throws Error(invalid_input) for a pattern that `check_metric_pattern` complains about.
  explicit UserPatterns(const std::vector<std::string>& patterns);
  ~UserPatterns();
  UserPatterns(UserPatterns&&) noexcept;
  UserPatterns& operator=(UserPatterns&&) noexcept;

  bool empty() const;
  /// What all patterns find in the line, as one record; false if nothing.
  bool read(std::string_view text, ParsedRecord& record) const;
  /// Names of the metrics that the groups declare.
  std::vector<std::string> metric_names() const;

 private:
  struct Compiled;
  std::vector<std::unique_ptr<Compiled>> patterns_;
};

}  // namespace hone::log_format
