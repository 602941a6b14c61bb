#include "parser/diagnostic.h"

#include <cstddef>
#include <cstdint>
#include <limits>

#include "parser/dsn/recipient.h"
#include "parser/dsn/status_fields.h"
#include "parser/mime/body.h"
#include "parser/parser.h"

namespace bounced {

Recipient ReadDiagnostic(std::string_view text, const RuleSet& rules, bool candidates) {
  // Spans count in 32 bits.
  text = text.substr(0, std::numeric_limits<std::uint32_t>::max());
  std::size_t budget = 0;  // nothing is decoded
  const Body body = Body::Decode(text, 0, TransferEncoding::kIdentity, budget);
  RecipientFields fields;
  fields.action = "failed";
  fields.diagnostics[0] = text;
  Recipient recipient;
  Trail trail;
  Judge({.fields = fields,
         .part = body,
         .provenance = Provenance::kReported,
         .explanation = "",
         .explanation_body = body,
         .max_octets = ParserLimits().max_diagnostic,
         .kind = Kind::kBounce,
         .trail = candidates ? &trail : nullptr},
        rules, recipient);
  return recipient;
}

}  // namespace bounced
