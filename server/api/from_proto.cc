#include "server/api/from_proto.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/api/limits.h"
#include "server/api/stand_ins.h"
#include "server/api/status.h"

namespace bounced::api {
namespace {

constexpr std::string_view kDefaultTenant = "default";

// Of a row that comes in: a clock that is fast, or a local time that names no zone.
constexpr absl::Duration kMaxCreateTimeLead = absl::Hours(24);

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

bool IsName(std::string_view name, std::size_t max_octets) {
  return !name.empty() && name.size() <= max_octets &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return IsNameCharacter(c) || c == '-'; });
}

// What the two kinds of row that come in have in common.
absl::StatusOr<Suppression> SuppressionOf(std::string_view prefix, std::string_view tenant,
                                          const v1::Suppression& row, Source source,
                                          std::string_view reason) {
  auto field = [prefix](std::string_view name) { return absl::StrCat(Absl(prefix), Absl(name)); };
  absl::StatusOr<Address> address = EntryOf(field("address"), row.address());
  if (!address.ok()) return address.status();
  for (const absl::Status& status :
       {CheckStreamName(field("stream"), row.stream()),
        CheckOctets(field("reason"), row.reason(), kMaxReasonOctets),
        CheckOctets(field("explanation"), row.explanation(), kMaxExplanationOctets)}) {
    if (!status.ok()) return status;
  }
  absl::StatusOr<absl::Time> expires = TimeOr(field("expire_time"), row.has_expire_time(),
                                              row.expire_time(), absl::InfiniteFuture());
  if (!expires.ok()) return expires.status();
  return Suppression{.tenant = std::string(tenant),
                     .stream = row.stream(),
                     .address = *std::move(address),
                     .source = source,
                     .reason = row.reason().empty() ? std::string(reason) : row.reason(),
                     .bounce_class = BounceClass::kNone,
                     .create_time = {},
                     .expire_time = *expires,
                     .event_id = 0,
                     .explanation = row.explanation()};
}

// The reason of what is taken over and names none.
std::string_view DefaultReason(Source source) {
  switch (source) {
    case Source::kBounce:
      return ToString(Reason::kProviderSuppressed);
    case Source::kComplaint:
      return ToString(Reason::kComplaintAbuse);
    case Source::kUnsubscribe:
      return ToString(Reason::kUnsubscribe);
    case Source::kManual:
    case Source::kImport:
      break;
  }
  return ToString(source);
}

}  // namespace

absl::StatusOr<std::string_view> TenantOf(const Caller& caller, std::string_view tenant) {
  absl::StatusOr<std::string_view> named = AnyTenantOf(caller, tenant);
  if (named.ok() && named->empty()) return kDefaultTenant;
  return named;
}

absl::StatusOr<std::string_view> AnyTenantOf(const Caller& caller, std::string_view tenant) {
  if (tenant.empty()) return caller.tenant ? std::string_view(*caller.tenant) : tenant;
  if (tenant == kAnyTenant && !caller.tenant) return tenant;
  if (tenant != kAnyTenant && !IsName(tenant, kMaxTenantOctets)) {
    return Invalid("tenant", absl::StrCat("not 1 to ", kMaxTenantOctets, " of a-z, 0-9, _ and -"));
  }
  if (caller.tenant && tenant != *caller.tenant) {
    return absl::NotFoundError("tenant: there is none of this name");
  }
  return tenant;
}

absl::Status CheckName(std::string_view field, std::string_view name) {
  if (IsName(name, kMaxCallerNameOctets)) return absl::OkStatus();
  return Invalid(field, absl::StrCat("not 1 to ", kMaxCallerNameOctets, " of a-z, 0-9, _ and -"));
}

absl::Status CheckStreamName(std::string_view field, std::string_view stream) {
  if (stream.size() > kMaxStreamOctets ||
      !std::all_of(stream.begin(), stream.end(), IsNameCharacter)) {
    return Invalid(field, absl::StrCat("not at most ", kMaxStreamOctets, " of a-z, 0-9 and _"));
  }
  return absl::OkStatus();
}

absl::Status CheckSize(std::string_view field, std::string_view value, std::size_t max_octets) {
  if (value.size() <= max_octets) return absl::OkStatus();
  return Invalid(field, absl::StrCat("longer than ", max_octets, " octets"));
}

absl::Status CheckOctets(std::string_view field, std::string_view value, std::size_t max_octets) {
  if (absl::Status s = CheckSize(field, value, max_octets); !s.ok()) return s;
  const auto is_control = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r' && c != '\n';
  };
  if (std::any_of(value.begin(), value.end(), is_control)) {
    return Invalid(field, "has a control character in it");
  }
  return absl::OkStatus();
}

