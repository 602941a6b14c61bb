// What one transaction does, seen through the store's own queries.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fixture.h"
#include "storage/store.h"

namespace bounced {
namespace {

using testing::ElementsAre;

class ApplyTest : public testing::Test {
 protected:
  std::vector<Suppression> Rows(std::string_view mailbox) {
    absl::StatusOr<std::vector<Suppression>> rows =
        store_->FindSuppressions("t", ParseAddress(mailbox));
    EXPECT_TRUE(rows.ok()) << rows.status();
    return *std::move(rows);
  }
  AddressDossier Dossier(std::string_view mailbox) {
    absl::StatusOr<AddressDossier> dossier =
        store_->GetDossier("t", ParseAddress(mailbox), 100, 100);
    EXPECT_TRUE(dossier.ok()) << dossier.status();
    return *std::move(dossier);
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_ = Open(directory_.path());
};

TEST_F(ApplyTest, AnEventAndItsDecisionAreReadBackAsTheyWere) {
  NewMessage message = Bounce("R@Example.NET", 1);
  Event& e = message.events[0];
  e.final_recipient = "r@example.net";
  e.original_recipient = "o@example.net";
  e.forwarded_to = "f@example.org";
  e.persistence = Persistence::kPermanent;
  e.stage = Stage::kRcpt;
  e.counts = true;
  e.text_bears_out = true;
  e.matched_text = std::string("no\0such", 7);
  e.diagnostic_type = "smtp";
  e.remote_mta = "mx.example.net";
  e.provenance = "enhanced_status=reported";
  message.message.reverse_path = "x@y.example";
  message.message.client_helo = "mx";
  message.message.reporting_mta = "mta";
  message.message.envelope_id = "id";
  message.message.original_return_path = "First@bounces.example.net";
  message.message.message_reference = "ref";
  message.message.tls_version = "TLSv1.3";
  message.message.login = "relay";
  message.message.returned_path = "bo-x@bounces.example.net";
  message.message.authentication = "spf=pass smtp.helo=mx.example";
  message.message.trust = Trust::kUnverified;
  e.trust = Trust::kReturned;
  message.message.digest[15] = 0xFF;
  std::vector<MessageReceipt> receipts = Put(*store_, {message});
  ASSERT_EQ(receipts.size(), 1u);
  EXPECT_FALSE(receipts[0].duplicate);
  ASSERT_EQ(receipts[0].event_ids.size(), 1u);

  absl::StatusOr<StoredEvent> got = store_->GetEvent("t", receipts[0].event_ids[0]);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->event.id, receipts[0].event_ids[0]);
  EXPECT_EQ(got->event.message_id, receipts[0].message_id);
  EXPECT_EQ(got->event.kind, e.kind);
  ASSERT_TRUE(got->event.address);
  EXPECT_EQ(got->event.address->canonical(), "r@example.net");
  EXPECT_EQ(got->event.address->spelling(), "R@Example.NET");
  EXPECT_EQ(got->event.final_recipient, e.final_recipient);
  EXPECT_EQ(got->event.original_recipient, e.original_recipient);
  EXPECT_EQ(got->event.forwarded_to, e.forwarded_to);
  EXPECT_EQ(got->event.enhanced_status, e.enhanced_status);
  EXPECT_EQ(got->event.reply_code, e.reply_code);
  EXPECT_EQ(got->event.persistence, e.persistence);
  EXPECT_EQ(got->event.stage, e.stage);
  EXPECT_EQ(got->event.reason, e.reason);
  EXPECT_EQ(got->event.bounce_class, e.bounce_class);
  EXPECT_EQ(got->event.fault, e.fault);
  EXPECT_EQ(got->event.counts, e.counts);
  EXPECT_EQ(got->event.text_bears_out, e.text_bears_out);
  EXPECT_EQ(got->event.confidence, e.confidence);
  EXPECT_EQ(got->event.rule, e.rule);
  EXPECT_EQ(got->event.matched_text, e.matched_text);
  EXPECT_EQ(got->event.diagnostic, e.diagnostic);
  EXPECT_EQ(got->event.diagnostic_type, e.diagnostic_type);
  EXPECT_EQ(got->event.remote_mta, e.remote_mta);
  EXPECT_EQ(got->event.provenance, e.provenance);
  EXPECT_EQ(got->event.effect, Effect::kSuppressed);
  EXPECT_EQ(got->event.policy_rule, PolicyRule::kHardCertain);
  const Message& m = message.message;
  EXPECT_EQ(got->message.tenant, m.tenant);
  EXPECT_EQ(got->message.stream, m.stream);
  EXPECT_EQ(got->message.return_path, m.return_path);
  EXPECT_EQ(got->message.reverse_path, m.reverse_path);
  EXPECT_EQ(got->message.client_address, m.client_address);
  EXPECT_EQ(got->message.client_helo, m.client_helo);
  EXPECT_EQ(got->message.reporting_mta, m.reporting_mta);
  EXPECT_EQ(got->message.report_form, m.report_form);
  EXPECT_EQ(got->message.envelope_id, m.envelope_id);
  EXPECT_EQ(got->message.original_return_path, m.original_return_path);
  EXPECT_EQ(got->message.return_path_key, m.return_path_key);
  EXPECT_EQ(got->message.message_reference, m.message_reference);
  EXPECT_EQ(got->message.tls_version, m.tls_version);
  EXPECT_EQ(got->message.login, m.login);
  EXPECT_EQ(got->message.returned_path, m.returned_path);
  EXPECT_EQ(got->message.authentication, m.authentication);
  EXPECT_EQ(got->message.trust, m.trust);
  EXPECT_EQ(got->event.trust, e.trust);
  EXPECT_EQ(got->message.receive_time, m.receive_time);
  EXPECT_EQ(got->message.day, m.day);
  EXPECT_EQ(got->message.digest, m.digest);
  EXPECT_EQ(got->message_octets, message.evidence->octets());
  EXPECT_TRUE(got->has_evidence);
  absl::StatusOr<std::string> evidence = store_->GetEvidence("t", got->event.id);
  ASSERT_TRUE(evidence.ok()) << evidence.status();
  EXPECT_EQ(*evidence, "Subject: 1\r\n\r\nIt bounced.\r\n");

