// What rules say about the fields of a report: a name, and words in its value.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parser/classify/folded_text.h"
#include "parser/report.h"
#include "parser/rules.h"

namespace bounced {

// Of a field's value, in octets, that are looked at: fields have a word or a sentence to say.
inline constexpr std::size_t kMaxFieldOctets = 256;

// "x-powermta-bouncecategory: bad-mailbox".
struct FieldPattern {
  std::string name;   // lower case
  std::string words;  // folded (folded_text.h)
};

// None: it has no name, or no words, or is not in lower case, or a status has a place of its own
// for it (status_fields.h).
std::optional<FieldPattern> ParseField(std::string_view text);
// The same of a field as it comes: "X-PowerMTA-BounceCategory: bad-mailbox".
std::optional<FurtherField> ParseFurtherField(std::string_view line);

// The further fields of one recipient's symptoms. Folds a value when it is first asked for, once.
// Keeps views into the symptoms. Belongs to one call of RuleSet::Classify.
class FieldEvidence {
 public:
  explicit FieldEvidence(const Symptoms& symptoms) : symptoms_(symptoms) {}

  // The first field, of the recipient or else of the message, in whose first kMaxFieldOctets one of
  // `patterns` stands, as whole words. Null: there is none.
  const FurtherField* Find(const std::vector<FieldPattern>& patterns);

 private:
  struct Value {
    const FurtherField* field;
    std::optional<FoldedText> folded = std::nullopt;
  };

  const Symptoms& symptoms_;
  std::vector<Value> values_;  // none before the first pattern comes
};

}  // namespace bounced
