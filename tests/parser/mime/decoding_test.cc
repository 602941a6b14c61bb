#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "parser/mime/charset.h"
#include "parser/mime/encoded_word.h"
#include "parser/mime/transfer_encoding.h"

namespace bounced {
namespace {

constexpr std::size_t kNoBound = 1 << 20;

struct Case {
  std::string_view name;
  std::string_view from;
  std::string_view want;
};
std::string NameOf(const testing::TestParamInfo<Case>& test) {
  return std::string(test.param.name);
}

class Base64Test : public testing::TestWithParam<Case> {};
TEST_P(Base64Test, IsDecodedAsFarAsItGoes) {
  EXPECT_EQ(DecodeBase64(GetParam().from, kNoBound), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(D14, Base64Test,
                         testing::ValuesIn<Case>({
                             {"Padded", "QWN0aW9uOg==", "Action:"},
                             {"Lines", "QWN0\r\naW9u\r\nOg==\r\n", "Action:"},
                             {"MissingPadding", "QWN0aW9uOg", "Action:"},
                             {"ExtraPadding", "QWN0aW9uOg======", "Action:"},
                             {"BadCharacters", "QW*N0 a\tW9!uO\xFFg==", "Action:"},
                             {"TwoTextsJoined", "QQ==QWN0aW9uOg==", "AAction:"},
                             {"OneDigit", "Q", ""},
                             {"Empty", "", ""},
                         }),
                         NameOf);

TEST(Base64, StopsAtItsBound) {
  EXPECT_EQ(DecodeBase64("QWN0aW9uOg==", 6), "Action");
  EXPECT_EQ(DecodeBase64("QWN0aW9uOg==", 7), "Action:");
  EXPECT_EQ(DecodeBase64("QWN0aW9uOg==", 8), "Action:");
  EXPECT_EQ(DecodeBase64("QWN0aW9uOg==", 0), "");
}

class QuotedPrintableTest : public testing::TestWithParam<Case> {};
TEST_P(QuotedPrintableTest, IsDecodedAsFarAsItGoes) {
  EXPECT_EQ(DecodeQuotedPrintable(GetParam().from, kNoBound), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(D14, QuotedPrintableTest,
                         testing::ValuesIn<Case>({
                             {"Escapes", "a=3Db", "a=b"},
                             {"LowerCaseHex", "=c3=a4", "\xC3\xA4"},
                             {"SoftBreak", "Act=\r\nion", "Action"},
                             {"SoftBreakAndBlanks", "Act= \t\r\nion", "Action"},
                             {"TrailingBlanks", "a  \r\nb", "a\nb"},
                             {"LoneEquals", "a=b =x", "a=b =x"},
                             {"EqualsAtTheEnd", "a=", "a"},
                             {"HalfAnEscape", "a=4", "a=4"},
                             {"BareLf", "a=\nb\nc\n", "ab\nc\n"},
                             {"Empty", "", ""},
                         }),
                         NameOf);

TEST(QuotedPrintable, TakesLinesOver76) {
  const std::string line(1000, 'x');
  EXPECT_EQ(DecodeQuotedPrintable(line, kNoBound), line);
}

TEST(QuotedPrintable, StopsAtItsBound) {
  EXPECT_EQ(DecodeQuotedPrintable("ab\ncd\n", 4), "ab\nc");
  EXPECT_EQ(DecodeQuotedPrintable("ab\ncd\n", 6), "ab\ncd\n");
}

TEST(TransferEncoding, D15TakesAnUnknownOneFor8bit) {
  EXPECT_EQ(ParseTransferEncoding(" Base64 "), TransferEncoding::kBase64);
  EXPECT_EQ(ParseTransferEncoding("quoted-printable; x"), TransferEncoding::kQuotedPrintable);
  EXPECT_EQ(ParseTransferEncoding("BASE64 (so to say)"), TransferEncoding::kBase64);
  for (const std::string_view value : {"7bit", "8bit", "binary", "x-uuencode", "", "7-bit"}) {
    EXPECT_EQ(ParseTransferEncoding(value), TransferEncoding::kIdentity) << value;
  }
}

struct CharsetCase {
  std::string_view name;
  std::string_view label;
  std::string_view from;
  std::string_view want;
};
class CharsetTest : public testing::TestWithParam<CharsetCase> {};
TEST_P(CharsetTest, ComesOutAsUtf8) {
  EXPECT_EQ(ToUtf8(GetParam().from, GetParam().label), GetParam().want);
  EXPECT_EQ(Recode(GetParam().from, GetParam().label).has_value(),
            GetParam().from != GetParam().want);
}
// The wanted texts are the same in each charset: Japanese "neko", Korean "han", Chinese "zhong",
// German "u" with its dots, Russian "ya".
INSTANTIATE_TEST_SUITE_P(D84_D85, CharsetTest,
                         testing::ValuesIn<CharsetCase>({
                             {"Ascii", "us-ascii", "no such user", "no such user"},
                             {"Utf8", "UTF-8", "\xE7\x8C\xAB", "\xE7\x8C\xAB"},
                             {"Iso2022Jp", "ISO-2022-JP", "\x1B$BG-\x1B(B", "\xE7\x8C\xAB"},
                             {"ShiftJis", "Shift_JIS", "\x94\x4C", "\xE7\x8C\xAB"},
                             {"EucJp", "EUC-JP", "\xC7\xAD", "\xE7\x8C\xAB"},
                             {"EucKr", "EUC-KR", "\xC7\xD1", "\xED\x95\x9C"},
                             {"KsC5601", "ks_c_5601-1987", "\xC7\xD1", "\xED\x95\x9C"},
                             {"Utf7", "UTF-7", "+Y+4-", "\xE6\x8F\xAE"},
                             {"Unicode11Utf7", "unicode-1-1-utf-7", "+Y+4-", "\xE6\x8F\xAE"},
                             {"Gb18030", "GB18030", "\xD6\xD0", "\xE4\xB8\xAD"},
                             {"Gb2312", "gb2312", "\xD6\xD0", "\xE4\xB8\xAD"},
                             {"Gbk", "GBK", "\xD6\xD0", "\xE4\xB8\xAD"},
                             {"Big5", "Big5", "\xA4\xA4", "\xE4\xB8\xAD"},
                             {"Latin1", "ISO-8859-1", "\xFC", "\xC3\xBC"},
                             {"Latin1IsWindows1252", "iso-8859-1", "\x96", "\xE2\x80\x93"},
                             {"Latin9", "iso-8859-15", "\xA4", "\xE2\x82\xAC"},
                             {"Windows1251", "windows-1251", "\xFF", "\xD1\x8F"},
                             {"Koi8R", "KOI8-R", "\xD1", "\xD1\x8F"},
                             {"WrongOctet", "EUC-JP", "a\xC7\xAD\xFFz",
                              "a\xE7\x8C\xAB\xEF\xBF\xBDz"},
                             {"UnknownLabel", "x-no-such-charset", "\xFC", "\xC3\xBC"},
                             {"MisspeltLabel", "uft-8", "\xC3\xBC", "\xC3\xBC"},
                             {"NoLabel", "", "\xC3\xBC", "\xC3\xBC"},
                             {"NoLabelAndIso2022Jp", "", "\x1B$BG-\x1B(B", "\xE7\x8C\xAB"},
                             {"LyingAscii", "us-ascii", "unzul\xE4ssig", "unzul\xC3\xA4ssig"},
                             {"LyingUtf8", "utf-8", "unzul\xE4ssig", "unzul\xC3\xA4ssig"},
                             {"LabelWithOptions", "utf-8,swaplfnl", "a\xC3\xBC", "a\xC3\xBC"},
                             {"Empty", "EUC-JP", "", ""},
                         }),
                         [](const auto& test) { return std::string(test.param.name); });

// No label: told from the octets.
INSTANTIATE_TEST_SUITE_P(
    D85, CharsetTest,
    testing::ValuesIn<CharsetCase>({
        {"PythonsGb2312", "eucgb2312_cn", "\xD6\xD0", "\xE4\xB8\xAD"},
        {"PythonsBig5", "big5_tw", "\xA4\xA4", "\xE4\xB8\xAD"},
        {"NoLabelAndShiftJis", "",
         "\x91\x97\x90M\x82\xC5\x82\xAB\x82\xDC\x82\xB9\x82\xF1\x82\xC5\x82\xB5\x82\xBD",
         "送信できませんでした"},
        {"NoLabelAndEucJp", "",
         "\xC1\xF7\xBF\xAE\xA4\xC7\xA4\xAD\xA4\xDE\xA4\xBB\xA4\xF3\xA4\xC7\xA4\xB7\xA4\xBF",
         "送信できませんでした"},
        {"NoLabelAndEucKr", "",
         "\xB8\xDE\xC0\xCF\xC0\xCC \xB9\xDD\xBC\xDB\xB5\xC7\xBE\xFA\xBD\xC0\xB4\xCF\xB4\xD9",
         "메일이 반송되었습니다"},
        {"NoLabelAndGb2312", "",
         "\xB1\xA7\xC7\xB8\xA3\xAC\xC4\xFA\xB5\xC4\xD3\xCA\xBC\xFE\xB1\xBB\xCD\xCB\xBB\xD8\xC0\xB4"
         "\xC1\xCB",
         "抱歉，您的邮件被退回来了"},
        {"NoLabelAndBig5", "",
         "\xB1z\xAA\xBA\xABH\xA5\xF3\xB5L\xAAk\xB0"
         "e\xB9"
         "F",
         "您的信件無法送達"},
        {"NoLabelAndKoi8", "",
         "\xF0\xC9\xD3\xD8\xCD\xCF \xCE\xC5 \xC4\xCF\xD3\xD4\xC1\xD7\xCC\xC5\xCE\xCF",
         "Письмо не доставлено"},
        {"NoLabelAndWindows1251", "",
         "\xCF\xE8\xF1\xFC\xEC\xEE \xED\xE5 \xE4\xEE\xF1\xF2\xE0\xE2\xEB\xE5\xED\xEE",
         "Письмо не доставлено"},
        {"NoLabelAndWindows1252", "",
         "Empf\xE4nger gr\xF6\xDF"
         "er als m\xF6glich",
         "Empfänger größer als möglich"},
        {"TooShortForAGuess", "", "\xC4\xD6\xDC\xDF", "ÄÖÜß"},
    }),
    [](const auto& test) { return std::string(test.param.name); });

class EncodedWordTest : public testing::TestWithParam<Case> {};
TEST_P(EncodedWordTest, IsDecoded) {
  EXPECT_EQ(DecodeEncodedWords(GetParam().from), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    D86, EncodedWordTest,
    testing::ValuesIn<Case>({
        {"None", "Undelivered Mail", "Undelivered Mail"},
        {"B", "=?utf-8?B?w7w=?=", "\xC3\xBC"},
        {"Q", "=?ISO-8859-1?q?=FC_x?=", "\xC3\xBC x"},
        {"AmongWords", "Re: =?utf-8?Q?=C3=BC?= and", "Re: \xC3\xBC and"},
        {"NeighboursAreJoined", "=?utf-8?Q?a?= \t =?utf-8?Q?b?=", "ab"},
        {"BlankBeforeAWord", "a =?utf-8?Q?b?= c", "a b c"},
        {"SplitCharacter", "=?utf-8?B?4p8=?= =?utf-8?B?qA==?=", "\xE2\x9F\xA8"},
        {"SplitCharacterInBoth", "=?UTF-8?Q?=E2=9F?= =?utf-8?B?qA==?=", "\xE2\x9F\xA8"},
        {"OtherCharset", "=?iso-8859-1?Q?=FC?= =?utf-8?Q?=C3=BC?=", "\xC3\xBC\xC3\xBC"},
        {"InQuotes", "\"=?utf-8?Q?=C3=BC?=\" <a@b.example>", "\"\xC3\xBC\" <a@b.example>"},
        {"InAWord", "x=?utf-8?Q?y?=z", "xyz"},
        {"Language", "=?utf-8*de?Q?=C3=BC?=", "\xC3\xBC"},
        {"Iso2022Jp", "=?iso-2022-jp?B?GyRCRy0bKEI=?=", "\xE7\x8C\xAB"},
        {"UnknownCharset", "=?x-none?Q?a?=", "=?x-none?Q?a?="},
        {"UnknownEncoding", "=?utf-8?X?a?=", "=?utf-8?X?a?="},
        {"NoEnd", "=?utf-8?Q?a", "=?utf-8?Q?a"},
        {"EmptyText",
         "a=?utf-8?Q?"
         "?=b",
         "ab"},
        {"OpeningsOnly", "=?=?=?=?", "=?=?=?=?"},
        {"Raw8Bit", "caf\xE9", "caf\xC3\xA9"},
    }),
    NameOf);

TEST(EncodedWord, TakesOverlongWords) {
  const std::string text(10'000, 'x');
  EXPECT_EQ(DecodeEncodedWords("=?utf-8?Q?" + text + "?="), text);
}

}  // namespace
}  // namespace bounced
