// Lists of the API as verbs narrow and read them.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/cli/session.h"
#include "server/cli/times.h"

namespace bounced::cli {

// The time in which rows lie, as the command line has it; not set: no bound.
struct Period {
  std::optional<std::string> since;
  std::optional<std::string> until;

  // Sets the fields of `message` that were given. INVALID_ARGUMENT: not a time.
  template <typename Message>
  absl::Status Set(absl::Time now, Message& message,
                   google::protobuf::Timestamp* (Message::*from)(),
                   google::protobuf::Timestamp* (Message::*before)()) const {
    if (since) {
      absl::StatusOr<absl::Time> time = ParseTime(*since, now, Direction::kPast);
      if (!time.ok()) return time.status();
      *(message.*from)() = ToTimestamp(*time);
    }
    if (until) {
      absl::StatusOr<absl::Time> time = ParseTime(*until, now, Direction::kPast);
      if (!time.ok()) return time.status();
      *(message.*before)() = ToTimestamp(*time);
    }
    return absl::OkStatus();
  }
};

// Reads a list page by page, in pages of `page_rows`, and at most `limit` rows; 0: all. `list`
// makes the call of one page; `print` prints the rows of its answer, and says how many they were.
template <typename Stub, typename Request, typename Response, typename Print>
absl::Status ReadPages(Session& session, Stub& stub,
                       grpc::Status (Stub::*list)(grpc::ClientContext*, const Request&, Response*),
                       Request& request, std::int64_t page_rows, std::int64_t limit, Print print) {
  std::int64_t left = limit == 0 ? std::numeric_limits<std::int64_t>::max() : limit;
  do {
    request.set_page_size(static_cast<std::int32_t>(std::min(left, page_rows)));
    Response page;
    absl::Status status = session.client().Unary(
        [&](grpc::ClientContext* context) { return (stub.*list)(context, request, &page); });
    if (!status.ok()) return status;
    left -= print(page);
    session.out().Flush();
    request.set_page_token(page.next_page_token());
  } while (left > 0 && !request.page_token().empty());
  return absl::OkStatus();
}

}  // namespace bounced::cli
