#include "server/smtp/parameters.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>

#include "parser/text.h"
#include "server/smtp/xtext.h"

namespace bounced::smtp {
namespace {

// A parameter's value; none where no `=` stands.
using Value = std::optional<std::string_view>;

template <typename Parameters>
struct Row {
  std::string_view keyword;
  ParameterError (*parse)(const Value& value, Parameters& parameters);
};

ParameterError ErrorUnless(bool good) {
  return good ? ParameterError::kNone : ParameterError::kSyntax;
}

ParameterError ParseSize(const Value& value, MailParameters& parameters) {
  if (!value || value->empty() || value->size() > kMaxSizeDigits) return ParameterError::kSyntax;
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t size = 0;
  for (char c : *value) {
    if (c < '0' || c > '9') return ParameterError::kSyntax;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    size = size > (kMax - digit) / 10 ? kMax : size * 10 + digit;
  }
  parameters.size = size;
  return ParameterError::kNone;
}

ParameterError ParseBody(const Value& value, MailParameters& parameters) {
  if (!value) return ParameterError::kSyntax;
  if (EqualsIgnoringCase(*value, "7BIT")) {
    parameters.body = Body::k7Bit;
  } else if (EqualsIgnoringCase(*value, "8BITMIME")) {
    parameters.body = Body::k8BitMime;
  } else if (EqualsIgnoringCase(*value, "BINARYMIME")) {
    parameters.body = Body::kBinaryMime;
  } else {
    return ParameterError::kUnknown;
  }
  return ParameterError::kNone;
}

ParameterError ParseSmtpUtf8(const Value& value, MailParameters& parameters) {
  parameters.smtputf8 = true;
  return ErrorUnless(!value);
}

ParameterError ParseRet(const Value& value, MailParameters&) {
  return ErrorUnless(value &&
                     (EqualsIgnoringCase(*value, "FULL") || EqualsIgnoringCase(*value, "HDRS")));
}

ParameterError ParseEnvid(const Value& value, MailParameters& parameters) {
  if (!value || value->empty() || value->size() > kMaxEnvelopeIdOctets) {
    return ParameterError::kSyntax;
  }
  std::optional<std::string> decoded = DecodeXtext(*value);
  if (decoded) parameters.envelope_id = *std::move(decoded);
  return ErrorUnless(decoded.has_value());
}

ParameterError ParseAuth(const Value& value, MailParameters&) {
  return ErrorUnless(value && !value->empty() && (*value == "<>" || DecodeXtext(*value)));
}

ParameterError ParseNotify(const Value& value, RcptParameters&) {
  if (!value) return ParameterError::kSyntax;
  if (EqualsIgnoringCase(*value, "NEVER")) return ParameterError::kNone;
  std::string_view list = *value;
  for (;;) {
    const std::size_t comma = list.find(',');
    const std::string_view word = list.substr(0, comma);
    const bool known = EqualsIgnoringCase(word, "SUCCESS") || EqualsIgnoringCase(word, "FAILURE") ||
                       EqualsIgnoringCase(word, "DELAY");
    if (!known) return ParameterError::kSyntax;
    if (comma == std::string_view::npos) return ParameterError::kNone;
    list.remove_prefix(comma + 1);
  }
}

ParameterError ParseOrcpt(const Value& value, RcptParameters& parameters) {
  if (!value || value->size() > kMaxOrcptOctets) return ParameterError::kSyntax;
  const std::size_t semicolon = value->find(';');
  if (semicolon == std::string_view::npos || semicolon == 0 || semicolon + 1 == value->size()) {
    return ParameterError::kSyntax;
  }
  const std::string_view address = value->substr(semicolon + 1);
  const bool utf8 = EqualsIgnoringCase(value->substr(0, semicolon), "utf-8");
  std::optional<std::string> decoded = utf8 ? DecodeUnitext(address) : DecodeXtext(address);
  if (decoded) parameters.original_recipient = *std::move(decoded);
  return ErrorUnless(decoded.has_value());
}

constexpr Row<MailParameters> kMailRows[] = {
    {"SIZE", ParseSize}, {"BODY", ParseBody},   {"SMTPUTF8", ParseSmtpUtf8},
    {"RET", ParseRet},   {"ENVID", ParseEnvid}, {"AUTH", ParseAuth},
};
constexpr Row<RcptParameters> kRcptRows[] = {
    {"NOTIFY", ParseNotify},
    {"ORCPT", ParseOrcpt},
};

bool IsKeyword(std::string_view word) {
  return !word.empty() && word.front() != '-' && std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  });
}

template <typename Parameters, std::size_t kRows>
ParameterError Parse(std::string_view text, const Row<Parameters> (&rows)[kRows],
                     Parameters& parameters) {
  constexpr std::string_view kBlanks = " \t";
  unsigned seen = 0;
  for (;;) {
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return ParameterError::kNone;
    text.remove_prefix(begin);
    const std::string_view word = text.substr(0, text.find_first_of(kBlanks));
    text.remove_prefix(word.size());

    const std::size_t equals = word.find('=');
    const std::string_view keyword = word.substr(0, equals);
    Value value;
    if (equals != std::string_view::npos) value = word.substr(equals + 1);
    if (!IsKeyword(keyword)) return ParameterError::kSyntax;

    const auto* row = std::find_if(std::begin(rows), std::end(rows), [&](const auto& r) {
      return EqualsIgnoringCase(r.keyword, keyword);
    });
    if (row == std::end(rows)) return ParameterError::kUnknown;
    const unsigned bit = 1u << (row - std::begin(rows));
    if ((seen & bit) != 0) return ParameterError::kSyntax;
    seen |= bit;
    const ParameterError error = row->parse(value, parameters);
    if (error != ParameterError::kNone) return error;
  }
}

}  // namespace

ParameterError ParseMailParameters(std::string_view text, MailParameters& parameters) {
  return Parse(text, kMailRows, parameters);
}

ParameterError ParseRcptParameters(std::string_view text, RcptParameters& parameters) {
  return Parse(text, kRcptRows, parameters);
}

}  // namespace bounced::smtp
