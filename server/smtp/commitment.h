// A commit under way, between the session that waits for it and the thread that ends it.
#pragma once

#include <asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "server/smtp/message_ids.h"

namespace bounced::smtp {

// Shared by both sides, so that either may be gone before the other: a result that comes when the
// session no longer waits is dropped, and touches neither session nor executor.
class Commitment : public std::enable_shared_from_this<Commitment> {
 public:
  using Result = absl::StatusOr<MessageIds>;

  // From any thread, once.
  void Set(Result result);

  // The rest on the session's thread. None: not there yet, and `wake` will be called on `executor`
  // when it is, or before.
  std::optional<Result> TakeOrWait(const asio::any_io_executor& executor,
                                   std::function<void()> wake);
  // The result if it is there. `wake` is never called from here on.
  std::optional<Result> Abandon();

 private:
  void Wake();

  std::mutex mutex_;  // guards everything; held while posting, so that the executor lives meanwhile
  std::optional<Result> result_;
  asio::any_io_executor executor_;
  std::function<void()> wake_;  // set: somebody waits
  bool abandoned_ = false;
};

}  // namespace bounced::smtp
