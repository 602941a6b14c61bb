// The words for what a bounce means. Each has a stable name (ToString, FromName) and a stable
// number: both are stored and published, so neither is ever changed or used again.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace bounced {

// What one recipient of one message is told by a report.
enum class Kind : std::uint8_t {
  kBounce = 1,
  kDelay = 2,
  kDelivery = 3,
  kComplaint = 4,
  kUnsubscribe = 5,
  kAutoReply = 6,
  kOther = 7,  // no report, or one that says nothing of deliveries
};

// What a reason means for the address.
enum class BounceClass : std::uint8_t {
  kHard = 1,   // the address is no good
  kSoft = 2,   // this time it failed
  kBlock = 3,  // the sender's problem: never the cause of a suppression
  kNone = 4,   // no failure
};

// Whose fault it is.
enum class Fault : std::uint8_t {
  kRecipient = 1,
  kDomain = 2,
  kReceiver = 3,
  kNetwork = 4,
  kSender = 5,
  kContent = 6,
  kNone = 7,
  kUnknown = 8,
};

// What the codes say about trying again (RFC 3463, 3.1). It need not agree with the class.
enum class Persistence : std::uint8_t { kUnknown = 0, kPermanent = 1, kTransient = 2 };

// At which step of its dialogue the remote server refused.
enum class Stage : std::uint8_t {
  kUnknown = 0,
  kConnect = 1,
  kHelo = 2,
  kMail = 3,
  kRcpt = 4,
  kData = 5,
  kQueue = 6,  // after the dialogue: the report's own host gave up or refused later
};

// The finest word.
enum class Reason : std::uint16_t {
  kNoSuchUser = 101,
  kBadAddressSyntax = 102,
  kMailboxMoved = 103,
  kMailboxDisabled = 104,
  kMailboxFull = 105,
  kRecipientRefused = 106,
  kAddressAmbiguous = 107,
  kListProblem = 108,
  kNoSuchDomain = 201,
  kDomainNoMail = 202,
  kDomainOwnerChanged = 203,
  kReceiverUnavailable = 301,
  kReceiverFull = 302,
  kReceiverError = 303,
  kGreylisted = 304,
  kDnsFailure = 401,
  kConnectionFailure = 402,
  kUnroutable = 403,
  kExpired = 404,
  kTlsFailure = 405,
  kSenderIpBlocked = 501,
  kSenderReputation = 502,
  kRateLimited = 503,
  kAuthFailed = 504,
  kPtrRequired = 505,
  kSenderAddressRefused = 506,
  kRelayDenied = 507,
  kSmtpAuthRequired = 508,
  kPolicyOther = 601,
  kSpamContent = 602,
  kVirus = 603,
  kAttachment = 604,
  kContentFormat = 605,
  kTooLarge = 606,
  kSmtputf8Unsupported = 607,
  kProtocolError = 701,
  kComplaintAbuse = 801,
  kComplaintOther = 802,
  kNotSpam = 803,
  kUnsubscribe = 804,
  kAutoReply = 805,
  kChallengeResponse = 806,
  kOtherMail = 807,
  kDelayed = 901,
  kDelivered = 902,
  kReadReceipt = 903,
  kRelayed = 904,
  kExpanded = 905,
  kProviderSuppressed = 911,
  kGenerationFailure = 912,
  kUnclassified = 998,  // a text, and no rule that knows it
  kUndefined = 999,     // neither text nor code
};

// What is fixed by the reason alone; a row for each, in taxonomy.cc.
struct ReasonInfo {
  Reason reason;
  std::string_view name;  // "no_such_user"
  BounceClass bounce_class;
  Fault fault;
  bool counts;               // whether a soft one counts towards the soft threshold
  std::string_view meaning;  // a sentence for people
};
// Of a number that is no reason (as of a database written by another version), kUndefined's row.
const ReasonInfo& Info(Reason reason);

std::string_view ToString(Kind kind);
std::string_view ToString(BounceClass bounce_class);
std::string_view ToString(Fault fault);
std::string_view ToString(Persistence persistence);
std::string_view ToString(Stage stage);
inline std::string_view ToString(Reason reason) { return Info(reason).name; }

// None: no such name, or no such number (as of a database written by another version).
std::optional<Reason> ReasonFromName(std::string_view name);
std::optional<Reason> ReasonFromNumber(int number);

}  // namespace bounced
