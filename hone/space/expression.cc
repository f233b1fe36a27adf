// A recursive-descent parser with Python's precedence. Left-associative chains are read by loops
// into one node, so only nesting recurses, and nesting is counted.
#include "hone/space/expression.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "hone/base/text.h"
#include "hone/space/expression_node.h"

namespace hone {
namespace {

constexpr std::size_t kMaxLength = 10'000;
constexpr int kMaxDepth = 100;

struct FunctionEntry {
  const char* name;
  NodeFunction function;
  std::size_t min_arguments;
  std::size_t max_arguments;
};

constexpr FunctionEntry kFunctions[] = {
    {"abs", NodeFunction::abs, 1, 1},     {"min", NodeFunction::min, 1, 1000},
    {"max", NodeFunction::max, 1, 1000},  {"sqrt", NodeFunction::sqrt, 1, 1},
    {"exp", NodeFunction::exp, 1, 1},     {"log", NodeFunction::log, 1, 1},
    {"log2", NodeFunction::log2, 1, 1},   {"log10", NodeFunction::log10, 1, 1},
    {"floor", NodeFunction::floor, 1, 1}, {"ceil", NodeFunction::ceil, 1, 1},
    {"round", NodeFunction::round, 1, 2}, {"int", NodeFunction::to_int, 1, 1},
};

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

enum class TokenKind { end, number, string, name, quoted_name, symbol };

struct Token {
  TokenKind kind = TokenKind::end;
  std::size_t offset = 0;
  std::size_t length = 0;
  std::string text;  ///< of names, strings (decoded) and symbols
  Value number;
};

class Parser {
 public:
  explicit Parser(std::string_view source) : source_(source) {}

  std::optional<ExpressionNode> run() {
    advance();
    if (!error_ && token_.kind == TokenKind::end) {
      fail(0, 1, "the expression is empty");
    }
    ExpressionNode root = conditional();
    if (!error_ && token_.kind != TokenKind::end) {
      fail_at_token(token_.kind == TokenKind::symbol && token_.text == "="
                        ? "a single '=' compares nothing; write '=='"
                        : fmt::format("unexpected {} after the end of the expression", shown()));
    }
    if (error_) return std::nullopt;
    return root;
  }

  ExpressionError error() const { return *error_; }
  std::vector<std::string> names;
  std::vector<std::size_t> name_offsets;

 private:
  // --- errors: the first one counts; afterwards every rule returns at once.
  void fail(std::size_t offset, std::size_t length, std::string message) {
    if (error_) return;
    error_ = ExpressionError{offset, std::max<std::size_t>(length, 1), std::move(message)};
    token_ = Token{TokenKind::end, source_.size(), 0, "", {}};
    position_ = source_.size();
  }
  void fail_at_token(std::string message) {
    fail(token_.offset, token_.length, std::move(message));
  }
  std::string shown() const {
    if (token_.kind == TokenKind::end) return "end";
    return fmt::format("'{}'",
                       source_.substr(token_.offset, std::min<std::size_t>(token_.length, 40)));
  }

  // --- tokens
  void advance() {
    if (error_) return;
    while (position_ < source_.size() &&
           (source_[position_] == ' ' || source_[position_] == '\t' || source_[position_] == '\n' ||
            source_[position_] == '\r')) {
      ++position_;
    }
    token_ = Token{TokenKind::end, position_, 0, "", {}};
    if (position_ == source_.size()) return;
    const char c = source_[position_];
    if (is_digit(c) ||
        (c == '.' && position_ + 1 < source_.size() && is_digit(source_[position_ + 1]))) {
      read_number();
    } else if (is_name_start(c)) {
      read_name();
    } else if (c == '`') {
      read_quoted_name();
    } else if (c == '\'' || c == '"') {
      read_string(c);
    } else {
      read_symbol();
    }
    if (error_) return;
    token_.length = position_ - token_.offset;
  }

