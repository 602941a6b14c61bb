// The parser's front door: bytes in, a Report out.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "parser/report.h"
#include "parser/rules.h"

namespace bounced {

// The bounds of one parse. What lies beyond one is left unread and remarked ("bound:max_parts");
// what was read before stays valid.
struct ParserLimits {
  std::size_t max_parts = 1000;              // MIME parts of one message
  std::size_t max_depth = 20;                // multiparts and messages inside each other
  std::size_t max_recipients = 10'000;       // of one report
  std::size_t max_header_bytes = 256 << 10;  // of one header section
  std::size_t max_line = 64 << 10;           // of one logical (unfolded) line
  std::size_t max_boundary = 256;            // of a boundary parameter
  std::size_t max_text_decoded = 8 << 20;    // base64 and quoted-printable, over all parts
  std::size_t max_diagnostic = 4 << 10;      // stored of one diagnostic
  std::size_t max_remarks = 100;
};

// Reads reports. Total: there is no message that it refuses, none makes it throw, recurse on input
// or take more than linear time; the same bytes give the same Report on every machine.
//
// Immutable, so one object serves every thread. `rules` may be swapped by making another Parser.
class Parser {
 public:
  explicit Parser(std::shared_ptr<const RuleSet> rules, ParserLimits limits = {});

  // `message` is what came between DATA and the final dot, dots unstuffed. Keeps no pointer into
  // it.
  Report Parse(std::string_view message) const;

 private:
  std::shared_ptr<const RuleSet> rules_;
  ParserLimits limits_;
};

}  // namespace bounced
