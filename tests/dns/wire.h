// Messages of DNS as octets (RFC 1035, 4), well-formed or not.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/dns/lookups.h"

namespace bounced::dns {

inline std::string Number16(unsigned number) {
  return {static_cast<char>(number >> 8), static_cast<char>(number & 0xff)};
}
inline std::string Number32(std::uint32_t number) {
  return Number16(number >> 16) + Number16(number & 0xffff);
}
// A string behind its length.
inline std::string Counted(std::string_view text) {
  return static_cast<char>(text.size()) + std::string(text);
}
// A name without compression. Labels may be of any length below 256.
inline std::string WireName(std::string_view name) {
  std::string wire;
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    wire += Counted(label);
    name.remove_prefix(std::min(label.size() + 1, name.size()));
  }
  return wire + '\0';
}
// A pointer to a place of the message. The name of the question is at 12.
inline std::string Pointer(unsigned place) { return Number16(0xC000 | place); }

// The octets of an address.
inline std::string WireAddress(std::string_view text) {
  const IpAddress address = IpAddress::Parse(text).value();
  return std::string(address.octets());
}

struct WireRecord {
  std::string name;  // as octets
  unsigned type;
  std::uint32_t time_to_live;
  std::string data;
  unsigned record_class = 1;
};

inline WireRecord Soa(std::uint32_t time_to_live, std::uint32_t minimum) {
  return {WireName("example.net"), 6, time_to_live,
          WireName("ns.example.net") + WireName("hostmaster.example.net") + Number32(1) +
              Number32(2) + Number32(3) + Number32(4) + Number32(minimum)};
}

struct WireMessage {
  unsigned id = 0;
  unsigned flags = 0x8180;    // a response, recursion desired and available
  std::string question = {};  // as octets: name, type, class
  std::vector<WireRecord> answers = {};
  std::vector<WireRecord> authorities = {};

  std::string Octets() const {
    std::string octets = Number16(id) + Number16(flags) + Number16(1) +
                         Number16(static_cast<unsigned>(answers.size())) +
                         Number16(static_cast<unsigned>(authorities.size())) + Number16(0) +
                         question;
    for (const std::vector<WireRecord>* section : {&answers, &authorities}) {
      for (const WireRecord& record : *section) {
        octets += record.name + Number16(record.type) + Number16(record.record_class) +
                  Number32(record.time_to_live) +
                  Number16(static_cast<unsigned>(record.data.size())) + record.data;
      }
    }
    return octets;
  }
};

inline std::string WireQuestion(std::string_view name, Type type) {
  return WireName(name) + Number16(static_cast<unsigned>(type)) + Number16(1);
}

}  // namespace bounced::dns
