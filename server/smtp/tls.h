// Certificates, and what a connection under TLS needs of them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

// OpenSSL's, which no header of ours includes.
struct ssl_ctx_st;
struct ssl_st;

namespace bounced::smtp {

inline constexpr std::size_t kMaxPemOctets = 1 << 20;  // of a chain or key file

// In PEM. The chain begins with the host's own certificate.
struct CertificateFiles {
  std::string chain_file;
  std::string key_file;
};

// When a certificate ends.
struct CertificateEnd {
  std::string chain_file;  // empty: of one that was made here
  absl::Time time;
};

struct SslDeleter {
  void operator()(ssl_st* ssl) const;
};
using SslPointer = std::unique_ptr<ssl_st, SslDeleter>;

// A set of certificates in force: TLS 1.2 and 1.3, no renegotiation, no compression, no
// certificate asked of clients (RFC 8996; RFC 9325). Immutable, hence thread-safe; a session holds
// the set that it began with, so another one may come into force meanwhile.
class Tls {
 public:
  // A client that names a host (SNI; RFC 6066, 3) gets the first certificate that holds for it, any
  // other the first of all. Certificates for the same names with keys of different types serve one
  // client or the other. INVALID_ARGUMENT names the file that cannot be used and says why; a key
  // file that others may read is refused, and so is what is no plain file.
  static absl::StatusOr<std::shared_ptr<const Tls>> Load(
      const std::vector<CertificateFiles>& files);
  // Certificates for `hostname` that nobody else has signed: good against who only listens, which
  // is all that STARTTLS between mail hosts mostly is (RFC 7435). INTERNAL: OpenSSL failed.
  static absl::StatusOr<std::shared_ptr<const Tls>> SelfMade(const std::string& hostname,
                                                             absl::Time now);
  ~Tls();
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;

  // The server's side of one connection. Null: no memory. It must not outlive this.
  SslPointer NewSession() const;
  // Whether SelfMade() made it.
  bool is_self_made() const { return ends().front().chain_file.empty(); }
  // Of each certificate, in the order in which they were given.
  const std::vector<CertificateEnd>& ends() const;

 private:
  struct Contexts;
  explicit Tls(std::unique_ptr<Contexts> contexts);
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace bounced::smtp
