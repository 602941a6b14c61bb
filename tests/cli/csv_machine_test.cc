#include "server/cli/csv_machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/cli/csv_writer.h"
#include "tests/cli/cuts.h"

namespace bounced::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Fields = std::vector<std::string>;

struct Reading {
  std::string octets;  // of all rows, put together again
  std::vector<Fields> rows;
  std::vector<std::uint64_t> lines;
  std::vector<std::string> too_long;
  std::string error;
  bool has_byte_order_mark = false;

  bool operator==(const Reading&) const = default;
};

// Octets of the piece that is fed next, given what is left.
using Cut = std::function<std::size_t(std::size_t left)>;

Reading Read(std::string_view text, CsvDialect dialect, const Cut& cut,
             std::size_t max_row_octets = kMaxRowOctets) {
  Reading reading;
  CsvMachine machine(dialect, max_row_octets);
  auto take = [&] {
    while (std::optional<CsvRow> row = machine.Next()) {
      if (!row->status.ok()) {
        EXPECT_EQ(row->raw, "");
        reading.too_long.push_back(std::string(AtLine(row->line, row->status).message()));
        continue;
      }
      reading.octets += row->raw;
      reading.rows.push_back(AllFields(*row, dialect));
      reading.lines.push_back(row->line);
      EXPECT_EQ(std::string(row->content()) + std::string(row->line_end()), row->raw);
    }
  };
  FeedInPieces(machine, text, cut, take);
  reading.error = std::string(machine.status().message());
  reading.has_byte_order_mark = machine.has_byte_order_mark();
  return reading;
}

Reading ReadWhole(std::string_view text, CsvDialect dialect) {
  return Read(text, dialect, [](std::size_t left) { return left; });
}

// The same whatever the cuts.
Reading ReadAnyhow(std::string_view text, CsvDialect dialect) {
  const Reading whole = ReadWhole(text, dialect);
  EXPECT_EQ(Read(text, dialect, [](std::size_t) { return 1; }), whole) << "octet by octet";
  std::mt19937 random(17);
  for (int turn = 0; turn < 50; ++turn) {
    auto cut = [&](std::size_t left) { return 1 + random() % left; };
    EXPECT_EQ(Read(text, dialect, cut), whole) << "cut at random, turn " << turn;
  }
  return whole;
}

constexpr CsvDialect kComma{','};
constexpr CsvDialect kPlain{};

struct Case {
  std::string_view name;
  std::string_view text;
  std::vector<Fields> rows;
  CsvDialect dialect = kComma;
};
class CsvMachineTest : public testing::TestWithParam<Case> {};

