// The server's side of one SMTP connection as a value.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/smtp/action.h"
#include "server/smtp/data_receiver.h"
#include "server/smtp/message_buffer.h"
#include "server/smtp/message_ids.h"
#include "server/smtp/parameters.h"
#include "server/smtp/profile.h"

namespace bounced::smtp {

// The server's side of one SMTP connection (RFC 5321; 1870, 2034, 2920, 3030, 3207, 3461, 4954,
// 6152, 6531, 9422). Bytes go in, actions come out; it owns no socket, clock or thread, so a test
// or a fuzzer drives it as well as the network does. For input that keeps to RFC 2920 the actions
// do not depend on how the bytes were cut.
//
// `now` is a steady clock's (Clock::Steady()) everywhere but in Vouched(). No octet of the client's
// is ever in a reply.
class Dialogue {
 public:
  // Greets at once; bytes that are fed before the first Next() came before the banner and end the
  // dialogue (RFC 5321, 4.3.1). `profile` must outlive it. Each 4xx and 5xx ends in `id`, in
  // brackets, by which one finds in our log what one reads in somebody else's; empty: none does.
  Dialogue(const Profile& profile, absl::Time now, std::string id = "");

  // In place of the banner; the dialogue is then over. Before the first Next().
  void Refuse(std::string_view reply) { Close("refused", reply); }
  // Serves nothing but QUIT, for denial_timeout (RFC 5321, 3.1). Before the first Next().
  void Deny() { denied_ = true; }

  // Bytes that cannot be used yet are kept. Who feeds it gives no more than a buffer of some
  // kilobytes, and none while Next() has actions or an answer is owed: that bounds what is kept.
  void Feed(std::string_view bytes, absl::Time now);
  // The deadline passed and nothing came. Without effect before the deadline.
  void TimedOut(absl::Time now);
  // The daemon stops: an idle session is told 421, one in a message may end within Limits::drain.
  void ShutDown(absl::Time now);
  // All sessions together hold too much: a message under way is dropped, read to its end, and
  // answered 451 4.3.1 (a chunk: 452 4.3.1).
  void Shed();
  // Few sessions are left, or enough again. The waits under way are shorter, or as usual, counted
  // from where they began.
  void SetOverloaded(bool overloaded) { overloaded_ = overloaded; }

  // None: it wants bytes, or is owed an answer.
  std::optional<Action> Next();

  // RESOURCE_EXHAUSTED becomes 452 4.3.1, other errors 451 4.3.0.
  void Admitted(const absl::Status& status);
  // NOT_FOUND becomes 550 5.7.1 (no relay), PERMISSION_DENIED 550 5.1.1, other errors 451 4.3.5.
  // `time` is the time of day that the path was judged at; it becomes the recipient's vouch_time.
  void Vouched(const absl::Status& status, absl::Time time);
  // Whether TLS can begin now. False becomes 454 4.7.0; true 220, and a Handshake.
  void TlsAdmitted(bool admitted);
  // The client has failed to log in too often, here and elsewhere.
  void TooManyFailedLogins();
  // The Handshake is done. What the client said before it is forgotten (RFC 3207, 4.2).
  void TlsBegun(absl::Time now);
  // OK becomes 235, PERMISSION_DENIED 535 5.7.8, anything else 454 4.7.0.
  void LoggedIn(const absl::Status& status);
  // OK, with an id for each recipient of the envelope, becomes 250, RESOURCE_EXHAUSTED 452 4.3.1,
  // anything else 451 4.3.0.
  void Accepted(const absl::StatusOr<MessageIds>& ids, absl::Time now);

  // Of the peer's silence or slowness. InfiniteFuture while an answer is owed.
  absl::Time Deadline() const;
  // How long to wait for what has `usual` without overload.
  absl::Duration Patience(absl::Duration usual) const {
    return overloaded_ ? std::min(usual, profile_.limits.overload_timeout) : usual;
  }
  // Octets of message held. The memory behind them may be up to twice as much.
  std::size_t held_octets() const { return message_.held(); }
  // In the octets of a message: wants no answer and gives none before more of them came.
  bool in_data() const {
    return (state_ == State::kData || state_ == State::kChunk) && owed_ == Owed::kNothing &&
           next_action_ == actions_.size();
  }
  // Says nothing more and wants no more bytes.
  bool done() const { return closed_ && next_action_ == actions_.size(); }
  // So far: errors of the client's, transactions begun.
  std::size_t errors() const { return errors_; }
  std::size_t transactions() const { return transactions_; }
  std::size_t failed_logins() const { return failed_logins_; }
  // Who logged in; empty: nobody did.
  const std::string& user() const { return user_; }

