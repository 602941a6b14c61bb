// What is stored: messages, events, the counters of an address, suppressions, and history.
//
// The words are the README's. Times are UTC. A "day" is a number of whole UTC days since
// 1970-01-01.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "parser/address.h"
#include "parser/taxonomy.h"

namespace bounced {

using Day = std::int32_t;
Day DayOf(absl::Time time);
absl::Time StartOf(Day day);

// Why we believe a report, the more the greater. Stored and published by number. README, "Trust".
enum class Trust : std::uint8_t {
  kUnverified = 1,
  kAuthenticated = 2,  // who sent it speaks for the domain of the address
  kReturned = 3,       // the message that came back carries a return path whose MAC held
  kSigned = 4,         // it came to a return path whose MAC held
  kLocal = 5,          // one's own mail system said so, over the API
};
std::string_view ToString(Trust trust);
// The least on which an address is touched, unless a return path's domain asks for another.
inline constexpr Trust kDefaultLeastTrust = Trust::kReturned;
// The same by kind of event.
struct LeastTrust {
  constexpr LeastTrust() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): for both.
  constexpr LeastTrust(Trust all) : bounce(all), complaint(all) {}

  Trust bounce = kDefaultLeastTrust;
  Trust complaint = kDefaultLeastTrust;  // and mail to unsubscribe

  friend bool operator==(const LeastTrust&, const LeastTrust&) = default;
};

// How an event bears on the address. Stored and published by number.
enum class Effect : std::uint8_t {
  kNone = 1,        // recorded only
  kCounted = 2,     // towards a threshold
  kSuppressed = 3,  // the address was suppressed by it, or its suppression lengthened
  kCleared = 4,     // a delivery emptied the bucket of soft bounces
};
std::string_view ToString(Effect effect);

// The rule of policy that decided: its name is what Explain shows and the README's table lists.
enum class PolicyRule : std::uint8_t {
  kNoAddress = 1,  // nobody is vouched for
  kTrustTooLow = 2,
  kHardCertain = 3,      // suppressed until taken off
  kHardShort = 4,        // suppressed for a time, doubling
  kHardConfirmed = 5,    // the last confirmation that makes it last
  kSoftCounted = 6,      // in the bucket, below the threshold
  kSoftThreshold = 7,    // the bucket is full
  kSoftProbation = 8,    // one more after a soft suppression
  kSoftNotCounting = 9,  // soft, of a reason that never counts
  kBlock = 10,           // the sender's fault never suppresses
  kDelay = 11,
  kDelivery = 12,
  kDeliveryRelayed = 13,  // handed on: says nothing of the mailbox
  kSameMessage = 14,      // this mail of ours (or this day) has been counted
  kOther = 15,
  kReleased = 16,     // the mail was issued before a person took the address off
  kStale = 17,        // what is known of newer mail has settled what this one could tell
  kComplaint = 18,    // suppressed for the whole tenant until taken off
  kUnsubscribe = 19,  // suppressed for the stream until taken off
  kAllowed = 20,      // the address or its domain is on the list of those that no bounce suppresses
  kRecordOnly = 21,   // the policy is to suppress nobody for bounces
};
std::string_view ToString(PolicyRule rule);

// One message that was received, at one return path. The same message for two return paths is two
// of these over one piece of evidence.
struct Message {
  std::string tenant;
  std::string stream;          // of the return path
  std::string return_path;     // canonical `local@domain` that it came to
  std::string reverse_path;    // as the client gave it; empty: null
  std::string client_address;  // "192.0.2.1", "2001:db8::1"; empty: not by SMTP
  std::string client_helo;
  std::string tls_version;  // "TLSv1.3"; empty: in the clear, or not by SMTP
  std::string login;        // who logged in; empty: nobody did
  std::string reporting_mta;
  std::string report_form;  // Report::form; kSessionForm: no message has come
  std::string envelope_id;  // ENVID, of the report
  // The return path as whoever sent the report first had it (ORCPT, without its type); empty: not
  // said. It vouches for nothing.
  std::string original_return_path;
  std::string return_path_key;    // id of the key whose MAC held; empty: unsigned
  std::string message_reference;  // the sender's, from the return path
  // Of ours, signed, in the message that came back: the mail that bounced, where the return path
  // itself tells nothing of it. In mail to an unsubscribe address, the one whose token its subject
  // has. Of what one's own mail system reported, that of the mail. Empty: none that holds, or none
  // was looked for.
  std::string returned_path;
  // What was found out about who sent it, as the resinfo of RFC 8601, 2.2, with "; " between them:
  // "spf=pass smtp.helo=mx.example; dkim=pass header.d=example.org". Empty: nothing was looked up.
  std::string authentication;
  Trust trust = Trust::kUnverified;  // in the return path that it came to; each event has its own
  // The least on which its events may touch an address. Of the configuration, and not stored.
  LeastTrust least_trust;
  absl::Time receive_time;
  Day day = 0;  // of issue of the signed return path or of returned_path, else of receive_time
  // 128 bits over tenant, return path and octets: the same again is one event.
  std::array<std::uint8_t, 16> digest{};
};

