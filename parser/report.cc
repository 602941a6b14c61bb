#include "parser/report.h"

#include "parser/address.h"
#include "parser/date.h"
#include "parser/text.h"

namespace bounced {

std::string_view ToString(Provenance provenance) {
  switch (provenance) {
    case Provenance::kReported:
      return "reported";
    case Provenance::kDerived:
      return "derived";
    case Provenance::kGuessed:
      return "guessed";
  }
  return "unknown";
}

std::optional<absl::Time> TimeOf(const FurtherField& field) {
  const bool is_date = EqualsIgnoringCase(field.name, "last-attempt-date") ||
                       EqualsIgnoringCase(field.name, "will-retry-until");
  return is_date ? ParseDate(field.value.value) : std::nullopt;
}

Classification ClassificationOf(Reason reason) {
  const ReasonInfo& info = Info(reason);
  Classification classification;
  classification.reason = reason;
  classification.bounce_class = info.bounce_class;
  classification.fault = info.fault;
  classification.counts = info.counts;
  return classification;
}

Classification ClassificationOf(Kind kind, Reason reason) {
  Classification classification = ClassificationOf(reason);
  classification.confidence = 100;
  classification.rule = "kind-" + std::string(ToString(kind));
  return classification;
}

const Found<std::string>* AddressOf(const Recipient& recipient) {
  const auto& original = recipient.original_recipient;
  const auto& final = recipient.final_recipient;
  const bool is_reported = original && original->provenance != Provenance::kGuessed &&
                           Address::Parse(original->value).ok();
  if (original && (!final || is_reported)) return &*original;
  return final ? &*final : nullptr;
}

std::string ToString(EnhancedStatus status) {
  return std::to_string(status.klass) + "." + std::to_string(status.subject) + "." +
         std::to_string(status.detail);
}

}  // namespace bounced
