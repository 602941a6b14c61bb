// From a recipient's fields to a Recipient.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "parser/dsn/status_fields.h"
#include "parser/mime/body.h"
#include "parser/report.h"
#include "parser/rules.h"
#include "parser/trail.h"

namespace bounced {

// As it is kept by its name; it stands in `part`.
FurtherField KeptField(const NamedValue& field, const Body& part, Provenance provenance,
                       std::size_t max_octets);

// The host that `field`, which stands in `part`, names.
FoundMta NamedMta(std::string_view field, const Body& part, Provenance provenance,
                  std::size_t max_octets);

// Addresses, action and what is kept by its name alone. `provenance` is what the fields are worth.
Recipient NameRecipient(const RecipientFields& fields, const Body& part, Provenance provenance,
                        std::size_t max_octets);

// What the report says of a recipient, and where.
struct Testimony {
  const RecipientFields& fields;
  const Body& part;              // that the fields are in
  Provenance provenance;         // of the fields
  std::string_view explanation;  // the words for people about this recipient; empty: none
  const Body& explanation_body;  // that they are in
  std::size_t max_octets;        // of a text that is stored
  // What the report as a whole is about, where it has no Action for each recipient.
  std::optional<Kind> kind = std::nullopt;
  // All that the report tells people, where it is about this recipient only.
  std::string_view transcript = {};
  std::string_view reporting_mta = "";  // the host that reports
  std::span<const FurtherField> message_fields = {};
  // Is told, unless null, what was taken from where; then candidates are listed, too.
  Trail* trail = nullptr;
};

// Fills in codes, diagnostic, stage and kind, and classifies.
//
// The Status field loses to a more exact code in the Diagnostic-Code where it is x.0.0, 5.3.0 or
// 4.4.7 (README, "Rules"); it is kept beside it. A diagnostic that is missing, or has no code
// while the status is of these, is helped out by the explanation, marked as guessed (RFC
// 3464, 2.3.6 makes the field optional, and some hosts never write it); where that has no code
// either, by the transcript. The explanation also tells the stage; where it does not, and the
// diagnostic is the reporting host's own, it was refused in the queue. Without a Remote-MTA the
// remote host is whom the same words name as the one that spoke, derived. A reply code, stage or
// remote host that `recipient` has already stays, and so does a status that says as much as any
// found.
void Judge(const Testimony& testimony, const RuleSet& rules, Recipient& recipient);

}  // namespace bounced