std::string AuthorOf(const Caller& caller, const std::string& author) {
  if (caller.name.empty()) return author.empty() ? "api" : author;
  if (author.empty() || author == caller.name) return caller.name;
  return absl::StrCat(caller.name, " (", author, ")");
}

absl::StatusOr<Address> AddressOf(std::string_view field, std::string_view address) {
  if (address.empty()) return Invalid(field, "must be set");
  absl::StatusOr<Address> parsed = Address::Parse(address);
  if (!parsed.ok()) return Invalid(field, Std(parsed.status().message()));
  return parsed;
}

absl::StatusOr<Address> EntryOf(std::string_view field, std::string_view entry) {
  if (entry.empty()) return Invalid(field, "must be set");
  absl::StatusOr<Address> parsed = Address::ParseEntry(entry);
  if (!parsed.ok()) return Invalid(field, Std(parsed.status().message()));
  return parsed;
}

absl::StatusOr<std::string> DomainOf(std::string_view field, std::string_view domain) {
  if (domain.empty()) return Invalid(field, "must be set");
  absl::StatusOr<std::string> canonical = CanonicalDomain(domain);
  if (!canonical.ok()) return Invalid(field, Std(canonical.status().message()));
  return canonical;
}

absl::Status CheckKeyId(std::string_view field, std::string_view id) {
  if (IsKeyId(id)) return absl::OkStatus();
  return Invalid(field, absl::StrCat("not 1 to ", kMaxKeyIdOctets, " of a-z and 0-9"));
}

absl::StatusOr<std::optional<Source>> SourceOf(std::string_view field, v1::Source source) {
  if (source == v1::SOURCE_UNSPECIFIED) return std::nullopt;
  if (!v1::Source_IsValid(source)) return Invalid(field, "not a source");
  return static_cast<Source>(source);
}

absl::StatusOr<std::optional<Kind>> KindOf(std::string_view field, v1::Kind kind) {
  if (kind == v1::KIND_UNSPECIFIED) return std::nullopt;
  if (!v1::Kind_IsValid(kind)) return Invalid(field, "not a kind");
  return static_cast<Kind>(kind);
}

absl::StatusOr<std::optional<ReturnPathForm>> FormOf(std::string_view field,
                                                     v1::ReturnPathForm form) {
  if (form == v1::RETURN_PATH_FORM_UNSPECIFIED) return std::nullopt;
  if (!v1::ReturnPathForm_IsValid(form)) return Invalid(field, "not a form");
  return static_cast<ReturnPathForm>(form);
}

absl::StatusOr<absl::Time> TimeOf(std::string_view field,
                                  const google::protobuf::Timestamp& timestamp) {
  // The years 1 to 9999, as timestamp.proto has it.
  constexpr std::int64_t kFirst = -62'135'596'800;
  constexpr std::int64_t kLast = 253'402'300'799;
  if (timestamp.seconds() < kFirst || timestamp.seconds() > kLast || timestamp.nanos() < 0 ||
      timestamp.nanos() > 999'999'999) {
    return Invalid(field, "not a time of the years 1 to 9999");
  }
  return absl::FromUnixSeconds(timestamp.seconds()) + absl::Nanoseconds(timestamp.nanos());
}

absl::StatusOr<absl::Time> TimeOr(std::string_view field, bool is_set,
                                  const google::protobuf::Timestamp& timestamp,
                                  absl::Time otherwise) {
  if (!is_set) return otherwise;
  return TimeOf(field, timestamp);
}

absl::StatusOr<int> PageSizeOf(std::int32_t page_size) {
  if (page_size < 0) return Invalid("page_size", "below 0");
  return page_size == 0 ? kDefaultPageSize : std::min(page_size, kMaxPageSize);
}

