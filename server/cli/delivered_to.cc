#include "server/cli/delivered_to.h"

#include <algorithm>

#include "parser/text.h"

namespace bounced::cli {
namespace {

// Calls `take(name, body)` for each field of the header section (RFC 5322, 2.2), its lines still
// folded.
template <typename Take>
void ForEachField(std::string_view message, Take take) {
  std::string_view rest = message.substr(0, kMaxHeaderOctets);
  while (!rest.empty() && rest[0] != '\n' && !rest.starts_with("\r\n")) {
    std::size_t end = rest.find('\n');
    while (end + 1 < rest.size() && end != std::string_view::npos &&
           (rest[end + 1] == ' ' || rest[end + 1] == '\t')) {
      end = rest.find('\n', end + 1);
    }
    const std::string_view field = rest.substr(0, end);
    const std::size_t colon = field.find(':');
    if (colon != std::string_view::npos) {
      take(StripBlanks(field.substr(0, colon)), StripBlanks(field.substr(colon + 1)));
    }
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
}

bool IsAddressOctet(char c) {
  return c != ' ' && c != '\t' && c != '\r' && c != '\n' && c != '<' && c != '>' && c != ',' &&
         c != ';' && c != '"' && c != '(' && c != ')' && c != ':';
}

// The words with an @ in them: return paths are such, whatever stands around them.
void AddAddresses(std::string_view body, std::vector<std::string>& addresses) {
  while (!body.empty() && addresses.size() < kMaxDeliveredTo) {
    const auto begin = std::find_if(body.begin(), body.end(), IsAddressOctet);
    const auto end = std::find_if_not(begin, body.end(), IsAddressOctet);
    const std::string_view word(begin, end);
    const bool known = std::any_of(addresses.begin(), addresses.end(), [&](const std::string& a) {
      return EqualsIgnoringCase(a, word);
    });
    if (word.find('@') != std::string_view::npos && !known) addresses.emplace_back(word);
    body.remove_prefix(static_cast<std::size_t>(end - body.begin()));
  }
}

}  // namespace

std::vector<std::string> DeliveredTo(std::string_view message) {
  std::vector<std::string> addresses;
  for (std::string_view wanted : {"X-Original-To", "Delivered-To", "Envelope-To", "To"}) {
    ForEachField(message, [&](std::string_view name, std::string_view body) {
      if (EqualsIgnoringCase(name, wanted)) AddAddresses(body, addresses);
    });
  }
  return addresses;
}

std::string WrittenReversePath(std::string_view message) {
  std::vector<std::string> addresses;
  bool seen = false;
  ForEachField(message, [&](std::string_view name, std::string_view body) {
    if (seen || !EqualsIgnoringCase(name, "Return-Path")) return;
    seen = true;
    AddAddresses(body, addresses);
  });
  return addresses.empty() ? "" : addresses.front();
}

}  // namespace bounced::cli
