// What the fields of a report name: addresses, hosts, words, each behind a type (RFC 3464, 2.1.2).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bounced {

struct TypedValue {
  std::string type;        // lower case; empty: none
  std::string_view value;  // behind the type, blanks stripped
};

// Takes the type off `smtp; 550 no`, `rfc822;a@b` and `RFC822;RFC822;a@b`. A text that merely has a
// semicolon in it has no type.
TypedValue SplitType(std::string_view value);

// The address of a recipient field, as a mailbox string in the spelling of the report: without
// type, brackets, comments, source route, folds and trailing dots; of type utf-8, with \x{HEX}
// undone (RFC 6533, 3). Xtext stays: "+" is a common character of addresses, and reports copy ORCPT
// both ways (RFC 3464, 2.3.1). An address of another kind (x400, unknown, local) that has an "@"
// keeps its type, so that nobody takes it for a mailbox. Presentable, at most `max_octets`.
std::string ReportedAddress(std::string_view value, std::size_t max_octets);

// The name of an MTA field without its type and comments.
std::string ReportedHost(std::string_view value, std::size_t max_octets);

// What a field says in words, in one line. Presentable, at most `max_octets`.
std::string ReportedLine(std::string_view value, std::size_t max_octets);

// The IP address in round or square brackets in an MTA field ("mx.example (192.0.2.1)"). Empty:
// there is none.
std::string_view BracketedAddress(std::string_view value);

// Without comments, also nested ones and those with backslash pairs (RFC 5322, 3.2.2); quoted
// strings stay whole. Linear.
std::string WithoutComments(std::string_view value);

// \x{HEX} of 2 to 6 digits undone (RFC 6533, 3); surrogates and what lies above U+10FFFF stay.
std::string DecodeUnitext(std::string_view text);

// "\320\277", by which Exim writes octets beyond ASCII in texts and headers, undone.
std::string DecodeOctal(std::string_view text);

}  // namespace bounced
