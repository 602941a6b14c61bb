#include "server/api/reclassify.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/api/from_proto.h"
#include "server/api/page_token.h"
#include "server/api/reclassify_answer.h"
#include "server/api/stepped_call.h"
#include "server/intake/replay.h"
#include "server/intake/reread.h"

namespace bounced::api {
namespace {

// Which events are read again.
struct Selection {
  std::string tenant = {};
  std::string domain = {};  // canonical; empty: any
  absl::Time from = absl::InfinitePast();
  absl::Time before = absl::InfiniteFuture();
  std::string rule = {};
  std::optional<Reason> reason = std::nullopt;
};

absl::StatusOr<Selection> SelectionOf(std::string_view tenant,
                                      const v1::ReclassifyRequest& request) {
  Selection selection{.tenant = std::string(tenant)};
  if (absl::Status s = CheckOctets("rule", request.rule(), kMaxReasonOctets); !s.ok()) return s;
  selection.rule = request.rule();
  if (!request.domain().empty()) {
    absl::StatusOr<std::string> domain = DomainOf("domain", request.domain());
    if (!domain.ok()) return domain.status();
    selection.domain = *std::move(domain);
  }
  absl::StatusOr<absl::Time> from =
      TimeOr("received_from", request.has_received_from(), request.received_from(), selection.from);
  if (!from.ok()) return from.status();
  absl::StatusOr<absl::Time> before = TimeOr("received_before", request.has_received_before(),
                                             request.received_before(), selection.before);
  if (!before.ok()) return before.status();
  selection.from = *from;
  selection.before = *before;
  if (!request.reason().empty()) {
    selection.reason = ReasonFromName(request.reason());
    if (!selection.reason) return Invalid("reason", "not a reason of the taxonomy");
  }
  return selection;
}

bool Selects(const Selection& selection, const StoredEvent& stored) {
  const absl::Time received = stored.message.receive_time;
  return received >= selection.from && received < selection.before &&
         (selection.rule.empty() || stored.event.rule == selection.rule) &&
         (!selection.reason || stored.event.reason == *selection.reason);
}

// A list of its own for the tokens of each kind of run.
constexpr std::string_view kRunList = "reclassify for good";

class Reclassify final : public SteppedCall<v1::ReclassifyResponse> {
 public:
  Reclassify(const Services& services, const grpc::CallbackServerContext* context,
             v1::ReclassifyRequest request)
      : SteppedCall(services, context),
        request_(std::move(request)),
        rules_(services.parts.rules.Get()),
        policies_(services.parts.committer.policies()),
        paths_(services.parts.return_paths.Get()) {
    if (absl::Status status = TakeUp(); !status.ok()) {
      End(status);
    } else if (!request_.apply()) {
      Answer();
    } else if (run_id_ != 0) {
      OnWorker([this] { Resume(); });
    } else {
      Begin();
    }
  }

 private:
  void Taken() override {
    if (is_done_) return Finish(grpc::Status::OK);
    OnWorker([this] { Step(); });
  }

  static std::string CauseOf(const std::string& words) {
    return words.empty() ? "reclassify" : absl::StrCat("reclassify: ", words);
  }

  // Without whoever asks, and why: those words may name somebody who is forgotten later, and are
  // stored where that finds them.
  static v1::ReclassifyRequest WhatSelects(v1::ReclassifyRequest request) {
    request.clear_author();
    request.clear_cause();
    request.clear_resume_token();
    return request;
  }

  void Begin() {
    BeginReclassification begin{.run = {.tenant = selection_.tenant,
                                        .selection = WhatSelects(request_).SerializeAsString(),
                                        .author = AuthorOf(CallerOf(*context_), request_.author()),
                                        .cause = CauseOf(request_.cause())}};
    services_.parts.committer.Submit(std::move(begin), [this](absl::Status status, Work work) {
      if (!status.ok()) return End(status);
      run_id_ = std::get<BeginReclassification>(work).run.id;
      Answer();
    });
  }

