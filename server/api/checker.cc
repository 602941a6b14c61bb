#include "server/api/checker.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <cstddef>
#include <tuple>
#include <vector>

#include "storage/stand_in.h"

namespace bounced::api {
namespace {

// Addresses whose memory is asked for before the first of them is looked up: more than a processor
// waits for at once, and few enough to stay in its cache.
constexpr std::size_t kGroup = 32;

// The strongest of those that are `wanted`, see checker.h.
template <typename Wanted>
const Suppression* StrongestOf(std::span<const Suppression> suppressions, std::string_view stream,
                               absl::Time now, Wanted wanted) {
  const auto strength = [](const Suppression& s) {
    return std::tuple(s.expire_time, s.tenant != kAnyTenant, !s.stream.empty(),
                      !s.address.is_domain(), s.create_time);
  };
  const Suppression* best = nullptr;
  for (const Suppression& each : suppressions) {
    if (!each.stream.empty() && each.stream != stream) continue;
    if (each.expire_time <= now || !wanted(each)) continue;
    if (best == nullptr || strength(each) > strength(*best)) best = &each;
  }
  return best;
}

// What the index knows without the rows.
Verdict VerdictOf(IndexAnswer answer) {
  switch (answer) {
    case IndexAnswer::kSend:
      return Verdict::kSend;
    case IndexAnswer::kRisky:
      return Verdict::kRisky;
    default:
      return Verdict::kSuppressed;
  }
}

}  // namespace

const Suppression* Strongest(std::span<const Suppression> suppressions, std::string_view stream,
                             absl::Time now) {
  return StrongestOf(suppressions, stream, now, [](const Suppression&) { return true; });
}

const Suppression* Strongest(const StandingOfAddress& standing, std::string_view stream,
                             absl::Time now) {
  return StrongestOf(standing.suppressions, stream, now, [&](const Suppression& s) {
    return s.incident_id == 0 && (!standing.allowed || s.source != Source::kBounce);
  });
}

const Suppression* Held(const StandingOfAddress& standing, absl::Time now) {
  for (const Suppression& each : standing.suppressions) {
    if (each.incident_id != 0 && each.expire_time > now) return &each;
  }
  return nullptr;
}

absl::Status Checker::CheckAll(std::string_view tenant, std::string_view stream,
                               std::span<const std::string_view> addresses, absl::Time now,
                               absl::FunctionRef<void(Verdict)> verdict) const {
  SuppressionIndex::LookUps look_ups(store_.index(), tenant, stream, now);
  std::array<std::optional<SuppressionIndex::Key>, kGroup> keys;
  std::bitset<kGroup> are_stand_ins;
  std::string room;
  while (!addresses.empty()) {
    const auto group = addresses.first(std::min(addresses.size(), kGroup));
    for (std::size_t i = 0; i < group.size(); ++i) {
      const absl::StatusOr<std::string_view> canonical = Address::Canonicalize(group[i], room);
      keys[i] = std::nullopt;
      if (!canonical.ok()) continue;
      are_stand_ins[i] = IsStandIn(*canonical);
      keys[i] = look_ups.KeyOf(*canonical);
      look_ups.Prefetch(*keys[i]);
    }
    for (std::size_t i = 0; i < group.size(); ++i) {
      if (!keys[i]) {
        verdict(Verdict::kInvalid);
        continue;
      }
      IndexAnswer answer = look_ups.Check(*keys[i]);
      if (!store_.wide_index().empty()) {
        // Its text has made room for those after it.
        answer = store_.wide_index().Widen(answer, tenant, stream,
                                           Address::Canonicalize(group[i], room).value_or(""), now);
      }
      if (answer != IndexAnswer::kAskRows && !are_stand_ins[i]) {
        verdict(VerdictOf(answer));
        continue;
      }
      const absl::StatusOr<Verdict> found = VerdictOfRows(tenant, stream, group[i], now);
      if (!found.ok()) return found.status();
      verdict(*found);
    }
    addresses = addresses.subspan(group.size());
  }
  return absl::OkStatus();
}

absl::StatusOr<Verdict> Checker::VerdictOfRows(std::string_view tenant, std::string_view stream,
                                               std::string_view address, absl::Time now) const {
  const absl::StatusOr<Address> parsed = Address::Parse(address);
  if (!parsed.ok()) return Verdict::kInvalid;
  absl::StatusOr<Answer> asked = AskRows(tenant, stream, *parsed, now);
  if (!asked.ok()) return asked.status();
  return asked->verdict;
}

absl::StatusOr<Checker::Answer> Checker::CheckWithCause(std::string_view tenant,
                                                        std::string_view stream,
                                                        std::string_view address,
                                                        absl::Time now) const {
  absl::StatusOr<Address> parsed = Address::Parse(address);
  if (!parsed.ok()) return Answer{Verdict::kInvalid, std::nullopt};
  if (IsStandIn(parsed->canonical())) return AskDossier(tenant, stream, *parsed, now);
  IndexAnswer answer = store_.index().Check(tenant, stream, parsed->canonical(), now);
  if (!store_.wide_index().empty()) {
    answer = store_.wide_index().Widen(answer, tenant, stream, parsed->canonical(), now);
  }
  switch (answer) {
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
  if (IsStandIn(address.canonical())) return AskDossier(tenant, stream, address, now);
  absl::StatusOr<StandingOfAddress> standing = store_.FindStanding(tenant, address);
  if (!standing.ok()) return standing.status();
  if (const Suppression* found = Strongest(*standing, stream, now); found != nullptr) {
    return Answer{Verdict::kSuppressed, *found};
  }
  bool risky =
      !standing->allowed && store_.index().IsRisky(tenant, stream, address.canonical(), now);
  return Answer{risky ? Verdict::kRisky : Verdict::kSend, std::nullopt};
}

absl::StatusOr<Checker::Answer> Checker::AskDossier(std::string_view tenant,
                                                    std::string_view stream, const Address& address,
                                                    absl::Time now) const {
  absl::StatusOr<AddressDossier> dossier = store_.GetDossier(tenant, address, 0, 0);
  if (!dossier.ok()) return dossier.status();
  const StandingOfAddress& standing = dossier->standing;
  if (const Suppression* found = Strongest(standing, stream, now); found != nullptr) {
    return Answer{Verdict::kSuppressed, *found};
  }
  const bool risky =
      !standing.allowed && (Held(standing, now) != nullptr || DayOf(now) < dossier->risky_until);
  return Answer{risky ? Verdict::kRisky : Verdict::kSend, std::nullopt};
}

}  // namespace bounced::api
