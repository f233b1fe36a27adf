// The loader: yaml-cpp's events to a tree with byte ranges. yaml-cpp gives each event the place
// where it begins (before anchor and tag) and no end; ends are found on the source text, which is
// unambiguous once the parser has accepted it.
#include "hone/study/yaml.h"

#include <fmt/core.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "hone/base/text.h"
#include "hone/study/yaml_errors.h"

namespace hone {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_space(char c) { return is_blank(c) || c == '\n' || c == '\r'; }

constexpr int kMaxRepeats = 50;  // duplicate keys that are told

/// Thrown through yaml-cpp to end the parsing; the diagnostic is recorded already.
struct Abandon {};

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, const LineIndex& lines, std::vector<Diagnostic>& diagnostics)
      : text_(text), lines_(lines), diagnostics_(diagnostics) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 1) return;
    const std::size_t at = position(mark);
    const bool marker = text_.substr(at, 3) == "---";
    fail({at, at + (marker ? 3 : 1)},
         marker ? "a second document starts here; a study file has one: remove the '---' and what "
                  "follows, or put it into a file of its own"
                : "the indentation does not fit what stands before: a list or text ended, and a "
                  "key begins in its place");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node;
    std::size_t at = skip_properties(position(mark));
    const bool written =
        at == position_after_properties_ && (text_.substr(at, 1) == "~" || lower4(at) == "null");
    if (written) {
      node.span = {at, at + (text_[at] == '~' ? 1U : 4U)};
    } else {
      node.span = {last_end_, last_end_};
    }
    add(std::move(node), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const std::size_t at = position(mark);
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      fail({at, end_of_word(at)},
           fmt::format("{} stands inside of what it names: an alias cannot contain itself",
                       text_.substr(at, end_of_word(at) - at)));
    }
    alias_ = TextSpan{at, end_of_word(at)};
    YamlNode copy = found->second;
    copy.aliased = true;
    count(node_count(copy), at);
    add(std::move(copy), YAML::NullAnchor);
    last_end_ = end_of_word(at);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node;
    node.kind = YamlNode::Kind::scalar;
    const std::size_t begin = skip_properties(position(mark));
    node.text = value;
    const char first = begin < text_.size() ? text_[begin] : ' ';
    node.plain = first != '"' && first != '\'' && first != '|' && first != '>';
    node.block = !node.plain && (first == '|' || first == '>');
    if (tag != "?" && tag != "!") node.tag = tag;
    if (tag == "!" && node.plain) node.tag = "tag:yaml.org,2002:str";  // `! 5`
    node.span = {begin, scalar_end(begin, node)};
    const bool quoted = !node.plain && !node.block;
    if (quoted && (node.span.end <= begin + 1 || text_[node.span.end - 1] != first || unclosed_)) {
      fail({begin, begin + 1}, kUnclosedText);  // yaml-cpp lets a text run into the end of the file
    }
    check_tag(node, position(mark));
    add(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    open(YamlNode::Kind::sequence, mark, tag, anchor, style);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    open(YamlNode::Kind::map, mark, tag, anchor, style);
  }
  void OnMapEnd() override { close(); }
  void OnAnchor(const YAML::Mark&, const std::string& name) override {
    anchor_names_.push_back(name);
  }

  std::optional<YamlNode> take_root() { return std::move(root_); }

  /// What had been read when the parser gave up.
  YamlProgress progress() const {
    YamlProgress progress;
    progress.last_end = last_end_;
    for (const Frame& frame : stack_) {
      if (!frame.node.block) progress.open_flow = frame.node.span.begin;
    }
    progress.anchors = anchor_names_;
    return progress;
  }

 private:
  struct Frame {
    YamlNode node;
    YAML::anchor_t anchor = YAML::NullAnchor;
    std::optional<YamlMember> key;         // of a map: read, its value not yet
    std::vector<YamlNode> merges;          // what `<<` named
    std::map<std::string, TextSpan> keys;  // so far
  };

  [[noreturn]] void fail(TextSpan span, std::string message, std::string fix = "") {
    diagnostics_.push_back(lines_.at(span, Severity::error, std::move(message), std::move(fix)));
    throw Abandon{};
  }
  static std::size_t position(const YAML::Mark& mark) {
    return mark.pos < 0 ? 0 : static_cast<std::size_t>(mark.pos);
  }
  std::string lower4(std::size_t at) const {
    std::string word(text_.substr(at, 4));
    for (char& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return word;
  }
  std::size_t end_of_word(std::size_t at) const {
    while (at < text_.size() && !is_space(text_[at]) &&
           std::string_view(",[]{}").find(text_[at]) == std::string_view::npos) {
      ++at;
    }
    return at;
  }
  /// Behind `&anchor` and `!tag`.
  std::size_t skip_properties(std::size_t at) {
    const std::size_t start = at;
    while (at < text_.size() && (text_[at] == '&' || text_[at] == '!')) {
      at = end_of_word(at);
      while (at < text_.size() && is_space(text_[at])) ++at;
      at = skip_comments(at);
    }
    position_after_properties_ = at;
    return std::max(at, start);
  }
  std::size_t skip_comments(std::size_t at) const {
    while (at < text_.size()) {
      if (is_space(text_[at])) {
        ++at;
      } else if (text_[at] == '#') {
        at = std::min(text_.find('\n', at), text_.size());
      } else {
        break;
      }
    }
    return at;
  }

  std::size_t scalar_end(std::size_t begin, const YamlNode& node) {
    if (node.plain) {
      std::size_t at = begin;
      for (const char c : node.text) {
        if (is_space(c)) continue;
        while (at < text_.size() && is_space(text_[at])) ++at;
        if (at < text_.size()) ++at;
      }
      return at;
    }
    if (node.block) return block_scalar_end(begin, node.text.empty());
    const char quote = begin < text_.size() ? text_[begin] : '"';
    std::size_t at = begin + 1;
    for (; at < text_.size(); ++at) {
      if (text_[at] == '\\' && quote == '"') {
        ++at;
      } else if (text_[at] == quote) {
        if (quote == '\'' && at + 1 < text_.size() && text_[at + 1] == quote) {
          ++at;
        } else {
          break;
        }
      }
    }
    unclosed_ = at >= text_.size();
    return std::min(at + 1, text_.size());
  }

  std::size_t block_scalar_end(std::size_t begin, bool is_empty) const {
    std::size_t end = std::min(text_.find('\n', begin), text_.size());
    if (is_empty) return end;
    std::size_t indent = 0;
    for (std::size_t line = end + 1; line < text_.size();) {
      const std::size_t stop = std::min(text_.find('\n', line), text_.size());
      std::size_t first = line;
      while (first < stop && text_[first] == ' ') ++first;
      if (first < stop && text_[first] != '\r') {
        if (indent == 0) indent = first - line;
        if (first - line < indent || indent == 0) break;
        end = stop;
      }
      line = stop + 1;
    }
    return end;
  }

  void check_tag(const YamlNode& node, std::size_t at) {
    if (node.tag.empty()) return;
    static const std::vector<std::string> known = {"str",  "int", "float", "bool",
                                                   "null", "seq", "map"};
    constexpr std::string_view prefix = "tag:yaml.org,2002:";
    const bool standard = node.tag.compare(0, prefix.size(), prefix) == 0;
    const std::string name = standard ? node.tag.substr(prefix.size()) : node.tag;
    if (standard && std::find(known.begin(), known.end(), name) != known.end()) return;
    if (text_.substr(at, 1) == "&") at = skip_comments(end_of_word(at));
    fail({at, end_of_word(at)},
         fmt::format("the tag {} is not understood; tags may be !!str, !!int, !!float, !!bool",
                     text_.substr(at, end_of_word(at) - at)));
  }

  void count(std::size_t nodes, std::size_t at) {
    nodes_ += nodes;
    if (nodes_ <= kYamlMaxNodes) return;
    fail({at, end_of_word(at)},
         fmt::format("the file has more than {} values once its aliases (*name) are filled in; use "
                     "fewer aliases, or a range (min, max) in place of a long list",
                     kYamlMaxNodes));
  }
  static std::size_t node_count(const YamlNode& node) {
    std::size_t sum = 1;
    for (const YamlNode& item : node.items) sum += node_count(item);
    for (const YamlMember& member : node.members) sum += 1 + node_count(member.value);
    return sum;
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor, YAML::EmitterStyle::value style) {
    Frame frame;
    frame.anchor = anchor;
    frame.node.kind = kind;
    frame.node.block = style == YAML::EmitterStyle::Block;
    const std::size_t begin = skip_properties(position(mark));
    frame.node.span = {begin, begin};
    if (tag != "?" && tag != "!") frame.node.tag = tag;
    check_tag(frame.node, position(mark));
    if (stack_.size() >= static_cast<std::size_t>(kYamlMaxDepth)) {
      fail({begin, begin + 1}, fmt::format("nested more than {} levels deep", kYamlMaxDepth));
    }
    stack_.push_back(std::move(frame));
  }

  void close() {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    YamlNode& node = frame.node;
    // An implicit `[a: b]` map is in flow style without braces of its own.
    const char opening = node.span.begin < text_.size() ? text_[node.span.begin] : ' ';
    if (!node.block && (opening == '[' || opening == '{')) {
      std::size_t at = std::max(last_end_, node.span.begin + 1);
      while (at < text_.size() && text_[at] != (opening == '[' ? ']' : '}')) {
        at = text_[at] == '#' ? std::min(text_.find('\n', at), text_.size()) : at + 1;
      }
      node.span.end = std::min(at + 1, text_.size());
    } else {
      node.span.end = std::max(last_end_, node.span.begin);
    }
    if (node.is_map()) finish_map(frame);
    add(std::move(node), frame.anchor);
  }

  /// Puts merged members first; own members override them, earlier maps of a list override later
  /// ones.
  static void finish_map(Frame& frame) {
    std::vector<YamlMember> merged;
    for (const YamlNode& source : frame.merges) {
      for (const YamlMember& member : source.members) {
        const auto same = [&](const YamlMember& m) { return m.key == member.key; };
        if (std::any_of(merged.begin(), merged.end(), same)) continue;
        if (frame.keys.count(member.key) > 0) continue;
        merged.push_back(member);
        merged.back().merged = true;
      }
    }
    if (merged.empty()) return;
    for (YamlMember& member : frame.node.members) merged.push_back(std::move(member));
    frame.node.members = std::move(merged);
  }

  void add(YamlNode node, YAML::anchor_t anchor) {
    const std::optional<TextSpan> alias = std::exchange(alias_, std::nullopt);
    if (anchor != YAML::NullAnchor) {
      count(node_count(node), node.span.begin);  // nested anchors are copied too
      anchors_[anchor] = node;
    }
    if (!alias) {
      count(1, node.span.begin);
      last_end_ = std::max(last_end_, node.span.end);
    }
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = stack_.back();
    if (frame.node.is_sequence()) {
      frame.node.items.push_back(std::move(node));
    } else if (!frame.key) {
      add_key(frame, node, alias);
    } else {
      add_member(frame, std::move(node), alias);
    }
  }

  void add_key(Frame& frame, const YamlNode& node, const std::optional<TextSpan>& alias) {
    const TextSpan span = alias.value_or(node.span);
    if (!node.is_scalar() && !node.is_null()) {
      const bool brace = node.is_map() && text_.substr(node.span.begin, 1) == "{" &&
                         node.span.begin > 0 && text_[node.span.begin - 1] == '$';
      fail(span, brace ? "a placeholder within [ ] or { } needs quotes"
                       : "a key must be a text, not a list or map");
    }
    YamlMember member;
    member.key = node.text;
    member.key_span = span;
    if (node.is_null()) {
      if (node.span.end == node.span.begin) {
        std::size_t at = skip_comments(span.begin);
        fail({at, at + 1}, "there is no key before the ':'");
      }
      member.key = std::string(text_.substr(span.begin, span.end - span.begin));
    }
    const bool is_merge = member.key == "<<" && node.plain;
    const auto [first, is_new] = frame.keys.emplace(member.key, span);
    if (!is_new && !is_merge && ++repeats_ <= kMaxRepeats) {
      diagnostics_.push_back(lines_.at(
          member.key_span, Severity::error,
          fmt::format("the key '{}' is given twice (first in line {}); which of the two counts "
                      "differs between YAML readers: keep one",
                      member.key, lines_.line_of(first->second.begin))));
    }
    // The value's place when there is none: behind the colon.
    const std::size_t colon = skip_comments(span.end);
    if (colon < text_.size() && text_[colon] == ':') last_end_ = std::max(last_end_, colon + 1);
    member.merged = is_merge;
    frame.key = std::move(member);
  }

  void add_member(Frame& frame, YamlNode node, const std::optional<TextSpan>& alias) {
    YamlMember member = std::move(*frame.key);
    frame.key.reset();
    if (!member.merged) {
      member.value = std::move(node);
      frame.node.members.push_back(std::move(member));
      return;
    }
    const TextSpan span = alias.value_or(node.span);
    std::vector<YamlNode> sources;
    if (node.is_sequence()) {
      sources = std::move(node.items);
    } else {
      sources.push_back(std::move(node));
    }
    for (YamlNode& source : sources) {
      if (!source.is_map())
        fail(span, "'<<' merges maps: it needs *name of a map, or a list of such");
      frame.merges.push_back(std::move(source));
    }
  }

  std::string_view text_;
  const LineIndex& lines_;
  std::vector<Diagnostic>& diagnostics_;
  std::optional<YamlNode> root_;
  std::vector<Frame> stack_;
  std::map<YAML::anchor_t, YamlNode> anchors_;
  std::vector<std::string> anchor_names_;
  std::optional<TextSpan> alias_;
  std::size_t last_end_ = 0;
  std::size_t position_after_properties_ = 0;
  std::size_t nodes_ = 0;
  int repeats_ = 0;
  bool unclosed_ = false;  // the last quoted text had no second quote
  int documents_ = 0;
};

}  // namespace