// What one's own mail system saw in a session with a receiving host, told over the API. There is no
// message then, so no return path that one came to, and no evidence: the event says all.
inline constexpr std::string_view kSessionForm = "session";

// The domain to which `return_path_key` belongs: that of the return path that it signed. Empty: no
// key vouches.
std::string_view KeyDomainOf(const Message& message);

// What an event tells of one's own standing with whoever serves the recipient. Incidents are
// counted by it; it is read from the event, and not stored with it.
struct ProviderAnswer {
  std::string provider;     // a name as "google", or the domain of the address
  bool is_known = false;    // it is a name of a table, of which there are few
  std::string sender = {};  // of a refusal: the address of ours, or domain, that it names
  std::string code = {};    // of a refusal: the provider's own word, "S3140"
  std::string sample = {};  // of a refusal: its text, without addresses of mailboxes
  bool is_refusal = false;  // for the sender's or the content's sake
};

// One recipient of one report. `id` 0: not stored yet.
struct Event {
  std::int64_t id = 0;
  std::int64_t message_id = 0;
  Kind kind = Kind::kOther;
  // Whom it is about, as vouched for. None: nobody is vouched for, so it has no effect.
  std::optional<Address> address;
  Trust trust = Trust::kUnverified;  // that it is about this address
  std::string final_recipient;       // presentable, as reported
  std::string original_recipient;
  std::string forwarded_to;     // another address that the report names for this one
  std::string enhanced_status;  // "5.1.1"; empty: unknown
  int reply_code = 0;           // 0: unknown
  Persistence persistence = Persistence::kUnknown;
  Stage stage = Stage::kUnknown;
  Reason reason = Reason::kUndefined;
  BounceClass bounce_class = BounceClass::kNone;
  Fault fault = Fault::kUnknown;
  bool counts = false;
  bool text_bears_out = false;
  int confidence = 0;
  std::string rule;  // of the classification
  std::string matched_text;
  std::string diagnostic;
  std::string diagnostic_type;
  std::string remote_mta;
  std::string provenance;  // how each field is known: "enhanced_status=reported"
  // Of the decision.
  Effect effect = Effect::kNone;
  PolicyRule policy_rule = PolicyRule::kOther;
  ProviderAnswer answer = {};
};

// What came to one signed return path.
struct ReturnPathUse {
  int messages = 0;                   // different ones, counted up to a bound
  std::int64_t first_message_id = 0;  // 0: there are more than were counted
  absl::Time first_receive_time;      // of that one
};

// An event with its message's fields, as it is read back.
struct StoredEvent {
  Event event;
  Message message;
  std::int64_t message_octets = 0;
  bool has_evidence = false;
  std::int64_t place = 0;  // among the events of its message, from 0
  std::optional<ReturnPathUse> return_path_use = std::nullopt;  // where it was asked for
};

// A key of return paths that no longer counts, for good.
struct Revocation {
  std::string domain;  // of the return paths, canonical
  std::string key_id;
  absl::Time time;
  std::string author;  // who asked
};

// A key of the API, which somebody calls it with.
struct ApiKey {
  std::string id;                     // stands in its token; nobody else's, for ever
  std::string name;                   // what people call it
  std::optional<std::string> tenant;  // none: all of them
  std::uint32_t roles = 0;            // bits, as server/login/access.h has them
  std::string token_hash;             // octets
  absl::Time create_time;
  std::string author;                               // who made it
  absl::Time expire_time = absl::InfiniteFuture();  // from then on it does not count
  absl::Time revoke_time = absl::InfiniteFuture();  // InfiniteFuture: it was not
  std::string revoke_author = "";
  std::optional<absl::Time> last_use_time = std::nullopt;  // to a minute or so
};

