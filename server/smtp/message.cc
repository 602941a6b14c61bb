#include <algorithm>
#include <optional>
#include <utility>

#include "parser/text.h"
#include "server/smtp/verb.h"

namespace bounced::smtp {
namespace {

// What is set aside at once for a message whose size was declared; beyond that it grows as it
// comes.
constexpr std::size_t kMaxReservedOctets = 64 << 10;

constexpr std::string_view kTooLarge = "552 5.3.4 The message is larger than SIZE allows";
constexpr std::string_view kNoRecipients = "554 5.5.1 No recipient of this message was accepted";

struct Chunk {
  std::uint64_t octets;
  bool last;
};

// `n` or `n LAST` (RFC 3030, 2), n up to 2^63.
std::optional<Chunk> ParseChunk(std::string_view argument) {
  constexpr std::uint64_t kMaxOctets = std::uint64_t{1} << 63;
  const std::string_view number = argument.substr(0, argument.find_first_of(" \t"));
  const std::string_view word = StripBlanks(argument.substr(number.size()));
  if (number.empty() || (!word.empty() && !EqualsIgnoringCase(word, "LAST"))) return std::nullopt;
  std::uint64_t octets = 0;
  for (char c : number) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (octets > (kMaxOctets - digit) / 10) return std::nullopt;
    octets = octets * 10 + digit;
  }
  return Chunk{octets, !word.empty()};
}

}  // namespace

bool Dialogue::InMessage() const {
  return state_ == State::kData || state_ == State::kChunk || state_ == State::kChunks;
}

void Dialogue::BeginMessage() {
  data_start_ = now_;
  message_.Reset();
  message_.Reserve(
      static_cast<std::size_t>(std::min<std::uint64_t>(parameters_.size, kMaxReservedOctets)));
}

void Dialogue::Data(std::string_view argument) {
  if (!argument.empty()) return Fail("501 5.5.4 DATA takes no argument");
  if (state_ == State::kMail) {
    return Fail(rcpt_tried_ ? kNoRecipients : "503 5.5.1 DATA comes after RCPT");
  }
  if (parameters_.body == Body::kBinaryMime) {
    return Fail("503 5.5.1 A BINARYMIME message comes by BDAT");  // RFC 3030, 3
  }
  BeginMessage();
  data_ = DataReceiver();
  state_ = State::kData;
  Say("354 Send the message, and a line with one dot at its end");
}

std::size_t Dialogue::ReceiveData(std::string_view bytes) {
  const std::size_t used = data_.Feed(bytes, message_);
  if (message_.octets() > 2 * std::uint64_t{profile_.limits.max_message_size}) {
    DropMessage(DiscardReason::kTooLarge);
    Close("too_large", kTooLarge);
  } else if (data_.ended()) {
    EndOfData();
  }
  return used;
}

void Dialogue::EndOfData() {
  if (data_.false_end()) {
    DropMessage(DiscardReason::kFraming);
    // What follows may be what was hidden behind the false end: nothing of it is run.
    return Close("bad_framing",
                 "550 5.5.2 A line with a dot and without CRLF on both sides is in the message");
  }
  if (message_.fate() == Fate::kKept) return OfferMessage();
  const bool too_large = message_.fate() == Fate::kTooLarge;
  DropMessage(too_large ? DiscardReason::kTooLarge : DiscardReason::kShed);
  if (!too_large) {
    SayOfMessage("451 4.3.1 Too much is being received here; try again later");
  } else if (CountError()) {
    SayOfMessage(kTooLarge);
  }
  CommandDone();
}

