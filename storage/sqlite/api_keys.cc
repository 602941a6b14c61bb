#include "storage/sqlite/api_keys.h"

#include <cstdint>
#include <string>

namespace bounced {

ApiKey ApiKeyOf(const Query& row) {
  ApiKey key;
  key.id = std::string(row.Text(0));
  key.name = std::string(row.Text(1));
  if (!row.IsNull(2)) key.tenant = std::string(row.Text(2));
  key.roles = static_cast<std::uint32_t>(row.Integer(3));
  key.token_hash = std::string(row.Octets(4));
  key.create_time = row.Time(5);
  key.author = std::string(row.Text(6));
  key.expire_time = row.Time(7);
  key.revoke_time = row.Time(8);
  key.revoke_author = std::string(row.Text(9));
  if (!row.IsNull(10)) key.last_use_time = row.Time(10);
  return key;
}

absl::Status ApiKeyTable::Prepare(Connection& connection) {
  Preparer prepare(connection.db());
  prepare(put_,
          "INSERT INTO api_key (id, name, tenant, roles, token_hash, create_time, author,"
          " expire_time, revoke_time, revoke_author, last_use_time)"
          " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
          " ON CONFLICT (id) DO UPDATE SET revoke_time = ifnull(revoke_time, excluded.revoke_time),"
          " revoke_author = iif(revoke_time IS NULL, excluded.revoke_author, revoke_author),"
          " last_use_time = excluded.last_use_time");
  return prepare.status();
}

absl::Status ApiKeyTable::Put(const ApiKey& key) {
  const auto text = [](const std::string& value) { return std::string_view(value); };
  const std::optional<std::string_view> tenant =
      key.tenant ? std::optional<std::string_view>(*key.tenant) : std::nullopt;
  return put_->Run(text(key.id), text(key.name), tenant, std::int64_t{key.roles},
                   Blob{key.token_hash}, key.create_time, text(key.author), key.expire_time,
                   key.revoke_time, text(key.revoke_author), key.last_use_time);
}

}  // namespace bounced
