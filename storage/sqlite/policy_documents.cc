#include "storage/sqlite/policy_documents.h"

#include <string>

namespace bounced {

PolicyDocument PolicyDocumentOf(const Query& row) {
  return {.revision = row.Integer(0),
          .time = row.Time(1),
          .author = std::string(row.Text(2)),
          .cause = std::string(row.Text(3)),
          .document = std::string(row.Text(4))};
}

absl::Status PolicyDocumentTable::Prepare(Connection& connection) {
  Preparer prepare(connection.db());
  prepare(insert_,
          "INSERT INTO policy_document (revision, time, author, cause, document) SELECT"
          " ifnull(max(revision), 0) + 1, ?, ?, ?, ? FROM policy_document RETURNING revision");
  prepare(drop_, "DELETE FROM policy_document WHERE revision <= ?");
  return prepare.status();
}

absl::Status PolicyDocumentTable::Put(PutPolicies& work, absl::Time now) {
  absl::StatusOr<std::int64_t> revision =
      insert_->RunForNumber(now, std::string_view(work.author), std::string_view(work.cause),
                            std::string_view(work.document));
  if (!revision.ok()) return revision.status();
  work.revision = *revision;
  return drop_->Run(work.revision - PutPolicies::kKept);
}

}  // namespace bounced
