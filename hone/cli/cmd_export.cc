// hone export: trials, reports or tracking points as CSV, JSON lines or Parquet; a study as event
// files of TensorBoard; or the study, whole, as a file that hone import reads.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>

#include "hone/base/csv.h"
#include "hone/base/error.h"
#include "hone/base/file.h"
#include "hone/base/text.h"
#include "hone/cli/commands.h"
#include "hone/cli/lines.h"
#include "hone/cli/parquet.h"
#include "hone/cli/tensorboard_export.h"
#include "hone/cli/terminal.h"
#include "hone/cli/workplace.h"
#include "hone/store/snapshot.h"

namespace hone::cli {
namespace {

/// One row of a table whose columns are known beforehand.
using Row = std::vector<std::pair<std::string, Value>>;

constexpr const char* kParquet = "parquet";

class ExportCommand final : public Command {
 public:
  void declare(CommandLine& line) override {
    line.positional("STUDY", study_, "The study; may be left out where there is one only");
    line.option("--what", what_, "WHAT",
                "trials (default), reports of declared metrics, or points: all that was logged");
    line.option("--format", format_, "FORMAT",
                "csv, jsonl or parquet; by the ending of --output, else csv");
    line.option("-o,--output", output_, "FILE", "Instead of stdout");
    line.option("--snapshot", snapshot_, "FILE",
                "The whole study as one file, for hone import; FILE is replaced");
    line.flag("--with-files", with_files_,
              "With --snapshot: also the logs, artifacts and checkpoints that are here");
    line.option(
        "--tensorboard", tensorboard_, "FOLDER",
        "Writes event files of TensorBoard there instead: a folder per trial, with all that "
        "was logged and the parameters (tensorboard --logdir FOLDER)");
    common_.declare(line);
  }

  int run() override {
    if (snapshot_) return write_snapshot_file();
    if (with_files_)
      throw Error(ErrorCode::invalid_input, "--with-files goes with --snapshot FILE");
    check();
    const Workplace place = Workplace::open(common_, OpenMode::existing);
    const StudyInfo study = place.study_or_only(study_, common_.project);
    const History history = load_history(place.store(), study.id);
    if (tensorboard_) {
      const std::size_t files = write_tensorboard(
          history, *tensorboard_, [&](RunId run) { return place.store().points(run); });
      if (!common_.quiet)
        std::fprintf(stderr, "wrote %s: %zu files\n", tensorboard_->c_str(), files);
      return kOk;
    }
    if (*what_ == "trials") {
      trials(history);
    } else if (*what_ == "reports") {
      reports(history);
    } else {
      points(place, history);
    }
    if (*format_ == kParquet && rows_ == 0)
      throw Error(ErrorCode::not_found, fmt::format("{} has no {} yet", study.name, *what_),
                  "a Parquet file has columns, which are known with the first row");
    if (*format_ == kParquet) text_ = parquet_file(columns_);
    if (output_) {
      write_file_atomically(*output_, text_);
      if (!common_.quiet) std::fprintf(stderr, "wrote %s: %zu rows\n", output_->c_str(), rows_);
    } else {
      std::fwrite(text_.data(), 1, text_.size(), stdout);
    }
    return kOk;
  }

 private:
  int write_snapshot_file() const {
    if (what_ || format_ || output_ || tensorboard_) {
      throw Error(ErrorCode::invalid_input, "--snapshot takes the whole study",
                  "leave out --what, --format, --output and --tensorboard");
    }
    const Workplace place = Workplace::open(common_, OpenMode::existing);
    const StudyInfo study = place.study_or_only(study_, common_.project);
    const auto files = with_files_ ? std::optional(place.trials_folder(study)) : std::nullopt;
    const std::int64_t count =
        write_snapshot(place.store(), study.id, *snapshot_, files, place.clock(), place.probe());
    const auto bytes = static_cast<std::int64_t>(std::filesystem::file_size(*snapshot_));
    if (common_.json) {
      Value row = Value::Map{};
      row.set("study", study_title(study)).set("file", *snapshot_).set("bytes", bytes);
      std::printf("%s\n", row.set("files", count).dump().c_str());
    } else if (!common_.quiet) {
      std::fprintf(stderr, "wrote %s: %s, %lld trials%s\n", snapshot_->c_str(),
                   format_bytes(bytes).c_str(), static_cast<long long>(study.trials),
                   with_files_ ? fmt::format(", {} files", count).c_str() : "");
    }
    return kOk;
  }