  absl::Status TakeUp() {
    const Caller& caller = CallerOf(*context_);
    absl::StatusOr<std::string_view> tenant = TenantOf(caller, request_.tenant());
    if (!tenant.ok()) return tenant.status();
    if (request_.apply() && !caller.roles.Allow(Role::kAdmin)) {
      return absl::PermissionDeniedError("to reclassify for good wants the role admin");
    }
    for (const absl::Status& status :
         {CheckOctets("author", request_.author(), kMaxAuthorOctets),
          CheckOctets("cause", request_.cause(), kMaxReclassifyCauseOctets)}) {
      if (!status.ok()) return status;
    }
    absl::StatusOr<Selection> selection = SelectionOf(*tenant, request_);
    if (!selection.ok()) return selection.status();
    selection_ = *std::move(selection);
    v1::ReclassifyRequest list = WhatSelects(request_);
    list.set_tenant(selection_.tenant);
    list_ = request_.apply() ? absl::StrCat(Absl(kRunList), " ", selection_.tenant)
                             : absl::StrCat(list.GetTypeName(), " ", list.SerializeAsString());
    absl::StatusOr<Cursor> place = ReadPageToken(request_.resume_token(), list_);
    if (!place.ok()) return Invalid("resume_token", "not one of this server, tenant and selection");
    (request_.apply() ? run_id_ : cursor_) = *place;
    return absl::OkStatus();
  }

  void Resume() {
    absl::StatusOr<Reclassification> run =
        services_.parts.store.GetReclassification(selection_.tenant, run_id_);
    if (!run.ok()) return End(run.status());
    v1::ReclassifyRequest begun;
    absl::StatusOr<Selection> selection = absl::DataLossError("a run's selection cannot be read");
    if (begun.ParseFromString(run->selection)) selection = SelectionOf(run->tenant, begun);
    if (!selection.ok()) return End(selection.status());
    selection_ = *std::move(selection);
    cursor_ = noted_ = run->next;
    batch_ = run->batch;
    is_done_ = run->is_done;
    Answer();
  }

  void Answer() {
    *response_.mutable_progress() = progress_;
    response_.set_batch(batch_);
    if (!is_done_) {
      response_.set_resume_token(MakePageToken(request_.apply() ? run_id_ : cursor_, list_));
    }
    Give();
  }

  // Reads the next addresses. What the step is about to change is not counted before it has.
  void Step() {
    response_.Clear();
    step_ = {};
    if (absl::Status status = ReadStep(); !status.ok()) return End(status);
    is_done_ = step_.next == 0;
    if (request_.apply()) return Commit();
    const absl::Time now = services_.parts.clock.Now();
    for (ReclassifyAddresses::One& one : step_.addresses) {
      Tell(one, Replay(*policies_, *paths_, one.facts, one.readings, now), now);
    }
    cursor_ = step_.next;
    Answer();
  }

  absl::Status ReadStep() {
    const Store& store = services_.parts.store;
    absl::StatusOr<Page<ListedAddress>> page = store.ListAddresses(
        selection_.tenant, selection_.domain, kReclassifyStepAddresses, cursor_);
    if (!page.ok()) return page.status();
    step_.next = page->next;
    std::size_t events = 0;
    octets_ = 0;
    for (std::size_t i = 0; i < page->rows.size(); ++i) {
      const ListedAddress& listed = page->rows[i];
      absl::StatusOr<AddressFacts> facts = store.GetFacts(selection_.tenant, listed.address);
      if (!facts.ok()) return facts.status();
      progress_.set_addresses(progress_.addresses() + 1);
      events += facts->events.size();
      if (absl::Status s = ReadAddress(listed.address, *std::move(facts)); !s.ok()) return s;
      const bool is_full = octets_ >= kReclassifyStepOctets || events >= kReclassifyStepEvents;
      if (is_full && i + 1 < page->rows.size()) {
        step_.next = listed.place;
        break;
      }
    }
    return absl::OkStatus();
  }

