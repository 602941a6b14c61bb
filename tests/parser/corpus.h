// Tables of messages and of what they must be read as: tests/parser/captures, and the third
// parties' mail that lies outside of the repository. README.md in captures/ tells the columns.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "parser/report.h"

namespace bounced {

// One expectation: a message has as many as it has recipients.
struct TruthRow {
  std::string source;
  std::string file;
  std::string kind;  // bounce, delayed, complaint, auto_reply, success, not_bounce
  std::string recipient;
  std::string enhanced_status;
  std::string reply_code;
  std::string hard;  // "1", "0", "-"
  std::string note;

  // The values behind `name:` in the note ("alt", "altst").
  std::vector<std::string> Notes(std::string_view name) const;
  bool Has(std::string_view name) const { return note.find(name) != std::string::npos; }
};

// Empty: there is no such file.
std::vector<TruthRow> ReadTruth(const std::string& path);

// The octets of a file. Fails the running test when there is none.
std::string ReadFile(const std::string& path);

// The words of the tables for a Report's kind and a Recipient's.
std::string_view TruthWord(Kind kind);

// One line for score.py, which lies beside the third parties' mail.
std::string ScoreLine(std::string_view source, std::string_view file, const Report& report);

}  // namespace bounced
