// Rules that change, run over what is stored: the same facts come to the same, whenever the rules
// came, and what people did holds.
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/api/limits.h"
#include "tests/api/fixture.h"

namespace bounced::api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

// What servers say in these tests, and what it is taken for.
using Meanings = std::map<std::string, Reason>;

std::shared_ptr<const RuleSet> RulesOf(const Meanings& meanings) {
  std::string file;
  for (const auto& [word, reason] : meanings) {
    std::string id = absl::StrCat("says-", word, "-", std::string(ToString(reason)));
    std::replace(id.begin(), id.end(), '_', '-');
    absl::StrAppend(
        &file, "[[rule]]\nid = \"", id, "\"\nreason = \"", std::string(ToString(reason)),
        "\"\nconfidence = 90\nwhen.text = [{ phrases = ['", word,
        " refused'] }]\nsource = \"here\"\nwhy = \"so\"\nexample = [\"550 ", word, " refused\"]\n");
  }
  absl::StatusOr<std::shared_ptr<const RuleSet>> rules = RuleSet::Load({{"test.toml", file}});
  EXPECT_TRUE(rules.ok()) << rules.status();
  return *rules;
}

std::string Delivered(const std::string& recipient) {
  return "From: MAILER-DAEMON@mta.example\r\nSubject: Delivered\r\nMIME-Version: 1.0\r\n"
         "Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n"
         "--b\r\nContent-Type: text/plain\r\n\r\nIt arrived.\r\n"
         "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
         "Reporting-MTA: dns; mta.example\r\n\r\n"
         "Final-Recipient: rfc822; " +
         recipient + "\r\nAction: delivered\r\nStatus: 2.0.0\r\n\r\n--b--\r\n";
}

std::string Complained(const std::string& recipient) {
  return "From: fbl@mta.example\r\nSubject: FW\r\nMIME-Version: 1.0\r\n"
         "Content-Type: multipart/report; report-type=feedback-report; boundary=\"b\"\r\n\r\n"
         "--b\r\nContent-Type: text/plain\r\n\r\nUnwanted.\r\n"
         "--b\r\nContent-Type: message/feedback-report\r\n\r\n"
         "Feedback-Type: abuse\r\nUser-Agent: x/1\r\nVersion: 1\r\n\r\n"
         "--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: us@example.com\r\nTo: " +
         recipient + "\r\nSubject: News\r\n\r\nHello.\r\n\r\n--b--\r\n";
}

// A server with these rules, and what a test does to it.
class World final : public ApiTest {
 public:
  explicit World(const Meanings& meanings, const Policy& policy = {}) { Obey(meanings, policy); }
  void TestBody() override {}

  void Obey(const Meanings& meanings, const Policy& policy = {}) {
    rules_.Swap(RulesOf(meanings), clock_.Now());
    policy_ = policy;
    committer_->SetPolicies(policy);
  }
  void Pass(absl::Duration time) { clock_.Advance(time); }
  absl::Time now() const { return clock_.Now(); }
  using ApiTest::Check;
  using ApiTest::Eventually;
  using ApiTest::Mint;
  using ApiTest::Restart;

  void Take(const std::string& return_path, const std::string& message) {
    const grpc::Status status = Ingest(return_path, message);
    EXPECT_TRUE(status.ok()) << status.error_message();
  }
  static std::string Refused(const std::string& recipient, const std::string& word) {
    return Bounce(recipient, "5.0.0", "550 " + word + " refused");
  }
  void Refuse(const std::string& recipient, const std::string& word) {
    Take(Mint(recipient), Refused(recipient, word));
  }

