// Answers of DNS, for as long as they hold.
#pragma once

#include <cstddef>
#include <list>
#include <map>

#include "absl/time/time.h"
#include "server/dns/lookups.h"

namespace bounced::dns {

// Holds at most `max_entries` answers; over it the one goes that was asked for least recently. Not
// thread-safe.
class AnswerCache {
 public:
  explicit AnswerCache(std::size_t max_entries) : max_entries_(max_entries) {}
  AnswerCache(const AnswerCache&) = delete;
  AnswerCache& operator=(const AnswerCache&) = delete;

  // Null: there is none, or it holds no longer. Good until the next call.
  const Answer* Find(const Question& question, absl::Time now);
  // `until`: when it ceases to hold.
  void Insert(const Question& question, Answer answer, absl::Time until);

 private:
  struct Entry {
    Question question;
    Answer answer;
    absl::Time until;
  };
  using Entries = std::list<Entry>;

  const std::size_t max_entries_;
  Entries entries_;  // the last asked for first
  std::map<Question, Entries::iterator> places_;
};

}  // namespace bounced::dns
