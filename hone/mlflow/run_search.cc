// runs/search: MLflow's filter language over the runs of one program, and its orders.
//
//   filter  = clause { AND clause }
//   clause  = name (= | != | < | <= | > | >= | LIKE | ILIKE) literal | name [NOT] IN (literal, …)
//   name    = [metrics. | params. | tags. | attributes.] key, a key in ` or " where it has more
//   than
//             letters, digits, _ and .
//
// What a run does not have fulfils no clause. Text is compared as text, metrics and times as
// numbers.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

#include <fmt/core.h>

#include "hone/base/text.h"
#include "hone/mlflow/api_values.h"

namespace hone::mlflow {
namespace {

constexpr std::size_t kFilterBytes = 16 * 1024;
constexpr std::size_t kClauses = 100;

[[noreturn]] void refuse(std::string_view what) {
  throw ApiError{400, "INVALID_PARAMETER_VALUE",
                 fmt::format("{}; clauses look like metrics.loss < 0.5 AND tags.kind = 'x'", what)};
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

/// What a name stands for in one run: a number, a text, or nothing.
struct Field {
  std::optional<double> number;
  std::optional<std::string> text;
  bool is_known() const { return number || text; }
};

Field text_field(const std::map<std::string, std::string>& pairs, const std::string& key) {
  const auto it = pairs.find(key);
  return it == pairs.end() ? Field{} : Field{std::nullopt, it->second};
}

Field field_of(const TrackedRun& run, const std::string& name) {
  const std::size_t dot = name.find('.');
  const std::string entity = dot == std::string::npos ? "attributes" : lower(name.substr(0, dot));
  const std::string key = dot == std::string::npos ? name : name.substr(dot + 1);
  if (entity == "metrics" || entity == "metric") {
    const auto it = run.latest.find(key);
    return it == run.latest.end() ? Field{} : Field{it->second.value, std::nullopt};
  }
  if (entity == "params" || entity == "param" || entity == "parameters" || entity == "parameter")
    return text_field(run.params, key);
  if (entity == "tags" || entity == "tag") return text_field(run.tags, key);
  if (entity != "attributes" && entity != "attribute" && entity != "attr" && entity != "run")
    refuse(fmt::format("'{}' is no kind of name", entity));
  const std::string what = lower(key);
  if (what == "run_id") return {std::nullopt, run.id};
  if (what == "run_name" || what == "run name") return {std::nullopt, run.name};
  if (what == "status") return {std::nullopt, run.status};
  if (what == "user_id") return {std::nullopt, run.user};
  if (what == "artifact_uri") return {std::nullopt, artifact_uri(run)};
  if (what == "start_time" || what == "created") return {static_cast<double>(run.start_ms), {}};
  if (what == "end_time")
    return run.end_ms > 0 ? Field{static_cast<double>(run.end_ms), {}} : Field{};
  refuse(fmt::format("a run has no attribute '{}'", key));
}

/// SQL's LIKE: % for any text, _ for one byte.
bool is_like(std::string_view text, std::string_view pattern) {
  std::size_t t = 0, p = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '%') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && (pattern[p] == '_' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '%') ++p;
  return p == pattern.size();
}

struct Clause {
  std::string name;
  std::string op;  ///< =, !=, <, <=, >, >=, like, ilike, in, not in
  std::vector<std::string> literals;

  bool holds(const TrackedRun& run) const {
    const Field field = field_of(run, name);
    if (!field.is_known()) return false;
    if (op == "in" || op == "not in") {
      const bool found =
          std::find(literals.begin(), literals.end(), field.text.value_or("")) != literals.end();
      return found == (op == "in");
    }
    const std::string& literal = literals.front();
    if (field.number) {
      const auto other = parse_number(literal);
      if (!other)
        refuse(fmt::format("{} is compared with '{}', which is no number", name, literal));
      return compare(*field.number<*other, *field.number == *other, *field.number> * other);
    }
    if (op == "like") return is_like(*field.text, literal);
    if (op == "ilike") return is_like(lower(*field.text), lower(literal));
    return compare(*field.text<literal, *field.text == literal, *field.text> literal);
  }

 private:
  bool compare(bool less, bool equal, bool greater) const {
    if (op == "=" || op == "==") return equal;
    if (op == "!=") return !equal;
    if (op == "<") return less;
    if (op == "<=") return less || equal;
    if (op == ">") return greater;
    if (op == ">=") return greater || equal;
    refuse(fmt::format("{} {} is no comparison of numbers", name, op));
  }
};

class FilterReader {
 public:
  explicit FilterReader(std::string_view text) : rest_(text) {}

  std::vector<Clause> read() {
    std::vector<Clause> clauses;
    for (;;) {
      skip_blanks();
      if (rest_.empty() && clauses.empty()) return clauses;
      if (clauses.size() >= kClauses) refuse("the filter has too many clauses");
      clauses.push_back(clause());
      skip_blanks();
      if (rest_.empty()) return clauses;
      if (lower(word()) != "and") refuse("clauses are joined with AND");
    }
  }

