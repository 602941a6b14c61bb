// Why an address has the verdict that it has, in numbers and in sentences.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bounced/v1/suppression.pb.h"
#include "server/intake/policy.h"
#include "server/intake/retention.h"
#include "storage/store.h"

namespace bounced::api {

// Pure. `stream` as in a check; `keep`: for how long what it rests on is kept. The sentences hold
// no address, and every number in them is the policy's or the dossier's.
v1::ExplainResponse Explain(const AddressDossier& dossier, const Policy& policy,
                            std::string_view stream, absl::Time now, KeepDays keep);

// Of what is no address, for the reason that Address::Parse() gave.
v1::ExplainResponse ExplainInvalid(const absl::Status& why);

}  // namespace bounced::api