// Policies of tenants and streams that were applied over the API, as the text that says them.
struct PolicyDocument {
  std::int64_t revision = 0;  // 1 up, the newest is in force; 0: none was applied
  absl::Time time;
  std::string author;
  std::string cause;
  std::string document;
};

// Where a suppression comes from. Stored and published by number.
enum class Source : std::uint8_t {
  kBounce = 1,
  kComplaint = 2,
  kUnsubscribe = 3,
  kManual = 4,
  kImport = 5,
};
std::string_view ToString(Source source);

// Whose entries hold for all tenants. No tenant can have this name.
inline constexpr std::string_view kAnyTenant = "*";

// The record that stops sending, to an address or, where Address::is_domain(), to all of a domain.
// Its key is (tenant, stream, address, source), so that a bounce of
// 7 days never overwrites a complaint.
struct Suppression {
  std::string tenant;
  std::string stream;  // empty: all streams of the tenant
  Address address;
  Source source = Source::kManual;
  std::string reason;  // a Reason's name, or a person's own word for a manual one
  BounceClass bounce_class = BounceClass::kNone;
  absl::Time create_time;
  absl::Time expire_time = absl::InfiniteFuture();
  std::int64_t event_id = 0;  // 0: none
  std::string explanation;    // a sentence for people
  // The open incident that holds it: it is not in force then, and the address is risky. 0: none.
  std::int64_t incident_id = 0;
  // The row of its address, which stays the same when the address is forgotten. Set where it was
  // read from a list, an address or a change.
  std::int64_t address_id = 0;
};

// Whether both, of one tenant and address, have the same key: one takes the place of the other.
bool SameKey(const Suppression& a, const Suppression& b);
// The one of `all`, of one tenant and address, that has the key of `key`; nullptr: none has.
const Suppression* FindSameKey(std::span<const Suppression> all, const Suppression& key);
// Whether `next`, of the same key, says what `standing` says already. One that names no event does
// not contradict the event that stands.
bool SaysTheSame(const Suppression& next, const Suppression& standing);

// A person's word that no bounce may suppress an address, or those of a domain.
struct Allowance {
  std::string tenant;
  Address address;
  absl::Time create_time;
  std::string author;
  std::string note;  // why
};

// The facts about an address on which the policy counts. Kept in one row beside the address; small,
// since it is read and written with it.
struct AddressRecord {
  // Days of issue of the mails that bounced hard, but not for certain; sorted, none twice.
  std::vector<Day> hard_days;
  // The same of soft bounces that count.
  std::vector<Day> soft_days;
  // The mails that have been counted, newest last, at most kMaxCountedMails: one count per message
  // and recipient, whatever arrives twice. Each is a hash of return path and class.
  static constexpr std::size_t kMaxCountedMails = 16;
  std::vector<std::uint64_t> counted_mails;
  // How many times in a row soft bounces have suppressed it, on which day the last time, and until
  // when (exclusive) it is on probation after that.
  int soft_suppressions = 0;
  Day soft_suppressed_on = 0;
  Day probation_until = 0;
  // The newest mail (day of issue) that was delivered: it empties the bucket of all before it.
  Day delivered_on = 0;
  // When a person last took the address off: mails issued on a day before that no longer count.
  std::optional<absl::Time> released;

  friend bool operator==(const AddressRecord&, const AddressRecord&) = default;
};

// Everything that a decision about an address may rest on, as it stands in the transaction.
struct AddressHistory {
  AddressRecord record;
  std::vector<Suppression> suppressions = {};  // also expired ones
  bool allowed = false;  // no bounce may suppress it: it has an Allowance, or its domain has
};

// That bounces of one domain, with one text, may be the domain's fault rather than its addresses'.
struct Burst {
  std::uint64_t text_hash = 0;  // of the text without what differs from one address to the next
  int limit = 0;                // so many addresses ...
  absl::Duration window;        // ... within this time, and their suppressions are held
};

// What the policy decides about one event. The store carries it out, whatever it says.
struct Decision {
  Effect effect = Effect::kNone;
  PolicyRule rule = PolicyRule::kOther;
  AddressRecord next = {};
  std::optional<Suppression> suppress =
      std::nullopt;  // to put in place of the one with the same key
  // Soft bounces are under way: until this day (exclusive) the verdict is RISKY. 0: it is not.
  Day risky_until = 0;
  // Where `suppress` may have to be held.
  std::optional<Burst> burst = std::nullopt;
};