  /// A name with an optional ASC or DESC behind it: what order_by holds.
  std::pair<std::string, bool> order() {
    std::string name = this->name();
    skip_blanks();
    const std::string way = lower(word());
    skip_blanks();
    if (!rest_.empty() || (way != "" && way != "asc" && way != "desc"))
      refuse("an order is a name with ASC or DESC");
    return {std::move(name), way == "desc"};
  }

 private:
  void skip_blanks() { rest_ = trim(rest_); }
  static bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '-' ||
           c == '/';
  }
  std::string word() {
    std::size_t n = 0;
    while (n < rest_.size() && is_word(rest_[n])) ++n;
    std::string text(rest_.substr(0, n));
    rest_.remove_prefix(n);
    return text;
  }
  std::string quoted() {
    const char quote = rest_.front();
    const std::size_t end = rest_.find(quote, 1);
    if (end == std::string_view::npos) refuse("a quote is not closed");
    std::string text(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return text;
  }
  std::string name() {
    skip_blanks();
    std::string text = word();
    if (!rest_.empty() && (rest_.front() == '`' || rest_.front() == '"')) text += quoted();
    if (text.empty()) refuse("a name is missing");
    return text;
  }
  std::string literal() {
    skip_blanks();
    if (rest_.empty()) refuse("a value is missing");
    if (rest_.front() == '\'' || rest_.front() == '"') return quoted();
    std::string text = rest_.front() == '+' ? std::string(1, '+') : "";
    if (!text.empty()) rest_.remove_prefix(1);
    text += word();
    if (!parse_number(text)) refuse(fmt::format("the value '{}' needs quotes", text));
    return text;
  }
  Clause clause() {
    Clause clause;
    clause.name = name();
    skip_blanks();
    std::size_t n = 0;
    while (n < rest_.size() && std::string_view("=!<>").find(rest_[n]) != std::string_view::npos)
      ++n;
    clause.op = n > 0 ? std::string(rest_.substr(0, n)) : "";
    rest_.remove_prefix(n);
    if (n == 0) clause.op = lower(word());
    if (clause.op == "not") {
      skip_blanks();
      clause.op += " " + lower(word());
    }
    static const std::set<std::string> kOps = {"=",  "==",   "!=",    "<",  "<=",    ">",
                                               ">=", "like", "ilike", "in", "not in"};
    if (!kOps.contains(clause.op)) refuse(fmt::format("'{}' is no comparison", clause.op));
    if (clause.op != "in" && clause.op != "not in") {
      clause.literals.push_back(literal());
      return clause;
    }
    skip_blanks();
    if (!rest_.starts_with('(')) refuse("IN needs a list in brackets");
    do {
      rest_.remove_prefix(1);
      clause.literals.push_back(literal());
      skip_blanks();
    } while (rest_.starts_with(','));
    if (!rest_.starts_with(')')) refuse("a bracket is not closed");
    rest_.remove_prefix(1);
    return clause;
  }

  std::string_view rest_;
};

bool is_before(const Field& a, const Field& b, bool descending) {
  if (a.is_known() != b.is_known()) return a.is_known();  // what is missing comes last
  if (a.number && b.number) {
    if (std::isnan(*a.number) != std::isnan(*b.number)) return std::isnan(*b.number);
    return descending ? *a.number > *b.number : *a.number < *b.number;
  }
  const std::string& left = a.text ? *a.text : std::string();
  const std::string& right = b.text ? *b.text : std::string();
  return descending ? left > right : left < right;
}

}  // namespace

std::vector<const TrackedRun*> matching_runs(const TrackedRuns& runs, const Value& body) {
  const std::string filter = body.string_or("filter", "");
  if (filter.size() > kFilterBytes) refuse("the filter is too long");
  const std::vector<Clause> clauses = FilterReader(filter).read();
  const std::string view = body.string_or("run_view_type", "ACTIVE_ONLY");
  std::set<std::string> experiments;
  const Value* ids = body.find("experiment_ids");
  if (ids != nullptr && ids->is_list()) {
    for (const Value& id : ids->as_list()) {
      if (id.is_string()) experiments.insert(id.as_string());
    }
  }
  std::vector<const TrackedRun*> found;
  for (auto it = runs.runs().rbegin(); it != runs.runs().rend(); ++it) {  // newest first
    if (!experiments.empty() && !experiments.contains(it->experiment)) continue;
    if (view != "ALL" && it->deleted != (view == "DELETED_ONLY")) continue;
    if (std::all_of(clauses.begin(), clauses.end(), [&](const Clause& c) { return c.holds(*it); }))
      found.push_back(&*it);
  }
  const Value* orders = body.find("order_by");
  if (orders == nullptr || !orders->is_list()) return found;
  for (auto order = orders->as_list().rbegin(); order != orders->as_list().rend(); ++order) {
    if (!order->is_string()) refuse("an order is a text");
    const auto [name, descending] = FilterReader(order->as_string()).order();
    std::stable_sort(found.begin(), found.end(), [&](const TrackedRun* a, const TrackedRun* b) {
      return is_before(field_of(*a, name), field_of(*b, name), descending);
    });
  }
  return found;
}

}  // namespace hone::mlflow
