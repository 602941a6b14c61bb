// What a domain has signed, and the name server that has its key.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/dns/name_server.h"
#include "tests/e2e/harness/files.h"
#include "tests/e2e/harness/process.h"

namespace bounced::e2e {

// Has the TXT record of one name, and says of all others that they are not there.
inline dns::NameServer::Handler Having(std::string name, std::string text) {
  return [name = std::move(name), text = std::move(text)](const dns::WireQuery& query) {
    dns::WireMessage reply = query.reply;
    if (query.question.name != name) {
      reply.flags |= 3;  // NXDOMAIN
    } else if (query.question.type == dns::Type::kTxt) {
      std::string data;
      for (std::size_t i = 0; i < text.size(); i += 255) data += dns::Counted(text.substr(i, 255));
      reply.answers.push_back({dns::Pointer(12), 16, 60, data});
    }
    return std::vector<std::string>{reply.Octets()};
  };
}

// Where Debian puts what python3-dkim holds.
inline constexpr char kDkimPython[] = "/usr/bin/python3";
inline bool CanSign() { return RunProgram({kDkimPython, "-c", "import dkim"}).status == 0; }

struct SignedMessage {
  std::string message;
  std::string record;  // TXT of "s._domainkey." and the domain
};

// Throws where it cannot.
inline SignedMessage SignWithDkim(const std::string& domain, std::string_view message,
                                  const std::string& algorithm = "rsa-sha256") {
  const TempDir dir;
  const Outcome signer = RunProgram(
      {kDkimPython, BOUNCED_SOURCE_DIR "/tests/e2e/sign.py", domain, algorithm, dir / "record"}, {},
      message);
  if (signer.status != 0) throw std::runtime_error("cannot sign: " + signer.err);
  return {signer.out, ReadFile(dir / "record")};
}

}  // namespace bounced::e2e
