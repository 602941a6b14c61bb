// What lies in the files of a database, seen without the daemon. All but CopyDatabase(),
// RawOctets() and AskNumberOfLive() want one that nobody holds. What cannot be done throws.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>

namespace bounced::e2e {

// Puts a copy of the database in `from`, its write-ahead log included, in the place of whatever is
// in `to`. Neither file is written to, so that a crash stays as it was.
void CopyDatabase(const std::string& from, const std::string& to);

// Fails the test unless a full check finds nothing.
void ExpectWhole(const std::string& directory);

// "table column=value column=value": one text a row.
using Rows = std::set<std::string>;
// Whether a column is looked at.
using Looks = std::function<bool(std::string_view table, std::string_view column)>;
Rows ReadRows(const std::string& directory, const Looks& looks);
// The first few rows that only one of them has; empty: they are the same.
std::string Difference(const Rows& is, const Rows& want);

void Execute(const std::string& directory, const std::string& sql);
std::int64_t AskNumber(const std::string& directory, const std::string& sql);
// The first column of all rows.
std::set<std::string> AskTexts(const std::string& directory, const std::string& sql);
// As AskNumber(), beside a daemon that is at work.
std::int64_t AskNumberOfLive(const std::string& directory, const std::string& sql);

// All octets of the database, its write-ahead log and its shared memory, without case.
std::string RawOctets(const std::string& directory);

}  // namespace bounced::e2e