  absl::StatusOr<std::vector<Suppression>> found =
      store_->FindSuppressions("t", Address::Parse("r@EXAMPLE.net").value());
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(found->front().address.spelling(), "R@Example.NET") << "that in which it first came";
}

TEST_F(ApplyTest, AnotherTenantFindsNothing) {
  std::int64_t id = Put(*store_, {Bounce("a@example.net", 1)})[0].event_ids[0];
  EXPECT_TRUE(absl::IsNotFound(store_->GetEvent("u", id).status()));
  EXPECT_TRUE(absl::IsNotFound(store_->GetEvidence("u", id).status()));
  EXPECT_TRUE(absl::IsNotFound(store_->GetEvent("t", id + 1).status()));
  EXPECT_THAT(*store_->FindSuppressions("u", ParseAddress("a@example.net")), ElementsAre());
  EXPECT_EQ(store_->index().Check("u", "", "a@example.net", Noon()), IndexAnswer::kSend);
}

TEST_F(ApplyTest, TheIndexKnowsWhenApplyReturns) {
  EXPECT_EQ(CheckIndex(*store_, "a@example.net"), IndexAnswer::kSend);
  Put(*store_, {Bounce("a@example.net", 1)});
  EXPECT_EQ(CheckIndex(*store_, "a@example.net"), IndexAnswer::kSuppressed);
  EXPECT_EQ(CheckIndex(*store_, "a@example.net", "news"), IndexAnswer::kSuppressed);
}

TEST_F(ApplyTest, EventsOfOneAddressInOneBatchSeeEachOther) {
  Work one = StoreMessages{.messages = {Bounce("a@example.net", 1)}};
  Work two = StoreMessages{.messages = {Bounce("b@example.net", 2), Bounce("A@example.net", 3)}};
  std::vector<std::size_t> seen;
  Work* batch[] = {&one, &two};
  auto decide = [&](const AddressHistory& history, const Message& m, const Event& e) {
    seen.push_back(history.record.counted_mails.size() * 10 + history.suppressions.size());
    Decision decision = SimplePolicy(history, m, e);
    decision.next.counted_mails.push_back(7);
    return decision;
  };
  ASSERT_TRUE(store_->Apply(batch, decide, Noon()).ok());
  EXPECT_THAT(seen, ElementsAre(0, 0, 11));
}

TEST_F(ApplyTest, AnEventWithoutAddressIsNotDecidedAndHasNoEffect) {
  NewMessage message = Bounce("", 1);
  Work work = StoreMessages{.messages = {message}};
  Work* batch[] = {&work};
  int asked = 0;
  auto decide = [&](const AddressHistory&, const Message&, const Event&) {
    ++asked;
    return Decision{};
  };
  ASSERT_TRUE(store_->Apply(batch, decide, Noon()).ok());
  EXPECT_EQ(asked, 0);
  absl::StatusOr<StoredEvent> got =
      store_->GetEvent("t", std::get<StoreMessages>(work).receipts[0].event_ids[0]);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_FALSE(got->event.address);
  EXPECT_EQ(got->event.effect, Effect::kNone);
  EXPECT_EQ(got->event.policy_rule, PolicyRule::kNoAddress);
}

TEST_F(ApplyTest, TheSameMessageIsOneEventAcrossAndWithinBatches) {
  NewMessage twice = Bounce("a@example.net", 1);
  twice.events.push_back(twice.events[0]);
  std::vector<MessageReceipt> first = Put(*store_, {twice, Bounce("b@example.net", 2), twice});
  ASSERT_EQ(first.size(), 3u);
  EXPECT_FALSE(first[0].duplicate);
  EXPECT_TRUE(first[2].duplicate);
  EXPECT_EQ(first[2].message_id, first[0].message_id);
  EXPECT_EQ(first[2].event_ids, first[0].event_ids);
  EXPECT_EQ(first[0].event_ids.size(), 2u);
  std::vector<MessageReceipt> again = Put(*store_, {twice});
  EXPECT_TRUE(again[0].duplicate);
  EXPECT_EQ(again[0].message_id, first[0].message_id);
  EXPECT_EQ(again[0].event_ids, first[0].event_ids);
  EXPECT_EQ(Dossier("a@example.net").events.size(), 2u);

  store_.reset();
  store_ = Open(directory_.path());
  EXPECT_EQ(Put(*store_, {twice})[0].event_ids, first[0].event_ids);
  EXPECT_EQ(Put(*store_, {Bounce("c@example.net", 3)})[0].event_ids[0], first[1].event_ids[0] + 1);
}

// Who vouches for no day of issue has that of the arrival, which is another when it comes again.
TEST_F(ApplyTest, TheSameMessageOnAnotherDayIsOne) {
  struct Case {
    std::string_view name, key, returned_path;
  };
  constexpr Case kCases[] = {
      {"unsigned", "", ""},
      {"vouched for by what it returns", "a", "b-inside@bounces.example.net"},
      {"unsigned, of a mail that the log named", "", "b-inside@bounces.example.net"},
  };
  int number = 0;
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    NewMessage first = Bounce("a@example.net", ++number);
    first.message.return_path_key = c.key;
    first.message.returned_path = c.returned_path;
    NewMessage again = first;
    again.message.day = kToday + 1;
    const std::vector<MessageReceipt> receipts = Put(*store_, {first, again});
    ASSERT_EQ(receipts.size(), 2u);
    EXPECT_TRUE(receipts[1].duplicate);
    EXPECT_EQ(receipts[1].message_id, receipts[0].message_id);
  }
}

TEST_F(ApplyTest, TheSameDigestAtAnotherReturnPathIsAnotherMessage) {
  NewMessage other = Bounce("a@example.net", 1);
  other.message.return_path = "elsewhere@bounces.example.net";
  std::vector<MessageReceipt> receipts = Put(*store_, {Bounce("a@example.net", 1), other});
  EXPECT_FALSE(receipts[1].duplicate);
  EXPECT_NE(receipts[0].message_id, receipts[1].message_id);
}

TEST_F(ApplyTest, ChangesAreNumberedWithoutGapsAlsoAfterABatchThatFailed) {
  Put(*store_, {Bounce("a@example.net", 1), Bounce("b@example.net", 2)});
  Work good = StoreMessages{.messages = {Bounce("c@example.net", 3)}};
  Work bad = RemoveSuppressions{.tenant = "t",
                                .stream = "",
                                .address = std::nullopt,
                                .source = std::nullopt,
                                .author = "",
                                .cause = ""};
  EXPECT_TRUE(absl::IsInvalidArgument(Apply(*store_, {&good, &bad})));
  EXPECT_EQ(CheckIndex(*store_, "c@example.net"), IndexAnswer::kSend);
  EXPECT_TRUE(ChangesOf(*store_, "c@example.net").empty());
  Put(*store_, {Bounce("c@example.net", 3)});
  EXPECT_EQ(ChangesOf(*store_, "a@example.net").at(0).number, 1);
  EXPECT_EQ(ChangesOf(*store_, "b@example.net").at(0).number, 2);
  EXPECT_EQ(ChangesOf(*store_, "c@example.net").at(0).number, 3);
  store_.reset();
  store_ = Open(directory_.path());
  Put(*store_, {Bounce("d@example.net", 4)});
  EXPECT_EQ(ChangesOf(*store_, "d@example.net").at(0).number, 4);
}

TEST_F(ApplyTest, AChangeByPolicyNamesItsRule) {
  std::int64_t event = Put(*store_, {Bounce("a@example.net", 1)})[0].event_ids[0];
  Change change = ChangesOf(*store_, "a@example.net").at(0);
  EXPECT_EQ(change.author, "policy");
  EXPECT_EQ(change.cause, "hard_certain");
  EXPECT_EQ(change.what, Change::What::kCreated);
  EXPECT_EQ(change.time, Noon());
  EXPECT_FALSE(change.before);
  EXPECT_EQ(change.suppression.event_id, event);
  EXPECT_EQ(change.suppression.reason, "no_such_user");
  EXPECT_EQ(change.suppression.expire_time, absl::InfiniteFuture());
}

TEST_F(ApplyTest, ADecisionThatSaysWhatStandsChangesNothing) {
  Put(*store_, {Bounce("a@example.net", 1)});
  Work work = StoreMessages{.messages = {Bounce("a@example.net", 2)}};
  Work* batch[] = {&work};
  auto again = [](const AddressHistory& history, const Message&, const Event&) {
    Decision decision{.next = history.record};
    decision.suppress = history.suppressions.at(0);
    return decision;
  };
  ASSERT_TRUE(store_->Apply(batch, again, Noon()).ok());
  EXPECT_EQ(ChangesOf(*store_, "a@example.net").size(), 1u);
  // One word of it another is a change, and keeps what was before.
  work = StoreMessages{.messages = {Bounce("a@example.net", 3)}};
  auto other = [](const AddressHistory& history, const Message&, const Event&) {
    Decision decision{.next = history.record};
    decision.suppress = history.suppressions.at(0);
    decision.suppress->explanation = "Still.";
    decision.suppress->expire_time = Noon(kToday + 7);
    return decision;
  };
  ASSERT_TRUE(store_->Apply(batch, other, Noon()).ok());
  std::vector<Change> changes = ChangesOf(*store_, "a@example.net");
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[1].what, Change::What::kReplaced);
  EXPECT_EQ(changes[1].suppression.explanation, "Still.");
  EXPECT_EQ(changes[1].suppression.expire_time, Noon(kToday + 7));
  ASSERT_TRUE(changes[1].before);
  EXPECT_EQ(changes[1].before->explanation, "There is no such mailbox.");
  EXPECT_EQ(changes[1].before->expire_time, absl::InfiniteFuture());
  EXPECT_EQ(Rows("a@example.net").size(), 1u);
}

