#include "server/intake/intake.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "parser/text.h"
#include "server/intake/digest.h"
#include "server/intake/provider_answer.h"

namespace bounced {
namespace {

std::string Name(std::string_view s) { return Presentable(s, kMaxReportedNameOctets); }

// What all messages of one arrival have in common.
Message MessageOf(const Report& report, const Arrival& arrival, absl::Time now) {
  Message message;
  message.reverse_path = Presentable(arrival.reverse_path, kMaxReportedAddressOctets);
  message.client_address = Name(arrival.client_address);
  message.client_helo = Name(arrival.client_helo);
  message.tls_version = Name(arrival.tls_version);
  message.login = Name(arrival.login);
  if (report.reporting_mta) message.reporting_mta = Name(report.reporting_mta->value);
  message.report_form = report.form;
  message.envelope_id =
      Name(report.original_envelope_id ? report.original_envelope_id->value : arrival.envelope_id);
  message.receive_time = arrival.receive_time.value_or(now);
  return message;
}

// `voucher` is of the return path that it came to, `inside` what VouchInside() says.
void Fill(const Voucher& voucher, const std::optional<Voucher>& inside, std::string_view octets,
          Message& message) {
  message.tenant = voucher.tenant;
  message.return_path = voucher.return_path;
  message.trust = voucher.trust;
  message.least_trust = voucher.least_trust;
  if (inside) message.returned_path = inside->return_path;
  const Voucher& mail = inside ? *inside : voucher;
  message.stream = mail.stream;
  message.return_path_key = mail.key_id;
  message.message_reference = mail.reference;
  message.day = mail.day;
  message.digest = DigestOf({voucher.tenant, voucher.return_path, octets});
}

// For each voucher the first of the same return path, as a place among those that differ.
std::vector<std::size_t> PlacesOf(const std::vector<Voucher>& vouchers) {
  StringMap<std::size_t> places;
  std::vector<std::size_t> result;
  for (const Voucher& voucher : vouchers) {
    result.push_back(places.emplace(voucher.return_path, places.size()).first->second);
  }
  return result;
}

bool IsUnverified(const Event& event) { return event.address && event.trust == Trust::kUnverified; }

// The domains of the addresses that nobody vouches for, of what came to return paths.
std::vector<std::string> DomainsToAuthenticate(const StoreMessages& work,
                                               const std::vector<SenderClaim>& claims) {
  std::vector<std::string> domains;
  for (std::size_t i = 0; i < work.messages.size(); ++i) {
    if (claims[i].use != Use::kReturnPath) continue;
    for (const Event& event : work.messages[i].events) {
      if (!IsUnverified(event)) continue;
      const std::string_view domain = event.address->domain();
      if (std::find(domains.begin(), domains.end(), domain) != domains.end()) continue;
      domains.emplace_back(domain);
      if (domains.size() == kMaxAuthenticatedDomains) return domains;
    }
  }
  return domains;
}

// Whether it matters that an operator of the loop has sent the message.
bool AsksForOperator(const NewMessage& message, const SenderClaim& claim) {
  return !claim.operators.empty() &&
         (claim.forwarded ||
          std::any_of(message.events.begin(), message.events.end(), [](const Event& event) {
            return event.kind == Kind::kComplaint && IsUnverified(event);
          }));
}

// An identifier is one of the operators' domains, or below one.
bool IsOfOperator(const std::vector<std::string>& identifiers,
                  const std::vector<std::string>& operators) {
  const auto is_below = [](std::string_view name, std::string_view domain) {
    return name.ends_with(domain) &&
           (name.size() == domain.size() || name[name.size() - domain.size() - 1] == '.');
  };
  return std::any_of(identifiers.begin(), identifiers.end(), [&](const std::string& name) {
    return std::any_of(operators.begin(), operators.end(),
                       [&](const std::string& domain) { return is_below(name, domain); });
  });
}

void Apply(const Authentication& authentication, std::vector<SenderClaim>& claims,
           StoreMessages& work) {
  const std::vector<std::string>& domains = authentication.domains;
  for (std::size_t i = 0; i < work.messages.size(); ++i) {
    NewMessage& message = work.messages[i];
    SenderClaim& claim = claims[i];
    message.message.authentication = authentication.found;
    const bool is_operator = IsOfOperator(authentication.identifiers, claim.operators);
    if (is_operator && claim.forwarded) message.events = {*std::move(claim.forwarded)};
    for (Event& event : message.events) {
      if (!IsUnverified(event)) continue;
      const bool is_known =
          claim.use == Use::kReturnPath
              ? std::find(domains.begin(), domains.end(), event.address->domain()) != domains.end()
              : is_operator && event.kind == Kind::kComplaint;
      if (is_known) event.trust = Trust::kAuthenticated;
    }
  }
}

}  // namespace

Intake::Intake(const LiveRules& rules, const Live<ReturnPaths>& paths, Committer& committer,
               const Clock& clock, Counters& counters, Authenticator* authenticator)
    : rules_(rules),
      paths_(paths),
      committer_(committer),
      clock_(clock),
      counters_(counters),
      authenticator_(authenticator) {}

void Intake::Receive(std::string_view message, std::vector<Voucher> vouchers, Arrival arrival,
                     Done done) {
  if (vouchers.empty()) return done(absl::InvalidArgumentError("a message without a return path"));
  Read read{
      .work = {}, .claims = {}, .rules = rules_.Get(), .wins = {}, .places = PlacesOf(vouchers)};
  const Report report = read.rules->parser().Parse(message);
  read.wins = read.rules->WinsOf(report);
  const std::shared_ptr<const Evidence> evidence = Evidence::Pack(message);
  const Message common = MessageOf(report, arrival, clock_.Now());
  const std::size_t max_events = kMaxEventsOfMessage / vouchers.size();
  std::optional<std::vector<Found<std::string>>> named;
  const NamedInWords named_in_words = [&]() -> const std::vector<Found<std::string>>& {
    if (!named) named = read.rules->parser().NamedInWords(message);
    return *named;
  };

  const std::shared_ptr<const ReturnPaths> paths = paths_.Get();
  std::vector<NewMessage>& messages = read.work.messages;
  for (std::size_t i = 0; i < vouchers.size(); ++i) {
    if (read.places[i] < messages.size()) continue;
    NewMessage& made = messages.emplace_back();
    made.message = common;
    const std::optional<Voucher> inside =
        VouchInside(report, vouchers[i], *paths, common.receive_time);
    Fill(vouchers[i], inside, message, made.message);
    if (i < arrival.original_recipients.size()) {
      made.message.original_return_path =
          Presentable(arrival.original_recipients[i], kMaxReportedAddressOctets);
    }
    const Voucher& voucher = inside ? *inside : vouchers[i];
    if (voucher.use == Use::kUnsubscribe && voucher.trust == Trust::kSigned) {
      made.events = {UnsubscribeEvent(message, voucher, *paths)};
    } else {
      made.events = Attribute(report, voucher, *paths, max_events, named_in_words);
    }
    for (Event& event : made.events) event.answer = AnswerOf(event, event.remote_mta);
    made.evidence = evidence;
    SenderClaim& claim = read.claims.emplace_back();
    claim.use = vouchers[i].use;
    claim.operators = vouchers[i].operators;
    if (!claim.operators.empty()) claim.forwarded = ForwardedComplaint(report, voucher, *paths);
  }

  std::vector<std::string> domains = DomainsToAuthenticate(read.work, read.claims);
  bool is_asked = !domains.empty();
  for (std::size_t i = 0; i < read.claims.size(); ++i) {
    is_asked = is_asked || AsksForOperator(messages[i], read.claims[i]);
  }
  if (authenticator_ == nullptr || !is_asked) return Submit(std::move(read), std::move(done));
  AuthenticationRequest request{.message = std::string(message),
                                .reverse_path = std::move(arrival.reverse_path),
                                .client_address = std::move(arrival.client_address),
                                .client_helo = std::move(arrival.client_helo),
                                .login = std::move(arrival.login),
                                .receive_time = common.receive_time,
                                .domains = std::move(domains)};
  authenticator_->Authenticate(std::move(request),
                               [this, read = std::move(read),
                                done = std::move(done)](Authentication authentication) mutable {
                                 Apply(authentication, read.claims, read.work);
                                 Submit(std::move(read), std::move(done));
                               });
}

void Intake::Submit(Read read, Done done) {
  committer_.Submit(
      std::move(read.work), [this, rules = std::move(read.rules), wins = std::move(read.wins),
                             places = std::move(read.places),
                             done = std::move(done)](absl::Status status, Work answered) mutable {
        if (!status.ok()) return done(std::move(status));
        const std::vector<MessageReceipt>& stored = std::get<StoreMessages>(answered).receipts;
        const bool is_duplicate = std::all_of(stored.begin(), stored.end(),
                                              [](const MessageReceipt& r) { return r.duplicate; });
        if (!is_duplicate) rules->Count(wins);
        counters_.Add(is_duplicate ? Counter::kMessagesDuplicate : Counter::kMessagesCommitted);
        std::vector<MessageReceipt> receipts;
        for (const std::size_t place : places) receipts.push_back(stored[place]);
        done(std::move(receipts));
      });
}

void Intake::Record(std::string_view tenant, const std::vector<DeliveryAttempt>& attempts,
                    Recorded done) {
  const std::shared_ptr<RulesAtWork> rules = rules_.Get();
  const std::shared_ptr<const ReturnPaths> paths = paths_.Get();
  const absl::Time now = clock_.Now();
  RecordDeliveries work;
  std::vector<std::size_t> places;               // in `attempts`, of what is in `work`
  std::vector<std::vector<std::uint32_t>> wins;  // of the same
  std::vector<absl::StatusOr<AttemptFate>> fates;
  std::array<std::uint64_t, 4> outcomes{};  // by DeliveryOutcome
  for (const DeliveryAttempt& attempt : attempts) {
    absl::StatusOr<ReadAttempt> read = ReadDelivery(attempt, tenant, rules->rules(), *paths, now);
    fates.emplace_back(AttemptFate::kRecorded);
    if (!read.ok()) {
      fates.back() = read.status();
      continue;
    }
    ++outcomes[static_cast<std::size_t>(attempt.outcome)];
    if (attempt.outcome == DeliveryOutcome::kDeferred) continue;
    places.push_back(fates.size() - 1);
    Report report;
    report.recipients.push_back(std::move(read->recipient));
    wins.push_back(rules->WinsOf(report));
    work.messages.push_back(std::move(read->message));
  }
  auto count = [this, outcomes] {
    for (const auto& [outcome, counter] :
         {std::pair(DeliveryOutcome::kDelivered, Counter::kSeenDelivered),
          std::pair(DeliveryOutcome::kBounced, Counter::kSeenBounced),
          std::pair(DeliveryOutcome::kDeferred, Counter::kSeenDeferred)}) {
      counters_.Add(counter, outcomes[static_cast<std::size_t>(outcome)]);
    }
  };
  if (work.messages.empty()) {
    count();
    return done(std::move(fates));
  }
  committer_.Submit(
      std::move(work),
      [count, rules, places = std::move(places), wins = std::move(wins), fates = std::move(fates),
       done = std::move(done)](absl::Status status, Work answered) mutable {
        if (!status.ok()) return done(std::move(status));
        const auto& recorded = std::get<RecordDeliveries>(answered);
        for (std::size_t i = 0; i < places.size(); ++i) {
          if (recorded.outcomes[i] == RecordDeliveries::Outcome::kDuplicate) {
            fates[places[i]] = AttemptFate::kDuplicate;
            continue;
          }
          rules->Count(wins[i]);
          const bool has_effect = recorded.messages[i].events.front().effect != Effect::kNone;
          if (has_effect) fates[places[i]] = AttemptFate::kChanged;
        }
        count();
        done(std::move(fates));
      });
}

}  // namespace bounced
