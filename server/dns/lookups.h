// What DNS said, and what is still to be asked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/ip_address.h"

namespace bounced::dns {

// The types of record that are asked for (RFC 1035, 3.2.2; RFC 3596, 2.1), as on the wire.
enum class Type : std::uint16_t { kA = 1, kPtr = 12, kMx = 15, kTxt = 16, kAaaa = 28 };

struct Question {
  std::string name;  // lower-case A-labels, without a dot at the end
  Type type;

  friend auto operator<=>(const Question&, const Question&) = default;
};

enum class Outcome : std::uint8_t {
  kFound,
  kNoData,      // the name exists, and has no record of the type
  kNoSuchName,  // RFC 2308, 2.1
  kFailed,      // no answer in time, a server's failure, or one that cannot be read
};

struct MailExchange {
  std::uint16_t preference;
  std::string name;  // as in Question; empty: the null MX (RFC 7505)
};

// Of the lists the one of the type asked for is filled, if the outcome is kFound.
struct Answer {
  Outcome outcome = Outcome::kFailed;
  std::vector<IpAddress> addresses = {};     // A, AAAA
  std::vector<MailExchange> exchanges = {};  // MX, in the order of the answer
  std::vector<std::string> names = {};       // PTR, as in Question
  std::vector<std::string> texts = {};       // TXT, the strings of a record joined (RFC 7208, 3.3)
};

// The answers for one evaluation. A pure function reads them by Find(); where it meets a question
// without an answer it gives up, and its caller gets the answers of asked(), Set()s them, and calls
// the function again from its start. So what asks DNS neither blocks nor holds a socket, and a test
// answers from a table. Not thread-safe.
class Lookups {
 public:
  // Null: not answered yet; the question then is in asked(), once. `name` in any case, with or
  // without a dot at the end. The answer stays where it is.
  const Answer* Find(std::string_view name, Type type);

  // The questions met since the last call that have no answer.
  std::vector<Question> TakeAsked();
  void Set(const Question& question, Answer answer);

 private:
  std::map<Question, Answer> answers_;
  std::vector<Question> asked_;
};

}  // namespace bounced::dns
