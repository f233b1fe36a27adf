// YAML as hone reads it: a tree that keeps where everything stands in the source. Syntax is read by
// yaml-cpp's event parser; what its nodes get wrong or leave out is done here: plain and quoted
// scalars are told apart, scalars are resolved by the YAML 1.2 core schema on their source text,
// `<<` merges, duplicate keys are errors, aliases cannot loop or explode.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hone/base/value.h"
#include "hone/study/diagnostic.h"

namespace hone {

struct YamlMember;

struct YamlNode {
  enum class Kind { null, scalar, sequence, map };
  Kind kind = Kind::null;
  TextSpan span;         ///< in the source, without anchor and tag; of an alias: what it stands for
  std::string text;      ///< scalar: quotes and escapes undone
  bool plain = false;    ///< scalar without quotes
  bool block = false;    ///< a `|` or `>` scalar, or a container in block style
  bool aliased = false;  ///< stands for an alias (*name)
  std::string tag;       ///< explicit tag in its long form ("tag:yaml.org,2002:str"), else empty
  std::vector<YamlNode> items;
  std::vector<YamlMember> members;  ///< in order of the source, merged ones first

  bool is_null() const { return kind == Kind::null; }
  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_sequence() const { return kind == Kind::sequence; }
  bool is_map() const { return kind == Kind::map; }
  /// The member of a map, or null pointer.
  const YamlMember* find(std::string_view key) const;
};

struct YamlMember {
  std::string key;
  TextSpan key_span;
  YamlNode value;
  bool merged = false;  ///< came by `<<`
};

/// Limits on what is read.
constexpr std::size_t kYamlMaxNodes = 100'000;  ///< aliases expanded
constexpr int kYamlMaxDepth = 100;
constexpr std::size_t kYamlMaxBytes = 16U << 20;

/// The text without a UTF-8 byte-order mark. Spans count from there.
std::string_view without_byte_order_mark(std::string_view text);

/// The one document of the text; mistakes are appended to `diagnostics`. nullopt when the syntax is
/// wrong; duplicate keys are errors that still give a tree (with both).
std::optional<YamlNode> load_yaml(std::string_view text, std::vector<Diagnostic>& diagnostics);

/// A scalar by the YAML 1.2 core schema.
Value resolve_scalar(const YamlNode& scalar);

/// How YAML 1.1 (PyYAML, which W&B uses) reads a plain scalar; nullopt for kinds that JSON lacks
/// (dates).
std::optional<Value> resolve_yaml11(std::string_view plain);

/// Where 1.1 means something else than resolve_scalar, other than a number in exponent notation
/// that 1.1 leaves as the same text: its reading for people ("8", "true", "a date"). nullopt where
/// both agree.
std::optional<std::string> yaml11_difference(const YamlNode& scalar);

/// The whole node as a JSON value (maps keep their order).
Value to_value(const YamlNode& node);

/// The part of a scalar's source that shows bytes [offset, offset + length) of its text; the whole
/// node where escapes or line breaks make that inexact.
TextSpan span_within(const YamlNode& scalar, std::string_view source, std::size_t offset,
                     std::size_t length);

}  // namespace hone