// What a person is to look at.
struct Incident {
  enum class Kind : std::uint8_t {
    // Holds the suppressions of many addresses of one domain that turned hard with one text within
    // minutes, as servers that fall over call everybody unknown.
    kQuarantine = 1,
    kRefusal = 2,        // a provider refuses mail for the sender's or the content's sake
    kBounceRate = 3,     // too much of a stream's mail bounces hard
    kComplaintRate = 4,  // or is complained about
  };
  enum class State : std::uint8_t {
    kOpen = 1,
    kConfirmed = 2,  // the suppressions are in force
    kReleased = 3,   // they were taken off, as a person takes one off
    kClosed = 4,     // of all kinds but a quarantine: it is over, or a person has said so
  };
  enum class Severity : std::uint8_t { kNone = 0, kWarning = 1, kCritical = 2 };
  static constexpr std::size_t kMaxSamples = 3;

  std::int64_t id = 0;
  Kind kind = Kind::kQuarantine;
  State state = State::kOpen;
  std::string tenant = "";
  std::string domain = "";  // of a quarantine, canonical
  std::uint64_t text_hash = 0;
  Reason reason = Reason::kUndefined;  // not of a rate
  std::string sample = "";             // what the remote server said of one of them
  absl::Time first_time = absl::UnixEpoch();
  absl::Time last_time = absl::UnixEpoch();
  std::int64_t count = 0;  // suppressions that it holds or held; what came of the others
  std::optional<absl::Time> resolve_time = std::nullopt;
  std::string author = "";  // who resolved it, or acknowledged it
  std::string cause = "";
  // What follows is of all kinds but a quarantine.
  Severity severity = Severity::kNone;         // of a rate
  std::string provider = "";                   // of a refusal
  std::string sender = "";                     // as in ProviderAnswer
  std::string stream = "";                     // of a rate
  std::string code = "";                       // as in ProviderAnswer, of the newest that had one
  std::vector<std::string> more_samples = {};  // beside `sample`
  // When it was last above what keeps it open: so many of so many, within so long.
  std::int64_t window_count = 0;
  std::int64_t window_total = 0;
  absl::Duration window = absl::ZeroDuration();
  bool deliveries_known = false;  // else `window_total` is of failures alone
  std::int64_t unverified = 0;    // alike, of the last hour, that nobody vouches for
  std::optional<absl::Time> below_since = std::nullopt;  // it closes when that is long ago
  std::optional<absl::Time> acknowledge_time = std::nullopt;
};
std::string_view ToString(Incident::Kind kind);
std::string_view ToString(Incident::State state);
std::string_view ToString(Incident::Severity severity);

// What a check is answered.
enum class Verdict : std::uint8_t {
  kSend = 1,
  kSuppressed = 2,
  kRisky = 3,
  kInvalid = 4,
};
std::string_view ToString(Verdict verdict);

// One change of a suppression or an allowance, for good. `number` is gap-free over the whole store,
// from 1.
struct Change {
  enum class What : std::uint8_t {
    kCreated = 1,
    kReplaced = 2,
    kRemoved = 3,
    // Of an Allowance, whose note is the `explanation` of `suppression`.
    kAllowed = 4,
    kDisallowed = 5,
    // Of what is known of an address: events were taken for something else, or counted otherwise.
    // `suppression` and `before` hold the reason and class of the newest of them, now and then, and
    // its id; the `explanation` names all.
    kReclassified = 6,
    // The text of the address was forgotten: `suppression` has what stands in for it, and says
    // nothing else.
    kForgotten = 7,
  };
  std::int64_t number = 0;
  absl::Time time;
  What what = What::kCreated;
  std::string author;       // "policy", "api"
  std::string cause;        // PolicyRule's name, or the words that came with the request
  Suppression suppression;  // after (before, when it was removed)
  std::optional<Suppression> before = std::nullopt;  // when it was replaced
  std::int64_t batch = 0;   // of those that one call made: the number of its first; 0: of none
  std::int64_t undoes = 0;  // what it put back stood before the change of this number; 0: nothing
};

}  // namespace bounced
