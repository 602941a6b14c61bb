#include "server/api/tls.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/text_file.h"

namespace bounced::api {
namespace {

absl::StatusOr<std::string> ReadPem(const std::string& path, FileKind kind) {
  absl::StatusOr<std::string> text = ReadTextFile(path, kMaxPemOctets, kind);
  if (!text.ok()) return absl::InvalidArgumentError(text.status().message());
  return text;
}

// All that is in it must be certificates: one that is broken would be missed by those it has
// signed.
absl::Status CheckCertificates(const std::string& path, const std::string& text) {
  const std::unique_ptr<BIO, decltype(&::BIO_free)> bio(
      ::BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &::BIO_free);
  int count = 0;
  while (X509* certificate = ::PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    ::X509_free(certificate);
    ++count;
  }
  const unsigned long error = ::ERR_peek_last_error();
  const bool ended =
      ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  ::ERR_clear_error();
  if (count == 0) return absl::InvalidArgumentError(absl::StrCat(path, ": no certificate in it"));
  if (ended) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": certificate ", count + 1, " in it is broken"));
}

grpc_ssl_client_certificate_request_type RequestTypeOf(const TlsTexts& texts) {
  if (texts.client_ca.empty()) return GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
  return texts.client_certificates == ClientCertificates::kRequired
             ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
             : GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY;
}

// gRPC's C++ interface has no credentials that change when they are told to, its C interface has.
class TlsCredentials final : public grpc::ServerCredentials {
 public:
  explicit TlsCredentials(const Live<TlsTexts>& texts)
      : texts_(texts),
        credentials_(::grpc_ssl_server_credentials_create_with_options(
            ::grpc_ssl_server_credentials_create_options_using_config_fetcher(
                RequestTypeOf(*texts.Get()), Fetch, this))) {}
  ~TlsCredentials() override { ::grpc_server_credentials_release(credentials_); }

  // Callers are let in by Callers, and nowhere else.
  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {
    std::abort();
  }

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return ::grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  // Asked at the start and before each handshake, by one thread at a time.
  static grpc_ssl_certificate_config_reload_status Fetch(
      void* self, grpc_ssl_server_certificate_config** config) {
    auto& credentials = *static_cast<TlsCredentials*>(self);
    std::shared_ptr<const TlsTexts> texts = credentials.texts_.Get();
    if (texts == credentials.fetched_) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    const grpc_ssl_pem_key_cert_pair pair = {texts->key.c_str(), texts->chain.c_str()};
    // gRPC 1.51 aborts without roots, also where no client is asked for a certificate.
    const std::string& roots = texts->client_ca.empty() ? texts->chain : texts->client_ca;
    *config = ::grpc_ssl_server_certificate_config_create(roots.c_str(), &pair, 1);
    credentials.fetched_ = std::move(texts);
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  const Live<TlsTexts>& texts_;
  std::shared_ptr<const TlsTexts> fetched_;
  grpc_server_credentials* const credentials_;
};

}  // namespace

absl::StatusOr<TlsTexts> ReadTls(const TlsFiles& files) {
  absl::StatusOr<std::string> chain = ReadPem(files.chain_file, FileKind::kPlain);
  if (!chain.ok()) return chain.status();
  absl::StatusOr<std::string> key = ReadPem(files.key_file, FileKind::kPrivate);
  if (!key.ok()) return key.status();
  TlsTexts texts{*std::move(chain), *std::move(key), "", files.client_certificates};
  if (files.client_ca_file.empty()) return texts;
  absl::StatusOr<std::string> authority = ReadPem(files.client_ca_file, FileKind::kPlain);
  if (!authority.ok()) return authority.status();
  if (absl::Status s = CheckCertificates(files.client_ca_file, *authority); !s.ok()) return s;
  texts.client_ca = *std::move(authority);
  return texts;
}

std::shared_ptr<grpc::ServerCredentials> NewTlsCredentials(const Live<TlsTexts>& texts) {
  return std::make_shared<TlsCredentials>(texts);
}

}  // namespace bounced::api
