#include "hone/cli/workplace.h"

#include <fmt/core.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/base/log.h"
#include "hone/base/text.h"
#include "hone/cli/terminal.h"
#include "hone/tuner/tuner.h"

namespace hone::cli {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kAnswer_us = 10'000'000;
constexpr std::int64_t kAnswerStep_us = 20'000;

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

/// A name as part of a path.
std::string folder_name(const std::string& name) {
  std::string out;
  for (const char c : name) {
    const bool plain =
        std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
    out += plain ? c : '_';
  }
  if (out.empty() || out.front() == '.') out.insert(out.begin(), '_');
  constexpr std::size_t kLongest = 100;
  return out.substr(0, kLongest);
}

std::optional<std::int64_t> trial_number(std::string_view word) {
  if (word.starts_with('#')) word.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc{} || end != word.data() + word.size() || number < 0) return std::nullopt;
  return number;
}

/// A store of a folder below `top`, for a hint: the first in order of names, three levels deep, in
/// no hidden folder.
std::optional<std::string> find_store_below(const fs::path& top) {
  constexpr int kDeep = 3;
  constexpr int kLooked = 2000;
  int looked = 0;
  std::vector<std::string> found;
  std::error_code error;
  for (fs::recursive_directory_iterator
           it(top, fs::directory_options::skip_permission_denied, error),
       end;
       !error && it != end && ++looked < kLooked; it.increment(error)) {
    std::error_code ignored;
    const std::string name = it->path().filename().string();
    if (name == ".hone" && fs::is_regular_file(it->path() / "store.sqlite", ignored))
      found.push_back(it->path().lexically_relative(top).string());
    if (name.starts_with('.') || it.depth() >= kDeep) it.disable_recursion_pending();
  }
  if (found.empty()) return std::nullopt;
  return *std::min_element(found.begin(), found.end());
}

}  // namespace

void CommonOptions::declare(CommandLine& line) {
  line.option(
      "--store", store, "PATH",
      "The store: a file, a folder, or postgres://… (default: HONE_STORE, else the nearest .hone)");
  line.option("--project", project, "NAME", "The project that the study belongs to");
  line.flag("--json", json, "Prints JSON, one object a line");
  line.flag("-q,--quiet", quiet, "Prints the result only");
  line.flag("-v,--verbose", verbose, "Says more on stderr");
}

Workplace Workplace::open(const CommonOptions& common, OpenMode mode,
                          const std::optional<fs::path>& study_file) {
  if (common.verbose) set_log_level(LogLevel::debug);
  Workplace place;
  place.clock_ = std::make_unique<SystemClock>();
  place.probe_ = std::make_unique<ProcLiveness>();
  StorePlace where;
  where.flag = common.store;
  where.environment = variable("HONE_STORE");
  where.current_folder = fs::current_path();
  where.home_folder = variable("HOME").value_or("");
  where.study_file = study_file;
  const auto exists = [](const fs::path& path) {
    std::error_code ignored;
    return fs::is_directory(path, ignored);
  };
  place.address_ = locate_store(where, exists);
  const bool in_file =
      place.address_.find("://") == std::string::npos && place.address_ != ":memory:";
  place.folder_ = in_file ? fs::path(place.address_).parent_path() : fs::current_path() / ".hone";
  try {
    place.store_ = open_store(place.address_, *place.clock_, *place.probe_, mode);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::not_found && in_file && mode != OpenMode::create) {
      const auto below = find_store_below(fs::current_path());
      throw Error(ErrorCode::not_found, fmt::format("there is no store at {}", place.address_),
                  below && !common.store
                      ? fmt::format("there is one at {0}: --store {0}", shell_quoted(*below))
                      : "hone run study.yaml makes one; --store PATH names another");
    }
    throw;
  }
  // A store that was just made beside its study file may be in a folder where nobody looks.
  where.flag.reset();
  where.study_file.reset();
  if (locate_store(where, exists) != place.address_) {
    const fs::path path(place.address_);
    const bool plain = in_file && path.filename() == "store.sqlite";
    std::string text = place.address_;
    if (in_file) text = (plain ? path.parent_path() : path).lexically_proximate(fs::current_path());
    place.store_option_ = " --store " + shell_quoted(text);
  }
  return place;
}

