// Who may log into which run: a worker writes a ticket, named by a secret token, into the
// receiver's folder before it starts a program, gives the program the token, and takes the ticket
// away when the run has ended. Tickets are files, so that receiver and programs outlive the worker.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hone::mlflow {

/// A run whose program may log.
struct Ticket {
  std::string mark;                 ///< HONE_RUN of its processes
  std::string study;                ///< the name of the study: that of the default experiment
  std::int64_t trial = 0;           ///< number
  std::filesystem::path trial_dir;  ///< artifacts go to `artifacts/` below
  std::filesystem::path folder;     ///< of the run: what was logged is kept here (kJournalFile)
  std::filesystem::path metrics;    ///< $HONE_METRICS, which metrics are appended to
};

/// In the folder of a run: what its program logged through MLflow, one accepted call a line.
inline constexpr const char* kJournalFile = "mlflow.jsonl";
/// In the folder of a trial.
inline constexpr const char* kArtifactsFolder = "artifacts";

/// Where the receiver is: for the environment of programs, and where their tickets go.
struct ReceiverAddress {
  std::string url;                ///< "http://127.0.0.1:34567"
  std::filesystem::path tickets;  ///< private folder
};

/// Writes the ticket; returns its token: 32 hexadecimal digits from the system's entropy. Throws
/// Error(io).
std::string admit(const std::filesystem::path& folder, const Ticket& ticket);
/// Takes the ticket away, if it is there.
void dismiss(const std::filesystem::path& folder, const std::string& token);
/// nullopt where nobody was given that token, or the run has ended.
std::optional<Ticket> find_ticket(const std::filesystem::path& folder, std::string_view token);
/// All that are there.
std::vector<Ticket> tickets_in(const std::filesystem::path& folder);

}  // namespace hone::mlflow
