// What one's own mail system reports, seen through the store's own queries.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "fixture.h"
#include "storage/store.h"

namespace bounced {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Outcome = RecordDeliveries::Outcome;

NewMessage Seen(Kind kind, std::string_view mailbox, int number, Day day = kToday) {
  NewMessage message = Bounce(mailbox, number);
  message.message.day = day;
  message.message.report_form = kSessionForm;
  message.message.trust = Trust::kLocal;
  message.message.return_path = "";
  message.evidence = nullptr;
  Event& event = message.events[0];
  event.trust = Trust::kLocal;
  event.kind = kind;
  if (kind == Kind::kDelivery) {
    event.reason = Reason::kDelivered;
    event.bounce_class = BounceClass::kNone;
  }
  return message;
}
NewMessage Delivered(std::string_view mailbox, int number, Day day = kToday) {
  return Seen(Kind::kDelivery, mailbox, number, day);
}
NewMessage Soft(std::string_view mailbox, int number, Day day = kToday) {
  NewMessage message = Seen(Kind::kBounce, mailbox, number, day);
  message.events[0].reason = Reason::kMailboxFull;
  message.events[0].bounce_class = BounceClass::kSoft;
  return message;
}

// As SimplePolicy(), but a delivery has an effect only where there is a soft bounce, and its day is
// noted.
Decision NotingPolicy(const AddressHistory& history, const Message& message, const Event& event) {
  if (event.kind != Kind::kDelivery) return SimplePolicy(history, message, event);
  Decision decision{.rule = PolicyRule::kDelivery, .next = history.record};
  if (!decision.next.soft_days.empty()) decision.effect = Effect::kCleared;
  decision.next.soft_days.clear();
  decision.next.delivered_on = message.day;
  return decision;
}

class DeliveriesTest : public testing::Test {
 protected:
  RecordDeliveries Record(std::vector<NewMessage> messages) {
    Work work = RecordDeliveries{.messages = std::move(messages)};
    Work* const batch[] = {&work};
    absl::Status status = store_->Apply(batch, NotingPolicy, Noon());
    EXPECT_TRUE(status.ok()) << status;
    return std::get<RecordDeliveries>(work);
  }
  AddressDossier Dossier(std::string_view mailbox) {
    return *store_->GetDossier("t", ParseAddress(mailbox), 100, 100);
  }
  std::size_t CountEvents() {
    EventFilter all;
    all.tenant = "t";
    return store_->ListEvents(all, 1'000, 0)->rows.size();
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_ = Open(directory_.path());
};

TEST_F(DeliveriesTest, OfAnUnknownAddressADeliveryWritesNothing) {
  EXPECT_THAT(Record({Delivered("r@example.net", 1)}).outcomes, ElementsAre(Outcome::kNoted));
  EXPECT_EQ(CountEvents(), 0U);
  // Had it left a row, a policy would see the day.
  EXPECT_EQ(Dossier("r@example.net").record, AddressRecord{});
}

TEST_F(DeliveriesTest, OfAKnownOneItIsNotedAndAnEventOnlyWithAnEffect) {
  Record({Soft("r@example.net", 1, kToday - 1)});
  EXPECT_EQ(CheckIndex(*store_, "r@example.net"), IndexAnswer::kRisky);
  const RecordDeliveries cleared = Record({Delivered("r@example.net", 2)});
  EXPECT_THAT(cleared.outcomes, ElementsAre(Outcome::kStored));
  EXPECT_EQ(cleared.messages[0].events[0].effect, Effect::kCleared);
  EXPECT_EQ(CheckIndex(*store_, "r@example.net"), IndexAnswer::kSend);
  EXPECT_EQ(CountEvents(), 2U);

  const RecordDeliveries noted = Record({Delivered("r@example.net", 3, kToday + 1)});
  EXPECT_THAT(noted.outcomes, ElementsAre(Outcome::kNoted));
  EXPECT_EQ(noted.messages[0].events[0].effect, Effect::kNone);
  EXPECT_EQ(CountEvents(), 2U);
  EXPECT_EQ(Dossier("r@example.net").record.delivered_on, kToday + 1);
}

TEST_F(DeliveriesTest, ABounceIsStoredOnceAndIsReadBack) {
  EXPECT_THAT(Record({Soft("r@example.net", 1), Soft("r@example.net", 1)}).outcomes,
              ElementsAre(Outcome::kStored, Outcome::kDuplicate));
  EXPECT_THAT(Record({Soft("r@example.net", 1)}).outcomes, ElementsAre(Outcome::kDuplicate));
  const std::vector<StoredEvent> events = Dossier("r@example.net").events;
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].event.trust, Trust::kLocal);
  EXPECT_EQ(events[0].message.report_form, "session");
  EXPECT_FALSE(events[0].has_evidence);
  EXPECT_EQ(events[0].message_octets, 0);
  EXPECT_EQ(events[0].return_path_use, std::nullopt);
  EXPECT_EQ(store_->GetEvidence("t", events[0].event.id).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(DeliveriesTest, WhatIsReportedTogetherSeesWhatCameBefore) {
  const RecordDeliveries done =
      Record({Soft("r@example.net", 1, kToday - 1), Delivered("r@example.net", 2),
              Soft("s@example.net", 3), Delivered("q@example.net", 4)});
  EXPECT_THAT(done.outcomes,
              ElementsAre(Outcome::kStored, Outcome::kStored, Outcome::kStored, Outcome::kNoted));
  EXPECT_THAT(Dossier("r@example.net").record.soft_days, IsEmpty());
  EXPECT_THAT(Dossier("s@example.net").record.soft_days, SizeIs(1));
}

TEST_F(DeliveriesTest, WithoutOneEventWithAnAddressNothingOfTheBatchIsDone) {
  NewMessage none = Delivered("r@example.net", 1);
  none.events.clear();
  NewMessage nobody = Delivered("r@example.net", 1);
  nobody.events[0].address.reset();
  NewMessage with_evidence = Delivered("r@example.net", 1);
  with_evidence.evidence = Evidence::Pack("x");
  for (const NewMessage& bad : {none, nobody, with_evidence}) {
    Work work = RecordDeliveries{.messages = {Soft("r@example.net", 9), bad}};
    EXPECT_EQ(Apply(*store_, {&work}).code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(CountEvents(), 0U);
}

}  // namespace
}  // namespace bounced
