// What a received message says, read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "parser/taxonomy.h"

namespace bounced {

// Where in the message a value was read, in octets. For a value that was inside an encoded part
// (base64, quoted-printable) it is the span of that part's encoded body.
struct Span {
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
};

// How we know a value.
enum class Provenance : std::uint8_t {
  kReported = 1,  // a proper field says it
  kDerived = 2,   // found elsewhere in the same message
  kGuessed = 3,   // taken from free text
};
std::string_view ToString(Provenance provenance);

template <typename T>
struct Found {
  T value;
  Span where;
  Provenance provenance = Provenance::kReported;
};

// A host that a status names (RFC 3464, 2.2.2 to 2.2.4 and 2.3.5): its name, as spelled but for its
// type and comments.
struct FoundMta : Found<std::string> {
  std::string address;  // the IP address in brackets behind the name; empty: none
};

// A date as it is spelled. Nothing is decided by one: the time of an event is when we received it.
struct FoundDate : Found<std::string> {
  std::optional<absl::Time> time;  // by ParseDate() (date.h); none: it is no date
};

// A field of a delivery status that has no member of its own, by the name that it came with.
struct FurtherField {
  std::string name;          // "X-Postfix-Queue-ID"
  Found<std::string> value;  // as spelled, in one line; presentable
};

// The instant that a field names which is a date (RFC 3464, 2.3.7 and 2.3.9), as FoundDate's; none:
// it is another field, or no date.
std::optional<absl::Time> TimeOf(const FurtherField& field);

// RFC 3463, 2: class "." subject "." detail.
struct EnhancedStatus {
  std::uint8_t klass = 0;  // 2, 4 or 5
  std::uint16_t subject = 0;
  std::uint16_t detail = 0;
  friend bool operator==(const EnhancedStatus&, const EnhancedStatus&) = default;
};
std::string ToString(EnhancedStatus status);

// A code that a report quotes of a recipient beside the ones that classify: of a host on the way,
// or of another try.
struct FurtherCode {
  std::optional<int> reply_code;
  std::optional<EnhancedStatus> enhanced_status;
  friend bool operator==(const FurtherCode&, const FurtherCode&) = default;
};

// Why a recipient's result is called what it is.
struct Classification {
  Reason reason = Reason::kUndefined;
  BounceClass bounce_class = BounceClass::kSoft;
  Fault fault = Fault::kUnknown;
  Persistence persistence = Persistence::kUnknown;
  bool counts = false;          // towards the soft threshold
  int confidence = 0;           // 0 to 100
  std::string rule;             // the rule's id; never empty
  std::string matched_text;     // as it stands in the message (presentable); empty: the code alone
  bool text_bears_out = false;  // a text or field, not a code alone, carried the decision
};

// What is fixed by the reason alone, with neither rule nor confidence.
Classification ClassificationOf(Reason reason);
// Of what needs no rule, as its kind alone decides: certain, by the rule "kind-" and the kind's
// name.
Classification ClassificationOf(Kind kind, Reason reason);

// A rule that might have decided and did not: it fires and another is stronger, or its text stands
// in the message and something keeps it from firing.
struct Candidate {
  std::string rule;
  std::optional<Reason> reason;  // none: it would have said only that trying again is worth while
  int confidence = 0;
  std::string matched_text;  // as in Classification
  std::string why_not;       // for people, without a subject: "has priority 0, the winner 10"
};

// One recipient that the report is about (RFC 3464, 2.3).
struct Recipient {
  Kind kind = Kind::kBounce;
  // Addresses as mailbox strings, cleaned of types, brackets and comments, \x{} of type utf-8
  // undone, in the spelling of the report; xtext stays, as nobody can tell it from a plus address
  // (RFC 3464, 2.3.1). Not every one is a valid Address: bare users and x400 names are kept as
  // text, with their type where they have an "@".
  std::optional<Found<std::string>> final_recipient;
  std::optional<Found<std::string>> original_recipient;
  std::optional<Found<EnhancedStatus>> enhanced_status;  // the one that classifies
  std::optional<Found<EnhancedStatus>> stated_status;    // of the Status field, if another
  std::optional<Found<int>> reply_code;                  // 200 to 599
  // In the order of the text; no more than the first SmtpReply::kMaxOthers of a text.
  std::vector<Found<FurtherCode>> further_codes;
  // The remote server's text: the reply without its codes and line marks where it was an SMTP
  // reply. Presentable, at most Limits::max_diagnostic octets.
  std::optional<Found<std::string>> diagnostic;
  bool diagnostic_cut = false;      // it was longer than Limits::max_diagnostic
  std::string diagnostic_type;      // "smtp", "x-unix"; lower case
  std::string diagnostic_language;  // of a Localized-Diagnostic (RFC 6533, 4.1); lower case
  // Of the field, or derived from words that say who has spoken.
  std::optional<FoundMta> remote_mta;
  Stage stage = Stage::kUnknown;
  std::string action;  // the Action field's word, lower case; presentable
  // The dates, unknown fields, and the Diagnostic-Codes that were less exact; at most
  // RecipientFields::kMaxFurther and kMaxDiagnostics of them.
  std::vector<FurtherField> further_fields;
  Classification classification;
  // If asked for, to Trail::kMaxCandidates of a report: those that fire first, the strongest first.
  std::vector<Candidate> candidates;
};

// The address that mail was sent to, as far as the report tells, which is the one in the sender's
// list: the original recipient (RFC 3464, 2.3.1) where it is an address, else the final one, whose
// mailbox mail may have been forwarded to. An original that only words name ("expanded from") may
// be a list, to whose other members mail went through: then it is the final one, too. Null: the
// report names neither.
const Found<std::string>* AddressOf(const Recipient& recipient);

// Something odd about the message, for people and tests.
struct Remark {
  std::string text;  // "bound:max_parts", "the boundary does not match"
  Span where;
};

// What a feedback report says of the message that somebody complained of (RFC 5965, 3); none of it
// is vouched for.
struct Feedback {
  std::optional<Found<std::string>> feedback_type;  // "abuse", in the spelling of the report
  std::optional<Found<std::string>> user_agent;     // of the generator of the report
  std::optional<Found<std::string>> original_mail_from;
  std::optional<Found<std::string>> source_ip;
  std::optional<Found<std::string>> reported_domain;
  std::optional<Found<std::string>> incidents;
};

// The headers of the message that came back, as far as it was returned. Derived by nature: nothing
// in it is believed but what a key of ours vouches for.
struct ReturnedMessage {
  std::optional<Found<std::string>> return_path;
  std::optional<Found<std::string>> message_id;
  std::optional<Found<std::string>> to;
  // Whom its last host says that it delivered to (Delivered-To and its kin).
  std::optional<Found<std::string>> delivered_to;
  std::optional<Found<std::string>> subject;
  std::optional<FoundDate> date;
  std::optional<Found<std::string>> list_id;
};

// A step of the way by which a message was read: what was found, or taken for what.
struct PathStep {
  std::string text;
  Span where;  // of length 0: nowhere in particular
};

struct Report {
  Kind kind = Kind::kOther;
  // How it was read: "rfc3464", "status-fields" (the fields without their MIME type), "ses-event"
  // (Amazon's JSON), "prose" (words for people), "rfc5965" (a feedback report), "rfc8098" (a read
  // receipt, or a refusal in its form), "reply" (an automatic reply, or a wish to be left alone),
  // "none".
  std::string form = "none";
  // Where asked for (Detail::kFull): the program or provider that wrote it, by what only that
  // writes (reporter/reporters.toml): "postfix", "yahoo"; empty: nothing tells, or it is no report.
  // Can be forged like all of it.
  std::string reporter;
  std::vector<Recipient> recipients;
  // Addresses that the message names as failed outside of the recipients' fields
  // (X-Failed-Recipients), in order of appearance.
  std::vector<Found<std::string>> failed_recipients;
  std::optional<FoundMta> reporting_mta;
  std::optional<FoundMta> received_from_mta;
  std::optional<FoundMta> dsn_gateway;
  std::optional<Found<std::string>> original_envelope_id;
  std::optional<FoundDate> arrival_date;
  // The other fields of the message in front of the recipients', at most
  // RecipientFields::kMaxFurther.
  std::vector<FurtherField> further_fields;
  // Of the report itself.
  std::optional<FoundDate> date;
  std::optional<Found<std::string>> message_id;
  std::optional<Found<std::string>> subject;
  ReturnedMessage returned;
  std::optional<Feedback> feedback;
  std::vector<Remark> remarks;
  // Octets that were looked at, each as often as it was (ParserLimits::max_work).
  std::size_t work = 0;
  // Where asked for (Detail::kFull): in the order in which they were gone.
  std::vector<PathStep> path;
};

}  // namespace bounced
