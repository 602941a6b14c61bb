#include "server/authentication/dkim/canonicalization.h"

#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace bounced {
namespace {

struct Case {
  std::string_view name;
  std::string_view text;
  std::string_view simple;
  std::string_view relaxed;
};

const auto kName = [](const auto& info) { return std::string(info.param.name); };

class CanonicalFieldTest : public testing::TestWithParam<Case> {};

TEST_P(CanonicalFieldTest, HasBothForms) {
  EXPECT_EQ(CanonicalField(Canonicalization::kSimple, GetParam().text), GetParam().simple);
  EXPECT_EQ(CanonicalField(Canonicalization::kRelaxed, GetParam().text), GetParam().relaxed);
}

INSTANTIATE_TEST_SUITE_P(, CanonicalFieldTest,
                         testing::ValuesIn<Case>({
                             {"Plain", "Subject: Hello", "Subject: Hello", "subject:Hello"},
                             // RFC 6376, 3.4.5.
                             {"FirstOfTheRfc", "A: X", "A: X", "a:X"},
                             {"SecondOfTheRfc", "B : Y\t\r\n\tZ  ", "B : Y\t\r\n\tZ  ", "b:Y Z"},
                             {"Lf", "B: Y\n Z", "B: Y\r\n Z", "b:Y Z"},
                             {"FoldFirst", "B:\r\n Y", "B:\r\n Y", "b:Y"},
                             {"FoldOfBlanks", "B: Y\r\n \t\r\n Z", "B: Y\r\n \t\r\n Z", "b:Y Z"},
                             {"NoValue", "B:", "B:", "b:"},
                             {"BlankValue", "B: \t", "B: \t", "b:"},
                             {"SecondColon", "B: Y : Z", "B: Y : Z", "b:Y : Z"},
                             {"8Bit", "B: \xe9  A", "B: \xe9  A", "b:\xe9 A"},
                         }),
                         kName);

std::string CanonicalBody(Canonicalization canonicalization, std::string_view body) {
  std::string canonical;
  CanonicalizeBody(canonicalization, body, [&](std::string_view piece) {
    EXPECT_FALSE(piece.empty());
    canonical += piece;
  });
  return canonical;
}

class CanonicalizeBodyTest : public testing::TestWithParam<Case> {};

TEST_P(CanonicalizeBodyTest, HasBothForms) {
  EXPECT_EQ(CanonicalBody(Canonicalization::kSimple, GetParam().text), GetParam().simple);
  EXPECT_EQ(CanonicalBody(Canonicalization::kRelaxed, GetParam().text), GetParam().relaxed);
}

INSTANTIATE_TEST_SUITE_P(
    , CanonicalizeBodyTest,
    testing::ValuesIn<Case>({
        {"Empty", "", "\r\n", ""},
        {"EmptyLine", "\r\n", "\r\n", ""},
        {"EmptyLines", "\r\n\r\n\n", "\r\n", ""},
        {"BlankLine", " \t\r\n", " \t\r\n", ""},
        {"Blank", " ", " \r\n", ""},
        // RFC 6376, 3.4.5.
        {"OfTheRfc", " C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n"},
        {"NoLineEnd", "a", "a\r\n", "a\r\n"},
        {"NoLineEndBehindBlanks", "a \t", "a \t\r\n", "a\r\n"},
        {"EmptyLinesWithin", "\r\n\r\na\r\n\r\n\r\nb\r\n", "\r\n\r\na\r\n\r\n\r\nb\r\n",
         "\r\n\r\na\r\n\r\n\r\nb\r\n"},
        {"BlankLinesAtTheEnd", "a\r\n \r\n\t\r\n", "a\r\n \r\n\t\r\n", "a\r\n"},
        {"Lf", "a\n\nb\n\n", "a\r\n\r\nb\r\n", "a\r\n\r\nb\r\n"},
        {"Cr", "a\rb\r\r\n\r\r\n", "a\rb\r\r\n\r\r\n", "a\rb\r\r\n\r\r\n"},
        {"CrAtTheEnd", "a\r", "a\r\r\n", "a\r\r\n"},
        {"OtherWhiteSpace", "a\v\f b\r\n", "a\v\f b\r\n", "a\v\f b\r\n"},
    }),
    kName);

// However long the lines are, they come out whole and in order.
TEST(CanonicalizeBody, LinesOfAllSizes) {
  std::string body;
  std::string relaxed;
  for (std::size_t size = 1; size < 100'000; size = size * 3 / 2 + 1) {
    const std::string line(size, static_cast<char>('a' + size % 26));
    body += line + " \t" + line + "  \n";
    relaxed += line + " " + line + "\r\n";
  }
  EXPECT_EQ(CanonicalBody(Canonicalization::kRelaxed, body), relaxed);
  std::string simple;
  for (const char c : body) simple += c == '\n' ? std::string("\r\n") : std::string(1, c);
  EXPECT_EQ(CanonicalBody(Canonicalization::kSimple, body), simple);
}

}  // namespace
}  // namespace bounced
