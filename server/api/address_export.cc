#include "server/api/address_export.h"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/api/explain.h"
#include "server/api/from_proto.h"
#include "server/api/to_proto.h"
#include "storage/mutex.h"

namespace bounced::api {
namespace {

class AddressExport final : public grpc::ServerWriteReactor<v1::ExportAddressResponse> {
 public:
  AddressExport(const Services& services, const grpc::CallbackServerContext* context,
                const v1::ExportAddressRequest& request)
      : services_(services), context_(context), asked_for_(request.address()) {
    absl::StatusOr<std::string_view> tenant = TenantOf(CallerOf(*context), request.tenant());
    absl::StatusOr<Address> address = AddressOf("address", request.address());
    if (!tenant.ok() || !address.ok()) {
      Finish(services_.ToGrpc(tenant.ok() ? address.status() : tenant.status()));
      return;
    }
    tenant_ = *tenant;
    address_ = *std::move(address);
    ReadOn();
  }

  void OnWriteDone(bool ok) override {
    { MutexLock lock(giving_); }
    if (!ok) return Finish(grpc::Status::CANCELLED);
    Send();
  }

  void OnDone() override { delete this; }

 private:
  enum class Part { kStanding, kEvents, kChanges, kEnd };

  void ReadOn() {
    const bool queued = services_.workers.Submit([this] {
      if (context_->IsCancelled()) return Finish(grpc::Status::CANCELLED);
      absl::Status status = MayGoOn(*context_, services_.parts.clock.Now());
      if (status.ok()) status = Read();
      if (!status.ok()) return Finish(services_.ToGrpc(status));
      Send();
    });
    if (!queued) Finish(services_.ToGrpc(TooBusy()));
  }

  void Send() {
    if (rows_.empty()) {
      return part_ == Part::kEnd ? Finish(grpc::Status::OK) : ReadOn();
    }
    response_ = std::move(rows_.front());
    rows_.pop_front();
    MutexLock lock(giving_);
    StartWrite(&response_);
  }

  absl::Status Read() {
    switch (part_) {
      case Part::kStanding:
        return ReadStanding();
      case Part::kEvents:
        return ReadPage(services_.parts.store.ListEvents(events_, kPageStepRows, cursor_),
                        Part::kChanges,
                        [this](const StoredEvent& row) { *Add().mutable_event() = ToProto(row); });
      case Part::kChanges:
        return ReadPage(services_.parts.store.ListChanges({.tenant = tenant_, .address = address_},
                                                          kPageStepRows, cursor_),
                        Part::kEnd,
                        [this](const Change& row) { *Add().mutable_change() = ToProto(row); });
      case Part::kEnd:
        break;
    }
    return absl::OkStatus();
  }

  absl::Status ReadStanding() {
    const Store& store = services_.parts.store;
    absl::StatusOr<AddressDossier> dossier = store.GetDossier(tenant_, *address_, 0, 0);
    if (!dossier.ok()) return dossier.status();
    const std::shared_ptr<const Policies> policies = services_.parts.committer.policies();
    const v1::ExplainResponse explained = Explain(
        *dossier, policies->Of(tenant_, ""), "", services_.parts.clock.Now(), services_.parts.keep);
    v1::AddressSummary& summary = *Add().mutable_summary();
    summary.set_address(asked_for_);
    summary.set_tenant(tenant_);
    summary.set_verdict(explained.verdict());
    summary.set_summary(explained.summary());
    summary.set_allowed(explained.allowed());
    summary.set_forgotten(dossier->forgotten);
    *summary.mutable_counts() = explained.counts();
    absl::StatusOr<std::vector<Suppression>> rows = store.FindSuppressions(tenant_, *address_);
    if (!rows.ok()) return rows.status();
    for (const Suppression& row : *rows) *Add().mutable_suppression() = ToProto(row);
    events_.tenant = tenant_;
    events_.address = address_;
    // Where it is forgotten it has a stand-in, and so has its allowance.
    if (dossier->address) address_ = dossier->address;
    for (const Allowance& row : dossier->allowances) {
      const bool is_own = row.tenant == tenant_ && row.address == *address_;
      if (is_own) *Add().mutable_allowance() = ToProto(row);
    }
    part_ = Part::kEvents;
    return absl::OkStatus();
  }

  template <typename Row, typename Take>
  absl::Status ReadPage(absl::StatusOr<Page<Row>> page, Part next, Take take) {
    if (!page.ok()) return page.status();
    for (const Row& row : page->rows) take(row);
    cursor_ = page->next;
    if (cursor_ == 0) part_ = next;
    return absl::OkStatus();
  }

  v1::ExportAddressResponse& Add() { return rows_.emplace_back(); }

  const Services& services_;
  const grpc::CallbackServerContext* const context_;
  const std::string asked_for_;
  std::string tenant_;
  std::optional<Address> address_;
  EventFilter events_;
  Part part_ = Part::kStanding;
  Cursor cursor_ = 0;
  std::deque<v1::ExportAddressResponse> rows_;  // that are to be sent
  v1::ExportAddressResponse response_;
  Mutex giving_;  // as Export has one
};

}  // namespace

grpc::ServerWriteReactor<v1::ExportAddressResponse>* NewAddressExport(
    const Services& services, const grpc::CallbackServerContext* context,
    const v1::ExportAddressRequest& request) {
  return new AddressExport(services, context, request);
}

}  // namespace bounced::api
