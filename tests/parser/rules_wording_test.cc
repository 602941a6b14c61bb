// The same thing said in many ways, each for a kind of text that was once taken for another.
#include <gtest/gtest.h>

#include <ostream>
#include <string_view>

#include "parser/diagnostic.h"
#include "parser/rules.h"

namespace bounced {
namespace {

struct Wording {
  std::string_view text;
  Reason reason;
  BounceClass bounce_class;
};
void PrintTo(const Wording& wording, std::ostream* out) { *out << wording.text; }
class WordingTest : public testing::TestWithParam<Wording> {};

TEST_P(WordingTest, IsTakenForWhatItSays) {
  const Classification c = ReadDiagnostic(GetParam().text, *RuleSet::BuiltIn()).classification;
  EXPECT_EQ(ToString(c.reason), ToString(GetParam().reason)) << c.rule << ": " << c.matched_text;
  EXPECT_EQ(ToString(c.bounce_class), ToString(GetParam().bounce_class)) << c.rule;
}

constexpr BounceClass kHard = BounceClass::kHard;
constexpr BounceClass kSoft = BounceClass::kSoft;
constexpr BounceClass kBlock = BounceClass::kBlock;

// What a page or a machine is called is nobody's verdict while there are other words.
INSTANTIATE_TEST_SUITE_P(
    NamesOfPagesAndMachines, WordingTest,
    testing::ValuesIn<Wording>({
        {"550 5.1.1 User unknown; see https://example.net/reputation/blocked/spam",
         Reason::kNoSuchUser, kHard},
        {"550 5.1.1 No such user - http://antispam.example.net/blacklist?ip=192.0.2.1",
         Reason::kNoSuchUser, kHard},
        {"550 5.1.1 <r@example.net>: User unknown at spf.dkim.example.net", Reason::kNoSuchUser,
         kHard},
        {"550 Unknown recipient, rejected by spam-filter.example.net", Reason::kNoSuchUser, kHard},
        {"Host or domain name not found. Name service error for name=sender-virus.example.invalid "
         "type=A: Host not found",
         Reason::kNoSuchDomain, kHard},
        {"connect to spamgate.example.net[192.0.2.5]:25: Connection refused",
         Reason::kConnectionFailure, kSoft},
        {"552 5.2.2 mailbox full, visit http://reputation.example.net/spam", Reason::kMailboxFull,
         kSoft},
        {"550 5.2.1 Mailbox disabled (relay-tls.example.net)", Reason::kMailboxDisabled, kHard},
        // Where there are none it is believed, but condemns nobody.
        {"550 5.7.0 see http://virus.example.net/", Reason::kVirus, kBlock},
        {"550 5.7.1 refused, https://example.net/user-unknown", Reason::kPolicyOther, kBlock},
        {"550 https://example.net/user-unknown", Reason::kUnclassified, kSoft},
        // Those that keep lists are known by their names.
        {"550 5.1.1 http://www.spamhaus.org/query/bl?ip=192.0.2.1", Reason::kSenderIpBlocked,
         kBlock},
        {"554 5.7.1 192.0.2.1 listed at rbl.example.net", Reason::kSenderIpBlocked, kBlock},
    }));

INSTANTIATE_TEST_SUITE_P(
    DeadMailboxes, WordingTest,
    testing::ValuesIn<Wording>({
        {"554 5.7.1 <r@example.net>: Recipient address rejected: Not in recipient list",
         Reason::kNoSuchUser, kHard},
        {"550 unavailable mail user", Reason::kNoSuchUser, kHard},
        {"550 local server don't exists that user", Reason::kNoSuchUser, kHard},
        {"554 delivery error: dd r@example.net is no longer valid. [-20]", Reason::kNoSuchUser,
         kHard},
        {"550 Recipient verification failed", Reason::kNoSuchUser, kHard},
        {"550-Callout verification failed: 550 550 5.1.1 User unknown", Reason::kNoSuchUser, kHard},
        {"550 The user you are trying to contact doesn't exist", Reason::kNoSuchUser, kHard},
        {"550 no mailbox for r@example.net", Reason::kNoSuchUser, kHard},
        {"550 5.7.1 <r@example.net>: Mailbox has been blocked by administrator",
         Reason::kMailboxDisabled, kHard},
        {"550 user is locked", Reason::kMailboxDisabled, kHard},
        {"550 r@example.net is now disabled with SMTP service", Reason::kMailboxDisabled, kHard},
        {"X-Notes; Error transferring to mx.example.net; SMTP Protocol Returned a Permanent Error "
         "550 <r@example.net>: User unknown",
         Reason::kNoSuchUser, kHard},
    }));

INSTANTIATE_TEST_SUITE_P(
    LivingMailboxes, WordingTest,
    testing::ValuesIn<Wording>({
        {"553 SENDER domain does not exist", Reason::kSenderAddressRefused, kBlock},
        {"550 sender address rejected: user unknown", Reason::kSenderAddressRefused, kBlock},
        {"550 5.1.7 unknown user", Reason::kSenderAddressRefused, kBlock},
        {"550 5.1.8 domain does not exist", Reason::kSenderAddressRefused, kBlock},
        {"517 Invalid domain, see rfc1035", Reason::kSenderAddressRefused, kBlock},
        {"550 Your address s@example.org does not exist", Reason::kSenderAddressRefused, kBlock},
        {"550-Verification failed for <s@example.org> 550-Unrouteable address 550 Sender verify "
         "failed",
         Reason::kSenderAddressRefused, kBlock},
        {"450 recipient verification failed: connection timed out", Reason::kConnectionFailure,
         kSoft},
        {"550 message sending for this account is disabled", Reason::kSenderReputation, kBlock},
        {"550 Recipient address rejected: Not accepting mail for this account: resource limit "
         "exceeded",
         Reason::kRateLimited, kBlock},
        {"550 This account has been temporarily suspended", Reason::kMailboxDisabled, kSoft},
        {"554 5.7.1 <s@example.org>: Sender address rejected: Blocked by this recipient",
         Reason::kRecipientRefused, kSoft},
        {"550 5.1.2 example.net is not hosted on this server", Reason::kRelayDenied, kBlock},
        {"552 exceeded mailsize limit", Reason::kTooLarge, kBlock},
        {"552 The recipient's mailbox has reached its maximum allowed size", Reason::kMailboxFull,
         kSoft},
        {"550 Blocked", Reason::kPolicyOther, kBlock},
    }));

// Who sent it is at fault, whatever is said of addresses, accounts and domains; and the words of
// the one fault beside the other.
INSTANTIATE_TEST_SUITE_P(
    ListsThatTheSenderStandsOn, WordingTest,
    testing::ValuesIn<Wording>({
        {"550 192.0.2.1 is blacklisted", Reason::kSenderIpBlocked, kBlock},
        {"550 5.7.1 Rejecting mail, 192.0.2.1 is blacklisted", Reason::kSenderIpBlocked, kBlock},
        {"554 5.7.1 2001:db8::25 is blocklisted", Reason::kSenderIpBlocked, kBlock},
        {"554 [192.0.2.1] found on our blacklist", Reason::kSenderIpBlocked, kBlock},
        {"550 host 192.0.2.1 is listed in our local denylist", Reason::kSenderIpBlocked, kBlock},
        {"550 connection from 192.0.2.1 is in our local block list", Reason::kSenderIpBlocked,
         kBlock},
        {"550 mx.example.org is listed in our access list", Reason::kSenderIpBlocked, kBlock},
        {"550 We have blacklisted your network 192.0.2.0/24", Reason::kSenderIpBlocked, kBlock},
        {"550 Blacklisted", Reason::kSenderIpBlocked, kBlock},
        {"554 5.7.1 Black-listed host", Reason::kSenderIpBlocked, kBlock},
        {"550 You have been blacklisted", Reason::kSenderIpBlocked, kBlock},
        {"554 5.7.1 <r@example.net>: Recipient address rejected: 192.0.2.1 is blacklisted",
         Reason::kSenderIpBlocked, kBlock},
        {"5.1.0 - Unknown address error 550-'Rejected because 192.0.2.1 is blacklisted'",
         Reason::kSenderIpBlocked, kBlock},
    }));

INSTANTIATE_TEST_SUITE_P(
    NetworksThatMayNotSend, WordingTest,
    testing::ValuesIn<Wording>({
        {"550 Your IP is dynamic", Reason::kSenderIpBlocked, kBlock},
        {"554 Dynamically assigned IP addresses may not send mail here", Reason::kSenderIpBlocked,
         kBlock},
        {"550 Your address looks like a dial-up", Reason::kSenderIpBlocked, kBlock},
        {"550 Dial-up hosts must use their provider's mail server", Reason::kSenderIpBlocked,
         kBlock},
        {"553 We do not accept mail from residential addresses", Reason::kSenderIpBlocked, kBlock},
        {"550 Residential hosts are not allowed to send mail directly", Reason::kSenderIpBlocked,
         kBlock},
        {"550 5.7.1 Direct-to-MX mail from consumer broadband networks is refused",
         Reason::kSenderIpBlocked, kBlock},
        {"550 end-user IP address ranges must use smarthost", Reason::kSenderIpBlocked, kBlock},
        {"550 We do not accept mail from your country", Reason::kSenderIpBlocked, kBlock},
        {"550 5.7.1 Country not allowed", Reason::kSenderIpBlocked, kBlock},
        {"550 Connections from your region are not permitted", Reason::kSenderIpBlocked, kBlock},
        {"550 Rejected: your country (XX) is blocked by GeoIP", Reason::kSenderIpBlocked, kBlock},
        {"554 GeoIP restriction", Reason::kSenderIpBlocked, kBlock},
        {"5.1.0 - Unknown address error 554-'5.7.1 Your country is blocked'",
         Reason::kSenderIpBlocked, kBlock},
    }));

INSTANTIATE_TEST_SUITE_P(
    DomainsOfTheSender, WordingTest,
    testing::ValuesIn<Wording>({
        {"550 newly registered domain", Reason::kSenderReputation, kBlock},
        {"550 5.7.1 Sender domain is too young", Reason::kSenderReputation, kBlock},
        {"550 Your domain was registered less than 30 days ago", Reason::kSenderReputation, kBlock},
        {"554 domain too new", Reason::kSenderReputation, kBlock},
        {"550 Cannot resolve your domain", Reason::kSenderAddressRefused, kBlock},
        {"550 We cannot resolve your domain name", Reason::kSenderAddressRefused, kBlock},
        {"450 unable to resolve sender domain", Reason::kSenderAddressRefused, kBlock},
        {"550 Could not resolve domain of sender", Reason::kSenderAddressRefused, kBlock},
        {"550 cannot find your domain", Reason::kSenderAddressRefused, kBlock},
        {"550 Domain example.org (MAIL FROM) cannot be resolved", Reason::kSenderAddressRefused,
         kBlock},
    }));

INSTANTIATE_TEST_SUITE_P(
    SendersThatMayNotSend, WordingTest,
    testing::ValuesIn<Wording>({
        {"550 outgoing mail from this account has been suspended", Reason::kSenderReputation,
         kBlock},
        {"550 Outbound mail disabled for this account", Reason::kSenderReputation, kBlock},
        {"550 Domain example.org has an outgoing mail hold. Message will be reattempted later",
         Reason::kSenderReputation, kBlock},
        {"550 Sending has been disabled for user u", Reason::kSenderReputation, kBlock},
        {"554 5.7.0 Account suspended from sending", Reason::kSenderReputation, kBlock},
        {"550 The account u@example.org is suspended from sending mail", Reason::kSenderReputation,
         kBlock},
        {"550 You are not permitted to send email: account suspended", Reason::kSenderReputation,
         kBlock},
        {"550 SMTP service for this account is suspended due to abuse", Reason::kSenderReputation,
         kBlock},
        {"550 your hosting account is suspended", Reason::kSenderReputation, kBlock},
        {"554 Email sending for example.org is suspended", Reason::kSenderReputation, kBlock},
        {"550 Maximum hourly messages reached for your account", Reason::kRateLimited, kBlock},
        {"550 Sender has exceeded the limit of 500 messages a day", Reason::kRateLimited, kBlock},
    }));

INSTANTIATE_TEST_SUITE_P(
    SendersThatWereLookedUp, WordingTest,
    testing::ValuesIn<Wording>({
        {"550 Verification of sender failed", Reason::kSenderAddressRefused, kBlock},
        {"550 Could not verify your address", Reason::kSenderAddressRefused, kBlock},
        {"550 5.7.1 we cannot bounce to you: no such user", Reason::kSenderAddressRefused, kBlock},
        {"550 Sender callout verification failed: 550 no such user", Reason::kSenderAddressRefused,
         kBlock},
        {"550-Verification failed for <s@example.org> 550-Previous (cached) callout "
         "verification failure 550 Sender verify failed",
         Reason::kSenderAddressRefused, kBlock},
        {"550 Requested action not taken: Not local sender over smtp",
         Reason::kSenderAddressRefused, kBlock},
        {"550 bounces are not accepted here", Reason::kSenderAddressRefused, kBlock},
        {"550 sender s@example.org is not one of our users", Reason::kSenderAddressRefused, kBlock},
        {"550 Your mail was not signed by the domain owner", Reason::kAuthFailed, kBlock},
        {"554 5.7.1 TLS version too old", Reason::kTlsFailure, kBlock},
        {"550 Your message was classified as bulk", Reason::kSpamContent, kBlock},
    }));

INSTANTIATE_TEST_SUITE_P(
    RefusalsInsideOfOthers, WordingTest,
    testing::ValuesIn<Wording>({
        {"5.1.0 - Unknown address error 550-'Refused'", Reason::kPolicyOther, kBlock},
        {"5.1.0 - Unknown address error 550-'no such user here'", Reason::kNoSuchUser, kHard},
        {"5.1.0 - Unknown address error 550-'Account disabled'", Reason::kMailboxDisabled, kHard},
        {"5.1.0 - Unknown address error 550-'Mailbox full'", Reason::kMailboxFull, kSoft},
        {"5.1.0 - Unknown address error 550-'SPF check failed'", Reason::kAuthFailed, kBlock},
        {"5.1.0 - Unknown address error 550-'No such domain'", Reason::kNoSuchDomain, kHard},
    }));

INSTANTIATE_TEST_SUITE_P(
    RecipientsInTheWordsOfSenders, WordingTest,
    testing::ValuesIn<Wording>({
        {"550 Recipient is blacklisted", Reason::kUnclassified, kSoft},
        {"550 recipient r@example.net is on our block list", Reason::kUnclassified, kSoft},
        {"550 5.1.1 <r@example.net>: user unknown; see https://example.net/blacklist",
         Reason::kNoSuchUser, kHard},
        {"550 5.1.1 User unknown. If your server is blacklisted, see our page", Reason::kNoSuchUser,
         kHard},
        {"550 The account or domain may not exist, they may be blacklisted", Reason::kNoSuchDomain,
         kHard},
        {"550 5.2.1 The recipient's account is suspended", Reason::kMailboxDisabled, kHard},
        {"550 mailbox r is suspended: sending and receiving disabled", Reason::kMailboxDisabled,
         kHard},
        {"550 5.2.1 mailbox suspended due to abuse", Reason::kMailboxDisabled, kHard},
        {"550 mail account of this user has been suspended by the provider",
         Reason::kMailboxDisabled, kHard},
        {"550 user's dial-up account has been closed", Reason::kMailboxDisabled, kHard},
        {"550 User unknown (dynamic user table)", Reason::kNoSuchUser, kHard},
        {"550 5.1.1 No such user on host dynamic.example.net", Reason::kNoSuchUser, kHard},
        {"connect to dynamic-1-2.ip.example.net[192.0.2.1]:25: No route to host",
         Reason::kConnectionFailure, kSoft},
        {"550 User has moved to another country, no forwarding address", Reason::kMailboxMoved,
         kHard},
        {"550 mailbox not found in country directory", Reason::kNoSuchUser, kHard},
        {"550 unknown address", Reason::kNoSuchUser, kHard},
        {"550 Recipient callout verification failed: 550 no such user", Reason::kNoSuchUser, kHard},
        {"550 Verification failed for <r@example.net>: No such user here", Reason::kNoSuchUser,
         kHard},
        {"550 5.1.2 Cannot resolve recipient's domain: no such domain", Reason::kNoSuchDomain,
         kHard},
    }));

INSTANTIATE_TEST_SUITE_P(
    DomainsOfTheRecipient, WordingTest,
    testing::ValuesIn<Wording>({
        {"Mail domain mentioned in email address is unknown", Reason::kNoSuchDomain, kHard},
        {"550 The mail domain of the recipient is unknown", Reason::kNoSuchDomain, kHard},
        {"550 domain in recipient address does not exist", Reason::kNoSuchDomain, kHard},
        {"550 the domain part of the address is unknown", Reason::kNoSuchDomain, kHard},
        {"550 5.1.2 domain of recipient address r@example.invalid does not exist",
         Reason::kNoSuchDomain, kHard},
    }));

INSTANTIATE_TEST_SUITE_P(
    FaultsOfMailboxes, WordingTest,
    testing::ValuesIn<Wording>({
        {"523 the recipient's mailbox would exceed maximum allowed storage", Reason::kMailboxFull,
         kSoft},
        {"552 this message would cause the mailbox to exceed its storage limit",
         Reason::kMailboxFull, kSoft},
        {"552 5.2.2 delivery would put the mailbox over its limit", Reason::kMailboxFull, kSoft},
        {"550 User r has used up all the storage", Reason::kMailboxFull, kSoft},
        {"523 the message size exceeds the recipient's size limit for incoming email",
         Reason::kTooLarge, kBlock},
        {"552 message would exceed the maximum allowed size", Reason::kTooLarge, kBlock},
        {"550 We have no record of that user", Reason::kNoSuchUser, kHard},
        {"550 r@example.net is not one of our customers", Reason::kNoSuchUser, kHard},
        {"550 No valid recipient by this name", Reason::kNoSuchUser, kHard},
        {"550 Addressee not at this site", Reason::kNoSuchUser, kHard},
        {"550 Mailbox has been archived", Reason::kMailboxDisabled, kHard},
        {"550 5.1.1 Alias expired", Reason::kMailboxDisabled, kHard},
        {"550 5.1.1 Temporary address has expired", Reason::kMailboxDisabled, kHard},
        {"550 5.7.1 The recipient has opted out of mail from you", Reason::kRecipientRefused,
         kSoft},
        {"550 5.7.1 Mailbox only takes mail from inside the organization",
         Reason::kRecipientRefused, kSoft},
    }));

// A look-up that refuses is no filter of somebody's, and where it looked is not what broke.
INSTANTIATE_TEST_SUITE_P(
    UsersThatAreUnknown, WordingTest,
    testing::ValuesIn<Wording>({
        {"550 5.7.505 Access denied, banned recipient", Reason::kMailboxDisabled, kHard},
        {"550 RCPT-TO no mailbox", Reason::kNoSuchUser, kHard},
        {"550 Rejected by policy: recipient is not in our LDAP directory", Reason::kNoSuchUser,
         kHard},
        {"550 Denied by recipient verification: no such user here", Reason::kNoSuchUser, kHard},
        {"550 We would love to have gotten this email to r@example.net. But, your recipient never "
         "logged onto their free AIM(R) Mail account.",
         Reason::kNoSuchUser, kHard},
        {"550 Ungueltiger Empfaenger", Reason::kNoSuchUser, kHard},
        {"550 Hmm, I don't know any user", Reason::kNoSuchUser, kHard},
        {"550 who? never heard of that user", Reason::kNoSuchUser, kHard},
        {"550 addressee not in our database", Reason::kNoSuchUser, kHard},
        {"550 mailbox lookup returned nothing", Reason::kNoSuchUser, kHard},
        {"Message rejected: Unknown internet recipient", Reason::kNoSuchUser, kHard},
        {"550 <r@example.net> not in LDAP", Reason::kNoSuchUser, kHard},
        {"550 Recipient rejected by LDAP lookup", Reason::kNoSuchUser, kHard},
        {"554 5.7.1 rejected by recipient verification: address unknown", Reason::kNoSuchUser,
         kHard},
        {"550 Blocked by recipient filter: user unknown", Reason::kNoSuchUser, kHard},
        {"550 no mailbox", Reason::kNoSuchUser, kHard},
        {"550 Recipient e-mail address does not appear in our directory", Reason::kNoSuchUser,
         kHard},
        {"554 I don't recognize that recipient", Reason::kNoSuchUser, kHard},
        {"550 Not a local user", Reason::kNoSuchUser, kHard},
        {"550 user doesn't live here", Reason::kNoSuchUser, kHard},
        {"550 The username you sent to does not match any of our customers", Reason::kNoSuchUser,
         kHard},
        {"550 Det gick inte att hitta e-postadressen", Reason::kNoSuchUser, kHard},
        {"550 Fant ikke e-postadressen", Reason::kNoSuchUser, kHard},
        {"550 Kein solcher Benutzer", Reason::kNoSuchUser, kHard},
        {"550 Ungueltige Adresse", Reason::kNoSuchUser, kHard},
        {"550 Brak takiego uzytkownika", Reason::kNoSuchUser, kHard},
        {"550 该用户未开通QQ邮箱", Reason::kNoSuchUser, kHard},
    }));

INSTANTIATE_TEST_SUITE_P(
    DomainsThatTakeNoMail, WordingTest,
    testing::ValuesIn<Wording>({
        {"550 Unable to find domain exmaple.net", Reason::kNoSuchDomain, kHard},
        {"550 This domain doesn't receive email", Reason::kDomainNoMail, kHard},
        {"5.4.4 (unable to route: dns lookup failure: NXDOMAIN)", Reason::kNoSuchDomain, kHard},
        {"550 Unable to find domain", Reason::kNoSuchDomain, kHard},
        {"550 \"The mail server could not deliver mail to r@example.net. The account or domain may "
         "not exist, they may be blacklisted, or missing the proper dns entries.\"",
         Reason::kNoSuchDomain, kHard},
    }));

INSTANTIATE_TEST_SUITE_P(
    MailboxesWithoutRoom, WordingTest,
    testing::ValuesIn<Wording>({
        {"550 user has too much mail stored on server", Reason::kMailboxFull, kSoft},
        {"550 The email account is currently full and can't receive messages", Reason::kMailboxFull,
         kSoft},
        {"554 Sorry, inbox limit was reached by user", Reason::kMailboxFull, kSoft},
        {"550 5.1.1 The user's inbox has no more free space", Reason::kMailboxFull, kSoft},
        {"550 no more space left for this user", Reason::kMailboxFull, kSoft},
        {"550 inbox limit was reached", Reason::kMailboxFull, kSoft},
        {"550 Mailbox cannot hold any more messages", Reason::kMailboxFull, kSoft},
    }));

// Recipients that are counted, quotas of what is sent, and look-ups of who sends.
INSTANTIATE_TEST_SUITE_P(
    SendersThatAreRefused, WordingTest,
    testing::ValuesIn<Wording>({
        {"550 Domain may not exist or DNS check failed [abc]. "
         "http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000731",
         Reason::kSenderAddressRefused, kBlock},
        {"421 Your IP has sent to too many non-existent mailboxes. Blocked for 1 hour",
         Reason::kRateLimited, kBlock},
        {"554 5.7.1 Rejected: too many of your recipients do not exist", Reason::kRateLimited,
         kBlock},
        {"554 Sender account has exceeded outgoing message quota", Reason::kRateLimited, kBlock},
        {"550 Rejected due to high rate of invalid recipients", Reason::kRateLimited, kBlock},
        {"554 You sent to too many addresses that do not exist", Reason::kRateLimited, kBlock},
        {"550 5.7.1 A large share of your recipients are unknown. Clean your list",
         Reason::kRateLimited, kBlock},
        {"421 Too many failed recipients (user unknown) in this session", Reason::kRateLimited,
         kBlock},
        {"550 DNS check failed for your domain", Reason::kSenderAddressRefused, kBlock},
        {"554 Sender account has exceeded outgoing quota", Reason::kRateLimited, kBlock},
        {"550 5.7.1 sending account over message quota", Reason::kRateLimited, kBlock},
        {"550 The sender has exceeded its quota of outgoing messages", Reason::kRateLimited,
         kBlock},
        {"550 5.2.2 sender's outbound limit reached", Reason::kRateLimited, kBlock},
        {"550 5.1.1 invalid recipients in this session", Reason::kRateLimited, kBlock},
        {"550 sender's mailbox is full, cannot accept your mail", Reason::kSenderAddressRefused,
         kBlock},
        {"554 mx.example.net ESMTP not accepting messages from your network",
         Reason::kSenderIpBlocked, kBlock},
        {"550 OU-002 (COL004-MC1F1) Unfortunately, messages from 192.0.2.1 weren't sent",
         Reason::kSenderIpBlocked, kBlock},
        {"550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent.",
         Reason::kSenderIpBlocked, kBlock},
        {"550 The sender's mailbox is over quota", Reason::kSenderAddressRefused, kBlock},
        {"550 5.4.317 Message expired, cannot connect to remote server (TLS)", Reason::kTlsFailure,
         kBlock},
    }));

// The same words about somebody else, or about something that is not there for a while.
INSTANTIATE_TEST_SUITE_P(
    WordsOfTheseAboutOthers, WordingTest,
    testing::ValuesIn<Wording>({
        {"5.4.4 (unable to route: no mail hosts for domain)", Reason::kUnroutable, kSoft},
        {"5.4.4 (unable to route: dns lookup failure)", Reason::kUnroutable, kSoft},
        {"550 no recipients found", Reason::kUnclassified, kSoft},
        {"550 5.1.1 One or more of your recipients are unknown", Reason::kNoSuchUser, kHard},
        {"550 Recipients unknown", Reason::kNoSuchUser, kHard},
        {"552 5.2.2 Mailbox is full, sender notified", Reason::kMailboxFull, kSoft},
        {"550 5.1.1 no more space in the recipient's mailbox", Reason::kMailboxFull, kSoft},
        {"550 5.1.2 Recipient domain does not exist: DNS check failed", Reason::kNoSuchDomain,
         kHard},
        {"550 Unable to find domain of sender", Reason::kSenderAddressRefused, kBlock},
        {"550 Mailbox database: no mailbox server available", Reason::kUnclassified, kSoft},
        {"550 5.7.1 Blocked by recipient's personal filter", Reason::kRecipientRefused, kSoft},
    }));

// What servers add to it takes nothing back.
TEST(Wording, OfDeadMailboxesWithMoreBehind) {
  for (std::string_view text : {
           "550 5.1.1 User unknown. If you feel this is in error contact postmaster@example.net or "
           "your administrator",
           "550 5.1.1 User unknown. Please check the recipient's email address for typos",
           "550 5.1.1 <r@example.net>: Recipient address rejected: User unknown in local recipient "
           "table; from=<s@example.org> to=<r@example.net> proto=ESMTP helo=<mx.example.org>",
           "550 No such user here. Your message from s@example.org was not delivered",
           "550 mailbox not found. Remove this address from your list",
           "550 Unknown user r@example.net. Contact the sender's administrator for help",
           "550 Mailbox does not exist. For spam reports write to abuse@example.net",
           "550 User unknown (your mail server: mx.example.org, policy 12)",
           "550 no such user. This server relays no mail for unknown domains",
           "550 5.1.1 Mailbox does not exist. Too bad.",
           "550 Recipient does not exist. Read our anti-spam policy at https://example.net/policy",
           "550 account disabled. Contact your administrator",
           "550 5.2.1 mailbox disabled, contact the postmaster via another account or your phone",
           "550 Recipient unknown to our system; virus-free. www.example.com",
           "550 user unknown, please update your address book",
           "554 5.7.1 <r@example.net>: Recipient address rejected: User unknown; your IP 192.0.2.1 "
           "was logged",
       }) {
    EXPECT_EQ(ReadDiagnostic(text, *RuleSet::BuiltIn()).classification.bounce_class, kHard) << text;
  }
}

// Whichever reason it is given, nobody is there.
TEST(Wording, OfAddressesThatAreGone) {
  for (std::string_view text : {
           "550 unknown mailbox",
           "550 mailbox not known",
           "550 Unknown mail recipient",
           "550 5.1.1 no such person",
           "550 <r@example.net> no such mailbox",
           "550 there is no mailbox with that name on this host",
           "550 the mailbox you specified does not exist on this server",
           "550 recipient is not on this server",
           "550 No recipient by that name",
           "550 user was not found in database",
           "550 unable to locate user r",
           "550 Can't locate recipient",
           "550 5.1.1 Bad address: r@example.net",
           "550 Non-existent user",
           "550 Nonexisting mailbox",
           "550 user non-existent",
           "550 No matching recipient",
           "550 No match for user r",
           "550 r: no account by this name",
           "550 recipient mailbox doesn't exist here",
           "550 The email address you are trying to send to no longer exists",
           "550 this email address is no longer in use",
           "550 address no longer valid",
           "550 mailbox has been deleted",
           "550 the account has been closed",
           "550 account expired",
           "550 5.2.1 The recipient's account has been deactivated",
           "550 User account suspended",
           "550 Mailbox deactivated",
           "550 mailbox is not active",
           "550 This account is no longer active",
           "550 user no longer has an account",
           "550 user left the organisation",
           "550 Employee no longer with the firm",
           "550 unknown domain example.net",
           "550 no such domain here",
           "550 Domain does not exist: example.invalid",
           "550 5.1.2 destination domain unknown",
           "550 5.4.4 no MX or A for example.invalid",
           "550 invalid mail address: r@",
           "550 5.1.3 malformed recipient",
           "553 illegal characters in recipient address",
           "550 5.1.1 <r@example.net>... Mailbox does not exist, please check the spelling",
           "550-5.1.1 r@example.net 550 5.1.1 is not a known user at this site",
           "550 #5.1.1 mailbox r@example.net is invalid",
           "550 We are sorry, but the recipient r is not known at example.net",
           "550 Recipient r@example.net rejected: no such user in our database",
           "550 There is no account with this address",
           "550 recipient lookup failed: user not found",
           "550 5.1.1 Unable to deliver to r@example.net - user does not exist",
           "550 LDAP: no such recipient",
           "550 virtual user r@example.net not exist",
           "554 Recipient mailbox was not found",
           "550 sorry, r@example.net is not a valid user here",
           "550 Address unknown, see http://postmaster.example.net/blacklist",
           "553 5.3.0 <r@example.net>... Unknown User, mail is not delivered",
           "550 The mail address is invalid or no longer exists",
           "550 recipient's e-mail address was not found in the recipient's e-mail system",
           "550 5.1.1 Account closed due to inactivity",
           "550 Mailbox r has been deactivated by its administrator",
           "550 r@example.net account is on hold and does not accept mail",
           "550 the recipient's mailbox was discontinued",
           "550 unable to find MX host for example.invalid: domain not found",
       }) {
    EXPECT_EQ(ReadDiagnostic(text, *RuleSet::BuiltIn()).classification.bounce_class, kHard) << text;
  }
}

}  // namespace
}  // namespace bounced