  void check() {
    if (!what_) what_ = "trials";
    const std::vector<std::string> kinds = {"trials", "reports", "points"};
    if (std::find(kinds.begin(), kinds.end(), *what_) == kinds.end()) {
      const auto near = nearest_name(*what_, kinds);
      throw Error(ErrorCode::invalid_input, fmt::format("--what: '{}' cannot be exported", *what_),
                  near ? fmt::format("did you mean {}?", *near) : "trials, reports or points");
    }
    if (tensorboard_ && (output_ || format_))
      throw Error(ErrorCode::invalid_input, "--tensorboard writes a folder of event files",
                  "leave --output and --format out");
    const bool is_parquet = output_ && output_->ends_with(".parquet");
    const bool by_ending = output_ && (output_->ends_with(".jsonl") || output_->ends_with(".json"));
    if (!format_ && is_parquet) format_ = kParquet;
    if (!format_) format_ = by_ending || common_.json ? "jsonl" : "csv";
    if (*format_ != "csv" && *format_ != "jsonl" && *format_ != kParquet) {
      throw Error(ErrorCode::invalid_input, fmt::format("--format: '{}' is unknown", *format_),
                  "csv, jsonl or parquet");
    }
    if (*format_ == kParquet && !output_ && is_terminal(stdout))
      throw Error(ErrorCode::invalid_input, "a Parquet file is nothing for a terminal",
                  "name a file: --output trials.parquet");
  }

  void add(const Row& row) {
    ++rows_;
    if (*format_ == kParquet) {
      if (rows_ == 1) {
        for (const auto& [name, value] : row) columns_.push_back({name, {}});
      }
      for (std::size_t i = 0; i < row.size(); ++i) columns_[i].cells.push_back(row[i].second);
      return;
    }
    if (*format_ == "jsonl") {
      Value object = Value::Map{};
      for (const auto& [name, value] : row) {
        if (!value.is_null()) object.set(name, value);
      }
      text_ += object.dump() + "\n";
      return;
    }
    std::vector<Value> header, cells;
    for (const auto& [name, value] : row) {
      header.emplace_back(name);
      cells.push_back(value);
    }
    if (rows_ == 1) text_ += csv_line(header);
    text_ += csv_line(cells);
  }

  void trials(const History& history) {
    const StudySpec& spec = history.spec();
    const bool several = spec.objective_count() > 1;
    const auto front = several ? history.front() : std::vector<std::int64_t>{};
    for (const Trial& trial : history.trials()) {
      Row row = {{"trial", trial.number()},
                 {"state", trial_state_name(trial.state)},
                 {"origin", trial_origin_name(trial.proposal->origin)}};
      for (int m = 0; m < static_cast<int>(spec.metrics.size()); ++m) {
        const auto value = trial.value_of(m);
        row.emplace_back(spec.metrics[static_cast<std::size_t>(m)].name,
                         value ? Value(*value) : Value());
      }
      if (several)
        row.emplace_back("front", std::binary_search(front.begin(), front.end(), trial.number()));
      row.emplace_back("reached", trial.reached ? Value(*trial.reached) : Value());
      row.emplace_back("seconds", static_cast<double>(trial.busy_us) / 1e6);
      for (const Parameter& parameter : spec.space.parameters()) {
        const Value* value = trial.config().get(parameter.name);
        row.emplace_back("param." + parameter.name, value != nullptr ? *value : Value());
      }
      row.emplace_back("failure", trial.fail_kind == FailKind::none
                                      ? Value()
                                      : Value(fail_kind_name(trial.fail_kind)));
      row.emplace_back("reason",
                       trial.reason.empty() ? Value() : Value(split_detail(trial.reason).first));
      row.emplace_back("created", static_cast<double>(trial.proposal->created_us) / 1e6);
      row.emplace_back(
          "ended", trial.ended_us > 0 ? Value(static_cast<double>(trial.ended_us) / 1e6) : Value());
      add(row);
    }
  }

  void for_each_run(const History& history, const std::function<void(const Run&)>& use) {
    for (const Trial& trial : history.trials()) {
      for (const RunId id : history.runs_of(trial.number())) use(*history.run(id));
    }
  }

  void reports(const History& history) {
    for_each_run(history, [&](const Run& run) {
      for (const auto& point : history.series(run.id)) {
        add({{"trial", run.plan.trial},
             {"run", run.id.value},
             {"purpose", run_purpose_name(run.plan.purpose)},
             {"replicate", run.plan.replicate},
             {"metric", history.spec().metrics[static_cast<std::size_t>(point.metric)].name},
             {"fidelity", point.fidelity},
             {"value", point.value},
             {"seconds", static_cast<double>(point.busy_us) / 1e6},
             {"late", point.late}});
      }
    });
  }

  void points(const Workplace& place, const History& history) {
    for_each_run(history, [&](const Run& run) {
      for (const Point& point : place.store().points(run.id)) {
        add({{"trial", run.plan.trial},
             {"run", run.id.value},
             {"metric", point.metric},
             {"step", point.step},
             {"value", point.value},
             {"seconds", static_cast<double>(point.busy_us) / 1e6}});
      }
    });
  }

  std::optional<std::string> study_;
  std::optional<std::string> what_;
  std::optional<std::string> format_;
  std::optional<std::string> output_;
  std::optional<std::string> snapshot_;
  bool with_files_ = false;
  CommonOptions common_;
  std::optional<std::string> tensorboard_;
  std::vector<ParquetColumn> columns_;
  std::string text_;
  std::size_t rows_ = 0;
};

}  // namespace

std::unique_ptr<Command> make_export() { return std::make_unique<ExportCommand>(); }

}  // namespace hone::cli
