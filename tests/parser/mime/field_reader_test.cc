#include "parser/mime/field_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "parser/mime/lines.h"

namespace bounced {
namespace {

struct LinesCase {
  std::string_view name;
  std::string_view text;
  std::vector<std::string_view> want;
};
class LinesTest : public testing::TestWithParam<LinesCase> {};

TEST_P(LinesTest, EndsLinesAtCrLfLfAndCr) {
  std::vector<std::string_view> got;
  std::size_t expected_begin = 0;
  Lines lines(GetParam().text);
  while (const std::optional<Line> line = lines.Next()) {
    EXPECT_EQ(line->begin, expected_begin);
    EXPECT_EQ(line->text.data(), GetParam().text.data() + line->begin);
    expected_begin = line->end;
    got.push_back(line->text);
  }
  EXPECT_EQ(expected_begin, GetParam().text.size());
  EXPECT_EQ(got, GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(D18, LinesTest,
                         testing::ValuesIn<LinesCase>({
                             {"Nothing", "", {}},
                             {"CrLf", "a\r\nb\r\n", {"a", "b"}},
                             {"Lf", "a\nb\n", {"a", "b"}},
                             {"Cr", "a\rb\r", {"a", "b"}},
                             {"Mixed", "a\rb\nc\r\nd", {"a", "b", "c", "d"}},
                             {"EmptyLines", "\n\r\n\r\r\n", {"", "", "", ""}},
                             {"LfCr", "a\n\rb", {"a", "", "b"}},
                             {"NulIsData", std::string_view("a\0b\n", 4), {{"a\0b", 3}}},
                             {"NoEnd", "a", {"a"}},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Lines, StartInTheMiddle) {
  Lines lines("a\nbc\nd", 3);
  EXPECT_EQ(lines.Next()->text, "c");
  EXPECT_EQ(lines.Next()->text, "d");
  EXPECT_FALSE(lines.Next());
}

struct NameCase {
  std::string_view name;
  std::string_view line;
  std::string_view want;
};
class FieldNameTest : public testing::TestWithParam<NameCase> {};

TEST_P(FieldNameTest, IsWhatStandsBeforeTheColon) {
  EXPECT_EQ(FieldName(GetParam().line), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(D32, FieldNameTest,
                         testing::ValuesIn<NameCase>({
                             {"Plain", "Action: failed", "Action"},
                             {"NoBlank", "Action:failed", "Action"},
                             {"BlankBeforeTheColon", "Action \t: failed", "Action"},
                             {"NoValue", "Action:", "Action"},
                             {"NoColon", "Action failed", ""},
                             {"Words", "The error: none", ""},
                             {"Indented", " Action: failed", ""},
                             {"ColonFirst", ": failed", ""},
                             {"EightBit", "Acti\xF6n: failed", ""},
                             {"Empty", "", ""},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(FieldReader, D21JoinsFoldedLines) {
  FieldReader reader("Status: 5.1.1\r\n (no\r\n\t such user)\r\nAction: failed\r\n", 100);
  std::optional<Field> field = reader.Next();
  EXPECT_EQ(field->name, "Status");
  EXPECT_EQ(Unfold(field->value), "5.1.1 (no such user)");
  EXPECT_FALSE(field->cut);
  field = reader.Next();
  EXPECT_EQ(field->name, "Action");
  EXPECT_EQ(field->text, "Action: failed");
  EXPECT_FALSE(reader.Next());
}

TEST(FieldReader, D23TakesBlankOnlyLinesForBlankLines) {
  FieldReader reader("A: 1\n \t\nB: 2\n\nnot a field\n", 100);
  EXPECT_EQ(reader.Next()->kind, Field::Kind::kField);
  EXPECT_EQ(reader.Next()->kind, Field::Kind::kBlank);
  EXPECT_EQ(reader.Next()->kind, Field::Kind::kField);
  EXPECT_EQ(reader.Next()->kind, Field::Kind::kBlank);
  EXPECT_EQ(reader.Next()->kind, Field::Kind::kJunk);
  EXPECT_FALSE(reader.Next());
}

TEST(FieldReader, D95CutsAValueAndIsInSyncWithTheNext) {
  constexpr std::size_t kMaxLine = 10;
  for (const std::size_t octets : {kMaxLine - 1, kMaxLine, kMaxLine + 1}) {
    const std::string text = "A:" + std::string(octets, 'x') + "\nB: 2\n";
    FieldReader bounded(text, kMaxLine);
    const std::optional<Field> field = bounded.Next();
    EXPECT_EQ(field->cut, octets > kMaxLine);
    EXPECT_EQ(field->value.size(), std::min(octets, kMaxLine));
    EXPECT_EQ(bounded.Next()->name, "B");
  }
}

}  // namespace
}  // namespace bounced
