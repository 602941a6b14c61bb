#include "storage/sqlite/policy_documents.h"

#include <string>

namespace bounced {

PolicyDocument PolicyDocumentOf(const Query& row, bool with_document) {
  return {.revision = row.Integer(0),
          .time = row.Time(1),
          .author = std::string(row.Text(2)),
          .cause = std::string(row.Text(3)),
          .document = with_document ? std::string(row.Text(4)) : std::string()};
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
  {
    Query query = insert_->Start(now, std::string_view(work.author), std::string_view(work.cause),
                                 std::string_view(work.document));
    absl::StatusOr<bool> there = query.Next();
    if (!there.ok()) return there.status();
    work.revision = query.Integer(0);
    // It is done when there is no further row.
    there = query.Next();
    if (!there.ok()) return there.status();
  }
  return drop_->Run(work.revision - PutPolicies::kKept);
}

}  // namespace bounced