  void read_number() {
    const std::size_t start = position_;
    std::string digits;
    bool whole = true;
    const auto take_digits = [&] {
      while (position_ < source_.size() &&
             (is_digit(source_[position_]) ||
              (source_[position_] == '_' && position_ + 1 < source_.size() &&
               is_digit(source_[position_ + 1])))) {
        if (source_[position_] != '_') digits += source_[position_];
        ++position_;
      }
    };
    take_digits();
    if (position_ < source_.size() && source_[position_] == '.') {
      whole = false;
      if (digits.empty()) digits.push_back('0');
      digits += '.';
      ++position_;
      take_digits();
      if (digits.back() == '.') digits += '0';
    }
    if (position_ < source_.size() && (source_[position_] == 'e' || source_[position_] == 'E')) {
      std::size_t ahead = position_ + 1;
      if (ahead < source_.size() && (source_[ahead] == '+' || source_[ahead] == '-')) ++ahead;
      if (ahead < source_.size() && is_digit(source_[ahead])) {
        whole = false;
        digits += 'e';
        if (source_[ahead - 1] == '-') digits += '-';
        position_ = ahead;
        take_digits();
      }
    }
    if (position_ < source_.size() &&
        (is_name_start(source_[position_]) || source_[position_] == '.')) {
      while (position_ < source_.size() &&
             (is_name_start(source_[position_]) || is_digit(source_[position_]) ||
              source_[position_] == '.')) {
        ++position_;
      }
      fail(start, position_ - start,
           fmt::format("'{}' is neither a number nor a name",
                       source_.substr(start, position_ - start)));
      return;
    }
    token_.kind = TokenKind::number;
    const char* first = digits.data();
    const char* last = first + digits.size();
    std::int64_t i = 0;
    if (whole && std::from_chars(first, last, i).ec == std::errc{}) {
      token_.number = Value(i);
      return;
    }
    double d = 0;
    if (std::from_chars(first, last, d).ec != std::errc{}) {
      fail(
          start, position_ - start,
          fmt::format("the number '{}' is out of range", source_.substr(start, position_ - start)));
      return;
    }
    token_.number = Value(d);
  }

  void read_name() {
    const std::size_t start = position_;
    while (position_ < source_.size() &&
           (is_name_start(source_[position_]) || is_digit(source_[position_]))) {
      ++position_;
    }
    token_.kind = TokenKind::name;
    token_.text = std::string(source_.substr(start, position_ - start));
    if (position_ + 1 < source_.size() && source_[position_] == '.' &&
        is_name_start(source_[position_ + 1])) {
      while (position_ < source_.size() &&
             (is_name_start(source_[position_]) || is_digit(source_[position_]) ||
              source_[position_] == '.')) {
        ++position_;
      }
      const auto whole = source_.substr(start, position_ - start);
      fail(start, whole.size(), fmt::format("a name with dots stands in back-quotes: `{}`", whole));
    }
  }

  void read_quoted_name() {
    const std::size_t start = position_;
    const std::size_t end = source_.find('`', start + 1);
    if (end == std::string_view::npos) {
      fail(start, source_.size() - start, "the back-quote is never closed");
      return;
    }
    if (end == start + 1) {
      fail(start, 2, "the back-quotes hold no name");
      return;
    }
    token_.kind = TokenKind::quoted_name;
    token_.text = std::string(source_.substr(start + 1, end - start - 1));
    position_ = end + 1;
  }

  void read_string(char quote) {
    const std::size_t start = position_++;
    token_.kind = TokenKind::string;
    while (position_ < source_.size() && source_[position_] != quote) {
      char c = source_[position_++];
      if (c == '\\') {
        if (position_ == source_.size()) break;
        c = source_[position_++];
        if (c == 'n')
          c = '\n';
        else if (c == 't')
          c = '\t';
        else if (c != '\\' && c != '\'' && c != '"') {
          fail(position_ - 2, 2,
               fmt::format("unknown escape '\\{}'; known are \\n \\t \\\\ \\' \\\"", c));
          return;
        }
      }
      token_.text += c;
    }
    if (position_ >= source_.size()) {
      fail(start, source_.size() - start, "the quoted text is never closed");
      return;
    }
    ++position_;
  }

