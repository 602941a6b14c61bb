// The worst error of a classifier: to condemn an address for what the sender did. Each text here
// has words in it that are said of dead mailboxes too, and none may come out as hard.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

#include "parser/rules.h"
#include "reply.h"

namespace bounced {
namespace {

constexpr std::string_view kNeverHard[] = {
    "550 5.1.1 User unknown; message looks like spam",
    "550 5.1.1 <r@example.net>: User unknown (your IP address is blocked)",
    "550 5.1.1 rate limit exceeded, user unknown",
    "550 5.1.1 no such user; relaying denied",
    "550 5.1.1 <r@example.net>: mailbox is full, user not found",
    "550 5.1.1 Recipient rejected by policy: spam",
    "550 5.1.1 too many unknown recipients from your host",
    "550 5.1.1 blocked using dnsbl.example; recipient does not exist",
    "550 5.7.26 Unauthenticated email, recipient address rejected, user unknown to SPF",
    "550 rejected: user unknown; your IP has been blacklisted for dictionary attack",
    "550 5.1.1 <s@example.org>: Sender address rejected: User unknown in virtual mailbox table",
    "550 5.1.0 <s@example.org>... Sender unknown",
    "553 5.1.8 <s@example.invalid>... Domain of sender address does not exist",
    "550 5.7.1 Sender ID (PRA) not permitted, no such domain",
    "550 Sender verify failed: no such user here",
    "450 4.7.25 Client host rejected: cannot find your hostname",
    "504 5.5.2 <mail>: Helo command rejected: host not found",
    "550 5.7.1 HELO domain not found",
    "550 No reverse DNS for your address: host unknown",
    "535 5.7.8 Error: authentication failed: no such user",
    "535 5.7.8 Username and Password not accepted: invalid user",
    "530 5.7.0 Authentication required; user unknown",
    "550 5.7.1 Unable to relay for r@example.net: recipient not local",
    "554 5.7.1 Access denied: address unknown to our policy",
    "550 5.7.1 TLS required: recipient domain enforces encryption, mailbox unavailable",
    "452 4.5.3 Too many recipients, mailbox unavailable",
    "421 4.7.0 too many errors: unknown user",
    "550 5.7.509 Access denied, sending domain does not exist or does not pass DMARC verification",
    "552 5.3.4 Message too large for this recipient, account disabled for large mail",
    "550 5.7.1 Virus found, invalid recipient list",
    "550 5.6.0 Invalid header: address invalid",
    "550 5.4.5 Daily user sending quota exceeded, account suspended",
    "554 5.7.1 Your account is disabled for sending spam",
    "451 4.3.0 user lookup failed: unknown error",
    "550 5.3.0 delivery error: user database not found, try again later",
    "451 4.4.3 Temporary DNS failure: domain not found",
    "Host or domain name not found. Name service error: Host not found, try again",
    "connect to mx.example.net: Connection refused; recipient unavailable for the time being",
    "550 5.1.1 Greylisted: recipient unknown sender triplet",
    "550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents "
    "additional messages from being delivered",
    "550 5.7.1 Recipient does not accept mail from your IP address: blacklisted",
    "550 5.7.507 Access denied, rejected by recipient",
    "550 5.7.129 RESOLVER.RST.RestrictedToRecipientsPermission; not authorized to send to "
    "recipient",
    "SMTPUTF8 is required, but was not offered by host mx.example.net: invalid address",
    "Amazon SES did not send the message to this address because it is on the suppression list: "
    "user unknown",
    "mail for example.net loops back to myself (unknown user)",
    "Message expired after 5 days; last reply: 450 user unknown",
    "501 5.1.7 Bad sender address syntax",
    "501 Syntax error in MAIL FROM address",
    "550 Return path address does not exist",
    "550 unknown sender address",
    "550-Verification failed for <s@example.org> 550-Called: 192.0.2.1 550-Sent: RCPT "
    "TO:<s@example.org> 550-Response: 550 5.1.1 User unknown",
    "550-Callback setup failed while verifying <b@example.org> 550 5.1.1 User unknown",
    "550 backscatter check failed - the mailbox <b@example.org> does not exist",
    "550 \"s@example.org\" is not a valid mailbox (checked with VRFY)",
    "550 Reply address not valid",
    "535 5.7.0 account disabled",
    "550 Bounce verification: original address does not exist",
    "554 5.7.1 Message rejected: mail contains nonexistent domain in body",
    "550 You are not a registered user",
    "550 Policy: user is not allowed to receive external mail",
    "550 This account cannot receive mail from unauthenticated users",
    "550 Mailbox does not accept mail from free email accounts",
    "502 user command disabled",
    "550 URL in message points to a domain that does not exist",
    "550 Message-ID domain not found",
    "550 the number of unknown users is too high",
    "554 5.7.1 rejected: dictionary attack, unknown user",
    "550 domain is blacklisted, no such user allowed",
    "535 invalid account name",
    "550 rejected because To: header recipient unknown",
    "550 Verification of recipient timed out: user unknown?",
    "550 Absenderadresse existiert nicht",
    "550 5.1.1 Benutzer unbekannt: als Spam eingestuft",
    "550 L'adresse de l'expéditeur est inconnue",
    "550 La dirección del remitente no existe",
    "550 Endereço do remetente inexistente",
    "550 Mittente: indirizzo inesistente",
    "550 Adres van de afzender onbekend",
    "550 Adres nadawcy nie istnieje",
    "550 Адрес отправителя не существует",
    "550 送信者のアドレスが存在しません",
    "550 发件人地址不存在",
    "550 寄件者信箱不存在",
    "550 발신자 주소를 찾을 수 없습니다",
    "550 Gönderen adresi bulunamadı",
    "550 Adresa odesílatele neexistuje",
    "550 Avsändarens adress finns inte",
    "550 Postfach ist vorübergehend gesperrt",
    "550 5.1.1 ユーザーが存在しません。しばらくしてから再送してください",
};

TEST(RulesNeverHard, WhatTheSenderDidCondemnsNoAddress) {
  for (std::string_view text : kNeverHard) {
    Classification c = RuleSet::BuiltIn()->Classify(ReadReply(text));
    EXPECT_NE(c.bounce_class, BounceClass::kHard)
        << text << "\n  is " << ToString(c.reason) << " by " << c.rule << " (" << c.matched_text
        << ")";
  }
}

// A provider's rules go before all others, so they must know the sender's faults as well.
TEST(RulesNeverHard, WhateverProviderSaysIt) {
  std::set<std::string> servers;
  for (const RuleExample& example : RuleSet::BuiltIn()->examples()) {
    if (example.provider) servers.insert(example.remote_mta);
  }
  ASSERT_GT(servers.size(), 20);
  for (const std::string& server : servers) {
    for (std::string_view text : kNeverHard) {
      Symptoms symptoms = ReadReply(text);
      symptoms.remote_mta = server;
      Classification c = RuleSet::BuiltIn()->Classify(symptoms);
      EXPECT_NE(c.bounce_class, BounceClass::kHard)
          << text << "\n  at " << server << " is " << ToString(c.reason) << " by " << c.rule << " ("
          << c.matched_text << ")";
    }
  }
}

// Before RCPT the words of a dead mailbox are about the sender's.
TEST(RulesNeverHard, WhatIsRefusedBeforeARecipientIsNamedCondemnsNoAddress) {
  for (Stage stage : {Stage::kConnect, Stage::kHelo, Stage::kMail}) {
    for (std::string_view text :
         {"550 5.1.1 <s@example.org>: User unknown", "550 domain does not exist",
          "550 5.1.2 host unknown", "550 account disabled", "550 5.1.1 unknown",
          "550 Address rejected", "501 5.1.3 bad address syntax", "550 mailbox is full"}) {
      const Classification c = RuleSet::BuiltIn()->Classify(ReadReply(text, stage));
      EXPECT_NE(c.bounce_class, BounceClass::kHard) << text << " at " << ToString(stage);
      EXPECT_FALSE(c.counts) << text << " at " << ToString(stage) << " is " << c.rule;
    }
  }
  // The words of the host that gave up, which has no reply to show, are about the recipient.
  Symptoms symptoms;
  symptoms.stage = Stage::kConnect;
  symptoms.text = "Host or domain name not found";
  EXPECT_EQ(RuleSet::BuiltIn()->Classify(symptoms).reason, Reason::kNoSuchDomain);
}

// At the stages before a recipient is named, and after all were taken, a code says nothing of one.
TEST(RulesNeverHard, ACodeFromAnotherStageCondemnsNoAddress) {
  for (Stage stage : {Stage::kConnect, Stage::kHelo, Stage::kMail, Stage::kData}) {
    for (std::string_view text :
         {"550", "553", "554", "501", "521", "552", "550 mailbox unavailable"}) {
      if (stage == Stage::kData && text.size() > 3) continue;  // some servers know users only then
      Classification c = RuleSet::BuiltIn()->Classify(ReadReply(text, stage));
      if (text == "553" && (stage == Stage::kData)) continue;
      EXPECT_NE(c.bounce_class, BounceClass::kHard) << text << " at " << ToString(stage);
    }
  }
}

}  // namespace
}  // namespace bounced
