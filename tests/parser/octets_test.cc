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

TEST(FindRow, FindsTheFirstAtEveryPlaceOfEverySize) {
  const auto may_begin = [](auto c) { return c == 'a'; };
  const auto are_they = [](auto first, auto second, auto third) {
    return (first == 'a') & (second == 'b') & ((third == 'c') | (third == 'd'));
  };
  for (std::size_t size = 3; size <= kMost; ++size) {
    for (std::size_t place = 0; place + 3 <= size; ++place) {
      std::string text;
      while (text.size() < size) text += "ab-";  // begins as a row does
      text.resize(size);
      EXPECT_EQ(FindRow<3>(text, may_begin, are_they), size);
      text.replace(place, 3, place % 2 == 0 ? "abc" : "abd");
      EXPECT_EQ(FindRow<3>(text, may_begin, are_they), place);
      EXPECT_EQ(FindRow<3>(text, may_begin, are_they, place), place);
      EXPECT_EQ(FindRow<3>(text, may_begin, are_they, place + 1), size);
    }
  }
}

TEST(EqualsIgnoringCase, TellsOctetsApartAtEveryPlaceOfEverySize) {
  for (std::size_t size = 1; size <= kMost; ++size) {
    for (std::size_t place = 0; place < size; ++place) {
      for (const char octet : {'a', 'Z', '@', '[', '`', '{', '0', '\xC1', '\xE1', '\0', ' '}) {
        std::string text(size, 'x');
        text[place] = octet;
        std::string other = text;
        other[0] = other[0] == 'x' ? 'X' : other[0];
        EXPECT_TRUE(EqualsIgnoringCase(text, other));
        other[place] = static_cast<char>(text[place] ^ 0x20);  // another case, of a letter alone
        EXPECT_EQ(EqualsIgnoringCase(text, other), octet == 'a' || octet == 'Z') << place;
        other[place] = static_cast<char>(text[place] ^ 0x01);
        EXPECT_FALSE(EqualsIgnoringCase(text, other)) << place;
      }
    }
  }
}

TEST(FoldCase, FoldsEveryOctetAtEverySize) {
  for (std::size_t size = 0; size <= kMost; ++size) {
    for (int octet = 0; octet < 256; ++octet) {
      const auto c = static_cast<char>(octet);
      EXPECT_EQ(FoldCase(std::string(size, c)), std::string(size, FoldCase(c)));
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
