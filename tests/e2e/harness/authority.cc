#include "tests/e2e/harness/authority.h"

#include <stdexcept>
#include <utility>
#include <vector>

#include "tests/e2e/harness/process.h"

namespace bounced::e2e {
namespace {

void OpenSsl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"openssl", "req", "-x509", "-nodes", "-days", "90"});
  const Outcome outcome = RunProgram(std::move(arguments));
  if (outcome.status != 0) throw std::runtime_error("openssl failed: " + outcome.err);
}

}  // namespace

Authority::Authority() {
  OpenSsl({"-newkey", "rsa:2048", "-subj", "/CN=authority", "-keyout", dir_ / "ca.key", "-out",
           own_file()});
  Issue("first");
}

void Authority::Issue(const std::string& common_name) const {
  OpenSsl({"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=" + common_name,
           "-addext", "subjectAltName=DNS:mx.example,IP:127.0.0.1", "-addext",
           "authorityInfoAccess=OCSP;URI:http://ocsp.invalid/", "-CA", own_file(), "-CAkey",
           dir_ / "ca.key", "-keyout", key_file(), "-out", chain_file()});
}

void Authority::IssueTo(const std::string& client, const std::string& chain_file,
                        const std::string& key_file) const {
  OpenSsl({"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=client", "-addext",
           "subjectAltName=DNS:" + client, "-CA", own_file(), "-CAkey", dir_ / "ca.key", "-keyout",
           key_file, "-out", chain_file});
}

std::string Authority::Section() const {
  return "[[smtp.certificate]]\nchain_file = '" + chain_file() + "'\nkey_file = '" + key_file() +
         "'\n";
}

}  // namespace bounced::e2e