const YamlMember* YamlNode::find(std::string_view key) const {
  for (const YamlMember& member : members) {
    if (member.key == key) return &member;
  }
  return nullptr;
}

std::string_view without_byte_order_mark(std::string_view text) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  return text;
}

std::optional<YamlNode> load_yaml(std::string_view text, std::vector<Diagnostic>& diagnostics) {
  if (!check_text(text, diagnostics)) return std::nullopt;
  text = without_byte_order_mark(text);
  const LineIndex lines(text);
  TreeBuilder builder(text, lines, diagnostics);
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Abandon&) {
    return std::nullopt;
  } catch (const YAML::ParserException& error) {
    const std::size_t at = error.mark.pos < 0 ? 0 : static_cast<std::size_t>(error.mark.pos);
    diagnostics.push_back(explain_yaml_error(text, lines, at, error.msg, builder.progress()));
    return std::nullopt;
  } catch (const YAML::Exception& error) {
    diagnostics.push_back(explain_yaml_error(text, lines, 0, error.msg, builder.progress()));
    return std::nullopt;
  }
  std::optional<YamlNode> root = builder.take_root();
  if (!root || root->is_null()) {
    diagnostics.push_back(empty_text(text));
    return std::nullopt;
  }
  return root;
}

}  // namespace hone