TEST_F(ApplyTest, SourcesStandBesideEachOtherAndTheStrongestHolds) {
  absl::Time in_a_week = Noon(kToday + 7);
  Work put =
      PutSuppressions{.suppressions = {Manual("a@example.net", "", Source::kBounce, in_a_week),
                                       Manual("a@example.net", "", Source::kComplaint),
                                       Manual("a@example.net", "news", Source::kUnsubscribe)},
                      .author = "api",
                      .cause = ""};
  ASSERT_TRUE(Apply(*store_, {&put}).ok());
  EXPECT_EQ(Rows("a@example.net").size(), 3u);
  EXPECT_EQ(CheckIndex(*store_, "a@example.net", "", Noon(kToday + 400)), IndexAnswer::kSuppressed);
  Work remove = RemoveSuppressions{.tenant = "t",
                                   .stream = "",
                                   .address = ParseAddress("a@example.net"),
                                   .source = Source::kComplaint,
                                   .author = "ann",
                                   .cause = "asked"};
  ASSERT_TRUE(Apply(*store_, {&remove}).ok());
  EXPECT_EQ(std::get<RemoveSuppressions>(remove).removed.size(), 1u);
  EXPECT_EQ(CheckIndex(*store_, "a@example.net"), IndexAnswer::kSuppressed);
  EXPECT_EQ(CheckIndex(*store_, "a@example.net", "", in_a_week), IndexAnswer::kAskRows);
  EXPECT_EQ(CheckIndex(*store_, "a@example.net", "", Noon(kToday + 8)), IndexAnswer::kSend);
  EXPECT_EQ(CheckIndex(*store_, "a@example.net", "news", Noon(kToday + 8)),
            IndexAnswer::kSuppressed);
  Change change = ChangesOf(*store_, "a@example.net").back();
  EXPECT_EQ(change.what, Change::What::kRemoved);
  EXPECT_EQ(change.author, "ann");
  EXPECT_EQ(change.cause, "asked");
  EXPECT_EQ(change.suppression.source, Source::kComplaint);
}

