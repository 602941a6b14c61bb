#include "server/api/changes.h"

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/api/from_proto.h"
#include "server/api/pages.h"
#include "server/api/stepped_call.h"
#include "server/api/to_proto.h"

namespace bounced::api {
namespace {

// The times that both requests narrow by.
template <typename Request>
absl::Status SetTimes(const Request& request, ChangeFilter& filter) {
  absl::StatusOr<absl::Time> from = TimeOr("from", request.has_from(), request.from(), filter.from);
  if (!from.ok()) return from.status();
  absl::StatusOr<absl::Time> before =
      TimeOr("before", request.has_before(), request.before(), filter.before);
  if (!before.ok()) return before.status();
  filter.from = *from;
  filter.before = *before;
  return absl::OkStatus();
}

absl::StatusOr<ChangeFilter> FilterOf(std::string_view tenant,
                                      const v1::ListChangesRequest& request) {
  ChangeFilter filter{.tenant = std::string(tenant)};
  for (const absl::Status& status :
       {CheckOctets("author", request.author(), kMaxAuthorOctets),
        CheckOctets("cause", request.cause(), kMaxCauseOctets), SetTimes(request, filter)}) {
    if (!status.ok()) return status;
  }
  if (request.batch() < 0) return Invalid("batch", "below 0");
  if (!request.address().empty()) {
    absl::StatusOr<Address> address = EntryOf("address", request.address());
    if (!address.ok()) return address.status();
    filter.address = *std::move(address);
  }
  filter.author = request.author();
  filter.cause = request.cause();
  filter.batch = request.batch();
  return filter;
}

absl::StatusOr<ChangeFilter> SelectionOf(const Caller& caller,
                                         const v1::UndoChangesRequest& request) {
  absl::StatusOr<std::string_view> tenant = TenantOf(caller, request.tenant());
  if (!tenant.ok()) return tenant.status();
  ChangeFilter filter{.tenant = std::string(*tenant)};
  for (const absl::Status& status :
       {CheckOctets("author", request.author(), kMaxAuthorOctets),
        CheckOctets("undo_author", request.undo_author(), kMaxAuthorOctets),
        CheckOctets("undo_cause", request.undo_cause(), kMaxUndoCauseOctets),
        SetTimes(request, filter)}) {
    if (!status.ok()) return status;
  }
  if (request.number() < 0) return Invalid("number", "below 0");
  if (request.batch() < 0) return Invalid("batch", "below 0");
  const bool of_author = !request.author().empty() || request.has_from() || request.has_before();
  if ((request.number() != 0) + (request.batch() != 0) + of_author != 1) {
    return Invalid("number", "set this, or batch, or author with from and before");
  }
  if (of_author && (request.author().empty() || !request.has_from() || !request.has_before())) {
    return Invalid("author", "goes together with from and before");
  }
  filter.number = request.number();
  filter.batch = request.batch();
  filter.author = request.author();
  return filter;
}

v1::UndoneChange::Outcome ToProto(UndoChanges::Outcome outcome) {
  switch (outcome) {
    case UndoChanges::Outcome::kUndone:
      return v1::UndoneChange::OUTCOME_UNDONE;
    case UndoChanges::Outcome::kOvertaken:
      return v1::UndoneChange::OUTCOME_OVERTAKEN;
    case UndoChanges::Outcome::kUndoneBefore:
      return v1::UndoneChange::OUTCOME_UNDONE_BEFORE;
    case UndoChanges::Outcome::kGone:
      break;
  }
  return v1::UndoneChange::OUTCOME_GONE;
}

class Undo final : public SteppedCall<v1::UndoChangesResponse> {
 public:
  Undo(const Services& services, const grpc::CallbackServerContext* context,
       const v1::UndoChangesRequest& request)
      : SteppedCall(services, context),
        dry_run_(request.dry_run()),
        author_(AuthorOf(CallerOf(*context), request.undo_author())),
        cause_(request.undo_cause()) {
    absl::StatusOr<ChangeFilter> selection = SelectionOf(CallerOf(*context), request);
    if (selection.ok()) {
      selection_ = *std::move(selection);
      // What is done meanwhile is not selected, nor is what this does itself.
      selection_.up_to = services_.parts.store.change_feed().newest();
      ReadStep();
    } else {
      End(selection.status());
    }
  }

 private:
  void Taken() override {
    if (cursor_ == 0) return Finish(grpc::Status::OK);
    ReadStep();
  }

  void ReadStep() {
    OnWorker([this] { BeginStep(); });
  }

  absl::Status NothingThere() const {
    if (selection_.batch != 0) {
      return absl::NotFoundError(
          absl::StrCat("there is no such change: no batch ", selection_.batch,
                       " of this tenant, or none of its changes is kept any more"));
    }
    if (selection_.number != 0) {
      return absl::NotFoundError(absl::StrCat("there is no such change: no ", selection_.number,
                                              " of this tenant, or it is not kept any more"));
    }
    return absl::NotFoundError("there is no such change: this author made none in that time");
  }

  void BeginStep() {
    absl::StatusOr<Page<Change>> page =
        services_.parts.store.ListChanges(selection_, kUndoStepChanges, cursor_);
    if (!page.ok()) return End(page.status());
    cursor_ = page->next;
    changes_ = std::move(page->rows);
    if (changes_.empty()) {
      if (cursor_ != 0) return ReadStep();
      return End(found_ ? absl::OkStatus() : NothingThere());
    }
    found_ = true;
    UndoChanges undo{.selection = selection_,
                     .numbers = {},
                     .dry_run = dry_run_,
                     .author = author_,
                     .cause = cause_,
                     .batch = batch_,
                     .walks = std::exchange(walks_, {})};
    for (const Change& change : changes_) undo.numbers.push_back(change.number);
    services_.parts.committer.Submit(std::move(undo), [this](absl::Status status, Work work) {
      Committed(status, std::get<UndoChanges>(work));
    });
  }

  void Committed(const absl::Status& status, UndoChanges& undo) {
    if (!status.ok()) return End(status);
    walks_ = std::move(undo.walks);
    response_.Clear();
    for (std::size_t i = 0; i < changes_.size(); ++i) {
      v1::UndoneChange* added = response_.add_changes();
      *added->mutable_change() = api::ToProto(changes_[i]);
      added->set_outcome(ToProto(undo.outcomes[i]));
    }
    response_.set_batch(batch_->id);
    Give();
  }

  ChangeFilter selection_;
  const bool dry_run_;
  const std::string author_;
  const std::string cause_;
  const std::shared_ptr<Batch> batch_ = std::make_shared<Batch>();
  UndoWalks walks_;
  Cursor cursor_ = 0;
  bool found_ = false;
  std::vector<Change> changes_;  // of the step
};

}  // namespace

absl::Status ListChangesTo(const Store& store, const Caller& caller,
                           const v1::ListChangesRequest& request,
                           v1::ListChangesResponse& response) {
  absl::StatusOr<std::string_view> tenant = TenantOf(caller, request.tenant());
  if (!tenant.ok()) return tenant.status();
  absl::StatusOr<ChangeFilter> filter = FilterOf(*tenant, request);
  if (!filter.ok()) return filter.status();
  return AddPage(
      request, ListOf(request, *tenant),
      [&](int size, Cursor cursor) { return store.ListChanges(*filter, size, cursor); }, response,
      &v1::ListChangesResponse::add_changes);
}

grpc::ServerWriteReactor<v1::UndoChangesResponse>* NewUndo(
    const Services& services, const grpc::CallbackServerContext* context,
    const v1::UndoChangesRequest& request) {
  return new Undo(services, context, request);
}

}  // namespace bounced::api
