#include "storage/sqlite/revocations.h"

#include <string>

namespace bounced {

Revocation RevocationOf(const Query& row) {
  return {.domain = std::string(row.Text(0)),
          .key_id = std::string(row.Text(1)),
          .time = row.Time(2),
          .author = std::string(row.Text(3))};
}

absl::Status RevocationTable::Prepare(Connection& connection) {
  Preparer prepare(connection.db());
  prepare(insert_,
          "INSERT INTO revocation (domain, key_id, time, author) VALUES (?, ?, ?, ?)"
          " ON CONFLICT DO NOTHING");
  prepare(find_,
          "SELECT domain, key_id, time, author FROM revocation WHERE domain = ? AND key_id = ?");
  return prepare.status();
}

absl::StatusOr<Revocation> RevocationTable::Revoke(const RevokeKey& work, absl::Time now) {
  const std::string_view domain = work.domain;
  const std::string_view key_id = work.key_id;
  absl::Status status = insert_->Run(domain, key_id, now, std::string_view(work.author));
  if (!status.ok()) return status;
  Query query = find_->Start(domain, key_id);
  absl::StatusOr<bool> there = query.Next();
  if (!there.ok()) return there.status();
  return RevocationOf(query);
}

}  // namespace bounced
