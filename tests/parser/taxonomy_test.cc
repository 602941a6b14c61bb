#include "parser/taxonomy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

namespace bounced {
namespace {

// The whole table a second time, in the words that are published: a changed name, number, class,
// fault or count breaks what clients and databases hold.
struct Row {
  int number;
  std::string_view name;
  std::string_view bounce_class;
  std::string_view fault;
  bool counts;
};
constexpr Row kRows[] = {
    {101, "no_such_user", "hard", "recipient", false},
    {102, "bad_address_syntax", "hard", "recipient", false},
    {103, "mailbox_moved", "hard", "recipient", false},
    {104, "mailbox_disabled", "hard", "recipient", false},
    {105, "mailbox_full", "soft", "recipient", true},
    {106, "recipient_refused", "soft", "recipient", true},
    {107, "address_ambiguous", "soft", "recipient", false},
    {108, "list_problem", "soft", "recipient", false},
    {201, "no_such_domain", "hard", "domain", false},
    {202, "domain_no_mail", "hard", "domain", false},
    {203, "domain_owner_changed", "hard", "domain", false},
    {301, "receiver_unavailable", "soft", "receiver", true},
    {302, "receiver_full", "soft", "receiver", false},
    {303, "receiver_error", "soft", "receiver", false},
    {304, "greylisted", "soft", "receiver", false},
    {401, "dns_failure", "soft", "network", false},
    {402, "connection_failure", "soft", "network", false},
    {403, "unroutable", "soft", "network", false},
    {404, "expired", "soft", "network", true},
    {405, "tls_failure", "block", "network", false},
    {501, "sender_ip_blocked", "block", "sender", false},
    {502, "sender_reputation", "block", "sender", false},
    {503, "rate_limited", "block", "sender", false},
    {504, "auth_failed", "block", "sender", false},
    {505, "ptr_required", "block", "sender", false},
    {506, "sender_address_refused", "block", "sender", false},
    {507, "relay_denied", "block", "sender", false},
    {508, "smtp_auth_required", "block", "sender", false},
    {601, "policy_other", "block", "unknown", false},
    {602, "spam_content", "block", "content", false},
    {603, "virus", "block", "content", false},
    {604, "attachment", "block", "content", false},
    {605, "content_format", "block", "content", false},
    {606, "too_large", "block", "content", false},
    {607, "smtputf8_unsupported", "block", "content", false},
    {701, "protocol_error", "block", "sender", false},
    {801, "complaint_abuse", "none", "recipient", false},
    {802, "complaint_other", "none", "sender", false},
    {803, "not_spam", "none", "none", false},
    {804, "unsubscribe", "none", "recipient", false},
    {805, "auto_reply", "none", "none", false},
    {806, "challenge_response", "none", "none", false},
    {807, "other_mail", "none", "none", false},
    {901, "delayed", "none", "none", false},
    {902, "delivered", "none", "none", false},
    {903, "read_receipt", "none", "none", false},
    {904, "relayed", "none", "none", false},
    {905, "expanded", "none", "none", false},
    {911, "provider_suppressed", "none", "none", false},
    {912, "generation_failure", "block", "sender", false},
    {998, "unclassified", "soft", "unknown", true},
    {999, "undefined", "soft", "unknown", false},
};

TEST(Taxonomy, EveryReasonIsWhatIsPublished) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.name);
    std::optional<Reason> reason = ReasonFromNumber(row.number);
    ASSERT_TRUE(reason.has_value());
    EXPECT_EQ(static_cast<int>(*reason), row.number);
    EXPECT_EQ(ReasonFromName(row.name), reason);
    EXPECT_EQ(ToString(*reason), row.name);
    const ReasonInfo& info = Info(*reason);
    EXPECT_EQ(info.reason, *reason);
    EXPECT_EQ(ToString(info.bounce_class), row.bounce_class);
    EXPECT_EQ(ToString(info.fault), row.fault);
    EXPECT_EQ(info.counts, row.counts);
    EXPECT_THAT(std::string(info.meaning), testing::EndsWith("."));
  }
}

TEST(Taxonomy, HasNoNumberBeyondThePublishedOnes) {
  std::set<int> published;
  for (const Row& row : kRows) published.insert(row.number);
  for (int number = -1; number <= 70'000; ++number) {
    EXPECT_EQ(ReasonFromNumber(number).has_value(), published.contains(number)) << number;
  }
}

TEST(Taxonomy, WhatIsNotTheRecipientsFaultIsNeverHard) {
  for (const Row& row : kRows) {
    const ReasonInfo& info = Info(static_cast<Reason>(row.number));
    if (info.bounce_class == BounceClass::kHard) {
      EXPECT_TRUE(info.fault == Fault::kRecipient || info.fault == Fault::kDomain) << row.name;
    }
    if (info.counts) {
      EXPECT_EQ(info.bounce_class, BounceClass::kSoft) << row.name;
      EXPECT_NE(info.fault, Fault::kSender) << row.name;
      EXPECT_NE(info.fault, Fault::kContent) << row.name;
    }
  }
}

TEST(Taxonomy, ANumberFromElsewhereIsUndefined) {
  EXPECT_EQ(Info(static_cast<Reason>(0)).reason, Reason::kUndefined);
  EXPECT_EQ(Info(static_cast<Reason>(65'535)).reason, Reason::kUndefined);
  EXPECT_EQ(ReasonFromName(""), std::nullopt);
  EXPECT_EQ(ReasonFromName("No_Such_User"), std::nullopt);
}

TEST(Taxonomy, TheOtherWordsAreWhatIsPublished) {
  EXPECT_EQ(ToString(Kind::kBounce), "bounce");
  EXPECT_EQ(ToString(Kind::kDelay), "delay");
  EXPECT_EQ(ToString(Kind::kDelivery), "delivery");
  EXPECT_EQ(ToString(Kind::kComplaint), "complaint");
  EXPECT_EQ(ToString(Kind::kUnsubscribe), "unsubscribe");
  EXPECT_EQ(ToString(Kind::kAutoReply), "auto_reply");
  EXPECT_EQ(ToString(Kind::kOther), "other");
  EXPECT_EQ(ToString(static_cast<Kind>(8)), "unknown");
  EXPECT_EQ(ToString(Persistence::kUnknown), "unknown");
  EXPECT_EQ(ToString(Persistence::kPermanent), "permanent");
  EXPECT_EQ(ToString(Persistence::kTransient), "transient");
  EXPECT_EQ(ToString(Stage::kUnknown), "unknown");
  EXPECT_EQ(ToString(Stage::kConnect), "connect");
  EXPECT_EQ(ToString(Stage::kHelo), "helo");
  EXPECT_EQ(ToString(Stage::kMail), "mail");
  EXPECT_EQ(ToString(Stage::kRcpt), "rcpt");
  EXPECT_EQ(ToString(Stage::kData), "data");
  EXPECT_EQ(ToString(Stage::kQueue), "queue");
  EXPECT_EQ(ToString(Fault::kUnknown), "unknown");
}

}  // namespace
}  // namespace bounced
