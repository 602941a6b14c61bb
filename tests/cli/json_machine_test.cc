#include "server/cli/json_machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/cli/record.h"
#include "tests/cli/cuts.h"

namespace bounced::cli {
namespace {

constexpr std::string_view kLists[] = {"items", "Results"};

// `line:text` of each row, or why it is none, and at the end the error, if there is one.
template <typename Cut>
std::vector<std::string> Rows(std::string_view text, Cut cut, std::size_t max_row_octets = 1'000) {
  std::vector<std::string> rows;
  JsonMachine machine(kLists, max_row_octets);
  FeedInPieces(machine, text, cut, [&] {
    while (std::optional<JsonRow> row = machine.Next()) {
      rows.push_back(row->status.ok()
                         ? absl::StrCat(row->line, ":", std::string(row->text))
                         : absl::StrCat("line ", row->line, ": ", row->status.message()));
    }
  });
  if (!machine.status().ok()) rows.push_back(std::string(machine.status().message()));
  return rows;
}
std::vector<std::string> Rows(std::string_view text) {
  return Rows(text, [](std::size_t left) { return left; });
}

struct Case {
  std::string_view name;
  std::string text;
  std::vector<std::string> rows;
};
class JsonMachineTest : public testing::TestWithParam<Case> {};

TEST_P(JsonMachineTest, T44FindsTheRowsWhateverTheCuts) {
  const std::string& text = GetParam().text;
  EXPECT_EQ(Rows(text), GetParam().rows);
  EXPECT_EQ(Rows(text, [](std::size_t) { return std::size_t{1}; }), GetParam().rows)
      << "octet by octet";
  std::minstd_rand random(7);
  for (int i = 0; i < 20; ++i) {
    const auto cut = [&random](std::size_t left) { return 1 + random() % left; };
    EXPECT_EQ(Rows(text, cut), GetParam().rows);
  }
}

INSTANTIATE_TEST_SUITE_P(
    , JsonMachineTest,
    testing::ValuesIn<Case>({
        {"Nothing", "", {}},
        {"Blanks", " \r\n\t", {}},
        {"Lines", "{\"a\":1}\n{\"a\":2}", {"1:{\"a\":1}", "2:{\"a\":2}"}},
        {"ManyLines", "{\n \"a\":\n1}\r\n\n{}", {"1:{\n \"a\":\n1}", "5:{}"}},
        {"Array", "[{\"a\":1},\n\"x\",{}]", {"1:{\"a\":1}", "2:\"x\"", "2:{}"}},
        {"EmptyArray", "[ ]", {}},
        {"TwoArrays", "[{}][\"x\"]", {"1:{}", "1:\"x\""}},
        {"BracketsInStrings", "[{\"a\":\"}]\\\"}{\"}]", {"1:{\"a\":\"}]\\\"}{\"}"}},
        {"Nested", "{\"a\":{\"items\":[{}]}}", {"1:{\"a\":{\"items\":[{}]}}"}},
        {"Page",
         "{\"n\":[1],\n\"items\" : [{\"a\":1},\n{\"a\":2}],\"next\":{\"x\":\"]}\"}}\n{}",
         {"2:{\"a\":1}", "3:{\"a\":2}", "4:{}"}},
        {"PageOfAnyCase", "{\"RESULTS\":[\"x\"]}", {"1:\"x\""}},
        {"EmptyPage", "{\"items\":[]}", {}},
        {"PageWithTwoLists", "{\"items\":[\"x\"],\"results\":[\"y\"]}", {"1:\"x\"", "1:\"y\""}},
        {"ArrayOfPages", "[{\"items\":[\"x\"]},{\"items\":[\"y\"]}]", {"1:\"x\"", "1:\"y\""}},
        {"NameAsValue", "{\"a\":\"items\",\"b\":[{}]}", {"1:{\"a\":\"items\",\"b\":[{}]}"}},
        {"NotAList", "{\"items\":7}", {"1:{\"items\":7}"}},
        {"ListInARowOfAPage", "{\"items\":[{\"items\":[{}]}]}", {"1:{\"items\":[{}]}"}},
        {"WrongWithinARow", "{\"a\":}\n{}", {"1:{\"a\":}", "2:{}"}},
        {"BreaksOffInARow",
         "{}\n{\"a\":\n1",
         {"1:{}", "line 2: the text breaks off within what begins here"}},
        {"BreaksOffInAString", "[\"a", {"line 1: the text breaks off within what begins here"}},
        {"BreaksOffInAList",
         "[{},\n",
         {"1:{}", "line 2: the text breaks off before the list ends"}},
        {"BreaksOffInAPage",
         "{\"items\":[{}],\n\"a\"",
         {"1:{}", "line 1: the text breaks off within what begins here"}},
        {"CommaMissing", "[{}\n{}]", {"1:{}", "line 2: a comma or the end of the list is missing"}},
        {"CommaTooMany", "[{},]", {"1:{}", "line 1: neither an object nor a string"}},
        {"Number", "[{},\n1]", {"1:{}", "line 2: neither an object nor a string"}},
        {"StringAlone", "\"x\"", {"line 1: neither an object nor a string"}},
        {"ArrayInArray", "[[{}]]", {"line 1: neither an object nor a string"}},
        {"EndAlone", "{}\n}", {"1:{}", "line 2: neither an object nor a string"}},
        {"Nul", std::string("{}\n\0", 4), {"1:{}", "line 2: neither an object nor a string"}},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(JsonMachine, T44BoundsARowAndItsDepth) {
  const auto in_pieces = [](std::size_t left) { return std::min<std::size_t>(left, 10); };
  const std::string row = "{\"a\":\"" + std::string(92, 'x') + "\"}";
  ASSERT_EQ(row.size(), 100u);
  EXPECT_EQ(Rows(row, in_pieces, 100).front(), "1:" + row);
  EXPECT_THAT(Rows(row, in_pieces, 99).back(),
              testing::HasSubstr("line 1: a row is longer than 99"));
  EXPECT_EQ(
      Rows(std::string(1'000, ' ') + "\n{\"a\":\"" + std::string(1'000, 'x'), in_pieces, 99).back(),
      "line 2: the text breaks off within what begins here");
  const auto nested = [](int depth) {
    return "{\"a\":" + std::string(static_cast<std::size_t>(depth - 1), '[') +
           std::string(static_cast<std::size_t>(depth - 1), ']') + "}";
  };
  EXPECT_EQ(Rows(nested(kMaxJsonDepth)).front(), "1:" + nested(kMaxJsonDepth));
  EXPECT_THAT(Rows(nested(kMaxJsonDepth + 1)).back(), testing::HasSubstr("line 1: deeper than 32"));
}

TEST(JsonMachine, T44SaysTheSameOfWhatIsTooLongWhateverTheCuts) {
  const auto whole = [](std::size_t left) { return left; };
  const std::string row = "[{}, {\"a\":\"" + std::string(200, 'x') + "\"},\n{}]";
  const std::string string = "[\"" + std::string(200, 'x') + "\",\n\"y\"]";
  const std::string deep = "{\"a\":[{\"items\":[" + std::string(200, ' ') + "]}],\n\"b\":\"" +
                           std::string(200, '\\') + "\"}\n{}";
  const std::string of_page =
      "{\"items\":[{\"items\":[" + std::string(200, ' ') + "],\n\"items\":[]},{}]}";
  const std::string before_rows = "{\"a\":\"" + std::string(200, 'x') + "\",\"items\":[{}]}";
  const std::string behind_rows = "{\"items\":[{}],\"a\":\"" + std::string(200, 'x') + "\",\"" +
                                  std::string(200, 'x') + "\":[[\"" + std::string(200, 'x') +
                                  "\"]],\"items\":[\"y\"]}";
  for (const std::string& text : {row, string, deep, of_page, before_rows, behind_rows}) {
    for (std::size_t piece = 1; piece < 120; ++piece) {
      const auto pieces = [piece](std::size_t left) { return std::min(left, piece); };
      EXPECT_EQ(Rows(text, pieces, 99), Rows(text, whole, 99)) << text << " by " << piece;
    }
  }
  const auto too_long = testing::HasSubstr("line 1: a row is longer than 99 octets");
  EXPECT_THAT(Rows(row, whole, 99), testing::ElementsAre("1:{}", too_long, "2:{}"));
  EXPECT_THAT(Rows(string, whole, 99), testing::ElementsAre(too_long, "2:\"y\""));
  EXPECT_THAT(Rows(deep, whole, 99), testing::ElementsAre(too_long, "3:{}"));
  EXPECT_THAT(Rows(of_page, whole, 99), testing::ElementsAre(too_long, "2:{}"));
  // It is no row but a page.
  EXPECT_THAT(Rows(before_rows, whole, 99), testing::ElementsAre("1:{}"));
  EXPECT_THAT(Rows(behind_rows, whole, 99), testing::ElementsAre("1:{}", "1:\"y\""));
}

// Of a page of any length nothing is held but the row at hand: the rest of it is passed over.
TEST(JsonMachine, APageMayBeLongerThanARow) {
  std::string text = "{\"items\":[";
  for (int i = 0; i < 1'000; ++i) text += "{\"a\":1},";
  text += "{}],\"rest\":\"x\",\"more\":[" + std::string(5'000, ' ') + "]}";
  EXPECT_EQ(Rows(
                text, [](std::size_t left) { return std::min<std::size_t>(left, 64); }, 100)
                .size(),
            1'001u);
}

struct ValueCase {
  std::string_view name;
  std::string json;
  std::string fields;  // `name=value;` of each; or why there are none
};
class ReadJsonTest : public testing::TestWithParam<ValueCase> {};

TEST_P(ReadJsonTest, T44GivesTheFieldsOrSaysWhy) {
  Record record;
  const absl::Status status = ReadJson(GetParam().json, record);
  std::string fields;
  for (const Record::Field& field : record.fields()) fields += field.name + "=" + field.value + ";";
  EXPECT_EQ(status.ok() ? fields : std::string(status.message()), GetParam().fields);
}

INSTANTIATE_TEST_SUITE_P(
    , ReadJsonTest,
    testing::ValuesIn<ValueCase>({
        {"String", "\"a@x\"", "address=a@x;"},
        {"Kinds", "{\"a\":\"x\",\"B_c\":-1.5e+3,\"d\":true,\"e\":false,\"f\":null}",
         "a=x;bc=-1.5e+3;d=true;e=false;f=;"},
        {"Nested", "{\"a\":{\"b\":{\"c\":1}},\"d\":[1,\"x\"],\"e\":[],\"f\":[{\"g\":1}]}",
         "a.b.c=1;d=1;d=x;e=;"},
        {"Escapes", R"({"a":"\"\\\/\b\f\n\r\tA\u00e9\u20ac\ud83d\ude00"})",
         "a=\"\\/\b\f\n\r\tA\u00e9\u20ac\U0001F600;"},
        {"EscapedNul", R"({"a":"\u0000"})", "a field holds a NUL"},
        {"LoneSurrogate", R"({"a":"\ud83d"})", "not JSON"},
        {"LowSurrogate", R"({"a":"\ude00"})", "not JSON"},
        {"WrongEscape", R"({"a":"\x"})", "not JSON"},
        {"ShortEscape", R"({"a":"\u12"})", "not JSON"},
        {"RawControl", "{\"a\":\"x\ny\"}", "not JSON"},
        {"NotUtf8", "{\"a\":\"\xFF\"}", "not UTF-8"},
        {"NoValue", "{\"a\":}", "not JSON"},
        {"NoColon", "{\"a\" 1}", "not JSON"},
        {"CommaTooMany", "{\"a\":1,}", "not JSON"},
        {"Brackets", "{\"a\":[1}", "not JSON"},
        {"LeadingZero", "{\"a\":01}", "not JSON"},
        {"Word", "{\"a\":nil}", "not JSON"},
        {"Behind", "{} 1", "not JSON"},
        {"LongField", "{\"a\":\"" + std::string(kMaxFieldOctets + 1, 'x') + "\"}",
         "a field is longer than 65536 octets"},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(ReadJson, T44BoundsTheFields) {
  std::string json = "{\"a\":[1";
  for (std::size_t i = 1; i < kMaxRecordFields; ++i) json += ",1";
  Record record;
  EXPECT_TRUE(ReadJson(json + "]}", record).ok());
  record.Clear();
  EXPECT_FALSE(ReadJson(json + ",1]}", record).ok());
  record.Clear();
  EXPECT_TRUE(ReadJson("{\"a\":\"" + std::string(kMaxFieldOctets, 'x') + "\"}", record).ok());
}

}  // namespace
}  // namespace bounced::cli
