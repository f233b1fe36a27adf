// Broken study files give exactly these messages; good ones are read as exactly this.
#include <gtest/gtest.h>

#include "corpus.h"
#include "hone/study/diagnostic.h"

namespace hone {
namespace {

/// One member a line, so that a changed expectation is a readable difference.
std::string pretty(const Value& value, const std::string& indent = "") {
  std::string out;
  for (const auto& [name, member] : value.as_map()) {
    const bool open = member.is_map() && !member.as_map().empty() && indent.size() < 4;
    if (open) {
      out += indent + name + ":\n" + pretty(member, indent + "  ");
    } else if (member.is_list() && !member.as_list().empty() && member.as_list()[0].is_map()) {
      out += indent + name + ":\n";
      for (const Value& item : member.as_list()) out += indent + "  - " + item.dump() + "\n";
    } else {
      out += indent + name + ": " + member.dump() + "\n";
    }
  }
  return out;
}

TEST(BrokenStudyFiles, GiveTheExactMessages) {
  const auto cases = corpus::cases("broken");
  EXPECT_GE(cases.size(), 60U);
  for (const corpus::Case& one : cases) {
    const LoadedStudy loaded = load_study_file(one.text, one.name, corpus::options());
    EXPECT_FALSE(loaded.spec.has_value()) << one.name;
    EXPECT_TRUE(has_errors(loaded.diagnostics)) << one.name;
    corpus::expect_same(one, render_diagnostics(loaded.diagnostics, one.text, one.name));
  }
}

TEST(GoodStudyFiles, AreReadAsExpected) {
  const auto cases = corpus::cases("good");
  EXPECT_GE(cases.size(), 10U);
  for (const corpus::Case& one : cases) {
    const LoadedStudy loaded = load_study_file(one.text, one.name, corpus::options());
    EXPECT_TRUE(loaded.spec.has_value())
        << one.name << "\n"
        << render_diagnostics(loaded.diagnostics, one.text, one.name);
    std::string actual = render_diagnostics(loaded.diagnostics, one.text, one.name);
    for (const std::string& note : loaded.notes) actual += "note: " + note + "\n";
    if (loaded.spec) actual += pretty(loaded.spec->to_value());
    corpus::expect_same(one, actual);
  }
}

TEST(GoodStudyFiles, SurviveTheStore) {
  for (const char* folder : {"good", "sweeps"}) {
    for (const corpus::Case& one : corpus::cases(folder)) {
      const LoadedStudy loaded = load_study_file(one.text, one.name, corpus::options());
      if (!loaded.spec) continue;  // told by the test above
      const std::string stored = loaded.spec->to_value().dump();
      const auto body = Value::parse(stored);
      ASSERT_TRUE(body.has_value()) << one.name;
      EXPECT_EQ(StudySpec::from_value(*body).to_value().dump(), stored) << one.name;
    }
  }
}

}  // namespace
}  // namespace hone
