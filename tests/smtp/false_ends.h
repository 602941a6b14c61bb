// What senders and receivers have taken for the end of a message, and what was hidden behind it.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace bounced::smtp {

struct FalseEnd {
  std::string name;
  std::string octets;
  bool refused;  // the message is, at its true end; else it is taken as it stands
};

// For GoogleTest.
inline void PrintTo(const FalseEnd& end, std::ostream* out) { *out << end.name; }

// Ten of them (S89, T30).
inline std::vector<FalseEnd> FalseEnds() {
  return {
      {"LfDotLf", "x\n.\n", true},
      {"LfDotCrLf", "x\n.\r\n", true},
      {"CrLfDotLf", "x\r\n.\n", true},
      {"CrDotCr", "x\r.\r", true},
      {"CrDotCrLf", "x\r.\r\n", true},
      {"CrLfDotCr", "x\r\n.\r", true},
      {"CrDotLf", "x\r.\n", true},
      // Holds CRLF.CR, which is one of the seven.
      {"CrLfDotCrCrLf", "x\r\n.\r\r\n", true},
      {"CrLfNulDotCrLf", std::string("x\r\n\0.\r\n", 7), false},
      {"CrLfDotCrLfBlank", "x\r\n. \r\n", false},
  };
}

// Ten, each of which does or says something where it is run.
inline std::vector<std::string> HiddenCommands() {
  return {
      "MAIL FROM:<evil@b.example>\r\n",
      "RCPT TO:<b@rp.example>\r\n",
      "DATA\r\n",
      "BDAT 5 LAST\r\nhello",
      "RSET\r\n",
      "NOOP\r\n",
      "QUIT\r\n",
      "EHLO evil\r\n",
      "STARTTLS\r\n",
      "MAIL FROM:<>\r\nRCPT TO:<b@rp.example>\r\nDATA\r\nhidden\r\n",
  };
}

}  // namespace bounced::smtp
