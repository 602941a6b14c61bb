// Whether what the store holds, and what it answers, is what the model says.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/api/checker.h"
#include "storage/store.h"
#include "tests/simulation/mail.h"
#include "tests/simulation/model.h"

namespace bounced::simulation {

// Whom mails are sent to, and the streams of each tenant.
std::vector<Address> AllAddresses();
const std::vector<std::string>& AllStreams();

// What a client is told, by both ways of asking. Throws a Violation when they differ.
absl::StatusOr<Verdict> AskVerdict(const api::Checker& checker, const std::string& tenant,
                                   const std::string& stream, const Address& address,
                                   absl::Time now);

// The first difference; empty: there is none. `mails`, by their octets, are all that were sent. An
// error: the store does not answer.
absl::StatusOr<std::string> FindDifference(
    const Model& model, const Store& store,
    const std::map<std::string, const Mail*, std::less<>>& mails, absl::Time now);

// A suppression, for people who read what went wrong.
std::string Describe(const StandsKey& key, const Stands& stands);
Stands StandsOf(const Suppression& suppression, std::string return_path);

}  // namespace bounced::simulation
