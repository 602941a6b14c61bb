// Where texts name an address.
#include "storage/mentions.h"

#include <gtest/gtest.h>

#include <string>

namespace bounced {
namespace {

struct MaskCase {
  std::string text;
  std::string masked;
};
class MentionsTest : public testing::TestWithParam<MaskCase> {};

TEST_P(MentionsTest, T48WholeAddressesAreMaskedAndNoOthers) {
  const std::string spellings[] = {"ann@example.net",
                                   "Ann@b\xC3\xBC"
                                   "cher.example",
                                   "eve@xn--strae-oqa.example",
                                   "no-address",
                                   "@example.org",
                                   "Bob+News@example.net"};
  const Mentions mentions(spellings);
  EXPECT_EQ(mentions.Mask(GetParam().text), GetParam().masked);
  EXPECT_EQ(mentions.In(GetParam().text), GetParam().text != GetParam().masked);
}

INSTANTIATE_TEST_SUITE_P(
    All, MentionsTest,
    testing::Values(
        MaskCase{"", ""}, MaskCase{"ann@example.net", "[forgotten]"},
        MaskCase{"<ANN@Example.NET>: no such user", "<[forgotten]>: no such user"},
        MaskCase{"Is ann@example.net. And (ann@example.net)?",
                 "Is [forgotten]. And ([forgotten])?"},
        MaskCase{"ann@example.netann@example.net", "ann@example.netann@example.net"},
        MaskCase{"ann@example.net,ann@example.net", "[forgotten],[forgotten]"},
        MaskCase{"joann@example.net", "joann@example.net"},
        MaskCase{"jo.ann@example.net", "jo.ann@example.net"},
        MaskCase{"jo-ann@example.net", "jo-ann@example.net"},
        MaskCase{"ann@example.network", "ann@example.network"},
        MaskCase{"ann@example.net.org", "ann@example.net.org"},
        MaskCase{"ann+x@example.net", "ann+x@example.net"},
        MaskCase{"ann@sub.example.net", "ann@sub.example.net"},
        MaskCase{"bo-a-news--xyz-ann=example.net@bounces.example.org",
                 "bo-a-news--xyz-[forgotten]@bounces.example.org"},
        MaskCase{"joann=example.net@bounces.example.org", "joann=example.net@bounces.example.org"},
        MaskCase{"bounces+ann=example.net@bounces.example.org",
                 "bounces+[forgotten]@bounces.example.org"},
        MaskCase{"https://l.example/u/ann@example.net?a=1&ann@example.net#ann@example.net",
                 "https://l.example/u/[forgotten]?a=1&[forgotten]#[forgotten]"},
        MaskCase{"*ann@example.net* `ann@example.net` {ann@example.net}|ann@example.net",
                 "*[forgotten]* `[forgotten]` {[forgotten]}|[forgotten]"},
        MaskCase{"_ann@example.net -ann@example.net .ann@example.net +ann@example.net",
                 "_ann@example.net -ann@example.net .ann@example.net +ann@example.net"},
        MaskCase{"to ann@B\xC3\xBC"
                 "cher.example",
                 "to [forgotten]"},
        MaskCase{"to ann@b\xC3\xBC"
                 "cher.example",
                 "to [forgotten]"},
        MaskCase{"to eve@xn--strae-oqa.example", "to [forgotten]"},
        MaskCase{"to Eve@Stra\xC3\x9F"
                 "e.EXAMPLE, not e@stra\xC3\x9F"
                 "e.example",
                 "to [forgotten], not e@stra\xC3\x9F"
                 "e.example"},
        MaskCase{"\u201Eann@example.net\u201C ist unbekannt",
                 "\u201E[forgotten]\u201C ist unbekannt"},
        MaskCase{"\u00ABann@example.net\u00BB,\u00A0eve@stra\u00DFe.example\u3002",
                 "\u00AB[forgotten]\u00BB,\u00A0[forgotten]\u3002"},
        MaskCase{"\u6536\u4EF6\u4EBA\uFF1Aann@example.net\u4E0D\u5B58\u5728",
                 "\u6536\u4EF6\u4EBA\uFF1A[forgotten]\u4E0D\u5B58\u5728"},
        MaskCase{"<\"Ann\"@example.net>, \"ann\"@example.org",
                 "<[forgotten]>, \"ann\"@example.org"},
        MaskCase{"\"ann@example.net\"", "\"[forgotten]\""},
        MaskCase{"\"jo ann\"@example.net", "\"jo ann\"@example.net"},
        MaskCase{"\"@example.net", "\"@example.net"},
        MaskCase{"jo\u00E9ann@example.net", "jo\u00E9ann@example.net"},
        MaskCase{"\xBF"
                 "ann@example.net\xE2\x80",
                 "\xBF"
                 "ann@example.net\xE2\x80"},
        MaskCase{"eve@\xFF\xC3.example", "eve@\xFF\xC3.example"}, MaskCase{"@=@=", "@=@="},
        // In URLs and in quoted-printable.
        MaskCase{"https://l.example/u?e=Ann%40Example.net&x=%20ann%40example.net.",
                 "https://l.example/u?e=[forgotten]&x=%20[forgotten]."},
        MaskCase{"%3Cann%40example.net%3E %22ann%40example.net%22",
                 "%3C[forgotten]%3E %22[forgotten]%22"},
        MaskCase{"mailto:bob%2Bnews%40example.net,bob+news%40example.net",
                 "mailto:[forgotten],[forgotten]"},
        MaskCase{"bob%2Dnews%40example.net bob%2Bnew%40example.net",
                 "bob%2Dnews%40example.net bob%2Bnew%40example.net"},
        MaskCase{"joann%40example.net jo%2Bann%40example.net jo%C3%A9ann%40example.net",
                 "joann%40example.net jo%2Bann%40example.net jo%C3%A9ann%40example.net"},
        MaskCase{"ann%40example.network ann%41example.net ann%40 ann%4",
                 "ann%40example.network ann%41example.net ann%40 ann%4"},
        MaskCase{"To:=20=3Cann=40example.net=3E, bob=2Bnews=40example.net",
                 "To:=20=3C[forgotten]=3E, [forgotten]"},
        MaskCase{"joann=40example.net jo=2Dann=40example.net",
                 "joann=40example.net jo=2Dann=40example.net"},
        MaskCase{"bounces+ann=40example.net@bounces.example.org",
                 "bounces+ann=40example.net@bounces.example.org"},
        // Return paths of forwarders (SRS) and with a tag (BATV).
        MaskCase{
            "SRS0=HHH=TT=example.net=ann@relay.example SRS1=x=a.example==HHH=TT=Example.net=ANN@"
            "relay.example",
            "SRS0=HHH=TT=[forgotten]@relay.example SRS1=x=a.example==HHH=TT=[forgotten]@"
            "relay.example"},
        MaskCase{"SRS0=HHH=TT=sub.example.net=ann@relay.example",
                 "SRS0=HHH=TT=sub.example.net=ann@relay.example"},
        MaskCase{
            "SRS0=HHH=TT=example.net=joann@relay.example SRS0=HHH=TT=example.net=anna@r.example",
            "SRS0=HHH=TT=example.net=joann@relay.example SRS0=HHH=TT=example.net=anna@r.example"},
        MaskCase{"example.net=ann example.net=ann@", "example.net=ann [forgotten]@"},
        MaskCase{"prvs=0123456789=ann@example.net", "prvs=0123456789=[forgotten]"}));

TEST(WithoutLocalPart, KeepsTheDomain) {
  EXPECT_EQ(WithoutLocalPart("bo-a-ann=example.net@bounces.example.org"), "@bounces.example.org");
  EXPECT_EQ(WithoutLocalPart("\"a@b\"@example.org"), "@example.org");
  EXPECT_EQ(WithoutLocalPart("@example.org"), "@example.org");
  EXPECT_EQ(WithoutLocalPart("nowhere"), "");
  EXPECT_EQ(WithoutLocalPart(""), "");
}

}  // namespace
}  // namespace bounced
