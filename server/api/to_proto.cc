#include "server/api/to_proto.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "parser/text.h"
#include "server/intake/provider_pages.h"

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
              Same(Trust::kAuthenticated, v1::TRUST_AUTHENTICATED) &&
              Same(Trust::kReturned, v1::TRUST_RETURNED) &&
              Same(Trust::kSigned, v1::TRUST_SIGNED) && Same(Trust::kLocal, v1::TRUST_LOCAL));
static_assert(Same(Effect::kNone, v1::EFFECT_NONE) && Same(Effect::kCounted, v1::EFFECT_COUNTED) &&
              Same(Effect::kSuppressed, v1::EFFECT_SUPPRESSED) &&
              Same(Effect::kCleared, v1::EFFECT_CLEARED));
static_assert(Same(Provenance::kReported, v1::PROVENANCE_REPORTED) &&
              Same(Provenance::kDerived, v1::PROVENANCE_DERIVED) &&
              Same(Provenance::kGuessed, v1::PROVENANCE_GUESSED));
static_assert(Same(Source::kBounce, v1::SOURCE_BOUNCE) &&
              Same(Source::kComplaint, v1::SOURCE_COMPLAINT) &&
              Same(Source::kUnsubscribe, v1::SOURCE_UNSUBSCRIBE) &&
              Same(Source::kManual, v1::SOURCE_MANUAL) && Same(Source::kImport, v1::SOURCE_IMPORT));
static_assert(Same(Incident::Kind::kQuarantine, v1::INCIDENT_KIND_QUARANTINE) &&
              Same(Incident::Kind::kRefusal, v1::INCIDENT_KIND_REFUSAL) &&
              Same(Incident::Kind::kBounceRate, v1::INCIDENT_KIND_BOUNCE_RATE) &&
              Same(Incident::Kind::kComplaintRate, v1::INCIDENT_KIND_COMPLAINT_RATE) &&
              Same(Incident::State::kClosed, v1::INCIDENT_STATE_CLOSED) &&
              Same(Incident::Severity::kWarning, v1::INCIDENT_SEVERITY_WARNING) &&
              Same(Incident::Severity::kCritical, v1::INCIDENT_SEVERITY_CRITICAL) &&
              Same(Incident::State::kOpen, v1::INCIDENT_STATE_OPEN) &&
              Same(Incident::State::kConfirmed, v1::INCIDENT_STATE_CONFIRMED) &&
              Same(Incident::State::kReleased, v1::INCIDENT_STATE_RELEASED));
static_assert(Same(Change::What::kCreated, v1::SuppressionChange::ACTION_CREATED) &&
              Same(Change::What::kReplaced, v1::SuppressionChange::ACTION_REPLACED) &&
              Same(Change::What::kRemoved, v1::SuppressionChange::ACTION_REMOVED) &&
              Same(Change::What::kAllowed, v1::SuppressionChange::ACTION_ALLOWED) &&
              Same(Change::What::kDisallowed, v1::SuppressionChange::ACTION_DISALLOWED) &&
              Same(Change::What::kReclassified, v1::SuppressionChange::ACTION_RECLASSIFIED) &&
              Same(Change::What::kForgotten, v1::SuppressionChange::ACTION_FORGOTTEN));

// Of a report's texts; the same as the store keeps.
constexpr std::size_t kMaxShownOctets = 4 << 10;
// Of the recipients in a report, and of the addresses that it names elsewhere; with the rest, which
// is little, it stays below what a client's gRPC takes.
constexpr std::size_t kMaxRecipientsOctets = 2 << 20;
constexpr std::size_t kMaxFailedOctets = 256 << 10;

std::string Text(std::string_view text) {
  return IsValidUtf8(text) ? std::string(text) : Presentable(text, kMaxShownOctets);
}

std::string Shown(const std::string& text) { return Presentable(text, kMaxShownOctets); }
std::string Shown(EnhancedStatus status) { return ToString(status); }
std::string Shown(int number) { return std::to_string(number); }

template <typename Message>
void PutPlace(const Span& where, Message* out) {
  out->set_offset(where.offset);
  out->set_length(where.length);
}

template <typename Value>
void Put(const Found<Value>& found, v1::FoundText* out) {
  out->set_value(Shown(found.value));
  PutPlace(found.where, out);
  out->set_provenance(static_cast<v1::Provenance>(found.provenance));
}

