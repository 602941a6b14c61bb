// What is found sixteen octets at a time is what is found one by one.
#include "parser/octets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "parser/mime/lines.h"
#include "parser/text.h"

namespace bounced {
namespace {

constexpr std::size_t kMost = 3 * kBlockOctets + 2;

TEST(FindOctet, FindsTheFirstAtEveryPlaceOfEverySize) {
  const auto is_it = [](auto c) { return (c == '@') | (c >= 0xF0); };
  for (std::size_t size = 0; size <= kMost; ++size) {
    for (std::size_t from = 0; from <= size; ++from) {
      std::string text(size, 'A');
      EXPECT_EQ(FindOctet(text, is_it, from), size);
      for (std::size_t place = 0; place < size; ++place) {
        text.assign(size, 'A');
        text[place] = place % 2 == 0 ? '@' : '\xF0';
        EXPECT_EQ(FindOctet(text, is_it, from), place < from ? size : place);
      }
    }
  }
}

TEST(BlockFrom, FillsUpWithZeros) {
  for (std::size_t size = 0; size <= kMost; ++size) {
    const std::string text(size, 'A');
    for (std::size_t at = 0; at <= size; ++at) {
      const std::size_t count = std::min(kBlockOctets, size - at);
      EXPECT_EQ(BitsOf(BlockFrom(text, at) == 'A'), (1u << count) - 1);
      EXPECT_EQ(BitsOf(BlockFrom(text, at) == 0), 0xFFFFu & ~((1u << count) - 1));
    }
  }
}

TEST(FindIgnoringCase, FindsTheFirstAtEveryPlaceOfEverySize) {
  for (const std::string_view needle : {"@", "x", "xy", "said: ", "x-failed-recipients"}) {
    for (std::size_t size = 0; size <= kMost; ++size) {
      for (std::size_t place = 0; place + needle.size() <= size; ++place) {
        std::string text(size, 'X' ^ 0x40);  // differs from a letter in more than its case
        text.replace(place, needle.size(), needle);
        text[place] = text[place] == 'x' ? 'X' : text[place];
        EXPECT_EQ(FindIgnoringCase(text, needle), place) << needle << size;
        EXPECT_EQ(FindIgnoringCase(text, needle, place), place) << needle << size;
        EXPECT_EQ(FindIgnoringCase(text, needle, place + 1), text.npos) << needle << size;
      }
    }
  }
}

TEST(Lines, EndAtTheSamePlacesAtEverySize) {
  for (const std::string_view end : {"\n", "\r", "\r\n"}) {
    for (std::size_t size = 0; size <= kMost; ++size) {
      const std::string text = std::string(size, 'a') + std::string(end) + "b";
      Lines lines(text);
      EXPECT_EQ(lines.Next()->text, std::string_view(text).substr(0, size));
      EXPECT_EQ(lines.at(), size + end.size());
      EXPECT_EQ(lines.Next()->text, "b");
      EXPECT_FALSE(lines.Next());
      EXPECT_EQ(LineBegin(text, size + end.size()), size + end.size());
      EXPECT_EQ(LineEnd(text, 0), size);
    }
  }
}

}  // namespace
}  // namespace bounced
