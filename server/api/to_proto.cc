#include "server/api/to_proto.h"

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "parser/text.h"

namespace bounced::api {
namespace {

// The numbers are the same on both sides, so that a cast converts.
template <typename Ours, typename Theirs>
constexpr bool Same(Ours ours, Theirs theirs) {
  return static_cast<int>(ours) == static_cast<int>(theirs);
}
static_assert(Same(Verdict::kSend, v1::VERDICT_SEND) &&
              Same(Verdict::kSuppressed, v1::VERDICT_SUPPRESSED) &&
              Same(Verdict::kRisky, v1::VERDICT_RISKY) &&
              Same(Verdict::kInvalid, v1::VERDICT_INVALID));
static_assert(Same(Kind::kBounce, v1::KIND_BOUNCE) && Same(Kind::kDelay, v1::KIND_DELAY) &&
              Same(Kind::kDelivery, v1::KIND_DELIVERY) &&
              Same(Kind::kComplaint, v1::KIND_COMPLAINT) &&
              Same(Kind::kUnsubscribe, v1::KIND_UNSUBSCRIBE) &&
              Same(Kind::kAutoReply, v1::KIND_AUTO_REPLY) && Same(Kind::kOther, v1::KIND_OTHER));
static_assert(Same(BounceClass::kHard, v1::BOUNCE_CLASS_HARD) &&
              Same(BounceClass::kSoft, v1::BOUNCE_CLASS_SOFT) &&
              Same(BounceClass::kBlock, v1::BOUNCE_CLASS_BLOCK) &&
              Same(BounceClass::kNone, v1::BOUNCE_CLASS_NONE));
static_assert(Same(Fault::kRecipient, v1::FAULT_RECIPIENT) &&
              Same(Fault::kDomain, v1::FAULT_DOMAIN) &&
              Same(Fault::kReceiver, v1::FAULT_RECEIVER) &&
              Same(Fault::kNetwork, v1::FAULT_NETWORK) && Same(Fault::kSender, v1::FAULT_SENDER) &&
              Same(Fault::kContent, v1::FAULT_CONTENT) && Same(Fault::kNone, v1::FAULT_NONE) &&
              Same(Fault::kUnknown, v1::FAULT_UNKNOWN));
static_assert(Same(Persistence::kPermanent, v1::PERSISTENCE_PERMANENT) &&
              Same(Persistence::kTransient, v1::PERSISTENCE_TRANSIENT));
static_assert(Same(Stage::kConnect, v1::STAGE_CONNECT) && Same(Stage::kHelo, v1::STAGE_HELO) &&
              Same(Stage::kMail, v1::STAGE_MAIL) && Same(Stage::kRcpt, v1::STAGE_RCPT) &&
              Same(Stage::kData, v1::STAGE_DATA) && Same(Stage::kQueue, v1::STAGE_QUEUE));
static_assert(Same(Trust::kUnverified, v1::TRUST_UNVERIFIED) &&
              Same(Trust::kSigned, v1::TRUST_SIGNED));
static_assert(Same(Effect::kNone, v1::EFFECT_NONE) && Same(Effect::kCounted, v1::EFFECT_COUNTED) &&
              Same(Effect::kSuppressed, v1::EFFECT_SUPPRESSED) &&
              Same(Effect::kCleared, v1::EFFECT_CLEARED));
static_assert(Same(Provenance::kReported, v1::PROVENANCE_REPORTED) &&
              Same(Provenance::kDerived, v1::PROVENANCE_DERIVED) &&
              Same(Provenance::kGuessed, v1::PROVENANCE_GUESSED));
static_assert(Same(Source::kBounce, v1::SOURCE_BOUNCE) &&
              Same(Source::kManual, v1::SOURCE_MANUAL) && Same(Source::kImport, v1::SOURCE_IMPORT));
static_assert(Same(Change::What::kCreated, v1::SuppressionChange::ACTION_CREATED) &&
              Same(Change::What::kReplaced, v1::SuppressionChange::ACTION_REPLACED) &&
              Same(Change::What::kRemoved, v1::SuppressionChange::ACTION_REMOVED));

// Of a report's texts; the same as the store keeps.
constexpr std::size_t kMaxShownOctets = 4 << 10;
// Of the recipients in a report; with the rest it stays below what a client's gRPC takes.
constexpr std::size_t kMaxReportOctets = 2 << 20;

std::string Text(std::string_view text) {
  return IsValidUtf8(text) ? std::string(text) : Presentable(text, kMaxShownOctets);
}

template <typename Value, typename Shown>
void Put(const std::optional<Value>& found, Shown shown, v1::FoundText* out) {
  out->set_value(Presentable(shown(found->value), kMaxShownOctets));
  out->set_offset(found->where.offset);
  out->set_length(found->where.length);
  out->set_provenance(static_cast<v1::Provenance>(found->provenance));
}

constexpr auto kAsItIs = [](const std::string& text) { return std::string_view(text); };
constexpr auto kStatus = [](EnhancedStatus status) { return ToString(status); };
constexpr auto kNumber = [](int number) { return std::to_string(number); };

void Put(const Recipient& recipient, v1::Recipient* out) {
  out->set_kind(static_cast<v1::Kind>(recipient.kind));
  if (recipient.final_recipient) {
    Put(recipient.final_recipient, kAsItIs, out->mutable_final_recipient());
  }
  if (recipient.original_recipient) {
    Put(recipient.original_recipient, kAsItIs, out->mutable_original_recipient());
  }
  if (recipient.enhanced_status) {
    Put(recipient.enhanced_status, kStatus, out->mutable_enhanced_status());
  }
  if (recipient.reply_code) Put(recipient.reply_code, kNumber, out->mutable_reply_code());
  if (recipient.diagnostic) Put(recipient.diagnostic, kAsItIs, out->mutable_diagnostic());
  if (recipient.remote_mta) Put(recipient.remote_mta, kAsItIs, out->mutable_remote_mta());
  out->set_stage(static_cast<v1::Stage>(recipient.stage));
  const Classification& classification = recipient.classification;
  out->set_reason(std::string(ToString(classification.reason)));
  out->set_bounce_class(static_cast<v1::BounceClass>(classification.bounce_class));
  out->set_fault(static_cast<v1::Fault>(classification.fault));
  out->set_persistence(static_cast<v1::Persistence>(classification.persistence));
  out->set_confidence(classification.confidence);
  out->set_rule(classification.rule);
  out->set_matched_text(Presentable(classification.matched_text, kMaxShownOctets));
}

void Put(const Feedback& feedback, v1::Feedback* out) {
  const auto put = [](const std::optional<Found<std::string>>& found, auto place) {
    if (found) Put(found, kAsItIs, place());
  };
  put(feedback.feedback_type, [out] { return out->mutable_feedback_type(); });
  put(feedback.user_agent, [out] { return out->mutable_user_agent(); });
  put(feedback.original_mail_from, [out] { return out->mutable_original_mail_from(); });
  put(feedback.source_ip, [out] { return out->mutable_source_ip(); });
  put(feedback.reported_domain, [out] { return out->mutable_reported_domain(); });
  put(feedback.incidents, [out] { return out->mutable_incidents(); });
}

}  // namespace

v1::Verdict ToProto(Verdict verdict) { return static_cast<v1::Verdict>(verdict); }

google::protobuf::Timestamp ToProto(absl::Time time) {
  google::protobuf::Timestamp result;
  std::int64_t seconds = absl::ToUnixSeconds(time);
  result.set_seconds(seconds);
  result.set_nanos(
      static_cast<std::int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return result;
}

v1::Suppression ToProto(const Suppression& suppression) {
  v1::Suppression result;
  result.set_tenant(Text(suppression.tenant));
  result.set_stream(Text(suppression.stream));
  result.set_address(Text(suppression.address.spelling()));
  result.set_reason(Text(suppression.reason));
  // Of one that no bounce made the class is none, which the API leaves unspecified.
  if (suppression.bounce_class != BounceClass::kNone) {
    result.set_bounce_class(static_cast<v1::BounceClass>(suppression.bounce_class));
  }
  result.set_source(static_cast<v1::Source>(suppression.source));
  *result.mutable_create_time() = ToProto(suppression.create_time);
  if (suppression.expire_time != absl::InfiniteFuture()) {
    *result.mutable_expire_time() = ToProto(suppression.expire_time);
  }
  result.set_event_id(suppression.event_id);
  result.set_explanation(Text(suppression.explanation));
  return result;
}

v1::Event ToProto(const StoredEvent& stored) {
  const Event& event = stored.event;
  const Message& message = stored.message;
  v1::Event result;
  result.set_id(event.id);
  result.set_message_id(event.message_id);
  result.set_tenant(Text(message.tenant));
  result.set_stream(Text(message.stream));
  *result.mutable_receive_time() = ToProto(message.receive_time);
  result.set_kind(static_cast<v1::Kind>(event.kind));
  if (event.address) result.set_address(Text(event.address->spelling()));
  result.set_final_recipient(Text(event.final_recipient));
  result.set_original_recipient(Text(event.original_recipient));
  result.set_forwarded_to(Text(event.forwarded_to));
  result.set_enhanced_status(Text(event.enhanced_status));
  result.set_reply_code(event.reply_code);
  result.set_persistence(static_cast<v1::Persistence>(event.persistence));
  result.set_stage(static_cast<v1::Stage>(event.stage));
  result.set_reason(std::string(ToString(event.reason)));
  result.set_bounce_class(static_cast<v1::BounceClass>(event.bounce_class));
  result.set_fault(static_cast<v1::Fault>(event.fault));
  result.set_counts(event.counts);
  result.set_confidence(event.confidence);
  result.set_rule(Text(event.rule));
  result.set_matched_text(Text(event.matched_text));
  result.set_diagnostic(Text(event.diagnostic));
  result.set_remote_mta(Text(event.remote_mta));
  result.set_reporting_mta(Text(message.reporting_mta));
  result.set_provenance(Text(event.provenance));
  result.set_trust(static_cast<v1::Trust>(message.trust));
  result.set_effect(static_cast<v1::Effect>(event.effect));
  result.set_policy_rule(std::string(ToString(event.policy_rule)));
  result.set_message_reference(Text(message.message_reference));
  result.set_day(absl::FormatTime("%Y-%m-%d", StartOf(message.day), absl::UTCTimeZone()));
  result.set_report_form(Text(message.report_form));
  result.set_message_octets(stored.message_octets);
  result.set_has_evidence(stored.has_evidence);
  result.set_envelope_id(Text(message.envelope_id));
  return result;
}

v1::SuppressionChange ToProto(const Change& change) {
  v1::SuppressionChange result;
  result.set_number(change.number);
  *result.mutable_time() = ToProto(change.time);
  result.set_action(static_cast<v1::SuppressionChange::Action>(change.what));
  result.set_author(Text(change.author));
  result.set_cause(Text(change.cause));
  *result.mutable_suppression() = ToProto(change.suppression);
  return result;
}

v1::Report ToProto(const Report& report) {
  v1::Report result;
  result.set_kind(static_cast<v1::Kind>(report.kind));
  result.set_form(Text(report.form));
  std::size_t octets = 0;
  std::size_t shown_recipients = 0;
  for (const Recipient& recipient : report.recipients) {
    if (octets >= kMaxReportOctets) break;
    Put(recipient, result.add_recipients());
    octets += result.recipients().rbegin()->ByteSizeLong();
    ++shown_recipients;
  }
  auto shown = [](const std::optional<Found<std::string>>& found) {
    return found ? Presentable(found->value, kMaxShownOctets) : std::string();
  };
  if (report.feedback) Put(*report.feedback, result.mutable_feedback());
  result.set_reporting_mta(shown(report.reporting_mta));
  result.set_original_envelope_id(shown(report.original_envelope_id));
  result.set_original_message_id(shown(report.returned.message_id));
  for (const Remark& remark : report.remarks) {
    result.add_remarks(absl::StrCat(Presentable(remark.text, kMaxShownOctets), " (at octet ",
                                    remark.where.offset, ")"));
  }
  if (shown_recipients < report.recipients.size()) {
    result.add_remarks(absl::StrCat(report.recipients.size() - shown_recipients,
                                    " further recipients are left out of this answer"));
  }
  return result;
}

v1::Rule ToProto(const RuleInfo& rule, std::uint64_t hits) {
  v1::Rule result;
  result.set_id(rule.id);
  if (rule.reason) result.set_reason(std::string(ToString(*rule.reason)));
  result.set_source(Text(rule.source));
  result.set_is_operators(rule.origin == RuleOrigin::kOperator);
  result.set_hits(static_cast<std::int64_t>(hits));
  return result;
}

}  // namespace bounced::api