TEST_P(CsvMachineTest, FindsRowsAndFieldsHoweverItIsCut) {
  const Reading reading = ReadAnyhow(GetParam().text, GetParam().dialect);
  EXPECT_EQ(reading.rows, GetParam().rows);
  EXPECT_EQ(reading.error, "");
  const std::string_view mark = reading.has_byte_order_mark ? "\xEF\xBB\xBF" : "";
  EXPECT_EQ(std::string(mark) + reading.octets, GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    , CsvMachineTest,
    testing::ValuesIn<Case>({
        {"Nothing", "", {}},
        {"OneRow", "a,b\n", {{"a", "b"}}},
        {"LastRowWithoutAnEnd", "a,b\nc,d", {{"a", "b"}, {"c", "d"}}},
        {"CarriageReturnAndLineFeed", "a,b\r\nc,d\r\n", {{"a", "b"}, {"c", "d"}}},
        {"LoneCarriageReturnIsText", "a\rb,c\n", {{"a\rb", "c"}}},
        {"LastRowEndsWithACarriageReturn", "a,b\r", {{"a", "b\r"}}},
        {"EmptyLineIsARowWithOneEmptyField", "a\n\nb\n", {{"a"}, {""}, {"b"}}},
        {"EmptyLineWithCrlf", "\r\n", {{""}}},
        {"EmptyFields", ",,\n", {{"", "", ""}}},
        {"EmptyLastField", "a,\n", {{"a", ""}}},
        {"Quoted", "\"a\",\"b\"\n", {{"a", "b"}}},
        {"QuotedEmpty", "\"\",x\n", {{"", "x"}}},
        {"QuotedEmptyLast", "x,\"\"", {{"x", ""}}},
        {"QuotedDelimiter", "\"a,b\",c\n", {{"a,b", "c"}}},
        {"QuotedLineFeed", "\"a\nb\",c\nd,e\n", {{"a\nb", "c"}, {"d", "e"}}},
        {"QuotedCrlf", "\"a\r\nb\",c\r\nd\r\n", {{"a\r\nb", "c"}, {"d"}}},
        {"DoubledQuotes", "\"a \"\"b\"\" c\",d\n", {{"a \"b\" c", "d"}}},
        {"OnlyADoubledQuote", "\"\"\"\",d\n", {{"\"", "d"}}},
        {"DoubledQuoteBeforeADelimiter", "\"a\"\",b\",c\n", {{"a\",b", "c"}}},
        {"DoubledQuoteBeforeALineEnd", "\"a\"\"\n\",c\n", {{"a\"\n", "c"}}},
        {"QuotedLastRowWithoutAnEnd", "a\n\"b\"", {{"a"}, {"b"}}},
        {"QuoteInsideAFieldIsText", "a\"b,c\n\"d\",e\n", {{"a\"b", "c"}, {"d", "e"}}},
        {"QuoteBehindABlankIsText", "a, \"b\nc\",d\n", {{"a", " \"b"}, {"c\"", "d"}}},
        {"TextBehindAClosingQuoteIsText", "\"a\"b\"c,d\n", {{"ab\"c", "d"}}},
        {"ByteOrderMark", "\xEF\xBB\xBF\"a\",b\n", {{"a", "b"}}},
        {"ByteOrderMarkAlone", "\xEF\xBB\xBF", {}},
        {"BeginningOfAByteOrderMark", "\xEF\xBB", {{"\xEF\xBB"}}},
        {"NulAndHighOctets",
         std::string_view("a\0b,\xFF\xFE\n", 7),
         {{std::string("a\0b", 3), "\xFF\xFE"}}},
        {"Semicolon", "a,b;\"c;d\"\n", {{"a,b", "c;d"}}, CsvDialect{';'}},
        {"Tab", "a\tb\n", {{"a", "b"}}, CsvDialect{'\t'}},
        {"PlainLines", "a,b\r\n\"c\nd", {{"a,b"}, {"\"c"}, {"d"}}, kPlain},
        {"PlainLineThatIsQuotedAsAWhole",
         "\"a \"\"b\"\"\"\n\"\n\"\"\n",
         {{"a \"b\""}, {"\""}, {""}},
         kPlain},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(CsvMachine, CountsLinesThroughQuotedOnes) {
  const Reading reading = ReadAnyhow("a\n\"b\n\nc\"\nd\r\ne", kComma);
  EXPECT_THAT(reading.lines, ElementsAre(1u, 2u, 5u, 6u));
}

TEST(CsvMachine, NamesTheLineWhereAQuoteIsNeverClosed) {
  for (std::string_view text : {"a\nb,\"c\nd\n", "a\n\"", "a\nb,\"c\"\"", "a\n\"c\n"}) {
    const Reading reading = ReadAnyhow(text, kComma);
    EXPECT_EQ(reading.error, "line 2: a quote is opened and never closed") << text;
    EXPECT_EQ(reading.octets, "a\n");
  }
}

TEST(CsvMachine, RefusesUtf16) {
  for (std::string_view text : {std::string_view("\xFF\xFE"
                                                 "a\0",
                                                 4),
                                std::string_view("\xFE\xFF\0a", 4)}) {
    EXPECT_THAT(ReadAnyhow(text, kComma).error, HasSubstr("UTF-16"));
  }
}

TEST(CsvMachine, BoundsARow) {
  auto read = [](std::string_view text, CsvDialect dialect, std::size_t piece) {
    return Read(
        text, dialect, [piece](std::size_t left) { return std::min(left, piece); }, 8);
  };
  for (std::size_t piece : {1U, 3U, 100U}) {
    SCOPED_TRACE(piece);
    for (CsvDialect dialect : {kComma, kPlain}) {
      EXPECT_THAT(read("123456\n12345\n", dialect, piece).too_long, IsEmpty());
      EXPECT_THAT(read("1234567\n12345678", dialect, piece).too_long, IsEmpty());
      // The rows behind it are read, and their lines are right.
      for (const char* last : {"5", "5\n"}) {
        const Reading reading =
            read(std::string("1\n12345678\n3\n1234567890123456789\n") + last, dialect, piece);
        EXPECT_THAT(reading.too_long, ElementsAre("line 2: a row is longer than 8 octets",
                                                  "line 4: a row is longer than 8 octets"));
        EXPECT_EQ(reading.octets, std::string("1\n3\n") + last);
        EXPECT_THAT(reading.lines, ElementsAre(1u, 3u, 5u));
        EXPECT_EQ(reading.error, "");
      }
      EXPECT_THAT(read("1\n123456789", dialect, piece).too_long,
                  ElementsAre("line 2: a row is longer than 8 octets"));
    }
    // A quote takes further lines in; where the row ends is told.
    const Reading quoted = read("1\n\"\n\"\"\n5678\n,\n\"\n7,\"8\"\n", kComma, piece);
    EXPECT_THAT(quoted.too_long, ElementsAre("line 2: a row is longer than 8 octets and ends on "
                                             "line 6; is a quote opened and never closed?"));
    EXPECT_THAT(quoted.rows, ElementsAre(Fields{"1"}, Fields{"7", "8"}));
    EXPECT_THAT(quoted.lines, ElementsAre(1u, 7u));
    EXPECT_EQ(read("1\n\"\n\n\n\n\n\n\n\n\n\n\n", kComma, piece).error,
              "line 2: a quote is opened and never closed");
    EXPECT_EQ(read("1\n\"234567890123456", kComma, piece).error,
              "line 2: a quote is opened and never closed");
  }
}

TEST(CsvFields, SkipsOverQuotedFields) {
  const CsvRow row{"\"a,\"\"b\",c,\"d\"\r\n", 1, true};
  CsvFields fields(row, kComma);
  fields.Skip(2);
  EXPECT_EQ(fields.Next(), "d");
  EXPECT_EQ(fields.Next(), std::nullopt);
  CsvFields beyond(row, kComma);
  beyond.Skip(9);
  EXPECT_EQ(beyond.Next(), std::nullopt);
}

struct SniffCase {
  std::string_view name;
  std::string_view head;
  std::optional<char> delimiter;
};
class SniffTest : public testing::TestWithParam<SniffCase> {};

TEST_P(SniffTest, TellsTheDialectByTheFirstRow) {
  EXPECT_EQ(SniffDialect(GetParam().head).delimiter, GetParam().delimiter);
}

INSTANTIATE_TEST_SUITE_P(, SniffTest,
                         testing::ValuesIn<SniffCase>({
                             {"Nothing", "", std::nullopt},
                             {"OneAddress", "a@b.example\nc,d\n", std::nullopt},
                             {"Comma", "id,email\n", ','},
                             {"Semicolon", "id;email;a,b\n", ';'},
                             {"Tab", "id\temail\n", '\t'},
                             {"InDoubtTheComma", "a;b,c\n", ','},
                             {"DelimitersInQuotesDoNotCount", "\"a;b;c\",d\n", ','},
                             {"WithoutALineEnd", "id;email", ';'},
                             {"BehindAByteOrderMark", "\xEF\xBB\xBF\"a\nb\";c\n", ';'},
                             {"Bar", "id|email\n1|a@b\n", '|'},
                             {"BarIsPartOfAnAddress", "a|b@c.example\n", std::nullopt},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

// What the writer makes, the machine gives back: over every short value of the octets that matter.
TEST(CsvWriter, RoundTripsEveryShortValue) {
  constexpr std::string_view kOctets = "a,\"\r\n'= ";
  std::vector<std::string> values = {""};
  for (std::size_t at = 0; values[at].size() < 4; ++at) {
    for (char c : kOctets) values.push_back(values[at] + c);
  }
  for (FormulaGuard guard : {FormulaGuard::kMark, FormulaGuard::kRaw}) {
    std::string text;
    for (const std::string& value : values) {
      AppendCsvField(text, value, ',', guard);
      text += ',';
      AppendCsvField(text, "x", ',', guard);
      text += '\n';
    }
    const Reading reading = ReadWhole(text, kComma);
    ASSERT_EQ(reading.rows.size(), values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::string& field = reading.rows[i][0];
      ASSERT_EQ(guard == FormulaGuard::kMark ? TakeMarkOff(field) : field, values[i]);
    }
  }
}

struct GuardCase {
  std::string_view name;
  std::string_view value;
  std::string_view marked;
};
class FormulaGuardTest : public testing::TestWithParam<GuardCase> {};

TEST_P(FormulaGuardTest, MarksWhatASpreadsheetWouldRun) {
  std::string marked;
  AppendCsvField(marked, GetParam().value, ',', FormulaGuard::kMark);
  EXPECT_EQ(marked, GetParam().marked);
}

INSTANTIATE_TEST_SUITE_P(T43, FormulaGuardTest,
                         testing::ValuesIn<GuardCase>({
                             {"Address", "a@x.example", "a@x.example"},
                             {"Equals", "=cmd()@x.example", "'=cmd()@x.example"},
                             {"Plus", "+1@x.example", "'+1@x.example"},
                             {"Minus", "-1@x.example", "'-1@x.example"},
                             {"At", "@x", "'@x"},
                             {"Tab", "\tx", "'\tx"},
                             {"CarriageReturn", "\rx", "\"'\rx\""},
                             {"LineFeed", "\nx", "\"'\nx\""},
                             {"MarkAlready", "'=x", "''=x"},
                             {"QuoteOfText", "'a", "'a"},
                             {"QuotesToo", "=a,\"b\"", "\"'=a,\"\"b\"\"\""},
                             {"Empty", "", ""},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace bounced::cli
