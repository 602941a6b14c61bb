// A message while it comes in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace bounced::smtp {

enum class Fate {
  kKept,
  kTooLarge,  // more than the limit came
  kShed,      // all sessions together hold too much
};

// Keeps a message's octets up to a limit; beyond it none of them, and only counts.
class MessageBuffer {
 public:
  explicit MessageBuffer(std::size_t limit) : limit_(limit) {}

  void Append(std::string_view octets) {
    octets_ += octets.size();
    if (fate_ != Fate::kKept) return;
    if (octets_ > limit_) return Drop(Fate::kTooLarge);
    text_ += octets;
  }
  void Append(char octet) { Append(std::string_view(&octet, 1)); }

  // What is held is freed, and what comes is counted only.
  void Shed() {
    if (fate_ == Fate::kKept) Drop(Fate::kShed);
  }
  // Makes room for a message whose size is known.
  void Reserve(std::size_t octets) { text_.reserve(octets); }
  // The message; the buffer is as new.
  std::string Take() {
    std::string text = std::move(text_);
    Reset();
    return text;
  }
  void Reset() {
    text_ = std::string();
    octets_ = 0;
    fate_ = Fate::kKept;
  }

  Fate fate() const { return fate_; }
  std::uint64_t octets() const { return octets_; }  // that came, held or not
  std::size_t held() const { return text_.size(); }

 private:
  void Drop(Fate fate) {
    fate_ = fate;
    text_ = std::string();
  }

  std::size_t limit_;
  std::string text_;
  std::uint64_t octets_ = 0;
  Fate fate_ = Fate::kKept;
};

}  // namespace bounced::smtp