absl::StatusOr<SuppressionFilter> FilterOf(std::string_view tenant,
                                           const v1::SuppressionFilter& filter, absl::Time now) {
  SuppressionFilter result;
  result.tenant = std::string(tenant);
  if (filter.has_stream()) {
    if (absl::Status s = CheckStreamName("filter.stream", filter.stream()); !s.ok()) return s;
    result.stream = filter.stream();
  }
  absl::StatusOr<std::optional<Source>> source = SourceOf("filter.source", filter.source());
  if (!source.ok()) return source.status();
  result.source = *source;
  if (absl::Status s = CheckOctets("filter.reason", filter.reason(), kMaxReasonOctets); !s.ok()) {
    return s;
  }
  result.reason = filter.reason();
  if (!filter.domain().empty()) {
    absl::StatusOr<std::string> domain = DomainOf("filter.domain", filter.domain());
    if (!domain.ok()) return domain.status();
    result.domain = *std::move(domain);
  }
  if (absl::Status s =
          CheckOctets("filter.address_prefix", filter.address_prefix(), kMaxPathOctets);
      !s.ok()) {
    return s;
  }
  result.address_prefix = FoldCase(std::string_view(filter.address_prefix()));
  absl::StatusOr<absl::Time> from = TimeOr("filter.created_from", filter.has_created_from(),
                                           filter.created_from(), absl::InfinitePast());
  if (!from.ok()) return from.status();
  absl::StatusOr<absl::Time> before = TimeOr("filter.created_before", filter.has_created_before(),
                                             filter.created_before(), absl::InfiniteFuture());
  if (!before.ok()) return before.status();
  result.created_from = *from;
  result.created_before = *before;
  if (filter.in_force()) result.in_force_at = now;
  if (filter.incident_id() < 0) return Invalid("filter.incident_id", "below 0");
  result.incident_id = filter.incident_id();
  if (filter.return_path_key().empty() && filter.return_path_domain().empty()) return result;
  if (absl::Status s = CheckKeyId("filter.return_path_key", filter.return_path_key()); !s.ok()) {
    return s;
  }
  absl::StatusOr<std::string> key_domain =
      DomainOf("filter.return_path_domain", filter.return_path_domain());
  if (!key_domain.ok()) return key_domain.status();
  result.return_path_key = filter.return_path_key();
  result.return_path_domain = *std::move(key_domain);
  return result;
}

absl::StatusOr<EventFilter> FilterOf(std::string_view tenant,
                                     const v1::ListEventsRequest& request) {
  EventFilter result;
  result.tenant = std::string(tenant);
  if (!request.address().empty()) {
    absl::StatusOr<Address> address = AddressOf("address", request.address());
    if (!address.ok()) return address.status();
    result.address = *std::move(address);
  }
  absl::StatusOr<std::optional<Kind>> kind = KindOf("kind", request.kind());
  if (!kind.ok()) return kind.status();
  result.kind = *kind;
  if (!request.reason().empty()) {
    result.reason = ReasonFromName(request.reason());
    if (!result.reason) return Invalid("reason", "not a reason of the taxonomy");
  }
  if (request.message_id() < 0) return Invalid("message_id", "below 0");
  result.message_id = request.message_id();
  absl::StatusOr<absl::Time> from = TimeOr("received_from", request.has_received_from(),
                                           request.received_from(), absl::InfinitePast());
  if (!from.ok()) return from.status();
  absl::StatusOr<absl::Time> before = TimeOr("received_before", request.has_received_before(),
                                             request.received_before(), absl::InfiniteFuture());
  if (!before.ok()) return before.status();
  result.received_from = *from;
  result.received_before = *before;
  return result;
}

absl::StatusOr<IncidentFilter> FilterOf(std::string_view tenant,
                                        const v1::ListIncidentsRequest& request) {
  IncidentFilter result;
  result.tenant = std::string(tenant);
  if (request.state() != v1::INCIDENT_STATE_UNSPECIFIED) {
    if (!v1::IncidentState_IsValid(request.state())) return Invalid("state", "not a state");
    result.state = static_cast<Incident::State>(request.state());
  }
  if (request.kind() != v1::INCIDENT_KIND_UNSPECIFIED) {
    if (!v1::IncidentKind_IsValid(request.kind())) return Invalid("kind", "not a kind");
    result.kind = static_cast<Incident::Kind>(request.kind());
  }
  if (absl::Status s = CheckOctets("provider", request.provider(), kMaxProviderOctets); !s.ok()) {
    return s;
  }
  result.provider = FoldCase(std::string_view(request.provider()));
  absl::StatusOr<absl::Time> from =
      TimeOr("active_from", request.has_active_from(), request.active_from(), absl::InfinitePast());
  if (!from.ok()) return from.status();
  absl::StatusOr<absl::Time> before = TimeOr("active_before", request.has_active_before(),
                                             request.active_before(), absl::InfiniteFuture());
  if (!before.ok()) return before.status();
  result.active_from = *from;
  result.active_before = *before;
  return result;
}

