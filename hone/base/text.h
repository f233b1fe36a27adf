// Text for people: numbers, durations and sizes in and out, and the nearest name for "did you
// mean".
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hone {

/// Without leading and trailing blanks, tabs and line ends.
std::string_view trim(std::string_view text);
/// Pieces between `separator`; "" gives one empty piece.
std::vector<std::string_view> split(std::string_view text, char separator);
std::string join(std::span<const std::string> pieces, std::string_view separator);

/// Optimal string alignment distance (insert, delete, replace, swap of neighbours), bytes.
int edit_distance(std::string_view a, std::string_view b);
/// The nearest of `names` within two edits (one for names of up to three letters), ignoring case,
/// or sharing a long prefix; nullopt if none is near.
std::optional<std::string> nearest_name(std::string_view name, std::span<const std::string> names);

/// "42", "1.5", "1e-3", "1_000": whole text a finite or infinite number ("inf", "nan" accepted),
/// else nullopt.
std::optional<double> parse_number(std::string_view text);
/// "90", "90s", "30m", "1.5h", "2d", "500ms" to microseconds; plain numbers are seconds. nullopt if
/// it is none.
std::optional<std::int64_t> parse_duration_us(std::string_view text);
/// "512", "12GiB", "1.5 GB", "800MB" to bytes. nullopt if it is none.
std::optional<std::int64_t> parse_bytes(std::string_view text);

/// "850 ms", "4.1 s", "4 m 12 s", "3 h 05 m", "2 d 4 h".
std::string format_duration_us(std::int64_t us);
/// "812 B", "1.5 KiB", "12.0 GiB".
std::string format_bytes(std::int64_t bytes);
/// A number for reading: up to `digits` significant ones, "3.1e-3" style exponents, "nan", "inf".
std::string format_number(double x, int digits = 4);

}  // namespace hone
