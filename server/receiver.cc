#include "server/receiver.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "parser/text.h"

namespace bounced {
namespace {

struct Row {
  Refusal refusal;
  Counter counter;
  absl::StatusCode code;
};
// A sender that probes learns from the reply whether the domain is ours, and no more.
constexpr Row kRows[] = {
    {Refusal::kNone, Counter::kRcptAccepted, absl::StatusCode::kOk},
    {Refusal::kNotOurs, Counter::kRcptNotOurs, absl::StatusCode::kNotFound},
    {Refusal::kForged, Counter::kRcptForged, absl::StatusCode::kPermissionDenied},
    {Refusal::kForeign, Counter::kRcptForeign, absl::StatusCode::kPermissionDenied},
    {Refusal::kRevoked, Counter::kRcptRevoked, absl::StatusCode::kPermissionDenied},
    {Refusal::kExpired, Counter::kRcptExpired, absl::StatusCode::kPermissionDenied},
    {Refusal::kUnsigned, Counter::kRcptUnsigned, absl::StatusCode::kPermissionDenied},
};

}  // namespace

MailReceiver::MailReceiver(const Live<ReturnPaths>& paths, Intake& intake,
                           std::function<absl::Status()> ready, Counters& counters)
    : paths_(paths), intake_(intake), ready_(std::move(ready)), counters_(counters) {}

absl::Status MailReceiver::Admit() { return ready_(); }

absl::Status MailReceiver::Vouch(const smtp::ForwardPath& path, absl::Time now) {
  const Refusal refusal = paths_.Get()->Vouch(path.local_part, path.domain, now).refusal;
  for (const Row& row : kRows) {
    if (row.refusal != refusal) continue;
    counters_.Add(row.counter);
    if (row.code == absl::StatusCode::kOk) return absl::OkStatus();
    return absl::Status(row.code, Absl(ToString(refusal)));
  }
  return absl::InternalError("a refusal without a row");
}

void MailReceiver::Commit(smtp::Envelope envelope, std::string client_address, std::string message,
                          absl::AnyInvocable<void(absl::StatusOr<smtp::MessageIds>)> done) {
  const std::shared_ptr<const ReturnPaths> paths = paths_.Get();
  std::vector<Voucher> vouchers;
  std::vector<std::string> original_recipients;
  for (smtp::EnvelopeRecipient& recipient : envelope.recipients) {
    VouchResult result =
        paths->Vouch(recipient.path.local_part, recipient.path.domain, recipient.vouch_time);
    // The same question has the same answer, but where the keys were changed since: 4xx asks to
    // come again, and to be told so.
    if (!result.voucher) return done(absl::UnavailableError("a return path is no longer accepted"));
    vouchers.push_back(*std::move(result.voucher));
    original_recipients.push_back(std::move(recipient.original_recipient));
  }
  Arrival arrival{.reverse_path = std::move(envelope.reverse_path),
                  .client_address = std::move(client_address),
                  .client_helo = std::move(envelope.helo),
                  .envelope_id = std::move(envelope.envelope_id),
                  .receive_time = std::nullopt,
                  .tls_version = std::move(envelope.tls_version),
                  .login = std::move(envelope.user),
                  .original_recipients = std::move(original_recipients)};
  auto committed =
      [done = std::move(done)](absl::StatusOr<std::vector<MessageReceipt>> receipts) mutable {
        if (!receipts.ok()) return done(receipts.status());
        smtp::MessageIds ids;
        for (const MessageReceipt& receipt : *receipts)
          ids.push_back(absl::StrCat(receipt.message_id));
        done(std::move(ids));
      };
  intake_.Receive(message, std::move(vouchers), std::move(arrival), std::move(committed));
}

}  // namespace bounced
