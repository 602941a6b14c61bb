#include "server/smtp/message_ids.h"

#include <gtest/gtest.h>

namespace bounced::smtp {
namespace {

TEST(MessageIds, AreShownAsOneWord) {
  const struct {
    MessageIds ids;
    std::string want;
  } kCases[] = {
      {{}, ""},
      {{"17"}, "17"},
      {{"17", "18"}, "17,18"},
      {{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}, "1,2,3,4,5,6,7,8,9,10"},
      {{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"}, "1,2,3,4,5,6,7,8,9,10,+1"},
      {{"a b\r\n\xff"}, "a?b???"},
      {{std::string(kMaxShownIdOctets, 'x')}, std::string(kMaxShownIdOctets, 'x')},
      {{std::string(kMaxShownIdOctets + 1, 'x')}, std::string(kMaxShownIdOctets, 'x')},
  };
  for (const auto& c : kCases) EXPECT_EQ(ShowIds(c.ids), c.want);
}

}  // namespace
}  // namespace bounced::smtp
