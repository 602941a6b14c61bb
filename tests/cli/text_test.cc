// What people, spreadsheets and programs get to see: terminals, JSON, times, words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "bounced/v1/suppression.pb.h"
#include "server/cli/exit_code.h"
#include "server/cli/help_text.h"
#include "server/cli/json.h"
#include "server/cli/lines.h"
#include "server/cli/list_format.h"
#include "server/cli/output.h"
#include "server/cli/progress.h"
#include "server/cli/record_reader.h"
#include "server/cli/suppression_csv.h"
#include "server/cli/times.h"
#include "server/cli/words.h"
#include "tests/cli/strings.h"

namespace bounced::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// An escape sequence, a C1 control, an override of direction, NUL, ill-formed UTF-8.
constexpr std::string_view kHostile("\x1b[2J|\xC2\x9B|\xE2\x80\xAE|\0|\xFF|\r\b", 18);
constexpr std::string_view kTamed = "\\x{1B}[2J|\\x{9B}|\\x{202E}|\\x{0}|\xEF\xBF\xBD|\\x{D}\\x{8}";

TEST(TerminalSink, T33EscapesHoweverItIsCut) {
  const std::string text =
      std::string(kHostile) + "\n\tfine: \xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\r\nend\r";
  const std::string want =
      std::string(kTamed) + "\n\tfine: \xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\r\nend\\x{D}";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    StringSink terminal;
    TerminalSink sink(terminal);
    for (std::size_t at = 0; at < text.size(); at += piece) {
      ASSERT_TRUE(sink.Write(std::string_view(text).substr(at, piece)).ok());
    }
    ASSERT_TRUE(sink.Flush().ok());
    EXPECT_EQ(terminal.text, want) << "in pieces of " << piece;
  }
}

TEST(TerminalSink, GivesUpACharacterThatIsNeverFinished) {
  StringSink terminal;
  TerminalSink sink(terminal);
  ASSERT_TRUE(sink.Write("a\xE2\x82").ok());
  EXPECT_EQ(terminal.text, "a");
  ASSERT_TRUE(sink.Flush().ok());
  EXPECT_EQ(terminal.text, "a\xEF\xBF\xBD");
}

TEST(Output, T33EscapesTextWhereverItGoesAndRawOnlyForATerminal) {
  for (bool is_terminal : {false, true}) {
    StringSink sink;
    Output out(sink, is_terminal);
    out.Text("x\x1b\ny\n");
    out.Line({"", "b\nc\td", "e"});
    ASSERT_TRUE(out.Raw().Write("\x1b").ok());
    EXPECT_TRUE(out.Finish().ok());
    EXPECT_EQ(sink.text, std::string("x\\x{1B}\ny\n\tb\\x{A}c\\x{9}d\te\n") +
                             (is_terminal ? "\\x{1B}" : "\x1b"));
  }
}

TEST(Shown, BoundsAValue) {
  EXPECT_EQ(Shown(std::string(kMaxShownOctets, 'x')).size(), kMaxShownOctets);
  EXPECT_EQ(Shown(std::string(kMaxShownOctets + 1, 'x')).size(), kMaxShownOctets);
}

