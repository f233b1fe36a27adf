#include "hone/tracking/environment.h"

#include <fmt/core.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "hone/base/text.h"

namespace hone {
namespace {

constexpr std::array<std::string_view, 18> kRecordedPrefixes = {
    "CUDA_",     "CUBLAS_", "CUDNN_",   "NCCL_",   "OMP_",  "MKL_",
    "OPENBLAS_", "TORCH_",  "PYTORCH_", "XLA_",    "JAX_",  "TF_",
    "SLURM_",    "CONDA_",  "PYTHON",   "HF_HUB_", "ROCM_", "TRANSFORMERS_"};
constexpr std::array<std::string_view, 8> kRecordedNames = {"VIRTUAL_ENV",
                                                            "LD_LIBRARY_PATH",
                                                            "TOKENIZERS_PARALLELISM",
                                                            "HF_HOME",
                                                            "WORLD_SIZE",
                                                            "LANG",
                                                            "LC_ALL",
                                                            "TZ"};
constexpr std::array<std::string_view, 10> kSecretWords = {
    "token",   "secret", "password",   "passwd",     "api_key",
    "api-key", "apikey", "credential", "access_key", "access-key"};
constexpr std::array<std::string_view, 8> kKeyBeginnings = {
    "hf_", "sk-", "ghp_", "gho_", "github_pat_", "AKIA", "xoxb-", "glpat-"};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

bool names_a_secret(std::string_view name) {
  const std::string small = lower(name);
  return std::any_of(kSecretWords.begin(), kSecretWords.end(), [&](std::string_view word) {
    const std::size_t at = small.find(word);
    // max_tokens and tokenizer are no secrets.
    return at != std::string::npos && (word != "token" || at + word.size() == small.size());
  });
}

bool is_key_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
}

/// scheme://user:password@host with the part before '@' replaced.
std::string mask_addresses(std::string text) {
  std::size_t from = 0;
  while ((from = text.find("://", from)) != std::string::npos) {
    from += 3;
    const std::size_t end = text.find_first_of(" \t\r\n\"'/", from);
    const std::size_t at = text.find('@', from);
    if (at != std::string::npos && (end == std::string::npos || at < end))
      text.replace(from, at - from, "***");
  }
  return text;
}

std::string mask_keys(std::string text) {
  constexpr std::size_t kShortestKey = 12;
  for (const std::string_view beginning : kKeyBeginnings) {
    std::size_t from = 0;
    while ((from = text.find(beginning, from)) != std::string::npos) {
      std::size_t end = from + beginning.size();
      while (end < text.size() && is_key_character(text[end])) ++end;
      const bool starts_word = from == 0 || !is_key_character(text[from - 1]);
      if (starts_word && end - from - beginning.size() >= kShortestKey) {
        text.replace(from, end - from, "***");
        from += 3;
      } else {
        from += beginning.size();
      }
    }
  }
  return text;
}

std::optional<std::string> ask(const EnvironmentSources& sources, std::vector<std::string> argv) {
  if (!sources.run) return std::nullopt;
  auto output = sources.run(argv);
  if (output) *output = std::string(trim(*output));
  return output;
}

/// "name version" of a package's line.
void add_package(Value& packages, std::string_view line) {
  const std::size_t blank = line.find(' ');
  if (blank == std::string_view::npos || blank == 0) return;
  const std::string name(line.substr(0, blank));
  if (packages.find(name) == nullptr) packages.set(name, trim(line.substr(blank + 1)));
}

std::optional<Value> git_state(const std::string& folder, const EnvironmentSources& sources) {
  if (folder.empty()) return std::nullopt;
  const auto commit = ask(sources, {"git", "-C", folder, "rev-parse", "HEAD"});
  if (!commit) return std::nullopt;
  Value git = Value::Map{};
  git.set("commit", *commit);
  if (const auto branch =
          ask(sources, {"git", "-C", folder, "rev-parse", "--abbrev-ref", "HEAD"})) {
    git.set("branch", *branch);
  }
  if (const auto remote =
          ask(sources, {"git", "-C", folder, "config", "--get", "remote.origin.url"})) {
    git.set("remote", mask_addresses(*remote));
  }
  if (const auto places =
          ask(sources, {"git", "-C", folder, "rev-parse", "--show-toplevel", "--show-prefix"})) {
    const std::vector<std::string_view> lines = split(*places, '\n');
    git.set("root", lines.front());
    git.set("prefix", lines.size() > 1 ? lines[1] : "");
  }
  // Not trimmed: blanks at its end belong to it.
  const auto diff = sources.run({"git", "-C", folder, "diff", "--no-color", "--no-ext-diff",
                                 "--no-textconv", "--binary", "HEAD"});
  git.set("dirty", diff && !diff->empty());
  if (diff && !diff->empty()) {
    std::string masked = mask_secrets_in_text(*diff);
    if (masked != *diff) git.set("diff_masked", true);
    const bool cut = masked.size() > kDiffBytes;
    if (cut) masked.resize(kDiffBytes);
    git.set("diff", std::move(masked));
    if (cut) git.set("diff_cut", true);
  }
  return git;
}

/// The text behind "name : " of the first such line of /proc/cpuinfo or /proc/meminfo.
std::string field(const std::optional<std::string>& text, std::string_view name) {
  if (!text) return "";
  for (const std::string_view line : split(*text, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && trim(line.substr(0, colon)) == name) {
      return std::string(trim(line.substr(colon + 1)));
    }
  }
  return "";
}

Value machine_state(const EnvironmentFacts& facts, const EnvironmentSources& sources) {
  Value machine = Value::Map{};
  utsname system{};
  if (uname(&system) == 0) {
    machine.set("host", system.nodename);
    machine.set("system", fmt::format("{} {} {}", system.sysname, system.release, system.machine));
  }
  const auto read = [&](const char* path) {
    return sources.read ? sources.read(path) : std::nullopt;
  };
  if (const std::string cpu = field(read("/proc/cpuinfo"), "model name"); !cpu.empty())
    machine.set("cpu", cpu);
  if (facts.cpus > 0) machine.set("cpus", facts.cpus);
  const std::string memory = field(read("/proc/meminfo"), "MemTotal");
  if (const auto kib = parse_number(std::string_view(memory).substr(0, memory.find(' ')))) {
    machine.set("memory_bytes", static_cast<std::int64_t>(*kib) * 1024);
  }
  if (!facts.gpus.empty()) {
    Value::List gpus;
    for (const std::string& name : facts.gpus) gpus.emplace_back(name);
    machine.set("gpus", Value(std::move(gpus)));
  }
  if (!facts.gpu_driver.empty()) machine.set("gpu_driver", facts.gpu_driver);
  return machine;
}

}  // namespace

