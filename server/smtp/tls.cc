#include "server/smtp/tls.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/text_file.h"

namespace bounced::smtp {
namespace openssl {

struct Deleter {
  void operator()(BIO* p) const { ::BIO_free(p); }
  void operator()(EVP_PKEY* p) const { ::EVP_PKEY_free(p); }
  void operator()(X509* p) const { ::X509_free(p); }
  void operator()(X509_EXTENSION* p) const { ::X509_EXTENSION_free(p); }
  void operator()(SSL_CTX* p) const { ::SSL_CTX_free(p); }
  void operator()(GENERAL_NAMES* p) const { ::GENERAL_NAMES_free(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, Deleter>;

}  // namespace openssl

namespace {

using openssl::Owned;

// Forward secrecy only, and no tags of 64 bits (CCM_8). The last group, in CBC mode, is what
// Windows Server 2012 R2 has with RSA: without it such a host would fall back to clear text.
constexpr char kCiphers[] =
    "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:ECDHE+AES:"
    "!aNULL:!eNULL:!SHA1:!PSK:!AESCCM8";
constexpr long kSelfMadeDays = 3'650;
// A clock that is behind must not find the certificate in the future.
constexpr long kSelfMadeBackdateDays = 1;
constexpr unsigned kRsaBits = 2'048;

// What OpenSSL says of its last failure. Its queue is empty afterwards.
std::string WhatFailed() {
  const unsigned long code = ::ERR_get_error();
  ::ERR_clear_error();
  const char* reason = ::ERR_reason_error_string(code);
  return reason != nullptr ? reason : "unknown error of OpenSSL";
}

absl::Status CannotUse(const std::string& file, std::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat(file, ": ", absl::string_view(why.data(), why.size())));
}

// Asked for the passphrase of a key: there is nobody to ask.
int NoPassphrase(char*, int, int, void*) { return -1; }

struct Identity {
  Owned<X509> certificate;
  std::vector<Owned<X509>> issuers;  // the rest of the chain
  Owned<EVP_PKEY> key;
};

absl::StatusOr<std::string> ReadPem(const std::string& path, FileKind kind) {
  absl::StatusOr<std::string> text = ReadTextFile(path, kMaxPemOctets, kind);
  if (!text.ok()) return absl::InvalidArgumentError(text.status().message());
  return text;
}

// Whether OpenSSL's last failure was that nothing more followed.
bool IsEndOfPem() {
  const unsigned long code = ::ERR_peek_last_error();
  return ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

absl::Status ReadChain(const std::string& path, Identity& identity) {
  const absl::StatusOr<std::string> text = ReadPem(path, FileKind::kPlain);
  if (!text.ok()) return text.status();
  const Owned<BIO> bio(::BIO_new_mem_buf(text->data(), static_cast<int>(text->size())));
  identity.certificate.reset(::PEM_read_bio_X509_AUX(bio.get(), nullptr, NoPassphrase, nullptr));
  if (identity.certificate == nullptr) {
    return CannotUse(path, absl::StrCat("no certificate in it: ", WhatFailed()));
  }
  while (X509* issuer = ::PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr)) {
    identity.issuers.emplace_back(issuer);
  }
  if (!IsEndOfPem()) {
    return CannotUse(path, absl::StrCat("certificate ", identity.issuers.size() + 2,
                                        " in it is broken: ", WhatFailed()));
  }
  ::ERR_clear_error();
  return absl::OkStatus();
}

absl::Status ReadKey(const std::string& path, Identity& identity) {
  const absl::StatusOr<std::string> text = ReadPem(path, FileKind::kPrivate);
  if (!text.ok()) return text.status();
  const Owned<BIO> bio(::BIO_new_mem_buf(text->data(), static_cast<int>(text->size())));
  identity.key.reset(::PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  if (identity.key == nullptr) {
    return CannotUse(path, absl::StrCat("no key without a passphrase in it: ", WhatFailed()));
  }
  return absl::OkStatus();
}

absl::StatusOr<Identity> ReadIdentity(const CertificateFiles& files) {
  Identity identity;
  if (absl::Status s = ReadChain(files.chain_file, identity); !s.ok()) return s;
  if (absl::Status s = ReadKey(files.key_file, identity); !s.ok()) return s;
  if (::X509_check_private_key(identity.certificate.get(), identity.key.get()) != 1) {
    ::ERR_clear_error();
    return CannotUse(files.key_file, absl::StrCat("is not the key of ", files.chain_file));
  }
  return identity;
}

bool AddExtension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  ::X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION> extension(
      ::X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension != nullptr && ::X509_add_ext(certificate, extension.get(), -1) == 1;
}

std::optional<Identity> MakeIdentity(const std::string& hostname, absl::Time now,
                                     Owned<EVP_PKEY> key) {
  Identity identity{Owned<X509>(::X509_new()), {}, std::move(key)};
  X509* certificate = identity.certificate.get();
  if (certificate == nullptr || identity.key == nullptr) return std::nullopt;
  std::int64_t serial = 0;
  if (::RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)) != 1) {
    return std::nullopt;
  }
  std::time_t time = absl::ToTimeT(now);
  X509_NAME* name = ::X509_get_subject_name(certificate);
  // A common name has 64 characters at most (X.520); the one that counts is in subjectAltName.
  const std::string common_name = hostname.substr(0, 64);
  const bool made =
      ::X509_set_version(certificate, X509_VERSION_3) == 1 &&
      ::ASN1_INTEGER_set_int64(::X509_get_serialNumber(certificate), serial & INT64_MAX) == 1 &&
      ::X509_time_adj_ex(X509_getm_notBefore(certificate), -kSelfMadeBackdateDays, 0, &time) !=
          nullptr &&
      ::X509_time_adj_ex(X509_getm_notAfter(certificate), kSelfMadeDays, 0, &time) != nullptr &&
      ::X509_set_pubkey(certificate, identity.key.get()) == 1 &&
      ::X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(common_name.data()),
                                   static_cast<int>(common_name.size()), -1, 0) == 1 &&
      ::X509_set_issuer_name(certificate, name) == 1 &&
      AddExtension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
      AddExtension(certificate, NID_ext_key_usage, "serverAuth") &&
      AddExtension(certificate, NID_subject_alt_name, "DNS:" + hostname) &&
      ::X509_sign(certificate, identity.key.get(), ::EVP_sha256()) > 0;
  if (!made) return std::nullopt;
  return identity;
}

// The names that a certificate is for, sorted, to tell whether two are for the same.
std::vector<std::string> NamesOf(X509* certificate) {
  std::vector<std::string> names;
  const Owned<GENERAL_NAMES> all(static_cast<GENERAL_NAMES*>(
      ::X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), i);
    if (name->type != GEN_DNS) continue;
    names.emplace_back(reinterpret_cast<const char*>(::ASN1_STRING_get0_data(name->d.dNSName)),
                       static_cast<std::size_t>(::ASN1_STRING_length(name->d.dNSName)));
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::Time ExpireTime(X509* certificate) {
  std::tm tm{};
  if (::ASN1_TIME_to_tm(::X509_get0_notAfter(certificate), &tm) != 1) return absl::InfinitePast();
  return absl::FromTM(tm, absl::UTCTimeZone());
}

Owned<SSL_CTX> NewContext() {
  Owned<SSL_CTX> context(::SSL_CTX_new(::TLS_server_method()));
  if (context == nullptr) return nullptr;
  ::SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  ::SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                           SSL_OP_CIPHER_SERVER_PREFERENCE |
                                           SSL_OP_PRIORITIZE_CHACHA);
  // A write may take what fits, and be tried again from where the rest has moved to; an idle
  // session gives its buffers back.
  ::SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                        SSL_MODE_RELEASE_BUFFERS);
  // Sessions come again by ticket; nothing of them is kept here. One ticket is enough: mail hosts
  // open a connection after the other.
  ::SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  ::SSL_CTX_set_num_tickets(context.get(), 1);
  ::SSL_CTX_set_dh_auto(context.get(), 1);
  if (::SSL_CTX_set_cipher_list(context.get(), kCiphers) != 1) return nullptr;
  return context;
}

bool AddIdentity(SSL_CTX* context, const Identity& identity) {
  if (::SSL_CTX_use_certificate(context, identity.certificate.get()) != 1 ||
      ::SSL_CTX_use_PrivateKey(context, identity.key.get()) != 1) {
    return false;
  }
  for (const Owned<X509>& issuer : identity.issuers) {
    if (::SSL_CTX_add1_chain_cert(context, issuer.get()) != 1) return false;
  }
  return true;
}

}  // namespace

