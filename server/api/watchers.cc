#include "server/api/watchers.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace bounced::api {

Watchers::Watchers(const ChangeFeed& feed, WatcherLimits limits, absl::Duration heartbeat)
    : limits_(limits),
      heartbeat_(heartbeat),
      subscription_(feed, [this](std::span<const ChangeFeed::News> news) { Tell(news); }),
      thread_([this] { Run(); }) {}

Watchers::~Watchers() {
  {
    MutexLock lock(mutex_);
    ended_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

absl::Status Watchers::Add(const std::string& tenant, std::shared_ptr<Watcher> watcher) {
  {
    MutexLock lock(mutex_);
    if (stopped_) return absl::UnavailableError("the server stops: resume with the last token");
    if (count_ >= limits_.all) {
      return absl::ResourceExhaustedError(
          absl::StrCat(limits_.all, " watch already; come back later"));
    }
    Group& group = by_tenant_[tenant];
    if (group.size() >= limits_.of_tenant) {
      return absl::ResourceExhaustedError(
          absl::StrCat(limits_.of_tenant, " watch this tenant already; come back later"));
    }
    group.push_back(std::move(watcher));
    if (++count_ > 1) return absl::OkStatus();
  }
  changed_.notify_one();
  return absl::OkStatus();
}

void Watchers::Remove(const std::string& tenant, const Watcher* watcher) {
  MutexLock lock(mutex_);
  const auto group = by_tenant_.find(tenant);
  if (group == by_tenant_.end()) return;
  count_ -= std::erase_if(group->second, [&](const auto& each) { return each.get() == watcher; });
  if (group->second.empty()) by_tenant_.erase(group);
}

void Watchers::Stop() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
  }
  for (const std::shared_ptr<Watcher>& watcher : All()) watcher->Stop();
}

// Without the lock: a watcher may leave while it is told.
void Watchers::Tell(std::span<const ChangeFeed::News> news) {
  for (const ChangeFeed::News& each : news) {
    Group group;
    {
      MutexLock lock(mutex_);
      if (const auto found = by_tenant_.find(each.tenant); found != by_tenant_.end()) {
        group = found->second;
      }
    }
    for (const std::shared_ptr<Watcher>& watcher : group) watcher->Wake(each.changes);
  }
}

Watchers::Group Watchers::All() {
  MutexLock lock(mutex_);
  Group all;
  for (const auto& [tenant, group] : by_tenant_) all.insert(all.end(), group.begin(), group.end());
  return all;
}

// Sleeps while nobody watches.
void Watchers::Run() {
  for (;;) {
    {
      MutexLock lock(mutex_);
      lock.Wait(changed_, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return ended_ || count_ > 0; });
      lock.WaitFor(changed_, absl::ToChronoMilliseconds(heartbeat_),
                   [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return ended_; });
      if (ended_) return;
    }
    for (const std::shared_ptr<Watcher>& watcher : All()) watcher->Tick();
  }
}

}  // namespace bounced::api
