#include "server/api/callers.h"

#include <xxhash.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/api/limits.h"

namespace bounced::api {
namespace {

// Grants of the configuration and their name among authors.
Caller CallerWith(const Grant& grant) {
  return {grant.name, grant.all_tenants ? std::nullopt : std::optional(grant.tenant), grant.roles};
}

ApiHash HashOf(const ApiKey& key) {
  ApiHash hash{};
  std::copy_n(key.token_hash.begin(), std::min(key.token_hash.size(), hash.size()), hash.begin());
  return hash;
}

bool IsSame(const Caller& a, const Caller& b) {
  return a.name == b.name && a.tenant == b.tenant && a.roles == b.roles;
}

bool MaySee(const Caller& caller, const ApiKey& key) {
  return !caller.tenant || caller.tenant == key.tenant;
}

}  // namespace

Admission::~Admission() {
  if (!counts_) return;
  account_->calls.fetch_sub(1, std::memory_order_relaxed);
  if (streams_) account_->streams.fetch_sub(1, std::memory_order_relaxed);
}

Account* AccountTable::Find(std::string_view name,
                            absl::FunctionRef<bool(const Account&)> fits) const {
  std::size_t place = XXH3_64bits(name.data(), name.size()) % kSlots;
  for (;; place = (place + 1) % kSlots) {
    Account* account = slots_[place].account.load(std::memory_order_acquire);
    if (account == nullptr) return nullptr;
    if (slots_[place].name == name && fits(*account)) return account;
  }
}

absl::Status AccountTable::Add(std::string_view name, Account& account) {
  // Some slots stay empty, so that every search ends, and soon.
  if (used_ >= kSlots / 4 * 3) {
    return absl::ResourceExhaustedError(
        "too many keys and certificates have come and gone: restart the daemon");
  }
  std::size_t place = XXH3_64bits(name.data(), name.size()) % kSlots;
  while (slots_[place].account.load(std::memory_order_relaxed) != nullptr) {
    place = (place + 1) % kSlots;
  }
  slots_[place].name = std::string(name);
  slots_[place].account.store(&account, std::memory_order_release);
  ++used_;
  return absl::OkStatus();
}

Callers::Callers(Committer& committer, const Clock& clock, std::vector<ApiKey> stored)
    : committer_(committer),
      clock_(clock),
      nobody_({.name = "", .tenant = std::nullopt, .roles = {Role::kAdmin}}, ApiKey(), ApiHash(),
              false) {
  MutexLock lock(mutex_);
  for (ApiKey& key : stored) {
    Caller caller{key.name, key.tenant, Roles::FromBits(key.roles)};
    const ApiHash hash = HashOf(key);
    Account& account = Keep(std::move(caller), std::move(key), hash, false);
    account.gone = account.key.revoke_time < absl::InfiniteFuture();
    // There are no more than kMaxApiKeys, which it has room for.
    by_id_.Add(account.key.id, account).IgnoreError();
  }
  SeeWhetherOpen();
}

Account& Callers::Keep(Caller caller, ApiKey key, ApiHash hash, bool configured) {
  return accounts_.emplace_back(std::move(caller), std::move(key), hash, configured);
}

absl::Status Callers::TakeUp(const AccessRules& rules) {
  MutexLock lock(mutex_);
  const auto stays = [](const auto& grants, const Account& account, const auto& is_his) {
    return std::any_of(grants.begin(), grants.end(), [&](const auto& grant) {
      return is_his(grant) && IsSame(CallerWith(grant), account.caller);
    });
  };
  absl::Status status;
  for (const KeyGrant& grant : rules.keys) {
    if (status.ok()) status = Give(grant);
  }
  for (const Grant& grant : rules.clients) {
    if (status.ok()) status = Give(grant);
  }
  // A change of half of them would be no one's wish; those that were given too much stay unused.
  if (!status.ok()) return status;
  for (Account& account : accounts_) {
    if (!account.configured) continue;
    account.gone = !stays(rules.keys, account, [&](const KeyGrant& grant) {
      return grant.secret.id == account.key.id && grant.secret.hash == account.hash;
    });
  }
  for (Account& account : clients_) {
    account.gone = !stays(rules.clients, account,
                          [&](const Grant& grant) { return grant.name == account.caller.name; });
  }
  require_keys_ = rules.require_keys;
  has_clients_ = !rules.clients.empty();
  SeeWhetherOpen();
  return absl::OkStatus();
}

// What is given is not in force until TakeUp() finds all of it good.
absl::Status Callers::Give(const KeyGrant& grant) {
  const Caller caller = CallerWith(grant);
  for (const Account& account : accounts_) {
    if (account.key.id != grant.secret.id) continue;
    if (!account.configured) {
      if (account.hash == grant.secret.hash && IsSame(account.caller, caller)) {
        return absl::OkStatus();
      }
      return absl::FailedPreconditionError(absl::StrCat(
          "grpc.key ", caller.name, ": a key of this id, ", grant.secret.id,
          ", with another name, tenant or roles is in the database, and counts as it is there; "
          "make another one (bouncectl keys hash --generate)"));
    }
    if (account.hash == grant.secret.hash && IsSame(account.caller, caller)) {
      return absl::OkStatus();
    }
  }
  ApiKey key;
  key.id = grant.secret.id;
  key.name = caller.name;
  key.tenant = caller.tenant;
  key.roles = caller.roles.bits();
  Account& account = Keep(caller, std::move(key), grant.secret.hash, true);
  account.gone = true;
  return by_id_.Add(account.key.id, account);
}

absl::Status Callers::Give(const Grant& grant) {
  const Caller caller = CallerWith(grant);
  for (const Account& account : clients_) {
    if (IsSame(account.caller, caller)) return absl::OkStatus();
  }
  Account& account = clients_.emplace_back(caller, ApiKey(), ApiHash(), true);
  account.gone = true;
  return by_certificate_.Add(caller.name, account);
}

void Callers::RequireLogin() {
  MutexLock lock(mutex_);
  require_login_ = true;
  SeeWhetherOpen();
}

// An expired key keeps the door shut: nobody has opened it.
void Callers::SeeWhetherOpen() {
  const bool has_key = std::any_of(accounts_.begin(), accounts_.end(),
                                   [](const Account& account) { return !account.gone; });
  const bool is_open = !require_login_ && !require_keys_ && !has_clients_ && !has_key;
  nobody_.gone = !is_open;
  is_open_ = is_open;
}

bool Callers::anybody() const {
  MutexLock lock(mutex_);
  const absl::Time now = clock_.Now();
  return has_clients_ ||
         std::any_of(accounts_.begin(), accounts_.end(), [&](const Account& account) {
           return !account.gone && account.key.expire_time > now;
         });
}

absl::StatusOr<Account*> Callers::FindByToken(std::string_view token, absl::Time now) const {
  const absl::Status unknown = absl::UnauthenticatedError("there is no such API key");
  const std::optional<std::string_view> id = ApiKeyIdOf(token);
  if (!id) return unknown;
  const ApiHash hash = HashApiToken(token);
  // Of several that share an id all but one are of former configurations.
  Account* found = by_id_.Find(
      *id, [&](const Account& account) { return Equal(account.hash, hash) && !account.gone; });
  if (found == nullptr) {
    // Who has the whole token may know what became of it.
    found = by_id_.Find(*id, [&](const Account& account) { return Equal(account.hash, hash); });
    return found == nullptr ? unknown : absl::UnauthenticatedError("this API key is revoked");
  }
  if (found->key.expire_time <= now) {
    return absl::UnauthenticatedError("this API key has expired");
  }
  return found;
}

Account* Callers::FindByCertificate(const std::vector<std::string>& names) const {
  for (const std::string& name : names) {
    Account* found =
        by_certificate_.Find(name, [](const Account& account) { return !account.gone; });
    if (found != nullptr) return found;
  }
  return nullptr;
}

absl::StatusOr<Admission> Callers::Admit(const Credentials& credentials, const Method& method) {
  const absl::Time now = clock_.Now();
  Account* account = nullptr;
  if (credentials.token) {
    absl::StatusOr<Account*> found = FindByToken(*credentials.token, now);
    if (!found.ok()) return found.status();
    account = *found;
  } else if (has_clients_.load(std::memory_order_relaxed)) {
    account = FindByCertificate(credentials.certificate_names());
  }
  if (account == nullptr) {
    if (!is_open()) {
      return absl::UnauthenticatedError(
          "an API key is needed, as metadata `authorization: Bearer bnc_...`");
    }
    return Admission(nobody_, /*counts=*/false, method.streams);
  }
  const Caller& caller = account->caller;
  if (!caller.roles.Allow(method.role)) {
    return absl::PermissionDeniedError(
        absl::StrCat("this wants the role `", Absl(ToString(method.role)), "`"));
  }
  if (method.scope == Scope::kAll && caller.tenant) {
    return absl::PermissionDeniedError("this wants a key of all tenants");
  }
  const std::int64_t seconds = absl::ToUnixSeconds(now);
  if (account->last_use.load(std::memory_order_relaxed) != seconds) {
    account->last_use.store(seconds, std::memory_order_relaxed);
  }
  if (seconds >= next_note_.load(std::memory_order_relaxed)) NoteUsesNowAndThen(now);

  if (account->calls.fetch_add(1, std::memory_order_relaxed) >= kMaxCallsPerKey) {
    account->calls.fetch_sub(1, std::memory_order_relaxed);
    return absl::ResourceExhaustedError(absl::StrCat("this key has ", kMaxCallsPerKey,
                                                     " calls under way, which is all it may have"));
  }
  if (method.streams &&
      account->streams.fetch_add(1, std::memory_order_relaxed) >= kMaxStreamsPerKey) {
    account->streams.fetch_sub(1, std::memory_order_relaxed);
    account->calls.fetch_sub(1, std::memory_order_relaxed);
    return absl::ResourceExhaustedError(absl::StrCat(
        "this key has ", kMaxStreamsPerKey, " streams under way, which is all it may have"));
  }
  return Admission(*account, /*counts=*/true, method.streams);
}

absl::StatusOr<Callers::MadeKey> Callers::Create(NewKey wanted) {
  MadeKey made;
  if (!wanted.secret) {
    made.token = MakeApiToken();
    absl::StatusOr<ApiSecret> secret = ApiSecretOf(made.token);
    if (!secret.ok()) return secret.status();
    wanted.secret = *std::move(secret);
  }
  MutexLock lock(mutex_);
  const bool admits_others = wanted.roles.Has(Role::kAdmin) && !wanted.tenant &&
                             wanted.expire_time == absl::InfiniteFuture();
  if (is_open() && !admits_others) {
    return absl::FailedPreconditionError(
        "this is the first key, and from then on every call needs one: it must have the role "
        "`admin`, be of all tenants and not expire, so that others can be made with it");
  }
  std::size_t stored = 0;
  std::size_t of_tenant = 0;
  for (const Account& account : accounts_) {
    if (account.key.id == wanted.secret->id) {
      return absl::AlreadyExistsError("there is a key with this id: another token is needed");
    }
    if (!account.gone && account.key.name == wanted.name && account.key.tenant == wanted.tenant) {
      return absl::AlreadyExistsError("there is a key of this name: revoke it, or take another");
    }
    if (account.configured) continue;
    ++stored;
    if (account.key.tenant == wanted.tenant) ++of_tenant;
  }
  if (wanted.tenant && of_tenant >= kMaxApiKeysOfTenant) {
    return absl::FailedPreconditionError(
        absl::StrCat("the tenant has ", kMaxApiKeysOfTenant,
                     " keys, revoked ones included, which is all it may have"));
  }
  if (stored >= kMaxApiKeys) {
    return absl::FailedPreconditionError(absl::StrCat(
        "there are ", kMaxApiKeys, " keys, revoked ones included, which is all there may be"));
  }
  made.key.id = wanted.secret->id;
  made.key.name = std::move(wanted.name);
  made.key.tenant = std::move(wanted.tenant);
  made.key.roles = wanted.roles.bits();
  made.key.token_hash.assign(wanted.secret->hash.begin(), wanted.secret->hash.end());
  made.key.create_time = clock_.Now();
  made.key.author = std::move(wanted.author);
  made.key.expire_time = wanted.expire_time;
  Work work = PutApiKeys{.keys = {made.key}};
  if (absl::Status status = committer_.SubmitAndWait(work); !status.ok()) return status;
  Account& account =
      Keep({made.key.name, made.key.tenant, wanted.roles}, made.key, wanted.secret->hash, false);
  if (absl::Status status = by_id_.Add(account.key.id, account); !status.ok()) return status;
  SeeWhetherOpen();
  return made;
}

absl::StatusOr<ApiKey> Callers::Revoke(const Caller& caller, std::string_view id,
                                       std::string author) {
  MutexLock lock(mutex_);
  const auto found = std::find_if(accounts_.begin(), accounts_.end(), [&](const Account& account) {
    const bool is_there = !account.configured || !account.gone;
    return is_there && account.key.id == id && MaySee(caller, account.key);
  });
  if (found == accounts_.end()) return absl::NotFoundError("there is no such key");
  if (found->configured) {
    return absl::FailedPreconditionError(
        "this key stands in the configuration: take it out there, and reload");
  }
  if (found->gone) return found->key;
  ApiKey revoked = found->key;
  revoked.revoke_time = clock_.Now();
  revoked.revoke_author = std::move(author);
  Work work = PutApiKeys{.keys = {revoked}};
  if (absl::Status status = committer_.SubmitAndWait(work); !status.ok()) return status;
  found->key.revoke_time = revoked.revoke_time;
  found->key.revoke_author = revoked.revoke_author;
  found->gone = true;
  SeeWhetherOpen();
  return revoked;
}

std::vector<Callers::Listed> Callers::List(std::optional<std::string_view> tenant, std::size_t most,
                                           std::int64_t& from) const {
  MutexLock lock(mutex_);
  std::vector<Listed> listed;
  std::size_t place = static_cast<std::size_t>(from);
  for (; place < accounts_.size() && listed.size() < most; ++place) {
    const Account& account = accounts_[place];
    if (account.configured && account.gone) continue;
    if (tenant && account.key.tenant != *tenant) continue;
    Listed& row = listed.emplace_back(Listed{account.key, account.configured});
    const std::int64_t seconds = account.last_use.load(std::memory_order_relaxed);
    if (seconds != 0) row.key.last_use_time = absl::FromUnixSeconds(seconds);
  }
  from = place < accounts_.size() ? static_cast<std::int64_t>(place) : 0;
  return listed;
}

void Callers::NoteUsesNowAndThen(absl::Time now) {
  std::int64_t due = next_note_.load(std::memory_order_relaxed);
  const std::int64_t next = absl::ToUnixSeconds(now + kKeyUseInterval);
  // One of those who find it due does it.
  if (next_note_.compare_exchange_strong(due, next, std::memory_order_relaxed)) NoteUses();
}

void Callers::NoteUses() {
  // Who makes or revokes a key holds it for the time of a commit, and a call does not wait for
  // that: the next minute will do.
  if (!mutex_.TryLock()) return;
  PutApiKeys noted;
  for (Account& account : accounts_) {
    const std::int64_t seconds = account.last_use.load(std::memory_order_relaxed);
    if (account.configured || seconds == 0) continue;
    const absl::Time time = absl::FromUnixSeconds(seconds);
    if (account.key.last_use_time && *account.key.last_use_time >= time) continue;
    account.key.last_use_time = time;
    noted.keys.push_back(account.key);
  }
  mutex_.Unlock();
  // One that is not written down is so at its next use.
  if (!noted.keys.empty()) committer_.Submit(std::move(noted), [](absl::Status, Work) {});
}

}  // namespace bounced::api
