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
    "550 5.7.1 Your user has been disabled for sending spam",
    "550 SMTP user has expired, renew your account",
    "535 User is locked",
    "550 Relaying for @ is disabled",
    "550 5.7.1 <s@example.org> is suspended for sending abuse",
    "550 Sending user is suspended",
    "550 5.7.1 Mail from <s@example.org> is blocked: account is banned from this server",
    "550 The account used to send this message is blocked",
    "550 Sender's mailbox has been blocked",
    "550 recipient verification failed because the DNS lookup timed out",
    "451 recipient verification failed, try again",
    "550 Recipient verification failed: sender callout refused",
    "550 too many recipients not found",
    "550 message blocked: recipient does not accept attachments",
    "550 5.7.1 user unknown to the authentication service",
    "550 rejected: mailbox for sender not found at example.org",
    "550 Mail account of the sender does not exist",
    "550 your mail account is disabled",
    "550 Your user account is not active, please contact support",
    "554 5.7.1 Recipient address rejected: your mailbox is blocked by administrator",
    "550 no mailbox for sender address s@example.org",
    "550 Could not find s@example.org in SPF record of example.org",
    "550 Could not find a valid DKIM key for s@example.org",
    "550 we do not know this recipient's domain, relaying denied",
    "550 I don't know this user's server: relay denied",
    "451 4.3.0 unavailable user database",
    "550 user not in the list of recipients allowed to receive mail from outside",
    "550 not in the recipient list of allowed senders",
    "550 DNS: sender MX for recipient domain check failed",
    "550 5.7.26 recipient unknown, DMARC",
    "550 5.7.25 mailbox unavailable",
    "550 5.1.7 <s@example.org>: mailbox does not exist",
    "550 5.1.8 no such user",
    "550 5.7.1 illegal user name or password",
    "550 invalid user, authentication required",
    "550 5.7.1 Recipient refused: account has been suspended from sending",
    "550 limit exceeded: this user is disabled for today",
    "550 5.2.1 user disabled temporarily, try later",
    "450 @ is disabled",
    "550 Access denied - s@example.org is not valid sender",
    "550 envelope sender s@example.org is not valid",
    "550 return-path s@example.org is not known",
    "550 reply-to s@example.org is not a valid mailbox",
    "550 From: s@example.org does not exist",
    "550 mail from s@example.org: no such user",
    "550 sender <s@example.org> unknown",
    "550 <s@example.org> sender does not exist",
    "550 backscatter: s@example.org unknown here",
    "553 5.1.8 s@example.org is not known",
    "550 HELO mx.example.org does not exist",
    "550 5.7.1 client mx.example.org does not exist",
    "550 domain of sender s@example.org does not exist",
    "550 message contains address r@example.net which does not exist",
    "550 Header To: r@example.net is invalid",
    "550 The address in your From header does not exist",
    "550 5.4.1 relay access denied: user not found",
    "550 user quota not found",
    "550 5.7.1 this account is closed to external senders",
    "550 the account is blocked for non-members",
    "550 the group account is closed",
    "550 mailbox is blocked from receiving mail from unknown senders",
    "550 5.7.1 Sorry, the address you are sending from is not known here",
    "550 The sender address s@example.org could not be resolved, mailbox unknown",
    "550 5.1.0 MAIL FROM:<s@example.org> mailbox does not exist",
    "550 Invalid return address: no such account",
    "550 originator s@example.org unknown",
    "554 5.7.1 Unknown client user",
    "550 5.7.1 User r@example.net may not receive mail from you",
    "550 5.7.1 User r@example.net not allowed to receive mail from untrusted networks",
    "550 Mailbox owner does not accept anonymous mail",
    "550 5.7.1 not a known correspondent of this user",
    "550 This mailbox accepts mail only from members of the organization",
    "550 your domain is not registered with this recipient",
    "550 unknown recipient limit reached",
    "550 exceeded the number of unknown users",
    "421 too many user unknown errors",
    "554 5.7.1 directory harvest: user unknown threshold",
    "550 sender s@example.org is not a registered user",
    "550 you are not a valid user of this relay",
    "550 the user is not permitted to relay",
    "530 5.7.0 No such user: authentication credentials invalid",
    "535 5.7.8 account disabled",
    "454 4.7.0 mailbox locked by another session",
    "450 4.2.0 mailbox busy, user has exceeded connection limit",
    "451 4.3.0 account database unavailable",
    "451 4.2.1 account on hold, try later",
    "550 rejected: user is on vacation and mailbox is full",
    "552 5.2.2 account is disabled because mailbox is full",
    "550 5.2.2 user r disabled: over quota",
    "550 attachment type invalid for recipient",
    "550 message header address invalid",
    "550 Invalid Message-ID address in message",
    "550 DKIM user unknown",
    "550 SPF: recipient's domain does not exist in record",
    "550 5.7.1 URL to nonexistent domain in message",
    "550 your server's host name does not exist",
    "550 host mx.example.org not found in reverse lookup",
    "550 domain example.org in your HELO not found",
    "550 sending host unknown",
    "550 5.7.1 domain of return path is unknown",
    "451 4.1.8 unknown domain example.org in sender",
    "550 no MX for your domain",
    "550 Your e-mail was rejected by r@example.net's spam filter",
    "550 blocked by user r@example.net",
    "550 r@example.net has blocked your address",
    "550 address blocked by user's policy",
    "550 recipient's mail server refused: client blocked",
    "550 list r@example.net is closed",
    "550 group r@example.net does not accept mail from you",
    "550 5.7.1 mailing list r does not exist or you may not post",
    "550 Message expired: recipient unknown at remote",
    "550 mail for example.net is not accepted here",
    "550 5.7.1 Your host has a bad reputation so we do not know this user",
    "554 You are sending spam to unknown users",
    "550 Message denied: invalid recipients exceed limit",
    "550 Sender not allowed to send to unknown user list",
    "550 Bounce refused: no such message was sent by this user",
    "550 Cannot verify that sender mailbox exists",
    "550 Your mailbox s@example.org was not found at your mail server",
    "550 the email address in MAIL FROM has no mailbox",
    "550 Domain of your e-mail address does not exist",
    "550 cannot reply to sender: no such user",
    "553 we do not accept mail from unknown users",
    "553 we do not accept mail from nonexistent domain",
    "550 Access denied for unknown host",
    "550 mailbox temporarily unavailable due to migration",
    "550 the user's mailbox is being moved, try again later",
    "550 5.1.1 user unknown, this is a temporary condition",
    "550 invalid address in Reply-To",
    "550 rejected because user has a full mailbox",
    "550 message too big for user r",
    "550 encrypted attachment not accepted by this mailbox",
    "550 Mailbox not accepting messages of this size",
    "550 This mailbox only accepts encrypted connections",
    "550 5.7.1 user unknown or sender blocked by user",
    "550 5.1.1 rejected by policy: address not found in allow list",
    "550 5.1.1 unknown sender IP",
    "550 Message rejected: unknown user agent",
    "550 Access to this account is restricted",
    "550 Your account does not exist on this relay",
    "550 recipient is protected by challenge system, unknown senders must confirm",
    "550 Unknown sender, confirm at https://example.net/user/confirm",
    "554 Denied: sender domain not found in DNS",
    "554 5.7.1 no such domain in sender address",
    "550 Host lookup failed for sender",
    "550 Unroutable sender address",
    "550 Unroutable return path",
    "550 5.7.1 cannot deliver: recipient has exceeded limit of unknown senders",
    "550 Disabled: sending to external recipients",
    "550 invalid mailbox syntax in MAIL command",
    "501 Syntax error in parameters: MAIL FROM user not found",
    "550 sorry, your envelope sender is in my badmailfrom list",
    "550 sorry, no such user - your IP is listed at bl.example.org",
    "550 mailbox r cannot receive mail from hosts without PTR",
    "550 user r: delivery blocked, message contains virus",
    "550 Recipient server unknown error",
    "451 4.7.1 user not verified yet, try later",
    "550 rejected: recipients must not be unknown to the sender's domain",
    "550 Unknown reason",
    "550 unknown error occurred while delivering to r@example.net",
    "550 Unknown command or user",
    "451 service not found for user r",
    "550 4.4.1 no route to host for user",
    "550 Connection closed by user filter",
    "550 session expired for account",
    "550 account password expired",
    "550 user certificate has expired",
    "550 message deleted by user filter",
    "550 message moved to quarantine for recipient",
    "550 spam account threshold exceeded; address listed",
    "550 recipient address is listed in our spam trap list",
    "550 invalid HELO from user",
    "550 bad recipients ratio",
    "550 Invalid sender: mailbox closed",
    "550 authentication user invalid",
    "550 user r has no permission to relay",
    "550 no such policy for recipient",
    "550 no such list member",
    "550 not a member: user must subscribe first",
    "550 Not found: MX of sender",
    "550 address verification of sender failed: user unknown",
    "550 SPF check: unknown user of domain",
    "550 5.7.1 unknown PTR",
    "550 content not valid for recipient",
    "550 message-id not valid, recipient rejects",
    "550 invalid character in header: address",
    "550 invalid number of recipients",
    "550 invalid time for delivery to mailbox",
    "550 mailbox quota not defined",
    "550 mailbox server not found",
    "450 mailbox server cannot be found",
    "550 backend for mailbox does not respond",
    "451 unable to find mailbox location, temporary lookup error",
    "550 LDAP server not found for recipient lookup",
    "550 recipient MX is invalid",
    "550 TLS certificate for mailbox server invalid",
    "550 expired message for unknown time in queue",
    "552 attachments disabled for this user",
    "550 HTML mail disabled for user r",
    "550 external mail disabled for this account",
    "550 your ISP account is suspended",
    "550 client account suspended for abuse",
    "550 5.7.1 reseller account suspended, outgoing mail blocked",
    "550 domain suspended for spamming",
    "550 user r: vacation",
    "550 user moved too many messages",
    "550 the mailbox is closed for external senders until confirmed",
    "550 recipient not found in your address book",
    "550 rejected, user unknown to greylist",
    "550 delivery to unknown domain of sender refused",
    "550 domain example.org not found in SPF",
    "550 email address in signature is invalid",
    "550 invalid DKIM domain",
    "550 IP address unknown",
    "550 client address 192.0.2.1 is not valid",
    "550 your address is disabled for sending",
    "550 SMTP service for this account is suspended due to abuse",
    "550 your hosting account is suspended",
    "550 You are not permitted to send email: account suspended",
    "550 5.7.1 we cannot bounce to you: no such user",
    "550 5.1.0 Unknown address error 550-'Refused'",
    "550 sender s@example.org is not one of our users",
    "550 You are not one of our customers",
    "550 no record of the sender s@example.org",
    "550 no DKIM record for user",
    "550 no SPF record of user s@example.org",
    "550 the domain in the address of the sender is unknown",
    "550 domain of the address in MAIL FROM does not exist",
    "550 the domain of your address is unknown",
    "550 Your mail domain does not exist",
    "550 From: domain of the address does not exist",
    "550 your alias has expired",
    "550 the sender's temporary address has expired",
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
