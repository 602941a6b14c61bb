#include "corpus.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>

#include "parser/text.h"

namespace bounced {
namespace {

std::string Quoted(std::string_view s) {
  std::string quoted = "\"";
  for (const char c : s) {
    const bool control = static_cast<unsigned char>(c) < 0x20;
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += control ? ' ' : c;
  }
  return quoted + '"';
}

}  // namespace

std::vector<std::string> TruthRow::Notes(std::string_view name) const {
  std::vector<std::string> values;
  std::istringstream words(note);
  const std::string prefix = std::string(name) + ":";
  for (std::string word; words >> word;) {
    if (word.starts_with(prefix)) values.push_back(word.substr(prefix.size()));
  }
  return values;
}

std::vector<TruthRow> ReadTruth(const std::string& path) {
  std::vector<TruthRow> rows;
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);  // the names of the columns
  while (std::getline(in, line)) {
    std::array<std::string, 10> columns;
    std::istringstream cells(line);
    for (std::string& column : columns) std::getline(cells, column, '\t');
    rows.push_back({columns[0], columns[1], columns[2], columns[3], columns[4], columns[5],
                    columns[7], columns[9]});
  }
  return rows;
}

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string_view TruthWord(Kind kind) {
  switch (kind) {
    case Kind::kBounce:
      return "bounce";
    case Kind::kDelay:
      return "delayed";
    case Kind::kDelivery:
      return "success";
    case Kind::kComplaint:
      return "complaint";
    case Kind::kAutoReply:
      return "auto_reply";
    default:
      return "not_bounce";
  }
}

std::string ScoreLine(std::string_view source, std::string_view file, const Report& report) {
  std::string line = "{\"file\": " + Quoted(std::string(source) + "/" + std::string(file)) +
                     ", \"kind\": " + Quoted(TruthWord(report.kind)) + ", \"recipients\": [";
  bool first = true;
  for (const Recipient& recipient : report.recipients) {
    if (!first) line += ", ";
    first = false;
    const auto& address =
        recipient.final_recipient ? recipient.final_recipient : recipient.original_recipient;
    line += "{\"address\": " + (address ? Quoted(address->value) : "null");
    line += ", \"kind\": " + Quoted(TruthWord(recipient.kind));
    line +=
        ", \"status\": " +
        (recipient.enhanced_status ? Quoted(ToString(recipient.enhanced_status->value)) : "null");
    line += ", \"smtp_code\": " +
            (recipient.reply_code ? Quoted(std::to_string(recipient.reply_code->value)) : "null");
    line += std::string(", \"hard\": ") +
            (recipient.classification.bounce_class == BounceClass::kHard ? "true" : "false");
    line += ", \"rule\": " + Quoted(recipient.classification.rule);
    line += ", \"our_reason\": " + Quoted(ToString(recipient.classification.reason)) + "}";
  }
  return line + "]}";
}

}  // namespace bounced