void SslDeleter::operator()(ssl_st* ssl) const { ::SSL_free(ssl); }

struct Tls::Contexts {
  struct Context {
    openssl::Owned<SSL_CTX> context;
    openssl::Owned<X509> certificate;  // the first that went in: it says for which hosts
    std::vector<std::string> names;
    std::vector<int> key_types;
  };
  std::vector<Context> all;
  std::vector<CertificateEnd> ends;

  // False: OpenSSL refuses it, and its queue of errors says why.
  bool Add(Identity identity, const std::string& chain_file = "") {
    ends.push_back({chain_file, ExpireTime(identity.certificate.get())});
    const int key_type = ::EVP_PKEY_get_base_id(identity.key.get());
    std::vector<std::string> names = NamesOf(identity.certificate.get());
    for (Context& each : all) {
      const bool has_type =
          std::find(each.key_types.begin(), each.key_types.end(), key_type) != each.key_types.end();
      if (each.names != names || has_type) continue;
      each.key_types.push_back(key_type);
      return AddIdentity(each.context.get(), identity);
    }
    Owned<SSL_CTX> context = NewContext();
    if (context == nullptr || !AddIdentity(context.get(), identity)) return false;
    ::SSL_CTX_set_tlsext_servername_callback(context.get(), ChooseByName);
    ::SSL_CTX_set_tlsext_servername_arg(context.get(), this);
    all.push_back(
        {std::move(context), std::move(identity.certificate), std::move(names), {key_type}});
    return true;
  }

