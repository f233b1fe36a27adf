// The one exception of hone: thrown where a call cannot go on, caught in three places only (cli
// main, server request handler, `step` with bounded retries). Outcomes a caller branches on are
// values, not errors.
#pragma once

#include <stdexcept>
#include <string>

namespace hone {

/// The closed list of error codes; the Python package maps each to one exception.
enum class ErrorCode {
  invalid_input,  ///< the user's file, argument or value is wrong
  not_found,      ///< a study, trial, file or program that was named does not exist
  exists,         ///< something by that name is there already
  conflict,       ///< somebody else holds it, or it is in a state that forbids the request
  store,          ///< the store could not read or write; nothing was half-written
  store_busy,     ///< the store is locked by somebody else; trying again may work
  store_full,     ///< no space left on the device, or a quota is reached
  store_newer,    ///< the store was written by a newer hone
  store_corrupt,  ///< the store's content is damaged
  io,             ///< a file or socket outside the store failed
  process,        ///< a process could not be started or controlled
  unsupported,    ///< this build or machine cannot do it
  interrupted,    ///< the user asked to stop
};

/// Short name of a code, as in `--json` output.
const char* error_code_name(ErrorCode code) noexcept;

/// What happened, to what, where (`message`), and what to do (`hint`, may be empty).
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message, std::string hint = "")
      : std::runtime_error(message), code_(code), hint_(std::move(hint)) {}
  ErrorCode code() const noexcept { return code_; }
  const std::string& hint() const noexcept { return hint_; }

 private:
  ErrorCode code_;
  std::string hint_;
};

}  // namespace hone
