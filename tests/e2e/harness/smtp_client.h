// The sending side of SMTP, blocking and with full control of the octets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bounced::e2e {

struct SmtpReply {
  int code = 0;      // 0: the connection ended, or nothing came in time
  std::string text;  // all lines, joined by '\n', the code of each left out

  // The id of "250 2.0.0 Ok: <id>"; empty: the reply names none.
  std::string id() const;
};

// A connection to an SMTP server on 127.0.0.1. Every wait has an end.
class SmtpClient {
 public:
  // Connects; the greeting is not read yet. Throws when nobody listens.
  explicit SmtpClient(std::uint16_t port);
  ~SmtpClient();
  SmtpClient(const SmtpClient&) = delete;
  SmtpClient& operator=(const SmtpClient&) = delete;

  // Sends octets as they are; false: the connection is gone.
  bool Write(std::string_view octets);
  SmtpReply Read();
  // A line and the reply to it.
  SmtpReply Command(std::string_view line);
  // Greeting and EHLO; the reply to EHLO.
  SmtpReply Greet();
  // DATA, the message (dots doubled, line ends made CRLF, the final dot), and the last reply.
  SmtpReply Data(std::string_view message);
  // Whether the server has closed the connection, within the usual wait.
  bool Closed();
  // All octets that have come from the server, as they came.
  const std::string& received() const { return received_; }

 private:
  bool Fill();

  int fd_ = -1;
  std::string buffer_;
  std::string received_;
};

// The message as it goes over the wire, with the final dot.
std::string DotStuffed(std::string_view message);

// A whole dialogue: greeting, EHLO, MAIL, RCPT for each, DATA, QUIT. The first reply that was not
// positive, else the reply to the message.
SmtpReply SendMail(std::uint16_t port, std::string_view reverse_path,
                   const std::vector<std::string>& recipients, std::string_view message);

}  // namespace bounced::e2e