// Sets `time`, unless a Timestamp has no room for that year.
template <typename Message>
void PutTime(const std::optional<absl::Time>& time, Message* out) {
  constexpr std::int64_t kFirst = -62'135'596'800;  // 0001-01-01T00:00:00Z
  constexpr std::int64_t kEnd = 253'402'300'800;    // 10000-01-01T00:00:00Z
  if (!time || *time < absl::FromUnixSeconds(kFirst) || *time >= absl::FromUnixSeconds(kEnd))
    return;
  *out->mutable_time() = ToProto(*time);
}

void Put(const FoundDate& date, v1::FoundDate* out) {
  Put(date, out->mutable_text());
  PutTime(date.time, out);
}

// Sets a field only where there is a value, by its mutable_...().
template <typename FoundValue, typename Message, typename Field>
void Put(const std::optional<FoundValue>& found, Message* out, Field* (Message::*place)()) {
  if (found) Put(*found, (out->*place)());
}

void Put(const FurtherField& field, v1::FurtherField* out) {
  out->set_name(Shown(field.name));
  Put(field.value, out->mutable_value());
  PutTime(TimeOf(field), out);
}

void Put(const Found<FurtherCode>& code, v1::FurtherCode* out) {
  out->set_reply_code(code.value.reply_code.value_or(0));
  if (code.value.enhanced_status) out->set_enhanced_status(ToString(*code.value.enhanced_status));
  PutPlace(code.where, out);
  out->set_provenance(static_cast<v1::Provenance>(code.provenance));
}

void Put(const Candidate& candidate, v1::Candidate* out) {
  out->set_rule(Shown(candidate.rule));
  if (candidate.reason) out->set_reason(std::string(ToString(*candidate.reason)));
  out->set_confidence(candidate.confidence);
  out->set_matched_text(Shown(candidate.matched_text));
  out->set_why_not(Shown(candidate.why_not));
}

void Put(const PathStep& step, v1::PathStep* out) {
  out->set_text(Shown(step.text));
  PutPlace(step.where, out);
}

void Put(const Recipient& recipient, v1::Recipient* out) {
  using Out = v1::Recipient;
  out->set_kind(static_cast<v1::Kind>(recipient.kind));
  if (const Found<std::string>* address = AddressOf(recipient)) {
    out->set_address(Shown(address->value));
  }
  Put(recipient.final_recipient, out, &Out::mutable_final_recipient);
  Put(recipient.original_recipient, out, &Out::mutable_original_recipient);
  out->set_action(Shown(recipient.action));
  Put(recipient.enhanced_status, out, &Out::mutable_enhanced_status);
  Put(recipient.stated_status, out, &Out::mutable_stated_status);
  Put(recipient.reply_code, out, &Out::mutable_reply_code);
  for (const auto& code : recipient.further_codes) Put(code, out->add_further_codes());
  Put(recipient.diagnostic, out, &Out::mutable_diagnostic);
  out->set_diagnostic_cut(recipient.diagnostic_cut);
  out->set_diagnostic_type(Shown(recipient.diagnostic_type));
  out->set_diagnostic_language(Shown(recipient.diagnostic_language));
  Put(recipient.remote_mta, out, &Out::mutable_remote_mta);
  if (recipient.remote_mta) out->set_remote_mta_address(recipient.remote_mta->address);
  out->set_stage(static_cast<v1::Stage>(recipient.stage));
  const Classification& classification = recipient.classification;
  out->set_reason(std::string(ToString(classification.reason)));
  out->set_bounce_class(static_cast<v1::BounceClass>(classification.bounce_class));
  out->set_fault(static_cast<v1::Fault>(classification.fault));
  out->set_persistence(static_cast<v1::Persistence>(classification.persistence));
  out->set_counts(classification.counts);
  out->set_confidence(classification.confidence);
  out->set_rule(classification.rule);
  out->set_matched_text(Shown(classification.matched_text));
  out->set_text_bears_out(classification.text_bears_out);
  for (const FurtherField& field : recipient.further_fields) Put(field, out->add_fields());
  for (const Candidate& each : recipient.candidates) Put(each, out->add_candidates());
}

void Put(const ReturnedMessage& returned, v1::ReturnedMessage* out) {
  using Out = v1::ReturnedMessage;
  Put(returned.return_path, out, &Out::mutable_return_path);
  Put(returned.message_id, out, &Out::mutable_message_id);
  Put(returned.to, out, &Out::mutable_to);
  Put(returned.delivered_to, out, &Out::mutable_delivered_to);
  Put(returned.subject, out, &Out::mutable_subject);
  Put(returned.date, out, &Out::mutable_date);
  Put(returned.list_id, out, &Out::mutable_list_id);
}

