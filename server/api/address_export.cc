#include "server/api/address_export.h"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/api/explain.h"
#include "server/api/from_proto.h"
#include "server/api/stepped_call.h"
#include "server/api/to_proto.h"

namespace bounced::api {
namespace {

class AddressExport final : public SteppedCall<v1::ExportAddressResponse> {
 public:
  AddressExport(const Services& services, const grpc::CallbackServerContext* context,
                const v1::ExportAddressRequest& request)
      : SteppedCall(services, context), asked_for_(request.address()) {
    absl::StatusOr<std::string_view> tenant = TenantOf(CallerOf(*context), request.tenant());
    absl::StatusOr<Address> address = AddressOf("address", request.address());
    if (!tenant.ok() || !address.ok()) {
      End(tenant.ok() ? address.status() : tenant.status());
      return;
    }
    tenant_ = *tenant;
    address_ = *std::move(address);
    ReadOn();
  }

 private:
  enum class Part { kStanding, kEvents, kChanges, kEnd };

  void Taken() override { Send(); }

  void ReadOn() {
    OnWorker([this] {
      if (absl::Status status = Read(); !status.ok()) return End(status);
      Send();
    });
  }

  void Send() {
    if (rows_.empty()) {
      return part_ == Part::kEnd ? Finish(grpc::Status::OK) : ReadOn();
    }
    response_ = std::move(rows_.front());
    rows_.pop_front();
    Give();
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

  const std::string asked_for_;
  std::string tenant_;
  std::optional<Address> address_;
  EventFilter events_;
  Part part_ = Part::kStanding;
  Cursor cursor_ = 0;
  std::deque<v1::ExportAddressResponse> rows_;  // that are to be sent
};

}  // namespace

grpc::ServerWriteReactor<v1::ExportAddressResponse>* NewAddressExport(
    const Services& services, const grpc::CallbackServerContext* context,
    const v1::ExportAddressRequest& request) {
  return new AddressExport(services, context, request);
}

}  // namespace bounced::api
