// What the tests of the store share: a folder that goes away, and short words for work.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "storage/store.h"

namespace bounced {

// A new, empty folder; removed with all that is in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }
  std::string database() const { return path_ + "/bounced.db"; }

 private:
  std::string path_;
};

// The octets of a file; empty where there is none.
std::string ReadFile(const std::string& path);
// Makes the file, or empties it first.
void WriteFile(const std::string& path, std::string_view octets);
// Runs SQL on a database without our store, as another process may.
void Execute(const std::string& file, const std::string& sql);

// 2026-03-01 12:00 UTC, about, and so a whole day.
inline constexpr Day kToday = 20'513;
absl::Time Noon(Day day = kToday);

Address ParseAddress(std::string_view mailbox);

// A signed message with one bounce of `mailbox` (none when empty). `number` makes its return path
// and digest, so equal numbers are the same message.
NewMessage Bounce(std::string_view mailbox, int number);

// The simplest policy that changes all that a decision can: a hard bounce suppresses for good, a
// soft one is counted and RISKY for 30 days, a delivery clears; anything else has no effect.
Decision SimplePolicy(const AddressHistory& history, const Message& message, const Event& event);

// A store that must open, in `directory`.
std::unique_ptr<Store> Open(const std::string& directory, absl::Time now = Noon());

// Applies each piece of work in one batch, by SimplePolicy.
absl::Status Apply(Store& store, std::initializer_list<Work*> batch, absl::Time now = Noon());

// Stores messages, in one batch as one piece of work, which must succeed.
std::vector<MessageReceipt> Put(Store& store, std::vector<NewMessage> messages,
                                absl::Time now = Noon());

Suppression Manual(std::string_view mailbox, std::string_view stream = "",
                   Source source = Source::kManual,
                   absl::Time expire_time = absl::InfiniteFuture());

// All changes of an address, oldest first.
std::vector<Change> ChangesOf(const Store& store, std::string_view mailbox);

// The answer of the index for tenant "t", without and with a stream.
IndexAnswer CheckIndex(const Store& store, std::string_view mailbox, std::string_view stream = "",
                       absl::Time now = Noon());

}  // namespace bounced
