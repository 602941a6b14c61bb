// One diagnostic without the report around it, as a mail server of one's own has it in its log.
#pragma once

#include <optional>
#include <string_view>

#include "parser/report.h"
#include "parser/rules.h"

namespace bounced {

// What a server said when it refused a recipient. All but `text` is for what is known from
// elsewhere; a server that does not know it leaves it out.
struct Diagnostic {
  // As a Diagnostic-Code (RFC 3464, 2.3.6), "smtp; 550 5.1.1 no such user", or what stands behind
  // the type, which is then taken for a reply; of several lines, or in one. A host in front of it
  // that is said to have spoken ("host mx.example[192.0.2.1] said: 550 ...") is the remote server.
  std::string_view text;
  // As a Status field, "5.1.1"; what is no status is left unread. Loses to one in the text where it
  // says less (README, "Rules").
  std::string_view enhanced_status = "";
  // 200 to 599, in place of any in the text; others are left unread.
  std::optional<int> reply_code = std::nullopt;
  // The remote server's name, in place of any in the text. Rules about one provider fire for its
  // servers.
  std::string_view remote_mta = "";
  // In place of any in the text.
  Stage stage = Stage::kUnknown;
};

// Reads it as if mail to a recipient of whom nothing else is known had failed. Spans count from the
// beginning of `text`, and have no length for what is known from elsewhere. Total and linear; may
// be called by any number of threads. With `candidates` the rules that did not win are listed.
Recipient ReadDiagnostic(const Diagnostic& diagnostic, const RuleSet& rules,
                         bool candidates = false);

// The same of a text alone.
inline Recipient ReadDiagnostic(std::string_view text, const RuleSet& rules,
                                bool candidates = false) {
  return ReadDiagnostic(Diagnostic{.text = text}, rules, candidates);
}

}  // namespace bounced