  v1::RecordDeliveriesResponse Record(const std::string& address, v1::DeliveryOutcome outcome,
                                      const std::string& text = "") {
    return RecordLate(address, outcome, text, absl::ZeroDuration());
  }
  // What happened a while ago: then no return path of today was its.
  v1::RecordDeliveriesResponse RecordLate(const std::string& address, v1::DeliveryOutcome outcome,
                                          const std::string& text, absl::Duration ago) {
    grpc::ClientContext context;
    v1::RecordDeliveriesRequest request;
    v1::DeliveryAttempt& attempt = *request.add_attempts();
    attempt.set_address(address);
    attempt.set_outcome(outcome);
    attempt.set_text(text);
    if (ago == absl::ZeroDuration()) {
      attempt.set_return_path(Mint(address));
    } else {
      attempt.mutable_time()->set_seconds(absl::ToUnixSeconds(now() - ago));
    }
    v1::RecordDeliveriesResponse response;
    EXPECT_TRUE(bounces_->RecordDeliveries(&context, request, &response).ok());
    return response;
  }
  void Release(const std::string& address) { EXPECT_TRUE(Delete(address).ok()); }
  void Allow(const std::string& address) {
    grpc::ClientContext context;
    v1::CreateAllowanceRequest request;
    request.set_address(address);
    request.set_author("ann");
    v1::CreateAllowanceResponse response;
    EXPECT_TRUE(suppressions_->CreateAllowance(&context, request, &response).ok());
  }
  void ToggleAllowance(const std::string& address) {
    if (Facts(address).allowances.empty()) return Allow(address);
    grpc::ClientContext context;
    v1::DeleteAllowanceRequest request;
    request.set_address(address);
    v1::DeleteAllowanceResponse response;
    EXPECT_TRUE(suppressions_->DeleteAllowance(&context, request, &response).ok());
  }
  // The newest change of a suppression of the address.
  void UndoNewest(const std::string& address) {
    const std::vector<Change> changes = Facts(address).changes;
    if (changes.empty() || changes.back().what > Change::What::kRemoved) return;
    v1::UndoChangesRequest request;
    request.set_number(changes.back().number);
    Undo(request);
  }
  std::string HistoryOf(const std::string& address) {
    std::string text;
    for (const Change& change : Facts(address).changes) {
      absl::StrAppend(&text, change.number, " ", absl::FormatTime(change.time), " what ",
                      static_cast<int>(change.what), " by ", change.author, " ", change.cause,
                      " undoes ", change.undoes, " event ", change.suppression.event_id, "\n");
    }
    return text;
  }
  void Forget(const std::string& address) {
    grpc::ClientContext context;
    v1::ForgetRequest request;
    request.set_address(address);
    auto reader = suppressions_->Forget(&context, request);
    v1::ForgetResponse response;
    while (reader->Read(&response)) continue;
    EXPECT_TRUE(reader->Finish().ok());
  }
  void Suppress(const std::string& address) { EXPECT_TRUE(Create(address).ok()); }
  void Import(const std::string& address) {
    grpc::ClientContext context;
    v1::ImportSuppressionsResponse response;
    auto writer = suppressions_->ImportSuppressions(&context, &response);
    v1::ImportSuppressionsRequest request;
    request.add_suppressions()->set_address(address);
    request.mutable_suppressions(0)->set_source(v1::SOURCE_BOUNCE);
    writer->Write(request);
    writer->WritesDone();
    EXPECT_TRUE(writer->Finish().ok());
  }
  void Undo(const v1::UndoChangesRequest& request) {
    grpc::ClientContext context;
    auto reader = suppressions_->UndoChanges(&context, request);
    v1::UndoChangesResponse response;
    while (reader->Read(&response)) {
      for (const v1::UndoneChange& change : response.changes()) {
        EXPECT_EQ(change.outcome(), v1::UndoneChange::OUTCOME_UNDONE) << change.ShortDebugString();
      }
    }
    const grpc::Status status = reader->Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
  }
  void UndoBatch(std::int64_t batch) {
    v1::UndoChangesRequest request;
    request.set_batch(batch);
    Undo(request);
  }
  std::vector<v1::Incident> Incidents() {
    grpc::ClientContext context;
    v1::ListIncidentsResponse response;
    EXPECT_TRUE(reports_->ListIncidents(&context, {}, &response).ok());
    return {response.incidents().begin(), response.incidents().end()};
  }

  struct Run {
    grpc::Status status;
    std::vector<v1::ReclassifiedAddress> addresses;
    v1::ReclassifyProgress progress;
    std::vector<std::string> tokens;
    std::vector<int> steps;  // addresses of each answer
    std::int64_t batch = 0;

    std::string OutcomeOf(const std::string& address) const {
      for (const v1::ReclassifiedAddress& each : addresses) {
        if (each.address() == address) {
          return v1::ReclassifiedAddress::Outcome_Name(each.outcome()).substr(8);
        }
      }
      return "";
    }
  };
  // Stops reading after so many answers.
  Run Reclassify(v1::ReclassifyRequest request, int answers = -1) {
    Run run;
    grpc::ClientContext context;
    request.set_author("ann");
    auto reader = bounces_->Reclassify(&context, request);
    v1::ReclassifyResponse response;
    while (answers-- != 0 && reader->Read(&response)) {
      run.addresses.insert(run.addresses.end(), response.addresses().begin(),
                           response.addresses().end());
      run.progress = response.progress();
      run.tokens.push_back(response.resume_token());
      run.steps.push_back(response.addresses_size());
      run.batch = response.batch();
    }
    if (answers < -1) {
      run.status = reader->Finish();
    } else {
      context.TryCancel();
      run.status = reader->Finish();
    }
    return run;
  }
  Run DryRun() { return Reclassify({}); }
  Run Apply() {
    v1::ReclassifyRequest request;
    request.set_apply(true);
    Run run = Reclassify(request);
    EXPECT_TRUE(run.status.ok()) << run.status.error_message();
    return run;
  }