const char* const kPythonQuestion =
    "import os, sys\n"
    "print(sys.version.split()[0])\n"
    "print(sys.executable)\n"
    "for folder in sys.path[1:]:\n"
    "    try:\n"
    "        names = os.listdir(folder)\n"
    "    except OSError:\n"
    "        continue\n"
    "    for name in names:\n"
    "        stem, end = os.path.splitext(name)\n"
    "        if end in ('.dist-info', '.egg-info'):\n"
    "            parts = stem.split('-')\n"
    "            print(parts[0], parts[1] if len(parts) > 1 else '?')\n";

std::optional<Value> parse_python_answer(std::string_view answer) {
  const std::vector<std::string_view> lines = split(answer, '\n');
  if (lines.size() < 2 || trim(lines[0]).empty()) return std::nullopt;
  Value python = Value::Map{};
  python.set("program", trim(lines[1])).set("version", trim(lines[0]));
  std::vector<std::string_view> rest(lines.begin() + 2, lines.end());
  std::stable_sort(rest.begin(), rest.end(), [](std::string_view a, std::string_view b) {
    return a.substr(0, a.find(' ')) < b.substr(0, b.find(' '));  // the first found counts
  });
  Value packages = Value::Map{};
  for (const std::string_view line : rest) {
    if (packages.as_map().size() == kPackages) break;
    add_package(packages, line);
  }
  return python.set("packages", std::move(packages));
}

bool is_recorded_variable(std::string_view name) {
  if (names_a_secret(name)) return false;
  return std::find(kRecordedNames.begin(), kRecordedNames.end(), name) != kRecordedNames.end() ||
         std::any_of(kRecordedPrefixes.begin(), kRecordedPrefixes.end(),
                     [&](std::string_view prefix) { return name.starts_with(prefix); });
}

std::vector<std::string> mask_secrets(std::vector<std::string> arguments) {
  bool next_is_secret = false;
  for (std::string& argument : arguments) {
    const std::size_t equals = argument.find('=');
    const bool flag = argument.size() > 1 && argument.front() == '-';
    if (next_is_secret && !flag) {
      argument = "***";
      next_is_secret = false;
      continue;
    }
    next_is_secret = false;
    if (equals != std::string::npos &&
        names_a_secret(std::string_view(argument).substr(0, equals))) {
      argument = argument.substr(0, equals + 1) + "***";
    } else if (flag && equals == std::string::npos && names_a_secret(argument)) {
      next_is_secret = true;
    } else {
      argument = mask_keys(mask_addresses(argument));
    }
  }
  return arguments;
}

std::string mask_secrets_in_text(std::string_view text) {
  std::string out;
  for (const std::string_view line : split(text, '\n')) {
    std::string kept(line);
    const std::size_t at = kept.find_first_of("=:");
    if (at != std::string::npos && names_a_secret(trim(std::string_view(kept).substr(0, at)))) {
      kept = kept.substr(0, at + 1) + " ***";
    } else {
      kept = mask_keys(mask_addresses(std::move(kept)));
    }
    if (!out.empty() || line.data() != text.data()) out += '\n';
    out += kept;
  }
  return out;
}

Value collect_environment(const EnvironmentFacts& facts, const EnvironmentSources& sources) {
  Value record = Value::Map{};
  record.set("hone", facts.hone_version);
  Value::List command;
  for (std::string& argument : mask_secrets(facts.command))
    command.emplace_back(std::move(argument));
  record.set("command", Value(std::move(command))).set("folder", facts.workdir);
  if (auto git = git_state(facts.workdir, sources)) record.set("git", std::move(*git));
  record.set("machine", machine_state(facts, sources));
  if (!facts.interpreter.empty()) {
    const auto answer = ask(sources, {facts.interpreter, "-c", kPythonQuestion});
    if (auto python = parse_python_answer(answer.value_or("")))
      record.set("python", *std::move(python));
  }
  auto environment = sources.environment;
  std::sort(environment.begin(), environment.end());
  Value variables = Value::Map{};
  for (const auto& [name, value] : environment) {
    if (is_recorded_variable(name)) variables.set(name, mask_keys(mask_addresses(value)));
  }
  record.set("variables", std::move(variables));
  return record;
}

}  // namespace hone
