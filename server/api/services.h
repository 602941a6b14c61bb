// What the calls of all services share.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/status/statusor.h"
#include "server/api/gate.h"
#include "server/api/limits.h"
#include "server/api/parts.h"
#include "server/api/status.h"
#include "server/api/watchers.h"
#include "server/api/workers.h"

namespace bounced::api {

struct Services {
  Parts parts;
  Workers& workers;
  WorkerShare& watch_reads;
  OctetBudget& budget;
  Watchers& watchers;

  grpc::Status ToGrpc(const absl::Status& status) const { return api::ToGrpc(status, parts.log); }
};

inline absl::Status TooBusy() {
  return absl::ResourceExhaustedError("too many calls wait for a worker");
}

// Answers a call by `work`, which returns the grpc::Status to end it with, on a worker; unless the
// caller has gone by then.
template <typename Work>
grpc::ServerUnaryReactor* AnswerOnWorker(grpc::CallbackServerContext* context, Services& services,
                                         Work work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  bool queued = services.workers.Submit([context, reactor, work = std::move(work)]() mutable {
    reactor->Finish(context->IsCancelled() ? grpc::Status::CANCELLED : work());
  });
  if (!queued) reactor->Finish(services.ToGrpc(TooBusy()));
  return reactor;
}

// Answers a call at once.
inline grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context,
                                        const grpc::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

// Fills a page: `read(size, cursor)` gives a Page, `add(row)` takes a row and returns its octets in
// the answer. Returns where the next page begins.
template <typename Read, typename Add>
absl::StatusOr<Cursor> FillPage(int page_size, Cursor cursor, Read read, Add add) {
  std::size_t octets = 0;
  int rows = 0;
  for (;;) {
    int step = std::min(page_size - rows, kPageStepRows);
    auto page = read(step, cursor);
    if (!page.ok()) return page.status();
    for (const auto& row : page->rows) octets += add(row);
    rows += static_cast<int>(page->rows.size());
    cursor = page->next;
    // A step that came short has looked at all the rows that one query may.
    bool full = rows >= page_size || octets >= kFullPageOctets;
    if (cursor == 0 || full || static_cast<int>(page->rows.size()) < step) return cursor;
  }
}

}  // namespace bounced::api
