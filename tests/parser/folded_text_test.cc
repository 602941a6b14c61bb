#include "parser/classify/folded_text.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace bounced {
namespace {

struct Case {
  std::string_view name;
  std::string_view text;
  std::string_view want;
};
class FoldedTextTest : public testing::TestWithParam<Case> {};

TEST_P(FoldedTextTest, Folds) {
  FoldedText folded(GetParam().text);
  EXPECT_EQ(folded.text(), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    D88, FoldedTextTest,
    testing::ValuesIn<Case>({
        {"Empty", "", ""},
        {"OnlyBlanks", " \t\r\n ", ""},
        {"Accents",
         "\xC3\x9C"
         "berschritten pr\xC3\xA9lev\xC3\xA9 n\xC3\xA3o \xC5\x9Fifre \xC5\x81",
         "uberschritten preleve nao sifre l"},
        {"CombiningAccent", "prele\xCC\x81ve\xCC\x81 \xCC\x81x", "preleve x"},
        {"TurkishIs",
         "KULLANICI \xC4\xB0 kullan\xC4\xB1"
         "c\xC4\xB1",
         "kullanici i kullanici"},
        {"SignsBetweenLetters", "3 \xC3\x97 4 \xC3\xB7 2", "3 \xC3\x97 4 \xC3\xB7 2"},
        {"Cyrillic", "\xD0\x90\xD0\xAF \xD0\x81\xD1\x91 \xD0\x86",
         "\xD0\xB0\xD1\x8F \xD0\xB5\xD0\xB5 \xD1\x96"},
        {"Greek", "\xCE\x91 \xCE\x86\xCE\xAC \xCF\x82", "\xCE\xB1 \xCE\xB1\xCE\xB1 \xCF\x83"},
        {"NoCaseInCjk", "\xE4\xB8\x8D", "\xE4\xB8\x8D"},
        {"RomanianComma", "\xC8\x98i \xC8\x9B", "si t"},
        {"IdeographicSpace", "\xE4\xB8\x8D\xE3\x80\x80\xE5\xAD\x98", "\xE4\xB8\x8D \xE5\xAD\x98"},
        {"HalfACharacter", "a\xC3", "a\xC3"},
        {"DecomposedCyrillic", "\u0418\u0306 \u0456\u0308 \u0435\u0308", "\u0439 \u0457 \u0435"},
        {"DecomposedVietnamese", "kie\u0302\u0301m th\u01B0\u0309", "kiem thu"},
        {"Vietnamese", "NG\u01AF\u1EDCI D\u00D9NG \u1EA0\u1EF9\u0111", "nguoi dung ayd"},
        {"BesideVietnamese", "\u1E9F\u1EFA", "\u1E9F\u1EFA"},
        {"DecomposedKana", "\u30E6\u30FC\u30B5\u3099 \u306F\u309A", "\u30E6\u30FC\u30B6 \u3071"},
        {"DecomposedKorean", "\u1109\u1161\u110B\u116D\u11BC \uC0AC", "\uC0AC\uC6A9 \uC0AC"},
        {"DecomposedArabic", "\u0627\u0653", "\u0622"},
        {"MarkAlone", "\u0301 \u3099", "\u3099"},
        {"DecomposedAndIllFormed", "\xFF\u0438\u0306", "\xFF\u0438"},
        {"Latin1", "a\xC3 \xE9", "a\xC3 \xE9"},
        {"MailboxWithCapitals", "x Ä.Б@example.net", "x @"},
        {"RunsOfBlanksAndLineEnds", " user\r\n\t  unknown \n", "user unknown"},
        {"HyphensAndUnderscores", "over-quota no_such--user -", "over quota no such user"},
        {"NoBreakSpace", "user\xC2\xA0unknown", "user unknown"},
        {"CurlyApostrophe", "doesn\xE2\x80\x99t exist", "doesn't exist"},
        {"NonBreakingHyphen",
         "non\xE2\x80\x91"
         "existent",
         "non existent"},
        {"Mailbox", "<Spam.Quota+x@Relay-1.example>: unknown", "<@>: unknown"},
        {"MailboxWithHyphens", "no--such_user-x@example.net unknown", "@ unknown"},
        {"MailboxAfterAWord", "user quota-full@example.net", "user @"},
        {"MailboxWithQuotes", "<\"a b\"@example.net> x", "<\"a b\"@> x"},
        {"MailboxInUtf8", "\xD0\xBF@\xD1\x82.example x", "@ x"},
        {"MailboxAmongCjk", "不送r@example.net不存", "不送@不存"},
        {"MailboxInWideBrackets", "址（r@example.net）不", "址（@）不"},
        {"MailboxInCjk", "不@例.例 x", "@ x"},
        {"MailboxBehindASign", "«r@example.net» x", "«@» x"},
        {"TwoAtSigns", "a@b@c d", "@ d"},
        {"LoneAtSign", "blocked @ gateway", "blocked @ gateway"},
        {"ReplyMarkAtTheStart", "550-5.1.1 no such", "no such"},
        {"ReplyMarkWithoutStatus", "550 no such", "no such"},
        {"ReplyMarkOfEachLine", "550-5.1.1 does not\r\n550 exist", "does not exist"},
        {"ReplyMarkOfAJoinedLine", "does not 550-5.1.1 exist", "does not exist"},
        {"NumberInTheMiddle", "exceeds 550 messages", "exceeds 550 messages"},
        {"NumberAndVersion", "at 200 1.2.3.4", "at 200 1.2.3.4"},
        {"FourDigits", "5500 messages", "5500 messages"},
        {"CodesAlone", "550 5.1.1", ""},
    }),
    [](const auto& row) { return std::string(row.param.name); });

TEST(FoldedText, D88QuotesTheOriginal) {
  std::string_view text =
      "550-5.1.1 The  account\r\n550-5.1.1 of <R-1@example.net> does\xC2\xA0not exist. ";
  FoldedText folded(text);
  ASSERT_EQ(folded.text(), "the account of <@> does not exist.");
  auto quote = [&](std::string_view words) {
    std::size_t at = folded.text().find(words);
    return folded.Original(at, at + words.size());
  };
  EXPECT_EQ(quote("the account"), "The  account");
  EXPECT_EQ(quote("account of"), "account\r\n550-5.1.1 of");
  EXPECT_EQ(quote("@"), "R-1@example.net");
  EXPECT_EQ(quote("does not exist"), "does\xC2\xA0not exist");
  EXPECT_EQ(folded.Original(0, folded.text().size()),
            "The  account\r\n550-5.1.1 of "
            "<R-1@example.net> does\xC2\xA0not exist.");
}

TEST(FoldedText, D88QuotesWhatWasComposedAsItCame) {
  constexpr std::string_view kText =
      "550 Cha\u0302\u0300o \u1109\u1161\u110B\u116D\u11BC\u110C\u1161 x <r@y.example>: "
      "\u043D\u0435\u0438\u0306 end";
  const FoldedText folded(kText);
  ASSERT_EQ(folded.text(), "chao \uC0AC\uC6A9\uC790 x <@>: \u043D\u0435\u0439 end");
  const auto quote = [&](std::string_view words) {
    const std::size_t at = folded.text().find(words);
    return folded.Original(at, at + words.size());
  };
  EXPECT_EQ(quote("chao"), "Cha\u0302\u0300o");
  EXPECT_EQ(quote("\uC0AC"), "\u1109\u1161");
  EXPECT_EQ(quote("\uC0AC\uC6A9\uC790 x"), "\u1109\u1161\u110B\u116D\u11BC\u110C\u1161 x");
  EXPECT_EQ(quote("@"), "r@y.example");
  EXPECT_EQ(quote("\u0439"), "\u0438\u0306");
  EXPECT_EQ(quote("end"), "end");
  EXPECT_EQ(folded.Original(0, folded.text().size()), kText.substr(4));
}

// Every octet of the fold quotes a part of the original that folds to itself, and the parts follow
// one another: so a quotation never leaves the text nor runs backwards, whatever the octets.
TEST(FoldedText, EveryQuotationLiesInTheTextAndInOrder) {
  constexpr std::string_view kOctets =
      "aZ5 -_@.\n\t<\xC2\xA0\xE2\x80\x99\xFF\xC3\x84\xCC\x81\xD0\x90\xD0\xB8\xCC\x86\xE1\x85\xA1";
  unsigned state = 1;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (int i = 0; i < 12; ++i) {
      state = state * 1'664'525 + 1'013'904'223;
      text += kOctets[(state >> 16) % kOctets.size()];
    }
    FoldedText folded(text);
    const char* last = text.data();
    for (std::size_t i = 0; i < folded.text().size(); ++i) {
      std::string_view part = folded.Original(i, i + 1);
      ASSERT_FALSE(part.empty()) << text;
      ASSERT_GE(part.data(), last) << text;
      ASSERT_LE(part.data() + part.size(), text.data() + text.size()) << text;
      last = part.data() + part.size();
    }
  }
}

TEST(FoldedText, KnowsWordsFromNumbers) {
  EXPECT_FALSE(FoldedText("550 5.1.1 (#5.1.1) <r@example.net>").has_words());
  EXPECT_FALSE(FoldedText("255").has_words());
  EXPECT_TRUE(FoldedText("550 x").has_words());
  EXPECT_TRUE(FoldedText("\xD0\xBF").has_words());
}

}  // namespace
}  // namespace bounced
