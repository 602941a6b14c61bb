// Reads a line that a server says into what a rule is asked about.
#pragma once

#include <cctype>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "parser/rules.h"

namespace bounced {

// "550 5.1.1 no such user", "550-5.1.1 no", "5.1.1", "no such user": the codes in front, and `text`
// is what follows them. Keeps a view of `line`.
inline Symptoms ReadReply(std::string_view line, Stage stage = Stage::kUnknown) {
  auto digit = [&](std::size_t i) {
    return i < line.size() && std::isdigit(static_cast<unsigned char>(line[i])) != 0;
  };
  auto skip_blanks = [&] {
    while (!line.empty() && (line[0] == ' ' || line[0] == '-' || line[0] == '#')) {
      line.remove_prefix(1);
    }
  };
  Symptoms symptoms;
  symptoms.stage = stage;
  if (digit(0) && digit(1) && digit(2) && !digit(3) && (line.size() < 4 || line[3] != '.')) {
    symptoms.reply_code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
    line.remove_prefix(3);
    skip_blanks();
  }
  int klass = 0, subject = 0, detail = 0, length = 0;
  std::string copy(line.substr(0, 16));
  if (std::sscanf(copy.c_str(), "%1d.%3d.%3d%n", &klass, &subject, &detail, &length) == 3 &&
      klass >= 2 && klass <= 5) {
    symptoms.enhanced_status =
        EnhancedStatus{static_cast<std::uint8_t>(klass), static_cast<std::uint16_t>(subject),
                       static_cast<std::uint16_t>(detail)};
    line.remove_prefix(static_cast<std::size_t>(length));
    skip_blanks();
  }
  symptoms.text = line;
  return symptoms;
}

// The text of an example as the server says it that the example is about.
inline Symptoms ReadExample(const RuleExample& example) {
  Symptoms symptoms = ReadReply(example.text, example.stage);
  symptoms.remote_mta = example.remote_mta;
  symptoms.fields = example.fields;
  return symptoms;
}

}  // namespace bounced
