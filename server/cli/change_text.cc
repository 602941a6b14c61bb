#include "server/cli/change_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/cli/times.h"
#include "server/cli/words.h"

namespace bounced::cli {
namespace {

std::string ActionWord(v1::SuppressionChange::Action action) {
  switch (action) {
    case v1::SuppressionChange::ACTION_CREATED:
      return "created";
    case v1::SuppressionChange::ACTION_REPLACED:
      return "replaced";
    case v1::SuppressionChange::ACTION_REMOVED:
      return "removed";
    case v1::SuppressionChange::ACTION_ALLOWED:
      return "allowed";
    case v1::SuppressionChange::ACTION_DISALLOWED:
      return "disallowed";
    case v1::SuppressionChange::ACTION_RECLASSIFIED:
      return "reclassified";
    case v1::SuppressionChange::ACTION_FORGOTTEN:
      return "forgotten";
    default:
      return "";
  }
}

}  // namespace

const char* const kChangeLineHelp =
    "Prints a line for each change, with tabs between: number, time, what was done (created,\n"
    "replaced, removed, allowed, disallowed, reclassified, forgotten), address, stream, source,\n"
    "reason, time of its end, author, cause; - stands for none.";

std::string ChangeLine(const v1::SuppressionChange& change) {
  const v1::Suppression& suppression = change.suppression();
  const std::string fields[] = {
      absl::StrCat(change.number()),       OrDash(LineTime(change.time())),
      OrDash(ActionWord(change.action())), Shown(suppression.address()),
      OrDash(Shown(suppression.stream())), OrDash(Word(suppression.source())),
      OrDash(Shown(suppression.reason())), OrDash(LineTime(suppression.expire_time())),
      OrDash(Shown(change.author())),      OrDash(Shown(change.cause()))};
  return absl::StrJoin(fields, "\t");
}

void PrintChange(Session& session, const v1::SuppressionChange& change) {
  if (session.json()) return session.out().Json(change);
  session.out().Text(ChangeLine(change) + "\n");
}

}  // namespace bounced::cli
