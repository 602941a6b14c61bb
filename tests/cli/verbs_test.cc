// The verbs as users run them, against a server that remembers what it was sent.

#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "server/base/clock.h"
#include "server/cli/csv_machine.h"
#include "server/cli/lines.h"
#include "server/cli/times.h"
#include "server/login/scram.h"
#include "tests/cli/fixture.h"

namespace bounced::cli {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class StandingClock : public Clock {
 public:
  absl::Time Now() const override { return absl::FromUnixSeconds(1'800'000'000); }
  absl::Time Steady() const override { return Now(); }
};

class VerbsTest : public BouncectlTest {};

TEST_F(VerbsTest, CheckTellsOfEachAddressALine) {
  const Outcome good = Run({"check", "a@x", "risky@x"});
  EXPECT_EQ(good.code, 0) << good.err;
  EXPECT_EQ(good.out, "a@x\tsend\nrisky@x\trisky\n");
  const Outcome bad = Run({"check", "a@x", "bad@x"});
  EXPECT_EQ(bad.code, 1);
  EXPECT_EQ(bad.out, "a@x\tsend\nbad@x\tsuppressed\tno_such_user\tNobody\\x{1B}[31m there.\n");
  EXPECT_EQ(Run({"check", "none"}).code, 1);
  EXPECT_EQ(Run({"check", "\xFF@x"}).out, "\xEF\xBF\xBD@x\tinvalid\n");
  EXPECT_EQ(Run({"check", "--", "-a@x"}).out, "-a@x\tsend\n");
}

TEST_F(VerbsTest, CheckReadsLinesOfAnyNumber) {
  std::string input;
  std::string want;
  for (int i = 0; i < 2'001; ++i) {
    input += "a" + std::to_string(i) + "@x\r\n";
    want += "a" + std::to_string(i) + "@x\tsend\n";
  }
  const Outcome outcome = Run({"check", "-", "--tenant", "acme", "--stream", "news"}, input);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, want);
  for (const auto& request : server_.suppressions.checked) {
    EXPECT_EQ(request.tenant(), "acme");
    EXPECT_EQ(request.stream(), "news");
    EXPECT_LE(request.addresses_size(), 1'000);
  }
  EXPECT_EQ(Run({"check", "-"}, "bad@x").code, 1);
  EXPECT_EQ(Run({"check", "-"}, "").out, "");
  EXPECT_THAT(Run({"check", "-"}, std::string(70'000, 'a') + "\na@x\n").out,
              testing::EndsWith("a\tinvalid\na@x\tsend\n"));
}

TEST_F(VerbsTest, CheckInJson) {
  const Outcome outcome = Run({"--json", "check", "a@x", "bad@x"});
  EXPECT_EQ(outcome.out,
            "{\"address\":\"a@x\",\"verdict\":\"VERDICT_SEND\"}\n"
            "{\"address\":\"bad@x\",\"verdict\":\"VERDICT_SUPPRESSED\",\"suppression\":{"
            "\"address\":\"bad@x\",\"reason\":\"no_such_user\","
            "\"explanation\":\"Nobody\\u001b[31m there.\"}}\n");
}

TEST_F(VerbsTest, CleanWritesToFilesAndSaysWhatItDid) {
  folder_.Write("list", "id,email\n1,a@x\n2,bad@x\n3,risky@x\n");
  const Outcome outcome =
      Run({"clean", folder_ / "list", "-o", folder_ / "list", "--rejects", folder_ / "rejects"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err,
            "3 rows: 2 kept, 1 rejected (1 suppressed, 0 invalid, 0 empty); 1 risky kept\n");
  EXPECT_EQ(folder_.Read("list"), "id,email\n1,a@x\n3,risky@x\n");
  EXPECT_EQ(folder_.Read("rejects"), "id,email\n2,bad@x\n");
}

TEST_F(VerbsTest, CleanReadsStandardInputAndSaysItsCountsInJson) {
  const Outcome outcome = Run({"clean", "--json", "--column", "2", "--no-header"}, "1;a@x\n2;x\n");
  EXPECT_EQ(outcome.out, "1;a@x\n");
  EXPECT_EQ(outcome.err,
            "{\"rows\":2,\"kept\":1,\"suppressed\":0,\"invalid\":1,\"empty\":0,\"risky\":0}\n");
}

TEST_F(VerbsTest, CleanLeavesFilesAsTheyWereWhenTheServerIsLost) {
  folder_.Write("out", "old");
  server_.suppressions.before_answer = [](int, grpc::ServerContext&) {
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone");
  };
  const Outcome lost = Run({"clean", "-o", folder_ / "out"}, "a@x\n");
  EXPECT_EQ(lost.code, 3);
  EXPECT_THAT(lost.err, HasSubstr("nothing was written to"));
  EXPECT_EQ(folder_.Read("out"), "old");
  EXPECT_THAT(folder_.Names(), ElementsAre("out"));
  const Outcome on_output = Run({"clean"}, "a@x\n");
  EXPECT_EQ(on_output.code, 3);
  EXPECT_THAT(on_output.err, HasSubstr("0 rows had been sorted and 0 of them written before that"));
}

TEST_F(VerbsTest, CleanRefusesWhatItCannotDo) {
  EXPECT_EQ(Run({"clean", "/nonexistent"}).code, 2);
  EXPECT_EQ(Run({"clean", "--reasons"}).code, 2);
  EXPECT_EQ(Run({"clean", "-o", "x", "--rejects", "x"}).code, 2);
  EXPECT_EQ(Run({"clean", "--delimiter", "ab"}).code, 2);
  EXPECT_EQ(Run({"clean", "--delimiter", "\""}).code, 2);
  EXPECT_EQ(Run({"clean"}, "x,y\n").code, 2);
  EXPECT_EQ(Run({"clean", "--delimiter", "tab"}, "x\temail\n").code, 0);
}

v1::Suppression Stored(const std::string& address) {
  v1::Suppression suppression;
  suppression.set_tenant("default");
  suppression.set_address(address);
  suppression.set_source(v1::SOURCE_BOUNCE);
  suppression.set_reason("no_such_user");
  suppression.set_bounce_class(v1::BOUNCE_CLASS_HARD);
  suppression.mutable_create_time()->set_seconds(1'700'000'000);
  return suppression;
}

TEST_F(VerbsTest, ListTakesPageAfterPage) {
  for (int i = 0; i < 5; ++i) {
    server_.suppressions.stored.push_back(Stored("a" + std::to_string(i) + "@x"));
  }
  const Outcome all = Run({"list", "--source", "bounce", "--domain", "x", "--since", "2026-01-31"});
  EXPECT_EQ(all.code, 0) << all.err;
  EXPECT_THAT(all.out,
              StartsWith("a0@x\t-\tbounce\tno_such_user\thard\t2023-11-14T22:13:20.000000Z\t-\n"));
  EXPECT_EQ(std::count(all.out.begin(), all.out.end(), '\n'), 5);
  ASSERT_EQ(server_.suppressions.listed.size(), 3u);
  const v1::SuppressionFilter& filter = server_.suppressions.listed[2].filter();
  EXPECT_EQ(filter.source(), v1::SOURCE_BOUNCE);
  EXPECT_EQ(filter.domain(), "x");
  EXPECT_EQ(FormatTime(filter.created_from()), "2026-01-31T00:00:00Z");
  EXPECT_FALSE(filter.has_stream());

  const Outcome three = Run({"list", "--limit", "3", "--stream", ""});
  EXPECT_EQ(std::count(three.out.begin(), three.out.end(), '\n'), 3);
  EXPECT_TRUE(server_.suppressions.listed.back().filter().has_stream());
  EXPECT_EQ(Run({"list", "--source", "nowhere"}).code, 2);
  EXPECT_EQ(Run({"list", "--until", "soon"}).code, 2);
  EXPECT_EQ(Run({"list", "--limit", "0"}).code, 2);

  Run({"list", "--in-force", "--return-path-key", "a", "--return-path-domain", "b.example"});
  const v1::SuppressionFilter& of_key = server_.suppressions.listed.back().filter();
  EXPECT_TRUE(of_key.in_force());
  EXPECT_EQ(of_key.return_path_key(), "a");
  EXPECT_EQ(of_key.return_path_domain(), "b.example");
  EXPECT_EQ(Run({"list", "--return-path-key", "a"}).code, 2);
  EXPECT_EQ(Run({"list", "--return-path-domain", "b.example"}).code, 2);
}

TEST_F(VerbsTest, LinesSortByTheirTimes) {
  // In this order, of one second.
  std::vector<std::string> times;
  for (const int nanos : {0, 10'050'000, 11'797'000, 100'000'000}) {
    v1::Suppression stored = Stored("a@x");
    stored.mutable_create_time()->set_nanos(nanos);
    server_.suppressions.stored = {stored};
    times.push_back(Run({"list"}).out);
  }
  EXPECT_THAT(times[1], HasSubstr("20.010050Z\t"));
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
}

TEST_F(VerbsTest, GetAddAndRemove) {
  server_.suppressions.stored = {Stored("a@x")};
  EXPECT_THAT(Run({"get", "a@x"}).out, StartsWith("a@x\t"));
  EXPECT_EQ(Run({"get", "b@x"}).code, 1);

  const StandingClock clock;
  const Outcome added =
      RunAt(server_.address(), {"add", "new@x", "bad@x", "--reason", "asked", "--expires", "30d"},
            "", false, clock);
  EXPECT_EQ(added.code, 1);
  EXPECT_THAT(added.out, StartsWith("new@x\t"));
  EXPECT_THAT(added.err, HasSubstr("bad@x is suppressed by hand already"));
  ASSERT_EQ(server_.suppressions.created.size(), 2u);
  EXPECT_EQ(server_.suppressions.created[0].author(), "tester");
  EXPECT_EQ(FormatTime(server_.suppressions.created[0].suppression().expire_time()),
            "2027-02-14T08:00:00Z");

  const Outcome removed = Run({"remove", "bad@x", "a@x", "--cause", "wrong", "--source", "manual"});
  EXPECT_EQ(removed.code, 1);
  EXPECT_THAT(removed.out, StartsWith("bad@x\t"));
  EXPECT_THAT(removed.err, HasSubstr("a@x is not suppressed here"));
  EXPECT_EQ(server_.suppressions.deleted[0].cause(), "wrong");
  EXPECT_EQ(server_.suppressions.deleted[0].source(), v1::SOURCE_MANUAL);
  EXPECT_EQ(Run({"remove", "bad@x"}).code, 0);
}

TEST_F(VerbsTest, WhatIsNoAddressKeepsNoOtherFromItsTurn) {
  const struct {
    std::vector<std::string> line;
    std::string input;
    std::string out;  // how it begins
    std::vector<std::string> says;
  } cases[] = {
      {{"add", "a@x", "nobody", "b@x"}, "", "a@x\t", {"bouncectl: nobody: no @\n"}},
      {{"add", "bad@x", "nobody", "b@x"}, "", "b@x\t", {"nobody: no @", "by hand already"}},
      {{"remove", "bad@x", "nobody", "bad2@x"}, "", "bad@x\t", {"bouncectl: nobody: no @\n"}},
      {{"allow", "nobody", "c@x"}, "", "c@x\t", {"bouncectl: nobody: no @\n"}},
      {{"disallow", "nobody", "c@x"}, "", "", {"bouncectl: nobody: no @\n"}},
      {{"remove", "-"},
       "bad@x\n\nnobody\n\xFF@x\na@x\nbad2@x",
       "bad@x\t",
       {"bouncectl: line 3: nobody: no @\n", "line 4: \xEF\xBF\xBD@x: not UTF-8\n",
        "line 5: a@x is not suppressed here"}},
      {{"remove", "-"},
       std::string(kMaxLineOctets + 1, 'a') + "\nbad2@x\n",
       "bad2@x\t",
       {"line 1: longer than 65536 octets\n"}},
  };
  for (const auto& c : cases) {
    const Outcome outcome = Run(c.line, c.input);
    EXPECT_EQ(outcome.code, 2) << c.line[0];
    EXPECT_THAT(outcome.out, StartsWith(c.out)) << c.line[0];
    for (const std::string& says : c.says) EXPECT_THAT(outcome.err, HasSubstr(says));
  }
  ASSERT_FALSE(server_.suppressions.created.empty());
  EXPECT_EQ(server_.suppressions.created.back().suppression().address(), "b@x");
  ASSERT_FALSE(server_.suppressions.deleted.empty());
  EXPECT_EQ(server_.suppressions.deleted.back().address(), "bad2@x");
  EXPECT_THAT(server_.suppressions.allowances, IsEmpty());
}

TEST_F(VerbsTest, AServerThatFailsEndsTheListAndTheLineIsTold) {
  server_.suppressions.delete_status = {grpc::StatusCode::PERMISSION_DENIED, "may not write"};
  const Outcome outcome = Run({"remove", "-"}, "nobody\nbad@x\nbad2@x\n");
  EXPECT_EQ(outcome.code, 3);
  EXPECT_EQ(outcome.err, "bouncectl: line 1: nobody: no @\nbouncectl: line 2: may not write\n");
  EXPECT_EQ(server_.suppressions.deleted.size(), 1u);
  EXPECT_EQ(Run({"remove", "bad@x", "bad2@x"}).err, "bouncectl: may not write\n");
}

TEST_F(VerbsTest, AllowanceIsMadeListedAndTakenBack) {
  EXPECT_THAT(Run({"allow", "a@x", "@y", "--note", "a partner"}).out,
              StartsWith("a@x\t-\ttester\ta partner\n@y\t"));
  const Outcome again = Run({"allow", "a@x"});
  EXPECT_EQ(again.code, 1);
  EXPECT_THAT(again.err, HasSubstr("a@x is allowed already"));
  EXPECT_EQ(Run({"allowed"}).out, "a@x\t-\ttester\ta partner\n@y\t-\ttester\ta partner\n");
  EXPECT_THAT(Run({"allowed", "--json"}).out, StartsWith("{\"address\":\"a@x\""));
  EXPECT_EQ(Run({"disallow", "a@x"}).code, 0);
  const Outcome gone = Run({"disallow", "a@x", "@y"});
  EXPECT_EQ(gone.code, 1);
  EXPECT_THAT(gone.err, HasSubstr("a@x is not allowed here"));
  EXPECT_EQ(Run({"allowed"}).out, "");
}

TEST_F(VerbsTest, IncidentsAreListedAndResolved) {
  EXPECT_EQ(Run({"incidents"}).code, 0);
  v1::Incident& incident = server_.reports.stored.emplace_back();
  incident.set_incident_id(7);
  incident.set_kind(v1::INCIDENT_KIND_QUARANTINE);
  incident.set_state(v1::INCIDENT_STATE_OPEN);
  incident.set_domain("x.example");
  incident.set_count(25);
  incident.set_reason("no_such_user");
  incident.set_sample("user\tunknown");
  const Outcome listed = Run({"incidents"});
  EXPECT_EQ(listed.code, 1);
  EXPECT_THAT(listed.out,
              StartsWith("7\tquarantine\topen\tx.example\t25\tno_such_user\t-\t-\tuser"));
  EXPECT_EQ(server_.reports.listed[1].state(), v1::INCIDENT_STATE_OPEN);
  EXPECT_THAT(Run({"incidents", "--all", "--json"}).out, StartsWith("{\"incident_id\":\"7\""));
  EXPECT_EQ(server_.reports.listed[2].state(), v1::INCIDENT_STATE_UNSPECIFIED);

  EXPECT_EQ(Run({"resolve", "7"}).code, 2);
  EXPECT_EQ(Run({"resolve", "7", "--confirm", "--release"}).code, 2);
  EXPECT_EQ(Run({"resolve", "0", "--confirm"}).code, 2);
  EXPECT_EQ(Run({"resolve", "7", "--release", "--cause", "they said so"}).code, 0);
  ASSERT_EQ(server_.reports.resolved.size(), 1u);
  EXPECT_EQ(server_.reports.resolved[0].resolution(),
            v1::ResolveIncidentRequest::RESOLUTION_RELEASE);
  EXPECT_EQ(server_.reports.resolved[0].cause(), "they said so");
  EXPECT_EQ(server_.reports.resolved[0].author(), "tester");
  server_.reports.resolve_batch = 4'711;
  incident.set_state(v1::INCIDENT_STATE_RELEASED);
  EXPECT_THAT(Run({"resolve", "7", "--release"}).err,
              HasSubstr("`bouncectl undo --batch 4711` takes this back"));
  EXPECT_THAT(Run({"resolve", "7", "--release", "--json"}).out, EndsWith("}\n{\"batch\":4711}\n"));
  incident.set_state(v1::INCIDENT_STATE_CONFIRMED);
  EXPECT_THAT(Run({"resolve", "7", "--confirm"}).err,
              HasSubstr("`bouncectl history --batch 4711` shows whom"));
  const Outcome none = Run({"resolve", "8", "--confirm"});
  EXPECT_EQ(none.code, 1);
  EXPECT_THAT(none.err, HasSubstr("incident 8: there is no such incident"));
}

TEST_F(VerbsTest, RefusalsAndRatesAreListedAndResolved) {
  v1::Incident& refusal = server_.reports.stored.emplace_back();
  refusal.set_incident_id(8);
  refusal.set_kind(v1::INCIDENT_KIND_REFUSAL);
  refusal.set_state(v1::INCIDENT_STATE_OPEN);
  refusal.set_provider("microsoft");
  refusal.set_sender("192.0.2.7");
  refusal.set_reason("sender_ip_blocked");
  refusal.set_provider_code("S3150");
  refusal.set_provider_page("https://postmaster.example/");
  refusal.set_count(25);
  refusal.set_sample("blocked");
  refusal.set_window_count(20);
  refusal.set_window_total(400);
  refusal.set_window_seconds(3'600);
  refusal.set_deliveries_known(true);
  v1::Incident& rate = server_.reports.stored.emplace_back();
  rate.set_incident_id(9);
  rate.set_kind(v1::INCIDENT_KIND_COMPLAINT_RATE);
  rate.set_state(v1::INCIDENT_STATE_CLOSED);
  rate.set_severity(v1::INCIDENT_SEVERITY_CRITICAL);
  rate.set_count(7);
  rate.set_window_count(6);
  rate.set_window_seconds(86'400);
  const Outcome listed = Run({"incidents", "--kind", "refusal", "--provider", "microsoft",
                              "--since", "2023-11-01", "--until", "2023-11-02T00:00:00Z"});
  EXPECT_EQ(listed.code, 1);
  EXPECT_EQ(listed.out,
            "8\trefusal\topen\tmicrosoft\t25\tsender_ip_blocked\t-\t-\tblocked\t20 of 400 in 1h\t"
            "192.0.2.7\tS3150\thttps://postmaster.example/\n"
            "9\tcomplaint_rate\tclosed\t-\t7\tcritical\t-\t-\t-\t6 in 24h\t-\t-\t-\n");
  ASSERT_EQ(server_.reports.listed.size(), 1u);
  const v1::ListIncidentsRequest& request = server_.reports.listed[0];
  EXPECT_EQ(request.kind(), v1::INCIDENT_KIND_REFUSAL);
  EXPECT_EQ(request.provider(), "microsoft");
  EXPECT_EQ(request.active_from().seconds(), 1'698'796'800);
  EXPECT_EQ(request.active_before().seconds(), 1'698'883'200);
  const Outcome wrong = Run({"incidents", "--kind", "refusals"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("quarantine, refusal, bounce_rate, complaint_rate"));
  EXPECT_EQ(Run({"incidents", "--since", "yesterday"}).code, 2);

  EXPECT_EQ(Run({"resolve", "8", "--close", "--acknowledge"}).code, 2);
  EXPECT_EQ(Run({"resolve", "8", "--close", "--cause", "moved"}).code, 0);
  EXPECT_EQ(Run({"resolve", "8", "--acknowledge"}).code, 0);
  ASSERT_EQ(server_.reports.resolved.size(), 2u);
  EXPECT_EQ(server_.reports.resolved[0].resolution(), v1::ResolveIncidentRequest::RESOLUTION_CLOSE);
  EXPECT_EQ(server_.reports.resolved[1].resolution(),
            v1::ResolveIncidentRequest::RESOLUTION_ACKNOWLEDGE);
}

TEST_F(VerbsTest, ExportGuardsAndImportTakesItBack) {
  server_.suppressions.stored = {Stored("=cmd()@x"), Stored("a@x")};
  const Outcome exported = Run({"export"});
  EXPECT_EQ(exported.out,
            "address,tenant,stream,source,reason,bounce_class,create_time,expire_time,explanation\n"
            "'=cmd()@x,default,,bounce,no_such_user,hard,2023-11-14T22:13:20Z,,\n"
            "a@x,default,,bounce,no_such_user,hard,2023-11-14T22:13:20Z,,\n");
  EXPECT_THAT(Run({"export", "--raw"}).out, HasSubstr("\n=cmd()@x,"));
  EXPECT_THAT(Run({"export", "--json"}).out, StartsWith("{\"tenant\":\"default\","));
  EXPECT_EQ(Run({"export", "-o", folder_ / "e.csv"}).out, "");
  EXPECT_EQ(folder_.Read("e.csv"), exported.out);

  const Outcome imported = Run({"import", folder_ / "e.csv", "--replace"});
  EXPECT_EQ(imported.code, 0) << imported.err;
  EXPECT_EQ(imported.out,
            "2 created, 0 replaced, 0 existing, 0 unchanged, 0 skipped, 0 rejected\n");
  ASSERT_EQ(server_.suppressions.imported.size(), 1u);
  const v1::ImportSuppressionsRequest& request = server_.suppressions.imported[0];
  EXPECT_TRUE(request.replace());
  EXPECT_EQ(request.author(), "tester");
  ASSERT_EQ(request.suppressions_size(), 2);
  EXPECT_EQ(request.suppressions(0).address(), "=cmd()@x");
  EXPECT_EQ(request.suppressions(0).source(), v1::SOURCE_BOUNCE);
  EXPECT_EQ(request.suppressions(0).bounce_class(), v1::BOUNCE_CLASS_HARD);
  EXPECT_EQ(request.suppressions(0).create_time().seconds(), 1'700'000'000);
}

TEST_F(VerbsTest, T43ExportWritesWhatOtherSystemsImport) {
  v1::Suppression complaint = Stored("=c@x");
  complaint.set_source(v1::SOURCE_COMPLAINT);
  v1::Suppression left = Stored("left@x");
  left.set_source(v1::SOURCE_UNSUBSCRIBE);
  left.set_stream("news");
  v1::Suppression ends = Stored("ends@x");
  ends.mutable_expire_time()->set_seconds(1'900'000'000);
  server_.suppressions.stored = {Stored("a@x"), complaint, left, ends};
  server_.suppressions.stored[0].set_explanation("No \"such\" user");
  struct Case {
    std::string format;
    std::string want;
    std::string left_out;
  };
  for (const Case& c : {
           Case{"ses", "a@x,BOUNCE\n'=c@x,COMPLAINT\n", "left out 2 of 4"},
           Case{"mailgun-bounces",
                "address,code,error,created_at\n"
                "a@x,550,\"No \"\"such\"\" user\",\"Tue, 14 Nov 2023 22:13:20 +0000\"\n",
                "left out 3 of 4"},
           Case{"mailgun-complaints",
                "address,created_at\n'=c@x,\"Tue, 14 Nov 2023 22:13:20 +0000\"\n",
                "left out 3 of 4"},
           Case{"mailgun-unsubscribes",
                "address,tags,created_at\nleft@x,news,\"Tue, 14 Nov 2023 22:13:20 +0000\"\n",
                "left out 3 of 4"},
           Case{"postmark-suppressions",
                "{\"Suppressions\":[{\"EmailAddress\":\"a@x\"},{\"EmailAddress\":\"=c@x\"}]}\n",
                "left out 2 of 4"},
           Case{"sendgrid-unsubscribes", "{\"recipient_emails\":[\"a@x\",\"=c@x\"]}\n",
                "left out 2 of 4"},
           Case{
               "sparkpost",
               "{\"recipients\":[{\"recipient\":\"a@x\",\"type\":\"non_transactional\","
               "\"description\":\"No \\\"such\\\" user\"},{\"recipient\":\"a@x\",\"type\":"
               "\"transactional\",\"description\":\"No \\\"such\\\" user\"},"
               "{\"recipient\":\"=c@x\",\"type\":\"non_transactional\",\"description\":\"\"},"
               "{\"recipient\":\"=c@x\",\"type\":\"transactional\",\"description\":\"\"},"
               "{\"recipient\":\"left@x\",\"type\":\"non_transactional\",\"description\":\"\"}]}\n",
               "left out 1 of 4"},
           Case{"mandrill",
                "{\"email\":\"a@x\",\"comment\":\"No \\\"such\\\" user\"}\n"
                "{\"email\":\"=c@x\",\"comment\":\"\"}\n",
                "left out 2 of 4"},
       }) {
    const Outcome outcome = Run({"export", "--format", c.format});
    EXPECT_EQ(outcome.code, 0) << c.format;
    EXPECT_EQ(outcome.out, c.want) << c.format;
    EXPECT_THAT(outcome.err, HasSubstr(c.left_out)) << c.format;
  }
  EXPECT_EQ(Run({"export", "--format", "ses", "--raw"}).out, "a@x,BOUNCE\n=c@x,COMPLAINT\n");
  EXPECT_EQ(Run({"export", "--format", "json"}).out, Run({"export", "--json"}).out);
  EXPECT_EQ(Run({"export", "--format", "brevo"}).code, 2);
  // Where rows of one stream were asked for, the server gives no others.
  EXPECT_THAT(Run({"export", "--format", "postmark-suppressions", "--stream", "news"}).out,
              HasSubstr("left@x"));
  // No request holds more than the API takes.
  server_.suppressions.stored.assign(51, Stored("a@x"));
  const std::string two = Run({"export", "--format", "postmark-suppressions"}).out;
  EXPECT_EQ(std::count(two.begin(), two.end(), '\n'), 2);
  EXPECT_THAT(two, testing::EndsWith("\n{\"Suppressions\":[{\"EmailAddress\":\"a@x\"}]}\n"));
}

TEST_F(VerbsTest, T43ExportGivesOthersNoDomainsNorTheForgottenNorWhatAnAllowanceOverrules) {
  v1::Suppression complaint = Stored("c@ok.example");
  complaint.set_source(v1::SOURCE_COMPLAINT);
  server_.suppressions.stored = {Stored("a@x.example"),
                                 Stored("@x.example"),
                                 Stored("B@y.example"),
                                 Stored("d@ok.example"),
                                 complaint,
                                 Stored("0123456789abcdef@forgotten.invalid")};
  for (const char* allowed : {"b@y.example", "@ok.example"}) {
    server_.suppressions.allowances.emplace_back().set_address(allowed);
  }
  const Outcome outcome = Run({"export", "--format", "ses"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "a@x.example,BOUNCE\nc@ok.example,COMPLAINT\n");
  EXPECT_THAT(outcome.err, HasSubstr("left out 2 of 6, for which"));
  EXPECT_THAT(outcome.err, HasSubstr("left out 2 of 6, which an allowance overrules"));
  const std::string own = Run({"export"}).out;
  EXPECT_EQ(std::count(own.begin(), own.end(), '\n'), 7);
}

TEST_F(VerbsTest, ImportSendsAThousandRowsARequest) {
  for (int rows : {0, 999, 1'000, 1'001}) {
    server_.suppressions.imported.clear();
    std::string input;
    for (int i = 0; i < rows; ++i) input += "a" + std::to_string(i) + "@x\n";
    const Outcome outcome = Run({"import", "--stream", "news", "--reason", "old"}, input);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    int sent = 0;
    for (const auto& request : server_.suppressions.imported) {
      EXPECT_LE(request.suppressions_size(), 1'000);
      sent += request.suppressions_size();
      for (const auto& suppression : request.suppressions()) {
        ASSERT_EQ(suppression.stream(), "news");
        ASSERT_EQ(suppression.reason(), "old");
      }
    }
    EXPECT_EQ(sent, rows);
    EXPECT_EQ(server_.suppressions.imported.size(), rows > 1'000 ? 2u : 1u);
  }
}

TEST_F(VerbsTest, T44ImportNamesTheLinesOfRejectedRows) {
  server_.suppressions.import_outcome = [](std::int64_t, const v1::Suppression& row) {
    return row.address() == "nobody" ? v1::IMPORT_OUTCOME_REJECTED : v1::IMPORT_OUTCOME_CREATED;
  };
  const Outcome outcome = Run({"import"},
                              "address,explanation,create_time\n"
                              "a@x,\"two\nlines\",\n"
                              "b@x,,yesterday\n"
                              "\n"
                              "nobody,,\n");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("line 4: create_time: not a time"));
  EXPECT_THAT(outcome.err, HasSubstr("line 6: no @"));
  EXPECT_EQ(outcome.out, "1 created, 0 replaced, 0 existing, 0 unchanged, 0 skipped, 2 rejected\n");
  EXPECT_EQ(Run({"import", "--json"}, "nobody\n").out,
            "{\"format\":\"csv\",\"dry_run\":false,\"created\":0,\"replaced\":0,\"existing\":0,"
            "\"unchanged\":0,\"skipped\":0,\"rejected\":1}\n");
}

TEST_F(VerbsTest, AResumeFileHasAName) {
  for (const char* verb : {"watch", "export", "reclassify"}) {
    const Outcome outcome = Run({verb, "--resume-file", ""});
    EXPECT_EQ(outcome.code, 2) << verb;
    EXPECT_THAT(outcome.err, HasSubstr("--resume-file: the name of the file is empty")) << verb;
  }
}

// Variables of a script that were not set: nobody's data goes out for another's, nor another's
// away.
TEST_F(VerbsTest, WhatIsEmptyIsNotTakenForAll) {
  for (const std::vector<std::string>& line : {std::vector<std::string>{"export", "--address", ""},
                                               {"forget", "--tenant", "", "a@b.example"}}) {
    const Outcome outcome = Run(line);
    EXPECT_EQ(outcome.code, 2) << outcome.out;
    EXPECT_THAT(outcome.err, HasSubstr(line[1] + ": must")) << outcome.err;
  }
}

TEST_F(VerbsTest, ATimeThatIsEmptyIsNone) {
  for (const std::vector<std::string>& line :
       {std::vector<std::string>{"add", "a@x", "--expires", ""},
        {"keys", "create", "ops", "--expires", ""},
        {"list", "--since", ""},
        {"list", "--until", ""},
        {"export", "--since", ""},
        {"reclassify", "--since", ""},
        {"reclassify", "--until", ""},
        {"events", "--since", ""},
        {"incidents", "--since", ""},
        {"history", "--since", ""},
        {"undo", "--author", "ann", "--since", ""}}) {
    const Outcome outcome = Run(line);
    EXPECT_EQ(outcome.code, 2) << line[0];
    EXPECT_THAT(outcome.err, HasSubstr("not a time: ")) << line[0];
  }
}

TEST_F(VerbsTest, WhatIsNotUtf8IsToldBeforeAnyCall) {
  const std::string bad = "a\xFF@t.example";
  for (const std::vector<std::string>& line : {std::vector<std::string>{"add", bad},
                                               {"add", "a@x", "--reason", bad},
                                               {"get", bad},
                                               {"remove", "a@x", bad},
                                               {"allow", bad},
                                               {"disallow", bad},
                                               {"explain", bad},
                                               {"history", bad},
                                               {"events", bad},
                                               {"forget", bad},
                                               {"list", "--prefix", bad},
                                               {"export", "--address", bad},
                                               {"return-path", "mint", "--recipient", bad},
                                               {"import", "--reason", bad},
                                               {"check", "a@x", "--tenant", bad},
                                               {"--stream", bad, "check", "a@x"}}) {
    // Nobody is there: a call would end with 3.
    const Outcome outcome = RunAt("127.0.0.1:1", line, "", false, SystemClock());
    EXPECT_EQ(outcome.code, 2) << line[0];
    EXPECT_THAT(outcome.err, HasSubstr("not UTF-8")) << line[0];
  }
}

// What files are called, and what stands in them, may be of an older day.
TEST_F(VerbsTest, NamesOfFilesAndColumnsMayBeAnyOctets) {
  const std::string file = folder_.Write("\xE4.csv", "adr\xE4,n\nbad@x,1\n");
  EXPECT_EQ(Run({"import", file, "--column", "adr\xE4"}).out,
            "1 created, 0 replaced, 0 existing, 0 unchanged, 0 skipped, 0 rejected\n");
  EXPECT_EQ(Run({"export", "-o", folder_ / "\xF6.csv"}).code, 0);
}

TEST_F(VerbsTest, T44ARowThatIsTooLongIsOneRejectedRow) {
  // A value may have 64 KiB.
  const auto grown = [](std::string row, std::string_view between, std::string_view end,
                        std::size_t octets) {
    for (bool is_first = true; row.size() + end.size() < octets; is_first = false) {
      if (!is_first) row += between;
      row.append(std::min<std::size_t>(60'000, octets - end.size() - row.size()), 'x');
    }
    return row.append(end);
  };
  const auto csv = [&](std::size_t octets) { return grown("a@x,", ",", "\n", octets); };
  const auto json = [&](std::size_t octets) {
    return grown("{\"address\":\"a@x\",\"n\":[\"", "\",\"", "\"]}", octets);
  };
  ASSERT_EQ(csv(kMaxRowOctets).size(), kMaxRowOctets);
  ASSERT_EQ(json(kMaxRowOctets).size(), kMaxRowOctets);
  const std::pair<std::string, std::string> lists[] = {
      {"csv", "address,n\nfirst@x,\n" + csv(kMaxRowOctets) + csv(kMaxRowOctets + 1) + "last@x,\n"},
      {"json", "\n{\"address\":\"first@x\"}\n" + json(kMaxRowOctets) + "\n" +
                   json(kMaxRowOctets + 1) + "\n{\"address\":\"last@x\"}\n"},
  };
  for (const auto& [format, list] : lists) {
    server_.suppressions.imported.clear();
    const Outcome outcome =
        Run({"import", "--format", format, "--report", folder_ / "r.csv"}, list);
    EXPECT_EQ(outcome.code, 1) << outcome.err;
    EXPECT_THAT(outcome.out, StartsWith("3 created, "));
    EXPECT_THAT(outcome.out, EndsWith(", 1 rejected\n"));
    EXPECT_THAT(outcome.err, HasSubstr("line 4"));
    EXPECT_THAT(outcome.err, HasSubstr(": a row is longer than 1048576 octets"));
    EXPECT_THAT(folder_.Read("r.csv"), HasSubstr("\n4,,rejected,"));
    ASSERT_EQ(server_.suppressions.imported.size(), 1u);
    ASSERT_EQ(server_.suppressions.imported[0].suppressions_size(), 3);
    EXPECT_EQ(server_.suppressions.imported[0].suppressions(2).address(), "last@x");
  }
}

TEST_F(VerbsTest, ImportNamesRowsOfJsonThatAreOnOneLine) {
  server_.suppressions.import_outcome = [](std::int64_t, const v1::Suppression& row) {
    return row.address() == "nobody" ? v1::IMPORT_OUTCOME_REJECTED : v1::IMPORT_OUTCOME_CREATED;
  };
  const Outcome outcome =
      Run({"import"},
          "[{\"address\":\"a@x\"},{\"address\":\"nobody\"},{\"address\":\"b@x\","
          "\"create_time\":\"never\"},{}]");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("line 1, row 2 (nobody): no @\n"));
  EXPECT_THAT(outcome.err, HasSubstr("line 1, row 3 (b@x): create_time: not a time"));
  EXPECT_THAT(outcome.err, HasSubstr("line 1, row 4 (-): no address\n"));
}

TEST_F(VerbsTest, ImportSendsTheTenantOfEachRowAsItIs) {
  EXPECT_EQ(Run({"import"}, "address,tenant\na@x,shop\nb@x,\n").code, 0);
  const v1::ImportSuppressionsRequest& request = server_.suppressions.imported.at(0);
  EXPECT_EQ(request.tenant(), "");
  EXPECT_EQ(request.suppressions(0).tenant(), "shop");
  EXPECT_EQ(request.suppressions(1).tenant(), "");
}

TEST_F(VerbsTest, ImportTellsTheFormatAndWhatItSkips) {
  const Outcome outcome = Run({"import"},
                              "[{\"email\":\"a@x\",\"reason\":\"hard-bounce\",\"created_at\":null,"
                              "\"expires_at\":null},\n"
                              "{\"email\":\"b@x\",\"reason\":\"soft-bounce\"},\n"
                              "{\"email\":\"c@x\",\"reason\":\"soft-bounce\"}]");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.err, StartsWith("read as mandrill\n"));
  EXPECT_THAT(outcome.err, HasSubstr("skipped 2: the provider calls it temporary"));
  EXPECT_EQ(outcome.out, "1 created, 0 replaced, 0 existing, 0 unchanged, 2 skipped, 0 rejected\n");
  EXPECT_EQ(server_.suppressions.imported.at(0).cause(), "mandrill");
  EXPECT_EQ(Run({"import"}, "status,reason,email,created\n5.1.1,x,a@x,1\n").code, 2);
  EXPECT_EQ(Run({"import", "--format", "nowhere"}, "a@x\n").code, 2);
  EXPECT_EQ(Run({"import", "--format", "json"}, "a@x\n").code, 2);
  EXPECT_EQ(Run({"import", "--map-stream", "news"}, "a@x\n").code, 2);
  EXPECT_EQ(Run({"import", "--source", "nowhere"}, "a@x\n").code, 2);
}

TEST_F(VerbsTest, ImportReportsWhatEachRowBecame) {
  server_.suppressions.import_outcome = [](std::int64_t row, const v1::Suppression&) {
    constexpr v1::ImportOutcome kOutcomes[] = {
        v1::IMPORT_OUTCOME_CREATED, v1::IMPORT_OUTCOME_REPLACED, v1::IMPORT_OUTCOME_EXISTING,
        v1::IMPORT_OUTCOME_UNCHANGED, v1::IMPORT_OUTCOME_REJECTED};
    return kOutcomes[row];
  };
  const Outcome outcome = Run({"import", "--format", "mandrill", "--dry-run", "--report",
                               folder_ / "r.csv", "--map-stream", "c-1=news"},
                              "email,reason,detail,created_at,expires_at,subaccount\n"
                              "=a@x,spam,,,,\n"
                              "b@x,hard-bounce,,,2099-01-01 00:00:00,\n"
                              "c@x,unsub,,,,c-1\n"
                              "d@x,custom,,,,\n"
                              "e@x,spam,,,,\n"
                              "f@x,soft-bounce,,,,\n"
                              "g@x,other,,,,\n");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out,
            "nothing was stored; it would be 1 created, 1 replaced, 1 existing, 1 unchanged, "
            "1 skipped, 2 rejected\n");
  EXPECT_TRUE(server_.suppressions.imported.at(0).dry_run());
  EXPECT_EQ(folder_.Read("r.csv"),
            "line,address,outcome,reason,source,scope,expiry,why\n"
            "2,'=a@x,created,complaint_abuse,complaint,,,\n"
            "3,b@x,replaced,provider_suppressed,bounce,,2099-01-01T00:00:00Z,\n"
            "4,c@x,existing,unsubscribe,unsubscribe,news,,"
            "another with the same key stands and was left as it is\n"
            "5,d@x,unchanged,manual,manual,,,\n"
            "6,e@x,rejected,complaint_abuse,complaint,,,no @\n"
            "7,f@x,skipped,,,,,the provider calls it temporary and does not say when it ends\n"
            "8,g@x,rejected,,,,,Mandrill has no such word: other\n");
}

TEST_F(VerbsTest, TheListMayStandBehindTheNameOfAStream) {
  const std::string file = folder_.Write("groups.csv",
                                         "email,reason,detail,created_at,expires_at,subaccount\n"
                                         "c@x,unsub,,,,Weekly News\n");
  for (const std::vector<std::string>& names :
       {std::vector<std::string>{"--map-stream", "Weekly News=news"},
        {"--map-stream=Weekly News=news"},
        {"--map-stream", "Weekly News=news", "--map-stream", "Daily=daily"}}) {
    server_.suppressions.imported.clear();
    std::vector<std::string> line = {"import"};
    line.insert(line.end(), names.begin(), names.end());
    line.push_back(file);
    const Outcome outcome = Run(line);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    ASSERT_EQ(server_.suppressions.imported.size(), 1u);
    EXPECT_EQ(server_.suppressions.imported[0].suppressions(0).stream(), "news");
  }
}

TEST_F(VerbsTest, AHyphenIsStandardOutput) {
  server_.suppressions.stored = {Stored("a@x")};
  const std::string exported = Run({"export"}).out;
  ASSERT_THAT(exported, HasSubstr("a@x"));
  const struct {
    std::vector<std::string> line;
    std::string input;
    std::string out;
    std::string err;
  } cases[] = {
      {{"export", "-o", "-"}, "", exported, ""},
      {{"clean", "-o", "-"}, "a@x\nbad@x\n", "a@x\n", "2 rows: 1 kept"},
      {{"clean", "--rejects", "-", "-o", folder_ / "kept"},
       "a@x\nbad@x\n",
       "bad@x\n",
       "2 rows: 1 kept"},
      {{"import", "--report", "-"},
       "b@x\n",
       "line,address,outcome,reason,source,scope,expiry,why\n1,b@x,created,,import,,,\n",
       "1 created, 0 replaced"},
      {{"import", "--report", "-", "--json"},
       "b@x\n",
       "line,address,outcome,reason,source,scope,expiry,why\n1,b@x,created,,import,,,\n",
       "\"created\":1,"},
  };
  for (const auto& c : cases) {
    const Outcome outcome = Run(c.line, c.input);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, c.out);
    EXPECT_THAT(outcome.err, HasSubstr(c.err));
    EXPECT_NE(::access("-", F_OK), 0) << c.line[0];
    ::unlink("-");
  }
  EXPECT_EQ(folder_.Read("kept"), "a@x\n");
  for (const std::vector<std::string>& line : {std::vector<std::string>{"clean", "--rejects", "-"},
                                               {"clean", "--rejects", "-", "-o", "-"}}) {
    const Outcome both = Run(line, "a@x\nbad@x\n");
    EXPECT_EQ(both.code, 2);
    EXPECT_THAT(both.err, HasSubstr("--output and --rejects are the same file"));
  }
  ::unlink("-");
}

TEST_F(VerbsTest, ImportGoesOnFromALine) {
  EXPECT_EQ(Run({"import", "--start-line", "3"}, "a@x\nb@x\nc@x\nd@x\n").out,
            "2 created, 0 replaced, 0 existing, 0 unchanged, 0 skipped, 0 rejected\n");
  EXPECT_EQ(server_.suppressions.imported.at(0).suppressions(0).address(), "c@x");
  const Outcome zero = Run({"import", "--start-line", "0"}, "a@x\n");
  EXPECT_EQ(zero.code, 2);
  EXPECT_THAT(zero.err, HasSubstr("not in range 1 to 18446744073709551615"));
}

TEST_F(VerbsTest, ImportShowsABoundedNumberOfRejectedRows) {
  for (int rejected : {99, 100, 101}) {
    std::string input = "address,create_time\n";
    for (int i = 0; i < rejected; ++i) input += "a@x,never\n";
    const Outcome outcome = Run({"import"}, input);
    EXPECT_EQ(outcome.code, 1);
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'),
              std::min(rejected, 100) + (rejected > 100 ? 1 : 0));
    EXPECT_EQ(outcome.err.find("and 1 more rejected rows") != std::string::npos, rejected > 100);
  }
}

TEST_F(VerbsTest, ImportThatBreaksSaysWhereToGoOn) {
  server_.suppressions.import_status = {grpc::StatusCode::RESOURCE_EXHAUSTED, "no space"};
  server_.suppressions.most_imports = 2;
  std::string input = "address\n";
  for (int i = 0; i < 9'500; ++i) input += "a" + std::to_string(i) + "@x\n";
  const Outcome outcome = Run({"import", "--report", folder_ / "r.csv"}, input);
  EXPECT_EQ(outcome.code, 3);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err,
              HasSubstr("all before line 2002 is stored: go on with --start-line 2002"));
  const std::string report = folder_.Read("r.csv");
  EXPECT_EQ(std::count(report.begin(), report.end(), '\n'), 2'001) << "what is known is reported";
  EXPECT_EQ(Run({"import", "--dry-run"}, input).err.find("--start-line"), std::string::npos);
  server_.suppressions.import_batch = 7;
  const Outcome counted = Run({"import"}, input);
  EXPECT_EQ(counted.code, 3);
  EXPECT_THAT(counted.out, StartsWith("2,000 created, 0 replaced"));
  EXPECT_THAT(counted.err, HasSubstr("`bouncectl undo --batch 7` takes this back"));
  EXPECT_THAT(Run({"import", "--json"}, input).out, HasSubstr("\"batch\":7}"));
  server_.suppressions.most_imports = 0;
  server_.suppressions.import_status = {grpc::StatusCode::PERMISSION_DENIED, "may not write"};
  const Outcome refused = Run({"import"}, input);
  EXPECT_EQ(refused.err, "bouncectl: may not write\n") << "nothing is stored";
}

TEST_F(VerbsTest, ImportOfNoRowsThatFailsSaysSo) {
  server_.suppressions.import_status = {grpc::StatusCode::UNAVAILABLE, "it stops"};
  server_.suppressions.most_imports = 0;
  for (const char* list : {"", "address\n"}) {
    const Outcome outcome = Run({"import"}, list);
    EXPECT_EQ(outcome.code, 3);
    EXPECT_THAT(outcome.err, HasSubstr("it stops"));
  }
}

TEST_F(VerbsTest, T44ImportOfATextThatBreaksOffTakesWhatIsBeforeIt) {
  const Outcome outcome = Run({"import"}, "[{\"address\":\"a@x\"},\n{\"address\":\"b@x");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("line 2: the text breaks off"));
  EXPECT_THAT(outcome.err, HasSubstr("all rows before it are in"));
  EXPECT_EQ(server_.suppressions.imported.at(0).suppressions_size(), 1);
}

v1::Event StoredEvent(std::int64_t id) {
  v1::Event event;
  event.set_id(id);
  event.set_message_id(9);
  event.set_kind(v1::KIND_BOUNCE);
  event.set_address("r@x");
  event.set_reason("no_such_user");
  event.set_bounce_class(v1::BOUNCE_CLASS_HARD);
  event.set_fault(v1::FAULT_RECIPIENT);
  event.set_enhanced_status("5.1.1");
  event.set_reply_code(550);
  event.set_rule("no-such-user");
  event.set_matched_text("User unknown");
  event.set_diagnostic("<r@x>: User unknown\x1b[2J");
  event.set_confidence(95);
  event.set_trust(v1::TRUST_AUTHENTICATED);
  event.set_client_address("192.0.2.1");
  event.set_client_helo("mx.x");
  event.set_tls_version("TLSv1.3");
  event.set_login("relay");
  event.set_authentication("dkim=pass header.d=x");
  event.set_effect(v1::EFFECT_SUPPRESSED);
  event.set_policy_rule("hard_certain");
  event.set_has_evidence(true);
  return event;
}

TEST_F(VerbsTest, EventsAreListedAndShown) {
  server_.bounces.stored = {StoredEvent(3), StoredEvent(2), StoredEvent(1)};
  const Outcome list =
      Run({"events", "r@x", "--kind", "bounce", "--message", "9", "--until", "1d"});
  EXPECT_EQ(list.code, 0) << list.err;
  EXPECT_EQ(std::count(list.out.begin(), list.out.end(), '\n'), 3);
  EXPECT_THAT(list.out, StartsWith("3\t\tbounce\thard\tno_such_user\tr@x\t5.1.1\tsuppressed\t"
                                   "<r@x>: User unknown\\x{1B}[2J\n"));
  EXPECT_EQ(server_.bounces.listed[0].address(), "r@x");
  EXPECT_EQ(server_.bounces.listed[0].kind(), v1::KIND_BOUNCE);
  EXPECT_EQ(server_.bounces.listed[0].message_id(), 9);
  EXPECT_TRUE(server_.bounces.listed[0].has_received_before());

  const Outcome one = Run({"events", "--id", "2"});
  EXPECT_THAT(one.out, HasSubstr("rule: no-such-user\n"));
  EXPECT_THAT(one.out, HasSubstr("confidence: 95 of 100\n"));
  EXPECT_THAT(one.out, HasSubstr("  trust: who sent it speaks for the domain of the address "
                                 "(authenticated)\n"
                                 "  came from: 192.0.2.1, which called itself mx.x, under TLSv1.3, "
                                 "logged in as relay\n"
                                 "  authentication: dkim=pass header.d=x\n"));
  EXPECT_THAT(one.out, Not(HasSubstr("\x1b")));
  EXPECT_EQ(Run({"events", "--id", "4"}).code, 1);
  EXPECT_EQ(Run({"events", "--kind", "bouncy"}).code, 2);
}

TEST_F(VerbsTest, EvidenceIsRawButForATerminal) {
  server_.bounces.evidence = "A: \xE2\x82\xAC\x1b\r\n\r\n";
  EXPECT_EQ(Run({"evidence", "1"}).out, server_.bounces.evidence);
  EXPECT_EQ(RunAt(server_.address(), {"evidence", "1"}, "", true, SystemClock()).out,
            "A: \xE2\x82\xAC\\x{1B}\r\n\r\n");
  EXPECT_EQ(Run({"evidence", "2"}).code, 1);
  EXPECT_EQ(Run({"evidence", "x"}).code, 2);
}

TEST_F(VerbsTest, ExplainTellsAllThatItRestsOn) {
  v1::ExplainResponse& answer = server_.suppressions.explain_answer;
  answer.set_verdict(v1::VERDICT_SUPPRESSED);
  answer.set_summary("The server says so.");
  *answer.mutable_suppression() = Stored("r@x");
  answer.mutable_suppression()->set_event_id(2);
  answer.add_outlook("It lasts until somebody takes it off.");
  *answer.add_suppressions() = Stored("r@x");
  *answer.add_events() = StoredEvent(3);
  *answer.add_events() = StoredEvent(2);
  v1::Event& again = *answer.mutable_events(0);
  again.set_message_id(9);
  again.set_policy_rule("same_message");
  again.mutable_return_path_use()->set_messages(2);
  again.mutable_return_path_use()->set_first_message_id(7);
  again.mutable_return_path_use()->mutable_first_receive_time()->set_seconds(1'800'000'000);
  v1::Event& first = *answer.mutable_events(1);
  first.set_message_id(7);
  first.set_return_path_key("a");
  first.set_return_path_domain("b.example");
  *first.mutable_return_path_use() = again.return_path_use();
  v1::SuppressionChange& change = *answer.add_changes();
  change.set_action(v1::SuppressionChange::ACTION_CREATED);
  change.set_author("policy");
  change.set_cause("hard_certain");
  v1::Count& count = *answer.add_counts();
  count.set_name("soft_bounces");
  count.set_value(1);
  count.set_threshold(3);
  count.add_days("2026-01-31");
  count.set_window_days(30);
  count.set_until("2026-03-02");
  answer.add_plain("We send no mail to this address.");
  answer.set_policy_line("hard_certain");
  answer.set_author("ann");
  answer.set_cause("asked");
  v1::Allowance& allowance = *answer.add_allowances();
  allowance.set_tenant("*");
  allowance.set_address("@x");
  allowance.set_author("bob");
  allowance.set_note("a partner");
  v1::Incident& incident = *answer.add_incidents();
  incident.set_incident_id(4);
  incident.set_domain("x");
  incident.set_count(30);
  incident.set_sample("no such user");

  const Outcome outcome = Run({"explain", "r@x"});
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  for (const char* said :
       {"r@x must not be mailed (suppressed)\nThe server says so.\n", "Because of event 2:\n",
        "rule: no-such-user\n", "text that it matched: \"User unknown\"\n",
        "confidence: 95 of 100\n", "(authenticated)\n", "key: a of b.example\n",
        "the first of 2 messages to its return path\n",
        "(same_message), one of 2 messages to its return path, the first of which came 2027-01-15 "
        "08:00:00\n",
        "  - It lasts until somebody takes it off.\n",
        "soft_bounces: 1 of 3 within 30 days (mail of 2026-01-31), until 2026-03-02\n",
        "In plain words:\n  We send no mail to this address.\n",
        "Decided:\n  policy line hard_certain\n  by ann: asked\n",
        "What no bounce suppresses:\n  @x for all tenants, since ", ", by bob: a partner\n",
        "Incidents that hold it:\n  incident 4 of x, since ",
        " UTC, 30 bounced so: \"no such user\"\n",
        "no_such_user (hard) by rule no-such-user, trust authenticated, effect: ",
        "created by policy (hard_certain)"}) {
    EXPECT_THAT(outcome.out, HasSubstr(said));
  }
  EXPECT_THAT(Run({"explain", "r@x", "--json"}).out,
              StartsWith("{\"address\":\"r@x\",\"verdict\":\"VERDICT_SUPPRESSED\","));
  // As `check` does.
  for (const auto& [verdict, code] :
       {std::pair(v1::VERDICT_SEND, 0), std::pair(v1::VERDICT_RISKY, 0),
        std::pair(v1::VERDICT_INVALID, 1)}) {
    answer.set_verdict(verdict);
    EXPECT_EQ(Run({"explain", "r@x"}).code, code) << verdict;
  }
}

TEST_F(VerbsTest, ExplainTellsWhatIsHeld) {
  v1::ExplainResponse& answer = server_.suppressions.explain_answer;
  answer.set_verdict(v1::VERDICT_RISKY);
  answer.set_summary("The server says so.");
  *answer.add_suppressions() = Stored("r@x");
  answer.mutable_suppressions(0)->set_incident_id(4);
  *answer.add_suppressions() = Stored("r@x");
  const std::string said = Run({"explain", "r@x"}).out;
  EXPECT_THAT(
      said,
      StartsWith("r@x may be mailed, but may soon be suppressed (risky)\nThe server says so.\n"));
  EXPECT_THAT(said, HasSubstr(", held by incident 4\n"));
  EXPECT_EQ(said.find(", held by"), said.rfind(", held by")) << "the other is not";
}

TEST_F(VerbsTest, WhatSuppressesWhoIsSuppressedSaysSo) {
  v1::ExplainResponse& answer = server_.suppressions.explain_answer;
  answer.set_verdict(v1::VERDICT_SUPPRESSED);
  answer.mutable_suppression()->set_event_id(2);
  v1::Event& event = *answer.add_events();
  event.set_id(2);
  event.set_effect(v1::EFFECT_NONE);
  event.set_policy_rule("hard_certain");
  Outcome outcome = Run({"explain", "r@x"});
  EXPECT_THAT(outcome.out,
              HasSubstr("effect: none; a suppression for as long stood already, or was held "
                        "(policy hard_certain)\n"));
  EXPECT_THAT(outcome.out, HasSubstr("effect: none, already suppressed or held (hard_certain)\n"));
  answer.mutable_events(0)->set_policy_rule("block");
  outcome = Run({"explain", "r@x"});
  EXPECT_THAT(outcome.out, HasSubstr("effect: none; it was recorded (policy block)\n"));
  EXPECT_THAT(outcome.out, HasSubstr("effect: none (block)\n"));
}

v1::ReclassifyResponse ReclassifyAnswer(std::int64_t addresses, const std::string& token) {
  v1::ReclassifyResponse answer;
  answer.mutable_progress()->set_addresses(addresses);
  answer.set_resume_token(token);
  return answer;
}

TEST_F(VerbsTest, ReclassifyTellsWhatWasAndWhatIs) {
  v1::ReclassifyResponse last = ReclassifyAnswer(2'000, "");
  last.mutable_progress()->set_events(3'000);
  last.mutable_progress()->set_reclassified(1);
  last.mutable_progress()->set_not_readable(7);
  last.mutable_progress()->set_released(1);
  v1::ReclassifiedAddress& address = *last.add_addresses();
  address.set_address("r@x");
  address.set_outcome(v1::ReclassifiedAddress::OUTCOME_RELEASED);
  v1::SuppressionState& before = *address.add_suppressions()->mutable_before();
  before.set_source("bounce");
  before.set_reason("no_such_user");
  before.set_bounce_class(v1::BOUNCE_CLASS_HARD);
  address.set_event_count(2);
  v1::ReclassifiedEvent& event = *address.add_events();
  event.set_event_id(5);
  event.mutable_receive_time()->set_seconds(1'800'000'000);
  event.mutable_before()->set_reason("no_such_user");
  event.mutable_before()->set_bounce_class(v1::BOUNCE_CLASS_HARD);
  event.mutable_before()->set_rule("old");
  event.mutable_before()->set_matched_text("unsolicited");
  event.mutable_before()->set_policy_line("hard_certain");
  event.mutable_after()->set_reason("spam_content");
  event.mutable_after()->set_bounce_class(v1::BOUNCE_CLASS_BLOCK);
  event.mutable_after()->set_rule("new");
  event.mutable_after()->set_policy_line("block");
  server_.bounces.reclassify_answers = {ReclassifyAnswer(0, "t0"), last};
  const Outcome dry =
      Run({"reclassify", "--tenant", "acme", "--domain", "x", "--since", "2026-01-31", "--until",
           "2026-02-01", "--rule", "old", "--reason", "no_such_user"});
  EXPECT_EQ(dry.code, 1) << dry.err;
  EXPECT_EQ(dry.out,
            "released\tr@x\n"
            "  was: no_such_user (hard), until it is taken off\n"
            "  is:  not suppressed\n"
            "  event 5 of 2027-01-15 08:00:00\n"
            "    was: no_such_user (hard) by rule old \"unsolicited\", policy hard_certain\n"
            "    is:  spam_content (block) by rule new, policy block\n"
            "  and 1 more events\n");
  EXPECT_EQ(dry.err,
            "bouncectl: 2,000 addresses, 3,000 events; 1 would be taken for something else, 7 not "
            "readable again; 0 added, 1 released, 0 changed, 0 noted\n");
  const v1::ReclassifyRequest& request = server_.bounces.reclassified[0];
  EXPECT_EQ(request.tenant(), "acme");
  EXPECT_EQ(request.domain(), "x");
  EXPECT_EQ(request.rule(), "old");
  EXPECT_EQ(request.reason(), "no_such_user");
  EXPECT_EQ(request.received_from().seconds(), 1'769'817'600);
  EXPECT_TRUE(request.has_received_before());
  EXPECT_FALSE(request.apply());

  server_.bounces.reclassify_answers[1].set_batch(9);
  const Outcome applied = Run({"reclassify", "--apply", "--cause", "new rules", "--json"});
  EXPECT_EQ(applied.code, 0);
  EXPECT_THAT(applied.out, StartsWith("{\"address\":\"r@x\",\"outcome\":\"OUTCOME_RELEASED\""));
  EXPECT_THAT(applied.err, HasSubstr("`bouncectl undo --batch 9` takes that back"));
  EXPECT_TRUE(server_.bounces.reclassified[1].apply());
  EXPECT_EQ(server_.bounces.reclassified[1].cause(), "new rules");
  EXPECT_EQ(server_.bounces.reclassified[1].author(), "tester");
}

TEST_F(VerbsTest, ReclassifyTellsHowToGoOnWhereItWasCut) {
  server_.bounces.reclassify_answers = {ReclassifyAnswer(0, "t0"), ReclassifyAnswer(20, "t1")};
  server_.bounces.reclassify_status = {grpc::StatusCode::UNAVAILABLE, "it stops"};
  const std::string file = folder_ / "here";
  const Outcome cut = Run({"reclassify", "--apply", "--resume-file", file});
  EXPECT_EQ(cut.code, 3);
  EXPECT_THAT(cut.err, HasSubstr("`bouncectl reclassify --apply --resume t1` goes on"));
  EXPECT_EQ(folder_.Read("here"), "t1\n");
  server_.bounces.reclassify_answers = {ReclassifyAnswer(0, "")};
  server_.bounces.reclassify_answers[0].set_batch(9);
  server_.bounces.reclassify_status = grpc::Status::OK;
  const Outcome rest = Run({"reclassify", "--apply", "--resume-file", file});
  EXPECT_EQ(rest.code, 0);
  EXPECT_THAT(rest.err, StartsWith("bouncectl: since it went on: 0 addresses, "));
  EXPECT_THAT(rest.err, HasSubstr("`bouncectl history --batch 9` shows the changes of the whole "
                                  "run; `bouncectl undo --batch 9` takes them back"));
  EXPECT_EQ(server_.bounces.reclassified[1].resume_token(), "t1");
  EXPECT_EQ(Run({"reclassify", "--apply", "--resume-file", file}).code, 0);
  EXPECT_EQ(server_.bounces.reclassified[2].resume_token(), "") << "it was done";
  EXPECT_EQ(Run({"reclassify", "--resume", "t", "--resume-file", file}).code, 2);
}

TEST_F(VerbsTest, IngestTakesOneMessageInChunks) {
  const std::string message = "Return-Path: <m@y>\n\n" + std::string(600'000, 'x');
  const Outcome outcome = Run({"ingest", "-", "--return-path", "bo-a@x"}, message);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "-\tmessage 1\tevents 7\tnew\n");
  ASSERT_EQ(server_.bounces.ingested.size(), 1u);
  EXPECT_EQ(server_.bounces.ingested[0].message, message);
  EXPECT_EQ(server_.bounces.ingested[0].return_path, "bo-a@x");
  EXPECT_EQ(server_.bounces.ingested[0].reverse_path, "m@y");
  EXPECT_EQ(server_.bounces.ingested[0].requests, 3);
  Run({"ingest", "-", "--return-path", "bo-a@x", "--reverse-path", ""}, message);
  EXPECT_EQ(server_.bounces.ingested[1].reverse_path, "");
  EXPECT_EQ(Run({"ingest", "-", "--return-path", "bo-a@x", "--json"}, "").out,
            "{\"file\":\"-\",\"message_id\":\"3\",\"event_ids\":[\"7\"]}\n");
}

TEST_F(VerbsTest, IngestFindsTheReturnPathsOfAMailbox) {
  folder_.Write("box",
                "From x\nX-Original-To: user\nDelivered-To: u@x, bo-b@x\nTo: bo-c@x\n\nb\n\n"
                "From y\nTo: u@x\n\nplain mail\n");
  const Outcome outcome = Run({"ingest", folder_ / "box"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out, (folder_ / "box") + ":1\tmessage 1\tevents 7\tnew\n");
  EXPECT_THAT(outcome.err, HasSubstr("box:8: no return path of the server is among"));
  ASSERT_EQ(server_.bounces.ingested.size(), 1u);
  EXPECT_EQ(server_.bounces.ingested[0].return_path, "bo-b@x");

  folder_.Write("Maildir/new/1", "To: bo-n@x\n\n");
  folder_.Write("Maildir/cur/2:2,S", "To: bo-o@x\n\n");
  EXPECT_EQ(Run({"ingest", folder_ / "Maildir"}).code, 0);
  EXPECT_EQ(server_.bounces.ingested.size(), 3u);
}

TEST_F(VerbsTest, IngestGoesOnAfterAMessageButNotWithoutPermission) {
  server_.bounces.ingest_status = {grpc::StatusCode::INVALID_ARGUMENT, "too large"};
  EXPECT_EQ(Run({"ingest", "-"}, "From a\nTo: bo-a@x\n\nFrom b\nTo: bo-b@x\n").code, 1);
  EXPECT_EQ(server_.bounces.ingested.size(), 2u);
  server_.bounces.ingest_status = {grpc::StatusCode::PERMISSION_DENIED, "forged"};
  EXPECT_EQ(Run({"ingest", "-"}, "From a\nTo: bo-a@x\n\nFrom b\nTo: bo-b@x\n").code, 3);
  EXPECT_EQ(server_.bounces.ingested.size(), 3u);
}

TEST_F(VerbsTest, ReturnPathsAreMintedAndVerified) {
  const Outcome minted =
      Run({"return-path", "mint", "--recipient", "r@x.example", "--stream", "news", "--reference",
           "m1", "--form", "sealed", "--domain", "b.example"});
  EXPECT_EQ(minted.code, 0) << minted.err;
  EXPECT_EQ(minted.out, "bo-r@x.example\n");
  EXPECT_EQ(server_.return_paths.minted[0].form(), v1::RETURN_PATH_FORM_SEALED);
  EXPECT_EQ(server_.return_paths.minted[0].stream(), "news");
  EXPECT_EQ(server_.return_paths.minted[0].domain(), "b.example");
  EXPECT_EQ(Run({"return-path", "mint", "--recipient", "r@x", "--unsubscribe"}).out,
            "mailto:uo-r@x\n");
  EXPECT_EQ(Run({"return-path", "mint", "--recipient", "r@x", "--form", "shut"}).code, 2);
  EXPECT_EQ(Run({"return-path", "mint"}).code, 2);

  EXPECT_EQ(Run({"return-path", "verify", "bo-r@x"}).code, 0);
  EXPECT_EQ(Run({"return-path", "verify", "bo-r@x", "--recipient", "r@x.example"}).code, 0);
  EXPECT_EQ(Run({"return-path", "verify", "bo-r@x", "--recipient", "other@x"}).code, 1);
  const Outcome forged = Run({"return-path", "verify", "r@x"});
  EXPECT_EQ(forged.code, 1);
  EXPECT_THAT(forged.out, HasSubstr("its MAC does not hold"));
  EXPECT_EQ(Run({"return-path", "verify", "r"}).code, 2);
}

TEST_F(VerbsTest, KeysAreListedALineEach) {
  v1::ReturnPathKey key;
  key.set_domain("b.example");
  key.set_id("a");
  key.set_last_day("2026-01-31");
  server_.return_paths.keys.push_back(key);
  key.set_id("b");
  key.set_verifies(true);
  server_.return_paths.keys.push_back(key);
  key.set_id("c");
  key.clear_last_day();
  key.set_signs(true);
  server_.return_paths.keys.push_back(key);
  key.set_id("d");
  key.set_unsubscribe(true);
  key.mutable_revoke_time()->set_seconds(1'800'000'000);
  key.set_revoke_author("ann");
  server_.return_paths.keys.push_back(key);
  EXPECT_EQ(Run({"return-path", "keys"}).out,
            "b.example\ta\treturn_path\tover\t2026-01-31\t-\t-\n"
            "b.example\tb\treturn_path\tverifies\t2026-01-31\t-\t-\n"
            "b.example\tc\treturn_path\tsigns\t-\t-\t-\n"
            "b.example\td\tunsubscribe\trevoked\t-\t2027-01-15T08:00:00.000000Z\tann\n");
  EXPECT_THAT(Run({"return-path", "keys", "--json"}).out,
              StartsWith("{\"domain\":\"b.example\",\"tenant\":\"\",\"id\":\"a\","));
}

TEST_F(VerbsTest, T16RevokeTellsWhatRestsOnTheKey) {
  server_.suppressions.stored = {Stored("a@x"), Stored("b@x"), Stored("c@x")};
  const Outcome revoked = Run({"return-path", "revoke", "--domain", "b.example", "a"});
  EXPECT_EQ(revoked.code, 0) << revoked.err;
  EXPECT_EQ(revoked.out,
            "key a of b.example is revoked since 2027-01-15 08:00:00 UTC (by tester)\n"
            "key b signs now\n"
            "3 suppressions in force rest on it:\n"
            "  bouncectl list --in-force --tenant acme --return-path-domain b.example "
            "--return-path-key a\n");
  ASSERT_EQ(server_.suppressions.listed.size(), 2u) << "page after page";
  const v1::ListSuppressionsRequest& listed = server_.suppressions.listed[1];
  EXPECT_EQ(listed.tenant(), "acme");
  EXPECT_TRUE(listed.filter().in_force());
  EXPECT_EQ(listed.filter().return_path_key(), "a");
  EXPECT_EQ(listed.filter().return_path_domain(), "b.example");

  server_.return_paths.signing_key_id = "";
  server_.suppressions.stored = {Stored("a@x")};
  const Outcome last = Run({"return-path", "revoke", "--domain", "b.example", "a"});
  EXPECT_THAT(last.out, HasSubstr("\nno key signs now: add one"));
  EXPECT_THAT(last.out, HasSubstr("\n1 suppression in force rests on it:\n"));
  const Outcome json = Run({"return-path", "revoke", "--domain", "b.example", "a", "--json"});
  EXPECT_THAT(json.out, testing::EndsWith("\"suppressions_in_force\":1}\n"));
  EXPECT_EQ(Run({"return-path", "revoke", "--domain", "b.example", "zz"}).code, 1);
  EXPECT_EQ(Run({"return-path", "revoke", "a"}).code, 2);
}

TEST_F(VerbsTest, RemoveReadsALineEach) {
  const Outcome removed =
      Run({"remove", "--source", "bounce", "-"}, "bad1@x\n\n bad2@x \r\nbad3@x");
  EXPECT_EQ(removed.code, 0) << removed.err;
  EXPECT_EQ(std::count(removed.out.begin(), removed.out.end(), '\n'), 3);
  ASSERT_EQ(server_.suppressions.deleted.size(), 3u);
  EXPECT_EQ(server_.suppressions.deleted[1].address(), "bad2@x");
  EXPECT_EQ(server_.suppressions.deleted[1].source(), v1::SOURCE_BOUNCE);
  EXPECT_EQ(Run({"remove", "-"}, "bad1@x\na@x\nbad2@x\n").code, 1) << "it goes on";
  EXPECT_EQ(server_.suppressions.deleted.back().address(), "bad2@x");
  EXPECT_EQ(Run({"remove", "-"}, "").code, 0);
}

TEST_F(VerbsTest, ClassifyNeedsNoServer) {
  const std::string message(
      "From: MAILER-DAEMON@m.example\n"
      "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n"
      "\n"
      "--b\nContent-Type: text/plain\n\nIt failed.\n"
      "--b\nContent-Type: message/delivery-status\n"
      "\n"
      "Reporting-MTA: dns; m.example\n"
      "\n"
      "Final-Recipient: rfc822; r@x.example\n"
      "Action: failed\n"
      "Status: 5.1.1\n"
      "Diagnostic-Code: smtp; 550 5.1.1 <r@x.example>: user unknown\n"
      "--b--\n");
  folder_.Write("dsns/1", message);
  server_.Stop();
  const Outcome json = Run({"classify", "--json", folder_ / "dsns"});
  EXPECT_EQ(json.code, 0) << json.err;
  EXPECT_THAT(
      json.out,
      StartsWith(
          "{\"file\":\"" + (folder_ / "dsns/1") +
          "\",\"kind\":\"bounce\",\"form\":\"rfc3464\",\"recipients\":[{"
          "\"address\":\"r@x.example\",\"final_recipient\":\"r@x.example\",\"kind\":\"bounce\","));
  EXPECT_THAT(json.out, Not(HasSubstr("original_recipient")));
  const Outcome text = Run({"classify", "-"}, message);
  EXPECT_THAT(text.out, HasSubstr("r@x.example: bounce, no_such_user (hard)"));
  EXPECT_EQ(Run({"classify", "--json", "-"}, "Subject: hi\n\nhello\n").out,
            "{\"file\":\"-\",\"kind\":\"other\",\"form\":\"none\",\"recipients\":[],\"subject\":"
            "\"hi\",\"provenance\":{\"subject\":\"reported\"}}\n");
  const Outcome explained = Run({"classify", "--explain", "-"}, message);
  EXPECT_THAT(explained.out, HasSubstr("step: a part of its type is read as a delivery status"));
  EXPECT_THAT(explained.out,
              HasSubstr("not by status-x.1.1 (no_such_user): it rests on an enhanced "
                        "status, the winner on a text"));
  const Outcome explained_json = Run({"classify", "--explain", "--json", "-"}, message);
  EXPECT_THAT(explained_json.out, HasSubstr("\"candidates\":[{\"rule\":\"status-x.1.1\","));
  EXPECT_THAT(explained_json.out, HasSubstr("\"path\":[{\"text\":\"parts: multipart/report"));
  EXPECT_THAT(text.out, Not(HasSubstr("not by")));
  const Outcome half = Run({"classify", "/nonexistent", folder_ / "dsns/1"});
  EXPECT_EQ(half.code, 2);
  EXPECT_THAT(half.out, HasSubstr("no_such_user"));
  EXPECT_THAT(half.err, HasSubstr("/nonexistent"));
}

// Every name that the README has.
TEST_F(VerbsTest, ClassifyTellsAllInJson) {
  server_.Stop();
  const std::string report(
      "From: MAILER-DAEMON@m.example\n"
      "Date: Thu, 26 Nov 2026 13:00:00 +0000\n"
      "Message-ID: <n@m.example>\n"
      "Subject: failed\n"
      "X-Mailer: Zimbra 9.0\n"
      "X-Failed-Recipients: r@x.example\n"
      "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n"
      "\n"
      "--b\nContent-Type: message/delivery-status\n"
      "\n"
      "Reporting-MTA: dns; m.example\n"
      "Original-Envelope-Id: e-1\n"
      "Arrival-Date: Thu, 26 Nov 2026 12:00:00 +0000\n"
      "X-Queue-ID: q-1\n"
      "\n"
      "Original-Recipient: rfc822; alias@x.example\n"
      "Final-Recipient: rfc822; r@x.example\n"
      "Action: failed\n"
      "Status: 5.0.0\n"
      "Remote-MTA: dns; mx.x.example (192.0.2.1)\n"
      "Last-Attempt-Date: today\n"
      "Diagnostic-Code: smtp; 550 5.1.1 <r@x.example>: user unknown (in reply to RCPT TO command)\n"
      "--b\nContent-Type: message/rfc822\n"
      "\n"
      "Return-Path: <b-1@bounces.example>\n"
      "Message-ID: <m@bounces.example>\n"
      "To: alias@x.example\n"
      "Delivered-To: r@x.example\n"
      "Subject: news\n"
      "Date: Thu, 26 Nov 2026 11:00:00 +0000\n"
      "List-Id: <news.example>\n"
      "\n"
      "--b--\n");
  const std::string json = Run({"classify", "--json", "-"}, report).out;
  EXPECT_THAT(json, StartsWith(R"({"file":"-","kind":"bounce","form":"rfc3464",)"
                               R"("recipients":[{)"
                               R"("address":"alias@x.example","final_recipient":"r@x.example",)"
                               R"("original_recipient":"alias@x.example","kind":"bounce",)"
                               R"("action":"failed","enhanced_status":"5.1.1",)"
                               R"("stated_status":"5.0.0","reply_code":550,"diagnostic":")"));
  EXPECT_THAT(json, HasSubstr(R"-(user unknown (in reply to RCPT TO command)",)-"
                              R"("diagnostic_type":"smtp","remote_mta":"mx.x.example",)"
                              R"("remote_mta_address":"192.0.2.1","stage":"rcpt","class":"hard",)"
                              R"("reason":"no_such_user","fault":"recipient",)"
                              R"("persistence":"permanent","counts":false,"confidence":)"));
  EXPECT_THAT(json, HasSubstr(R"("matched_text":"user unknown","text_bears_out":true,)"
                              R"("provenance":{"final_recipient":"reported",)"
                              R"("original_recipient":"reported","enhanced_status":"derived",)"
                              R"("stated_status":"reported","reply_code":"reported",)"
                              R"("diagnostic":"reported","remote_mta":"reported"},)"
                              R"("fields":[{"name":"Last-Attempt-Date","value":"today"}]}],)"
                              R"("failed_recipients":["r@x.example"],)"
                              R"("reporting_mta":"m.example","original_envelope_id":"e-1",)"
                              R"("arrival_date":"Thu, 26 Nov 2026 12:00:00 +0000",)"
                              R"("arrival_date_utc":"2026-11-26T12:00:00Z",)"
                              R"("date":"Thu, 26 Nov 2026 13:00:00 +0000",)"
                              R"("date_utc":"2026-11-26T13:00:00Z",)"
                              R"("message_id":"<n@m.example>","subject":"failed",)"
                              R"("returned":{"return_path":"b-1@bounces.example",)"
                              R"("message_id":"<m@bounces.example>","to":"alias@x.example",)"
                              R"("delivered_to":"r@x.example","subject":"news",)"
                              R"("date":"Thu, 26 Nov 2026 11:00:00 +0000",)"
                              R"("date_utc":"2026-11-26T11:00:00Z",)"
                              R"("list_id":"<news.example>"},"provenance":{)"
                              R"("reporting_mta":"reported","original_envelope_id":"reported",)"
                              R"("arrival_date":"reported","date":"reported",)"
                              R"("message_id":"reported","subject":"reported"},)"
                              R"("fields":[{"name":"X-Queue-ID","value":"q-1"}]})"));
  const std::string explained = Run({"classify", "--json", "--explain", "-"}, report).out;
  EXPECT_THAT(explained, HasSubstr(R"("where":{"final_recipient":{"offset":)"));
  EXPECT_THAT(explained, HasSubstr(R"("where":{"reporting_mta":{"offset":)"));

  const std::string long_text = report.substr(0, report.find("user unknown")) +
                                std::string(5'000, 'x') + report.substr(report.find(" (in reply"));
  const std::string cut = Run({"classify", "--json", "-"}, long_text).out;
  EXPECT_THAT(cut, HasSubstr(R"("diagnostic_cut":true,)"));
  EXPECT_THAT(cut, HasSubstr(R"("remarks":[{"text":"bound:max_diagnostic","offset":)"));

  const std::string complaint(
      "From: fbl@isp.example\n"
      "Content-Type: multipart/report; report-type=feedback-report; boundary=b\n"
      "\n"
      "--b\nContent-Type: message/feedback-report\n"
      "\n"
      "Feedback-Type: abuse\nUser-Agent: isp/1.0\nVersion: 1\nOriginal-Mail-From: <b@us.example>\n"
      "Original-Rcpt-To: r@isp.example\nSource-IP: 192.0.2.1\nReported-Domain: us.example\n"
      "Incidents: 2\n"
      "--b--\n");
  EXPECT_THAT(Run({"classify", "--json", "-"}, complaint).out,
              HasSubstr(R"("feedback":{"feedback_type":"abuse","user_agent":"isp/1.0",)"
                        R"("original_mail_from":"b@us.example","source_ip":"192.0.2.1",)"
                        R"("reported_domain":"us.example","incidents":"2"})"));
}

// A bounce of mail to `recipient`.
std::string Bounce(const std::string& recipient) {
  return "From: MAILER-DAEMON@m.example\n"
         "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n"
         "\n"
         "--b\nContent-Type: message/delivery-status\n"
         "\n"
         "Reporting-MTA: dns; m.example\n"
         "\n"
         "Final-Recipient: rfc822; " +
         recipient +
         "\nAction: failed\nDiagnostic-Code: smtp; 550 5.1.1 user unknown\n"
         "--b--\n";
}

TEST_F(VerbsTest, ClassifyShowsHostsDatesAndAllCodes) {
  const std::string message =
      "From: MAILER-DAEMON@m.example\nDate: 26 Nov 26 13:07 EST\n"
      "Content-Type: multipart/report; boundary=b\n\n"
      "--b\nContent-Type: message/delivery-status\n\n"
      "Reporting-MTA: dns; m.example (192.0.2.1)\nReceived-From-MTA: dns; o.example\n\n"
      "Final-Recipient: rfc822; r@x.example\nAction: failed\n"
      "Last-Attempt-Date: 2026-11-26T13:07:58+01:00\n"
      "Diagnostic-Code: smtp; 554 5.0.0 no (in reply to end of DATA; 550 5.1.1 user unknown)\n"
      "--b--\n";
  const std::string json = Run({"classify", "--json", "-"}, message).out;
  EXPECT_THAT(json, HasSubstr("\"further_codes\":[{\"reply_code\":554,"
                              "\"enhanced_status\":\"5.0.0\"}]"));
  EXPECT_THAT(json, HasSubstr("\"reporting_mta\":\"m.example\","
                              "\"reporting_mta_address\":\"192.0.2.1\""));
  EXPECT_THAT(json, HasSubstr("\"received_from_mta\":\"o.example\""));
  EXPECT_THAT(json, HasSubstr("\"date\":\"26 Nov 26 13:07 EST\","
                              "\"date_utc\":\"2026-11-26T18:07:00Z\""));
  EXPECT_THAT(json, HasSubstr("\"value\":\"2026-11-26T13:07:58+01:00\","
                              "\"value_utc\":\"2026-11-26T12:07:58Z\""));
  const std::string text = Run({"classify", "-"}, message).out;
  EXPECT_THAT(text, HasSubstr("further code: 554 5.0.0, reported"));
  EXPECT_THAT(text, HasSubstr("reported by: m.example at 192.0.2.1, reported"));
  EXPECT_THAT(text, HasSubstr("date: 26 Nov 26 13:07 EST = 2026-11-26T18:07:00Z, reported"));
}

TEST_F(VerbsTest, ClassifyReadsEachMessageOfAnMbox) {
  const std::string mbox = folder_.Write(
      "mbox", "From a\n" + Bounce("r@x.example") + "\nFrom b\n" + Bounce("s@x.example") + "\n");
  const Outcome outcome = Run({"classify", "--json", mbox});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, StartsWith("{\"file\":\"" + mbox + ":1\",\"kind\":\"bounce\","));
  EXPECT_THAT(outcome.out, HasSubstr("\n{\"file\":\"" + mbox + ":15\",\"kind\":\"bounce\","));
  EXPECT_THAT(outcome.out, HasSubstr("\"final_recipient\":\"s@x.example\""));
  EXPECT_THAT(Run({"classify", "-"}, "From a\n" + Bounce("r@x.example")).out,
              StartsWith("-: bounce, "));
}

TEST_F(VerbsTest, ClassifySaysTheSameWithAnyNumberOfThreads) {
  server_.Stop();
  std::string mbox;
  for (int i = 0; i < 3'000; ++i) {
    mbox += "From a\n" + Bounce("r" + std::to_string(i) + "@x.example") + "\n";
  }
  folder_.Write("mail/a.mbox", mbox);
  folder_.Write("mail/b/new/1", Bounce("new@x.example"));
  folder_.Write("mail/b/cur/2:2,S", "Subject: hi\n\n" + std::string(1 << 20, 'x'));
  folder_.Write("mail/c.eml", "From d\n" + Bounce("c@x.example"));
  for (const std::vector<std::string>& form :
       {std::vector<std::string>{}, std::vector<std::string>{"--json"}}) {
    std::vector<std::string> command = {"classify", folder_ / "mail", "/nonexistent", "-"};
    command.insert(command.end(), form.begin(), form.end());
    const Outcome alone = Run(command, Bounce("in@x.example"));
    EXPECT_EQ(alone.code, 2);
    EXPECT_THAT(alone.out, HasSubstr("r2999@x.example"));
    EXPECT_THAT(alone.out, HasSubstr("in@x.example"));
    EXPECT_THAT(alone.err, HasSubstr("/nonexistent"));
    for (const char* threads : {"0", "1", "2", "7"}) {
      std::vector<std::string> with_threads = command;
      with_threads.insert(with_threads.end(), {"--threads", threads});
      const Outcome outcome = Run(with_threads, Bounce("in@x.example"));
      EXPECT_EQ(outcome.code, alone.code) << threads;
      EXPECT_TRUE(outcome.out == alone.out) << threads << " threads say something else";
      EXPECT_EQ(outcome.err, alone.err) << threads;
    }
  }
}

TEST_F(VerbsTest, ClassifyBoundsItsThreads) {
  for (const char* threads : {"-1", "257", "x"}) {
    EXPECT_EQ(Run({"classify", "-", "--threads", threads}).code, 2) << threads;
  }
  EXPECT_EQ(Run({"classify", "-", "--threads", "256"}).code, 0);
}

TEST_F(VerbsTest, AServerIsAHostAndAPort) {
  for (const char* server : {"bad", "127.0.0.1:99999", "127.0.0.1:0", ":7025", "127.0.0.1:"}) {
    const Outcome outcome = Run({"check", "r@x.example", "--server", server});
    EXPECT_EQ(outcome.code, 2) << server;
    EXPECT_THAT(outcome.err, HasSubstr("the server is not HOST:PORT")) << server;
  }
}

TEST_F(VerbsTest, AServerThatIsNotThereIsToldOf) {
  const std::string address = server_.address();
  server_.Stop();
  const std::vector<std::vector<std::string>> commands = {
      {"check", "a@x"},
      {"clean"},
      {"list"},
      {"get", "a@x"},
      {"add", "a@x"},
      {"remove", "a@x"},
      {"import"},
      {"export"},
      {"events"},
      {"evidence", "1"},
      {"explain", "a@x"},
      {"ingest", "-", "--return-path", "a@x"},
      {"return-path", "mint", "--recipient", "a@x"},
      {"return-path", "verify", "a@x"},
      {"rules", "stats"},
  };
  for (const std::vector<std::string>& command : commands) {
    const Outcome outcome = Run(command, "a@x\n");
    EXPECT_EQ(outcome.code, 3) << command[0];
    EXPECT_THAT(outcome.err, HasSubstr("could not reach " + address)) << command[0];
    EXPECT_THAT(outcome.err, HasSubstr("--server or BOUNCED_SERVER")) << command[0];
  }
}

TEST_F(VerbsTest, ClassifyExplainsABareDiagnostic) {
  server_.Stop();
  const Outcome text = Run({"classify", "--diagnostic", "smtp; 550 5.1.1 user unknown"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.out, StartsWith("diagnostic \"smtp; 550 5.1.1 user unknown\"\n"
                                   "  (no recipient): bounce, no_such_user (hard)\n"));
  EXPECT_THAT(text.out, HasSubstr("because of \"user unknown\""));
  EXPECT_THAT(text.out, HasSubstr("reply code: 550, reported (octets 6 to 9)"));
  const Outcome json = Run(
      {"classify", "--json", "--diagnostic", "450 4.2.2 over quota", "--diagnostic", "qu\x1bx"});
  EXPECT_THAT(json.out,
              StartsWith("{\"diagnostic\":\"450 4.2.2 over quota\",\"kind\":\"bounce\","
                         "\"enhanced_status\":\"4.2.2\",\"reply_code\":450,\"class\":\"soft\","
                         "\"reason\":\"mailbox_full\",\"fault\":\"recipient\","
                         "\"persistence\":\"transient\",\"counts\":true,"));
  EXPECT_THAT(json.out, HasSubstr("\n{\"diagnostic\":\"qu\\u001bx\",\"kind\":\"bounce\","
                                  "\"class\":\"soft\",\"reason\":\"unclassified\""));
  EXPECT_EQ(Run({"classify"}).code, 2);
}

TEST_F(VerbsTest, ClassifyReadsADiagnosticALine) {
  server_.Stop();
  std::string lines = "550 5.1.1 user unknown\r\n\n  452 over quota  \n";
  const Outcome few = Run({"classify", "--json", "--diagnostic", "-"}, lines + "554 no");
  EXPECT_EQ(few.code, 0) << few.err;
  EXPECT_THAT(few.out,
              testing::MatchesRegex(R"(\{"diagnostic":"550 5.1.1 user unknown".*"no_such_user".*)"
                                    "\n"
                                    R"(\{"diagnostic":"",.*"undefined".*)"
                                    "\n"
                                    R"(\{"diagnostic":"452 over quota".*"mailbox_full".*)"
                                    "\n"
                                    R"(\{"diagnostic":"554 no".*\}\})"
                                    "\n"));
  EXPECT_THAT(Run({"classify", "--diagnostic", "-"}, lines).out,
              HasSubstr("diagnostic \"\"\n  (no recipient): bounce, undefined"));
  for (int i = 0; i < 2'000; ++i) lines += "550 5.1.1 r" + std::to_string(i) + "@x user unknown\n";
  const Outcome many = Run({"classify", "--json", "--diagnostic", "-"}, lines);
  EXPECT_EQ(std::count(many.out.begin(), many.out.end(), '\n'), 2'003);
  EXPECT_EQ(Run({"classify", "--json", "--diagnostic", "-", "--threads", "3"}, lines).out,
            many.out);

  EXPECT_EQ(Run({"classify", "--diagnostic", "-", "-"}, lines).code, 2);
  const Outcome twice = Run({"classify", "--diagnostic", "-", "--diagnostic", "-"}, lines);
  EXPECT_EQ(twice.code, 2);
  EXPECT_THAT(twice.err, HasSubstr("standard input can be read once"));
  EXPECT_EQ(Run({"classify", "--diagnostic", "-"}, "").out, "");
}

TEST_F(VerbsTest, ClassifyCutsADiagnosticThatIsTooLongAndGoesOn) {
  server_.Stop();
  const std::string most = "550 5.1.1 user unknown " + std::string((64 << 10) - 23, 'x');
  for (const bool is_cut : {false, true}) {
    const std::string lines = most + (is_cut ? "x" : "") + "\n452 over quota\n";
    const Outcome json = Run({"classify", "--json", "--diagnostic", "-"}, lines);
    EXPECT_EQ(json.code, 0) << json.err;
    EXPECT_THAT(json.out, StartsWith("{\"diagnostic\":\"" + most + "\","));
    EXPECT_THAT(json.out, HasSubstr("\"reason\":\"no_such_user\""));
    EXPECT_EQ(json.out.find(",\"remarks\":[{\"text\":\"bound:max_line\"}]}\n") != std::string::npos,
              is_cut);
    EXPECT_THAT(json.out, HasSubstr("\n{\"diagnostic\":\"452 over quota\","));
    EXPECT_EQ(
        Run({"classify", "--diagnostic", "-"}, lines).out.find("\n  remark: bound:max_line\n") !=
            std::string::npos,
        is_cut);
  }
}

// A rule that says of `phrase` that it means `reason`.
std::string Rule(const std::string& id, const std::string& phrase, const std::string& reason,
                 const std::string& example) {
  return "[[rule]]\nid = '" + id + "'\nreason = '" + reason +
         "'\nconfidence = 90\nwhen.text = [{ phrases = ['" + phrase +
         "'] }]\nsource = 'us'\nwhy = 'so'\nexample = ['" + example + "']\n";
}

TEST_F(VerbsTest, ClassifyTakesAnOperatorsRules) {
  const std::string good =
      folder_.Write("rules.d/a.toml", Rule("op-a", "quux", "mailbox_full", "550 quux"));
  EXPECT_THAT(Run({"classify", "--rules", folder_ / "rules.d", "--diagnostic", "550 quux"}).out,
              HasSubstr("mailbox_full (soft)"));
  const std::string bad =
      folder_.Write("bad.toml", Rule("op-b", "quux", "mailbox_fool", "550 quux"));
  const Outcome outcome =
      Run({"classify", "--rules", good, "--rules", bad, "--diagnostic", "550 quux"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err,
            "bouncectl: " + bad + ":3: rule \"op-b\": unknown reason \"mailbox_fool\"\n");
}

TEST_F(VerbsTest, HashPasswordMakesTheSecretOfAUser) {
  server_.Stop();
  const Outcome given = Run({"hash-password", "--iterations", "4096"}, "pencil\nmore\n");
  EXPECT_EQ(given.code, 0) << given.err;
  EXPECT_EQ(given.err, "");
  ASSERT_THAT(given.out, testing::EndsWith("\n"));
  const absl::StatusOr<ScramSecret> secret =
      ParseScramSecret(given.out.substr(0, given.out.size() - 1));
  ASSERT_TRUE(secret.ok()) << secret.status();
  EXPECT_EQ(secret->iterations, 4'096);
  EXPECT_TRUE(CheckPassword(*secret, "pencil"));
  EXPECT_NE(Run({"hash-password"}, "pencil\n").out, given.out) << "another salt";

  const Outcome made = Run({"hash-password", "--generate"});
  ASSERT_THAT(made.err, StartsWith("password: "));
  const std::string password = made.err.substr(10, made.err.size() - 11);
  EXPECT_EQ(password.size(), 24u);
  EXPECT_TRUE(CheckPassword(*ParseScramSecret(made.out.substr(0, made.out.size() - 1)), password));

  EXPECT_EQ(Run({"hash-password"}, "").code, 2);
  EXPECT_THAT(Run({"hash-password"}, "\n").err, HasSubstr("no password"));
  EXPECT_EQ(Run({"hash-password"}, std::string(kMaxPasswordOctets, 'x')).code, 0);
  EXPECT_THAT(Run({"hash-password"}, std::string(kMaxPasswordOctets + 1, 'x')).err,
              HasSubstr("more than 1024 octets"));
  EXPECT_EQ(Run({"hash-password", "--iterations", "4095"}, "pencil\n").code, 2);
}

TEST_F(VerbsTest, RulesLintTellsEachProblem) {
  server_.Stop();
  const std::string good =
      folder_.Write("rules.d/a.toml", Rule("op-a", "quux", "mailbox_full", "550 quux"));
  const Outcome clean = Run({"rules", "lint", folder_ / "rules.d"});
  EXPECT_EQ(clean.code, 0) << clean.err;
  EXPECT_EQ(clean.out + clean.err, "");
  const std::string bad =
      folder_.Write("bad.toml", Rule("op-a", "quuux", "mailbox_full", "550 quuux") +
                                    Rule("op-b", "quuux", "mailbox_fool", "550 quuux"));
  const Outcome outcome = Run({"rules", "lint", good, bad});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out, bad + ":1: id \"op-a\" is already taken at " + good + ":1\n" + bad +
                             ":11: rule \"op-b\": unknown reason \"mailbox_fool\"\n");
  EXPECT_EQ(Run({"rules", "lint", "--json", good, bad}).out,
            "{\"file\":\"" + bad +
                "\",\"line\":1,\"problem\":\"id \\\"op-a\\\" is already taken at " + good +
                ":1\"}\n{\"file\":\"" + bad +
                "\",\"line\":11,\"rule\":\"op-b\",\"problem\":\"unknown reason "
                "\\\"mailbox_fool\\\"\"}\n");
  const Outcome lost =
      Run({"rules", "lint", good,
           folder_.Write("c.toml", Rule("op-c", "quux x", "mailbox_full", "550 quuux"))});
  EXPECT_EQ(lost.code, 1);
  EXPECT_THAT(lost.out, HasSubstr("c.toml:8: rule \"op-c\": example \"550 quuux\" is won by"));
  const std::string taking = folder_.Write(
      "d.toml", Rule("op-d", "user unknown", "mailbox_full", "550 5.1.1 user unknown"));
  const Outcome warned = Run({"rules", "lint", taking});
  EXPECT_EQ(warned.code, 0) << "it is allowed";
  EXPECT_THAT(warned.out, StartsWith(taking + ":1: rule \"op-d\": warning: wins "));
  EXPECT_THAT(
      Run({"rules", "lint", "--json", taking}).out,
      StartsWith("{\"file\":\"" + taking + "\",\"line\":1,\"rule\":\"op-d\",\"warning\":\"wins "));
  EXPECT_EQ(Run({"rules", "lint"}).code, 2);
  const Outcome none = Run({"rules", "lint", folder_ / "none"});
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr(folder_ / "none"));
}

TEST_F(VerbsTest, RulesTestTriesAllExamples) {
  server_.Stop();
  const Outcome built_in = Run({"rules", "test"});
  EXPECT_EQ(built_in.code, 0) << built_in.out;
  EXPECT_THAT(built_in.out, StartsWith("ok\t"));
  EXPECT_THAT(built_in.err, HasSubstr(" rules: 0 differ\n"));
  EXPECT_EQ(Run({"rules", "test", "--differing"}).out, "");

  const std::string taking = folder_.Write(
      "a.toml", Rule("op-a", "user unknown", "mailbox_full", "550 5.1.1 user unknown"));
  const Outcome outcome = Run({"rules", "test", taking});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, HasSubstr("ok\t" + taking +
                                     ":8\top-a\top-a\tmailbox_full\t550 5.1.1 "
                                     "user unknown\n"));
  EXPECT_THAT(outcome.out, HasSubstr("differs\tmailbox.toml:"));
  const Outcome mine = Run({"rules", "test", "--mine", taking});
  EXPECT_EQ(mine.code, 0) << "of ours some differ";
  EXPECT_EQ(mine.out, "ok\t" + taking + ":8\top-a\top-a\tmailbox_full\t550 5.1.1 user unknown\n");
  EXPECT_EQ(mine.err, "1 examples of 1 rules: 0 differ\n");
  const Outcome of_none = Run({"rules", "test", "--mine"});
  EXPECT_EQ(of_none.code, 2);
  EXPECT_THAT(of_none.err, HasSubstr("--mine needs a FILE"));
  const Outcome json = Run({"rules", "test", "--json", "--differing", taking});
  EXPECT_THAT(json.out, StartsWith("{\"file\":\""));
  EXPECT_THAT(json.out, HasSubstr("\"difference\":\"is won by \\\"op-a\\\" (mailbox_full)\""));
  EXPECT_EQ(Run({"rules", "test", folder_.Write("b.toml", "x = 1")}).code, 2);
}

TEST_F(VerbsTest, RulesStatsSortsByHits) {
  auto rule = [this](const char* id, const char* reason, const char* source, std::int64_t hits) {
    v1::Rule& added = server_.bounces.rules.emplace_back();
    added.set_id(id);
    added.set_reason(reason);
    added.set_source(source);
    added.set_hits(hits);
  };
  rule("b", "no_such_user", "m.toml:2", 3);
  rule("never", "no_such_user", "m.toml:9", 0);
  rule("a", "mailbox_full", "m.toml:1", 3);
  rule("unclassified", "unclassified", "", 10);
  server_.bounces.rules[0].set_is_operators(true);
  const Outcome outcome = Run({"rules", "stats"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "10\tunclassified\tunclassified\tbuilt-in\t-\n"
            "3\ta\tmailbox_full\tbuilt-in\tm.toml:1\n"
            "3\tb\tno_such_user\toperator\tm.toml:2\n");
  EXPECT_THAT(outcome.err, StartsWith("16 failures since 2027-01-15 08:00:00"));
  EXPECT_THAT(Run({"rules", "stats", "--all"}).out, HasSubstr("\n0\tnever\t"));
  EXPECT_THAT(Run({"rules", "stats", "--json"}).out,
              StartsWith("{\"id\":\"unclassified\",\"reason\":\"unclassified\",\"source\":\"\","
                         "\"is_operators\":false,\"hits\":\"10\"}\n"));
}

TEST_F(VerbsTest, ProgressIsShownOnTerminalsOnly) {
  const Outcome outcome = Run({"clean"}, "a@x\n");
  EXPECT_THAT(outcome.err, Not(HasSubstr("\x1b")));
}

struct SharedRow {
  std::vector<std::string> verb;
  std::string takes;  // of the options that verbs share
};

TEST_F(VerbsTest, EveryVerbSaysWhatItTakesAndHowItEnds) {
  for (const SharedRow& row :
       std::vector<SharedRow>{{{}, "server tenant stream json"},
                              {{"check"}, "server tenant stream json"},
                              {{"clean"}, "server tenant stream json"},
                              {{"explain"}, "server tenant stream json"},
                              {{"list"}, "server tenant stream json"},
                              {{"get"}, "server tenant stream json"},
                              {{"add"}, "server tenant stream json"},
                              {{"remove"}, "server tenant stream json"},
                              {{"allow"}, "server tenant json"},
                              {{"disallow"}, "server tenant json"},
                              {{"allowed"}, "server tenant json"},
                              {{"incidents"}, "server tenant json"},
                              {{"resolve", "--confirm"}, "server tenant json"},
                              {{"import"}, "server tenant stream json"},
                              {{"export"}, "server tenant stream json"},
                              {{"watch"}, "server tenant json"},
                              {{"history"}, "server tenant json"},
                              {{"undo"}, "server tenant json"},
                              {{"events"}, "server tenant json"},
                              {{"evidence"}, "server tenant"},
                              {{"ingest"}, "server tenant stream json"},
                              {{"classify"}, "json"},
                              {{"return-path", "mint"}, "server tenant stream json"},
                              {{"return-path", "verify"}, "server json"},
                              {{"return-path", "keys"}, "server tenant json"},
                              {{"return-path", "revoke", "--domain", "x"}, "server json"},
                              {{"apply"}, "server json"},
                              {{"policies"}, "server json"},
                              {{"rules", "lint"}, "json"},
                              {{"rules", "test"}, "json"},
                              {{"rules", "stats"}, "server json"},
                              {{"backup"}, "server json"},
                              {{"integrity"}, "server json"}}) {
    std::vector<std::string> arguments = row.verb;
    arguments.push_back("--help");
    const Outcome help = Run(arguments);
    EXPECT_EQ(help.code, 0);
    EXPECT_THAT(help.out, HasSubstr("Exit codes:"));
    EXPECT_EQ(help.err, "");
    for (const std::string option : {"server", "timeout", "tenant", "stream", "json"}) {
      const bool takes =
          row.takes.find(option == "timeout" ? "server" : option) != std::string::npos;
      EXPECT_EQ(help.out.find("\n  --" + option + " ") != std::string::npos, takes)
          << option << " in " << help.out;
      if (takes) continue;
      std::vector<std::string> command = row.verb;
      command.insert(command.end(), {"1", "--" + option + "=1"});
      const Outcome refused = Run(command);
      EXPECT_EQ(refused.code, 2);
      EXPECT_THAT(refused.err, HasSubstr("--" + option));
    }
  }
}

TEST_F(VerbsTest, HelpSaysWhatComesOfNoStream) {
  struct Row {
    std::vector<std::string> verb;
    std::string says;
  };
  for (const Row& row :
       std::vector<Row>{{{"check"}, "not who unsubscribed from one"},
                        {{"clean"}, "not who unsubscribed from one"},
                        {{"explain"}, "not who unsubscribed from one"},
                        {{"list"}, "(default: all)"},
                        {{"export"}, "(default: all)"},
                        {{"get"}, "(default: what holds for all kinds of mail)"},
                        {{"add"}, "(default: what holds for all kinds of mail)"},
                        {{"import"}, "(default: what holds for all kinds"},
                        {{"ingest"}, "(default: none)"},
                        {{"return-path", "mint"}, "(default: the domain's own)"}}) {
    std::vector<std::string> arguments = row.verb;
    arguments.push_back("--help");
    const std::string help = Run(arguments).out;
    const std::size_t begin = help.find("\n  --stream ");
    ASSERT_NE(begin, std::string::npos) << help;
    const std::string line = help.substr(begin + 1, help.find("\n", begin + 1) - begin - 1);
    EXPECT_THAT(line, HasSubstr(row.says));
  }
}

TEST_F(VerbsTest, OptionsInFrontOfTheVerbAreForAnyOfThem) {
  server_.Stop();
  EXPECT_EQ(Run({"--tenant", "acme", "--json", "classify", "--diagnostic", "550 no"}).code, 0);
  EXPECT_EQ(
      RunAt("no server", {"classify", "--diagnostic", "550 no"}, "", false, SystemClock()).code, 0)
      << "which server is of no concern to it";
}

}  // namespace
}  // namespace bounced::cli
