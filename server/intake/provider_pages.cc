#include "server/intake/provider_pages.h"

namespace bounced {
namespace {

struct ProviderPage {
  std::string_view provider;
  std::string_view code_prefix;  // empty: any
  std::string_view url;
};

// The first that fits counts. Each is the provider's own, and was named by it in public.
constexpr ProviderPage kPages[] = {
    {"apple", "", "https://support.apple.com/en-us/HT204137"},
    {"comcast", "", "https://www.xfinity.com/support/articles/email-errors"},
    {"google", "", "https://support.google.com/a/answer/3726730"},
    // Mailboxes for the public have codes of their own; all else is of Exchange Online.
    {"microsoft", "S", "https://sendersupport.olc.protection.outlook.com/pm/troubleshooting.aspx"},
    {"microsoft", "OU-",
     "https://sendersupport.olc.protection.outlook.com/pm/troubleshooting.aspx"},
    {"microsoft", "",
     "https://learn.microsoft.com/en-us/exchange/troubleshoot/email-delivery/ndr/"
     "non-delivery-reports-in-exchange-online"},
    {"telekom", "", "https://postmaster.t-online.de/index.en.html"},
    {"united_internet", "", "https://postmaster.gmx.net/en/error-messages"},
    {"yahoo", "", "https://senders.yahooinc.com/smtp-error-codes/"},
};

}  // namespace

std::string_view PageOfProvider(std::string_view provider, std::string_view code) {
  for (const ProviderPage& page : kPages) {
    if (page.provider == provider && code.starts_with(page.code_prefix)) return page.url;
  }
  return {};
}

}  // namespace bounced
