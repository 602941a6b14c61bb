#include "parser/diagnostic.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "parser/dsn/enhanced_status.h"
#include "parser/dsn/recipient.h"
#include "parser/dsn/reported_name.h"
#include "parser/dsn/status_fields.h"
#include "parser/mime/body.h"
#include "parser/parser.h"

namespace bounced {
namespace {

// What is known of the recipient before the text is read.
Recipient Known(const Diagnostic& diagnostic, std::size_t max_octets) {
  Recipient recipient;
  if (const auto status = ParseStatusField(diagnostic.enhanced_status)) {
    recipient.enhanced_status = Found<EnhancedStatus>{*status, {}, Provenance::kReported};
  }
  const int code = diagnostic.reply_code.value_or(0);
  if (code >= 200 && code < 600) {
    recipient.reply_code = Found<int>{code, {}, Provenance::kReported};
  }
  if (std::string host = ReportedHost(diagnostic.remote_mta, max_octets); !host.empty()) {
    recipient.remote_mta = FoundMta{{std::move(host), {}, Provenance::kReported},
                                    std::string(BracketedAddress(diagnostic.remote_mta))};
  }
  recipient.stage = diagnostic.stage;
  return recipient;
}

}  // namespace

Recipient ReadDiagnostic(const Diagnostic& diagnostic, const RuleSet& rules, bool candidates) {
  // Spans count in 32 bits.
  const std::string_view text =
      diagnostic.text.substr(0, std::numeric_limits<std::uint32_t>::max());
  std::size_t budget = 0;  // nothing is decoded
  const Body body = Body::Decode(text, 0, TransferEncoding::kIdentity, budget);
  RecipientFields fields;
  fields.diagnostics[0] = text;
  const std::size_t max_octets = ParserLimits().max_diagnostic;
  Recipient recipient = Known(diagnostic, max_octets);
  Trail trail;
  Judge({.fields = fields,
         .part = body,
         .provenance = Provenance::kReported,
         .explanation = "",
         .explanation_body = body,
         .max_octets = max_octets,
         .kind = Kind::kBounce,
         .trail = candidates ? &trail : nullptr},
        rules, recipient);
  return recipient;
}

}  // namespace bounced