  absl::Status ReadAddress(const Address& address, AddressFacts facts) {
    const bool is_selected =
        std::any_of(facts.events.begin(), facts.events.end(),
                    [this](const StoredEvent& each) { return Selects(selection_, each); });
    if (!is_selected) return absl::OkStatus();
    if (!facts.MayBeReplayed()) {
      if (facts.is_forgotten) {
        progress_.set_forgotten(progress_.forgotten() + 1);
      } else {
        progress_.set_too_large(progress_.too_large() + 1);
      }
      return absl::OkStatus();
    }
    ReclassifyAddresses::One one{.address = address};
    for (const StoredEvent& stored : facts.events) {
      if (!Selects(selection_, stored)) continue;
      progress_.set_events(progress_.events() + 1);
      if (stored.has_evidence) {
        if (absl::Status status = ReadMessage(stored); !status.ok()) return status;
      }
      const bool is_kept = stored.has_evidence && report_ && report_of_ == stored.event.message_id;
      std::optional<Event> reading =
          ReadAgain(stored, is_kept ? &*report_ : nullptr, rules_->rules());
      if (!reading) {
        progress_.set_not_readable(progress_.not_readable() + 1);
      } else if (!IsSameReading(*reading, stored.event)) {
        progress_.set_reclassified(progress_.reclassified() + 1);
        one.readings.push_back(*std::move(reading));
      }
    }
    one.facts = std::move(facts);
    step_.addresses.push_back(std::move(one));
    return absl::OkStatus();
  }

  // The report of the event's message, unless it is the one that was read last: those of many
  // recipients stand side by side.
  absl::Status ReadMessage(const StoredEvent& stored) {
    if (report_ && report_of_ == stored.event.message_id) return absl::OkStatus();
    report_.reset();
    OctetBudget::Share held(services_.budget);
    if (!held.Take(static_cast<std::size_t>(stored.message_octets))) {
      return absl::ResourceExhaustedError("messages held for other calls take all there is");
    }
    absl::StatusOr<std::string> message =
        services_.parts.store.GetEvidence(selection_.tenant, stored.event.id);
    // It may have been dropped a moment ago, or be damaged, which a check of the database tells.
    if (absl::IsNotFound(message.status()) || absl::IsDataLoss(message.status())) {
      return absl::OkStatus();
    }
    if (!message.ok()) return message.status();
    octets_ += stored.message_octets;
    report_ = rules_->parser().Parse(*message);
    report_of_ = stored.event.message_id;
    return absl::OkStatus();
  }

  void Commit() {
    if (step_.addresses.empty() && !is_done_) {
      cursor_ = step_.next;
      return Answer();
    }
    step_.run_id = run_id_;
    step_.from = noted_;
    step_.is_last = is_done_;
    step_.replay = [policies = policies_, paths = paths_](
                       const AddressFacts& facts, std::span<const Event> readings, absl::Time now) {
      return Replay(*policies, *paths, facts, readings, now);
    };
    services_.parts.committer.Submit(
        std::move(step_), [this](const absl::Status& status, Work work) {
          if (!status.ok()) return End(status);
          const auto& step = std::get<ReclassifyAddresses>(work);
          if (!step.run) {
            return Finish(grpc::Status(grpc::StatusCode::ABORTED,
                                       "somebody else goes on with this run, or it is done"));
          }
          const absl::Time now = services_.parts.clock.Now();
          for (const ReclassifyAddresses::One& one : step.addresses) Tell(one, one.replayed, now);
          cursor_ = noted_ = step.run->next;
          batch_ = step.run->batch;
          Answer();
        });
  }

  void Tell(const ReclassifyAddresses::One& one, const Replayed& replayed, absl::Time now) {
    std::optional<v1::ReclassifiedAddress> told =
        ReclassifiedAddressOf(*one.address, one.facts, replayed, now);
    if (!told) return;
    Count(*told, progress_);
    *response_.add_addresses() = *std::move(told);
  }

  const v1::ReclassifyRequest request_;
  // One set from the beginning to the end.
  const std::shared_ptr<RulesAtWork> rules_;
  const std::shared_ptr<const Policies> policies_;
  const std::shared_ptr<const ReturnPaths> paths_;
  Selection selection_;
  std::string list_;  // of the tokens
  std::int64_t run_id_ = 0;
  std::int64_t batch_ = 0;
  Cursor cursor_ = 0;
  Cursor noted_ = 0;  // of the run, as it is stored
  bool is_done_ = false;
  ReclassifyAddresses step_;
  std::int64_t octets_ = 0;  // of the messages that the step has read
  std::optional<Report> report_;
  std::int64_t report_of_ = 0;  // the message
  v1::ReclassifyProgress progress_;
};

}  // namespace

grpc::ServerWriteReactor<v1::ReclassifyResponse>* NewReclassify(
    const Services& services, const grpc::CallbackServerContext* context,
    const v1::ReclassifyRequest& request) {
  return new Reclassify(services, context, request);
}

}  // namespace bounced::api
