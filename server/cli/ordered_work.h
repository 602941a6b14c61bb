// Work that several threads share, whose results come in the order in which it was handed in.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace bounced::cli {

// Each piece goes through `work`, which the threads call at the same time, and what that makes of
// it through `take`, which only the owner's thread calls, from within Add() and Finish(). Neither
// throws. Belongs to its owner's thread.
//
// Memory is bounded: no more than kPiecesAThread pieces for each thread are under way, and no more
// than `max_octets` of them together, but for a single piece that is larger.
template <typename Piece, typename Result>
class OrderedWork {
 public:
  using Work = std::function<Result(Piece)>;
  using Take = std::function<void(Result)>;

  static constexpr std::size_t kPiecesAThread = 4;

  // One thread is the owner's own: each piece is done when Add() returns.
  OrderedWork(int threads, std::size_t max_octets, Work work, Take take)
      : max_octets_(max_octets), work_(std::move(work)), take_(std::move(take)) {
    if (threads <= 1) return;
    threads_.reserve(static_cast<std::size_t>(threads));
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
  }
  // Waits for what is under way, and takes none of it.
  ~OrderedWork() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    added_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  OrderedWork(const OrderedWork&) = delete;
  OrderedWork& operator=(const OrderedWork&) = delete;

  // Waits, and takes, until there is room for one more piece, of `octets`.
  void Add(Piece piece, std::size_t octets) {
    if (threads_.empty()) return take_(work_(std::move(piece)));
    while (under_way_ > 0 && (under_way_ == kPiecesAThread * threads_.size() ||
                              octets > max_octets_ || octets_ > max_octets_ - octets)) {
      TakeOldest();
    }
    ++under_way_;
    octets_ += octets;
    {
      const std::lock_guard lock(mutex_);
      slots_.push_back({.piece = std::move(piece), .octets = octets});
    }
    added_.notify_one();
  }
  // Returns when everything that was added is taken.
  void Finish() {
    while (under_way_ > 0) TakeOldest();
  }

 private:
  struct Slot {
    Piece piece;
    std::size_t octets;
    Result result = {};
    bool is_done = false;
  };

  void TakeOldest() {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return slots_.front().is_done; });
    Slot slot = std::move(slots_.front());
    slots_.pop_front();
    --begun_;
    lock.unlock();
    --under_way_;
    octets_ -= slot.octets;
    take_(std::move(slot.result));
  }

  void Run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      added_.wait(lock, [this] { return ended_ || begun_ < slots_.size(); });
      if (begun_ == slots_.size()) return;
      Slot& slot = slots_[begun_++];  // stays in its place: only the ends of the queue move
      lock.unlock();
      slot.result = work_(std::move(slot.piece));
      lock.lock();
      slot.is_done = true;
      done_.notify_one();
    }
  }

  const std::size_t max_octets_;
  const Work work_;
  const Take take_;
  // The owner's: what is in slots_.
  std::size_t under_way_ = 0;
  std::size_t octets_ = 0;

  std::mutex mutex_;  // guards what follows
  std::condition_variable added_;
  std::condition_variable done_;
  std::deque<Slot> slots_;  // the oldest first; one that has begun is its thread's until it is done
  std::size_t begun_ = 0;   // so many of slots_ have
  bool ended_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace bounced::cli
