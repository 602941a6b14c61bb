// Reports without fields in other languages than English, and ordinary mail in them: the files in
// languages/, one a language. Each message there is headed by a line "=== NAME | KIND | REASON" and
// is as it is sent, in UTF-8. Of a bounce or a delay r@example.net is the recipient, and there is
// no other; any other message is about nobody who failed. "-": the reason is not looked at.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "parser/parser.h"
#include "parser/text.h"

namespace bounced {
namespace {

struct Case {
  std::string language;
  std::string name;
  std::string kind;
  std::string reason;
  std::string message;

  friend void PrintTo(const Case& a_case, std::ostream* out) {
    *out << a_case.language << ": " << a_case.name;
  }
};

std::vector<Case> ReadCases(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(in), {}};
  constexpr std::string_view kMark = "=== ";
  std::vector<Case> cases;
  for (std::size_t begin = content.find(kMark); begin != content.npos;) {
    const std::size_t next = content.find("\n=== ", begin);
    const std::size_t end = next == content.npos ? content.size() : next + 1;
    const std::size_t line_end = content.find('\n', begin);
    const std::string head = content.substr(begin + kMark.size(), line_end - begin - kMark.size());
    const std::size_t first = std::min(head.find('|'), head.size());
    const std::size_t second = std::min(head.find('|', first + 1), head.size());
    const auto strip = [&](std::size_t from, std::size_t to) {
      return std::string(StripBlanks(std::string_view(head).substr(from, to - from)));
    };
    cases.push_back({path.stem().string(), strip(0, first), strip(first + 1, second),
                     strip(second + 1, head.size()),
                     "To: sender@example.com\nMIME-Version: 1.0\n"
                     "Content-Type: text/plain; charset=utf-8\n" +
                         content.substr(line_end + 1, end - line_end - 1)});
    begin = next == content.npos ? content.npos : next + 1;
  }
  return cases;
}

std::vector<Case> AllCases() {
  const std::string folder = std::string(BOUNCED_SOURCE_DIR) + "/tests/parser/prose/languages";
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<Case> all;
  for (const std::filesystem::path& file : files) {
    std::vector<Case> cases = ReadCases(file);
    std::move(cases.begin(), cases.end(), std::back_inserter(all));
  }
  return all;
}

class LanguagesTest : public testing::TestWithParam<Case> {};

TEST_P(LanguagesTest, AreReadAsEnglishIs) {
  const Parser parser(RuleSet::BuiltIn());
  const Report report = parser.Parse(GetParam().message);
  EXPECT_EQ(ToString(report.kind), GetParam().kind);
  if (GetParam().kind != "bounce" && GetParam().kind != "delay") {
    for (const Recipient& recipient : report.recipients) {
      EXPECT_NE(ToString(recipient.kind), "bounce");
      EXPECT_NE(ToString(recipient.kind), "delay");
    }
    return;
  }
  ASSERT_EQ(report.recipients.size(), 1U);
  const Recipient& recipient = report.recipients[0];
  ASSERT_TRUE(recipient.final_recipient);
  EXPECT_EQ(recipient.final_recipient->value, "r@example.net");
  if (GetParam().reason != "-") {
    EXPECT_EQ(ToString(recipient.classification.reason), GetParam().reason);
  }
}

INSTANTIATE_TEST_SUITE_P(D83, LanguagesTest, testing::ValuesIn(AllCases()), [](const auto& test) {
  std::string name = test.param.language + "_" + test.param.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace bounced
