// The tables of list_format.h: which fields each list has, and what its words mean, as the
// providers' documentation states it (read in 2026). Where that names no file but an API, its
// fields are taken as the columns of a CSV, too.
#include <array>

#include "server/cli/list_format.h"

namespace bounced::cli {
namespace {

constexpr auto kBounce = v1::SOURCE_BOUNCE;
constexpr auto kComplaint = v1::SOURCE_COMPLAINT;
constexpr auto kUnsubscribe = v1::SOURCE_UNSUBSCRIBE;
constexpr auto kManual = v1::SOURCE_MANUAL;

// A provider's word for a bounce that lasts, without more.
constexpr std::string_view kListed = "provider_suppressed";
constexpr std::string_view kAbuse = "complaint_abuse";
constexpr std::string_view kWish = "unsubscribe";
constexpr std::string_view kByHand = "manual";

constexpr std::string_view kPasses = "the provider calls it temporary";
constexpr std::string_view kNoFault = "it is no failure of the address";
constexpr std::string_view kSenders =
    "the provider blames the message or its sender, not the address";

const std::array<std::string_view, 6> kPageLists = {
    "SuppressedDestinationSummaries",  // Amazon SES
    "items",                           // Mailgun
    "Suppressions",
    "Bounces",   // Postmark
    "results",   // SparkPost
    "contacts",  // Brevo
};

std::vector<ListFormat> MakeFormats() {
  return {
      {.name = "csv",
       .provider = "bounced",
       .required = {},
       .optional = {},
       .address = "address",
       .words = {},
       .meanings = {}},
      {.name = "json",
       .provider = "bounced",
       .required = {},
       .optional = {},
       .address = "address",
       .words = {},
       .meanings = {}},

      // The account-level suppression list. SuppressedDestinationSummary of
      // ListSuppressedDestinations
      // (docs.aws.amazon.com/ses/latest/APIReference-V2/API_SuppressedDestinationSummary.html):
      // BOUNCE is a hard bounce. Bulk lists (.../ses/latest/dg/sending-email-suppression-list.html)
      // are `address,BOUNCE` without a header, or {"emailAddress", "reason"} a line.
      {.name = "ses",
       .provider = "Amazon SES",
       .required = {"emailaddress|1", "reason|2"},
       .optional = {"lastupdatetime"},
       .address = "emailaddress|1",
       .words = {"reason|2"},
       .meanings = {{"BOUNCE", kBounce, kListed, Take::kYes},
                    {"COMPLAINT", kComplaint, kAbuse, Take::kYes}},
       .created = {"lastupdatetime"}},

      // The lists of /v3/suppression (www.twilio.com/docs/sendgrid/api-reference/bounces-api,
      // .../blocks-api, .../spam-reports-api, .../invalid-emails-api) and the CSV of the
      // application, which has the same fields. A bounce "can be either permanent or temporary", so
      // its text decides. "Blocks happen when your email is rejected because of an issue with the
      // message itself rather than an issue with the recipient's address".
      {.name = "sendgrid-bounces",
       .provider = "SendGrid",
       .required = {"email", "created", "reason", "status"},
       .optional = {},
       .address = "email",
       .words = {},
       .meanings = {{"", kBounce, kListed, Take::kByText}},
       .text = "reason",
       .status = "status",
       .created = {"created"}},
      {.name = "sendgrid-blocks",
       .provider = "SendGrid",
       .required = {"email", "created", "reason", "status"},
       .optional = {},
       .address = "email",
       .words = {},
       .meanings = {{"", kBounce, kListed, Take::kNo, kSenders}}},
      {.name = "sendgrid-spam-reports",
       .provider = "SendGrid",
       .required = {"email", "created", "ip"},
       .optional = {},
       .address = "email",
       .words = {},
       .meanings = {{"", kComplaint, kAbuse, Take::kYes}},
       .created = {"created"}},
      {.name = "sendgrid-invalid-emails",
       .provider = "SendGrid",
       .required = {"email", "created", "reason"},
       .optional = {},
       .address = "email",
       .words = {},
       .meanings = {{"", kBounce, kListed, Take::kByText}},
       .text = "reason",
       .created = {"created"}},
      // .../suppressions-global-suppressions: from all mail.
      {.name = "sendgrid-unsubscribes",
       .provider = "SendGrid",
       .required = {"email", "created"},
       .optional = {},
       .address = "email",
       .words = {},
       .meanings = {{"", kUnsubscribe, kWish, Take::kYes}},
       .created = {"created"},
       .is_plain = true},
      // .../suppressions-suppressions, GET /v3/asm/suppressions: of one group of mail.
      {.name = "sendgrid-groups",
       .provider = "SendGrid",
       .required = {"email", "groupid", "createdat"},
       .optional = {"groupname"},
       .address = "email",
       .words = {},
       .meanings = {{"", kUnsubscribe, kWish, Take::kYes}},
       .created = {"createdat"},
       .scope = Scope::kNamed,
       .scope_field = "groupname|groupid"},

      // documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/bounces, /unsubscribe and
      // /complaints; the CSV that they import has the same fields. The bounces are of "permanent
      // recipient mailbox errors".
      {.name = "mailgun-bounces",
       .provider = "Mailgun",
       .required = {"address", "code", "error"},
       .optional = {"createdat", "messagehash"},
       .address = "address",
       .words = {},
       .meanings = {{"", kBounce, kListed, Take::kByText}},
       .text = "error",
       .code = "code",
       .created = {"createdat"}},
      {.name = "mailgun-complaints",
       .provider = "Mailgun",
       .required = {"address", "createdat"},
       .optional = {"count"},
       .address = "address",
       .words = {},
       .meanings = {{"", kComplaint, kAbuse, Take::kYes}},
       .created = {"createdat"},
       .is_plain = true},
      // A tag is a kind of mail; `*` is all of it.
      {.name = "mailgun-unsubscribes",
       .provider = "Mailgun",
       .required = {"address", "tags"},
       .optional = {"createdat"},
       .address = "address",
       .words = {},
       .meanings = {{"", kUnsubscribe, kWish, Take::kYes}},
       .created = {"createdat"},
       .scope = Scope::kNamed,
       .scope_field = "tags",
       .scope_separator = ","},

      // postmarkapp.com/developer/api/suppressions-api. The dump is of one message stream and does
      // not name it: --stream does. Unsubscriptions are ManualSuppression of the recipient's.
      {.name = "postmark-suppressions",
       .provider = "Postmark",
       .required = {"emailaddress", "suppressionreason"},
       .optional = {"origin", "createdat"},
       .address = "emailaddress",
       .words = {"suppressionreason", "origin"},
       .meanings = {{"HardBounce", kBounce, kListed, Take::kYes},
                    {"SpamComplaint", kComplaint, kAbuse, Take::kYes},
                    {"ManualSuppression Recipient", kUnsubscribe, kWish, Take::kYes},
                    {"ManualSuppression", kManual, kByHand, Take::kYes}},
       .created = {"createdat"}},
      // postmarkapp.com/developer/api/bounce-api, "Bounce types". Inactive: whether the bounce has
      // deactivated the address.
      {.name = "postmark-bounces",
       .provider = "Postmark",
       .required = {"email", "type", "bouncedat"},
       .optional = {"recordtype", "id", "typecode", "name", "tag", "messageid", "serverid",
                    "description", "details", "from", "dumpavailable", "inactive", "canactivate",
                    "subject", "content", "messagestream"},
       .address = "email",
       .words = {"type"},
       .meanings = {{"HardBounce", kBounce, kListed, Take::kByText},
                    {"BadEmailAddress", kBounce, "bad_address_syntax", Take::kYes},
                    {"AddressChange", kBounce, "mailbox_moved", Take::kYes},
                    {"SpamComplaint", kComplaint, kAbuse, Take::kYes},
                    {"Unsubscribe", kUnsubscribe, kWish, Take::kYes},
                    {"ManuallyDeactivated", kManual, kByHand, Take::kYes},
                    {"Transient", kBounce, "", Take::kNo, kPasses},
                    {"SoftBounce", kBounce, "", Take::kNo, kPasses},
                    {"DnsError", kBounce, "", Take::kNo, kPasses},
                    {"Unknown", kBounce, "", Take::kNo, "the provider could not tell what it is"},
                    {"Blocked", kBounce, "", Take::kNo, kSenders},
                    {"SpamNotification", kBounce, "", Take::kNo, kSenders},
                    {"VirusNotification", kBounce, "", Take::kNo, kSenders},
                    {"DMARCPolicy", kBounce, "", Take::kNo, kSenders},
                    {"SMTPApiError", kBounce, "", Take::kNo, kSenders},
                    {"InboundError", kBounce, "", Take::kNo, kNoFault},
                    {"TemplateRenderingFailed", kBounce, "", Take::kNo, kNoFault},
                    {"Unconfirmed", kBounce, "", Take::kNo, kNoFault},
                    {"Subscribe", kBounce, "", Take::kNo, kNoFault},
                    {"AutoResponder", kBounce, "", Take::kNo, kNoFault},
                    {"OpenRelayTest", kBounce, "", Take::kNo, kNoFault},
                    {"ChallengeVerification", kBounce, "", Take::kNo, kNoFault}},
       .text = "details",
       .created = {"bouncedat"},
       .scope = Scope::kHint,
       .scope_field = "messagestream",
       .only_if = "inactive"},

      // developers.sparkpost.com/api/suppression-list. `type` is the kind of mail that an entry
      // stops.
      {.name = "sparkpost",
       .provider = "SparkPost",
       .required = {"recipient", "type", "source"},
       .optional = {"description", "created", "updated", "transactional", "nontransactional",
                    "subaccountid", "listid"},
       .address = "recipient",
       .words = {"source"},
       .meanings = {{"Bounce Rule", kBounce, kListed, Take::kByText},
                    {"Spam Complaint", kComplaint, kAbuse, Take::kYes},
                    {"List Unsubscribe", kUnsubscribe, kWish, Take::kYes},
                    {"Unsubscribe Link", kUnsubscribe, kWish, Take::kYes},
                    {"Manually Added", kManual, kByHand, Take::kYes},
                    {"Compliance", kManual, kListed, Take::kYes}},
       .text = "description",
       .created = {"created", "updated"},
       .scope = Scope::kNamed,
       .scope_field = "type"},

      // developers.brevo.com/reference/get-transac-blocked-contacts. An unsubscription may be from
      // one sender only.
      {.name = "brevo",
       .provider = "Brevo",
       .required = {"email", "reason.code|reason", "blockedat"},
       .optional = {"reason.message", "senderemail"},
       .address = "email",
       .words = {"reason.code|reason"},
       .meanings = {{"hardBounce", kBounce, kListed, Take::kYes},
                    {"contactFlaggedAsSpam", kComplaint, kAbuse, Take::kYes},
                    {"unsubscribedViaMA", kUnsubscribe, kWish, Take::kYes},
                    {"unsubscribedViaEmail", kUnsubscribe, kWish, Take::kYes},
                    {"unsubscribedViaApi", kUnsubscribe, kWish, Take::kYes},
                    {"adminBlocked", kManual, kByHand, Take::kYes}},
       .created = {"blockedat"},
       .scope = Scope::kHint,
       .scope_field = "senderemail"},

      // mandrillapp.com/api/docs/rejects.JSON.html and the rejects.csv of exports.JSON.html. What
      // bounced is refused until `expires_at`; whatever that says of complaints and
      // unsubscriptions, a person's wish does not lapse.
      {.name = "mandrill",
       .provider = "Mandrill",
       .required = {"email", "reason", "createdat", "expiresat"},
       .optional = {"detail", "lasteventat", "expired", "subaccount", "sender", "sender.address",
                    "sender.createdat", "sender.sent", "sender.hardbounces", "sender.softbounces",
                    "sender.rejects", "sender.complaints", "sender.unsubs", "sender.opens",
                    "sender.clicks", "sender.uniqueopens", "sender.uniqueclicks"},
       .address = "email",
       .words = {"reason"},
       .meanings = {{"hard-bounce", kBounce, kListed, Take::kByText},
                    {"soft-bounce", kBounce, kListed, Take::kUntilItEnds},
                    {"spam", kComplaint, kAbuse, Take::kYes},
                    {"unsub", kUnsubscribe, kWish, Take::kYes},
                    {"custom", kManual, kByHand, Take::kYes}},
       .text = "detail",
       .created = {"createdat"},
       .expires = "expiresat",
       .scope = Scope::kHint,
       .scope_field = "subaccount"},
  };
}

}  // namespace

std::span<const ListFormat> ListFormats() {
  static const std::vector<ListFormat>& formats = *new std::vector<ListFormat>(MakeFormats());
  return formats;
}

std::span<const std::string_view> PageLists() { return kPageLists; }

}  // namespace bounced::cli
