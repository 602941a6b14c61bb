#include "server/login/exchange.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "parser/text.h"

namespace bounced {
namespace {

constexpr std::size_t kNonceOctets = 18;  // no padding in base64
constexpr std::size_t kMaxNonceOctets = 256;

SaslStep AskForPassword(const Users& users, std::string_view user, std::string_view password) {
  if (user.empty() || user.size() > kMaxUserOctets || password.size() > kMaxPasswordOctets) {
    return SaslRefused{};
  }
  return SaslPassword{std::string(user), std::string(password), users.Find(user)};
}

// RFC 4616.
class Plain final : public SaslExchange {
 public:
  explicit Plain(const Users& users) : users_(users) {}

  SaslStep Open() override { return SaslChallenge{}; }
  SaslStep Next(std::string_view message) override {
    const std::size_t first = message.find('\0');
    const std::size_t second = first == message.npos ? first : message.find('\0', first + 1);
    if (second == message.npos) return SaslMalformed{};
    const std::string_view acts_for = message.substr(0, first);
    const std::string_view user = message.substr(first + 1, second - first - 1);
    // Nobody acts for another one here.
    if (!acts_for.empty() && acts_for != user) return SaslRefused{};
    return AskForPassword(users_, user, message.substr(second + 1));
  }

 private:
  const Users& users_;
};

// Of no standard, but of every client (draft-murchison-sasl-login).
class Login final : public SaslExchange {
 public:
  explicit Login(const Users& users) : users_(users) {}

  SaslStep Open() override { return SaslChallenge{"Username:"}; }
  SaslStep Next(std::string_view message) override {
    if (user_) return AskForPassword(users_, *user_, message);
    user_ = std::string(message.substr(0, kMaxUserOctets + 1));
    return SaslChallenge{"Password:"};
  }

 private:
  const Users& users_;
  std::optional<std::string> user_;
};

// RFC 5802, 7: "=2C" and "=3D" in names. None: another "=".
std::optional<std::string> UnescapeName(std::string_view name) {
  std::string text;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] != '=') {
      text += name[i];
    } else if (name.substr(i, 3) == "=2C") {
      text += ',';
      i += 2;
    } else if (name.substr(i, 3) == "=3D") {
      text += '=';
      i += 2;
    } else {
      return std::nullopt;
    }
  }
  return text;
}

// Cuts the attribute `name` off the front of `message`: "n=value,". None: it does not stand there.
std::optional<std::string_view> Cut(char name, std::string_view& message) {
  if (message.size() < 2 || message[0] != name || message[1] != '=') return std::nullopt;
  const std::size_t comma = std::min(message.find(','), message.size());
  const std::string_view value = message.substr(2, comma - 2);
  message.remove_prefix(std::min(comma + 1, message.size()));
  return value;
}

// RFC 5802, 7: of printable ASCII but the comma, which Cut() leaves out.
bool IsNonce(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNonceOctets &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

// RFC 5802, 5, without channel binding.
class Scram final : public SaslExchange {
 public:
  Scram(const Users& users, std::string nonce) : users_(users), nonce_(std::move(nonce)) {}

  SaslStep Open() override { return SaslChallenge{}; }
  SaslStep Next(std::string_view message) override {
    switch (state_) {
      case State::kFirst:
        return First(message);
      case State::kFinal:
        return Final(message);
      case State::kProved:
        // The client had to see our signature before it believes that it is done.
        if (!message.empty()) return SaslMalformed{};
        return SaslDone{user_};
    }
    return SaslMalformed{};
  }

 private:
  enum class State { kFirst, kFinal, kProved };

  SaslStep First(std::string_view message) {
    // "n": no channel binding; "y": the client thinks that we have none, and is right.
    const std::size_t comma = message.find(',');
    if (comma != 1 || (message[0] != 'n' && message[0] != 'y')) return SaslMalformed{};
    const std::size_t end = message.find(',', comma + 1);
    if (end == message.npos) return SaslMalformed{};
    header_ = message.substr(0, end + 1);
    std::string_view acts_for = message.substr(comma + 1, end - comma - 1);
    std::string_view rest = message.substr(end + 1);
    first_bare_ = rest;
    const std::optional<std::string_view> escaped = Cut('n', rest);
    const std::optional<std::string_view> client_nonce = Cut('r', rest);
    if (!escaped || !client_nonce || !IsNonce(*client_nonce)) return SaslMalformed{};
    const std::optional<std::string> user = UnescapeName(*escaped);
    if (!user || user->empty() || user->size() > kMaxUserOctets) return SaslMalformed{};
    if (!acts_for.empty() && Cut('a', acts_for) != escaped) return SaslRefused{};
    user_ = *user;
    secret_ = users_.Find(user_);
    nonce_.insert(0, *client_nonce);
    server_first_ = absl::StrCat("r=", nonce_, ",s=", absl::Base64Escape(secret_.salt),
                                 ",i=", secret_.iterations);
    state_ = State::kFinal;
    return SaslChallenge{server_first_};
  }

  SaslStep Final(std::string_view message) {
    const std::size_t proof_begin = message.rfind(",p=");
    if (proof_begin == message.npos) return SaslMalformed{};
    const std::string_view without_proof = message.substr(0, proof_begin);
    std::string_view rest = without_proof;
    const std::optional<std::string_view> binding = Cut('c', rest);
    const std::optional<std::string_view> nonce = Cut('r', rest);
    std::string proof;
    if (!binding || !nonce || *binding != absl::Base64Escape(header_) ||
        !absl::Base64Unescape(Absl(message.substr(proof_begin + 3)), &proof)) {
      return SaslMalformed{};
    }
    const std::string auth_message =
        absl::StrCat(first_bare_, ",", server_first_, ",", Absl(without_proof));
    if (*nonce != nonce_ || !CheckScramProof(secret_, auth_message, proof)) return SaslRefused{};
    state_ = State::kProved;
    return SaslChallenge{
        absl::StrCat("v=", absl::Base64Escape(ScramServerSignature(secret_, auth_message)))};
  }

  const Users& users_;
  std::string nonce_;  // ours, then the client's and ours
  State state_ = State::kFirst;
  std::string header_;  // of GS2: what the client must repeat
  std::string first_bare_;
  std::string server_first_;
  std::string user_;
  ScramSecret secret_;
};

}  // namespace

std::unique_ptr<SaslExchange> SaslExchange::Begin(std::string_view mechanism, const Users& users) {
  if (EqualsIgnoringCase(mechanism, "PLAIN")) return std::make_unique<Plain>(users);
  if (EqualsIgnoringCase(mechanism, "LOGIN")) return std::make_unique<Login>(users);
  if (EqualsIgnoringCase(mechanism, "SCRAM-SHA-256")) {
    return BeginScram(users, absl::Base64Escape(RandomOctets(kNonceOctets)));
  }
  return nullptr;
}

std::unique_ptr<SaslExchange> BeginScram(const Users& users, std::string nonce) {
  return std::make_unique<Scram>(users, std::move(nonce));
}

}  // namespace bounced