  AddressFacts Facts(const std::string& address) {
    absl::StatusOr<AddressFacts> facts = store_->GetFacts("default", *Address::Parse(address));
    EXPECT_TRUE(facts.ok()) << facts.status();
    return *std::move(facts);
  }
  // All that is known of the address and decided about it, but for the history of that.
  std::string Standing(const std::string& address) {
    const AddressFacts facts = Facts(address);
    const AddressRecord& r = facts.record;
    std::string text = absl::StrCat(
        address, " ", v1::Verdict_Name(Check(address)), " hard ", absl::StrJoin(r.hard_days, ","),
        " soft ", absl::StrJoin(r.soft_days, ","), " times ", r.soft_suppressions, " on ",
        r.soft_suppressed_on, " probation ", r.probation_until, " delivered ", r.delivered_on,
        " risky ", std::max(facts.risky_until, DayOf(now())), " mails ",
        absl::StrJoin(r.counted_mails, ","), "\n");
    std::vector<std::string> lines;
    for (const Suppression& s : facts.suppressions) {
      if (s.expire_time <= now()) continue;
      lines.push_back(absl::StrCat("  ", std::string(ToString(s.source)), " ", s.stream, " ",
                                   s.reason, " ", absl::FormatTime(s.create_time), " ",
                                   absl::FormatTime(s.expire_time), " event ", s.event_id, " ",
                                   s.explanation, " ", s.incident_id, "\n"));
    }
    std::sort(lines.begin(), lines.end());
    for (const StoredEvent& stored : facts.events) {
      const Event& e = stored.event;
      lines.push_back(absl::StrCat(
          "  ", e.id, " ", std::string(ToString(e.kind)), " ", std::string(ToString(e.reason)), " ",
          e.rule, " ", std::string(ToString(e.effect)), " ", std::string(ToString(e.policy_rule)),
          " ", e.counts, e.text_bears_out, " ", e.matched_text, "\n"));
    }
    return text + absl::StrJoin(lines, "");
  }
  std::string Standing(const std::vector<std::string>& addresses) {
    std::string text;
    for (const std::string& address : addresses) text += Standing(address);
    return text;
  }
};

const Meanings kOld = {{"alpha", Reason::kNoSuchUser},
                       {"beta", Reason::kMailboxFull},
                       {"gamma", Reason::kMailboxDisabled},
                       {"delta", Reason::kSpamContent},
                       {"epsilon", Reason::kGreylisted}};

const Reason kReasons[] = {Reason::kNoSuchUser,  Reason::kMailboxFull,     Reason::kMailboxDisabled,
                           Reason::kSpamContent, Reason::kGreylisted,      Reason::kNoSuchDomain,
                           Reason::kRateLimited, Reason::kRecipientRefused};

// What comes on one day.
struct Post {
  absl::Duration after;  // the beginning
  std::string return_path;
  std::string message;
};

class RandomPast {
 public:
  RandomPast(unsigned seed, int addresses) : random_(seed) {
    for (int i = 0; i < addresses; ++i) {
      addresses_.push_back(absl::StrCat("r", i, "@d", i % 3, ".example"));
    }
  }
  const std::vector<std::string>& addresses() const { return addresses_; }
  int Below(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random_); }

  // Mail of `days` days, what comes back of it, and when. `world` mints, and ends `days` later.
  std::vector<Post> Make(World& world, int days) {
    std::vector<Post> posts;
    for (int day = 0; day < days; ++day) {
      for (const std::string& address : addresses_) {
        if (Below(4) == 0) continue;
        const std::string path = world.Mint(address);
        const int reports = Below(8) == 0 ? 2 : 1;
        for (int i = 0; i < reports; ++i) {
          posts.push_back({absl::Hours(24 * day) + absl::Minutes(Below(3 * 24 * 60)), path,
                           MessageFor(address)});
        }
      }
      world.Pass(absl::Hours(24));
    }
    std::stable_sort(posts.begin(), posts.end(),
                     [](const Post& a, const Post& b) { return a.after < b.after; });
    return posts;
  }

  Meanings AnyMeanings() {
    Meanings meanings = kOld;
    for (auto& [word, reason] : meanings) reason = kReasons[Below(8)];
    return meanings;
  }
  Policy AnyPolicy() {
    return {.complaint_scope = ComplaintScope::kTenant,
            .hard_days = 2 + Below(6),
            .hard_confirmations = 2 + Below(2),
            .soft_threshold = 2 + Below(2),
            .soft_window_days = 5 + Below(10),
            .soft_days = 2 + Below(5),
            .probation_days = Below(20),
            .domain_burst = 0};
  }

  std::string MessageFor(const std::string& address) {
    const int what = Below(20);
    if (what < 3) return Delivered(address);
    if (what == 3) return Complained(address);
    const char* const words[] = {"alpha", "beta", "beta", "gamma", "delta", "epsilon", "other"};
    return World::Refused(address, words[Below(7)]);
  }

 private:
  std::mt19937 random_;
  std::vector<std::string> addresses_;
};

