#include "server/api/checker.h"

#include <vector>

namespace bounced::api {

const Suppression* Strongest(std::span<const Suppression> suppressions, std::string_view stream,
                             absl::Time now) {
  const Suppression* best = nullptr;
  for (const Suppression& each : suppressions) {
    if (!each.stream.empty() && each.stream != stream) continue;
    if (each.expire_time <= now) continue;
    if (best == nullptr || each.expire_time > best->expire_time ||
        (each.expire_time == best->expire_time && each.create_time > best->create_time)) {
      best = &each;
    }
  }
  return best;
}

absl::StatusOr<Verdict> Checker::Check(std::string_view tenant, std::string_view stream,
                                       std::string_view address, absl::Time now) const {
  absl::StatusOr<Address> parsed = Address::Parse(address);
  if (!parsed.ok()) return Verdict::kInvalid;
  switch (store_.index().Check(tenant, stream, parsed->canonical(), now)) {
    case IndexAnswer::kSend:
      return Verdict::kSend;
    case IndexAnswer::kSuppressed:
      return Verdict::kSuppressed;
    case IndexAnswer::kRisky:
      return Verdict::kRisky;
    case IndexAnswer::kAskRows:
      break;
  }
  absl::StatusOr<Answer> answer = AskRows(tenant, stream, *parsed, now);
  if (!answer.ok()) return answer.status();
  return answer->verdict;
}

absl::StatusOr<Checker::Answer> Checker::CheckWithCause(std::string_view tenant,
                                                        std::string_view stream,
                                                        std::string_view address,
                                                        absl::Time now) const {
  absl::StatusOr<Address> parsed = Address::Parse(address);
  if (!parsed.ok()) return Answer{Verdict::kInvalid, std::nullopt};
  switch (store_.index().Check(tenant, stream, parsed->canonical(), now)) {
    case IndexAnswer::kSend:
      return Answer{Verdict::kSend, std::nullopt};
    case IndexAnswer::kRisky:
      return Answer{Verdict::kRisky, std::nullopt};
    case IndexAnswer::kSuppressed:
    case IndexAnswer::kAskRows:
      break;
  }
  return AskRows(tenant, stream, *parsed, now);
}

// Rows are as new as the index or newer, since they are committed before it is told, and they know
// the address in full, where the index may mistake it for another.
absl::StatusOr<Checker::Answer> Checker::AskRows(std::string_view tenant, std::string_view stream,
                                                 const Address& address, absl::Time now) const {
  absl::StatusOr<std::vector<Suppression>> rows = store_.FindSuppressions(tenant, address);
  if (!rows.ok()) return rows.status();
  if (const Suppression* found = Strongest(*rows, stream, now); found != nullptr) {
    return Answer{Verdict::kSuppressed, *found};
  }
  bool risky = store_.index().IsRisky(tenant, stream, address.canonical(), now);
  return Answer{risky ? Verdict::kRisky : Verdict::kSend, std::nullopt};
}

}  // namespace bounced::api
