// What is read of a refusal: whose it is, the provider's word, which of our addresses it names.
#include "server/intake/provider_answer.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "server/intake/mailbox_providers.h"
#include "server/intake/provider_pages.h"

namespace bounced {
namespace {

struct CodeCase {
  std::string_view name;
  std::string_view text;
  std::string_view code;
  std::string_view sender;
  Reason reason = Reason::kSenderIpBlocked;
};
class CodeTest : public testing::TestWithParam<CodeCase> {};

TEST_P(CodeTest, IsFoundWithTheSender) {
  EXPECT_EQ(ProviderCodeIn(GetParam().text, "5.7.1"), GetParam().code);
  EXPECT_EQ(SenderIn(GetParam().text, GetParam().reason), GetParam().sender);
}

INSTANTIATE_TEST_SUITE_P(
    , CodeTest,
    testing::ValuesIn<CodeCase>({
        {"Outlook",
         "550 5.7.1 Unfortunately, messages from [192.0.2.7] weren't sent. Part of their network "
         "is "
         "on our block list (S3140). [DB5EUR01FT024.eop-EUR01.prod.protection.outlook.com]",
         "S3140", "192.0.2.7"},
        {"ExchangeOnline",
         "550 5.7.606 Access denied, banned sending IP [192.0.2.7]; for more see the page. "
         "AS(1410)",
         "AS(1410)", "192.0.2.7"},
        {"Yahoo",
         "421 4.7.0 [TSS04] Messages from 192.0.2.7 temporarily deferred due to unexpected volume "
         "or user complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes",
         "TSS04", "192.0.2.7"},
        {"Gmail",
         "Our system has detected an unusual rate of mail originating from your IP address "
         "2001:db8::7. For more, go to https://support.example/mail/?p=UnsolicitedRateLimitError "
         "d2e1a72fcca58-2fe - gsmtp",
         "UnsolicitedRateLimitError", "2001:db8::7"},
        {"Comcast", "554 resimta-po-01v comcast.net 192.0.2.7 BL000010 Blocked for spam",
         "BL000010", "192.0.2.7"},
        {"InALink", "421 see http://postmaster.example/smtp-error-codes.php#RL000010", "RL000010",
         ""},
        {"GoDaddy", "550 5.1.1 sorry, IB607, try later", "IB607", ""},
        {"WithAColon", "421 (RLY:B1) http://postmaster.example/errors/421rlyb1.html", "RLY:B1", ""},
        {"WithANumberSign", "554 server refused 192.0.2.7 AUP#1260", "AUP#1260", "192.0.2.7"},
        {"WithAnUnderscore", "550 5.2.0 Mail rejected. OFR_506 [506]", "OFR_506", ""},
        {"None", "550 5.7.1 you are not welcome", "5.7.1", ""},
        {"NeitherProtocolNorQueueNorAddress",
         "550 5.7.1 RFC5322 (TLS12) [2001:DB8::7] ABC123 id 4B2C3D AB12CD34 DEAD00 (554) (spam2)",
         "5.7.1", "2001:db8::7"},
        {"NotOfAHostName", "550 blocked by mx-IB607.example.net and IB607.example.net", "5.7.1",
         ""},
        {"TheOtherHostIsNotOurs",
         "host mx.example.net[198.51.100.1] said: 550 5.7.1 Client host [192.0.2.7] blocked",
         "5.7.1", "192.0.2.7"},
        {"BehindAColon", "550 blocked IP:192.0.2.7.", "5.7.1", "192.0.2.7"},
        {"NoVersionAndNoLoopback", "550 5.7.1 v 1.2.3.4.5 127.0.0.1 300.1.1.1 1.2.3.4x", "5.7.1",
         ""},
        {"ADomainBeforeTheAddress",
         "550-5.7.26 The sender is unauthenticated. SPF [Shop.Example] with ip: [192.0.2.7] = did "
         "not pass",
         "5.7.1", "shop.example", Reason::kAuthFailed},
        {"ADomainBehindFrom",
         "Unauthenticated email from shop.example is not accepted due to domain's DMARC policy",
         "5.7.1", "shop.example", Reason::kAuthFailed},
        {"OrTheAddress", "SPF check failed for 192.0.2.7", "5.7.1", "192.0.2.7",
         Reason::kAuthFailed},
        {"ADomainOnlyWhereItIsTheFault", "550 mail from [shop.example] at 192.0.2.7 is spam",
         "5.7.1", "192.0.2.7", Reason::kSpamContent},
        {"Empty", "", "5.7.1", ""},
        {"Cut", "550 (S31", "5.7.1", ""},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(ProviderCode, HasABound) {
  const std::string most(kMaxProviderCodeOctets, 'x');
  EXPECT_EQ(ProviderCodeIn("?p=" + most, "").size(), kMaxProviderCodeOctets);
  EXPECT_EQ(ProviderCodeIn("?p=" + most + "x", ""), "");
}

Event Refusal(const std::string& mailbox, const std::string& diagnostic) {
  Event event;
  event.kind = Kind::kBounce;
  event.reason = Reason::kSenderIpBlocked;
  event.bounce_class = BounceClass::kBlock;
  event.trust = Trust::kSigned;
  event.address = *Address::Parse(mailbox);
  event.diagnostic = diagnostic;
  event.enhanced_status = "5.7.1";
  return event;
}

TEST(AnswerOf, TheProviderIsThatOfTheHostOrOfTheDomain) {
  Event event = Refusal("r@shop.example", "no");
  EXPECT_EQ(AnswerOf(event, "").provider, "shop.example");
  EXPECT_FALSE(AnswerOf(event, "").is_known);
  EXPECT_EQ(AnswerOf(event, "shop-example.mail.protection.outlook.com").provider, "microsoft");
  EXPECT_TRUE(AnswerOf(event, "ASPMX.L.GOOGLE.COM.").is_known);
  EXPECT_EQ(AnswerOf(event, "ASPMX.L.GOOGLE.COM.").provider, "google");
  EXPECT_EQ(AnswerOf(event, "notgoogle.com").provider, "shop.example");
  // Who is believed about his own domain alone blames no other.
  event.trust = Trust::kAuthenticated;
  EXPECT_EQ(AnswerOf(event, "aspmx.l.google.com").provider, "shop.example");
  event.address = *Address::Parse("r@googlemail.com");
  EXPECT_EQ(AnswerOf(event, "").provider, "google");
  event.address.reset();
  EXPECT_EQ(AnswerOf(event, "aspmx.l.google.com").provider, "");
}

TEST(AnswerOf, WhatIsWrongWithASingleMessageIsNoRefusal) {
  Event event = Refusal("r@gmail.com", "550 5.7.1 [192.0.2.7] blocked (S3140)");
  EXPECT_TRUE(AnswerOf(event, "").is_refusal);
  EXPECT_EQ(AnswerOf(event, "").sender, "192.0.2.7");
  EXPECT_EQ(AnswerOf(event, "").code, "S3140");
  for (const Reason reason :
       {Reason::kTooLarge, Reason::kAttachment, Reason::kSmtputf8Unsupported}) {
    event.reason = reason;
    EXPECT_FALSE(AnswerOf(event, "").is_refusal) << ToString(reason);
  }
  event.reason = Reason::kSpamContent;
  EXPECT_TRUE(AnswerOf(event, "").is_refusal);
  event.bounce_class = BounceClass::kSoft;
  EXPECT_FALSE(AnswerOf(event, "").is_refusal);
  event.bounce_class = BounceClass::kBlock;
  event.kind = Kind::kDelay;
  EXPECT_FALSE(AnswerOf(event, "").is_refusal);
  EXPECT_EQ(AnswerOf(event, "").provider, "google");
}

TEST(SampleOf, HoldsNoMailboxAndHasABound) {
  const Address address = *Address::Parse("Ann@x.example");
  EXPECT_EQ(SampleOf("550 <ann@x.example>: mail from bob@y.example; ANN, is blocked", address),
            "550 <<...>>: mail from <...>; <...>, is blocked");
  const std::string most(kMaxSampleOctets, 'x');
  EXPECT_EQ(SampleOf(most, address), most);
  EXPECT_EQ(SampleOf(most + "x", address).size(), kMaxSampleOctets);
  EXPECT_EQ(SampleOf("a\nb", address), "a\\x{A}b");
  EXPECT_EQ(SampleOf("", address), "");
}

TEST(MailboxProviders, AreFoundByDomain) {
  EXPECT_EQ(ProviderOfDomain("126.com"), "netease");
  EXPECT_EQ(ProviderOfDomain("hotmail.fr"), "microsoft");
  EXPECT_EQ(ProviderOfDomain("zoho.com"), "zoho");
  EXPECT_EQ(ProviderOfDomain("ziggo.nl"), "ziggo.nl");
  EXPECT_EQ(ProviderOfDomain("mail.gmail.com"), "");
  EXPECT_TRUE(IsProviderName("google"));
  EXPECT_TRUE(IsProviderName("mimecast"));
  EXPECT_FALSE(IsProviderName("shop.example"));
}

TEST(ProviderPages, AreOfTheCodeWhereThereAreSeveral) {
  EXPECT_EQ(PageOfProvider("microsoft", "S3140"),
            "https://sendersupport.olc.protection.outlook.com/pm/troubleshooting.aspx");
  EXPECT_EQ(PageOfProvider("microsoft", "AS(1410)").find("https://learn.microsoft.com/"), 0U);
  EXPECT_EQ(PageOfProvider("google", ""), "https://support.google.com/a/answer/3726730");
  EXPECT_EQ(PageOfProvider("shop.example", "S3140"), "");
}

}  // namespace
}  // namespace bounced
