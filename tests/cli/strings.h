// Sources and sinks in memory.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "server/cli/streams.h"

namespace bounced::cli {

// Gives `text` in pieces of at most `piece` octets.
class StringSource : public Source {
 public:
  explicit StringSource(std::string text, std::size_t piece = kReadOctets)
      : text_(std::move(text)), piece_(piece) {}
  absl::StatusOr<std::size_t> Read(char* buffer, std::size_t size) override {
    const std::size_t octets = std::min({size, piece_, text_.size() - at_});
    text_.copy(buffer, octets, at_);
    at_ += octets;
    return octets;
  }
  bool WouldWait() override { return false; }
  void Interrupt() override {}
  std::size_t given() const { return at_; }

 private:
  const std::string text_;
  const std::size_t piece_;
  std::size_t at_ = 0;
};

class StringSink : public Sink {
 public:
  absl::Status Write(std::string_view octets) override {
    text += octets;
    return absl::OkStatus();
  }
  absl::Status Flush() override { return absl::OkStatus(); }

  std::string text;
};

}  // namespace bounced::cli
