#include "server/authentication/message_fields.h"

#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace bounced {
namespace {

struct Case {
  std::string_view name;
  std::string_view message;
  std::string_view fields;  // each as <name|text>
  std::string_view body;
  bool has_fault = false;
};

class SplitMessageTest : public testing::TestWithParam<Case> {};

TEST_P(SplitMessageTest, Cuts) {
  const MessageFields parts = SplitMessage(GetParam().message);
  std::string fields;
  for (const MessageField& field : parts.fields) {
    fields += "<" + std::string(field.name) + "|" + std::string(field.text) + ">";
  }
  EXPECT_EQ(fields, GetParam().fields);
  EXPECT_EQ(parts.body, GetParam().body);
  EXPECT_EQ(!parts.fault.empty(), GetParam().has_fault);
}

const auto kName = [](const auto& info) { return std::string(info.param.name); };

INSTANTIATE_TEST_SUITE_P(
    , SplitMessageTest,
    testing::ValuesIn<Case>({
        {"FieldsAndBody", "A: 1\r\nB:2\r\n\r\nbody\r\n", "<A|A: 1><B|B:2>", "body\r\n"},
        {"BareLf", "A: 1\nB:2\n\nbody\n", "<A|A: 1><B|B:2>", "body\n"},
        {"NoBody", "A: 1\r\n\r\n", "<A|A: 1>", ""},
        {"NoEmptyLine", "A: 1\r\n", "<A|A: 1>", ""},
        {"NoLineEnd", "A: 1", "<A|A: 1>", ""},
        {"Folds", "A: 1\r\n 2\r\n\t\r\n 3\r\nB:\r\n\r\n", "<A|A: 1\r\n 2\r\n\t\r\n 3><B|B:>", ""},
        {"BlankBeforeTheColon", "A \t: 1\r\n\r\n", "<A|A \t: 1>", ""},
        {"NoFields", "\r\nbody", "", "body"},
        {"Nothing", "", "", ""},
        {"SecondEmptyLine", "A: 1\r\n\r\n\r\nbody", "<A|A: 1>", "\r\nbody"},
        {"CrInTheBody", "A: 1\r\n\r\na\rb", "<A|A: 1>", "a\rb"},
        {"CrInTheHeader", "A: 1\r2\r\n\r\n", "", "", true},
        {"CrBeforeTheEmptyLine", "A: 1\r\r\n\r\n", "", "", true},
        {"NoField", "A: 1\r\nword\r\nB: 2\r\n\r\n", "", "", true},
        {"FoldFirst", " A: 1\r\n\r\n", "", "", true},
        {"BlankLineFirst", " \r\nA: 1\r\n\r\n", "", "", true},
        {"MboxLine", "From a@example.net Tue Nov 14\r\nA: 1\r\n\r\n", "", "", true},
        {"NameWithoutEnd", "A\r\n\r\n", "", "", true},
        {"NoName", ": 1\r\n\r\n", "", "", true},
    }),
    kName);

TEST(SplitMessage, ReadsNoMoreThanKMaxAuthenticatedHeaderOctets) {
  for (const std::size_t size : {kMaxAuthenticatedHeaderOctets - 1, kMaxAuthenticatedHeaderOctets,
                                 kMaxAuthenticatedHeaderOctets + 1}) {
    const std::string header = "A: " + std::string(size - 7, 'x') + "\r\n\r\n";
    for (const std::string_view body : {"", "body"}) {
      const MessageFields parts = SplitMessage(header + std::string(body));
      EXPECT_EQ(parts.fault.empty(), size <= kMaxAuthenticatedHeaderOctets);
    }
  }
}

}  // namespace
}  // namespace bounced
