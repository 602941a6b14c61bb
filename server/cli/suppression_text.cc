#include "server/cli/suppression_text.h"

#include "absl/strings/str_cat.h"
#include "server/cli/times.h"
#include "server/cli/words.h"

namespace bounced::cli {
std::string ReasonText(const v1::Suppression& suppression) {
  const std::string bounce_class = Word(suppression.bounce_class());
  return absl::StrCat(Shown(suppression.reason()),
                      bounce_class.empty() ? "" : absl::StrCat(" (", bounce_class, ")"));
}

std::string StreamText(const v1::Suppression& suppression) {
  if (suppression.stream().empty()) return "all streams";
  return absl::StrCat("stream ", Shown(suppression.stream()));
}

std::string EndText(const v1::Suppression& suppression) {
  if (!suppression.has_expire_time()) return "until it is taken off";
  return absl::StrCat("until ", ShownTime(suppression.expire_time()), " UTC");
}

void PrintSuppression(Session& session, const v1::Suppression& suppression) {
  if (session.json()) return session.out().Json(suppression);
  session.out().Line(
      {suppression.address(), OrDash(suppression.stream()), OrDash(Word(suppression.source())),
       OrDash(suppression.reason()), OrDash(Word(suppression.bounce_class())),
       OrDash(LineTime(suppression.create_time())), OrDash(LineTime(suppression.expire_time()))});
}

}  // namespace bounced::cli
