#include "server/cli/postfix_log.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "parser/address.h"
#include "parser/text.h"
#include "server/base/ip_address.h"
#include "server/cli/times.h"

namespace bounced::cli {
namespace {

// Takes `prefix` off; false: it does not begin so.
bool Skip(std::string_view prefix, std::string_view& text) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// Takes off what stands before `mark`, and that. None: it is not there.
std::optional<std::string_view> Until(std::string_view mark, std::string_view& text) {
  const std::size_t end = text.find(mark);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view before = text.substr(0, end);
  text.remove_prefix(end + mark.size());
  return before;
}

bool IsAlphanumeric(char c) { return IsLetter(c) || IsDigit(c); }

// --- In front of the message

std::optional<absl::Time> ParseAs(const std::string& format, std::string_view text,
                                  absl::TimeZone zone) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(format, Absl(text), zone, &time, &error)) return std::nullopt;
  return time;
}

// "2026-11-07T10:30:00.123456+01:00", and with the +0100 that older journals write.
std::optional<absl::Time> TakeFullStamp(std::string_view& line) {
  constexpr std::size_t kDateOctets = 10;
  if (line.size() <= kDateOctets || line[4] != '-' || line[kDateOctets] != 'T') return std::nullopt;
  const std::string_view word = line.substr(0, line.find(' '));
  std::optional<absl::Time> time = ParseAs("%Y-%m-%dT%H:%M:%E*S%Ez", word, absl::UTCTimeZone());
  if (!time) time = ParseAs("%Y-%m-%dT%H:%M:%E*S%z", word, absl::UTCTimeZone());
  if (time) line.remove_prefix(std::min(line.size(), word.size() + 1));
  return time;
}

// "Nov  7 10:30:00", and with fractions of the second.
std::optional<absl::Time> TakeOldStamp(absl::TimeZone zone, absl::Time now,
                                       std::string_view& line) {
  constexpr std::size_t kDayOctets = 7;  // "Nov  7 "
  if (line.size() < kDayOctets || !IsLetter(line[0]) || line[3] != ' ') return std::nullopt;
  const std::size_t end = std::min(line.find(' ', kDayOctets), line.size());
  const std::string_view stamp = line.substr(0, end);
  constexpr int kYears = 5;  // enough for the 29th of February
  const absl::Time latest = now + absl::Hours(24);
  const absl::CivilYear newest = absl::ToCivilYear(latest, zone);
  for (int i = 0; i < kYears; ++i) {
    const std::string dated = absl::StrCat((newest - i).year(), " ", Absl(stamp));
    const std::optional<absl::Time> time = ParseAs("%Y %b %e %H:%M:%E*S", dated, zone);
    if (!time || *time > latest) continue;
    line.remove_prefix(std::min(line.size(), end + 1));
    return time;
  }
  return std::nullopt;
}

// What a line says of itself, and the message in it.
struct Entry {
  std::optional<absl::Time> time;  // none: it has no stamp
  std::string_view host;
  std::string_view instance;  // "postfix" of "postfix/relay/smtp[1]:"
  std::string_view queue_id;
  std::string_view message;  // behind the queue's id
};

// The queue's id in front of a message.
bool TakeQueueId(std::string_view text, Entry& entry) {
  const std::string_view scope = text.substr(0, kMaxQueueIdOctets + 1);
  const std::size_t size = static_cast<std::size_t>(
      std::find_if_not(scope.begin(), scope.end(), IsAlphanumeric) - scope.begin());
  constexpr std::size_t kMinQueueIdOctets = 5;
  if (size < kMinQueueIdOctets || size > kMaxQueueIdOctets) return false;
  entry.queue_id = text.substr(0, size);
  entry.message = text.substr(size);
  return Skip(": ", entry.message);
}

std::optional<Entry> ReadEntry(std::string_view line, absl::TimeZone zone, absl::Time now) {
  Entry entry;
  if (TakeQueueId(line, entry)) return entry;
  if (line.starts_with('<')) {  // "<22>": as it comes over the network
    constexpr std::size_t kMaxPriorityOctets = 5;
    const std::size_t end = line.substr(0, kMaxPriorityOctets).find('>');
    if (end != std::string_view::npos) line.remove_prefix(end + 1);
  }
  entry.time = TakeFullStamp(line);
  if (!entry.time) entry.time = TakeOldStamp(zone, now, line);
  if (!entry.time) return std::nullopt;
  std::optional<std::string_view> tag = Until(" ", line);
  if (tag && !tag->ends_with(':')) {
    entry.host = tag->substr(0, kMaxLoggedHostOctets);
    tag = Until(" ", line);
  }
  if (!tag || !tag->ends_with(':')) return std::nullopt;
  const std::size_t slash = tag->find('/');
  if (slash == std::string_view::npos || slash > kMaxLoggedHostOctets) return std::nullopt;
  entry.instance = tag->substr(0, slash);
  if (!TakeQueueId(line, entry)) return std::nullopt;
  return entry;
}

