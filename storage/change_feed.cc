#include "storage/change_feed.h"

#include <utility>

namespace bounced {

ChangeFeed::Subscription::Subscription(const ChangeFeed& feed, Listener listener) : feed_(feed) {
  MutexLock lock(feed_.mutex_);
  place_ = feed_.listeners_.insert(feed_.listeners_.end(), std::move(listener));
}

ChangeFeed::Subscription::~Subscription() {
  MutexLock lock(feed_.mutex_);
  feed_.listeners_.erase(place_);
}

void ChangeFeed::Publish(std::span<const News> news, std::int64_t newest) {
  newest_.store(newest, std::memory_order_release);
  if (news.empty()) return;
  MutexLock lock(mutex_);
  for (const Listener& listener : listeners_) listener(news);
}

}  // namespace bounced