TEST_F(ApplyTest, WhoTakesAnAddressOffReleasesItAndEndsTheRisk) {
  NewMessage soft = Bounce("a@example.net", 1);
  soft.events[0].bounce_class = BounceClass::kSoft;
  Put(*store_, {Bounce("a@example.net", 2), soft});
  EXPECT_EQ(Dossier("a@example.net").risky_until, kToday + 30);
  Work remove = RemoveSuppressions{.tenant = "t",
                                   .stream = "",
                                   .address = ParseAddress("a@example.net"),
                                   .source = std::nullopt,
                                   .author = "ann",
                                   .cause = ""};
  absl::Time later = Noon() + absl::Minutes(1);
  ASSERT_TRUE(Apply(*store_, {&remove}, later).ok());
  ASSERT_EQ(std::get<RemoveSuppressions>(remove).removed.size(), 1u);
  AddressDossier dossier = Dossier("a@example.net");
  EXPECT_EQ(dossier.record.released, later);
  EXPECT_EQ(dossier.record.soft_days, std::vector<Day>{kToday});
  EXPECT_EQ(dossier.risky_until, 0);
  EXPECT_TRUE(dossier.standing.suppressions.empty());
  EXPECT_EQ(CheckIndex(*store_, "a@example.net"), IndexAnswer::kSend);
  EXPECT_EQ(store_->index().size(), 0u);
}

