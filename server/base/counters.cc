#include "server/base/counters.h"

namespace bounced {
namespace {

constexpr CounterInfo kInfos[] = {
    {"bounced_smtp_sessions_total", "SMTP sessions accepted"},
    {R"(bounced_smtp_sessions_refused_total{reason="denied"})", "Sessions of denied_networks"},
    {R"(bounced_smtp_sessions_refused_total{reason="too_many"})",
     "Sessions beyond what one client or network may have"},
    {R"(bounced_smtp_sessions_refused_total{reason="too_often"})",
     "Sessions beyond what one client or network may begin in a minute"},
    {R"(bounced_smtp_sessions_refused_total{reason="overload"})", "Sessions beyond max_sessions"},
    {R"(bounced_smtp_tls_handshakes_total{result="done"})", "TLS handshakes that were done"},
    {R"(bounced_smtp_tls_handshakes_total{result="failed"})",
     "TLS handshakes that failed or took too long"},
    {R"(bounced_smtp_tls_handshakes_total{result="refused"})",
     "TLS handshakes beyond what is allowed at once or to one client"},
    {R"(bounced_smtp_logins_total{result="done"})", "Logins with the right password"},
    {R"(bounced_smtp_logins_total{result="failed"})",
     "Logins that failed, or could not be checked"},
    {R"(bounced_smtp_recipients_total{result="accepted"})", "RCPT answered 250"},
    {R"(bounced_smtp_recipients_total{result="forged"})", "RCPT refused: the MAC does not hold"},
    {R"(bounced_smtp_recipients_total{result="foreign"})",
     "RCPT refused: signed with an unknown key"},
    {R"(bounced_smtp_recipients_total{result="revoked"})",
     "RCPT refused: signed with a revoked key"},
    {R"(bounced_smtp_recipients_total{result="expired"})", "RCPT refused: outside of max_age"},
    {R"(bounced_smtp_recipients_total{result="unsigned"})",
     "RCPT refused: not signed, where signing is required"},
    {R"(bounced_smtp_recipients_total{result="not_ours"})", "RCPT refused: no domain of ours"},
    {R"(bounced_messages_total{result="committed"})", "Messages stored and acknowledged"},
    {R"(bounced_messages_total{result="duplicate"})",
     "Messages acknowledged that were stored before"},
    {R"(bounced_messages_total{result="deferred"})", "Messages that SMTP answered with 4xx"},
    {R"(bounced_messages_total{result="bad_framing"})", "Messages refused for a false end of data"},
    {R"(bounced_messages_total{result="too_large"})", "Messages refused for their size"},
    {R"(bounced_deliveries_total{outcome="delivered"})",
     "Deliveries that the mail system itself reported"},
    {R"(bounced_deliveries_total{outcome="bounced"})",
     "Refusals that the mail system itself reported, duplicates included"},
    {R"(bounced_deliveries_total{outcome="deferred"})",
     "Deferrals that the mail system itself reported"},
    {"bounced_store_commits_total", "Transactions committed"},
    {"bounced_events_total", "Events stored"},
    {"bounced_suppressions_total", "Suppressions made or lengthened by events"},
    {R"(bounced_incidents_total{kind="refusal"})", "Incidents of refusals by a provider opened"},
    {R"(bounced_incidents_total{kind="bounce_rate"})",
     "Incidents of a stream's rate of hard bounces opened"},
    {R"(bounced_incidents_total{kind="complaint_rate"})",
     "Incidents of a stream's rate of complaints opened"},
    {"bounced_unverified_rises_total",
     "Times that a tenant's events that nobody vouches for have risen"},
};
static_assert(sizeof(kInfos) / sizeof(kInfos[0]) == static_cast<std::size_t>(Counter::kCount));

}  // namespace

const CounterInfo& Info(Counter counter) { return kInfos[static_cast<std::size_t>(counter)]; }

}  // namespace bounced
