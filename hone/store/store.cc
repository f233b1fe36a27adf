#include "hone/store/store.h"

#include <fmt/core.h>

#include <charconv>

#include "hone/base/text.h"

namespace hone {
namespace {

std::optional<std::int64_t> parse_whole(std::string_view text) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

}  // namespace

std::string Holder::text() const {
  return fmt::format("{}/{}/{}/{}", host, boot_id, pid, pid_start);
}

std::optional<Holder> Holder::parse(std::string_view text) {
  const auto pieces = split(text, '/');
  if (pieces.size() != 4) return std::nullopt;
  const auto pid = parse_whole(pieces[2]);
  const auto start = parse_whole(pieces[3]);
  if (!pid || !start) return std::nullopt;
  return Holder{std::string(pieces[0]), std::string(pieces[1]), *pid, *start};
}

std::vector<Point> Store::points(RunId run) {
  std::vector<Point> all;
  visit_points(
      run, [&](std::span<const Point> some) { all.insert(all.end(), some.begin(), some.end()); });
  return all;
}

}  // namespace hone
