#include "hone/base/text.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdlib>

namespace hone {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

struct Unit {
  std::string_view name;
  double factor;
};

/// The number and the unit behind it, both trimmed; nullopt if there is no leading number.
std::optional<double> scaled(std::string_view text, std::span<const Unit> units) {
  text = trim(text);
  std::size_t end = 0;
  while (end < text.size() &&
         (std::isdigit(static_cast<unsigned char>(text[end])) != 0 || text[end] == '.' ||
          text[end] == '_' ||
          ((text[end] == 'e' || text[end] == 'E') && end > 0 && end + 1 < text.size() &&
           (std::isdigit(static_cast<unsigned char>(text[end + 1])) != 0)))) {
    ++end;
  }
  const auto number = parse_number(text.substr(0, end));
  if (!number) return std::nullopt;
  const std::string unit = lower(trim(text.substr(end)));
  for (const Unit& u : units) {
    if (unit == u.name) return *number * u.factor;
  }
  return std::nullopt;
}

std::optional<std::int64_t> whole(std::optional<double> x) {
  if (!x || !std::isfinite(*x) || std::abs(*x) > 9e18) return std::nullopt;
  return static_cast<std::int64_t>(std::llround(*x));
}

}  // namespace

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  std::size_t from = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || text[i] == separator) {
      pieces.push_back(text.substr(from, i - from));
      from = i + 1;
    }
  }
  return pieces;
}

std::string join(std::span<const std::string> pieces, std::string_view separator) {
  std::string out;
  for (const std::string& piece : pieces) {
    if (&piece != &pieces.front()) out += separator;
    out += piece;
  }
  return out;
}

int edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<int>> d(a.size() + 1, std::vector<int>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = static_cast<int>(i);
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = static_cast<int>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const int change = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

std::optional<std::string> nearest_name(std::string_view name, std::span<const std::string> names) {
  constexpr std::size_t kLongestCompared = 200;
  if (name.empty() || name.size() > kLongestCompared) return std::nullopt;
  const std::string wanted = lower(name);
  std::optional<std::string> best;
  int best_distance = name.size() <= 3 ? 2 : 3;
  for (const std::string& candidate : names) {
    if (candidate.size() > kLongestCompared) continue;
    const std::string other = lower(candidate);
    int distance = edit_distance(wanted, other);
    const std::size_t shorter = std::min(wanted.size(), other.size());
    if (shorter >= 4 && wanted.compare(0, shorter, other, 0, shorter) == 0) {
      distance = std::min(distance, 2);
    }
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::optional<double> parse_number(std::string_view text) {
  text = trim(text);
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_' && i > 0 && i + 1 < text.size() &&
        std::isdigit(static_cast<unsigned char>(text[i - 1])) != 0 &&
        std::isdigit(static_cast<unsigned char>(text[i + 1])) != 0) {
      continue;
    }
    plain += text[i];
  }
  if (plain.empty()) return std::nullopt;
  double x = 0;
  const auto result = std::from_chars(plain.data(), plain.data() + plain.size(), x);
  if (result.ptr != plain.data() + plain.size()) return std::nullopt;
  if (result.ec == std::errc::result_out_of_range) return std::strtod(plain.c_str(), nullptr);
  if (result.ec != std::errc()) return std::nullopt;
  return x;
}

std::optional<std::int64_t> parse_duration_us(std::string_view text) {
  static constexpr Unit kUnits[] = {
      {"", 1e6},        {"us", 1},        {"ms", 1e3},     {"s", 1e6},       {"sec", 1e6},
      {"second", 1e6},  {"seconds", 1e6}, {"m", 6e7},      {"min", 6e7},     {"minute", 6e7},
      {"minutes", 6e7}, {"h", 3.6e9},     {"hour", 3.6e9}, {"hours", 3.6e9}, {"d", 8.64e10},
      {"day", 8.64e10}, {"days", 8.64e10}};
  return whole(scaled(text, kUnits));
}

std::optional<std::int64_t> parse_bytes(std::string_view text) {
  static constexpr Unit kUnits[] = {{"", 1},
                                    {"b", 1},
                                    {"k", 1e3},
                                    {"kb", 1e3},
                                    {"m", 1e6},
                                    {"mb", 1e6},
                                    {"g", 1e9},
                                    {"gb", 1e9},
                                    {"t", 1e12},
                                    {"tb", 1e12},
                                    {"kib", 1024.0},
                                    {"ki", 1024.0},
                                    {"mib", 1048576.0},
                                    {"mi", 1048576.0},
                                    {"gib", 1073741824.0},
                                    {"gi", 1073741824.0},
                                    {"tib", 1099511627776.0},
                                    {"ti", 1099511627776.0}};
  return whole(scaled(text, kUnits));
}

std::string format_duration_us(std::int64_t us) {
  if (us < 0) return "-" + format_duration_us(us == INT64_MIN ? INT64_MAX : -us);
  if (us < 1000) return fmt::format("{} µs", us);
  if (us < 1'000'000) return fmt::format("{} ms", us / 1000);
  const std::int64_t s = us / 1'000'000;
  if (s < 60) return fmt::format("{:.1f} s", std::floor(static_cast<double>(us) / 1e5) / 10);
  if (s < 3600) return fmt::format("{} m {:02} s", s / 60, s % 60);
  if (s < 86400) return fmt::format("{} h {:02} m", s / 3600, s / 60 % 60);
  return fmt::format("{} d {} h", s / 86400, s / 3600 % 24);
}

std::string format_bytes(std::int64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  static constexpr const char* kNames[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double x = static_cast<double>(bytes) / 1024;
  int unit = 0;
  while (x >= 1023.95 && unit < 5) {
    x /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", x, kNames[unit]);
}

std::string format_number(double x, int digits) {
  if (std::isnan(x)) return "nan";
  if (std::isinf(x)) return x > 0 ? "inf" : "-inf";
  std::string text = fmt::format("{:.{}g}", x, digits);
  const std::size_t e = text.find('e');
  if (e == std::string::npos) return text;
  // 3.1e-03 → 3.1e-3, 1e+06 → 1e6
  std::string exponent = text.substr(e + 1);
  const bool negative = exponent[0] == '-';
  exponent.erase(0, exponent.find_first_not_of("+-0"));
  return text.substr(0, e) + (negative ? "e-" : "e") + exponent;
}

}  // namespace hone
