// What answers a mail by itself, and what only looks like it.
#include "parser/notice/reply.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace bounced {
namespace {

struct Case {
  std::string_view name;
  std::string_view header;
  std::string_view subject;
  std::string_view text;
  Reply want;
};
std::string NameOf(const testing::TestParamInfo<Case>& test) {
  return std::string(test.param.name);
}
class ReplyTest : public testing::TestWithParam<Case> {};

TEST_P(ReplyTest, IsToldByHeaderAndSubject) {
  const Case& c = GetParam();
  const MessageHeader header = ReadMessageHeader(c.header, 64 << 10);
  EXPECT_EQ(FindReply(header, ProsePhrases::BuiltIn().Mark(c.subject), c.text), c.want);
}

INSTANTIATE_TEST_SUITE_P(
    D73, ReplyTest,
    testing::ValuesIn<Case>({
        {"Replied", "Auto-Submitted: auto-replied\n", "Away", "Back on Monday.", Reply::kAutomatic},
        {"RepliedWithAComment", "Auto-Submitted: Auto-Replied (vacation)\n", "", "",
         Reply::kAutomatic},
        {"Generated", "Auto-Submitted: auto-generated\n", "Your order", "", Reply::kMaybeAutomatic},
        {"No", "Auto-Submitted: no\n", "Hello", "", Reply::kNone},
        {"Precedence", "Precedence: auto_reply\n", "Thanks", "", Reply::kAutomatic},
        {"PrecedenceBulk", "Precedence: bulk\n", "News", "", Reply::kNone},
        {"XAutoreply", "X-Autoreply: yes\n", "Thanks", "", Reply::kAutomatic},
        {"XAutorespond", "X-Autorespond: news\n", "Thanks", "", Reply::kAutomatic},
        {"XAutoreplyNo", "X-Autoreply: no\n", "Thanks", "", Reply::kNone},
        {"Suppress", "X-Auto-Response-Suppress: All\n", "Ticket 5", "", Reply::kMaybeAutomatic},
        {"SuppressNone", "X-Auto-Response-Suppress: None\n", "Ticket 5", "", Reply::kNone},
        {"SubjectAlone", "", "Out of office", "", Reply::kAutomatic},
        {"SubjectWithWhatItIsAbout", "", "Automatic reply: news of May", "", Reply::kAutomatic},
        {"SubjectInHyphens", "", "Auto-Reply: news", "", Reply::kAutomatic},
        {"German", "", "Abwesenheitsnotiz: Neues", "", Reply::kAutomatic},
        {"French", "", "Réponse automatique : Nouvelles", "", Reply::kAutomatic},
        {"Japanese", "", "自動返信：お知らせ", "", Reply::kAutomatic},
        {"Russian", "", "Автоматический ответ: новости", "", Reply::kAutomatic},
        {"Korean", "", "부재중: 소식", "", Reply::kAutomatic},
        {"GermanAway", "", "Abwesend: News", "", Reply::kAutomatic},
        {"ThreeLetters", "", "OOO: News", "", Reply::kAutomatic},
        {"OnLeave", "", "Maternity Leave - News", "", Reply::kAutomatic},
        {"FrenchOfBothGenders", "", "Absent(e) : Nouvelles", "", Reply::kAutomatic},
        {"Polish", "", "Odpowiedź automatyczna: News", "", Reply::kAutomatic},
        {"Slovak", "", "Automatická odpoveď: News", "", Reply::kAutomatic},
        {"Slovenian", "", "Samodejni odgovor: News", "", Reply::kAutomatic},
        {"Croatian", "", "Automatski odgovor: News", "", Reply::kAutomatic},
        {"Lithuanian", "", "Automatinis atsakymas: News", "", Reply::kAutomatic},
        {"Latvian", "", "Automātiskā atbilde: News", "", Reply::kAutomatic},
        {"Estonian", "", "Automaatvastus: News", "", Reply::kAutomatic},
        {"Bulgarian", "", "Автоматичен отговор: News", "", Reply::kAutomatic},
        {"Hebrew", "", "תשובה אוטומטית: News", "", Reply::kAutomatic},
        {"Thai", "", "ตอบกลับอัตโนมัติ: News", "", Reply::kAutomatic},
        {"Vietnamese", "", "Trả lời tự động: News", "", Reply::kAutomatic},
        {"Indonesian", "", "Balasan otomatis: News", "", Reply::kAutomatic},
        {"Swedish", "", "Frånvarande: News", "", Reply::kAutomatic},
        {"Italian", "", "Assente: News", "", Reply::kAutomatic},
        {"Portuguese", "", "Ausência temporária: News", "", Reply::kAutomatic},
        {"APersonWritesAboutIt", "", "Out of office parties this spring", "", Reply::kNone},
        {"ACompanyOfThreeLetters", "", "OOO Example sends news", "", Reply::kNone},
        {"APersonAsksForLeave", "", "Annual leave from Monday on", "", Reply::kNone},
        {"APersonAnswers", "In-Reply-To: <1@example.com>\n", "Re: Out of office", "", Reply::kNone},
    }),
    NameOf);

INSTANTIATE_TEST_SUITE_P(D75, ReplyTest,
                         testing::ValuesIn<Case>({
                             {"InTheSubject", "In-Reply-To: <1@example.com>\n",
                              "Please confirm your message", "", Reply::kChallenge},
                             {"InTheText", "Auto-Submitted: auto-replied\n", "Re: news",
                              "To prove you are human, click below.", Reply::kChallenge},
                             {"QuotedByAPerson", "In-Reply-To: <1@example.com>\n", "Re: news",
                              "> prove you are human\nNo.", Reply::kNone},
                             {"InAMailThatAnswersNothing", "", "Sender verification for newcomers",
                              "", Reply::kNone},
                         }),
                         NameOf);

INSTANTIATE_TEST_SUITE_P(D76, ReplyTest,
                         testing::ValuesIn<Case>({
                             {"TheWord", "", "Unsubscribe", "", Reply::kUnsubscribe},
                             {"WithItsToken", "", "unsubscribe 8f3a-11", "", Reply::kUnsubscribe},
                             {"APersonAsks", "", "Unsubscribe me from this list", "", Reply::kNone},
                             {"ApplesMail", "X-Apple-Unsubscribe: true\n", "unsubscribe", "",
                              Reply::kComplaint},
                         }),
                         NameOf);

}  // namespace
}  // namespace bounced
