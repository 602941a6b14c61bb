// TLS of the API, whose certificates may be renewed while it serves.
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/base/live.h"

namespace bounced::api {

inline constexpr std::size_t kMaxPemOctets = 1 << 20;  // of each of the files

// Whether clients must show a certificate of the authority, where one is named.
enum class ClientCertificates {
  kRequired,  // who has none does not get as far as HTTP/2
  kOptional,  // others call with a key
};

// In PEM.
struct TlsFiles {
  std::string chain_file;  // begins with the server's own certificate
  std::string key_file;    // without a passphrase; nothing is granted to others
  std::string
      client_ca_file;  // who has signed the certificates of clients; empty: none are asked for
  ClientCertificates client_certificates = ClientCertificates::kRequired;
};

// What is in them.
struct TlsTexts {
  std::string chain;
  std::string key;
  std::string client_ca;
  ClientCertificates client_certificates = ClientCertificates::kRequired;
};

// INVALID_ARGUMENT names the file and says what is wrong with it: it cannot be read, or of
// client_ca_file, holds no certificate. That the chain and the key fit each other is for the caller
// to see.
absl::StatusOr<TlsTexts> ReadTls(const TlsFiles& files);

// TLS 1.2 and later. A connection has the texts that were in force when it began, but that whether
// certificates are asked for is decided here. `texts` outlives the servers.
std::shared_ptr<grpc::ServerCredentials> NewTlsCredentials(const Live<TlsTexts>& texts);

}  // namespace bounced::api