TEST(Json, T33StringsAreValidWhateverComesIn) {
  std::string json;
  AppendJsonString(json, kHostile);
  EXPECT_EQ(json, "\"\\u001b[2J|\\u009b|\\u202e|\\u0000|\xEF\xBF\xBD|\\u000d\\u0008\"");
  json.clear();
  AppendJsonString(json, "\"\\\n\t\x7F\xE2\x81\xA6\xD8\x9C\xC3\xA4\xF0\x9F\x98\x80\xED\xA0\x80");
  EXPECT_EQ(json,
            "\"\\\"\\\\\\n\\t\\u007f\\u2066\\u061c\xC3\xA4\xF0\x9F\x98\x80"
            "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(Json, T33MessagesKeepTheirFieldNamesAndTameWhatTheLibraryDoesNot) {
  v1::Suppression suppression;
  suppression.set_address("a\x1b\xE2\x81\xA6\xE2\x81\xA9\xD8\x9C\xE2\x82\xAC@x");
  suppression.set_event_id(5);
  suppression.mutable_expire_time()->set_seconds(5);
  EXPECT_EQ(ToJson(suppression),
            "{\"address\":\"a\\u001b\\u2066\\u2069\\u061c\xE2\x82\xAC@x\","
            "\"expire_time\":\"1970-01-01T00:00:05Z\",\"event_id\":\"5\"}");
}

TEST(JsonWriter, WritesTruthValues) {
  JsonWriter json;
  json.BeginObject().Key("a").Bool(true).Key("b").Bool(false).EndObject();
  EXPECT_EQ(json.text(), "{\"a\":true,\"b\":false}");
}

TEST(JsonWriter, SetsCommasByItself) {
  JsonWriter json;
  json.BeginObject().Key("a").Number(-1).Key("b").BeginArray();
  json.BeginObject().EndObject().String("x").Raw("[]").EndArray();
  json.Merge("{\"c\":1}").Merge("{}").Key("d").BeginArray().EndArray().EndObject();
  EXPECT_EQ(json.text(), "{\"a\":-1,\"b\":[{},\"x\",[]],\"c\":1,\"d\":[]}");
  JsonWriter merged;
  merged.BeginObject().Merge("{}").Merge("{\"c\":1}").EndObject();
  EXPECT_EQ(merged.text(), "{\"c\":1}");
}

struct WrappedCase {
  std::string_view name;
  std::string text;
  std::string want;
};
class WrappedTest : public testing::TestWithParam<WrappedCase> {};

TEST_P(WrappedTest, KeepsParagraphsAndLists) {
  EXPECT_EQ(Wrapped(GetParam().text), GetParam().want);
}

const std::string kHalf(kHelpColumns / 2, 'x');  // two and a blank fill a line
INSTANTIATE_TEST_SUITE_P(
    , WrappedTest,
    testing::ValuesIn<WrappedCase>({
        {"Nothing", "", ""},
        {"Short", "a b", "a b"},
        {"FillsALine", kHalf + " " + kHalf + " c", kHalf + " " + kHalf + "\nc"},
        {"OneMoreThanALine", kHalf + "x " + kHalf + " c", kHalf + "x\n" + kHalf + " c"},
        {"AWordLongerThanALine", "a " + kHalf + kHalf + kHalf + " c",
         "a\n" + kHalf + kHalf + kHalf + "\nc"},
        {"LineEndsAreBlanks", "a\nb  c\n", "a b c"},
        {"Paragraphs", "a\n\nb", "a\n\nb"},
        {"Lists", "a:\n  0  b\n  1  c\n", "a:\n  0  b\n  1  c"},
    }),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Grouped, InThrees) {
  EXPECT_EQ(Grouped(0), "0");
  EXPECT_EQ(Grouped(999), "999");
  EXPECT_EQ(Grouped(1000), "1,000");
  EXPECT_EQ(Grouped(1234567), "1,234,567");
}

struct TimeCase {
  std::string_view name;
  std::string_view text;
  std::string_view past;  // as RFC 3339; empty: an error
  std::string_view future;
};
class ParseTimeTest : public testing::TestWithParam<TimeCase> {};

TEST_P(ParseTimeTest, InUtc) {
  const absl::Time now = absl::FromUnixSeconds(1'800'000'000);  // 2027-01-15T08:00:00Z
  auto parse = [&](Direction direction) {
    auto time = ParseTime(GetParam().text, now, direction);
    return time.ok() ? FormatTime(ToTimestamp(*time)) : "";
  };
  EXPECT_EQ(parse(Direction::kPast), GetParam().past);
  EXPECT_EQ(parse(Direction::kFuture), GetParam().future);
}

INSTANTIATE_TEST_SUITE_P(, ParseTimeTest,
                         testing::ValuesIn<TimeCase>({
                             {"Full", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z",
                              "2026-01-31T12:00:00Z"},
                             {"Zone", "2026-01-31T12:00:00.25+02:00", "2026-01-31T10:00:00.25Z",
                              "2026-01-31T10:00:00.25Z"},
                             {"Date", "2026-01-31", "2026-01-31T00:00:00Z", "2026-01-31T00:00:00Z"},
                             {"Seconds", "90s", "2027-01-15T07:58:30Z", "2027-01-15T08:01:30Z"},
                             {"Minutes", "90m", "2027-01-15T06:30:00Z", "2027-01-15T09:30:00Z"},
                             {"Hours", "12h", "2027-01-14T20:00:00Z", "2027-01-15T20:00:00Z"},
                             {"Days", "7d", "2027-01-08T08:00:00Z", "2027-01-22T08:00:00Z"},
                             {"Weeks", "4w", "2026-12-18T08:00:00Z", "2027-02-12T08:00:00Z"},
                             {"BeforeTheYearOne", "4000000000w", "", ""},
                             {"Infinite", "infinite-future", "", ""},
                             {"Unit", "7x", "", ""},
                             {"NoNumber", "d", "", ""},
                             {"Negative", "-7d", "", ""},
                             {"Empty", "", "", ""},
                             {"Words", "yesterday", "", ""},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(ToTimestamp, RoundsDownBeforeTheEpoch) {
  const auto timestamp = ToTimestamp(absl::UnixEpoch() - absl::Nanoseconds(1));
  EXPECT_EQ(timestamp.seconds(), -1);
  EXPECT_EQ(timestamp.nanos(), 999'999'999);
}

TEST(Words, AreTheEnumeratorsWithoutTheirPrefix) {
  EXPECT_EQ(Word(v1::BOUNCE_CLASS_HARD), "hard");
  EXPECT_EQ(Word(v1::VERDICT_UNSPECIFIED), "");
  EXPECT_EQ(Word(static_cast<v1::Verdict>(99)), "");
  EXPECT_EQ(FromWord<v1::BounceClass>("Block"), v1::BOUNCE_CLASS_BLOCK);
  EXPECT_EQ(FromWord<v1::BounceClass>(""), std::nullopt);
  EXPECT_EQ(FromWord<v1::BounceClass>("unspecified"), std::nullopt);
  EXPECT_THAT(Words<v1::BounceClass>(), ElementsAre("hard", "soft", "block", "none"));
}

TEST(ToExitCode, FollowsWhatTheCallerCanDo) {
  EXPECT_EQ(ToExitCode(absl::OkStatus()), ExitCode::kDone);
  EXPECT_EQ(ToExitCode(absl::NotFoundError("")), ExitCode::kFound);
  EXPECT_EQ(ToExitCode(absl::AlreadyExistsError("")), ExitCode::kFound);
  EXPECT_EQ(ToExitCode(absl::InvalidArgumentError("")), ExitCode::kUsage);
  EXPECT_EQ(ToExitCode(absl::UnavailableError("")), ExitCode::kUnreachable);
  EXPECT_EQ(ToExitCode(absl::PermissionDeniedError("")), ExitCode::kUnreachable);
  EXPECT_EQ(ToExitCode(absl::InternalError("")), ExitCode::kUnreachable);
}

std::vector<std::string> AllLines(const std::string& text, std::size_t most, std::size_t piece) {
  StringSource source(text, piece);
  LineReader reader(source);
  std::vector<std::string> all;
  for (;;) {
    auto lines = reader.Next(most);
    EXPECT_TRUE(lines.ok()) << lines.status();
    EXPECT_LE(lines->size(), most);
    if (!lines.ok() || lines->empty()) return all;
    for (const Line& line : *lines) {
      EXPECT_FALSE(line.is_cut);
      all.push_back(line.text);
    }
  }
}

auto IsLine(const std::string& text, bool is_cut = false) {
  return testing::AllOf(testing::Field(&Line::text, text), testing::Field(&Line::is_cut, is_cut));
}

TEST(LineReader, GivesEachLineHoweverItComes) {
  for (std::size_t most : {1U, 2U, 100U}) {
    for (std::size_t piece : {1U, 3U, 100U}) {
      EXPECT_THAT(AllLines("a\r\n\n b \nlast", most, piece), ElementsAre("a", "", "b", "last"));
      EXPECT_THAT(AllLines("a\n", most, piece), ElementsAre("a"));
      EXPECT_THAT(AllLines("", most, piece), IsEmpty());
    }
  }
}

TEST(LineReader, GivesWhatIsThereWithoutWaitingForMore) {
  StringSource source("a\nb\nc", 4);
  LineReader reader(source);
  EXPECT_THAT(*reader.Next(100), ElementsAre(IsLine("a"), IsLine("b")));
  EXPECT_EQ(source.given(), 4u);
}

TEST(LineReader, TellsWhetherItWouldWait) {
  // Without more to come: it would wait but for a line that is there.
  class WaitingSource : public StringSource {
   public:
    using StringSource::StringSource;
    bool WouldWait() override { return true; }
  };
  WaitingSource source("a\nb\nc", 4);
  LineReader reader(source);
  EXPECT_TRUE(reader.WouldWait());
  EXPECT_THAT(*reader.Next(1), ElementsAre(IsLine("a")));
  EXPECT_FALSE(reader.WouldWait());
  EXPECT_THAT(*reader.Next(1), ElementsAre(IsLine("b")));
  EXPECT_TRUE(reader.WouldWait());
  EXPECT_THAT(*reader.Next(9), ElementsAre(IsLine("c")));
  EXPECT_FALSE(reader.WouldWait()) << "at the end";
}

TEST(LineReader, CutsALineThatIsTooLongAndGoesOn) {
  const std::string most(kMaxLineOctets, 'x');
  for (const std::size_t piece : {std::size_t{4'099}, kMaxLineOctets + 1, kReadOctets}) {
    for (const char* end : {"\n", "\r\n"}) {
      for (const std::size_t more :
           {std::size_t{0}, std::size_t{1}, std::size_t{2}, kMaxLineOctets, 5 * kMaxLineOctets}) {
        const std::string line = most + std::string(more, 'x');
        StringSource source("a" + std::string(end) + line + end + "b" + end + line, piece);
        LineReader reader(source);
        std::vector<Line> all;
        for (;;) {
          const std::vector<Line> lines = *reader.Next(2);
          if (lines.empty()) break;
          all.insert(all.end(), lines.begin(), lines.end());
        }
        EXPECT_THAT(all, ElementsAre(IsLine("a"), IsLine(most, more > 0), IsLine("b"),
                                     IsLine(most, more > 0)))
            << more << " octets more, in pieces of " << piece;
      }
    }
  }
}

v1::Suppression Full(std::string_view address) {
  v1::Suppression suppression;
  suppression.set_address(std::string(address));
  suppression.set_stream("news");
  suppression.set_reason("=1+1,\"quoted\"");
  suppression.set_bounce_class(v1::BOUNCE_CLASS_SOFT);
  *suppression.mutable_create_time() = ToTimestamp(absl::FromUnixNanos(1'700'000'000'123'456'789));
  *suppression.mutable_expire_time() = ToTimestamp(absl::FromUnixSeconds(1'900'000'000));
  suppression.set_explanation("It is\nso.");
  return suppression;
}

absl::StatusOr<v1::Suppression> ReadBack(const std::string& csv, FormulaGuard guard) {
  StringSource source(csv);
  absl::StatusOr<std::unique_ptr<RecordReader>> records = OpenRecords(source, {}, guard, {});
  if (!records.ok()) return records.status();
  const ListReader list(**FormatByName("csv"), (*records)->address_name(), {.stream = ""});
  Record record;
  if (absl::StatusOr<bool> there = (*records)->Next(record); !there.ok()) return there.status();
  absl::StatusOr<ListReading> reading = list.Read(record);
  if (!reading.ok()) return reading.status();
  return reading->suppressions[0];
}

TEST(SuppressionCsv, T43RoundTrips) {
  for (std::string_view address :
       {"a@x.example", "=cmd()@x.example", "+1@x.example", "'=a@x.example", "\"a,b\"@x.example"}) {
    for (FormulaGuard guard : {FormulaGuard::kMark, FormulaGuard::kRaw}) {
      std::string csv(kSuppressionCsvHeader);
      AppendSuppressionCsv(csv, Full(address), guard);
      auto read = ReadBack(csv, guard);
      ASSERT_TRUE(read.ok()) << read.status();
      EXPECT_EQ(read->SerializeAsString(), Full(address).SerializeAsString()) << csv;
    }
  }
}

TEST(SuppressionCsv, T43HoldsNoFormulaUnlessRaw) {
  std::string csv;
  AppendSuppressionCsv(csv, Full("=cmd()@x.example"), FormulaGuard::kMark);
  EXPECT_EQ(csv,
            "'=cmd()@x.example,,news,,\"'=1+1,\"\"quoted\"\"\",soft,"
            "2023-11-14T22:13:20.123456789Z,2030-03-17T17:46:40Z,\"It is\nso.\"\n");
}

struct RefusedRow {
  std::string_view name;
  std::string row;
  std::string_view why;
};
class RefusedRowTest : public testing::TestWithParam<RefusedRow> {};

TEST_P(RefusedRowTest, SaysWhyWithoutTheAddress) {
  auto read =
      ReadBack(std::string(kSuppressionCsvHeader) + GetParam().row + "\n", FormulaGuard::kMark);
  ASSERT_FALSE(read.ok());
  EXPECT_THAT(std::string(read.status().message()), HasSubstr(std::string(GetParam().why)));
  EXPECT_THAT(std::string(read.status().message()), testing::Not(HasSubstr("secret")));
}

INSTANTIATE_TEST_SUITE_P(, RefusedRowTest,
                         testing::ValuesIn<RefusedRow>({
                             {"NoAddress", ",acme", "no address"},
                             {"BlankAddress", " ,acme", "no address"},
                             {"NotUtf8", "secret@x\xFF,", "not UTF-8"},
                             {"Nul", "secret@x," + std::string(1, '\0'), "holds a NUL"},
                             {"Source", "secret@x,,,elsewhere", "source"},
                             {"Class", "secret@x,,,,,harder", "bounce_class"},
                             {"CreateTime", "secret@x,,,,,,7d", "create_time"},
                             {"ExpireTime", "secret@x,,,,,,,tomorrow", "expire_time"},
                             {"InfiniteTime", "secret@x,,,,,,,infinite-future", "expire_time"},
                             {"LongField",
                              "secret@x,,,,,,,," + std::string(kMaxFieldOctets + 1, 'x'),
                              "longer than 65536"},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(OwnCsv, TakesAFieldOfTheGreatestLength) {
  EXPECT_TRUE(ReadBack(std::string(kSuppressionCsvHeader) + "a@x,,,,,,,," +
                           std::string(kMaxFieldOctets, 'x') + "\n",
                       FormulaGuard::kMark)
                  .ok());
}

TEST(OwnCsv, AnExplanationIsWhatTheServerTakes) {
  auto read = ReadBack(std::string(kSuppressionCsvHeader) + "a@x,,,,,,,,\"\x1B[1m\ttab\nline " +
                           std::string(1'000, 'x') + "\"\n",
                       FormulaGuard::kMark);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->explanation(), " [1m\ttab\nline " + std::string(986, 'x'));
}

TEST(OwnCsv, TakesOtherColumnsInAnotherOrder) {
  auto read = ReadBack("mail,phone,Reason,stream\na@x,=5,full,news\n", FormulaGuard::kMark);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->address(), "a@x");
  EXPECT_EQ(read->reason(), "full");
  EXPECT_EQ(read->stream(), "news");
}

}  // namespace
}  // namespace bounced::cli
