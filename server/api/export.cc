#include "server/api/export.h"

#include <string>
#include <utility>

#include "server/api/from_proto.h"
#include "server/api/stepped_call.h"
#include "server/api/to_proto.h"
#include "server/api/watch_token.h"

namespace bounced::api {
namespace {

absl::StatusOr<SuppressionFilter> SelectionOf(const Caller& caller,
                                              const v1::ExportSuppressionsRequest& request,
                                              absl::Time now) {
  absl::StatusOr<std::string_view> tenant = TenantOf(caller, request.tenant());
  if (!tenant.ok()) return tenant.status();
  return FilterOf(*tenant, request.filter(), now);
}

class Export final : public SteppedCall<v1::ExportSuppressionsResponse> {
 public:
  Export(const Services& services, const grpc::CallbackServerContext* context,
         absl::StatusOr<SuppressionFilter> filter)
      : SteppedCall(services, context) {
    if (filter.ok()) {
      filter_ = *std::move(filter);
      const Store& store = services_.parts.store;
      watch_token_ =
          MakeWatchToken(store, filter_.tenant, {.number = store.change_feed().newest()});
      ReadPage();
    } else {
      End(filter.status());
    }
  }

 private:
  void Taken() override {
    if (cursor_ == 0) return Finish(grpc::Status::OK);
    ReadPage();
  }

  void ReadPage() {
    OnWorker([this] { WritePage(); });
  }

  void WritePage() {
    response_.Clear();
    absl::StatusOr<Cursor> next = FillPage(
        kMaxPageSize, cursor_,
        [this](int size, Cursor cursor) {
          return services_.parts.store.ListSuppressions(filter_, size, cursor);
        },
        [this](const Suppression& row) {
          v1::Suppression* added = response_.add_suppressions();
          *added = ToProto(row);
          return added->ByteSizeLong();
        });
    if (!next.ok()) return End(next.status());
    cursor_ = *next;
    // The first message has the token, also when it has no rows.
    response_.set_watch_token(std::exchange(watch_token_, ""));
    const bool is_empty = response_.suppressions().empty() && response_.watch_token().empty();
    if (!is_empty) return Give();
    // The rows that this query looked at were none of the filter's.
    if (cursor_ == 0) return Finish(grpc::Status::OK);
    ReadPage();
  }

  SuppressionFilter filter_;
  std::string watch_token_;  // until it was sent
  Cursor cursor_ = 0;
};

}  // namespace

grpc::ServerWriteReactor<v1::ExportSuppressionsResponse>* NewExport(
    const Services& services, const grpc::CallbackServerContext* context,
    const v1::ExportSuppressionsRequest& request) {
  return new Export(services, context,
                    SelectionOf(CallerOf(*context), request, services.parts.clock.Now()));
}

}  // namespace bounced::api
