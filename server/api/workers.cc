#include "server/api/workers.h"

namespace bounced::api {

Workers::Workers(int threads, std::size_t max_waiting) : max_waiting_(max_waiting) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

Workers::~Workers() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool Workers::Submit(Job job) {
  {
    MutexLock lock(mutex_);
    if (waiting_.size() >= max_waiting_) return false;
    waiting_.push_back(std::move(job));
  }
  changed_.notify_one();
  return true;
}

void Workers::Run() {
  for (;;) {
    Job job;
    {
      MutexLock lock(mutex_);
      lock.Wait(changed_, [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return stopping_ || !waiting_.empty();
      });
      if (waiting_.empty()) return;
      job = std::move(waiting_.front());
      waiting_.pop_front();
    }
    job();
  }
}

void WorkerShare::Submit(Workers::Job job) {
  {
    MutexLock lock(mutex_);
    waiting_.push_back(std::move(job));
  }
  HandOver();
}

// What the workers get is a turn: whose it is shows when it comes.
void WorkerShare::HandOver() {
  MutexLock lock(mutex_);
  while (handed_over_ < waiting_.size() && handed_over_ + running_ < most_ &&
         workers_.Submit([this] { RunNext(); })) {
    ++handed_over_;
  }
}

void WorkerShare::RunNext() {
  Workers::Job job;
  {
    MutexLock lock(mutex_);
    --handed_over_;
    ++running_;
    job = std::move(waiting_.front());
    waiting_.pop_front();
  }
  job();
  job = nullptr;
  {
    MutexLock lock(mutex_);
    --running_;
  }
  HandOver();
}

}  // namespace bounced::api
