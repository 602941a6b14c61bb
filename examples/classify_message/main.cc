// Prints what became of each recipient of the report on standard input.
#include <iostream>
#include <iterator>
#include <string>

#include "parser/parser.h"

int main() {
  const std::string message{std::istreambuf_iterator<char>(std::cin), {}};

  const bounced::Parser parser(bounced::RuleSet::BuiltIn());
  const bounced::Report report = parser.Parse(message);

  std::cout << ToString(report.kind) << ", read as " << report.form << '\n';
  for (const bounced::Recipient& recipient : report.recipients) {
    const bounced::Classification& found = recipient.classification;
    std::cout << (recipient.final_recipient ? recipient.final_recipient->value : "(nobody named)")
              << ": " << ToString(recipient.kind) << ", " << ToString(found.reason) << " ("
              << ToString(found.bounce_class) << "), confidence " << found.confidence << '\n';
    if (!found.matched_text.empty()) std::cout << "  because of: " << found.matched_text << '\n';
  }
}
