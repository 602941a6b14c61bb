// May mail be sent to this address?
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/store.h"

namespace bounced::api {

// Answers from memory; rows are read when an expiry is today, or when what stops an address is
// wanted. Thread-safe; holds nothing but the store, which must outlive it.
class Checker {
 public:
  explicit Checker(const Store& store) : store_(store) {}

  // Calls `verdict` for each address, in order; of something that is no address: kInvalid. Errors
  // are the store's, and end it.
  absl::Status CheckAll(std::string_view tenant, std::string_view stream,
                        std::span<const std::string_view> addresses, absl::Time now,
                        absl::FunctionRef<void(Verdict)> verdict) const;

  struct Answer {
    Verdict verdict = Verdict::kSend;
    std::optional<Suppression> suppression;  // what stops it; set when suppressed
  };
  absl::StatusOr<Answer> CheckWithCause(std::string_view tenant, std::string_view stream,
                                        std::string_view address, absl::Time now) const;

 private:
  absl::StatusOr<Verdict> VerdictOfRows(std::string_view tenant, std::string_view stream,
                                        std::string_view address, absl::Time now) const;
  absl::StatusOr<Answer> AskRows(std::string_view tenant, std::string_view stream,
                                 const Address& address, absl::Time now) const;
  // Of a stand-in, whose entries the index finds by the hash in it and not by its text.
  absl::StatusOr<Answer> AskDossier(std::string_view tenant, std::string_view stream,
                                    const Address& address, absl::Time now) const;

  const Store& store_;
};

// The one that stops mail of `stream`: of those for all streams and for this one that have not
// expired, the one that lasts longest; among equals the narrowest (of the tenant before of all
// tenants, of the stream before of all streams, of the address before of its domain), and then the
// newest. None: mail may be sent.
const Suppression* Strongest(std::span<const Suppression> suppressions, std::string_view stream,
                             absl::Time now);
// The same of all that stands, where an allowance overrules what bounces have done, and what an
// incident holds is not in force.
const Suppression* Strongest(const StandingOfAddress& standing, std::string_view stream,
                             absl::Time now);
// One that an incident holds, and that has not ended. None: none does.
const Suppression* Held(const StandingOfAddress& standing, absl::Time now);

}  // namespace bounced::api
