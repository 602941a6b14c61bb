// What requests say, in our own types: every bound and default that the .proto files name. Errors
// are INVALID_ARGUMENT, begin with the name of the field and hold no address.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bounced/v1/bounce.pb.h"
#include "bounced/v1/report.pb.h"
#include "bounced/v1/return_path.pb.h"
#include "bounced/v1/suppression.pb.h"
#include "server/api/callers.h"
#include "server/intake/deliveries.h"
#include "server/intake/return_path.h"
#include "storage/store.h"

namespace bounced::api {

// A view of `tenant`; where it is empty, of the caller's, or of "default" where he is of all.
// NOT_FOUND: it is not his, whether there is one of that name or not.
absl::StatusOr<std::string_view> TenantOf(const Caller& caller, std::string_view tenant);
// The same, but that empty stays empty for a caller of all tenants, and stands for all of them.
absl::StatusOr<std::string_view> AnyTenantOf(const Caller& caller, std::string_view tenant);
// 1 to kMaxCallerNameOctets of a-z, 0-9, _ and -.
absl::Status CheckName(std::string_view field, std::string_view name);
absl::Status CheckStreamName(std::string_view field, std::string_view stream);
// Of octets that are not shown as they are.
absl::Status CheckSize(std::string_view field, std::string_view value, std::size_t max_octets);
// Of a text that people write and read: the same, and no control character but TAB, CR and LF.
// Others would be lost on the way into a list and back, and steer a terminal.
absl::Status CheckOctets(std::string_view field, std::string_view value, std::size_t max_octets);
// Who stands in the history. Who called with a key is called by its name, and whom the request
// names stands behind it: "ci (ann)".
std::string AuthorOf(const Caller& caller, const std::string& author);
absl::StatusOr<Address> AddressOf(std::string_view field, std::string_view address);
// The same, or "@domain" for all of a domain.
absl::StatusOr<Address> EntryOf(std::string_view field, std::string_view entry);
// None for unspecified.
absl::StatusOr<std::optional<Source>> SourceOf(std::string_view field, v1::Source source);
absl::StatusOr<std::optional<Kind>> KindOf(std::string_view field, v1::Kind kind);
absl::StatusOr<std::optional<ReturnPathForm>> FormOf(std::string_view field,
                                                     v1::ReturnPathForm form);
absl::StatusOr<absl::Time> TimeOf(std::string_view field,
                                  const google::protobuf::Timestamp& timestamp);
// Of one that may be left out.
absl::StatusOr<absl::Time> TimeOr(std::string_view field, bool is_set,
                                  const google::protobuf::Timestamp& timestamp,
                                  absl::Time otherwise);
absl::StatusOr<std::string> DomainOf(std::string_view field, std::string_view domain);
// The id of a key of return paths.
absl::Status CheckKeyId(std::string_view field, std::string_view id);
absl::StatusOr<int> PageSizeOf(std::int32_t page_size);

// In force: at `now`.
absl::StatusOr<SuppressionFilter> FilterOf(std::string_view tenant,
                                           const v1::SuppressionFilter& filter, absl::Time now);
absl::StatusOr<EventFilter> FilterOf(std::string_view tenant, const v1::ListEventsRequest& request);
absl::StatusOr<IncidentFilter> FilterOf(std::string_view tenant,
                                        const v1::ListIncidentsRequest& request);

// `now`: the time of one that names none.
absl::StatusOr<DeliveryAttempt> AttemptOf(const v1::DeliveryAttempt& attempt, absl::Time now);

// The row that a person makes. `suppression.tenant` counts.
absl::StatusOr<Suppression> ManualSuppressionOf(const Caller& caller,
                                                const v1::Suppression& suppression, absl::Time now);
// The row that is taken over. The tenant is the import's.
absl::StatusOr<Suppression> ImportedSuppressionOf(std::string_view tenant,
                                                  const v1::Suppression& suppression,
                                                  absl::Time now);

}  // namespace bounced::api
