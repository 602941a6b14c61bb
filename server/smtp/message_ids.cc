#include "server/smtp/message_ids.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace bounced::smtp {

std::string ShowIds(const MessageIds& ids) {
  const std::size_t shown = std::min(ids.size(), kMaxShownIds);
  std::string text;
  for (std::size_t i = 0; i < shown; ++i) {
    std::string id = ids[i].substr(0, kMaxShownIdOctets);
    std::replace_if(
        id.begin(), id.end(), [](char c) { return c <= ' ' || c > '~'; }, '?');
    absl::StrAppend(&text, i == 0 ? "" : ",", id);
  }
  if (shown < ids.size()) absl::StrAppend(&text, ",+", ids.size() - shown);
  return text;
}

}  // namespace bounced::smtp
