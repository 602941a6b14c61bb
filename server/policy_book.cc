#include "server/policy_book.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "parser/text.h"

namespace bounced {
namespace {

constexpr std::string_view kDocument = "document";

bool StandsIn(const std::vector<TenantSection>& tenants, const std::string& name) {
  return std::any_of(tenants.begin(), tenants.end(),
                     [&name](const TenantSection& tenant) { return tenant.name == name; });
}

template <typename Each>
void ForEachPolicy(const std::vector<TenantSection>& tenants, Each each) {
  for (const TenantSection& tenant : tenants) {
    each(tenant.name, std::string(), tenant.policy);
    for (const StreamSection& stream : tenant.streams) {
      each(tenant.name, stream.name, stream.policy);
    }
  }
}

std::vector<TenantSection> Both(const std::vector<TenantSection>& a,
                                const std::vector<TenantSection>& b) {
  std::vector<TenantSection> both = a;
  both.insert(both.end(), b.begin(), b.end());
  return both;
}

std::vector<api::PolicyBook::Change> ChangesOf(const Policy& of_all,
                                               const std::vector<TenantSection>& before,
                                               const std::vector<TenantSection>& after) {
  const Policies was = PoliciesOf(of_all, before);
  const Policies is = PoliciesOf(of_all, after);
  std::set<std::pair<std::string, std::string>> places;
  for (const auto* tenants : {&before, &after}) {
    ForEachPolicy(*tenants, [&places](const std::string& tenant, const std::string& stream,
                                      const Policy&) { places.emplace(tenant, stream); });
  }
  std::vector<api::PolicyBook::Change> changes;
  for (const auto& [tenant, stream] : places) {
    const std::vector<PolicySetting> old = SettingsOf(was.Of(tenant, stream));
    const std::vector<PolicySetting> now = SettingsOf(is.Of(tenant, stream));
    for (std::size_t i = 0; i < now.size(); ++i) {
      if (old[i].value == now[i].value) continue;
      changes.push_back({tenant, stream, std::string(now[i].key), old[i].value, now[i].value});
    }
  }
  return changes;
}

}  // namespace

PolicyBook::PolicyBook(const Config& config, PolicyDocument applied, Committer& committer,
                       const Log& log)
    : event_days_(config.store.keep.events),
      committer_(committer),
      log_(log),
      document_(std::move(applied)) {
  MutexLock lock(mutex_);
  absl::StatusOr<Book> book = BookOf(config);
  if (book.ok()) {
    Use(*std::move(book));
    return;
  }
  log_.Error("policies.not_in_force",
             {{"revision", document_.revision}, {"message", Std(book.status().message())}});
  Use({.of_all = config.policy, .configured = config.tenants, .applied = {}});
}

absl::Status PolicyBook::TakeUp(const Config& config, absl::FunctionRef<absl::Status()> rest) {
  MutexLock lock(mutex_);
  absl::StatusOr<Book> book = BookOf(config);
  if (!book.ok()) {
    // With the next start it would be out of force.
    return absl::InvalidArgumentError(absl::StrCat("of the policies that were applied, revision ",
                                                   document_.revision, ": ",
                                                   book.status().message()));
  }
  if (absl::Status status = rest(); !status.ok()) return status;
  Use(*std::move(book));
  return absl::OkStatus();
}

absl::StatusOr<PolicyBook::Book> PolicyBook::BookOf(const Config& config) const {
  absl::StatusOr<std::vector<TenantSection>> applied =
      ParseTenants(document_.document, kDocument, config.policy,
                   std::min(event_days_, config.store.keep.events));
  if (!applied.ok()) return applied.status();
  std::erase_if(*applied, [&, revision = document_.revision](const TenantSection& tenant) {
    if (!StandsIn(config.tenants, tenant.name)) return false;
    log_.Warning("policies.tenant_is_configured",
                 {{"tenant", tenant.name}, {"revision", revision}});
    return true;
  });
  return Book{
      .of_all = config.policy, .configured = config.tenants, .applied = *std::move(applied)};
}

void PolicyBook::Use(Book book) {
  book_ = std::move(book);
  committer_.SetPolicies(PoliciesOf(book_.of_all, Both(book_.configured, book_.applied)));
}

absl::StatusOr<api::PolicyBook::Applied> PolicyBook::Apply(Application application) {
  MutexLock lock(mutex_);
  if (application.onto && *application.onto != document_.revision) {
    return absl::AbortedError(absl::StrCat("revision ", document_.revision, " is in force, not ",
                                           *application.onto, "; look at it, and apply again"));
  }
  absl::StatusOr<std::vector<TenantSection>> tenants =
      ParseTenants(application.document, kDocument, book_.of_all, event_days_);
  if (!tenants.ok()) return tenants.status();
  for (const TenantSection& tenant : *tenants) {
    if (!StandsIn(book_.configured, tenant.name)) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("tenant \"", tenant.name,
                     "\" stands in the configuration of the server, and what that says holds"));
  }
  Applied applied{.changes = ChangesOf(book_.of_all, book_.applied, *tenants),
                  .revision = document_.revision};
  if (application.dry_run || application.document == document_.document) return applied;
  Work put = PutPolicies{.document = std::string(application.document),
                         .author = std::move(application.author),
                         .cause = std::move(application.cause)};
  if (absl::Status s = committer_.SubmitAndWait(put); !s.ok()) return s;
  auto& done = std::get<PutPolicies>(put);
  document_ = {.revision = done.revision,
               .time = {},
               .author = std::move(done.author),
               .cause = std::move(done.cause),
               .document = std::move(done.document)};
  book_.applied = *std::move(tenants);
  Use(std::move(book_));
  log_.Info("policies.applied", {{"revision", document_.revision},
                                 {"changes", static_cast<std::int64_t>(applied.changes.size())}});
  applied.revision = document_.revision;
  return applied;
}

std::vector<api::PolicyBook::Entry> PolicyBook::InForce() const {
  MutexLock lock(mutex_);
  std::vector<Entry> entries;
  const auto add = [&entries](const std::string& tenant, const std::string& stream,
                              const Policy& policy, bool configured) {
    Entry& entry = entries.emplace_back(
        Entry{.tenant = tenant, .stream = stream, .configured = configured, .settings = {}});
    for (PolicySetting& setting : SettingsOf(policy)) {
      entry.settings.emplace_back(setting.key, std::move(setting.value));
    }
  };
  add("", "", book_.of_all, true);
  for (const auto& [tenants, configured] :
       {std::pair(&book_.configured, true), std::pair(&book_.applied, false)}) {
    ForEachPolicy(*tenants, [&add, is = configured](
                                const std::string& tenant, const std::string& stream,
                                const Policy& policy) { add(tenant, stream, policy, is); });
  }
  return entries;
}

}  // namespace bounced