  void read_symbol() {
    token_.kind = TokenKind::symbol;
    const std::string_view rest = source_.substr(position_);
    for (const std::string_view s : {"**", "//", "==", "!=", "<=", ">="}) {
      if (rest.substr(0, 2) == s) {
        token_.text = std::string(s);
        position_ += 2;
        return;
      }
    }
    if (rest.substr(0, 2) == "&&") return fail(position_, 2, "write 'and' in place of '&&'");
    if (rest.substr(0, 2) == "||") return fail(position_, 2, "write 'or' in place of '||'");
    if (rest[0] == '!') return fail(position_, 1, "write 'not' in place of '!'");
    if (rest[0] == '^') return fail(position_, 1, "write '**' for a power in place of '^'");
    if (std::string_view("+-*/%<>()[],=").find(rest[0]) == std::string_view::npos) {
      const auto byte = static_cast<unsigned char>(rest[0]);
      return fail(position_, 1,
                  byte > 0x20 && byte < 0x7f
                      ? fmt::format("'{}' has no meaning here", rest[0])
                      : fmt::format("byte 0x{:02x} has no meaning here", byte));
    }
    token_.text = std::string(1, rest[0]);
    ++position_;
  }

  bool at(std::string_view symbol) const {
    return token_.kind == TokenKind::symbol && token_.text == symbol;
  }
  bool at_word(std::string_view word) const {
    return token_.kind == TokenKind::name && token_.text == word;
  }
  bool take(std::string_view symbol) {
    if (!at(symbol)) return false;
    advance();
    return true;
  }
  bool take_word(std::string_view word) {
    if (!at_word(word)) return false;
    advance();
    return true;
  }

  // --- grammar. Each rule that can nest without a token loop goes through Nest.
  struct Nest {
    explicit Nest(Parser& p) : parser(p) {
      if (++parser.depth_ > kMaxDepth) {
        parser.fail_at_token(fmt::format("the expression is nested more than {} deep", kMaxDepth));
      }
    }
    ~Nest() { --parser.depth_; }
    Nest(const Nest&) = delete;
    Nest& operator=(const Nest&) = delete;
    Parser& parser;
  };

  static ExpressionNode make(NodeKind kind, std::vector<ExpressionNode> children) {
    ExpressionNode node;
    node.kind = kind;
    node.children = std::move(children);
    return node;
  }

  ExpressionNode conditional() {
    const Nest nest(*this);
    if (error_) return {};
    ExpressionNode value = disjunction();
    if (error_ || !take_word("if")) return value;
    ExpressionNode condition = disjunction();
    if (error_) return {};
    if (!take_word("else")) {
      fail_at_token(fmt::format("expected 'else' but found {}; the form is 'x if condition else y'",
                                shown()));
      return {};
    }
    ExpressionNode otherwise = conditional();
    std::vector<ExpressionNode> children;
    children.push_back(std::move(condition));
    children.push_back(std::move(value));
    children.push_back(std::move(otherwise));
    return make(NodeKind::conditional, std::move(children));
  }

  ExpressionNode disjunction() {
    ExpressionNode first = conjunction();
    if (error_ || !at_word("or")) return first;
    std::vector<ExpressionNode> children;
    children.push_back(std::move(first));
    while (!error_ && take_word("or")) children.push_back(conjunction());
    return make(NodeKind::logical_or, std::move(children));
  }

  ExpressionNode conjunction() {
    ExpressionNode first = negation();
    if (error_ || !at_word("and")) return first;
    std::vector<ExpressionNode> children;
    children.push_back(std::move(first));
    while (!error_ && take_word("and")) children.push_back(negation());
    return make(NodeKind::logical_and, std::move(children));
  }

  ExpressionNode negation() {
    if (!at_word("not")) return comparison();
    const Nest nest(*this);
    advance();
    if (error_) return {};
    std::vector<ExpressionNode> children;
    children.push_back(negation());
    return make(NodeKind::logical_not, std::move(children));
  }