// Who wants the news again has said nothing of whether his mailbox is full.
TEST_F(ApplyTest, WhatHoldsForOneStreamIsNoReleaseWhenItIsTakenOff) {
  NewMessage soft = Bounce("a@example.net", 1);
  soft.events[0].bounce_class = BounceClass::kSoft;
  Put(*store_, {soft});
  Work wish =
      PutSuppressions{.suppressions = {Manual("a@example.net", "news", Source::kUnsubscribe)},
                      .author = "a",
                      .cause = "c"};
  Work remove = RemoveSuppressions{.tenant = "t",
                                   .stream = "news",
                                   .address = ParseAddress("a@example.net"),
                                   .source = std::nullopt,
                                   .author = "ann",
                                   .cause = ""};
  ASSERT_TRUE(Apply(*store_, {&wish, &remove}).ok());
  ASSERT_EQ(std::get<RemoveSuppressions>(remove).removed.size(), 1u);
  const AddressDossier dossier = Dossier("a@example.net");
  EXPECT_FALSE(dossier.record.released);
  EXPECT_EQ(dossier.risky_until, kToday + 30);
  EXPECT_EQ(CheckIndex(*store_, "a@example.net", "news"), IndexAnswer::kRisky);
}

TEST_F(ApplyTest, TakingOffWhatIsNotThereDoesNothing) {
  Put(*store_, {Bounce("a@example.net", 1)});
  for (std::string_view mailbox : {"a@example.net", "unknown@example.net"}) {
    Work remove = RemoveSuppressions{.tenant = "t",
                                     .stream = "news",
                                     .address = ParseAddress(mailbox),
                                     .source = std::nullopt,
                                     .author = "ann",
                                     .cause = ""};
    ASSERT_TRUE(Apply(*store_, {&remove}).ok());
    EXPECT_TRUE(std::get<RemoveSuppressions>(remove).removed.empty());
  }
  EXPECT_FALSE(Dossier("a@example.net").record.released);
  EXPECT_EQ(CheckIndex(*store_, "a@example.net"), IndexAnswer::kSuppressed);
}

TEST_F(ApplyTest, RiskIsOfTheTenantAndEndsByItself) {
  NewMessage soft = Bounce("a@example.net", 1);
  soft.events[0].bounce_class = BounceClass::kSoft;
  Put(*store_, {soft});
  EXPECT_EQ(CheckIndex(*store_, "a@example.net", "bills"), IndexAnswer::kRisky);
  EXPECT_EQ(CheckIndex(*store_, "a@example.net", "", StartOf(kToday + 30) - absl::Seconds(1)),
            IndexAnswer::kRisky);
  EXPECT_EQ(CheckIndex(*store_, "a@example.net", "", StartOf(kToday + 30)), IndexAnswer::kSend);
  NewMessage delivery = Bounce("a@example.net", 2);
  delivery.events[0].kind = Kind::kDelivery;
  Put(*store_, {delivery});
  EXPECT_EQ(CheckIndex(*store_, "a@example.net"), IndexAnswer::kSend);
}

struct PutCase {
  std::string_view name;
  bool replace;
  absl::Time standing_expires;
  PutSuppressions::Outcome want;
};
class PutTest : public testing::TestWithParam<PutCase> {};

