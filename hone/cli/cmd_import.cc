// hone import: a study out of a snapshot that hone export has written, into this store.
#include <fmt/core.h>

#include <cstdio>

#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/base/id.h"
#include "hone/base/rng.h"
#include "hone/base/text.h"
#include "hone/cli/commands.h"
#include "hone/cli/prose.h"
#include "hone/cli/terminal.h"
#include "hone/cli/workplace.h"
#include "hone/store/snapshot.h"
#include "hone/tuner/job_builder_files.h"

namespace hone::cli {
namespace fs = std::filesystem;
namespace {

/// The files of a study that is not in the store yet, beside the folders of those that are; gone at
/// the end of the scope unless they were put into their place.
class Draft {
 public:
  explicit Draft(fs::path folder) : folder_(std::move(folder)) {}
  ~Draft() { remove_tree(folder_); }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  const fs::path& folder() const { return folder_; }

  /// Throws Error(io).
  void put(const fs::path& place) const {
    try {
      // There is a folder of this study already where it was deleted without its files.
      if (fs::exists(place)) {
        move_files(place);
      } else {
        fs::rename(folder_, place);
      }
    } catch (const fs::filesystem_error& error) {
      throw Error(ErrorCode::io, fmt::format("cannot write {}: {}", place.string(), error.what()));
    }
  }

 private:
  void move_files(const fs::path& place) const {
    for (const std::string& path : plain_files(folder_)) {
      make_private_folder((place / path).parent_path());
      fs::rename(folder_ / path, place / path);
    }
  }

  fs::path folder_;
};

class ImportCommand final : public Command {
 public:
  void declare(CommandLine& line) override {
    line.positional("FILE", file_, "What hone export STUDY --snapshot FILE has written");
    line.option("--name", name_, "NAME", "Of the study here; default: the one that it had");
    common_.declare(line);
    line.examples(
        "  hone export finetune --snapshot finetune.hone --with-files\n"
        "  hone import finetune.hone                          on another machine\n"
        "  hone import finetune.hone --name finetune-old      beside a study of that name\n");
  }
  bool wants_json() const override { return common_.json; }

  int run() override {
    if (!file_) {
      throw Error(ErrorCode::invalid_input, "which file?",
                  "hone export STUDY --snapshot FILE writes one");
    }
    if (name_ && trim(*name_).empty())
      throw Error(ErrorCode::invalid_input, "--name: a study needs a name");
    const Workplace place = Workplace::open(common_, OpenMode::create);
    Snapshot snapshot(*file_, place.clock(), place.probe());
    // A record that cannot be folded is found here, before anything of it is in this store.
    load_history(snapshot.store(), snapshot.study().id);
    // The files come first: what takes long, and may fail, is over before the study is there.
    const Draft draft(place.private_folder() / "trials" /
                      (".import-" + make_uid(place.clock().now_us(), Rng(system_entropy()))));
    const std::int64_t files = snapshot.extract_files(draft.folder());
    StudyCopyOptions options;
    options.name = name_;
    const StudyId id = copy_study(snapshot.store(), snapshot.study().id, place.store(), options);
    const StudyInfo study = *place.store().study(id);
    try {
      if (files > 0) {
        write_private_file(draft.folder() / ".study", study.uid + "\n");
        draft.put(place.trials_folder(study));
      }
    } catch (...) {
      place.store().delete_study(id);  // whole or not at all
      throw;
    }
    if (common_.json) {
      Value row = Value::Map{};
      row.set("study", study_title(study)).set("trials", study.trials).set("files", files);
      std::printf("%s\n", row.dump().c_str());
    } else if (!common_.quiet) {
      std::printf("%s: %lld trials%s\n", study_title(study).c_str(),
                  static_cast<long long>(study.trials),
                  files > 0 ? fmt::format(", {} files", files).c_str() : "");
      if (study.state == StudyState::open) {
        print_prose(stderr, fmt::format("It is not finished: hone resume {} goes on with it.\n",
                                        shell_quoted(study_title(study))));
      }
    }
    return kOk;
  }

 private:
  std::optional<std::string> file_;
  std::optional<std::string> name_;
  CommonOptions common_;
};

}  // namespace

std::unique_ptr<Command> make_import() { return std::make_unique<ImportCommand>(); }

}  // namespace hone::cli
