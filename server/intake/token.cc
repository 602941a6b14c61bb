#include "server/intake/token.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "parser/text.h"
#include "server/intake/keyed_hash.h"

namespace bounced {
namespace {

constexpr std::size_t kDayCharacters = 3;
constexpr std::size_t kHashCharacters = 16;
constexpr std::size_t kMacCharacters = 12;
constexpr std::string_view kHashLabel = "bounced recipient 1";

// How each kind of token begins, and what its MAC is of.
struct TokenKind {
  std::string_view prefix;
  std::string_view mac_label;
  Use use;
  ReturnPathForm form;
};
constexpr std::size_t kPrefixOctets = 3;
constexpr TokenKind kTokenKinds[] = {
    {"bo-", "bounced return path mac 1", Use::kReturnPath, ReturnPathForm::kOpen},
    {"bs-", "bounced return path mac 1", Use::kReturnPath, ReturnPathForm::kSealed},
    {"uo-", "bounced unsubscribe mac 1", Use::kUnsubscribe, ReturnPathForm::kOpen},
    {"us-", "bounced unsubscribe mac 1", Use::kUnsubscribe, ReturnPathForm::kSealed},
};

const TokenKind& KindOf(const Token& token) {
  return *std::find_if(std::begin(kTokenKinds), std::end(kTokenKinds), [&](const TokenKind& kind) {
    return kind.use == token.use && kind.form == token.form;
  });
}

constexpr bool IsLetterOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool IsWord(std::string_view s, std::size_t max_octets) {
  return s.size() <= max_octets &&
         std::all_of(s.begin(), s.end(), [](char c) { return IsLetterOrDigit(c) || c == '_'; });
}

bool IsBase32(std::string_view s) {
  return std::all_of(s.begin(), s.end(), [](char c) { return FromBase32(c).has_value(); });
}

std::string DayToBase32(Day day) {
  const auto days = static_cast<unsigned>(day - Token::kEpochDay);
  return {kBase32Alphabet[days >> 10 & 31], kBase32Alphabet[days >> 5 & 31],
          kBase32Alphabet[days & 31]};
}

Day DayFromBase32(std::string_view text) {
  Day days = 0;
  for (const char c : text) days = days << kBitsPerCharacter | FromBase32(c).value_or(0);
  return Token::kEpochDay + days;
}

// Cuts what stands before the first hyphen off `rest`. None: there is no hyphen.
std::optional<std::string_view> CutField(std::string_view& rest) {
  const std::size_t hyphen = rest.find('-');
  if (hyphen == std::string_view::npos) return std::nullopt;
  const std::string_view field = rest.substr(0, hyphen);
  rest.remove_prefix(hyphen + 1);
  return field;
}

// `local=domain` to `local@domain`: a domain holds no '=', so the last one is the '@'.
std::optional<std::string> ReadRecipient(std::string_view s) {
  const std::size_t at = s.rfind('=');
  if (at == std::string_view::npos) return std::nullopt;
  std::string mailbox = absl::StrCat(Absl(s.substr(0, at)), "@", Absl(s.substr(at + 1)));
  // One recipient has one token: what is not canonical, no one has signed in earnest.
  absl::StatusOr<Address> address = Address::Parse(mailbox);
  if (!address.ok() || address->canonical() != mailbox || !CanBeOpen(*address)) return std::nullopt;
  return mailbox;
}

std::string WriteRecipient(std::string_view mailbox) {
  std::string s(mailbox);
  s[s.rfind('@')] = '=';
  return s;
}

}  // namespace

std::optional<Token> Token::Read(std::string_view local_part) {
  if (local_part.size() > kMaxLocalPartOctets) return std::nullopt;
  const std::string folded = FoldCase(local_part);
  std::string_view rest = folded;
  const auto* kind =
      std::find_if(std::begin(kTokenKinds), std::end(kTokenKinds),
                   [rest](const TokenKind& each) { return rest.starts_with(each.prefix); });
  if (kind == std::end(kTokenKinds)) return std::nullopt;
  Token token;
  token.use = kind->use;
  token.form = kind->form;
  rest.remove_prefix(kPrefixOctets);
  const std::optional<std::string_view> key_id = CutField(rest);
  const std::optional<std::string_view> stream = CutField(rest);
  const std::optional<std::string_view> reference = CutField(rest);
  if (!reference || !IsKeyId(*key_id) || !IsStream(*stream) || !IsReference(*reference)) {
    return std::nullopt;
  }
  token.key_id = *key_id;
  token.stream = *stream;
  token.reference = *reference;

  const bool sealed = token.form == ReturnPathForm::kSealed;
  const std::size_t hash_characters = sealed ? kHashCharacters : 0;
  const std::size_t fixed = kDayCharacters + hash_characters + kMacCharacters;
  if (rest.size() < fixed || !IsBase32(rest.substr(0, fixed))) return std::nullopt;
  token.day = DayFromBase32(rest.substr(0, kDayCharacters));
  token.recipient = rest.substr(kDayCharacters, hash_characters);
  token.mac = rest.substr(fixed - kMacCharacters, kMacCharacters);
  rest.remove_prefix(fixed);
  if (sealed) return rest.empty() ? std::optional<Token>(std::move(token)) : std::nullopt;

  if (!rest.starts_with('-')) return std::nullopt;
  std::optional<std::string> recipient = ReadRecipient(rest.substr(1));
  if (!recipient) return std::nullopt;
  token.recipient = *std::move(recipient);
  return token;
}

std::string Token::Write() const {
  const bool sealed = form == ReturnPathForm::kSealed;
  const std::string head = absl::StrCat(Absl(KindOf(*this).prefix), key_id, "-", stream, "-",
                                        reference, "-", DayToBase32(day));
  if (sealed) return absl::StrCat(head, recipient, mac);
  return absl::StrCat(head, mac, "-", WriteRecipient(recipient));
}

std::string Token::ExpectedMac(std::string_view secret, std::string_view domain) const {
  const std::string_view form_name = form == ReturnPathForm::kSealed ? "sealed" : "open";
  return Base32(
      KeyedHash(secret, KindOf(*this).mac_label,
                {form_name, domain, key_id, stream, reference, DayToBase32(day), recipient}),
      kMacCharacters);
}

bool IsKeyId(std::string_view s) {
  return !s.empty() && s.size() <= kMaxKeyIdOctets &&
         std::all_of(s.begin(), s.end(), IsLetterOrDigit);
}

bool IsStream(std::string_view s) { return IsWord(s, kMaxStreamOctets); }

bool IsReference(std::string_view s) { return IsWord(s, kMaxReferenceOctets); }

bool CanBeOpen(const Address& recipient) {
  // A canonical local part is quoted only where it is no dot-atom.
  const std::string_view local = recipient.local_part();
  return !local.starts_with('"') && !recipient.domain().starts_with('[') &&
         std::all_of(local.begin(), local.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

RecipientHash HashRecipient(std::string_view secret, std::string_view canonical_address) {
  const KeyedHashValue value = KeyedHash(secret, kHashLabel, {canonical_address});
  RecipientHash hash;
  std::copy_n(value.begin(), hash.size(), hash.begin());
  return hash;
}

std::string ToBase32(const RecipientHash& hash) { return Base32(hash, kHashCharacters); }

RecipientHash RecipientHashFromBase32(std::string_view text) {
  RecipientHash hash{};
  std::size_t bit = 0;
  for (const char c : text.substr(0, kHashCharacters)) {
    const unsigned value = FromBase32(c).value_or(0);
    for (int shift = kBitsPerCharacter - 1; shift >= 0; --shift, ++bit) {
      const unsigned bits = hash[bit / 8];
      hash[bit / 8] = static_cast<std::uint8_t>(bits << 1 | (value >> shift & 1U));
    }
  }
  return hash;
}

}  // namespace bounced