  std::optional<NodeOp> comparison_op() {
    if (token_.kind == TokenKind::symbol) {
      static constexpr std::pair<std::string_view, NodeOp> kOps[] = {
          {"==", NodeOp::equal},      {"!=", NodeOp::not_equal}, {"<", NodeOp::less},
          {"<=", NodeOp::less_equal}, {">", NodeOp::greater},    {">=", NodeOp::greater_equal}};
      for (const auto& [text, op] : kOps) {
        if (token_.text == text) {
          advance();
          return op;
        }
      }
      return std::nullopt;
    }
    if (take_word("in")) return NodeOp::in;
    if (at_word("not")) {
      advance();
      if (!error_ && take_word("in")) return NodeOp::not_in;
      fail_at_token("expected 'in' after 'not'");
    }
    return std::nullopt;
  }

  ExpressionNode comparison() {
    ExpressionNode first = sum();
    ExpressionNode node = make(NodeKind::comparison, {});
    while (!error_) {
      const auto op = comparison_op();
      if (!op) break;
      node.ops.push_back(*op);
      node.children.push_back(sum());
    }
    if (error_ || node.ops.empty()) return first;
    node.children.insert(node.children.begin(), std::move(first));
    return node;
  }

  ExpressionNode sum() {
    ExpressionNode first = product();
    ExpressionNode node = make(NodeKind::sum, {});
    while (!error_ && (at("+") || at("-"))) {
      node.ops.push_back(at("+") ? NodeOp::add : NodeOp::subtract);
      advance();
      node.children.push_back(product());
    }
    if (error_ || node.ops.empty()) return first;
    node.children.insert(node.children.begin(), std::move(first));
    return node;
  }

  ExpressionNode product() {
    ExpressionNode first = unary();
    ExpressionNode node = make(NodeKind::product, {});
    while (!error_ && (at("*") || at("/") || at("//") || at("%"))) {
      node.ops.push_back(at("*")    ? NodeOp::multiply
                         : at("/")  ? NodeOp::divide
                         : at("//") ? NodeOp::floor_divide
                                    : NodeOp::modulo);
      advance();
      node.children.push_back(unary());
    }
    if (error_ || node.ops.empty()) return first;
    node.children.insert(node.children.begin(), std::move(first));
    return node;
  }

  ExpressionNode unary() {
    if (!at("-") && !at("+")) return power();
    const Nest nest(*this);
    const NodeKind kind = at("-") ? NodeKind::minus : NodeKind::plus;
    advance();
    if (error_) return {};
    std::vector<ExpressionNode> children;
    children.push_back(unary());
    return make(kind, std::move(children));
  }

  ExpressionNode power() {
    ExpressionNode base = primary();
    if (error_ || !at("**")) return base;
    const Nest nest(*this);
    advance();
    if (error_) return {};
    std::vector<ExpressionNode> children;
    children.push_back(std::move(base));
    children.push_back(unary());  // right-associative, and 2 ** -1 is legal
    return make(NodeKind::power, std::move(children));
  }

  ExpressionNode primary() {
    ExpressionNode node;
    switch (token_.kind) {
      case TokenKind::number:
        node.literal = token_.number;
        advance();
        return node;
      case TokenKind::string:
        node.literal = Value(token_.text);
        advance();
        return node;
      case TokenKind::quoted_name:
        return name_node(false);
      case TokenKind::name:
        return word();
      case TokenKind::symbol:
        if (at("(")) return parenthesis();
        if (at("[")) return list();
        break;
      case TokenKind::end:
        break;
    }
    fail_at_token(fmt::format("expected a value but found {}", shown()));
    return node;
  }

  ExpressionNode word() {
    static constexpr std::string_view kReserved[] = {"and", "or", "not", "in", "if", "else"};
    if (std::find(std::begin(kReserved), std::end(kReserved), token_.text) != std::end(kReserved)) {
      fail_at_token(fmt::format("expected a value but found '{}'", token_.text));
      return {};
    }
    ExpressionNode node;
    const std::string& text = token_.text;
    if (text == "true" || text == "True")
      node.literal = Value(true);
    else if (text == "false" || text == "False")
      node.literal = Value(false);
    else if (text != "null" && text != "None")
      return name_node(true);
    advance();
    return node;
  }