Workplace Workplace::scratch(const fs::path& folder) {
  Workplace place;
  place.clock_ = std::make_unique<SystemClock>();
  place.probe_ = std::make_unique<ProcLiveness>();
  place.address_ = ":memory:";
  place.folder_ = folder;
  place.store_ = open_store(place.address_, *place.clock_, *place.probe_, OpenMode::create);
  return place;
}

fs::path Workplace::trials_folder(const StudyInfo& study) const {
  const std::string name = study.project.empty()
                               ? folder_name(study.name)
                               : folder_name(study.project) + "." + folder_name(study.name);
  const fs::path plain = folder_ / "trials" / name;
  const fs::path own =
      folder_ / "trials" /
      fmt::format("{}-{}", name,
                  study.uid.substr(study.uid.size() - std::min<std::size_t>(6, study.uid.size())));
  for (const fs::path& folder : {plain, own}) {
    const fs::path mark = folder / ".study";
    if (fs::exists(mark)) {
      if (trim(read_file(mark, 4096)) == study.uid) return folder;
      continue;
    }
    if (!fs::exists(folder)) return folder;
  }
  return own;
}

StudyInfo Workplace::find_study(const std::string& name,
                                const std::optional<std::string>& project) const {
  std::string wanted = name;
  std::optional<std::string> in_project = project;
  if (const std::size_t slash = name.rfind('/'); slash != std::string::npos && !project) {
    in_project = name.substr(0, slash);
    wanted = name.substr(slash + 1);
  }
  std::vector<StudyInfo> found;
  std::vector<std::string> names;
  for (StudyInfo& study : store_->list_studies()) {
    names.push_back(study.name);
    if (study.name == wanted && (!in_project || study.project == *in_project))
      found.push_back(std::move(study));
  }
  if (found.size() == 1) return found.front();
  if (found.size() > 1) {
    std::vector<std::string> projects;
    for (const StudyInfo& study : found) projects.push_back(study_title(study));
    throw Error(ErrorCode::invalid_input,
                fmt::format("several projects have a study '{}': {}", wanted, join(projects, ", ")),
                fmt::format("name one: {}", projects.front()));
  }
  if (const std::size_t slash = name.rfind('/'); slash != std::string::npos) {
    const std::string before = name.substr(0, slash);
    for (const std::string& one : names) {
      if (one != before) continue;
      throw Error(ErrorCode::not_found,
                  fmt::format("'{}' is no trial of '{}': trials have numbers", wanted, before),
                  fmt::format("for example {}/0; hone show {} lists them", before, before));
    }
  }
  const auto near = nearest_name(wanted, names);
  throw Error(ErrorCode::not_found, fmt::format("there is no study '{}' in {}", name, address_),
              near            ? fmt::format("did you mean '{}'?", *near)
              : names.empty() ? "the store holds no study yet: hone run study.yaml"
                              : "hone list shows what there is");
}

StudyInfo Workplace::only_study() const {
  std::vector<StudyInfo> studies = store_->list_studies();
  if (studies.size() == 1) return studies.front();
  if (studies.empty()) {
    throw Error(ErrorCode::not_found, fmt::format("{} holds no study yet", address_),
                "hone run study.yaml starts one");
  }
  std::vector<std::string> names;
  for (const StudyInfo& study : studies) names.push_back(study_title(study));
  constexpr std::size_t kShown = 8;
  if (names.size() > kShown) {
    names.resize(kShown);
    names.emplace_back("…");
  }
  throw Error(ErrorCode::invalid_input, "which study?", "there are: " + join(names, ", "));
}

StudyInfo Workplace::study_or_only(const std::optional<std::string>& name,
                                   const std::optional<std::string>& project) const {
  return name ? find_study(*name, project) : only_study();
}

