#include "server/authentication/tag_list.h"

#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace bounced {
namespace {

struct Case {
  std::string_view name;
  std::string_view text;
  std::string_view want;  // each tag as <name=value>; empty: it is no list
};

class TagListTest : public testing::TestWithParam<Case> {};

TEST_P(TagListTest, Parses) {
  const std::optional<TagList> list = TagList::Parse(GetParam().text);
  std::string tags;
  if (list) {
    for (const Tag& tag : list->tags()) {
      tags += "<" + std::string(tag.name) + "=" + std::string(tag.value) + ">";
    }
  }
  EXPECT_EQ(tags, GetParam().want);
}

const auto kName = [](const auto& info) { return std::string(info.param.name); };

INSTANTIATE_TEST_SUITE_P(, TagListTest,
                         testing::ValuesIn<Case>({
                             {"One", "v=1", "<v=1>"},
                             {"Several", "v=1; a=b;c_2=d", "<v=1><a=b><c_2=d>"},
                             {"SemicolonAtTheEnd", "v=1;", "<v=1>"},
                             {"SemicolonAndFoldAtTheEnd", "v=1; \r\n", "<v=1>"},
                             {"WhiteSpaceAround", " v \t=\r\n 1 \r\n ; a = b c ", "<v=1><a=b c>"},
                             {"EmptyValue", "p=; a=", "<p=><a=>"},
                             {"EqualsInTheValue", "b=YQ==", "<b=YQ==>"},
                             {"NamesOfBothCases", "a=1; A=2", "<a=1><A=2>"},
                             {"Utf8", "i=\xc3\xbc@b", "<i=\xc3\xbc@b>"},
                             {"Nothing", "", ""},
                             {"WhiteSpaceAlone", " \r\n ", ""},
                             {"SemicolonAlone", ";", ""},
                             {"TwoSemicolons", "v=1;;", ""},
                             {"NoEquals", "v=1; a", ""},
                             {"NoName", "=1", ""},
                             {"DigitFirst", "1=1", ""},
                             {"OtherOctetInTheName", "a-b=1", ""},
                             {"BlankInTheName", "a b=1", ""},
                             {"ControlOctet", "a=\x01", ""},
                             {"Delete", "a=\x7f", ""},
                             {"Twice", "a=1; b=2; a=1", ""},
                         }),
                         kName);

TEST(TagList, Finds) {
  const std::string_view text = "a=1;b= 2 ;";
  const std::optional<TagList> list = TagList::Parse(text);
  ASSERT_TRUE(list);
  ASSERT_NE(list->Find("b"), nullptr);
  EXPECT_EQ(list->Find("b")->value, "2");
  EXPECT_EQ(list->Find("b")->field, " 2 ");
  EXPECT_EQ(list->Find("B"), nullptr);
}

TEST(TagList, HoldsKMaxTags) {
  std::string text;
  for (std::size_t i = 1; i <= kMaxTags + 1; ++i) {
    text += "a" + std::to_string(i) + "=;";
    EXPECT_EQ(TagList::Parse(text).has_value(), i <= kMaxTags) << i;
  }
}

}  // namespace
}  // namespace bounced
