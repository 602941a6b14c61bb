#include "server/cli/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/cli/strings.h"

namespace bounced::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct ColumnCase {
  std::string_view name;
  std::vector<std::string> first_row;
  std::string_view wanted;
  int index;  // negative: an error
  bool has_header;
  std::string_view error = "";
  Header header = Header::kAuto;
};
class FindAddressColumnTest : public testing::TestWithParam<ColumnCase> {};

TEST_P(FindAddressColumnTest, ByTheFirstRow) {
  const ColumnCase& row = GetParam();
  auto column = FindAddressColumn(row.first_row, row.wanted, row.header);
  if (row.index < 0) {
    ASSERT_FALSE(column.ok());
    EXPECT_THAT(std::string(column.status().message()), HasSubstr(std::string(row.error)));
    return;
  }
  ASSERT_TRUE(column.ok()) << column.status();
  EXPECT_EQ(column->index, static_cast<std::size_t>(row.index));
  EXPECT_EQ(column->has_header, row.has_header);
}

INSTANTIATE_TEST_SUITE_P(
    , FindAddressColumnTest,
    testing::ValuesIn<ColumnCase>({
        {"Email", {"id", "Email"}, "", 1, true},
        {"EmailWithADash", {"id", " E-Mail "}, "", 1, true},
        {"EmailAddress", {"EMAIL_ADDRESS", "x"}, "", 0, true},
        {"Recipient", {"x", "recipient"}, "", 1, true},
        {"EmailBeforeAddress", {"address", "email"}, "", 1, true},
        {"Address", {"address", "name"}, "", 0, true},
        {"NotAPartOfAName", {"emails sent", "a"}, "", -1, false, "no column of addresses"},
        {"TwoOfOneName", {"email", "E-Mail"}, "", -1, false, "more than one column is called"},
        {"ByTheOneAt", {"1", "a@b.example"}, "", 1, false},
        {"TwoWithAt", {"a@b", "c@d"}, "", -1, false, "more than one column holds addresses"},
        {"None",
         {"x", "y"},
         "",
         -1,
         false,
         "the first row is: x, y. Name the column with --column"},
        {"WantedByName", {"id", "Work Mail", "email"}, "work-mail", 1, true},
        {"WantedNameMissing", {"id"}, "mail", -1, false, "no column is called mail"},
        {"WantedNameTwice", {"a", "A"}, "a", -1, false, "more than one column is called a"},
        {"WantedByNumberWithHeader", {"id", "x"}, "2", 1, true},
        {"WantedByNumberWithoutHeader", {"id", "a@b"}, "2", 1, false},
        {"NumberZero", {"id"}, "0", -1, false, "there is no column 0"},
        {"LastNumber", {"a", "b"}, "2", 1, true},
        {"NumberTooLarge", {"a", "b"}, "3", -1, false, "there is no column 3"},
        {"HugeNumber", {"a"}, "99999999999999999999", -1, false, "there is no column"},
        {"NoHeaderByNumber", {"id", "x"}, "2", 1, false, "", Header::kNone},
        {"NoHeaderByName", {"id"}, "id", -1, false, "takes a number", Header::kNone},
        {"NoHeaderByContent", {"email", "a@b"}, "", 1, false, "", Header::kNone},
        {"ControlsInNamesAreEscaped", {"\x1b[2J"}, "", -1, false, "\\x{1B}[2J"},
    }),
    [](const auto& test) { return std::string(test.param.name); });

struct TableRows {
  std::string header;
  std::vector<std::string> rows;
  std::string error;
};

TableRows ReadTable(const std::string& text, const TableOptions& options = {},
                    std::size_t piece = kReadOctets) {
  StringSource source(text, piece);
  TableRows all;
  auto table = Table::Open(source, options);
  if (!table.ok()) {
    all.error = table.status().ToString();
    return all;
  }
  all.header = (*table)->header();
  for (;;) {
    auto row = (*table)->Next();
    if (!row.ok()) {
      all.error = row.status().ToString();
      return all;
    }
    if (!*row) return all;
    all.rows.emplace_back((*row)->raw);
  }
}

TEST(Table, KeepsTheHeaderApart) {
  for (std::size_t piece : {std::size_t{1}, std::size_t{5}, kReadOctets}) {
    const TableRows table = ReadTable("id,email\r\n1,a@b\n2,c@d", {}, piece);
    EXPECT_EQ(table.header, "id,email\r\n");
    EXPECT_THAT(table.rows, ElementsAre("1,a@b\n", "2,c@d"));
    EXPECT_EQ(table.error, "");
  }
}

TEST(Table, TakesPlainLinesWithAndWithoutAHeader) {
  EXPECT_THAT(ReadTable("a@b\nc@d\n").rows, ElementsAre("a@b\n", "c@d\n"));
  const TableRows with = ReadTable("E-Mail\na@b\n");
  EXPECT_EQ(with.header, "E-Mail\n");
  EXPECT_THAT(with.rows, ElementsAre("a@b\n"));
  EXPECT_THAT(ReadTable("email\na@b\n", {.header = Header::kNone}).rows,
              ElementsAre("email\n", "a@b\n"));
  EXPECT_THAT(ReadTable("no address\na@b\n").rows, ElementsAre("no address\n", "a@b\n"));
}

TEST(Table, MayBeEmpty) {
  EXPECT_THAT(ReadTable("").rows, IsEmpty());
  EXPECT_EQ(ReadTable("").error, "");
  EXPECT_EQ(ReadTable("id,email\n").header, "id,email\n");
  EXPECT_THAT(ReadTable("id,email\n").rows, IsEmpty());
}

TEST(Table, TakesTheDelimiterThatIsGiven) {
  const TableRows table = ReadTable("a|email\n1|x,y@b\n", {.delimiter = '|'});
  EXPECT_EQ(table.header, "a|email\n");
}

TEST(Table, FindsTheDialectOfAFirstRowThatIsCut) {
  EXPECT_EQ(ReadTable("id;email\n1;a@b\n", {}, 1).header, "id;email\n");
  // Its first line has less than it.
  for (std::size_t piece : {std::size_t{1}, kReadOctets}) {
    EXPECT_EQ(ReadTable("\"the\nid\";email\n1;a@b\n", {}, piece).header, "\"the\nid\";email\n");
  }
}

TEST(Table, SaysWhichLineCannotBeRead) {
  EXPECT_THAT(ReadTable("id,email\n1,a@b\n2,\"c\n").error, HasSubstr("line 3: a quote"));
  const std::string long_row(100, 'x');
  EXPECT_THAT(ReadTable(long_row + "\n", {.max_row_octets = 100}).error, HasSubstr("line 1"));
  EXPECT_EQ(ReadTable(long_row + "\n", {.max_row_octets = 101}).error, "");
  EXPECT_THAT(ReadTable("email\ra@b\rc@d\r").error, HasSubstr("a CR without LF"));
}

}  // namespace
}  // namespace bounced::cli
