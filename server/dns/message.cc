#include "server/dns/message.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"

namespace bounced::dns {
namespace {

constexpr std::size_t kMaxNameOctets = 253;  // of 255 on the wire; RFC 1035, 2.3.4
// As many as such a name can have labels: a pointer stands behind one.
constexpr int kMaxPointers = 127;
constexpr unsigned kClassIn = 1;
constexpr unsigned kTypeSoa = 6;
constexpr unsigned kTypeCname = 5;
constexpr unsigned kMaxTtl = 0x7FFFFFFF;  // RFC 2181, 8

// Reads from a place of a message on. Once something is not there, nothing more is.
class Cursor {
 public:
  Cursor(std::string_view message, std::size_t place, std::size_t end)
      : message_(message), place_(place), end_(end) {}

  bool ok() const { return ok_; }
  bool at_end() const { return place_ == end_; }
  std::size_t place() const { return place_; }

  std::uint32_t Number(std::size_t octets) {
    std::uint32_t number = 0;
    for (const char c : Octets(octets)) number = number << 8 | static_cast<unsigned char>(c);
    return number;
  }
  std::string_view Octets(std::size_t octets) {
    if (!ok_ || octets > end_ - place_) {
      ok_ = false;
      return {};
    }
    place_ += octets;
    return message_.substr(place_ - octets, octets);
  }
  // A string behind its length (RFC 1035, 3.3).
  std::string_view String() { return Octets(Number(1)); }
  // As in Question; none: Question cannot hold it, or it is not there.
  std::optional<std::string> Name();

 private:
  std::string_view message_;
  std::size_t place_;
  std::size_t end_;
  bool ok_ = true;
};

// RFC 1035, 4.1.4.
std::optional<std::string> Cursor::Name() {
  std::string name;
  bool fits = true;
  int pointers = 0;
  // Where it reads: here until the first pointer, then behind each.
  Cursor at = *this;
  for (;;) {
    const std::uint32_t length = at.Number(1);
    if (at.ok_ && length >= 0xC0) {
      const std::size_t target = (length & 0x3F) << 8 | at.Number(1);
      if (pointers == 0) place_ = at.place_;
      if (!at.ok_ || ++pointers > kMaxPointers) break;
      if (target > message_.size()) break;
      at = Cursor(message_, target, message_.size());
      continue;
    }
    if (!at.ok_ || length > 63) break;
    const std::string_view label = at.Octets(length);
    if (!at.ok_) break;
    if (length == 0) {
      if (pointers == 0) place_ = at.place_;
      if (!fits) return std::nullopt;
      absl::AsciiStrToLower(&name);
      return name;
    }
    fits = fits && std::all_of(label.begin(), label.end(),
                               [](char c) { return c > ' ' && c <= '~' && c != '.'; });
    if (!name.empty()) name += '.';
    name += label;
    if (name.size() > kMaxNameOctets) break;
  }
  ok_ = false;
  return std::nullopt;
}

struct Record {
  unsigned type;
  unsigned record_class;
  std::uint32_t time_to_live;
  Cursor data;
};

std::optional<Record> NextRecord(std::string_view message, Cursor& cursor) {
  cursor.Name();
  const unsigned type = cursor.Number(2);
  const unsigned record_class = cursor.Number(2);
  const std::uint32_t time_to_live = cursor.Number(4);
  const std::uint32_t octets = cursor.Number(2);
  const std::size_t begin = cursor.place();
  cursor.Octets(octets);
  if (!cursor.ok()) return std::nullopt;
  return Record{type, record_class, time_to_live > kMaxTtl ? 0 : time_to_live,
                Cursor(message, begin, begin + octets)};
}

// What of a record is kept, within bounds.
class Collector {
 public:
  explicit Collector(const AnswerLimits& limits) : limits_(limits) {}

  // False: the record is not well-formed.
  bool Add(Type type, Cursor& data);
  bool is_empty() const { return records_ == 0; }
  Answer Take() && { return std::move(answer_); }

 private:
  bool HasRoom(std::size_t octets) {
    if (records_ >= limits_.max_records || octets > limits_.max_octets - octets_) return false;
    ++records_;
    octets_ += octets;
    return true;
  }
  void AddAddress(const IpAddress& address) {
    if (HasRoom(address.octets().size())) answer_.addresses.push_back(address);
  }