absl::StatusOr<DeliveryAttempt> AttemptOf(const v1::DeliveryAttempt& attempt, absl::Time now) {
  absl::StatusOr<Address> address = MailboxOf("address", attempt.address());
  if (!address.ok()) return address.status();
  if (attempt.outcome() == v1::DELIVERY_OUTCOME_UNSPECIFIED ||
      !v1::DeliveryOutcome_IsValid(attempt.outcome())) {
    return Invalid("outcome", "must be set, and one of those");
  }
  absl::StatusOr<absl::Time> time = TimeOr("time", attempt.has_time(), attempt.time(), now);
  if (!time.ok()) return time.status();
  const int code = attempt.reply_code();
  if (code != 0 && (code < 200 || code > 599)) return Invalid("reply_code", "not 200 to 599");
  if (!v1::Stage_IsValid(attempt.stage())) return Invalid("stage", "not a stage");
  for (const absl::Status& status :
       {CheckStreamName("stream", attempt.stream()),
        CheckSize("enhanced_status", attempt.enhanced_status(), kMaxEnhancedStatusOctets),
        CheckSize("text", attempt.text(), kMaxAttemptTextOctets),
        CheckSize("remote_mta", attempt.remote_mta(), kMaxHostOctets),
        CheckSize("reporting_mta", attempt.reporting_mta(), kMaxHostOctets),
        CheckSize("message_reference", attempt.message_reference(), kMaxMessageReferenceOctets)}) {
    if (!status.ok()) return status;
  }
  DeliveryAttempt result{.address = *std::move(address),
                         .stream = attempt.stream(),
                         .outcome = static_cast<DeliveryOutcome>(attempt.outcome()),
                         .time = *time,
                         .reply_code = code,
                         .enhanced_status = attempt.enhanced_status(),
                         .text = attempt.text(),
                         .stage = static_cast<Stage>(attempt.stage()),
                         .remote_mta = attempt.remote_mta(),
                         .reporting_mta = attempt.reporting_mta(),
                         .message_reference = attempt.message_reference(),
                         .return_path = std::nullopt,
                         .final_recipient = std::nullopt};
  if (!attempt.return_path().empty()) {
    absl::StatusOr<Address> path = AddressOf("return_path", attempt.return_path());
    if (!path.ok()) return path.status();
    result.return_path = *std::move(path);
  }
  if (!attempt.final_recipient().empty()) {
    absl::StatusOr<Address> last = MailboxOf("final_recipient", attempt.final_recipient());
    if (!last.ok()) return last.status();
    if (*last != result.address) result.final_recipient = *std::move(last);
  }
  return result;
}

absl::StatusOr<Suppression> ManualSuppressionOf(const Caller& caller,
                                                const v1::Suppression& suppression,
                                                absl::Time now) {
  absl::StatusOr<std::string_view> tenant = TenantOf(caller, suppression.tenant());
  if (!tenant.ok()) {
    return absl::Status(tenant.status().code(),
                        absl::StrCat("suppression.", tenant.status().message()));
  }
  absl::StatusOr<Suppression> result =
      SuppressionOf("suppression.", *tenant, suppression, Source::kManual, "manual");
  if (!result.ok()) return result;
  if (result->expire_time <= now) return Invalid("suppression.expire_time", "not in the future");
  result->create_time = now;
  return result;
}

absl::StatusOr<Suppression> ImportedSuppressionOf(std::string_view tenant,
                                                  const v1::Suppression& suppression,
                                                  absl::Time now) {
  absl::StatusOr<std::optional<Source>> named = SourceOf("source", suppression.source());
  if (!named.ok()) return named.status();
  const Source source = named->value_or(Source::kImport);
  if (!suppression.tenant().empty() && suppression.tenant() != tenant) {
    return Invalid("tenant",
                   absl::StrCat("the list goes to ", Absl(tenant), ", and this row is of another"));
  }
  absl::StatusOr<Suppression> result =
      SuppressionOf("", tenant, suppression, source, DefaultReason(source));
  if (!result.ok()) return result;
  absl::StatusOr<absl::Time> created =
      TimeOr("create_time", suppression.has_create_time(), suppression.create_time(), now);
  if (!created.ok()) return created.status();
  if (*created > now + kMaxCreateTimeLead) {
    return Invalid("create_time", "more than a day in the future");
  }
  created = std::min(*created, now);
  if (result->expire_time <= *created) return Invalid("expire_time", "not after create_time");
  result->create_time = *created;
  if (!v1::BounceClass_IsValid(suppression.bounce_class())) {
    return Invalid("bounce_class", "not a class");
  }
  if (suppression.bounce_class() == v1::BOUNCE_CLASS_BLOCK) {
    return Invalid("bounce_class", "a block is the sender's and suppresses nobody");
  }
  if (suppression.bounce_class() != v1::BOUNCE_CLASS_UNSPECIFIED) {
    result->bounce_class = static_cast<BounceClass>(suppression.bounce_class());
  }
  if (source == Source::kBounce && result->bounce_class == BounceClass::kSoft &&
      result->expire_time == absl::InfiniteFuture()) {
    return Invalid("expire_time", "must be set: soft bounces suppress nobody for ever");
  }
  return result;
}

}  // namespace bounced::api