TEST_P(PutTest, OverOneThatStands) {
  TemporaryDirectory directory;
  std::unique_ptr<Store> store = Open(directory.path());
  Work first = PutSuppressions{
      .suppressions = {Manual("a@example.net", "", Source::kManual, GetParam().standing_expires)},
      .author = "ann",
      .cause = ""};
  ASSERT_TRUE(Apply(*store, {&first}, Noon(kToday - 1)).ok());
  Suppression next = Manual("a@example.net");
  next.reason = "other";
  Work second = PutSuppressions{
      .suppressions = {next}, .author = "bob", .cause = "", .replace = GetParam().replace};
  ASSERT_TRUE(Apply(*store, {&second}).ok());
  EXPECT_THAT(std::get<PutSuppressions>(first).outcomes,
              ElementsAre(PutSuppressions::Outcome::kCreated));
  EXPECT_THAT(std::get<PutSuppressions>(second).outcomes, ElementsAre(GetParam().want));
  bool stays = GetParam().want == PutSuppressions::Outcome::kExists;
  std::vector<Suppression> rows = *store->FindSuppressions("t", ParseAddress("a@example.net"));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].reason, stays ? "manual" : "other");
  EXPECT_EQ(ChangesOf(*store, "a@example.net").size(), stays ? 1u : 2u);
}
INSTANTIATE_TEST_SUITE_P(
    , PutTest,
    testing::ValuesIn<PutCase>({
        {"Unexpired", false, Noon() + absl::Microseconds(1), PutSuppressions::Outcome::kExists},
        {"ExpiresNow", false, Noon(), PutSuppressions::Outcome::kReplaced},
        {"Expired", false, Noon() - absl::Microseconds(1), PutSuppressions::Outcome::kReplaced},
        {"ForEver", false, absl::InfiniteFuture(), PutSuppressions::Outcome::kExists},
        {"ForEverAndReplace", true, absl::InfiniteFuture(), PutSuppressions::Outcome::kReplaced},
    }),
    [](const auto& test) { return std::string(test.param.name); });

// --- Evidence

// Four messages of one size, by SMTP unless it is said otherwise.
struct UnvouchedCase {
  std::string_view name;
  std::int64_t spare;  // octets beyond what two of them take
  Trust trust = Trust::kUnverified;
  std::string_view client_address = "192.0.2.1";
  Day days = 0;  // between one and the next
  int want_kept = 2;
};
class UnvouchedTest : public testing::TestWithParam<UnvouchedCase> {};