void Dialogue::Bdat(std::string_view argument) {
  const std::optional<Chunk> chunk = ParseChunk(argument);
  // How many octets follow is not known, so nothing behind this line can be read.
  if (!chunk) return Close("bad_chunk", "501 5.5.4 Say BDAT size, or BDAT size LAST");
  const std::uint64_t most = 2 * std::uint64_t{profile_.limits.max_message_size};
  if (chunk->octets > most || message_.octets() + chunk->octets > most) {
    DropMessage(DiscardReason::kTooLarge);
    return Close("too_large", kTooLarge);
  }
  if (chunk->octets == 0 && !chunk->last && !CountJunk()) return;
  chunk_left_ = chunk->octets;
  chunk_last_ = chunk->last;
  chunk_from_ = state_;
  if (state_ == State::kRcpt) {
    BeginMessage();
  } else if (state_ != State::kChunks) {
    BeginMessage();
    message_.Shed();  // nobody to keep it for
  }
  state_ = State::kChunk;
  if (chunk_left_ == 0) EndOfChunk();
}

std::size_t Dialogue::ReceiveChunk(std::string_view bytes) {
  const auto used = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), chunk_left_));
  message_.Append(bytes.substr(0, used));
  chunk_left_ -= used;
  if (chunk_left_ == 0) EndOfChunk();
  return used;
}

// Every chunk is read before it is answered, refused or not (RFC 3030, 2).
void Dialogue::EndOfChunk() {
  if (chunk_from_ == State::kRcpt || chunk_from_ == State::kChunks) {
    state_ = State::kChunks;
    EndOfKeptChunk();
  } else {
    message_.Reset();
    state_ = chunk_from_;
    Fail(state_ == State::kMail && rcpt_tried_ ? kNoRecipients
                                               : "503 5.5.1 BDAT comes after MAIL and RCPT");
  }
  if (owed_ == Owed::kNothing) CommandDone();
}

void Dialogue::EndOfKeptChunk() {
  if (message_.fate() == Fate::kKept) {
    if (chunk_last_) return OfferMessage();
    return Say("250 2.0.0 Chunk taken");
  }
  const bool too_large = message_.fate() == Fate::kTooLarge;
  const std::string_view reply =
      too_large ? kTooLarge : "452 4.3.1 Too much is being received here; try again later";
  // Chunks behind a failed one were sent before the client knew (RFC 3030, 2): one error in all.
  const bool first = !std::exchange(chunks_failed_, true);
  if (first) {
    actions_.push_back(
        Discard{too_large ? DiscardReason::kTooLarge : DiscardReason::kShed, message_.octets()});
  }
  if (chunk_last_) {
    ResetTransaction();
    state_ = State::kReady;
  }
  if (first && too_large && !CountError()) return;
  if (chunk_last_) return SayOfMessage(reply);
  Say(reply);
}

void Dialogue::DropMessage(DiscardReason reason) {
  actions_.push_back(Discard{reason, message_.octets()});
  ResetTransaction();
  state_ = State::kReady;
}

void Dialogue::OfferMessage() {
  owed_ = Owed::kAccepted;
  std::string helo = envelope_.helo;
  std::string message = message_.Take();
  actions_.push_back(Accept{std::move(envelope_), std::move(message)});
  envelope_ = Envelope();
  envelope_.helo = std::move(helo);
  ResetTransaction();
  state_ = State::kReady;
}

void Dialogue::Accepted(const absl::StatusOr<MessageIds>& ids, absl::Time now) {
  if (owed_ != Owed::kAccepted) return;
  owed_ = Owed::kNothing;
  now_ = now;
  if (ids.ok()) {
    SayStored(*ids);
  } else if (absl::IsResourceExhausted(ids.status())) {
    SayOfMessage("452 4.3.1 There is no room to store the message; try again later");
  } else {
    SayOfMessage("451 4.3.0 The message could not be stored; try again later");
  }
  CommandDone();
}

void Dialogue::SayStored(const MessageIds& ids) {
  if (!profile_.lmtp) return Say("250 2.0.0 Ok: " + ShowIds(ids));
  for (const std::size_t recipient : last_accepted_rcpts_) {
    Say("250 2.0.0 Ok: " + ShowIds({ids[recipient]}));
  }
}

void Dialogue::Shed() {
  if (InMessage()) message_.Shed();
}

}  // namespace bounced::smtp
