#include "storage/sqlite/record_blob.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace bounced {
namespace {

constexpr char kVersion = 1;

class Encoder {
 public:
  void Count(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<char>(value | 0x80));
    out_.push_back(static_cast<char>(value));
  }
  void Signed(std::int64_t value) {
    Count((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
  }
  void Days(std::span<const Day> days) {
    if (days.size() > kMaxRecordDays) days = days.last(kMaxRecordDays);
    Count(days.size());
    std::int64_t last = 0;
    for (Day day : days) {
      Signed(day - last);
      last = day;
    }
  }
  void Mails(std::span<const std::uint64_t> mails) {
    if (mails.size() > AddressRecord::kMaxCountedMails) {
      mails = mails.last(AddressRecord::kMaxCountedMails);
    }
    Count(mails.size());
    for (std::uint64_t mail : mails) {
      for (int shift = 0; shift < 64; shift += 8) out_.push_back(static_cast<char>(mail >> shift));
    }
  }
  std::string& out() { return out_; }

 private:
  std::string out_;
};

// Reads past the end as zeros and remembers that it did.
class Decoder {
 public:
  explicit Decoder(std::string_view in) : in_(in) {}

  std::uint8_t Octet() {
    if (in_.empty()) {
      failed_ = true;
      return 0;
    }
    auto octet = static_cast<std::uint8_t>(in_.front());
    in_.remove_prefix(1);
    return octet;
  }
  std::uint64_t Count() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      std::uint8_t octet = Octet();
      value |= std::uint64_t{octet & 0x7Fu} << shift;
      if ((octet & 0x80) == 0) return value;
    }
    failed_ = true;
    return 0;
  }
  std::int64_t Signed() {
    std::uint64_t value = Count();
    return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
  }
  Day ToDay(std::int64_t value) {
    if (value < std::numeric_limits<Day>::min() || value > std::numeric_limits<Day>::max()) {
      failed_ = true;
      return 0;
    }
    return static_cast<Day>(value);
  }
  std::vector<Day> Days() {
    std::vector<Day> days;
    std::uint64_t count = Bounded(kMaxRecordDays);
    days.reserve(count);
    Day last = 0;
    for (std::uint64_t i = 0; i < count && !failed_; ++i) {
      std::int64_t step = Signed();
      // Two days are never further apart than all days are.
      if (step > std::numeric_limits<std::uint32_t>::max() ||
          step < -std::int64_t{std::numeric_limits<std::uint32_t>::max()}) {
        failed_ = true;
        break;
      }
      last = ToDay(last + step);
      days.push_back(last);
    }
    return days;
  }
  std::vector<std::uint64_t> Mails() {
    std::vector<std::uint64_t> mails(Bounded(AddressRecord::kMaxCountedMails));
    for (std::uint64_t& mail : mails) {
      for (int shift = 0; shift < 64; shift += 8) mail |= std::uint64_t{Octet()} << shift;
    }
    return mails;
  }
  std::uint64_t Bounded(std::uint64_t most) {
    std::uint64_t count = Count();
    if (count <= most) return count;
    failed_ = true;
    return 0;
  }
  bool whole() const { return !failed_ && in_.empty(); }

 private:
  std::string_view in_;
  bool failed_ = false;
};

}  // namespace

std::string EncodeRecord(const AddressRecord& record) {
  if (record == AddressRecord{}) return "";
  Encoder encoder;
  encoder.out().push_back(kVersion);
  encoder.Days(record.hard_days);
  encoder.Days(record.soft_days);
  encoder.Mails(record.counted_mails);
  encoder.Count(static_cast<std::uint64_t>(std::max(record.soft_suppressions, 0)));
  encoder.Signed(record.soft_suppressed_on);
  encoder.Signed(record.probation_until);
  encoder.Signed(record.delivered_on);
  encoder.Count(record.released ? 1 : 0);
  if (record.released) encoder.Signed(absl::ToUnixMicros(*record.released));
  return std::move(encoder.out());
}

std::optional<AddressRecord> DecodeRecord(std::string_view octets) {
  AddressRecord record;
  if (octets.empty()) return record;
  Decoder decoder(octets);
  if (decoder.Octet() != kVersion) return std::nullopt;
  record.hard_days = decoder.Days();
  record.soft_days = decoder.Days();
  record.counted_mails = decoder.Mails();
  record.soft_suppressions = static_cast<int>(decoder.Bounded(std::numeric_limits<int>::max()));
  record.soft_suppressed_on = decoder.ToDay(decoder.Signed());
  record.probation_until = decoder.ToDay(decoder.Signed());
  record.delivered_on = decoder.ToDay(decoder.Signed());
  if (decoder.Bounded(1) == 1) record.released = absl::FromUnixMicros(decoder.Signed());
  if (!decoder.whole()) return std::nullopt;
  return record;
}

}  // namespace bounced
