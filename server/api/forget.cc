#include "server/api/forget.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "server/api/from_proto.h"
#include "server/api/stepped_call.h"

namespace bounced::api {
namespace {

// How often the log is to be emptied while somebody reads from it, or writes it back.
constexpr int kMaxEmptyLogTries = 10;

// First the address's own events, then what names it elsewhere, at the end the write-ahead log.
class Forget final : public SteppedCall<v1::ForgetResponse> {
 public:
  Forget(const Services& services, const grpc::CallbackServerContext* context,
         const v1::ForgetRequest& request)
      : SteppedCall(services, context) {
    absl::StatusOr<std::string_view> tenant = TenantOf(CallerOf(*context), request.tenant());
    absl::StatusOr<Address> address = AddressOf("address", request.address());
    absl::Status status = tenant.status();
    status.Update(address.status());
    status.Update(CheckOctets("author", request.author(), kMaxAuthorOctets));
    if (!status.ok()) {
      End(status);
      return;
    }
    work_ = {.tenant = std::string(*tenant),
             .address = *std::move(address),
             .dry_run = request.dry_run(),
             .author = AuthorOf(CallerOf(*context), request.author())};
    ForgetEvents();
  }

 private:
  void Taken() override {
    if (response_.done()) return Finish(grpc::Status::OK);
    if (work_.from_event != 0) return ForgetEvents();
    Search();
  }

  void ForgetEvents() {
    if (!GoesOn()) return;
    services_.parts.committer.Submit(work_, [this](absl::Status status, Work work) {
      ForgotEvents(status, std::get<ForgetAddress>(work));
    });
  }

  void ForgotEvents(const absl::Status& status, const ForgetAddress& done) {
    if (!status.ok()) return End(status);
    const bool is_first = work_.from_event == 0;
    if (is_first) {
      // Those that stood in its row stand nowhere any more.
      spellings_ = done.spellings;
      is_known_ = done.is_known;
      response_.set_was_forgotten(done.was_forgotten);
      response_.set_suppressions(done.suppressions);
    }
    response_.set_events(response_.events() + done.events);
    response_.set_evidence(response_.evidence() +
                           static_cast<std::int64_t>(done.evidence_ids.size()));
    if (work_.dry_run) {
      // They are still there, and found again.
      for (const std::int64_t id : done.event_ids) own_.insert({MentionedRow::What::kEvent, id});
      for (const std::int64_t id : done.message_ids)
        own_.insert({MentionedRow::What::kMessage, id});
      for (const std::int64_t id : done.evidence_ids)
        own_.insert({MentionedRow::What::kEvidence, id});
    }
    work_.from_event = done.next_event;
    Give();
  }

  void Search() {
    OnWorker([this] {
      absl::StatusOr<Page<MentionedRow>> page =
          services_.parts.store.FindMentions(work_.tenant, spellings_, cursor_);
      if (!page.ok()) return End(page.status());
      cursor_ = page->next;
      Mask(std::move(page->rows));
    });
  }

  void Mask(std::vector<MentionedRow> mentions) {
    std::erase_if(mentions, [this](const MentionedRow& each) {
      return own_.contains({each.what, each.row});
    });
    const auto evidence = std::count_if(
        mentions.begin(), mentions.end(),
        [](const MentionedRow& each) { return each.what == MentionedRow::What::kEvidence; });
    const auto rows = static_cast<std::int64_t>(mentions.size()) - evidence;
    if (mentions.empty() || work_.dry_run) return Masked(rows, evidence);
    services_.parts.committer.Submit(
        MaskMentions{
            .tenant = work_.tenant, .spellings = spellings_, .mentions = std::move(mentions)},
        [this, rows, evidence](const absl::Status& status, const Work&) {
          if (!status.ok()) return End(status);
          Masked(rows, evidence);
        });
  }

  void Masked(std::int64_t rows, std::int64_t evidence) {
    response_.set_mentions(response_.mentions() + rows);
    response_.set_evidence(response_.evidence() + evidence);
    if (cursor_ != 0) {
      Give();
    } else if (work_.dry_run) {
      Done();
    } else {
      EmptyTheLog(kMaxEmptyLogTries);
    }
  }

  void EmptyTheLog(int tries) {
    services_.parts.committer.Submit(EmptyLog{},
                                     [this, tries](const absl::Status& status, const Work& work) {
                                       if (!status.ok()) return End(status);
                                       response_.set_log_emptied(std::get<EmptyLog>(work).is_empty);
                                       if (!response_.log_emptied() && tries > 1)
                                         return EmptyTheLog(tries - 1);
                                       Done();
                                     });
  }

  void Done() {
    response_.set_done(true);
    response_.set_nothing_known(!is_known_ && response_.mentions() == 0 &&
                                response_.evidence() == 0);
    for (std::string& note : Notes()) response_.add_notes(std::move(note));
    services_.parts.log.Info("store.forgot", {{"dry_run", work_.dry_run ? 1 : 0},
                                              {"events", response_.events()},
                                              {"evidence", response_.evidence()},
                                              {"mentions", response_.mentions()}});
    Give();
  }

  std::vector<std::string> Notes() const {
    std::vector<std::string> notes;
    if (response_.nothing_known()) {
      notes.push_back(
          "Nothing is known of this address, and nothing is kept of it. Forget it anew after the "
          "restore of a backup that has it.");
    } else {
      notes.push_back(
          "Backups from before still have it, and so has bounced.db.before-* of a restore: remove "
          "them when you can. A restore in this data directory forgets it again; elsewhere, forget "
          "it anew.");
      notes.push_back(
          "Exports of the list have it, too: take it out there. Who watches is told to.");
    }
    if (!work_.dry_run && !response_.log_emptied()) {
      notes.push_back(
          "Somebody was reading, so the write-ahead log was not emptied: forget the address once "
          "more.");
    }
    return notes;
  }

  ForgetAddress work_;
  std::vector<std::string> spellings_;
  bool is_known_ = false;                                                 // the address has a row
  absl::flat_hash_set<std::pair<MentionedRow::What, std::int64_t>> own_;  // of a dry run
  Cursor cursor_ = 0;
};

}  // namespace

grpc::ServerWriteReactor<v1::ForgetResponse>* NewForget(const Services& services,
                                                        const grpc::CallbackServerContext* context,
                                                        const v1::ForgetRequest& request) {
  return new Forget(services, context, request);
}

}  // namespace bounced::api
