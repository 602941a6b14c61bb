#include "parser/mime/content_type.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace bounced {
namespace {

struct Case {
  std::string_view name;
  std::string_view value;
  std::string_view type;
  std::string_view boundary = "";
  std::string_view charset = "";
  std::string_view report_type = "";
};
class ContentTypeTest : public testing::TestWithParam<Case> {};

TEST_P(ContentTypeTest, IsReadAsItWasMeant) {
  const ContentType got = ParseContentType(GetParam().value);
  EXPECT_EQ(got.type, GetParam().type);
  EXPECT_EQ(got.boundary, GetParam().boundary);
  EXPECT_EQ(got.charset, GetParam().charset);
  EXPECT_EQ(got.report_type, GetParam().report_type);
}
INSTANTIATE_TEST_SUITE_P(
    D8_D11_D87, ContentTypeTest,
    testing::ValuesIn<Case>({
        {"Report", " multipart/report; report-type=delivery-status; boundary=\"a b\"",
         "multipart/report", "a b", "", "delivery-status"},
        {"Capitals", "MULTIPART/Report; REPORT-TYPE=\"Delivery-Status\"; BOUNDARY=AbC",
         "multipart/report", "AbC", "", "delivery-status"},
        {"Folded", "multipart/report;\r\n\treport-type=delivery-status;\r\n\tboundary=\"x\"",
         "multipart/report", "x", "", "delivery-status"},
        {"NoSemicolons", "multipart/mixed boundary=x", "multipart/mixed", "x"},
        {"UnquotedWithSlash", "multipart/report; boundary=1795.12/mta.example", "multipart/report",
         "1795.12/mta.example"},
        {"UnquotedWithEquals", "multipart/mixed; boundary=----=_Part_1", "multipart/mixed",
         "----=_Part_1"},
        {"TrailingBlanks", "multipart/mixed; boundary=\"x  \"", "multipart/mixed", "x"},
        {"QuotedPairs", R"(multipart/mixed; boundary="a\"\\b")", "multipart/mixed", "a\"\\b"},
        {"QuoteWithoutEnd", "multipart/mixed; boundary=\"abc", "multipart/mixed", "abc"},
        {"Comments", "text/plain (a (nested) \\) one); charset=us-ascii (Plain)", "text/plain", "",
         "us-ascii"},
        {"BlanksAroundEquals", "text/plain; charset = \"UTF-8\"", "text/plain", "", "utf-8"},
        {"TheFirstOfTwo", "text/plain; charset=a; charset=b", "text/plain", "", "a"},
        {"SplitParameter", "multipart/mixed; boundary*1=\"def\"; boundary*0=\"abc\"",
         "multipart/mixed", "abcdef"},
        {"PercentCoded", "text/plain; charset*=us-ascii'en'utf%2D8", "text/plain", "", "utf-8"},
        {"SplitAndPercentCoded",
         "multipart/mixed; boundary*0*=''a%3D; boundary*1=b; boundary*2*=%20c", "multipart/mixed",
         "a=b c"},
        {"BadPercentCode", "text/plain; charset*=''a%zz%2", "text/plain", "", "a%zz%2"},
        {"OtherParameters", "text/plain; format=flowed; delsp=yes; charset=x", "text/plain", "",
         "x"},
        {"NoSlash", "text; charset=x", "text/plain", "", "x"},
        {"Empty", "", "text/plain"},
        {"OnlySeparators", ";;;=;\"", "text/plain"},
    }),
    [](const auto& test) { return std::string(test.param.name); });

TEST(ContentType, D16TakesTheGlobalTypesForTheOldOnes) {
  for (const std::string_view type : {"message/rfc822", "message/global", "text/rfc822-headers",
                                      "message/global-headers", "message/rfc822-headers"}) {
    EXPECT_TRUE(ParseContentType(type).IsMessage()) << type;
    EXPECT_FALSE(ParseContentType(type).IsDeliveryStatus()) << type;
  }
  for (const std::string_view type :
       {"message/delivery-status", "Message/Global-Delivery-Status; charset=utf-8"}) {
    EXPECT_TRUE(ParseContentType(type).IsDeliveryStatus()) << type;
    EXPECT_FALSE(ParseContentType(type).IsMessage()) << type;
  }
  EXPECT_FALSE(ParseContentType("message/disposition-notification").IsDeliveryStatus());
}

TEST(ContentType, D87AFileOfNoTypeIsAMessageByItsName) {
  for (const std::string_view value :
       {"application/octet-stream; name=a.eml", "application/octet-stream; name=\"Your mail.EML\"",
        "application/octet-stream; name*=utf-8''R%C3%BCck.eml",
        "application/octet-stream; name*0*=utf-8''a%20b; name*1=\".e\"; name*2=ml"}) {
    EXPECT_TRUE(ParseContentType(value).IsMessage()) << value;
  }
  for (const std::string_view value :
       {"application/octet-stream", "application/octet-stream; name=.eml",
        "application/octet-stream; name=details.txt",
        "application/octet-stream; name=\"a.eml.exe\"", "application/octet-stream; filename=a.eml",
        "text/plain; name=a.eml"}) {
    EXPECT_FALSE(ParseContentType(value).IsMessage()) << value;
  }
  EXPECT_EQ(ParseContentType("text/plain; name*0*=''a%20; name*1=b").name, "a b");
}

TEST(ContentType, KeepsNoMoreThan64SegmentsOfAParameter) {
  const auto of = [](int segments) {
    std::string value = "multipart/mixed";
    for (int i = 0; i < segments; ++i) value += "; boundary*" + std::to_string(i) + "=x";
    return ParseContentType(value).boundary.size();
  };
  EXPECT_EQ(of(63), 63u);
  EXPECT_EQ(of(64), 64u);
  EXPECT_EQ(of(65), 64u);
}

}  // namespace
}  // namespace bounced
