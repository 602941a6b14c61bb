// What people and their terminals get to see.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "server/cli/streams.h"

namespace google::protobuf {
class Message;
}

namespace bounced::cli {

// The most octets of one value that people are shown.
inline constexpr std::size_t kMaxShownOctets = 4 << 10;

// A value from outside for a line of text: valid UTF-8 on one line, controls and what turns text
// around escaped as \x{HEX}, cut at kMaxShownOctets.
std::string Shown(std::string_view value);
// A field of a line: `-` stands for none.
std::string OrDash(std::string value);

// Hands octets on to a terminal: line ends, tabs and text as they are, all else escaped as Shown()
// does. Cut anywhere: a character in two pieces is put together.
class TerminalSink : public Sink {
 public:
  explicit TerminalSink(Sink& terminal) : terminal_(terminal) {}

  absl::Status Write(std::string_view octets) override;
  absl::Status Flush() override;

 private:
  absl::Status Show(std::string_view text);

  Sink& terminal_;
  std::string rest_;  // a character that has begun
};

// Standard output or standard error of a verb. Everything but Raw() is made safe for terminals
// wherever it goes; Raw() only when it goes to one. The first error is kept for Finish(), so that
// verbs need not look at each line.
class Output {
 public:
  Output(Sink& sink, bool is_terminal) : sink_(sink), terminal_(sink), is_terminal_(is_terminal) {}

  bool is_terminal() const { return is_terminal_; }

  // `text` with its line ends and tabs; values from outside have been through Shown().
  void Text(std::string_view text);
  // A line of fields with tabs between them; each is put through Shown().
  void Line(std::initializer_list<std::string_view> fields);
  // A line with one JSON value, which ToJson() or JsonWriter made.
  void Json(std::string_view json);
  void Json(const google::protobuf::Message& message);
  // `sequence` as it is: a control sequence of this program's own, for a terminal.
  void Control(std::string_view sequence) { Keep(sink_.Write(sequence)); }
  // Octets that are the user's own: rows, a message.
  Sink& Raw() { return is_terminal_ ? static_cast<Sink&>(terminal_) : sink_; }

  void Flush();
  // Flushes; the first error that occurred.
  absl::Status Finish();

 private:
  void Keep(absl::Status status);

  Sink& sink_;
  TerminalSink terminal_;
  const bool is_terminal_;
  absl::Status status_;
};

}  // namespace bounced::cli