  static int ChooseByName(SSL* ssl, int*, void* argument) {
    const auto& contexts = *static_cast<const Contexts*>(argument);
    const char* name = ::SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
    for (const Context& each : contexts.all) {
      if (::X509_check_host(each.certificate.get(), name, 0, 0, nullptr) != 1) continue;
      ::SSL_set_SSL_CTX(ssl, each.context.get());
      return SSL_TLSEXT_ERR_OK;
    }
    // Nobody is turned away for a name: without TLS the mail would come in the clear.
    return SSL_TLSEXT_ERR_NOACK;
  }
};

Tls::Tls(std::unique_ptr<Contexts> contexts) : contexts_(std::move(contexts)) {}

Tls::~Tls() = default;

absl::StatusOr<std::shared_ptr<const Tls>> Tls::Load(const std::vector<CertificateFiles>& files) {
  auto contexts = std::make_unique<Contexts>();
  for (const CertificateFiles& each : files) {
    absl::StatusOr<Identity> identity = ReadIdentity(each);
    if (!identity.ok()) return identity.status();
    if (!contexts->Add(*std::move(identity), each.chain_file)) {
      return CannotUse(each.chain_file, WhatFailed());
    }
  }
  if (contexts->all.empty()) return absl::InvalidArgumentError("no certificates");
  return std::shared_ptr<const Tls>(new Tls(std::move(contexts)));
}

absl::StatusOr<std::shared_ptr<const Tls>> Tls::SelfMade(const std::string& hostname,
                                                         absl::Time now) {
  auto contexts = std::make_unique<Contexts>();
  std::optional<Identity> ec = MakeIdentity(hostname, now, Owned<EVP_PKEY>(EVP_EC_gen("P-256")));
  std::optional<Identity> rsa = MakeIdentity(hostname, now, Owned<EVP_PKEY>(EVP_RSA_gen(kRsaBits)));
  if (!ec || !rsa || !contexts->Add(*std::move(ec)) || !contexts->Add(*std::move(rsa))) {
    return absl::InternalError(absl::StrCat("cannot make a certificate: ", WhatFailed()));
  }
  return std::shared_ptr<const Tls>(new Tls(std::move(contexts)));
}

SslPointer Tls::NewSession() const {
  SslPointer ssl(::SSL_new(contexts_->all.front().context.get()));
  if (ssl != nullptr) ::SSL_set_accept_state(ssl.get());
  ::ERR_clear_error();
  return ssl;
}

const std::vector<CertificateEnd>& Tls::ends() const { return contexts_->ends; }

}  // namespace bounced::smtp