  ExpressionNode name_node(bool may_be_call) {
    const Token name = token_;
    advance();
    if (error_) return {};
    if (may_be_call && at("(")) return call(name);
    ExpressionNode node;
    node.kind = NodeKind::name;
    const auto found = std::find(names.begin(), names.end(), name.text);
    node.name = static_cast<int>(found - names.begin());
    if (found == names.end()) {
      names.push_back(name.text);
      name_offsets.push_back(name.offset);
    }
    return node;
  }

  /// Items up to `close`, which is consumed.
  std::vector<ExpressionNode> items(std::string_view close) {
    std::vector<ExpressionNode> out;
    if (take(close)) return out;
    while (!error_) {
      out.push_back(conditional());
      if (take(close)) break;
      if (!take(",")) {
        fail_at_token(fmt::format("expected ',' or '{}' but found {}", close, shown()));
      } else if (take(close)) {
        break;  // a trailing comma
      }
    }
    return out;
  }

  ExpressionNode call(const Token& name) {
    const auto* entry = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                                     [&](const FunctionEntry& f) { return name.text == f.name; });
    if (entry == std::end(kFunctions)) {
      std::vector<std::string> known;
      for (const auto& f : kFunctions) known.emplace_back(f.name);
      const auto near = nearest_name(name.text, known);
      fail(name.offset, name.length,
           near ? fmt::format("there is no function '{}'; did you mean '{}'?", name.text, *near)
                : fmt::format("there is no function '{}'; known are {}", name.text,
                              join(known, ", ")));
      return {};
    }
    advance();
    std::vector<ExpressionNode> arguments = items(")");
    if (error_) return {};
    if (arguments.size() < entry->min_arguments || arguments.size() > entry->max_arguments) {
      fail(name.offset, name.length,
           fmt::format("{} takes {} but was given {}", name.text,
                       entry->max_arguments == 1   ? "one argument"
                       : entry->max_arguments == 2 ? "one or two arguments"
                                                   : "one to a thousand arguments",
                       arguments.size()));
      return {};
    }
    ExpressionNode node = make(NodeKind::call, std::move(arguments));
    node.function = entry->function;
    return node;
  }

  ExpressionNode parenthesis() {
    const std::size_t open = token_.offset;
    advance();
    ExpressionNode inner = conditional();
    if (!error_ && !take(")")) {
      if (token_.kind == TokenKind::end)
        fail(open, 1, "the parenthesis is never closed");
      else
        fail_at_token(fmt::format("expected ')' but found {}", shown()));
    }
    return inner;
  }

  ExpressionNode list() {
    const std::size_t open = token_.offset;
    advance();
    std::vector<ExpressionNode> children = items("]");
    if (error_ && error_->offset == source_.size()) {
      error_ = ExpressionError{open, 1, "the list is never closed"};
    }
    return make(NodeKind::list, std::move(children));
  }

  std::string_view source_;
  std::size_t position_ = 0;
  Token token_;
  int depth_ = 0;
  std::optional<ExpressionError> error_;
};

}  // namespace

Expression::Expression() : root_(std::make_shared<const ExpressionNode>()) {}

std::variant<Expression, ExpressionError> Expression::parse(std::string_view source) {
  if (source.size() > kMaxLength) {
    return ExpressionError{kMaxLength, 1,
                           fmt::format("the expression has {} characters; the limit is {}",
                                       source.size(), kMaxLength)};
  }
  Parser parser(source);
  auto root = parser.run();
  if (!root) return parser.error();
  Expression out;
  out.source_ = std::string(source);
  out.names_ = std::move(parser.names);
  out.name_offsets_ = std::move(parser.name_offsets);
  out.root_ = std::make_shared<const ExpressionNode>(std::move(*root));
  return out;
}

}  // namespace hone