void Live(World& world, const std::vector<Post>& posts, absl::Duration all) {
  absl::Duration passed;
  for (const Post& post : posts) {
    world.Pass(post.after - passed);
    passed = post.after;
    world.Take(post.return_path, post.message);
  }
  world.Pass(all - passed);
}

class RandomPastTest : public testing::TestWithParam<unsigned> {};

TEST_P(RandomPastTest, ComesToWhatItWouldHaveComeToHadTheRulesBeenSoFromTheFirst) {
  constexpr int kDays = 25;
  constexpr absl::Duration kAll = absl::Hours(24 * (kDays + 4));
  RandomPast past(GetParam(), 8);
  const Policy old_policy = past.AnyPolicy();
  const Policy new_policy = past.AnyPolicy();
  const Meanings new_meanings = past.AnyMeanings();
  World minter(kOld);
  const std::vector<Post> posts = past.Make(minter, kDays);

  World changed(kOld, old_policy);
  Live(changed, posts, kAll);
  const std::string before = changed.Standing(past.addresses());
  EXPECT_THAT(changed.DryRun().addresses, IsEmpty()) << "the rules are as they were";

  changed.Obey(new_meanings, new_policy);
  const World::Run dry = changed.DryRun();
  EXPECT_TRUE(dry.status.ok()) << dry.status.error_message();
  EXPECT_THAT(dry.addresses, Not(IsEmpty()));
  EXPECT_EQ(changed.Standing(past.addresses()), before) << "a dry run changed something";
  const World::Run run = changed.Apply();
  EXPECT_EQ(run.progress.SerializeAsString(), dry.progress.SerializeAsString());
  EXPECT_EQ(run.progress.not_readable(), 0);

  World always(new_meanings, new_policy);
  Live(always, posts, kAll);
  EXPECT_EQ(changed.Standing(past.addresses()), always.Standing(past.addresses()));
  EXPECT_THAT(changed.DryRun().addresses, IsEmpty()) << "it is done";

  if (run.batch != 0) {
    changed.UndoBatch(run.batch);
    EXPECT_EQ(changed.Standing(past.addresses()), before);
    // An undo of it is no word of a person against it.
    changed.Apply();
    EXPECT_EQ(changed.Standing(past.addresses()), always.Standing(past.addresses()));
  }
}