TEST_P(UnvouchedTest, T27IsKeptUpToTheBoundOfADay) {
  TemporaryDirectory directory;
  std::vector<NewMessage> messages;
  for (int i = 0; i < 4; ++i) {
    NewMessage message = Bounce("a@example.net", i);
    message.message.trust = GetParam().trust;
    message.message.client_address = GetParam().client_address;
    messages.push_back(message);
  }
  const auto octets = static_cast<std::int64_t>(messages[0].evidence->packed().size());
  absl::StatusOr<std::unique_ptr<Store>> store =
      OpenSqliteStore({.directory = directory.path(),
                       .evidence = {.unvouched_per_day = 2 * octets + GetParam().spare}},
                      Noon());
  ASSERT_TRUE(store.ok()) << store.status();
  int kept = 0;
  for (int i = 0; i < 4; ++i) {
    const std::vector<MessageReceipt> receipts =
        Put(**store, {messages[static_cast<std::size_t>(i)]}, Noon(kToday + i * GetParam().days));
    const std::int64_t id = receipts[0].event_ids[0];
    if ((*store)->GetEvidence("t", id).ok()) ++kept;
  }
  EXPECT_EQ(kept, GetParam().want_kept);
}
INSTANTIATE_TEST_SUITE_P(, UnvouchedTest,
                         testing::ValuesIn<UnvouchedCase>({
                             {"AtTheBound", 0},
                             {"OneOctetLess", -1, Trust::kUnverified, "192.0.2.1", 0, 1},
                             {"WhoeverAuthenticates", 0, Trust::kAuthenticated},
                             {"WhatReturnsOurToken", 0, Trust::kReturned},
                             {"NotOfAnotherDay", -1, Trust::kUnverified, "192.0.2.1", 1, 4},
                             {"NotWhatTheApiBrings", 0, Trust::kUnverified, "", 0, 4},
                             {"NotWhatComesToASignedReturnPath", 0, Trust::kSigned, "192.0.2.1", 0,
                              4},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

struct EvidenceCase {
  std::string_view name;
  int bound;
  Trust trust;
  int messages;
  int want_kept;
};
class EvidenceTest : public testing::TestWithParam<EvidenceCase> {};

TEST_P(EvidenceTest, T27IsKeptUpToTheBoundOfASignedReturnPath) {
  TemporaryDirectory directory;
  absl::StatusOr<std::unique_ptr<Store>> store = OpenSqliteStore(
      {.directory = directory.path(), .evidence = {.per_return_path = GetParam().bound}}, Noon());
  ASSERT_TRUE(store.ok()) << store.status();
  int kept = 0;
  for (int i = 0; i < GetParam().messages; ++i) {
    NewMessage message = Bounce("a@example.net", i);
    message.message.return_path = "one@bounces.example.net";
    message.message.trust = GetParam().trust;
    std::int64_t id = Put(**store, {message})[0].event_ids[0];
    absl::StatusOr<std::string> evidence = (*store)->GetEvidence("t", id);
    absl::StatusOr<StoredEvent> event = (*store)->GetEvent("t", id);
    ASSERT_TRUE(event.ok()) << event.status();
    EXPECT_EQ(event->has_evidence, evidence.ok());
    EXPECT_EQ(event->message_octets, message.evidence->octets());
    EXPECT_TRUE(evidence.ok() || absl::IsNotFound(evidence.status())) << evidence.status();
    if (evidence.ok()) ++kept;
  }
  EXPECT_EQ(kept, GetParam().want_kept);
  EXPECT_EQ(Put(**store, {Bounce("a@example.net", 1'000)}).size(), 1u);
}
INSTANTIATE_TEST_SUITE_P(, EvidenceTest,
                         testing::ValuesIn<EvidenceCase>({
                             {"OneBelow", 3, Trust::kSigned, 2, 2},
                             {"AtTheBound", 3, Trust::kSigned, 3, 3},
                             {"OneAbove", 3, Trust::kSigned, 4, 3},
                             {"None", 0, Trust::kSigned, 2, 0},
                             {"UnsignedHasAnother", 3, Trust::kUnverified, 5, 5},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_F(ApplyTest, MessagesOfOneTransactionShareTheirEvidence) {
  std::string body(100'000, 'x');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 2654435761u >> 13);
  std::shared_ptr<const Evidence> evidence = Evidence::Pack(body);
  std::vector<NewMessage> messages;
  for (int i = 0; i < 20; ++i) {
    messages.push_back(Bounce(absl::StrCat("a", i, "@example.net"), i));
    messages.back().evidence = evidence;
  }
  std::vector<MessageReceipt> receipts = Put(*store_, messages);
  for (const MessageReceipt& receipt : receipts) {
    absl::StatusOr<std::string> got = store_->GetEvidence("t", receipt.event_ids[0]);
    ASSERT_TRUE(got.ok()) << got.status();
    EXPECT_TRUE(*got == body);
  }
  store_.reset();
  auto octets = static_cast<std::size_t>(std::filesystem::file_size(directory_.database()));
  EXPECT_LT(octets, 3 * evidence->packed().size() + 200'000);
}

TEST_F(ApplyTest, AnEmptyMessageIsEvidenceToo) {
  NewMessage message = Bounce("a@example.net", 1);
  message.evidence = Evidence::Pack("");
  std::int64_t id = Put(*store_, {message})[0].event_ids[0];
  absl::StatusOr<std::string> got = store_->GetEvidence("t", id);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(*got, "");
}

TEST_F(ApplyTest, AKeyIsRevokedOnceAndForGood) {
  Work first = RevokeKey{.domain = "bounces.example.net", .key_id = "a", .author = "ann"};
  Work second = RevokeKey{.domain = "bounces.example.net", .key_id = "a", .author = "bob"};
  Work other = RevokeKey{.domain = "bounces.example.org", .key_id = "a", .author = "bob"};
  ASSERT_TRUE(Apply(*store_, {&first}).ok());
  ASSERT_TRUE(Apply(*store_, {&second, &other}, Noon(kToday + 1)).ok());
  const auto expect = [](const Revocation& got, std::string_view domain, std::string_view author,
                         Day day) {
    EXPECT_EQ(got.domain, domain);
    EXPECT_EQ(got.key_id, "a");
    EXPECT_EQ(got.author, author);
    EXPECT_EQ(got.time, Noon(day));
  };
  expect(std::get<RevokeKey>(first).revocation, "bounces.example.net", "ann", kToday);
  expect(std::get<RevokeKey>(second).revocation, "bounces.example.net", "ann", kToday);
  store_.reset();
  store_ = Open(directory_.path());
  const absl::StatusOr<std::vector<Revocation>> all = store_->ListRevocations();
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_EQ(all->size(), 2u);
  expect((*all)[0], "bounces.example.net", "ann", kToday);
  expect((*all)[1], "bounces.example.org", "bob", kToday + 1);
}

TEST_F(ApplyTest, ARevocationOfNoKeyIsRefused) {
  Work no_key = RevokeKey{.domain = "bounces.example.net", .key_id = "", .author = "ann"};
  Work no_domain = RevokeKey{.domain = "", .key_id = "a", .author = "ann"};
  EXPECT_TRUE(absl::IsInvalidArgument(Apply(*store_, {&no_key})));
  EXPECT_TRUE(absl::IsInvalidArgument(Apply(*store_, {&no_domain})));
}

TEST_F(ApplyTest, KeysOfTheApiAreKeptAndStayRevoked) {
  ApiKey of_one{.id = "k1",
                .name = "app",
                .tenant = "acme",
                .roles = 2,
                .token_hash = std::string(32, '\0'),
                .create_time = Noon(),
                .author = "ann",
                .expire_time = Noon(kToday + 9)};
  ApiKey of_all{.id = "k0",
                .name = "ops",
                .tenant = std::nullopt,
                .roles = 64,
                .token_hash = "h",
                .create_time = Noon(),
                .author = ""};
  Work made = PutApiKeys{.keys = {of_one, of_all}};
  ASSERT_TRUE(Apply(*store_, {&made}).ok());
  ApiKey used = of_one;
  used.last_use_time = Noon(kToday + 1);
  ApiKey revoked = of_one;
  revoked.revoke_time = Noon(kToday + 2);
  revoked.revoke_author = "bob";
  Work revocation = PutApiKeys{.keys = {revoked}};
  Work late_use = PutApiKeys{.keys = {used}};
  ASSERT_TRUE(Apply(*store_, {&revocation, &late_use}).ok());
  store_.reset();
  store_ = Open(directory_.path());
  const absl::StatusOr<std::vector<ApiKey>> all = store_->ListApiKeys();
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_EQ(all->size(), 2u);
  const ApiKey& first = (*all)[0];
  EXPECT_EQ(first.id, "k1") << "in the order in which they were made";
  EXPECT_EQ(first.name, "app");
  EXPECT_EQ(first.tenant, "acme");
  EXPECT_EQ(first.roles, 2u);
  EXPECT_EQ(first.token_hash, std::string(32, '\0'));
  EXPECT_EQ(first.create_time, Noon());
  EXPECT_EQ(first.author, "ann");
  EXPECT_EQ(first.expire_time, Noon(kToday + 9));
  EXPECT_EQ(first.revoke_time, Noon(kToday + 2)) << "a use that was noted before changes nothing";
  EXPECT_EQ(first.revoke_author, "bob");
  EXPECT_EQ(first.last_use_time, Noon(kToday + 1));
  const ApiKey& second = (*all)[1];
  EXPECT_EQ(second.tenant, std::nullopt);
  EXPECT_EQ(second.expire_time, absl::InfiniteFuture());
  EXPECT_EQ(second.revoke_time, absl::InfiniteFuture());
  EXPECT_EQ(second.last_use_time, std::nullopt);
  Work no_id = PutApiKeys{.keys = {ApiKey()}};
  EXPECT_TRUE(absl::IsInvalidArgument(Apply(*store_, {&no_id})));
}

TEST_F(ApplyTest, PoliciesHaveRevisionsOfWhichTheNewestAreKept) {
  absl::StatusOr<PolicyDocument> none = store_->GetPolicies(0);
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_EQ(none->revision, 0);
  EXPECT_TRUE(absl::IsNotFound(store_->GetPolicies(1).status()));
  for (std::int64_t i = 1; i <= PutPolicies::kKept + 1; ++i) {
    Work put = PutPolicies{
        .document = absl::StrCat("# ", i), .author = "ann", .cause = absl::StrCat("why ", i)};
    ASSERT_TRUE(Apply(*store_, {&put}).ok());
    EXPECT_EQ(std::get<PutPolicies>(put).revision, i);
  }
  store_.reset();
  store_ = Open(directory_.path());
  const absl::StatusOr<PolicyDocument> newest = store_->GetPolicies(0);
  ASSERT_TRUE(newest.ok()) << newest.status();
  EXPECT_EQ(newest->revision, PutPolicies::kKept + 1);
  EXPECT_EQ(newest->document, "# 101");
  EXPECT_EQ(newest->author, "ann");
  EXPECT_EQ(newest->cause, "why 101");
  EXPECT_EQ(newest->time, Noon());
  EXPECT_TRUE(absl::IsNotFound(store_->GetPolicies(1).status()));
  EXPECT_EQ(store_->GetPolicies(2)->document, "# 2");

  absl::StatusOr<Page<PolicyDocument>> page = store_->ListPolicies(99, 0);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->rows.size(), 99u);
  EXPECT_EQ(page->rows[0].revision, 101);
  EXPECT_EQ(page->rows[0].document, "");
  page = store_->ListPolicies(99, page->next);
  ASSERT_EQ(page->rows.size(), 1u);
  EXPECT_EQ(page->rows[0].revision, 2);
  EXPECT_EQ(page->next, 0);
}

TEST_F(ApplyTest, AMessageWithoutEventsIsRefused) {
  NewMessage message = Bounce("a@example.net", 1);
  message.events.clear();
  Work work = StoreMessages{.messages = {message}};
  EXPECT_TRUE(absl::IsInvalidArgument(Apply(*store_, {&work})));
}

}  // namespace
}  // namespace bounced