// --- The message

// Takes off an address and the `>` behind it. In a quoted local part (RFC 5321, 4.1.2) that is
// text.
std::optional<std::string_view> TakeAddress(std::string_view& text) {
  bool quoted = false;
  const std::size_t most = std::min(text.size(), kMaxLoggedAddressOctets + 1);
  for (std::size_t i = 0; i < most; ++i) {
    if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == '\\' && quoted) {
      ++i;
    } else if (text[i] == '>' && !quoted) {
      const std::string_view address = text.substr(0, i);
      text.remove_prefix(i + 1);
      return address;
    }
  }
  return std::nullopt;
}

// "to=<r@example.net>, orig_to=<team@sender.example>, relay=mx.example.net[192.0.2.1]:25,
// conn_use=2, delay=1.2, delays=0.1/0/1/0.1, dsn=5.1.1, status=bounced (...)"
struct Result {
  std::string_view to;
  std::string_view orig_to;
  std::string_view relay;
  std::string_view enhanced_status;
  std::string_view status;
  std::string_view text;
};

std::optional<Result> ReadResult(std::string_view message) {
  Result result;
  if (!Skip("to=<", message)) return std::nullopt;
  std::optional<std::string_view> address = TakeAddress(message);
  if (!address || !Skip(", ", message)) return std::nullopt;
  result.to = *address;
  if (Skip("orig_to=<", message)) {
    address = TakeAddress(message);
    if (!address || !Skip(", ", message)) return std::nullopt;
    result.orig_to = *address;
  }
  constexpr int kMaxFields = 8;
  for (int i = 0; i < kMaxFields; ++i) {
    if (Skip("status=", message)) {
      const std::optional<std::string_view> status = Until(" (", message);
      if (!status) return std::nullopt;
      result.status = *status;
      // The end may be missing where the log cuts long lines.
      if (message.ends_with(')')) message.remove_suffix(1);
      result.text = message;
      // Where addresses are logged without quotes (info_log_address_format = internal) one may hold
      // what looks like all of this: then none of it can be believed.
      const bool is_whole = result.text.find(", dsn=") == std::string_view::npos;
      return is_whole ? std::optional<Result>(result) : std::nullopt;
    }
    std::optional<std::string_view> field = Until(", ", message);
    if (!field) return std::nullopt;
    if (Skip("relay=", *field)) {
      result.relay = *field;
    } else if (Skip("dsn=", *field)) {
      result.enhanced_status = *field;
    }
  }
  return std::nullopt;
}

// "mx.example.net[192.0.2.1]" in front of `text`, which may be all of it.
struct Host {
  std::string_view name;
  IpAddress address;
};
std::optional<Host> TakeHost(std::string_view& text) {
  const std::size_t open = text.find('[');
  const std::size_t close = text.find(']');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    return std::nullopt;
  }
  const std::string_view name = text.substr(0, open);
  if (name.find(' ') != std::string_view::npos) return std::nullopt;
  const std::optional<IpAddress> address =
      IpAddress::Parse(text.substr(open + 1, close - open - 1));
  if (!address) return std::nullopt;
  text.remove_prefix(close + 1);
  return Host{name.substr(0, kMaxLoggedHostOctets), *address};
}

bool IsPrivate(const IpAddress& address) {
  static const std::vector<IpNetwork> kPrivate = [] {
    std::vector<IpNetwork> networks;
    // RFC 1918, 3927, 4193, 4291 (2.5.6), 6598.
    for (const char* network : {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
                                "100.64.0.0/10", "fc00::/7", "fe80::/10"}) {
      networks.push_back(*IpNetwork::Parse(network));
    }
    return networks;
  }();
  return address.is_loopback() || Contains(kPrivate, address);
}

std::optional<v1::DeliveryOutcome> OutcomeOf(std::string_view status) {
  if (status == "sent") return v1::DELIVERY_OUTCOME_DELIVERED;
  if (status == "bounced") return v1::DELIVERY_OUTCOME_BOUNCED;
  if (status == "deferred") return v1::DELIVERY_OUTCOME_DEFERRED;
  return std::nullopt;
}

// "RCPT TO", "end of DATA"
v1::Stage StageOf(std::string_view command) {
  if (command == "MAIL FROM") return v1::STAGE_MAIL;
  if (command == "RCPT TO") return v1::STAGE_RCPT;
  if (command == "DATA" || command == "end of DATA") return v1::STAGE_DATA;
  if (command == "EHLO" || command == "HELO" || command == "LHLO") return v1::STAGE_HELO;
  return v1::STAGE_UNSPECIFIED;
}

void SetText(std::string_view type, std::string_view text, v1::DeliveryAttempt& attempt) {
  attempt.set_text(Presentable(absl::StrCat(Absl(type), Absl(text)), kMaxLoggedTextOctets));
}