TEST_P(RandomPastTest, UnchangedRulesChangeNothingWhateverPeopleDid) {
  RandomPast past(GetParam(), 8);
  World world(kOld, past.AnyPolicy());
  for (int day = 0; day < 30; ++day) {
    for (const std::string& address : past.addresses()) {
      world.Pass(absl::Minutes(1 + past.Below(60)));
      switch (past.Below(14)) {
        case 0:
        case 1:
          world.Record(address, v1::DELIVERY_OUTCOME_DELIVERED);
          break;
        case 2:
          world.Record(address, v1::DELIVERY_OUTCOME_BOUNCED, "552 5.0.0 beta refused");
          break;
        case 3:
          if (!world.Facts(address).suppressions.empty()) world.Release(address);
          break;
        case 4:
          if (past.Below(4) == 0) world.ToggleAllowance(address);
          break;
        case 5:
          world.UndoNewest(address);
          break;
        case 6:
          world.Import(address);
          break;
        case 7:
          world.RecordLate(address, v1::DELIVERY_OUTCOME_BOUNCED, "552 5.0.0 beta refused",
                           absl::Hours(1 + past.Below(120)));
          break;
        default:
          world.Take(world.Mint(address), past.MessageFor(address));
      }
    }
    world.Pass(absl::Hours(16));
    for (const v1::ReclassifiedAddress& each : world.DryRun().addresses) {
      ADD_FAILURE() << "on day " << day << "\n"
                    << each.DebugString() << world.Standing(each.address())
                    << world.HistoryOf(each.address());
      return;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(, RandomPastTest, testing::Range(1u, 9u));

TEST(ReclassifyTest, SaysWhoAndWhyAndChangesNothingUntilItIsAsked) {
  World world(kOld);
  world.Refuse("gone@a.example", "alpha");
  world.Refuse("spam@a.example", "delta");
  world.Refuse("closed@a.example", "gamma");
  world.Obey({{"alpha", Reason::kSpamContent},
              {"delta", Reason::kNoSuchUser},
              {"gamma", Reason::kNoSuchUser}});
  const World::Run dry = world.DryRun();
  EXPECT_TRUE(dry.status.ok()) << dry.status.error_message();
  EXPECT_EQ(dry.OutcomeOf("gone@a.example"), "RELEASED");
  EXPECT_EQ(dry.OutcomeOf("spam@a.example"), "ADDED");
  EXPECT_EQ(dry.OutcomeOf("closed@a.example"), "CHANGED");
  EXPECT_EQ(dry.progress.addresses(), 3);
  EXPECT_EQ(dry.progress.reclassified(), 3);
  EXPECT_EQ(dry.progress.added() + dry.progress.released() + dry.progress.changed(), 3);
  EXPECT_EQ(dry.batch, 0);
  EXPECT_EQ(dry.tokens.back(), "");
  EXPECT_EQ(world.Check("gone@a.example"), v1::VERDICT_SUPPRESSED);
  for (const v1::ReclassifiedAddress& each : dry.addresses) {
    if (each.address() != "gone@a.example") continue;
    ASSERT_EQ(each.events_size(), 1);
    EXPECT_EQ(each.events(0).before().rule(), "says-alpha-no-such-user");
    EXPECT_EQ(each.events(0).before().matched_text(), "alpha refused");
    EXPECT_EQ(each.events(0).before().policy_line(), "hard_certain");
    EXPECT_EQ(each.events(0).after().rule(), "says-alpha-spam-content");
    EXPECT_EQ(each.events(0).after().policy_line(), "block");
    ASSERT_EQ(each.suppressions_size(), 1);
    EXPECT_EQ(each.suppressions(0).before().reason(), "no_such_user");
    EXPECT_FALSE(each.suppressions(0).has_after());
  }

  const World::Run run = world.Apply();
  EXPECT_NE(run.batch, 0);
  EXPECT_EQ(world.Check("gone@a.example"), v1::VERDICT_SEND);
  EXPECT_EQ(world.Check("spam@a.example"), v1::VERDICT_SUPPRESSED);
  const std::vector<Change> changes = world.Facts("gone@a.example").changes;
  ASSERT_EQ(changes.size(), 3u);
  EXPECT_EQ(changes[1].what, Change::What::kReclassified);
  EXPECT_EQ(changes[1].author, "ann");
  EXPECT_EQ(changes[1].cause, "reclassify");
  EXPECT_EQ(changes[1].batch, run.batch);
  EXPECT_THAT(changes[1].suppression.explanation,
              HasSubstr("no_such_user by rule says-alpha-no-such-user, hard_certain is now "
                        "spam_content by rule says-alpha-spam-content, block"));
  EXPECT_EQ(changes[1].before->reason, "no_such_user");
  EXPECT_EQ(changes[2].what, Change::What::kRemoved);
  EXPECT_EQ(changes[2].batch, run.batch);
}

// --- What people did

TEST(ReclassifyTest, WhatPeopleDidHolds) {
  World world(kOld);
  const Meanings all_gone = {{"alpha", Reason::kNoSuchUser}, {"delta", Reason::kNoSuchUser}};
  world.Allow("allowed@a.example");
  for (const char* who : {"allowed", "by-hand", "taken-off", "undone", "imported", "plain"}) {
    world.Refuse(absl::StrCat(who, "@a.example"), "delta");
  }
  world.Suppress("by-hand@a.example");
  world.Import("imported@a.example");
  world.Refuse("taken-off@a.example", "alpha");
  world.Refuse("undone@a.example", "alpha");
  world.Pass(absl::Hours(24));
  world.Release("taken-off@a.example");
  v1::UndoChangesRequest undo;
  undo.set_number(world.Facts("undone@a.example").changes.back().number);
  world.Undo(undo);
  world.Pass(absl::Hours(1));
  EXPECT_THAT(world.DryRun().addresses, IsEmpty()) << "the rules are as they were";

  world.Obey(all_gone);
  const World::Run run = world.Apply();
  EXPECT_EQ(run.OutcomeOf("plain@a.example"), "ADDED");
  EXPECT_EQ(world.Check("plain@a.example"), v1::VERDICT_SUPPRESSED);
  EXPECT_EQ(world.Check("allowed@a.example"), v1::VERDICT_SEND);
  EXPECT_THAT(world.Facts("allowed@a.example").suppressions, IsEmpty());
  EXPECT_EQ(world.Check("taken-off@a.example"), v1::VERDICT_SEND);
  EXPECT_THAT(world.Facts("taken-off@a.example").suppressions, IsEmpty());
  EXPECT_EQ(world.Check("undone@a.example"), v1::VERDICT_SEND);
  const std::vector<Suppression> by_hand = world.Facts("by-hand@a.example").suppressions;
  EXPECT_EQ(by_hand.size(), 2u);
  EXPECT_EQ(world.Check("imported@a.example"), v1::VERDICT_SUPPRESSED);

  // A release counts what came before it no more, and what comes behind it does.
  world.Refuse("taken-off@a.example", "delta");
  EXPECT_EQ(world.Check("taken-off@a.example"), v1::VERDICT_SUPPRESSED);
  EXPECT_THAT(world.DryRun().addresses, IsEmpty());

  world.Obey({{"alpha", Reason::kSpamContent}, {"delta", Reason::kSpamContent}});
  world.Apply();
  EXPECT_EQ(world.Check("plain@a.example"), v1::VERDICT_SEND);
  EXPECT_EQ(world.Check("taken-off@a.example"), v1::VERDICT_SEND);
  EXPECT_THAT(world.Facts("by-hand@a.example").suppressions, SizeIs(1)) << "the one by hand";
  EXPECT_EQ(world.Check("by-hand@a.example"), v1::VERDICT_SUPPRESSED);
  const std::vector<Suppression> imported = world.Facts("imported@a.example").suppressions;
  ASSERT_EQ(imported.size(), 1u);
  EXPECT_EQ(imported[0].event_id, 0) << "the list that was taken over says so";
}

TEST(ReclassifyTest, WhatIsReportedLateOfMailFromBeforeAReleaseStaysAsItIs) {
  for (const char* word : {"alpha", "beta", "gamma"}) {
    World world(kOld);
    world.Refuse("r@a.example", "alpha");
    world.Pass(absl::Hours(72));
    world.Release("r@a.example");
    world.Pass(absl::Hours(1));
    world.RecordLate("r@a.example", v1::DELIVERY_OUTCOME_BOUNCED,
                     absl::StrCat("550 5.0.0 ", word, " refused"), absl::Hours(60));
    EXPECT_EQ(world.Check("r@a.example"), v1::VERDICT_SEND) << word;
    EXPECT_THAT(world.DryRun().addresses, IsEmpty()) << word;
  }
}

TEST(ReclassifyTest, WhatAnIncidentHoldsItHoldsStill) {
  World world(kOld, {.domain_burst = 3});
  std::vector<std::string> held;
  for (int i = 0; i < 4; ++i) {
    held.push_back(absl::StrCat("r", i, "@held.example"));
    world.Refuse(held.back(), "alpha");
  }
  ASSERT_THAT(world.Incidents(), SizeIs(1));
  EXPECT_THAT(world.DryRun().addresses, IsEmpty());
  world.Obey({{"alpha", Reason::kNoSuchDomain}}, {.domain_burst = 3});
  EXPECT_EQ(world.Apply().progress.changed(), 4);
  for (const std::string& address : held) {
    EXPECT_EQ(world.Check(address), v1::VERDICT_RISKY);
    ASSERT_THAT(world.Facts(address).suppressions, SizeIs(1));
    EXPECT_EQ(world.Facts(address).suppressions[0].reason, "no_such_domain");
    EXPECT_EQ(world.Facts(address).suppressions[0].incident_id, world.Incidents()[0].incident_id());
  }
}

TEST(ReclassifyTest, ComplaintsStayWhateverThePolicySaysOfThemNow) {
  World world(kOld);
  world.Take(world.Mint("r@a.example", "news"), Complained("r@a.example"));
  ASSERT_EQ(world.Check("r@a.example"), v1::VERDICT_SUPPRESSED);
  world.Obey(kOld, {.complaint_scope = ComplaintScope::kStream});
  EXPECT_THAT(world.Apply().addresses, IsEmpty());
  EXPECT_EQ(world.Check("r@a.example"), v1::VERDICT_SUPPRESSED);
}

// --- What is left to read

TEST(ReclassifyTest, WithoutAMessageTheStoredCodesAndTextAreRead) {
  World world(kOld);
  world.Record("text@a.example", v1::DELIVERY_OUTCOME_BOUNCED, "550 5.0.0 alpha refused");
  world.Record("mute@a.example", v1::DELIVERY_OUTCOME_BOUNCED);
  EXPECT_EQ(world.Check("text@a.example"), v1::VERDICT_SUPPRESSED);
  EXPECT_THAT(world.DryRun().addresses, IsEmpty());
  EXPECT_EQ(world.DryRun().progress.not_readable(), 1);
  world.Obey({{"alpha", Reason::kSpamContent}});
  const World::Run run = world.Apply();
  EXPECT_EQ(run.OutcomeOf("text@a.example"), "RELEASED");
  EXPECT_EQ(run.progress.not_readable(), 1);
  EXPECT_EQ(world.Check("text@a.example"), v1::VERDICT_SEND);
}

TEST(ReclassifyTest, ADeliveryThatLeftNoEventIsNotForgotten) {
  World world(kOld);
  const std::string address = "r@a.example";
  world.Refuse(address, "delta");
  world.Pass(absl::Hours(24));
  world.Record(address, v1::DELIVERY_OUTCOME_DELIVERED);
  for (int day = 0; day < 2; ++day) {
    world.Pass(absl::Hours(24));
    world.Refuse(address, "beta");
  }
  EXPECT_THAT(world.DryRun().addresses, IsEmpty());
  world.Obey({{"delta", Reason::kMailboxFull}, {"beta", Reason::kMailboxFull}});
  world.Apply();
  EXPECT_EQ(world.Check(address), v1::VERDICT_RISKY) << "the first came before the delivery";
  EXPECT_THAT(world.Facts(address).record.soft_days, SizeIs(2));
}

TEST(ReclassifyTest, OnlyWhatIsSelectedIsReadAgain) {
  World world(kOld);
  world.Refuse("old@a.example", "alpha");
  world.Pass(absl::Hours(24));
  const absl::Time later = world.now();
  world.Refuse("new@a.example", "alpha");
  world.Refuse("new@b.example", "alpha");
  world.Refuse("other@a.example", "gamma");
  world.Obey({{"alpha", Reason::kSpamContent}, {"gamma", Reason::kSpamContent}});
  const auto outcomes = [&](const v1::ReclassifyRequest& request) {
    std::vector<std::string> addresses;
    const World::Run run = world.Reclassify(request);
    EXPECT_TRUE(run.status.ok()) << run.status.error_message();
    for (const v1::ReclassifiedAddress& each : run.addresses) addresses.push_back(each.address());
    return addresses;
  };
  v1::ReclassifyRequest request;
  request.set_domain("B.example");
  EXPECT_THAT(outcomes(request), ElementsAre("new@b.example"));
  request.Clear();
  request.mutable_received_before()->set_seconds(absl::ToUnixSeconds(later));
  EXPECT_THAT(outcomes(request), ElementsAre("old@a.example"));
  request.Clear();
  request.mutable_received_from()->set_seconds(absl::ToUnixSeconds(later));
  request.set_domain("a.example");
  EXPECT_THAT(outcomes(request), ElementsAre("other@a.example", "new@a.example"));
  request.Clear();
  request.set_rule("says-gamma-mailbox-disabled");
  EXPECT_THAT(outcomes(request), ElementsAre("other@a.example"));
  request.Clear();
  request.set_reason("mailbox_disabled");
  EXPECT_THAT(outcomes(request), ElementsAre("other@a.example"));
  request.Clear();
  request.set_tenant("somebody");
  EXPECT_THAT(outcomes(request), IsEmpty());
}

TEST(ReclassifyTest, WhatIsAskedBadlyIsRefused) {
  using grpc::StatusCode;
  World world(kOld);
  const auto asked = [&](auto set) {
    v1::ReclassifyRequest request;
    set(request);
    return world.Reclassify(request).status;
  };
  EXPECT_THAT(asked([](auto& r) { r.set_reason("no_such_reason"); }),
              Fails(StatusCode::INVALID_ARGUMENT, "reason: "));
  EXPECT_THAT(asked([](auto& r) { r.set_domain("-"); }),
              Fails(StatusCode::INVALID_ARGUMENT, "domain: "));
  EXPECT_THAT(asked([](auto& r) { r.set_resume_token("x"); }),
              Fails(StatusCode::INVALID_ARGUMENT, "resume_token: "));
  EXPECT_THAT(asked([](auto& r) { r.set_cause(std::string(kMaxReclassifyCauseOctets + 1, 'x')); }),
              Fails(StatusCode::INVALID_ARGUMENT, "cause: "));
  EXPECT_TRUE(
      asked([](auto& r) { r.set_cause(std::string(kMaxReclassifyCauseOctets, 'x')); }).ok());
  EXPECT_THAT(asked([](auto& r) { r.mutable_received_from()->set_nanos(-1); }),
              Fails(StatusCode::INVALID_ARGUMENT, "received_from: "));
}

// --- Runs that are cut

class ManyTest : public testing::Test {
 protected:
  static constexpr int kMany = 2 * kReclassifyStepAddresses + 5;

  ManyTest() : world_(kOld, {.domain_burst = 0}) {
    for (int i = 0; i < kMany; ++i) {
      addresses_.push_back(absl::StrCat("r", i, "@many.example"));
      world_.Refuse(addresses_.back(), "alpha");
    }
    world_.Obey({{"alpha", Reason::kSpamContent}}, {.domain_burst = 0});
  }

  std::set<std::int64_t> Batches() {
    std::set<std::int64_t> batches;
    for (const std::string& address : addresses_) {
      int times = 0;
      for (const Change& change : world_.Facts(address).changes) {
        if (change.what != Change::What::kReclassified) continue;
        ++times;
        batches.insert(change.batch);
      }
      EXPECT_EQ(times, 1) << address;
    }
    return batches;
  }

  World world_;
  std::vector<std::string> addresses_;
};

TEST_F(ManyTest, AStepIsNoLargerThanItMayBe) {
  const World::Run run = world_.Apply();
  EXPECT_EQ(run.progress.released(), kMany);
  EXPECT_THAT(run.steps, ElementsAre(0, kReclassifyStepAddresses, kReclassifyStepAddresses, 5));
  EXPECT_EQ(Batches().size(), 1u);
}

TEST_F(ManyTest, ARunThatWasCutGoesOnWithEachAddressDoneOnce) {
  v1::ReclassifyRequest request;
  request.set_apply(true);
  request.set_domain("many.example");
  const World::Run cut = world_.Reclassify(request, 2);
  ASSERT_EQ(cut.tokens.size(), 2u);
  world_.Restart();
  world_.Obey({{"alpha", Reason::kSpamContent}}, {.domain_burst = 0});
  // The token of the first answer will do, though steps were taken behind it.
  v1::ReclassifyRequest rest;
  rest.set_apply(true);
  rest.set_resume_token(cut.tokens[0]);
  const World::Run resumed = world_.Reclassify(rest);
  EXPECT_TRUE(resumed.status.ok()) << resumed.status.error_message();
  EXPECT_LE(resumed.progress.released(), kMany - kReclassifyStepAddresses);
  const std::set<std::int64_t> batches = Batches();
  ASSERT_EQ(batches.size(), 1u);
  for (const std::string& address : addresses_) {
    EXPECT_EQ(world_.Check(address), v1::VERDICT_SEND);
  }
  EXPECT_THAT(world_.Reclassify(rest).addresses, IsEmpty()) << "it is done";
  world_.UndoBatch(*batches.begin());
  for (const std::string& address : addresses_) {
    EXPECT_EQ(world_.Check(address), v1::VERDICT_SUPPRESSED);
    EXPECT_EQ(world_.Facts(address).events[0].event.reason, Reason::kNoSuchUser);
  }
}

TEST_F(ManyTest, ADryRunThatWasCutGoesOn) {
  const World::Run cut = world_.Reclassify({}, 2);
  v1::ReclassifyRequest rest;
  rest.set_resume_token(cut.tokens[1]);
  const World::Run resumed = world_.Reclassify(rest);
  EXPECT_TRUE(resumed.status.ok()) << resumed.status.error_message();
  EXPECT_EQ(static_cast<int>(cut.addresses.size() + resumed.addresses.size()), kMany);
  rest.set_domain("many.example");
  EXPECT_THAT(world_.Reclassify(rest).status,
              Fails(grpc::StatusCode::INVALID_ARGUMENT, "resume_token: "));
  v1::ReclassifyRequest apply;
  apply.set_apply(true);
  apply.set_resume_token(cut.tokens[1]);
  EXPECT_THAT(world_.Reclassify(apply).status,
              Fails(grpc::StatusCode::INVALID_ARGUMENT, "resume_token: "));
}

TEST_F(ManyTest, WhatComesMeanwhileCountsToo) {
  v1::ReclassifyRequest request;
  request.set_apply(true);
  const World::Run cut = world_.Reclassify(request, 1);
  world_.Obey({{"alpha", Reason::kSpamContent}, {"beta", Reason::kNoSuchUser}},
              {.domain_burst = 0});
  world_.Pass(absl::Hours(1));
  world_.Refuse(addresses_[0], "beta");
  request.set_resume_token(cut.tokens[0]);
  // A step of the call that was cut may still be under way.
  grpc::Status status;
  EXPECT_TRUE(world_.Eventually([&] {
    status = world_.Reclassify(request).status;
    return status.error_code() != grpc::StatusCode::ABORTED;
  }));
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(world_.Check(addresses_[0]), v1::VERDICT_SUPPRESSED);
  EXPECT_EQ(world_.Check(addresses_[1]), v1::VERDICT_SEND);
}

// What was read from its texts would be lost with them.
TEST(ReclassifyTest, T48WhoIsForgottenStaysAsHeIs) {
  World world(kOld);
  for (const char* address : {"forgotten@rcpt.example", "other@rcpt.example"}) {
    world.Refuse(address, "alpha");
    world.Take(world.Mint(address), Complained(address));
  }
  world.Forget("forgotten@rcpt.example");
  world.Obey({{"alpha", Reason::kSpamContent}}, {.complaint_scope = ComplaintScope::kStream});
  const World::Run run = world.Apply();
  EXPECT_EQ(run.progress.forgotten(), 1);
  EXPECT_EQ(run.progress.too_large(), 0);
  EXPECT_THAT(run.addresses, SizeIs(1));
  EXPECT_EQ(world.Facts("forgotten@rcpt.example").suppressions.size(), 2u);
  EXPECT_EQ(world.Check("forgotten@rcpt.example"), v1::VERDICT_SUPPRESSED);
}

}  // namespace
}  // namespace bounced::api
