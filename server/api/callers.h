// Who may call: the keys of the store and of the configuration, and holders of certificates.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/api/methods.h"
#include "server/base/clock.h"
#include "server/intake/committer.h"
#include "server/login/access.h"
#include "server/login/api_token.h"
#include "storage/mutex.h"
#include "storage/records.h"

namespace bounced::api {

// Somebody who calls.
struct Caller {
  std::string name;                   // for the history; empty: nobody has asked
  std::optional<std::string> tenant;  // none: all of them
  Roles roles;
};

// A caller with what is counted of him. Once made it stays for good.
struct Account {
  Account(Caller who, ApiKey made, ApiHash token_hash, bool of_configuration)
      : caller(std::move(who)),
        hash(token_hash),
        configured(of_configuration),
        key(std::move(made)) {}

  const Caller caller;
  const ApiHash hash;
  const bool configured;
  // Revoked, or no longer in the configuration.
  std::atomic<bool> gone = false;
  std::atomic<std::int64_t> last_use = 0;  // in seconds since 1970; 0: never
  std::atomic<std::size_t> calls = 0;      // under way
  std::atomic<std::size_t> streams = 0;    // of these
  // But for `id` and `expire_time`, which do not change, under Callers' mutex.
  ApiKey key;
};

// What a call holds of its caller's share, until it ends. Belongs to the call.
class Admission {
 public:
  Admission() = default;
  Admission(Account& account, bool counts, bool streams)
      : account_(&account), counts_(counts), streams_(streams) {}
  ~Admission();
  Admission(Admission&& other) noexcept { *this = std::move(other); }
  Admission& operator=(Admission&& other) noexcept {
    std::swap(account_, other.account_);
    std::swap(counts_, other.counts_);
    std::swap(streams_, other.streams_);
    return *this;
  }

  const Caller& caller() const { return account_->caller; }
  // Whether a call that began now would be let in with the same key or certificate.
  bool StandsAt(absl::Time now) const { return !account_->gone && account_->key.expire_time > now; }

 private:
  Account* account_ = nullptr;
  bool counts_ = false;
  bool streams_ = false;
};

// Accounts by a name that may occur more than once. It only grows, so that one finds in it what
// others add to meanwhile, without a lock. One at a time adds.
class AccountTable {
 public:
  AccountTable() : slots_(kSlots) {}

  // The first one of the name for which `fits`; nullptr: none.
  Account* Find(std::string_view name, absl::FunctionRef<bool(const Account&)> fits) const;
  // RESOURCE_EXHAUSTED: it is full.
  absl::Status Add(std::string_view name, Account& account);

 private:
  static constexpr std::size_t kSlots = std::size_t{1} << 15;
  struct Slot {
    std::atomic<Account*> account = nullptr;  // set after `name`
    std::string name;
  };
  std::vector<Slot> slots_;
  std::size_t used_ = 0;
};

// Thread-safe. What is asked of each call takes no lock.
class Callers {
 public:
  // `stored`: all keys that the store holds. `committer` and `clock` outlive it.
  Callers(Committer& committer, const Clock& clock, std::vector<ApiKey> stored);

  // Puts what a configuration says in force, in place of what the last one said. A key that the
  // store has, too, counts as the store has it. FAILED_PRECONDITION: the store has one of its id
  // with other rights; RESOURCE_EXHAUSTED: too many have come and gone since the start.
  absl::Status TakeUp(const AccessRules& rules);
  // From now on nobody calls without a key or certificate, whatever the configuration says.
  void RequireLogin();
  // Whether everybody may do everything: there is no key, and none is required.
  bool is_open() const { return is_open_.load(std::memory_order_acquire); }
  // Whether anybody could log in now.
  bool anybody() const;

  // What a call brings.
  struct Credentials {
    std::optional<std::string_view> token;
    // The names in the certificate that it shows; asked only without a token.
    absl::FunctionRef<std::vector<std::string>()> certificate_names;
  };
  // Lets a call of `method` in. UNAUTHENTICATED, PERMISSION_DENIED, RESOURCE_EXHAUSTED: as
  // admin.proto has it; the messages are for the caller.
  absl::StatusOr<Admission> Admit(const Credentials& credentials, const Method& method);

  // --- Keys of the store. These wait for a commit, so not on a thread that steps the committer.

  struct NewKey {
    std::string name;
    std::optional<std::string> tenant;
    Roles roles;
    absl::Time expire_time;
    std::string author;
    std::optional<ApiSecret> secret;  // none: a token is made
  };
  struct MadeKey {
    ApiKey key;
    std::string token;  // empty: it was made elsewhere
  };
  // Errors as admin.proto has them, else the store's.
  absl::StatusOr<MadeKey> Create(NewKey key);
  // Of what `caller` may see. NOT_FOUND: no such key; FAILED_PRECONDITION: of the configuration.
  absl::StatusOr<ApiKey> Revoke(const Caller& caller, std::string_view id, std::string author);

  struct Listed {
    ApiKey key;
    bool configured = false;
  };
  // At most `most` of those whose tenant is `tenant` (none: all), from the place `from` on, which
  // is set to where the next ones begin; 0: there are none.
  std::vector<Listed> List(std::optional<std::string_view> tenant, std::size_t most,
                           std::int64_t& from) const;

  // Has written down when keys of the store were last used. Done now and then as calls come; this
  // is for the end.
  void NoteUses();

 private:
  Account& Keep(Caller caller, ApiKey key, ApiHash hash, bool configured)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Give(const KeyGrant& grant) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Give(const Grant& grant) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SeeWhetherOpen() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<Account*> FindByToken(std::string_view token, absl::Time now) const;
  Account* FindByCertificate(const std::vector<std::string>& names) const;
  void NoteUsesNowAndThen(absl::Time now);

  Committer& committer_;
  const Clock& clock_;
  Account nobody_;  // who is let in while it is open
  std::atomic<bool> is_open_ = true;
  std::atomic<bool> has_clients_ = false;
  std::atomic<std::int64_t> next_note_ = 0;  // in seconds since 1970
  AccountTable by_id_;
  AccountTable by_certificate_;

  mutable Mutex mutex_;  // held while a key is committed
  bool require_login_ ABSL_GUARDED_BY(mutex_) = false;
  bool require_keys_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<Account> accounts_ ABSL_GUARDED_BY(mutex_);  // of keys, as they came
  std::deque<Account> clients_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace bounced::api
