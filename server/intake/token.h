// The signed local part of a return path, or of an unsubscribe address, read and written. The
// format, to the byte: README, "Return paths".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "parser/address.h"
#include "storage/records.h"

namespace bounced {

inline constexpr std::size_t kMaxKeyIdOctets = 4;       // a-z 0-9
inline constexpr std::size_t kMaxStreamOctets = 16;     // a-z 0-9 _
inline constexpr std::size_t kMaxReferenceOctets = 16;  // a-z 0-9 _

// What an address of ours is for. What is signed for one use holds in no other.
enum class Use : std::uint8_t {
  kReturnPath,
  kUnsubscribe,   // for List-Unsubscribe (RFC 2369, 3.2)
  kFeedbackLoop,  // for feedback reports (RFC 5965); nothing is signed for it
};

enum class ReturnPathForm : std::uint8_t { kOpen = 1, kSealed = 2 };

using RecipientHash = std::array<std::uint8_t, 10>;

// The fields of a token. Syntax only: whether the MAC holds is for who has the key.
struct Token {
  static constexpr Day kEpochDay = 18'262;             // 2020-01-01
  static constexpr Day kLastDay = kEpochDay + 0x7FFF;  // 2109-09-18: 15 bits of days

  ReturnPathForm form = ReturnPathForm::kOpen;
  std::string key_id;
  std::string stream;          // empty: the domain's
  std::string reference;       // the sender's own
  Day day = kEpochDay;         // of issue, kEpochDay to kLastDay
  std::string recipient;       // open: canonical `local@domain`; sealed: the hash in base32
  std::string mac;             // in base32
  Use use = Use::kReturnPath;  // or kUnsubscribe

  // None: it is not of any form. Ignores the case of ASCII letters.
  static std::optional<Token> Read(std::string_view local_part);
  std::string Write() const;

  // What `mac` must be, under the key `key_id` of `domain` (canonical).
  std::string ExpectedMac(std::string_view secret, std::string_view domain) const;
};

bool IsKeyId(std::string_view s);
bool IsStream(std::string_view s);
bool IsReference(std::string_view s);

// Whether the open form can carry it: an ASCII dot-atom at a domain name, not a quoted string, an
// UTF-8 local part or an address literal.
bool CanBeOpen(const Address& recipient);

RecipientHash HashRecipient(std::string_view secret, std::string_view canonical_address);
std::string ToBase32(const RecipientHash& hash);
// `text` is 16 characters of base32, as Token::Read() leaves them.
RecipientHash RecipientHashFromBase32(std::string_view text);

}  // namespace bounced