 private:
  enum class State : std::uint8_t {
    kStart,   // no EHLO or HELO yet
    kReady,   // no transaction
    kMail,    // a transaction, no recipient
    kRcpt,    // a transaction with recipients
    kChunks,  // between the chunks of a message
    kData,    // in the octets behind DATA
    kChunk,   // in the octets behind BDAT
  };
  enum class Owed : std::uint8_t { kNothing, kAdmitted, kVouched, kAccepted, kTls, kLoggedIn };
  struct Verb;
  static const Verb kVerbs[];
  static const Verb* FindVerb(std::string_view name);

  // dialogue.cc: input, replies, deadlines
  std::size_t max_line_octets() const {
    return exchange_ != nullptr ? kMaxSaslLineOctets : kMaxCommandLineOctets;
  }
  bool Step();
  bool ReadLine();
  void DropLongLine();
  void RunLine(std::string_view line);
  void Say(std::string_view reply);
  void SayOfMessage(std::string_view reply);
  void Fail(std::string_view reply);
  bool CountError();
  void RefuseRecipient(std::string_view reply);
  bool CountJunk();
  void Close(std::string_view end, std::string_view reply);
  void CommandDone();
  bool CloseIfEarly();
  bool InMessage() const;
  std::size_t Receive(std::string_view bytes);

  // verbs.cc: what does not touch a transaction but to end it
  void Ehlo(std::string_view argument);
  void Helo(std::string_view argument);
  void Lhlo(std::string_view argument);
  void Greet(std::string_view name);
  bool BeginAs(std::string_view name, bool utf8);
  void Rset(std::string_view argument);
  void Noop(std::string_view argument);
  void Vrfy(std::string_view argument);
  void Help(std::string_view argument);
  void Quit(std::string_view argument);
  void StartTls(std::string_view argument);
  void NotOffered(std::string_view argument);
  void NotSmtp(std::string_view argument);

  // login.cc: AUTH
  void Auth(std::string_view argument);
  void SaslLine(std::string_view line);
  void TakeSaslStep(SaslStep step);
  bool StillMayMail() const;
  void RefuseLogin();

  // transaction.cc: the envelope
  void Mail(std::string_view argument);
  void Rcpt(std::string_view argument);
  void ResetTransaction();

  // message.cc: the message
  void Data(std::string_view argument);
  void Bdat(std::string_view argument);
  void BeginMessage();
  std::size_t ReceiveData(std::string_view bytes);
  std::size_t ReceiveChunk(std::string_view bytes);
  void EndOfData();
  void EndOfChunk();
  void EndOfKeptChunk();
  void DropMessage(DiscardReason reason);
  void OfferMessage();
  void SayStored(const MessageIds& ids);

  const Profile& profile_;
  const std::string id_;
  bool under_tls_;
  std::unique_ptr<SaslExchange> exchange_;  // from AUTH to its end
  std::string user_;                        // who logged in
  std::string credential_;                  // by which; see StillMayMail()
  std::string candidate_;                   // whose password is being checked
  std::size_t failed_logins_ = 0;

  State state_ = State::kStart;
  Owed owed_ = Owed::kNothing;
  bool greeted_ = false;
  bool denied_ = false;
  bool closed_ = false;
  bool stopping_ = false;
  bool overloaded_ = false;
  std::vector<Action> actions_;  // from next_action_ on: to be given by Next()
  std::size_t next_action_ = 0;

  std::string input_;        // from at_ on: not yet used
  std::size_t at_ = 0;       // where the line begins
  std::size_t scanned_ = 0;  // up to here there is no LF
  bool long_line_ = false;   // more than kMaxCommandLineOctets of this line were dropped
  bool bad_line_ = false;    // NUL or a bare CR was in what was dropped

  absl::Time now_;
  absl::Time start_;          // of the session
  absl::Time command_start_;  // since when a command is awaited
  absl::Time data_start_;     // of the message under way
  absl::Time drain_end_;      // when stopping

  std::size_t errors_ = 0;
  std::size_t bad_recipients_ = 0;
  std::size_t junk_ = 0;
  std::size_t transactions_ = 0;

  // The transaction.
  Envelope envelope_;
  MailParameters parameters_;
  EnvelopeRecipient recipient_;  // while its path is vouched for
  bool rcpt_tried_ = false;
  std::vector<std::size_t> accepted_rcpts_;       // for each 250: which of the recipients it is
  std::vector<std::size_t> last_accepted_rcpts_;  // of the transaction before, for its message

  // The message.
  DataReceiver data_;
  MessageBuffer message_;
  std::uint64_t chunk_left_ = 0;
  bool chunk_last_ = false;
  bool chunks_failed_ = false;       // one of this message was refused already
  State chunk_from_ = State::kRcpt;  // the state that BDAT came in
};

}  // namespace bounced::smtp
