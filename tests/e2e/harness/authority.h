// Certificates of the test's own.
#pragma once

#include <string>

#include "tests/e2e/harness/files.h"

namespace bounced::e2e {

// An authority that only the test trusts, and the certificate that it has signed for the host
// mx.example and for 127.0.0.1. Its files go with the object.
class Authority {
 public:
  // Issues a first certificate, named "first". Throws where openssl(1) fails, as all here does.
  Authority();

  // Another in place of the last, with that common name.
  void Issue(const std::string& common_name) const;
  // One of a client of that name, in these files.
  void IssueTo(const std::string& client, const std::string& chain_file,
               const std::string& key_file) const;
  // The lines of the daemon's configuration that have it use the certificate.
  std::string Section() const;

  std::string own_file() const { return dir_ / "ca.pem"; }
  std::string chain_file() const { return dir_ / "mx.pem"; }
  std::string key_file() const { return dir_ / "mx.key"; }

 private:
  TempDir dir_;
};

}  // namespace bounced::e2e
