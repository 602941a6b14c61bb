// The lists of other systems: each sample of lists/ as it is told, and what its rows become.
#include "server/cli/list_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/cli/times.h"
#include "server/cli/words.h"
#include "tests/cli/strings.h"

namespace bounced::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// 2026-06-01.
constexpr std::int64_t kNow = 1'780'272'000;

std::string ReadSample(std::string_view name) {
  std::ifstream file(std::string(BOUNCED_SOURCE_DIR) + "/tests/cli/lists/" + std::string(name));
  EXPECT_TRUE(file.good()) << name;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

ListOptions Options() {
  return {.stream = "",
          .streams = {{"Weekly News", "news"},
                      {"8", "offers"},
                      {"offers", "offers"},
                      {"non_transactional", "news"},
                      {"transactional", ""},
                      {"news@our.example", "news"},
                      {"broadcast", "news"}},
          .now = absl::FromUnixSeconds(kNow)};
}

// `address source reason class stream create_time expire_time`, - for none.
std::string Line(const v1::Suppression& row) {
  std::string line = row.address();
  for (const std::string& field :
       {Word(row.source()), row.reason(), Word(row.bounce_class()), row.stream(),
        FormatTime(row.create_time()), FormatTime(row.expire_time())}) {
    line += " " + (field.empty() ? "-" : field);
  }
  return line;
}

struct Reading {
  std::string format;  // or why there is none
  std::vector<std::string> rows;
};

Reading Read(const std::string& text, std::string_view name = "", std::size_t piece = 4'096,
             const ListOptions& options = Options()) {
  StringSource source(text, piece);
  auto records = OpenRecords(source, {}, FormulaGuard::kMark, PageLists());
  if (!records.ok()) return {std::string(records.status().message()), {}};
  auto format = name.empty() ? DetectFormat(**records) : FormatByName(name);
  if (!format.ok()) return {std::string(format.status().message()), {}};
  const ListReader list(**format, (*records)->address_name(), options);
  Reading reading{std::string((*format)->name), {}};
  Record record;
  for (;;) {
    absl::StatusOr<bool> there = (*records)->Next(record);
    if (!there.ok()) {
      reading.rows.push_back(std::string(there.status().message()));
      return reading;
    }
    if (!*there) return reading;
    absl::StatusOr<ListReading> rows = list.Read(record);
    if (!rows.ok()) {
      reading.rows.push_back(absl::StrCat(record.line, " rejected: ", rows.status().message()));
    } else if (!rows->skipped.empty()) {
      reading.rows.push_back(absl::StrCat(record.line, " skipped: ", rows->skipped));
    } else {
      for (const v1::Suppression& row : rows->suppressions) reading.rows.push_back(Line(row));
    }
  }
}

constexpr std::string_view kTime = " 2026-01-02T03:04:05Z -";

struct Case {
  std::string_view name;
  std::string_view file;
  std::string_view given;   // --format; empty: none
  std::string_view format;  // as it is told
  std::vector<std::string> rows;
};

std::string At(std::string_view row) { return std::string(row) + std::string(kTime); }

class SampleTest : public testing::TestWithParam<Case> {};

TEST_P(SampleTest, T44IsToldAndReadWhateverTheCuts) {
  const std::string text = ReadSample(GetParam().file);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100'000}}) {
    const Reading reading = Read(text, GetParam().given, piece);
    EXPECT_EQ(reading.format, GetParam().format);
    EXPECT_EQ(reading.rows, GetParam().rows) << "in pieces of " << piece;
  }
}

const std::vector<std::string>& SesRows() {
  static const auto& rows =
      *new std::vector<std::string>{"bounced@a.example bounce provider_suppressed hard - - -",
                                    "complained@a.example complaint complaint_abuse - - - -"};
  return rows;
}

