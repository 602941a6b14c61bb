#include "server/dns/answer_cache.h"

#include <utility>

namespace bounced::dns {

const Answer* AnswerCache::Find(const Question& question, absl::Time now) {
  const auto place = places_.find(question);
  if (place == places_.end()) return nullptr;
  const Entries::iterator entry = place->second;
  if (now >= entry->until) {
    entries_.erase(entry);
    places_.erase(place);
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, entry);
  return &entry->answer;
}

void AnswerCache::Insert(const Question& question, Answer answer, absl::Time until) {
  if (max_entries_ == 0) return;
  const auto place = places_.find(question);
  if (place != places_.end()) {
    entries_.erase(place->second);
    places_.erase(place);
  } else if (entries_.size() == max_entries_) {
    places_.erase(entries_.back().question);
    entries_.pop_back();
  }
  entries_.push_front(Entry{question, std::move(answer), until});
  places_.emplace(question, entries_.begin());
}

}  // namespace bounced::dns