TrialAddress find_trials(const Workplace& place, const std::vector<std::string>& words,
                         const std::optional<std::string>& project) {
  TrialAddress address;
  bool have_study = false;
  const auto take_study = [&](const StudyInfo& study) {
    if (have_study && address.study.id != study.id) {
      throw Error(ErrorCode::invalid_input, "one study at a time, please",
                  fmt::format("'{}' and '{}' are two", address.study.name, study.name));
    }
    address.study = study;
    have_study = true;
  };
  for (const std::string& word : words) {
    const std::size_t slash = word.rfind('/');
    const auto behind = slash == std::string::npos
                            ? std::nullopt
                            : trial_number(std::string_view(word).substr(slash + 1));
    if (behind) {
      take_study(place.find_study(word.substr(0, slash), project));
      address.trials.push_back(*behind);
    } else if (const auto number = trial_number(word);
               number &&
               (have_study || words.size() == 1 || place.store().list_studies().size() == 1)) {
      if (!have_study) take_study(place.only_study());
      address.trials.push_back(*number);
    } else {
      take_study(place.find_study(word, project));
    }
  }
  if (!have_study) address.study = place.only_study();
  for (const std::int64_t number : address.trials) {
    if (number < address.study.trials) continue;
    throw Error(ErrorCode::not_found,
                fmt::format("study '{}' has no trial {}", address.study.name, number),
                address.study.trials == 0
                    ? "it has none yet"
                    : fmt::format("its trials are 0 to {}", address.study.trials - 1));
  }
  return address;
}

std::string study_title(const StudyInfo& study) {
  return study.project.empty() ? study.name : study.project + "/" + study.name;
}

bool is_led(const Workplace& place, const StudyInfo& study) {
  const auto now = place.store().study(study.id);
  if (!now || !now->leader) return false;
  const Liveness liveness = place.probe().probe(*now->leader);
  return liveness == Liveness::alive ||
         (liveness == Liveness::unknown && now->leader_until_us > place.clock().now_us());
}

Value trial_list(const std::vector<std::int64_t>& trials) {
  Value body = Value::Map{};
  body.set("trials", Value(Value::List(trials.begin(), trials.end())));
  return body;
}

std::string ask_leader(const Workplace& place, const StudyInfo& study, const std::string& kind,
                       const Value& body, bool may_lead) {
  Store& store = place.store();
  const RequestId request = store.add_request(study.id, kind, body, actor());
  const std::int64_t end = place.clock().monotonic_us() + kAnswer_us;
  std::unique_ptr<Tuner> tuner;
  for (;;) {
    if (const auto outcome = store.request_outcome(request)) {
      if (tuner) tuner->release();
      if (outcome->starts_with("refused: "))
        throw Error(ErrorCode::invalid_input, outcome->substr(9));
      return *outcome;
    }
    if (!tuner && may_lead &&
        !is_led(place, study)) {  // nobody will answer: lead for a moment, launching nothing
      TunerOptions options;
      options.holder = this_process_holder();
      options.entropy = system_entropy();
      tuner = std::make_unique<Tuner>(store, place.clock(), study.id, options);
      tuner->drain();
    }
    if (tuner) tuner->step();
    if (store.request_outcome(request)) continue;
    if (place.clock().monotonic_us() > end) {
      if (tuner) tuner->release();
      throw Error(ErrorCode::conflict,
                  fmt::format("the process that leads '{}' did not answer within {}", study.name,
                              format_duration_us(kAnswer_us)),
                  "the request stays in the store and is handled when the leader comes to it");
    }
    usleep(kAnswerStep_us);
  }
}

std::string state_text(const Workplace& place, const StudyInfo& study) {
  if (study.state == StudyState::finished) return "finished";
  if (study.state == StudyState::paused) return "stopped";
  return is_led(place, study) ? "running" : "interrupted";
}

std::string actor() {
  if (const passwd* user = getpwuid(geteuid())) return user->pw_name;
  return std::to_string(geteuid());
}

}  // namespace hone::cli
