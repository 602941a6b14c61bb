// Prints what became of each recipient of the report on standard input; or, of what a server said
// that stands on the command line, what it means.
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "parser/diagnostic.h"
#include "parser/parser.h"

namespace {

void Print(const bounced::Recipient& recipient) {
  const bounced::Classification& found = recipient.classification;
  const bounced::Found<std::string>* const address = bounced::AddressOf(recipient);
  std::cout << (address != nullptr ? address->value : "(nobody named)") << ": "
            << ToString(recipient.kind) << ", " << ToString(found.reason) << " ("
            << ToString(found.bounce_class) << "), confidence " << found.confidence << '\n';
  if (!found.matched_text.empty()) std::cout << "  because of: " << found.matched_text << '\n';
  // When it was tried last, and how long it will be.
  for (const bounced::FurtherField& field : recipient.further_fields) {
    const std::optional<absl::Time> time = bounced::TimeOf(field);
    if (!time) continue;
    std::cout << "  " << field.name << ": "
              << absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", *time, absl::UTCTimeZone()) << '\n';
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::shared_ptr<const bounced::RuleSet> rules = bounced::RuleSet::BuiltIn();
  if (argc > 1) {
    Print(bounced::ReadDiagnostic(argv[1], *rules));
    return 0;
  }
  const std::string message{std::istreambuf_iterator<char>(std::cin), {}};

  const bounced::Parser parser(rules);
  const bounced::Report report = parser.Parse(message);

  std::cout << ToString(report.kind) << ", read as " << report.form << '\n';
  for (const bounced::Recipient& recipient : report.recipients) Print(recipient);
  for (const bounced::Remark& remark : report.remarks)
    std::cout << "remark: " << remark.text << '\n';
}
