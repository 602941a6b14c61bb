#include "parser/diagnostic.h"

#include <cstddef>
#include <cstdint>
#include <limits>

#include "parser/dsn/recipient.h"
#include "parser/dsn/status_fields.h"
#include "parser/mime/body.h"
#include "parser/parser.h"

namespace bounced {

Recipient ReadDiagnostic(std::string_view text, const RuleSet& rules) {
  // Spans count in 32 bits.
  text = text.substr(0, std::numeric_limits<std::uint32_t>::max());
  std::size_t budget = 0;  // nothing is decoded
  const Body body = Body::Decode(text, 0, TransferEncoding::kIdentity, budget);
  RecipientFields fields;
  fields.action = "failed";
  fields.diagnostics[0] = text;
  Recipient recipient;
  Judge(
      {fields, body, Provenance::kReported, "", body, ParserLimits().max_diagnostic, Kind::kBounce},
      rules, recipient);
  return recipient;
}

}  // namespace bounced
