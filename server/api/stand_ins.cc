#include "server/api/stand_ins.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/api/from_proto.h"
#include "server/api/status.h"
#include "storage/stand_in.h"

namespace bounced::api {
namespace {

constexpr std::string_view kOfNobodyHere =
    "stands in for an address that was forgotten, and of none here: rows of forgotten addresses go "
    "to another server by a backup and its restore alone";
constexpr std::string_view kOfAStream =
    "of an address that was forgotten nothing of this stream and source stands, and what stands in "
    "for it finds nothing new: name the address itself";
constexpr std::string_view kTakesNoMail =
    "stands in for an address that was forgotten, and no mail goes there: name the address itself";

}  // namespace

absl::Status CheckStandIn(const Store& store, std::string_view field, std::string_view tenant,
                          const Address& address) {
  if (!IsStandIn(address.canonical())) return absl::OkStatus();
  absl::StatusOr<AddressDossier> dossier = store.GetDossier(tenant, address, 0, 0);
  if (!dossier.ok()) return dossier.status();
  return dossier->forgotten ? absl::OkStatus() : Invalid(field, kOfNobodyHere);
}

absl::Status CheckStandIn(const Store& store, std::string_view prefix,
                          const Suppression& suppression) {
  const Address& address = suppression.address;
  if (!IsStandIn(address.canonical())) return absl::OkStatus();
  absl::Status status =
      CheckStandIn(store, absl::StrCat(Absl(prefix), "address"), suppression.tenant, address);
  if (!status.ok() || suppression.stream.empty()) return status;
  absl::StatusOr<std::vector<Suppression>> standing =
      store.FindSuppressions(suppression.tenant, address);
  if (!standing.ok()) return standing.status();
  if (FindSameKey(*standing, suppression) != nullptr) return absl::OkStatus();
  return Invalid(absl::StrCat(Absl(prefix), "stream"), kOfAStream);
}

absl::StatusOr<Address> MailboxOf(std::string_view field, std::string_view address) {
  absl::StatusOr<Address> parsed = AddressOf(field, address);
  if (parsed.ok() && IsStandIn(parsed->canonical())) return Invalid(field, kTakesNoMail);
  return parsed;
}

}  // namespace bounced::api