// "host mx.example.net[192.0.2.1] said: 550 5.1.1 ... (in reply to RCPT TO command)" is the host's;
// all else is what Postfix says itself.
void FillText(std::string_view text, v1::DeliveryAttempt& attempt) {
  std::string_view said = text;
  std::optional<Host> host;
  if (Skip("host ", said)) host = TakeHost(said);
  const bool is_greeting = host && Skip(" refused to talk to me: ", said);
  if (!host || (!is_greeting && !Skip(" said: ", said))) {
    return SetText("x-postfix; ", text, attempt);
  }
  attempt.set_remote_mta(Presentable(host->name, kMaxLoggedHostOctets));
  if (is_greeting) attempt.set_stage(v1::STAGE_CONNECT);
  constexpr std::string_view kInReply = " (in reply to ";
  constexpr std::string_view kCommand = " command)";
  if (const std::size_t at = said.rfind(kInReply);
      at != std::string_view::npos && said.ends_with(kCommand)) {
    std::string_view command = said.substr(at + kInReply.size());
    command.remove_suffix(kCommand.size());
    attempt.set_stage(StageOf(command));
    said = said.substr(0, at);
  }
  SetText("smtp; ", said, attempt);
}

bool IsAddress(std::string_view text) {
  return text.find('@') != std::string_view::npos && IsValidUtf8(text);
}

}  // namespace

PostfixLine PostfixLog::Take(std::string_view line, absl::Time now, v1::DeliveryAttempt& attempt) {
  const std::optional<Entry> entry = ReadEntry(line, options_.zone, now);
  if (!entry) return PostfixLine::kOther;
  std::string mail =
      absl::StrCat(Absl(entry->instance), " ", Absl(entry->host), " ", Absl(entry->queue_id));
  std::string_view message = entry->message;
  if (Skip("from=<", message)) {
    const std::optional<std::string_view> address = TakeAddress(message);
    if (!address || !message.starts_with(", size=")) return PostfixLine::kOther;
    Remember(std::move(mail), *address);
    return PostfixLine::kReturnPath;
  }

  const std::optional<Result> result = ReadResult(message);
  const std::optional<v1::DeliveryOutcome> outcome =
      result ? OutcomeOf(result->status) : std::nullopt;
  if (!outcome) return PostfixLine::kOther;
  const auto return_path = return_paths_.find(mail);
  if (return_path != return_paths_.end() && return_path->second.empty()) {
    return PostfixLine::kNullReturnPath;
  }
  std::string_view relay = result->relay;
  const bool is_failure = *outcome != v1::DELIVERY_OUTCOME_DELIVERED;
  const std::optional<Host> host = TakeHost(relay);
  const bool is_elsewhere =
      host ? options_.private_hosts || !IsPrivate(host->address) : is_failure && relay == "none";
  if (!is_elsewhere || !IsAddress(result->to)) return PostfixLine::kOwn;

  attempt.Clear();
  attempt.set_outcome(*outcome);
  *attempt.mutable_time() = ToTimestamp(entry->time.value_or(now));
  // Whom it was sent to before aliases of one's own sent it on.
  const bool is_sent_on =
      IsAddress(result->orig_to) && !EqualsIgnoringCase(result->orig_to, result->to);
  attempt.set_address(std::string(is_sent_on ? result->orig_to : result->to));
  if (is_sent_on) attempt.set_final_recipient(std::string(result->to));
  constexpr std::size_t kMaxStatusOctets = 11;  // "5.999.999", and what is none is left unread
  attempt.set_enhanced_status(Presentable(result->enhanced_status, kMaxStatusOctets));
  if (host) attempt.set_remote_mta(Presentable(host->name, kMaxLoggedHostOctets));
  if (is_failure) FillText(result->text, attempt);
  attempt.set_reporting_mta(Presentable(entry->host, kMaxLoggedHostOctets));
  const bool is_default = entry->instance.empty() || entry->instance == "postfix";
  attempt.set_message_reference(
      is_default ? std::string(entry->queue_id)
                 : Presentable(absl::StrCat(Absl(entry->instance), "/", Absl(entry->queue_id)),
                               kMaxLoggedHostOctets));
  // One that is none is not ours, and nothing that the API takes.
  if (return_path != return_paths_.end() && Address::Parse(return_path->second).ok()) {
    attempt.set_return_path(return_path->second);
  }
  return PostfixLine::kAttempt;
}

void PostfixLog::Remember(std::string mail, std::string_view return_path) {
  const auto [place, is_new] = return_paths_.try_emplace(mail);
  place->second = std::string(return_path);
  if (!is_new) return;
  remembered_.push_back(std::move(mail));
  if (remembered_.size() <= options_.max_remembered_mails) return;
  return_paths_.erase(remembered_.front());
  remembered_.pop_front();
}

}  // namespace bounced::cli
