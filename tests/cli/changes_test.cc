// The verbs of the history, against a server that remembers what it was sent.

#include <string>
#include <vector>

#include "server/cli/times.h"
#include "tests/cli/fixture.h"

namespace bounced::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class HistoryTest : public BouncectlTest {
 protected:
  static v1::SuppressionChange Change(std::int64_t number, const std::string& address) {
    v1::SuppressionChange change;
    change.set_number(number);
    change.mutable_time()->set_seconds(1'700'000'000);
    change.set_action(v1::SuppressionChange::ACTION_CREATED);
    change.set_author("ann");
    change.set_cause("as\x1bked");
    change.mutable_suppression()->set_address(address);
    change.mutable_suppression()->set_source(v1::SOURCE_MANUAL);
    change.mutable_suppression()->set_reason("manual");
    return change;
  }

  static v1::WatchSuppressionsResponse Message(const std::vector<std::int64_t>& numbers,
                                               const std::string& token) {
    v1::WatchSuppressionsResponse response;
    for (std::int64_t number : numbers) {
      *response.add_changes() = Change(number, "a" + std::to_string(number) + "@x");
    }
    response.set_token(token);
    return response;
  }

  static std::string LineOf(std::int64_t number) {
    const std::string text = std::to_string(number);
    return text + "\t2023-11-14T22:13:20.000000Z\tcreated\ta" + text +
           "@x\t-\tmanual\tmanual\t-\tann\tas\\x{1B}ked\n";
  }
};

// --- watch

TEST_F(HistoryTest, WatchPrintsEachChangeOnceOverCallsThatEnd) {
  using grpc::StatusCode;
  server_.suppressions.watches = {
      {{Message({}, "t0"), Message({1, 2}, "t2")}, {StatusCode::UNAVAILABLE, "the server stops"}},
      {{Message({3}, "t3")}, {StatusCode::ABORTED, "too slow"}},
      {{}, {StatusCode::RESOURCE_EXHAUSTED, "100 watch already"}},
      // What is made of a call that a server has got while it ends.
      {{}, {StatusCode::CANCELLED, ""}},
      {{Message({4}, "t4")}, grpc::Status::OK}};
  const std::string file = folder_ / "resume";
  const Outcome outcome = Run({"watch", "--tenant", "acme", "--from-start", "--resume-file", file});
  EXPECT_EQ(outcome.code, 2) << "the sixth call is told that its token is too old";
  EXPECT_THAT(outcome.err, HasSubstr("token: too old"));
  EXPECT_THAT(outcome.err, HasSubstr("waiting for it: the server stops"));
  EXPECT_EQ(outcome.out, LineOf(1) + LineOf(2) + LineOf(3) + LineOf(4));
  EXPECT_EQ(folder_.Read("resume"), "t4\n");
  std::vector<std::string> tokens;
  for (const v1::WatchSuppressionsRequest& request : server_.suppressions.watched) {
    EXPECT_EQ(request.tenant(), "acme");
    EXPECT_EQ(request.from_start(), tokens.empty());
    tokens.push_back(request.token());
  }
  EXPECT_THAT(tokens, ElementsAre("", "t2", "t3", "t3", "t3", "t4"));
}

TEST_F(HistoryTest, WatchGoesOnFromItsFile) {
  folder_.Write("resume", "t7\n");
  Run({"watch", "--from-start", "--resume-file", folder_ / "resume"});
  ASSERT_EQ(server_.suppressions.watched.size(), 1u);
  EXPECT_EQ(server_.suppressions.watched[0].token(), "t7");
  EXPECT_FALSE(server_.suppressions.watched[0].from_start());
  EXPECT_EQ(folder_.Read("resume"), "t7\n");

  folder_.Write("large", std::string(1'001, 'x'));
  const Outcome large = Run({"watch", "--resume-file", folder_ / "large"});
  EXPECT_EQ(large.code, 2);
  EXPECT_THAT(large.err, HasSubstr("holds no token"));

  // Cut by a full disk, or made by `touch`: it must not go on with the next change.
  folder_.Write("empty", "\n");
  const Outcome empty = Run({"watch", "--resume-file", folder_ / "empty"});
  EXPECT_EQ(empty.code, 2);
  EXPECT_THAT(empty.err, HasSubstr("bouncectl export --resume-file"));
  EXPECT_EQ(server_.suppressions.watched.size(), 1u);

  EXPECT_EQ(Run({"watch", "--resume-file", "/nonexistent/file"}).code, 2);
}

TEST_F(HistoryTest, WatchInJson) {
  server_.suppressions.watches = {{{Message({1}, "t1")}, grpc::Status::OK}};
  EXPECT_THAT(Run({"watch", "--json"}).out,
              StartsWith("{\"number\":\"1\",\"time\":\"2023-11-14T22:13:20Z\","
                         "\"action\":\"ACTION_CREATED\",\"author\":\"ann\","
                         "\"cause\":\"as\\u001bked\",\"suppression\":{\"address\":\"a1@x\""));
}

TEST_F(HistoryTest, WatchDoesNotWaitForAServerThatIsNotThere) {
  server_.Stop();
  const Outcome outcome = Run({"watch"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("could not reach"));
}

TEST_F(HistoryTest, ExportNotesWhereToWatchOn) {
  server_.suppressions.watch_token = "t9";
  EXPECT_EQ(Run({"export", "-o", folder_ / "list", "--resume-file", folder_ / "resume"}).code, 0);
  EXPECT_EQ(folder_.Read("resume"), "t9\n");
}

// --- history

TEST_F(HistoryTest, HistoryTakesPageAfterPage) {
  for (std::int64_t number : {5, 4, 3}) {
    server_.suppressions.changes.push_back(Change(number, "a" + std::to_string(number) + "@x"));
  }
  const Outcome all = Run({"history", "a@x", "--author", "ann", "--cause", "asked", "--batch", "7",
                           "--since", "2026-01-31", "--until", "2026-02-01"});
  EXPECT_EQ(all.code, 0) << all.err;
  EXPECT_EQ(all.out, LineOf(5) + LineOf(4) + LineOf(3));
  ASSERT_EQ(server_.suppressions.changes_listed.size(), 2u);
  const v1::ListChangesRequest& request = server_.suppressions.changes_listed[1];
  EXPECT_EQ(request.address(), "a@x");
  EXPECT_EQ(request.author(), "ann");
  EXPECT_EQ(request.cause(), "asked");
  EXPECT_EQ(request.batch(), 7);
  EXPECT_EQ(FormatTime(request.from()), "2026-01-31T00:00:00Z");
  EXPECT_EQ(FormatTime(request.before()), "2026-02-01T00:00:00Z");
  EXPECT_EQ(Run({"history", "--limit", "1"}).out, LineOf(5));
  EXPECT_EQ(Run({"history", "--since", "soon"}).code, 2);
}

TEST_F(HistoryTest, T48WatchTellsThatAnAddressWasForgotten) {
  v1::WatchSuppressionsResponse message = Message({1}, "t1");
  message.mutable_changes(0)->set_action(v1::SuppressionChange::ACTION_FORGOTTEN);
  server_.suppressions.watches = {{{message}, grpc::Status::OK}};
  EXPECT_THAT(Run({"watch"}).out, HasSubstr("\tforgotten\ta1@x\t"));
}

// --- undo

TEST_F(HistoryTest, UndoTellsOfEachChangeAndHowManyWereLeft) {
  v1::UndoChangesResponse first;
  *first.add_changes()->mutable_change() = Change(2, "a2@x");
  first.mutable_changes(0)->set_outcome(v1::UndoneChange::OUTCOME_UNDONE);
  first.set_batch(9);
  v1::UndoChangesResponse second = first;
  *second.mutable_changes(0)->mutable_change() = Change(1, "a1@x");
  second.mutable_changes(0)->set_outcome(v1::UndoneChange::OUTCOME_OVERTAKEN);
  server_.suppressions.undo_answers = {first};
  const Outcome all = Run({"undo", "--batch", "2", "--cause", "wrong list"});
  EXPECT_EQ(all.code, 0);
  EXPECT_EQ(all.out, "undone\t" + LineOf(2));
  EXPECT_EQ(
      all.err,
      "bouncectl: 1 undone, 0 left as they are; `bouncectl undo --batch 9` takes that back\n");
  const v1::UndoChangesRequest& request = server_.suppressions.undone[0];
  EXPECT_EQ(request.batch(), 2);
  EXPECT_FALSE(request.dry_run());
  EXPECT_EQ(request.undo_author(), "tester");
  EXPECT_EQ(request.undo_cause(), "wrong list");

  server_.suppressions.undo_answers = {first, second};
  const Outcome some = Run({"undo", "2", "--dry-run"});
  EXPECT_EQ(some.code, 1);
  EXPECT_EQ(some.out, "undone\t" + LineOf(2) + "overtaken\t" + LineOf(1));
  EXPECT_THAT(some.err, HasSubstr("1 would be undone, 1 left"));
  EXPECT_EQ(server_.suppressions.undone[1].number(), 2);
  EXPECT_TRUE(server_.suppressions.undone[1].dry_run());
  EXPECT_THAT(Run({"undo", "2", "--json"}).out,
              testing::EndsWith("\n{\"dry_run\":false,\"undone\":1,\"left\":1,\"batch\":9}\n"));
}

TEST_F(HistoryTest, UndoSaysThatAConfirmationStays) {
  v1::UndoChangesResponse step;
  v1::UndoneChange& left = *step.add_changes();
  *left.mutable_change() = Change(3, "a3@x");
  left.mutable_change()->set_action(v1::SuppressionChange::ACTION_REPLACED);
  left.set_outcome(v1::UndoneChange::OUTCOME_OVERTAKEN);
  server_.suppressions.undo_answers = {step};
  EXPECT_THAT(Run({"undo", "3"}).err, testing::Not(HasSubstr("confirmed")));
  left.mutable_change()->mutable_before()->set_incident_id(2);
  server_.suppressions.undo_answers = {step};
  const Outcome outcome = Run({"undo", "3"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err,
              HasSubstr("0 undone, 1 left as they are\nbouncectl: 1 of those left were "
                        "put in force when their incident was confirmed"));
}

TEST_F(HistoryTest, UndoWantsToKnowWhat) {
  EXPECT_EQ(Run({"undo"}).code, 2);
  EXPECT_EQ(Run({"undo", "0"}).code, 2);
  EXPECT_EQ(Run({"undo", "1", "--batch", "2"}).code, 2);
  EXPECT_EQ(Run({"undo", "--batch", "2", "--since", "1d"}).code, 2);
  EXPECT_EQ(Run({"undo", "--author", "ann"}).code, 2);
  EXPECT_EQ(server_.suppressions.undone.size(), 0u);
  const Outcome nothing = Run({"undo", "--author", "ann", "--since", "1d"});
  EXPECT_EQ(nothing.code, 1);
  EXPECT_THAT(nothing.err, HasSubstr("nothing was changed there"));
  const v1::UndoChangesRequest& request = server_.suppressions.undone[0];
  EXPECT_EQ(request.author(), "ann");
  EXPECT_TRUE(request.has_from());
  EXPECT_TRUE(request.has_before());
  server_.suppressions.undo_status = {grpc::StatusCode::NOT_FOUND, "there is no such change"};
  EXPECT_EQ(Run({"undo", "1"}).code, 1);
}

// --- forget, export --address

TEST_F(HistoryTest, T48ForgetTellsWhatWentAndWhatStays) {
  v1::ForgetResponse first;
  first.set_events(200);
  v1::ForgetResponse last;
  last.set_events(201);
  last.set_evidence(20);
  last.set_mentions(1);
  last.set_suppressions(1);
  last.set_done(true);
  last.set_log_emptied(true);
  last.add_notes("A hash \x1b stays.");
  server_.suppressions.forget_answers = {first, last};
  const Outcome done = Run({"forget", "a@x", "--tenant", "acme"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(done.out,
            "took the text out of 201 events of the address and 1 other rows, and removed 20 "
            "messages; 1 suppressions stay\n- A hash \\x{1B} stays.\n");
  EXPECT_EQ(server_.suppressions.forgotten[0].address(), "a@x");
  EXPECT_EQ(server_.suppressions.forgotten[0].tenant(), "acme");
  EXPECT_EQ(server_.suppressions.forgotten[0].author(), "tester");
  EXPECT_FALSE(server_.suppressions.forgotten[0].dry_run());

  last.set_log_emptied(false);
  server_.suppressions.forget_answers = {last};
  const Outcome json = Run({"forget", "a@x", "--json"});
  EXPECT_EQ(json.code, 1) << "somebody was reading the log";
  EXPECT_THAT(json.out, HasSubstr("\"log_emptied\":false"));
  EXPECT_THAT(json.out, HasSubstr("\"events\":\"201\""));
  const Outcome dry = Run({"forget", "a@x", "--dry-run"});
  EXPECT_EQ(dry.code, 0);
  EXPECT_THAT(dry.out, StartsWith("would take the text out of 201 events"));
  EXPECT_TRUE(server_.suppressions.forgotten[2].dry_run());

  v1::ForgetResponse none;
  none.set_done(true);
  none.set_log_emptied(true);
  none.set_nothing_known(true);
  none.add_notes("Nothing is known of it.");
  server_.suppressions.forget_answers = {none};
  for (const char* how : {"--json", "--dry-run", "--timeout=5"}) {
    const Outcome unknown = Run({"forget", "b@x", how});
    EXPECT_EQ(unknown.code, 1) << how;
    EXPECT_THAT(unknown.out, HasSubstr("Nothing is known of it.")) << how;
    EXPECT_THAT(unknown.out, testing::Not(HasSubstr("the text out of"))) << how;
  }

  server_.suppressions.forget_answers = {last};
  server_.suppressions.forget_status = {grpc::StatusCode::UNAVAILABLE, "busy"};
  const Outcome failed = Run({"forget", "a@x"});
  EXPECT_EQ(failed.code, 3);
  EXPECT_THAT(failed.err, HasSubstr("not all was forgotten: call it again"));
  EXPECT_THAT(failed.err, HasSubstr("cannot serve now: busy. Try again"));
  EXPECT_THAT(failed.err, testing::Not(HasSubstr("--server")));
  EXPECT_EQ(Run({"forget"}).code, 2);
}

TEST_F(HistoryTest, WhatToDoIsSaidOnce) {
  const struct {
    grpc::StatusCode code;
    std::string says;
    std::string told;
  } cases[] = {
      {grpc::StatusCode::RESOURCE_EXHAUSTED,
       "there is too much to do, or no space left; try again, slower",
       " cannot take more now: there is too much to do, or no space left; try again, slower\n"},
      {grpc::StatusCode::RESOURCE_EXHAUSTED, "a bound of a proxy",
       " cannot take more now: a bound of a proxy. Try again, slower\n"},
      {grpc::StatusCode::UNAVAILABLE, "the daemon stops: try again",
       " is not there any more, or cannot serve now: the daemon stops: try again\n"},
  };
  for (const auto& c : cases) {
    server_.suppressions.delete_status = {c.code, c.says};
    const Outcome outcome = Run({"remove", "bad@x"});
    EXPECT_EQ(outcome.code, 3);
    EXPECT_THAT(outcome.err, testing::EndsWith(c.told));
  }
}

TEST_F(HistoryTest, T48AllThatIsKnownOfAnAddressIsALineEach) {
  v1::ExportAddressResponse summary;
  summary.mutable_summary()->set_address("a@x");
  v1::ExportAddressResponse suppression;
  suppression.mutable_suppression()->set_reason("no_such_user");
  server_.suppressions.address_parts = {summary, suppression};
  const Outcome all = Run({"export", "--address", "a@x"});
  EXPECT_EQ(all.code, 0) << all.err;
  EXPECT_EQ(all.out,
            "{\"summary\":{\"address\":\"a@x\"}}\n"
            "{\"suppression\":{\"reason\":\"no_such_user\"}}\n");
  EXPECT_EQ(server_.suppressions.addresses_exported[0].address(), "a@x");
  EXPECT_EQ(Run({"export", "--address", "a@x", "--format", "json"}).code, 2);
}

}  // namespace
}  // namespace bounced::cli