  const AnswerLimits& limits_;
  Answer answer_;
  std::size_t records_ = 0;
  std::size_t octets_ = 0;
};

bool Collector::Add(Type type, Cursor& data) {
  switch (type) {
    case Type::kA: {
      std::array<std::uint8_t, 4> octets;
      for (std::uint8_t& octet : octets) octet = static_cast<std::uint8_t>(data.Number(1));
      if (data.ok()) AddAddress(IpAddress::V4(octets));
      break;
    }
    case Type::kAaaa: {
      std::array<std::uint8_t, 16> octets;
      for (std::uint8_t& octet : octets) octet = static_cast<std::uint8_t>(data.Number(1));
      if (data.ok()) AddAddress(IpAddress::V6(octets));
      break;
    }
    case Type::kMx: {
      const auto preference = static_cast<std::uint16_t>(data.Number(2));
      std::optional<std::string> name = data.Name();
      if (name && HasRoom(name->size())) {
        answer_.exchanges.push_back({preference, *std::move(name)});
      }
      break;
    }
    case Type::kPtr: {
      std::optional<std::string> name = data.Name();
      if (name && HasRoom(name->size())) answer_.names.push_back(*std::move(name));
      break;
    }
    case Type::kTxt: {
      std::string text;
      while (data.ok() && !data.at_end()) text += data.String();
      if (data.ok() && HasRoom(text.size())) answer_.texts.push_back(std::move(text));
      break;
    }
  }
  return data.ok() && data.at_end();
}

// How long it holds that there is nothing: what the SOA record of the authority section says
// (RFC 2308, 5).
absl::Duration NegativeTimeToLive(std::string_view message, Cursor& cursor,
                                  std::uint32_t authorities) {
  for (; authorities > 0; --authorities) {
    const std::optional<Record> record = NextRecord(message, cursor);
    if (!record) break;
    if (record->type != kTypeSoa || record->record_class != kClassIn) continue;
    Cursor data = record->data;
    data.Name();
    data.Name();
    data.Octets(4 * 4);  // SERIAL, REFRESH, RETRY, EXPIRE
    const std::uint32_t minimum = data.Number(4);
    if (!data.ok()) break;
    return absl::Seconds(std::min(record->time_to_live, minimum > kMaxTtl ? 0 : minimum));
  }
  return absl::ZeroDuration();
}

}  // namespace

TimedAnswer ReadMessage(std::string_view message, Type type, const AnswerLimits& limits) {
  Cursor cursor(message, 0, message.size());
  cursor.Number(2);  // ID
  const std::uint32_t flags = cursor.Number(2);
  const std::uint32_t questions = cursor.Number(2);
  const std::uint32_t answers = cursor.Number(2);
  const std::uint32_t authorities = cursor.Number(2);
  cursor.Number(2);  // ARCOUNT
  const bool is_response = (flags & 0x8000) != 0;
  const std::uint32_t rcode = flags & 0xF;
  constexpr std::uint32_t kNameError = 3;
  if (!cursor.ok() || !is_response || (rcode != 0 && rcode != kNameError)) return {};

  for (std::uint32_t i = 0; i < questions && cursor.ok(); ++i) {
    cursor.Name();
    cursor.Number(4);  // QTYPE, QCLASS
  }
  Collector collector(limits);
  std::uint32_t time_to_live = kMaxTtl;
  for (std::uint32_t i = 0; i < answers; ++i) {
    std::optional<Record> record = NextRecord(message, cursor);
    if (!record) return {};
    if (record->record_class != kClassIn) continue;
    const bool is_wanted = record->type == static_cast<unsigned>(type);
    if (is_wanted && !collector.Add(type, record->data)) return {};
    if (is_wanted || record->type == kTypeCname) {
      time_to_live = std::min(time_to_live, record->time_to_live);
    }
  }
  if (!cursor.ok()) return {};
  if (rcode == 0 && !collector.is_empty()) {
    TimedAnswer found{std::move(collector).Take(), absl::Seconds(time_to_live)};
    found.answer.outcome = Outcome::kFound;
    return found;
  }
  return {.answer = {.outcome = rcode == 0 ? Outcome::kNoData : Outcome::kNoSuchName},
          .time_to_live = std::min(absl::Seconds(time_to_live),
                                   NegativeTimeToLive(message, cursor, authorities))};
}

}  // namespace bounced::dns
