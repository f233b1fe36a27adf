#include "hone/runner/mlflow_ticket.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/base/id.h"
#include "hone/base/owned_file.h"
#include "hone/base/value.h"

namespace hone::mlflow {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kTokenDigits = 32;
constexpr std::int64_t kTicketBytes = 64 * 1024;
constexpr std::string_view kEnding = ".ticket";

/// A token is a part of a file's name: nothing but digits may be in it.
bool is_token(std::string_view text) {
  return text.size() == kTokenDigits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

fs::path file_of(const fs::path& folder, std::string_view token) {
  return folder / (std::string(token) + std::string(kEnding));
}

std::optional<Ticket> read_ticket(const fs::path& path) {
  std::error_code none;
  if (!fs::exists(path, none)) return std::nullopt;
  try {
    const auto value = Value::parse(read_file(path, kTicketBytes));
    if (!value || !value->is_map()) return std::nullopt;
    Ticket ticket;
    ticket.mark = value->string_or("mark", "");
    ticket.study = value->string_or("study", "");
    ticket.trial = value->int_or("trial", 0);
    ticket.trial_dir = value->string_or("trial_dir", "");
    ticket.folder = value->string_or("folder", "");
    ticket.metrics = value->string_or("metrics", "");
    return ticket;
  } catch (const Error&) {
    return std::nullopt;  // it was taken away just now
  }
}

}  // namespace

std::string admit(const fs::path& folder, const Ticket& ticket) {
  const std::string token = fmt::format("{:016x}{:016x}", system_entropy(), system_entropy());
  Value value = Value::Map{};
  value.set("mark", ticket.mark)
      .set("study", ticket.study)
      .set("trial", ticket.trial)
      .set("trial_dir", ticket.trial_dir.string())
      .set("folder", ticket.folder.string())
      .set("metrics", ticket.metrics.string());
  // In place and without fsync: nobody knows the token yet, and after a reboot no program does.
  const fs::path path = file_of(folder, token);
  const std::string text = value.dump() + "\n";
  const OwnedFile file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.is_open() ||
      ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw Error(ErrorCode::io,
                fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)));
  }
  return token;
}

void dismiss(const fs::path& folder, const std::string& token) {
  std::error_code none;
  if (is_token(token)) fs::remove(file_of(folder, token), none);
}

std::optional<Ticket> find_ticket(const fs::path& folder, std::string_view token) {
  return is_token(token) ? read_ticket(file_of(folder, token)) : std::nullopt;
}

std::vector<Ticket> tickets_in(const fs::path& folder) {
  std::vector<Ticket> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(kEnding)) continue;
    if (auto ticket = find_ticket(folder, name.substr(0, name.size() - kEnding.size())))
      found.push_back(*std::move(ticket));
  }
  return found;
}

}  // namespace hone::mlflow
