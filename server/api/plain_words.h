// A verdict in words that can be read to whoever asks for it.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/intake/policy.h"
#include "storage/store.h"

namespace bounced::api {

// Why a verdict is as it is, as far as it rests on something that is stored.
struct Ground {
  const Suppression* suppression = nullptr;  // that stops mail, or that an incident holds
  const StoredEvent* event = nullptr;        // that it rests on, or that was counted last
  const Change* change = nullptr;            // by which it came to stand as it does
};

// What holds, why, how long, and what to do: whole sentences in their order, without words of the
// trade and without an address. Pure. `soft_days` are the days of issue of the mails that count.
std::vector<std::string> PlainWords(const AddressDossier& dossier, const Policy& policy,
                                    Verdict verdict, const Ground& ground,
                                    const std::vector<Day>& soft_days, bool on_probation,
                                    absl::Time now);

}  // namespace bounced::api
