// What comes back for mails of ours.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "parser/address.h"
#include "storage/records.h"

namespace bounced::simulation {

enum class MailKind : std::uint8_t {
  kNoSuchUser,  // hard, and certain
  kDisabled,    // hard, not for good
  kFull,        // soft
  kSpam,        // the sender's fault
  kDelayed,     // no failure yet
  kDelivered,
  kAutoReply,
  kOther,
  kComplaint,
  kUnsubscribe,  // to an unsubscribe address
};
inline constexpr std::array kMailKinds = {
    MailKind::kNoSuchUser, MailKind::kDisabled,    MailKind::kFull,      MailKind::kSpam,
    MailKind::kDelayed,    MailKind::kDelivered,   MailKind::kAutoReply, MailKind::kOther,
    MailKind::kComplaint,  MailKind::kUnsubscribe,
};
std::string_view ToString(MailKind kind);

// A return path, or an unsubscribe address, and the mail of ours that had it.
struct ReturnPath {
  std::string tenant;
  std::string stream;
  std::string path;
  Address address;
  Day day = 0;  // of issue
};

// A message that a sending host has for us.
struct Mail {
  int number = 0;
  MailKind kind = MailKind::kOther;
  std::string octets = {};
  std::vector<const ReturnPath*> return_paths = {};
};

// `number` makes it differ from all others. Some of its lines begin with a dot.
std::string Compose(MailKind kind, const Address& address, int number);

}  // namespace bounced::simulation
