// The records of a run file are protobuf messages `wandb_internal.Record`. Of them four matter here
// (field numbers in brackets):
//
//   Record        history [2] · summary [3] · run [17] · exit [18]
//   HistoryRecord item [1]* · step [2] {num [1]}
//   HistoryItem   key [1] or nested_key [2]* · value_json [16], or by kind: none [3], boolean [4],
//                 integer [5] (zigzag), number [6] (double), text [7], json [8]
//   SummaryRecord update [1]* · remove [2]*, items {key [1] or nested_key [2]* · value_json [16]}
//   RunRecord     run_id [1]            RunExitRecord  exit_code [1], absent when 0
//
// Up to 0.17 a nested map is one item whose JSON is an object, and the summary is one record at the
// end; later every number is an item of its own with nested keys, in no fixed order, and each step
// has its summary record. Media are maps with a `_type` and are passed over. JSON may hold NaN and
// Infinity.
#include "hone/runner/wandb_file.h"

#include <bit>
#include <cmath>
#include <set>

#include "hone/runner/protobuf_wire.h"
#include "hone/runner/wandb_json.h"
#include "hone/runner/wandb_log.h"

namespace hone {
namespace {

using protobuf::Field;
using protobuf::Message;

constexpr std::size_t kMaxKeyParts = 32;

// ---- records

/// One item of a history or summary record.
struct Item {
  std::vector<std::string_view> path;
  std::string_view json;
  std::optional<double> typed;
};

bool read_item(std::string_view bytes, Item& item) {
  Message message(bytes);
  Field field;
  while (message.next(field)) {
    switch (field.number) {
      case 1:
        if (field.is_bytes && !field.bytes.empty()) item.path.assign(1, field.bytes);
        break;
      case 2:
        if (item.path.size() >= kMaxKeyParts) return false;
        if (field.is_bytes) item.path.push_back(field.bytes);
        break;
      case 5:  // zigzag: 0, -1, 1, -2, …
        item.typed = static_cast<double>(static_cast<std::int64_t>(field.scalar >> 1) ^
                                         -static_cast<std::int64_t>(field.scalar & 1));
        break;
      case 6:
        item.typed = std::bit_cast<double>(field.scalar);
        break;
      case 8:
      case 16:
        if (field.is_bytes && item.json.empty()) item.json = field.bytes;
        break;
      default:
        break;
    }
  }
  return message.ok() && !item.path.empty();
}

std::string joined(const std::vector<std::string_view>& path) {
  std::string name;
  for (const std::string_view part : path) {
    if (!name.empty()) name += '.';
    name += part;
  }
  return name;
}

bool is_internal(std::string_view key) {
  return key == "_step" || key == "_timestamp" || key == "_runtime" || key == "_wandb";
}

/// Whether `path` lies in one of the maps that hold a `_type`.
bool is_in_media(const std::vector<std::string_view>& path,
                 const std::set<std::vector<std::string_view>>& media) {
  if (media.empty()) return false;
  std::vector<std::string_view> prefix;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    prefix.push_back(path[i]);
    if (media.contains(prefix)) return true;
  }
  return false;
}

/// The maps with a `_type` among `items`: media, each of whose fields is an item.
std::set<std::vector<std::string_view>> media_of(const std::vector<Item>& items) {
  std::set<std::vector<std::string_view>> media;
  for (const Item& item : items) {
    if (item.path.size() > 1 && item.path.back() == "_type") {
      media.emplace(item.path.begin(), item.path.end() - 1);
    }
  }
  return media;
}

/// The numbers of one item; false when its value is malformed.
bool take_numbers(const Item& item, const std::string& name, WandbNumberMap& into) {
  if (item.typed) {
    into.insert_or_assign(name, *item.typed);
    return true;
  }
  return item.json.empty() || read_json_numbers(item.json, name, into);
}

class Reader {
 public:
  /// False when the record is malformed; what came before the fault in it may have been taken.
  bool record(std::string_view bytes) {
    Message message(bytes);
    Field field;
    bool ok = true;
    while (message.next(field)) {
      if (!field.is_bytes) continue;
      switch (field.number) {
        case 2:
          ok = history(field.bytes) && ok;
          break;
        case 3:
          ok = summary(field.bytes) && ok;
          break;
        case 17:
          ok = run(field.bytes) && ok;
          break;
        case 18:
          ok = exit(field.bytes) && ok;
          break;
        default:
          break;
      }
    }
    return ok && message.ok();
  }