void Put(const Feedback& feedback, v1::Feedback* out) {
  using Out = v1::Feedback;
  Put(feedback.feedback_type, out, &Out::mutable_feedback_type);
  Put(feedback.user_agent, out, &Out::mutable_user_agent);
  Put(feedback.original_mail_from, out, &Out::mutable_original_mail_from);
  Put(feedback.source_ip, out, &Out::mutable_source_ip);
  Put(feedback.reported_domain, out, &Out::mutable_reported_domain);
  Put(feedback.incidents, out, &Out::mutable_incidents);
}

// Puts those of `values` that fit into `max_octets`, but for the end of the last, by `add`; a
// remark of `out` says how many are left out.
template <typename Value, typename Add>
void PutSome(const std::vector<Value>& values, std::size_t max_octets, std::string_view what,
             Add add, v1::Report& out) {
  std::size_t octets = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (octets >= max_octets) {
      out.add_remarks(
          absl::StrCat(values.size() - i, " further ", Absl(what), " are left out of this answer"));
      return;
    }
    auto* added = add();
    Put(values[i], added);
    octets += added->ByteSizeLong();
  }
}

}  // namespace

v1::Verdict ToProto(Verdict verdict) { return static_cast<v1::Verdict>(verdict); }

std::string ShownDay(Day day) {
  return absl::FormatTime("%Y-%m-%d", StartOf(day), absl::UTCTimeZone());
}

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
  result.set_incident_id(suppression.incident_id);
  result.set_address_id(suppression.address_id);
  return result;
}

v1::Allowance ToProto(const Allowance& allowance) {
  v1::Allowance result;
  result.set_tenant(Text(allowance.tenant));
  result.set_address(Text(allowance.address.spelling()));
  *result.mutable_create_time() = ToProto(allowance.create_time);
  result.set_author(Text(allowance.author));
  result.set_note(Text(allowance.note));
  return result;
}

v1::Incident ToProto(const Incident& incident) {
  v1::Incident result;
  result.set_incident_id(incident.id);
  result.set_kind(static_cast<v1::IncidentKind>(incident.kind));
  result.set_state(static_cast<v1::IncidentState>(incident.state));
  result.set_tenant(Text(incident.tenant));
  result.set_domain(Text(incident.domain));
  if (incident.reason != Reason::kUndefined) {
    result.set_reason(std::string(ToString(incident.reason)));
  }
  result.set_sample(Text(incident.sample));
  *result.mutable_first_time() = ToProto(incident.first_time);
  *result.mutable_last_time() = ToProto(incident.last_time);
  result.set_count(incident.count);
  if (incident.resolve_time) *result.mutable_resolve_time() = ToProto(*incident.resolve_time);
  result.set_author(Text(incident.author));
  result.set_cause(Text(incident.cause));
  if (incident.kind == Incident::Kind::kQuarantine) return result;
  result.set_severity(static_cast<v1::IncidentSeverity>(incident.severity));
  result.set_provider(Text(incident.provider));
  result.set_sender(Text(incident.sender));
  result.set_stream(Text(incident.stream));
  result.set_provider_code(Text(incident.code));
  result.set_provider_page(std::string(PageOfProvider(incident.provider, incident.code)));
  for (const std::string& sample : incident.more_samples) result.add_more_samples(Text(sample));
  result.set_window_count(incident.window_count);
  result.set_window_total(incident.window_total);
  if (incident.window_total > 0) {
    result.set_share(static_cast<double>(incident.window_count) /
                     static_cast<double>(incident.window_total));
  }
  result.set_window_seconds(absl::ToInt64Seconds(incident.window));
  result.set_deliveries_known(incident.deliveries_known);
  result.set_unverified(incident.unverified);
  if (incident.acknowledge_time) {
    *result.mutable_acknowledge_time() = ToProto(*incident.acknowledge_time);
  }
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
  result.set_trust(static_cast<v1::Trust>(event.trust));
  result.set_effect(static_cast<v1::Effect>(event.effect));
  result.set_policy_rule(std::string(ToString(event.policy_rule)));
  result.set_message_reference(Text(message.message_reference));
  result.set_day(ShownDay(message.day));
  result.set_report_form(Text(message.report_form));
  result.set_message_octets(stored.message_octets);
  result.set_has_evidence(stored.has_evidence);
  result.set_envelope_id(Text(message.envelope_id));
  result.set_original_return_path(Text(message.original_return_path));
  result.set_client_address(Text(message.client_address));
  result.set_client_helo(Text(message.client_helo));
  result.set_tls_version(Text(message.tls_version));
  result.set_login(Text(message.login));
  result.set_authentication(Text(message.authentication));
  result.set_return_path_key(Text(message.return_path_key));
  result.set_return_path_domain(Text(KeyDomainOf(message)));
  if (stored.return_path_use) {
    const ReturnPathUse& use = *stored.return_path_use;
    v1::ReturnPathUse& out = *result.mutable_return_path_use();
    out.set_messages(use.messages);
    out.set_first_message_id(use.first_message_id);
    if (use.first_message_id != 0) {
      *out.mutable_first_receive_time() = ToProto(use.first_receive_time);
    }
  }
  return result;
}

