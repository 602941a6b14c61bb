#include "server/intake/deliveries.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "parser/diagnostic.h"
#include "parser/text.h"
#include "server/intake/attribution.h"
#include "server/intake/digest.h"
#include "server/intake/provider_answer.h"

namespace bounced {
namespace {

absl::Status CheckTime(absl::Time time, absl::Time now) {
  if (time > now + kMaxAttemptLead) {
    return absl::InvalidArgumentError("time: more than a day ahead; is a clock wrong?");
  }
  if (time < now - kMaxAttemptAge) {
    return absl::InvalidArgumentError(absl::StrCat(
        "time: more than ", kMaxAttemptAge / absl::Hours(24), " days ago, and says nothing today"));
  }
  return absl::OkStatus();
}

// What the return path vouches for, at the time of the attempt; none: it is none of ours, or does
// not hold, or is for another recipient.
absl::StatusOr<std::optional<Voucher>> VoucherOf(const DeliveryAttempt& attempt,
                                                 std::string_view tenant,
                                                 const ReturnPaths& paths) {
  if (!attempt.return_path) return std::nullopt;
  std::optional<Voucher> voucher =
      paths.Vouch(attempt.return_path->local_part(), attempt.return_path->domain(), attempt.time)
          .voucher;
  if (!voucher || voucher->use != Use::kReturnPath) return std::nullopt;
  if (voucher->tenant != tenant) {
    return absl::InvalidArgumentError("return_path: of another tenant");
  }
  if (voucher->trust != Trust::kSigned || !paths.Covers(*voucher, attempt.address)) {
    return std::nullopt;
  }
  return voucher;
}

Recipient Delivered(const DeliveryAttempt& attempt) {
  const Reason reason = attempt.final_recipient ? Reason::kExpanded : Reason::kDelivered;
  Recipient recipient;
  recipient.kind = Kind::kDelivery;
  recipient.classification = ClassificationOf(Kind::kDelivery, reason);
  return recipient;
}

Recipient Bounced(const DeliveryAttempt& attempt, const RuleSet& rules) {
  const std::optional<int> code =
      attempt.reply_code != 0 ? std::optional<int>(attempt.reply_code) : std::nullopt;
  return ReadDiagnostic({.text = attempt.text,
                         .enhanced_status = attempt.enhanced_status,
                         .reply_code = code,
                         .remote_mta = attempt.remote_mta,
                         .stage = attempt.stage},
                        rules);
}

// `mail`: what the return path vouches for. A plain one may be that of all mails.
decltype(Message::digest) IdentityOf(const DeliveryAttempt& attempt, std::string_view tenant,
                                     const std::optional<Voucher>& mail) {
  const std::string outcome = absl::StrCat(static_cast<int>(attempt.outcome));
  const std::string& address = attempt.address.canonical();
  if (!attempt.message_reference.empty()) {
    // The id of a queue entry that is gone is given to another, by Postfix's default, and that
    // refusal is a new one. Nobody refuses one entry twice, so its day tells no less than its time;
    // of that two tellers may know different parts.
    return DigestOf({kSessionForm, tenant, address, outcome, "reference", attempt.reporting_mta,
                     attempt.message_reference, absl::StrCat(DayOf(attempt.time))});
  }
  if (mail) {
    return DigestOf({kSessionForm, tenant, address, outcome, "path", mail->return_path});
  }
  return DigestOf({kSessionForm, tenant, address, outcome, "text",
                   absl::StrCat(absl::ToUnixNanos(attempt.time)), attempt.text});
}

}  // namespace

absl::StatusOr<ReadAttempt> ReadDelivery(const DeliveryAttempt& attempt, std::string_view tenant,
                                         const RuleSet& rules, const ReturnPaths& paths,
                                         absl::Time now) {
  if (absl::Status status = CheckTime(attempt.time, now); !status.ok()) return status;
  if (paths.Serves(attempt.address.domain())) {
    return absl::InvalidArgumentError("address: at a return path domain, where bounces come back");
  }
  absl::StatusOr<std::optional<Voucher>> voucher = VoucherOf(attempt, tenant, paths);
  if (!voucher.ok()) return voucher.status();
  const std::optional<Voucher>& mail = *voucher;

  ReadAttempt read;
  const bool is_delivered = attempt.outcome == DeliveryOutcome::kDelivered;
  read.recipient = is_delivered ? Delivered(attempt) : Bounced(attempt, rules);

  Message& message = read.message.message;
  message.tenant = std::string(tenant);
  message.stream = mail ? mail->stream : attempt.stream;
  if (mail) message.returned_path = mail->return_path;
  message.reporting_mta = Presentable(attempt.reporting_mta, kMaxReportedNameOctets);
  message.report_form = std::string(kSessionForm);
  message.message_reference = mail && !mail->reference.empty()
                                  ? mail->reference
                                  : Presentable(attempt.message_reference, kMaxReportedNameOctets);
  message.trust = Trust::kLocal;
  message.receive_time = attempt.time;
  message.day = mail ? mail->day : DayOf(attempt.time);
  message.digest = IdentityOf(attempt, tenant, mail);

  Event& event = read.message.events.emplace_back(EventOf(read.recipient));
  event.address = attempt.address;
  event.trust = Trust::kLocal;
  const Address& last = attempt.final_recipient ? *attempt.final_recipient : attempt.address;
  event.final_recipient = Presentable(last.spelling(), kMaxReportedAddressOctets);
  if (attempt.final_recipient) event.forwarded_to = event.final_recipient;
  event.answer = AnswerOf(event, attempt.remote_mta);
  return read;
}

}  // namespace bounced