  WandbFile finish() {
    file_.summary.assign(summary_.begin(), summary_.end());
    return std::move(file_);
  }

 private:
  bool history(std::string_view bytes) {
    Message message(bytes);
    Field field;
    std::vector<Item> items;
    std::optional<std::int64_t> step;
    bool ok = true;
    while (message.next(field)) {
      if (!field.is_bytes) continue;
      if (field.number == 1) {
        if (Item item; read_item(field.bytes, item)) {
          items.push_back(std::move(item));
        } else {
          ok = false;
        }
      } else if (field.number == 2) {
        step = 0;  // protobuf leaves out a zero
        Message inner(field.bytes);
        Field num;
        while (inner.next(num)) {
          if (num.number == 1 && !num.is_bytes) step = static_cast<std::int64_t>(num.scalar);
        }
        ok = ok && inner.ok();
      }
    }
    const auto media = media_of(items);
    WandbNumberMap numbers;
    for (const Item& item : items) {
      if (is_internal(item.path.front())) {
        if (!step && item.path.front() == "_step") step = internal_step(item);
        continue;
      }
      if (!is_in_media(item.path, media)) {
        ok = take_numbers(item, joined(item.path), numbers) && ok;
      }
    }
    if (!step) step = file_.rows.empty() ? 0 : file_.rows.back().step + 1;
    file_.rows.push_back({*step, {numbers.begin(), numbers.end()}});
    return ok && message.ok();
  }

  static std::optional<std::int64_t> internal_step(const Item& item) {
    WandbNumberMap numbers;
    constexpr double kLimit = 9.0e15;  // below 2^53: exact
    if (!take_numbers(item, "s", numbers) || numbers.size() != 1) return std::nullopt;
    const double step = numbers.begin()->second;
    if (!(std::fabs(step) < kLimit)) return std::nullopt;
    return static_cast<std::int64_t>(step);
  }

  bool summary(std::string_view bytes) {
    Message message(bytes);
    Field field;
    std::vector<Item> updates, removals;
    bool ok = true;
    while (message.next(field)) {
      if (!field.is_bytes || (field.number != 1 && field.number != 2)) continue;
      if (Item item; read_item(field.bytes, item)) {
        (field.number == 1 ? updates : removals).push_back(std::move(item));
      } else {
        ok = false;
      }
    }
    const auto media = media_of(updates);
    for (const Item& item : updates) {
      if (is_internal(item.path.front())) continue;
      const std::string name = joined(item.path);
      erase(name);
      if (!is_in_media(item.path, media)) ok = take_numbers(item, name, summary_) && ok;
    }
    for (const Item& item : removals) erase(joined(item.path));
    return ok && message.ok();
  }

  /// Removes the number `name` and those of the map `name`.
  void erase(const std::string& name) {
    summary_.erase(name);
    const std::string prefix = name + ".";
    auto first = summary_.lower_bound(prefix);
    auto last = first;
    while (last != summary_.end() && last->first.starts_with(prefix)) ++last;
    summary_.erase(first, last);
  }

  bool run(std::string_view bytes) {
    Message message(bytes);
    Field field;
    while (message.next(field)) {
      if (field.number == 1 && field.is_bytes) file_.run_id = field.bytes;
    }
    return message.ok();
  }

  bool exit(std::string_view bytes) {
    Message message(bytes);
    Field field;
    int code = 0;  // protobuf leaves out a zero
    while (message.next(field)) {
      if (field.number == 1 && !field.is_bytes)
        code = static_cast<int>(static_cast<std::int32_t>(field.scalar));
    }
    if (message.ok()) file_.exit_code = code;
    return message.ok();
  }

  WandbFile file_;
  WandbNumberMap summary_;
};

}  // namespace

std::optional<WandbFile> read_wandb_file(std::string_view bytes) {
  if (!WandbLogReader::has_header(bytes)) return std::nullopt;
  WandbLogReader log(bytes);
  Reader reader;
  std::size_t malformed = 0;
  while (const std::optional<std::string_view> record = log.next()) {
    if (!reader.record(*record)) ++malformed;
  }
  WandbFile file = reader.finish();
  file.damaged = log.damaged() + malformed;
  file.truncated = log.truncated();
  return file;
}

}  // namespace hone
