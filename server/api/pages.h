// The answers of lists, a page at a time.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "server/api/from_proto.h"
#include "server/api/page_token.h"
#include "server/api/services.h"
#include "server/api/to_proto.h"

namespace bounced::api {

// Adds a page of the list `list` (page_token.h) to the answer, from where the request's token says,
// and sets the token of the next one. `add` adds an empty row to the answer; `read` as FillPage()
// has it. INVALID_ARGUMENT: of the request's page_size or page_token; other errors are `read`'s.
template <typename Request, typename Response, typename Row, typename Read>
absl::Status AddPage(const Request& request, const std::string& list, Read read, Response& response,
                     Row* (Response::*add)()) {
  absl::StatusOr<int> page_size = PageSizeOf(request.page_size());
  if (!page_size.ok()) return page_size.status();
  absl::StatusOr<Cursor> from = ReadPageToken(request.page_token(), list);
  if (!from.ok()) return from.status();
  absl::StatusOr<Cursor> next = FillPage(*page_size, *from, read, [&](const auto& row) {
    Row* added = (response.*add)();
    *added = ToProto(row);
    return added->ByteSizeLong();
  });
  if (!next.ok()) return next.status();
  if (*next != 0) response.set_next_page_token(MakePageToken(*next, list));
  return absl::OkStatus();
}

}  // namespace bounced::api
