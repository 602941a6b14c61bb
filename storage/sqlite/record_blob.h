// An AddressRecord in octets, as the row of its address keeps it.
//
//   record   = version [days days mails count day day day released]
//   version  = %x01
//   days     = count *day-step          ; the first from 0, each other from the one before it
//   mails    = count *8OCTET            ; little-endian
//   released = %x00 / %x01 microseconds ; since 1970
//
// Counts are LEB128 (seven bits an octet, least first), days and microseconds the same over
// zigzag, so that small numbers of either sign are short. An empty record is no octets at all.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "storage/records.h"

namespace bounced {

// Of each list of days; of a longer one the newest are kept. A window of the policy is a year or
// so.
inline constexpr std::size_t kMaxRecordDays = 1'000;

std::string EncodeRecord(const AddressRecord& record);

// None: not octets that EncodeRecord() makes, as of a damaged row. Total.
std::optional<AddressRecord> DecodeRecord(std::string_view octets);

}  // namespace bounced