INSTANTIATE_TEST_SUITE_P(
    , SampleTest,
    testing::ValuesIn<Case>({
        {"SesBulk", "ses_bulk.csv", "", "ses", SesRows()},
        {"SesLines", "ses_lines.json", "", "ses", SesRows()},
        {"SesCsv",
         "ses.csv",
         "",
         "ses",
         {At("bounced@a.example bounce provider_suppressed hard -"),
          At("complained@a.example complaint complaint_abuse - -"),
          "4 rejected: Amazon SES has no such word: OTHER"}},
        {"SesPage",
         "ses.json",
         "",
         "ses",
         {"bounced@a.example bounce provider_suppressed hard - 2026-01-02T03:04:05.123Z -",
          "complained@a.example complaint complaint_abuse - - 2026-01-02T03:04:05.123Z -"}},
        {"SendGridBounces",
         "sendgrid_bounces.csv",
         "sendgrid-bounces",
         "sendgrid-bounces",
         {At("gone@a.example bounce no_such_user hard -"),
          "3 skipped: its text says mailbox_full, which passes",
          "4 skipped: its text says sender_ip_blocked, which is no fault of the address",
          "5 skipped: its text says unclassified, which passes",
          At("odd@a.example bounce provider_suppressed hard -"),
          At("bare@a.example bounce provider_suppressed hard -")}},
        {"SendGridBouncesInJson",
         "sendgrid_bounces.json",
         "sendgrid-bounces",
         "sendgrid-bounces",
         {At("gone@a.example bounce no_such_user hard -"),
          "2 skipped: its text says mailbox_full, which passes"}},
        {"SendGridBlocks",
         "sendgrid_blocks.csv",
         "sendgrid-blocks",
         "sendgrid-blocks",
         {"2 skipped: the provider blames the message or its sender, not the address"}},
        {"SendGridSpamReports",
         "sendgrid_spam_reports.csv",
         "",
         "sendgrid-spam-reports",
         {At("complained@a.example complaint complaint_abuse - -")}},
        {"SendGridInvalidEmails",
         "sendgrid_invalid_emails.json",
         "",
         "sendgrid-invalid-emails",
         {At("wrong@a.example bounce no_such_domain hard -")}},
        {"SendGridUnsubscribes",
         "sendgrid_unsubscribes.csv",
         "sendgrid-unsubscribes",
         "sendgrid-unsubscribes",
         {At("left@a.example unsubscribe unsubscribe - -")}},
        {"SendGridGroups",
         "sendgrid_groups.json",
         "",
         "sendgrid-groups",
         {At("left@a.example unsubscribe unsubscribe - news"),
          At("also@a.example unsubscribe unsubscribe - offers"),
          "3 rejected: from Unknown Here only: say which stream that is, with --map-stream "
          "'Unknown Here=STREAM' or with --stream for all"}},
        {"MailgunBounces",
         "mailgun_bounces.csv",
         "",
         "mailgun-bounces",
         {At("gone@a.example bounce no_such_user hard -"),
          At("bare@a.example bounce provider_suppressed hard -"),
          "undated@a.example bounce no_such_user hard - - -"}},
        {"MailgunBouncesInPages",
         "mailgun_bounces.json",
         "",
         "mailgun-bounces",
         {At("gone@a.example bounce no_such_user hard -"),
          At("bare@a.example bounce provider_suppressed hard -")}},
        {"MailgunComplaints",
         "mailgun_complaints.csv",
         "mailgun-complaints",
         "mailgun-complaints",
         {At("complained@a.example complaint complaint_abuse - -")}},
        {"MailgunUnsubscribes",
         "mailgun_unsubscribes.json",
         "",
         "mailgun-unsubscribes",
         {At("all@a.example unsubscribe unsubscribe - -"),
          At("two@a.example unsubscribe unsubscribe - news"),
          At("two@a.example unsubscribe unsubscribe - offers"),
          At("both@a.example unsubscribe unsubscribe - -"),
          "5 rejected: from unknown here only: say which stream that is, with --map-stream "
          "'unknown here=STREAM' or with --stream for all",
          At("none@a.example unsubscribe unsubscribe - -")}},
        {"MailgunUnsubscribesInCsv",
         "mailgun_unsubscribes.csv",
         "",
         "mailgun-unsubscribes",
         {At("all@a.example unsubscribe unsubscribe - -"),
          "one@a.example unsubscribe unsubscribe - offers - -"}},
        {"PostmarkSuppressions",
         "postmark_suppressions.json",
         "",
         "postmark-suppressions",
         {At("bounced@a.example bounce provider_suppressed hard -"),
          At("complained@a.example complaint complaint_abuse - -"),
          At("left@a.example unsubscribe unsubscribe - -"),
          At("byhand@a.example manual manual - -")}},
        {"PostmarkBounces",
         "postmark_bounces.json",
         "",
         "postmark-bounces",
         {"gone@a.example bounce no_such_user hard - 2026-01-02T03:04:05.1234567Z -",
          "3 skipped: the provider calls it temporary", "4 skipped: Postmark mails it again",
          At("complained@a.example complaint complaint_abuse - -"),
          "6 skipped: the provider blames the message or its sender, not the address",
          At("left@a.example unsubscribe unsubscribe - news")}},
        {"SparkPost",
         "sparkpost.json",
         "",
         "sparkpost",
         {At("gone@a.example bounce no_such_user hard -"),
          "3 skipped: its text says mailbox_full, which passes",
          At("complained@a.example complaint complaint_abuse - -"),
          At("left@a.example unsubscribe unsubscribe - news"),
          At("byhand@a.example manual manual - -")}},
        {"SparkPostCsv",
         "sparkpost.csv",
         "",
         "sparkpost",
         {At("gone@a.example bounce no_such_user hard -"),
          At("left@a.example unsubscribe unsubscribe - news")}},
        {"Brevo",
         "brevo.json",
         "",
         "brevo",
         {At("gone@a.example bounce provider_suppressed hard -"),
          At("complained@a.example complaint complaint_abuse - -"),
          At("left@a.example unsubscribe unsubscribe - news"),
          At("byhand@a.example manual manual - -")}},
        {"BrevoCsv",
         "brevo.csv",
         "",
         "brevo",
         {At("gone@a.example bounce provider_suppressed hard -")}},
        {"Mandrill",
         "mandrill.json",
         "",
         "mandrill",
         {"gone@a.example bounce no_such_user hard - 2026-01-02T03:04:05Z 2027-03-01T00:00:00Z",
          "2 skipped: Mandrill's own entry is over",
          "soft@a.example bounce mailbox_full soft - 2026-01-02T03:04:05Z 2027-03-01T00:00:00Z",
          "4 skipped: the provider calls it temporary and does not say when it ends",
          At("complained@a.example complaint complaint_abuse - -"),
          At("left@a.example unsubscribe unsubscribe - -"),
          At("byhand@a.example manual manual - -")}},
        {"MandrillCsv",
         "mandrill.csv",
         "",
         "mandrill",
         {"2 skipped: Mandrill's own entry is over",
          "gone@a.example bounce no_such_user hard - 2026-01-02T03:04:05.51258Z "
          "2027-03-01T00:00:00Z"}},
        {"OwnJson",
         "own.json",
         "",
         "json",
         {At("left@a.example unsubscribe unsubscribe none news"),
          "gone@a.example bounce no_such_user hard - - -"}},
        {"OwnCsv",
         "own.csv",
         "",
         "csv",
         {At("gone@a.example bounce no_such_user hard -"),
          "=formula@a.example unsubscribe unsubscribe none news 2026-01-02T03:04:05Z "
          "2027-03-01T00:00:00Z"}},
        {"Addresses",
         "addresses.json",
         "",
         "json",
         {"one@a.example - - - - - -", "two@a.example - - - - - -"}},
        {"AddressesInLines",
         "addresses.txt",
         "",
         "csv",
         {"one@a.example - - - - - -", "2 rejected: no address", "two@a.example - - - - - -"}},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(DetectFormat, NamesWhatItSawWhenThereIsNoneOrMoreThanOne) {
  EXPECT_THAT(Read(ReadSample("sendgrid_bounces.csv")).format,
              AllOf(HasSubstr("may be sendgrid-bounces or sendgrid-blocks"),
                    HasSubstr("CSV with the fields: status, reason, email, created"),
                    HasSubstr("--format")));
  EXPECT_THAT(Read("email,created,favourite colour\na@x.example,1,red\n").format,
              AllOf(HasSubstr("no format is like this list"),
                    HasSubstr("email, created, favouritecolour"), HasSubstr("mandrill")));
  // What any list may have says nothing of its rows.
  for (const char* name : {"sendgrid-unsubscribes", "mailgun-complaints"}) {
    std::string file = std::string(name) + ".csv";
    std::replace(file.begin(), file.end(), '-', '_');
    EXPECT_THAT(Read(ReadSample(file)).format,
                AllOf(HasSubstr(absl::StrCat("may be ", name, ", or any other list: it is CSV")),
                      HasSubstr("--format")));
  }
  EXPECT_EQ(Read("address,created_at,count\na@x.example,,1\n").format, "mailgun-complaints");
  EXPECT_THAT(Read("{\"id\": 1}").format, HasSubstr("JSON with the fields: id"));
  EXPECT_THAT(Read("{\"id\": }").format,
              AllOf(HasSubstr("line 1: not JSON"), HasSubstr("--format")));
  EXPECT_THAT(Read("a@x.example,b\n").format, HasSubstr("CSV with the fields: 1, 2"));
  EXPECT_THAT(Read("a@x.example\n", "nowhere").format, HasSubstr("no format is called nowhere"));
}

TEST(DetectFormat, TakesAnEmptyListForOneWithoutRows) {
  for (const std::string text : {"", "[]", "[ ]\n", "{\"items\": []}", "\xEF\xBB\xBF"}) {
    const Reading reading = Read(text);
    EXPECT_EQ(reading.format, text.find('[') == text.npos ? "csv" : "json") << text;
    EXPECT_TRUE(reading.rows.empty());
  }
}

TEST(ListReader, StreamStandsInForAScopeThatIsNotMapped) {
  ListOptions options = Options();
  options.stream = "rest";
  EXPECT_THAT(Read(ReadSample("sendgrid_groups.json"), "", 4'096, options).rows,
              ElementsAre(At("left@a.example unsubscribe unsubscribe - news"),
                          At("also@a.example unsubscribe unsubscribe - offers"),
                          At("third@a.example unsubscribe unsubscribe - rest")));
  EXPECT_EQ(Read(ReadSample("mailgun_unsubscribes.json"), "", 4'096, options).rows[5],
            At("half@a.example unsubscribe unsubscribe - rest"));
  EXPECT_EQ(Read(ReadSample("postmark_suppressions.json"), "", 4'096, options).rows[0],
            At("bounced@a.example bounce provider_suppressed hard -"))
      << "bounces hold for all streams";
}

TEST(ListReader, WhatAnIncidentHoldsIsNotInForceElsewhere) {
  EXPECT_THAT(Read("{\"address\":\"a@x.example\",\"incident_id\":\"7\"}").rows,
              ElementsAre("1 skipped: an incident holds it: it is not in force"));
  EXPECT_THAT(Read("{\"address\":\"a@x.example\",\"incident_id\":\"0\"}").rows,
              ElementsAre("a@x.example - - - - - -"));
  // Nor is the number of the address of another database than this.
  EXPECT_THAT(Read("{\"address\":\"a@x.example\",\"address_id\":\"7\"}").rows,
              ElementsAre("a@x.example - - - - - -"));
}

TEST(ListReader, AFieldOfSeveralTagsIsOfEach) {
  ListOptions options = Options();
  options.streams["promo, really"] = "promo";
  EXPECT_THAT(Read("address,tags\na@x.example,\"news@our.example, offers\"\n"
                   "b@x.example,\"promo, really\"\nc@x.example,\"offers,nowhere\"\n",
                   "mailgun-unsubscribes", 4'096, options)
                  .rows,
              ElementsAre("a@x.example unsubscribe unsubscribe - news - -",
                          "a@x.example unsubscribe unsubscribe - offers - -",
                          "b@x.example unsubscribe unsubscribe - promo - -",
                          HasSubstr("rejected: from nowhere only")));
}

TEST(ListReader, ARowWithoutItsWordIsToldByTheNameOfTheField) {
  EXPECT_THAT(Read("email address,reason\na@x.example,\n", "ses").rows,
              ElementsAre("2 rejected: no reason"));
  EXPECT_THAT(Read("emailAddress,SuppressionReason\na@x.example,\n", "postmark-suppressions").rows,
              ElementsAre("2 rejected: no suppressionreason"));
}

TEST(ListReader, ACodeOfTheProvidersOwnDoesNotSayThatItPasses) {
  EXPECT_THAT(
      Read("address,code,error\na@x.example,498,No MX for x.example\n"
           "b@x.example,550,No MX for x.example\nc@x.example,471,Not so\n",
           "mailgun-bounces")
          .rows,
      ElementsAre("a@x.example bounce provider_suppressed hard - - -",
                  "b@x.example bounce provider_suppressed hard - - -", HasSubstr("which passes")));
}

TEST(ListReader, WhatAPersonSaidHoldsWithoutItsTime) {
  const std::string text = "address,created_at\na@x.example,20260102\nb@x.example,the other day\n";
  EXPECT_THAT(Read(text, "mailgun-complaints").rows,
              ElementsAre("a@x.example complaint complaint_abuse - - 2026-01-02T00:00:00Z -",
                          "b@x.example complaint complaint_abuse - - - -"));
  EXPECT_THAT(Read("address,code,error,created_at\na@x.example,550,no such user,the other day\n",
                   "mailgun-bounces")
                  .rows,
              ElementsAre("2 rejected: createdat: not a time: the other day"));
}

// Here `@x.example` stands for a domain.
TEST(ListReader, TakesNoDomainForAnAddressOfAnothersList) {
  EXPECT_THAT(Read("@x.example,BOUNCE\n").rows, ElementsAre("1 rejected: no local part"));
  EXPECT_THAT(Read("@x.example\n").rows, ElementsAre("@x.example - - - - - -"));
}

TEST(ListReader, CutsTextsWhereTheServerTakesNoMoreAndNeverACharacter) {
  StringSource source("[{\"email\":\"a@x.example\",\"created\":1,\"status\":\"\",\"reason\":\"" +
                      std::string(999, 'x') + "\u00e9" + "\"}]");
  auto records = OpenRecords(source, {}, FormulaGuard::kMark, PageLists());
  ASSERT_TRUE(records.ok());
  const ListReader list(**FormatByName("sendgrid-bounces"), "", Options());
  Record record;
  ASSERT_TRUE(*(*records)->Next(record));
  absl::StatusOr<ListReading> reading = list.Read(record);
  ASSERT_TRUE(reading.ok());
  ASSERT_EQ(reading->suppressions.size(), 1u) << reading->skipped;
  EXPECT_EQ(reading->suppressions[0].explanation(), std::string(999, 'x'));
}

struct TimeCase {
  std::string_view text;
  std::string_view want;  // "-": none; "!": not a time
};
class ListTimeTest : public testing::TestWithParam<TimeCase> {};

TEST_P(ListTimeTest, IsReadInUtc) {
  const absl::StatusOr<absl::Time> time = ParseListTime(GetParam().text);
  if (GetParam().want == "!") {
    EXPECT_FALSE(time.ok()) << GetParam().text;
  } else if (GetParam().want == "-") {
    EXPECT_TRUE(time.ok() && *time == absl::InfinitePast()) << GetParam().text;
  } else {
    ASSERT_TRUE(time.ok()) << GetParam().text;
    EXPECT_EQ(FormatTime(ToTimestamp(*time)), GetParam().want) << GetParam().text;
  }
}

INSTANTIATE_TEST_SUITE_P(, ListTimeTest,
                         testing::ValuesIn<TimeCase>({
                             {"", "-"},
                             {"0", "-"},
                             {"0001-01-01T00:00:00Z", "-"},
                             {"Mon, 01 Jan 0001 00:00:00 UTC", "-"},
                             {"1767323045", "2026-01-02T03:04:05Z"},
                             {"1767323045.5", "2026-01-02T03:04:05.5Z"},
                             {"1767323045000", "2026-01-02T03:04:05Z"},
                             {"2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"},
                             {"2026-01-02T04:04:05+01:00", "2026-01-02T03:04:05Z"},
                             {"2026-01-02T03:04:05", "2026-01-02T03:04:05Z"},
                             {"2026-01-02 03:04:05", "2026-01-02T03:04:05Z"},
                             {"2026-01-02 03:04:05.25", "2026-01-02T03:04:05.25Z"},
                             {"2026-01-02", "2026-01-02T00:00:00Z"},
                             {"20260102", "2026-01-02T00:00:00Z"},
                             {"19700102", "1970-01-02T00:00:00Z"},
                             {"19691231", "!"},
                             {"20261302", "!"},
                             {"Fri, 02 Jan 2026 03:04:05 GMT", "2026-01-02T03:04:05Z"},
                             {"Fri, 02 Jan 2026 04:04:05 +0100", "2026-01-02T03:04:05Z"},
                             {"02/01/2026", "!"},
                             {"-5", "!"},
                             {"nan", "!"},
                             {"inf", "!"},
                             {"1e300", "!"},
                             {"infinite-future", "!"},
                             {"yesterday", "!"},
                         }));

}  // namespace
}  // namespace bounced::cli