v1::ReturnPathKey ToProto(const KeyStanding& key) {
  v1::ReturnPathKey result;
  result.set_domain(Text(key.domain));
  result.set_tenant(Text(key.tenant));
  result.set_id(key.id);
  result.set_signs(key.signs);
  result.set_verifies(key.verifies);
  result.set_unsubscribe(key.use == Use::kUnsubscribe);
  if (key.last_day) result.set_last_day(ShownDay(*key.last_day));
  if (key.revoked) {
    *result.mutable_revoke_time() = ToProto(key.revoked->time);
    result.set_revoke_author(Text(key.revoked->author));
  }
  return result;
}

v1::SuppressionChange ToProto(const Change& change) {
  v1::SuppressionChange result;
  result.set_number(change.number);
  *result.mutable_time() = ToProto(change.time);
  result.set_action(static_cast<v1::SuppressionChange::Action>(change.what));
  result.set_author(Text(change.author));
  result.set_cause(Text(change.cause));
  result.set_batch(change.batch);
  result.set_undoes(change.undoes);
  if (change.before) *result.mutable_before() = ToProto(*change.before);
  *result.mutable_suppression() = ToProto(change.suppression);
  return result;
}

v1::Report ToProto(const Report& report) {
  using Out = v1::Report;
  Out result;
  result.set_kind(static_cast<v1::Kind>(report.kind));
  result.set_form(Text(report.form));
  result.set_reporter(report.reporter);
  if (report.reporting_mta) {
    result.set_reporting_mta(Shown(report.reporting_mta->value));
    result.set_reporting_mta_address(report.reporting_mta->address);
  }
  Put(report.received_from_mta, &result, &Out::mutable_received_from_mta);
  if (report.received_from_mta) {
    result.set_received_from_mta_address(report.received_from_mta->address);
  }
  Put(report.dsn_gateway, &result, &Out::mutable_dsn_gateway);
  if (report.dsn_gateway) result.set_dsn_gateway_address(report.dsn_gateway->address);
  if (report.original_envelope_id) {
    result.set_original_envelope_id(Shown(report.original_envelope_id->value));
  }
  if (report.returned.message_id) {
    result.set_original_message_id(Shown(report.returned.message_id->value));
  }
  Put(report.arrival_date, &result, &Out::mutable_arrival_date);
  Put(report.date, &result, &Out::mutable_date);
  Put(report.message_id, &result, &Out::mutable_message_id);
  Put(report.subject, &result, &Out::mutable_subject);
  Put(report.returned, result.mutable_returned());
  if (result.returned().ByteSizeLong() == 0) result.clear_returned();
  if (report.feedback) Put(*report.feedback, result.mutable_feedback());
  for (const FurtherField& field : report.further_fields) Put(field, result.add_fields());
  for (const PathStep& step : report.path) Put(step, result.add_path());
  for (const Remark& remark : report.remarks) {
    result.add_remarks(absl::StrCat(Presentable(remark.text, kMaxShownOctets), " (at octet ",
                                    remark.where.offset, ")"));
  }
  PutSome(
      report.recipients, kMaxRecipientsOctets, "recipients",
      [&result] { return result.add_recipients(); }, result);
  PutSome(
      report.failed_recipients, kMaxFailedOctets, "failed recipients",
      [&result] { return result.add_failed_recipients(); }, result);
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
