// Page tokens: where a list goes on, and of which list it was.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "storage/store.h"

namespace bounced::api {

// Opaque to clients: a cursor and a digest over it and `list`, which is all that selects the rows
// (tenant and filters) in a form that is the same for the same selection. It holds no secret and
// protects none: rows are selected by the request, which is what names the tenant. The digest keeps
// a token from being used where its cursor means another place. Good across restarts.
std::string MakePageToken(Cursor cursor, std::string_view list);

// The cursor of a token; 0 for an empty one. INVALID_ARGUMENT, naming `page_token`: not a token of
// ours, or of another list.
absl::StatusOr<Cursor> ReadPageToken(std::string_view token, std::string_view list);

// `list` of a request: its name and all of its fields but those of paging and the tenant, which
// stands as it was resolved.
template <typename Request>
std::string ListOf(Request request, std::string_view tenant) {
  request.set_tenant(std::string(tenant));
  request.clear_page_size();
  request.clear_page_token();
  return request.GetTypeName() + '\0' + request.SerializeAsString();
}

}  // namespace bounced::api
