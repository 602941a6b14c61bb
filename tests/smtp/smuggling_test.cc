// Each false end of a message with each command behind it, by DATA and by BDAT: the command is part
// of the message, or nothing at all, and never run (T30).
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/smtp/dialogue.h"
#include "tests/smtp/false_ends.h"

namespace bounced::smtp {
namespace {

// A session of a client that has been greeted and has a recipient, and what the server did since.
class Wire {
 public:
  // The client's octets come in pieces of this many.
  explicit Wire(std::size_t piece) : piece_(piece) {
    Act();
    for (const char* line :
         {"EHLO client.example", "MAIL FROM:<>", "RCPT TO:<bounce@rp.example>"}) {
      Say(std::string(line) + "\r\n");
    }
    EXPECT_EQ(codes, "220 250 250 250 ");
    EXPECT_EQ(vouched, 1);
    codes.clear();
    vouched = 0;
  }

  void Say(std::string_view octets) {
    while (!octets.empty()) {
      dialogue_.Feed(octets.substr(0, piece_), now_);
      octets.remove_prefix(std::min(piece_, octets.size()));
      Act();
    }
  }

  std::string codes;                  // of the replies, a blank behind each
  std::vector<std::string> messages;  // that were handed over
  int vouched = 0;                    // recipients that were asked about
  int admitted = 0;                   // transactions
  bool hung_up = false;

 private:
  void Act() {
    while (std::optional<Action> action = dialogue_.Next()) {
      if (const auto* reply = std::get_if<Reply>(&*action)) {
        codes += reply->text.substr(0, 3) + ' ';
      } else if (std::holds_alternative<Admit>(*action)) {
        ++admitted;
        dialogue_.Admitted(absl::OkStatus());
      } else if (std::holds_alternative<Vouch>(*action)) {
        ++vouched;
        dialogue_.Vouched(absl::OkStatus(), now_);
      } else if (const auto* accept = std::get_if<Accept>(&*action)) {
        messages.push_back(accept->message);
        dialogue_.Accepted(MessageIds(accept->envelope.recipients.size(), "1"), now_);
      } else if (std::holds_alternative<HangUp>(*action)) {
        hung_up = true;
      } else {
        EXPECT_TRUE(std::holds_alternative<Discard>(*action)) << "of another command";
      }
    }
  }

  const std::size_t piece_;
  const absl::Time now_ = absl::UnixEpoch() + absl::Hours(1);
  const Profile profile_{.hostname = "mx.example.net", .limits = {}, .tls = TlsUse::kStartTls};
  Dialogue dialogue_{profile_, now_};
};

class SmugglingTest : public testing::TestWithParam<FalseEnd> {
 protected:
  static constexpr std::size_t kPieces[] = {1, 2, 3, 5, 7, 4096};
};

TEST_P(SmugglingTest, T30S90ByData) {
  for (const std::string& command : HiddenCommands()) {
    for (const std::size_t piece : kPieces) {
      SCOPED_TRACE(command + " in pieces of " + std::to_string(piece));
      Wire wire(piece);
      wire.Say("DATA\r\n");
      const std::string message = GetParam().octets + command;
      wire.Say(message);
      EXPECT_EQ(wire.codes, "354 ") << "before the true end";
      wire.Say("\r\n.\r\n");
      wire.Say("NOOP\r\n");
      EXPECT_EQ(wire.vouched, 0);
      EXPECT_EQ(wire.admitted, 1);
      EXPECT_EQ(wire.hung_up, GetParam().refused);
      if (GetParam().refused) {
        EXPECT_EQ(wire.codes, "354 550 ");
        EXPECT_TRUE(wire.messages.empty());
      } else {
        EXPECT_EQ(wire.codes, "354 250 250 ");
        ASSERT_EQ(wire.messages.size(), 1u);
        EXPECT_NE(wire.messages[0].find(command), std::string::npos);
      }
    }
  }
}

// In one chunk, and in two that part it anywhere.
TEST_P(SmugglingTest, T30S98ByBdat) {
  for (const std::string& command : HiddenCommands()) {
    const std::string message = GetParam().octets + command;
    const auto chunk = [](std::string_view octets, std::string_view last) {
      return "BDAT " + std::to_string(octets.size()) + std::string(last) + "\r\n" +
             std::string(octets);
    };
    for (const std::size_t piece : kPieces) {
      for (std::size_t first = 0; first <= message.size(); ++first) {
        SCOPED_TRACE(command + " behind " + std::to_string(first) + " octets, in pieces of " +
                     std::to_string(piece));
        Wire wire(piece);
        if (first > 0) wire.Say(chunk(message.substr(0, first), ""));
        wire.Say(chunk(message.substr(first), " LAST"));
        wire.Say("NOOP\r\n");
        EXPECT_EQ(wire.codes, first > 0 ? "250 250 250 " : "250 250 ");
        EXPECT_EQ(wire.vouched, 0);
        EXPECT_EQ(wire.admitted, 1);
        EXPECT_FALSE(wire.hung_up);
        EXPECT_EQ(wire.messages, std::vector<std::string>{message});
      }
    }
  }
}

std::string NameOf(const testing::TestParamInfo<FalseEnd>& end) { return end.param.name; }

INSTANTIATE_TEST_SUITE_P(, SmugglingTest, testing::ValuesIn(FalseEnds()), NameOf);

}  // namespace
}  // namespace bounced::smtp
