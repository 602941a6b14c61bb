#include "tests/simulation/watcher.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/api/watch_token.h"
#include "tests/simulation/audit.h"
#include "tests/simulation/violation.h"

namespace bounced::simulation {
namespace {

// Those of the tenant behind `number` that are kept.
std::vector<std::int64_t> NumbersAfter(const Model& model, const std::string& tenant,
                                       std::int64_t number) {
  std::vector<std::int64_t> numbers;
  for (std::int64_t next = number + 1; next <= model.newest(); ++next) {
    const HistoryEntry& entry = model.entry(next);
    if (entry.address.first == tenant && !entry.is_dropped) numbers.push_back(next);
  }
  return numbers;
}

// But for the return path, which a change does not name.
bool IsSame(const Stands& want, const Suppression& got) {
  return want.until == got.expire_time && want.create_time == got.create_time &&
         want.reason == got.reason && want.return_path.empty() == (got.event_id == 0);
}

void CheckChange(const HistoryEntry& want, std::int64_t number, const Change& got) {
  const Suppression& s = got.suppression;
  Require(got.number == number, absl::StrCat("the watcher is told of change ", got.number,
                                             " where ", number, " comes next"));
  const bool is_it = got.what == want.what && got.time == want.time &&
                     KeyOf(s.tenant, s.address) == want.address &&
                     StandsKey(s.stream, s.source) == want.key && IsSame(want.after, s) &&
                     got.before.has_value() == want.before.has_value() &&
                     (!want.before || IsSame(*want.before, *got.before)) &&
                     got.author == want.author && got.undoes == want.undoes;
  Require(is_it, absl::StrCat("the watcher is told otherwise of change ", number, ": ",
                              Describe(want.key, want.after)));
}

}  // namespace

absl::Status Watcher::Read(const Store& store, const Model& model, Random& random, Trace& trace) {
  const int most = random.Between(1, 5);
  return ReadSome(store, model, most, random.Chance(20), trace);
}

absl::Status Watcher::CatchUp(const Store& store, const Model& model, Random& random,
                              Trace& trace) {
  absl::Status status;
  is_at_the_end_ = false;
  while (status.ok() && !is_at_the_end_) {
    status = ReadSome(store, model, random.Between(1, 5), /*is_lost=*/false, trace);
  }
  return status;
}

absl::Status Watcher::ReadSome(const Store& store, const Model& model, int most, bool is_lost,
                               Trace& trace) {
  // What is kept no longer makes a whole list.
  if (token_.empty() && model.dropped_up_to() > 0) return BeginAnew(store, model, trace);
  std::optional<FeedPosition> from;
  if (!token_.empty()) {
    const absl::StatusOr<FeedPosition> position = api::ReadWatchToken(store, tenant_, token_);
    Require(position.ok(), absl::StrCat("a token is refused: ", position.status().ToString()));
    from = *position;
  }
  const bool is_missing =
      from && model.dropped_up_to() > std::max(from->number, from->dropped_up_to);
  const absl::StatusOr<ChangesAfter> after = store.ListChangesAfter(tenant_, from, most);
  if (absl::IsOutOfRange(after.status())) {
    Require(is_missing, "a watcher is refused that has missed nothing");
    return BeginAnew(store, model, trace);
  }
  if (!after.ok()) return after.status();
  Require(!is_missing, "a watcher has missed changes and is not told so");

  const std::vector<std::int64_t> want = NumbersAfter(model, tenant_, from ? from->number : 0);
  const std::size_t count = std::min(want.size(), static_cast<std::size_t>(most));
  Require(after->changes.size() == count && after->more == (want.size() > count),
          absl::StrCat("the watcher of ", tenant_, " is told of ", after->changes.size(),
                       " changes, not ", count));
  for (std::size_t i = 0; i < count; ++i) {
    CheckChange(model.entry(want[i]), want[i], after->changes[i]);
  }
  trace.Add(absl::StrCat("watch ", tenant_, " from ", from ? from->number : 0, ": ", count,
                         is_lost ? ", lost" : ""));
  is_at_the_end_ = !after->more;
  if (is_lost) return absl::OkStatus();
  token_ = api::MakeWatchToken(store, tenant_, after->next);
  for (const Change& change : after->changes) {
    const Suppression& s = change.suppression;
    const std::pair place(KeyOf(s.tenant, s.address), StandsKey(s.stream, s.source));
    if (change.what == Change::What::kRemoved) {
      list_.erase(place);
    } else {
      list_.insert_or_assign(place, s.expire_time);
    }
  }
  if (is_at_the_end_) CheckList(model);
  return absl::OkStatus();
}

// Takes the list over, and goes on from there.
absl::Status Watcher::BeginAnew(const Store& store, const Model& model, Trace& trace) {
  const FeedPosition now{.number = store.change_feed().newest()};
  SuppressionFilter filter;
  filter.tenant = tenant_;
  const absl::StatusOr<Page<Suppression>> page = store.ListSuppressions(filter, 1'000, 0);
  if (!page.ok()) return page.status();
  list_.clear();
  for (const Suppression& s : page->rows) {
    list_.emplace(std::pair(KeyOf(s.tenant, s.address), StandsKey(s.stream, s.source)),
                  s.expire_time);
  }
  token_ = api::MakeWatchToken(store, tenant_, now);
  trace.Add(absl::StrCat("watch ", tenant_, " anew from ", now.number));
  CheckList(model);
  return absl::OkStatus();
}

void Watcher::CheckList(const Model& model) const {
  List want;
  for (const auto& [address, standing] : model.standing()) {
    if (address.first != tenant_) continue;
    for (const auto& [key, stands] : standing) want.emplace(std::pair(address, key), stands.until);
  }
  Require(list_ == want, "the list of the watcher of " + tenant_ + " is not what stands");
}

}  // namespace bounced::simulation
