// The texts of the database in which an address may be named.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/mentions.h"
#include "storage/sqlite/connection.h"
#include "storage/store.h"

namespace bounced {

// Finds and masks mentions in all texts of rows that belong to a tenant, whatever tables there are,
// and in evidence. Rows of addresses are left out: each names another one, or is forgotten as such.
// `connection` outlives it; used by one thread at a time.
class MentionScan {
 public:
  // Only one is there at a time for a connection.
  static absl::StatusOr<MentionScan> Create(Connection& connection, const Mentions& mentions);
  MentionScan(MentionScan&&) = default;

  // See Store::FindMentions().
  absl::StatusOr<Page<MentionedRow>> Find(std::string_view tenant, Cursor from);
  // Those that another scan of the same database has found. In a transaction of the caller's.
  absl::Status Mask(std::string_view tenant, std::span<const MentionedRow> mentions);

 private:
  struct Table {
    std::string name;
    std::vector<std::string> columns;  // with texts; none: it holds evidence
    std::string is_tenants;            // whether a row is of the tenant ?3
  };

  MentionScan(Connection& connection, std::vector<Table> tables)
      : connection_(&connection), tables_(std::move(tables)) {}
  static absl::StatusOr<std::vector<Table>> TablesOf(Connection& connection);

  Connection* connection_;
  std::vector<Table> tables_;
};

// Takes the message that is kept away from all that refer to it, or from what is of `tenant`: then
// it stays while another refers to it, of whose data it is, too.
absl::Status RemoveEvidence(Connection& connection, std::int64_t id,
                            std::optional<std::string_view> tenant = std::nullopt);

}  // namespace bounced
