// For whom a message in a mailbox was.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bounced::cli {

// At most so many octets of the header section are looked at.
inline constexpr std::size_t kMaxHeaderOctets = 256 << 10;
// And at most so many addresses given.
inline constexpr std::size_t kMaxDeliveredTo = 32;

// The addresses that a message may have come to, the most telling first: those that delivery wrote
// down (X-Original-To, Delivered-To, Envelope-To), then those of To. Without doubles.
std::vector<std::string> DeliveredTo(std::string_view message);

// The reverse path that delivery wrote down (Return-Path; RFC 5321, 4.4); empty: null, or none.
std::string WrittenReversePath(std::string_view message);

}  // namespace bounced::cli
