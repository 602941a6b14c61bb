#include "server/intake/mailbox_providers.h"

#include <algorithm>

#include "parser/text.h"

namespace bounced {
namespace {

struct Served {
  std::string_view domain;
  std::string_view provider;
};

// In the order of octets. Providers of mailboxes to the public, of which each has millions; one
// that has many domains under a name of its own.
constexpr Served kDomains[] = {
    {"126.com", "netease"},
    {"139.com", "139.com"},
    {"163.com", "netease"},
    {"aim.com", "yahoo"},
    {"alice.it", "telecom_italia"},
    {"aol.com", "yahoo"},
    {"arcor.de", "arcor.de"},
    {"att.net", "yahoo"},
    {"bellsouth.net", "yahoo"},
    {"bigpond.com", "bigpond.com"},
    {"bk.ru", "mail_ru"},
    {"bluewin.ch", "bluewin.ch"},
    {"blueyonder.co.uk", "virgin_media"},
    {"bol.com.br", "uol"},
    {"btinternet.com", "bt"},
    {"centurylink.net", "centurylink.net"},
    {"charter.net", "charter"},
    {"comcast.net", "comcast"},
    {"cox.net", "cox"},
    {"daum.net", "daum"},
    {"docomo.ne.jp", "docomo.ne.jp"},
    {"earthlink.net", "earthlink.net"},
    {"email.cz", "seznam"},
    {"ezweb.ne.jp", "ezweb.ne.jp"},
    {"fastmail.com", "fastmail"},
    {"free.fr", "free_france"},
    {"freenet.de", "freenet"},
    {"gmail.com", "google"},
    {"gmx.at", "united_internet"},
    {"gmx.ch", "united_internet"},
    {"gmx.com", "united_internet"},
    {"gmx.de", "united_internet"},
    {"gmx.net", "united_internet"},
    {"googlemail.com", "google"},
    {"hanmail.net", "daum"},
    {"hotmail.co.uk", "microsoft"},
    {"hotmail.com", "microsoft"},
    {"hotmail.de", "microsoft"},
    {"hotmail.es", "microsoft"},
    {"hotmail.fr", "microsoft"},
    {"hotmail.it", "microsoft"},
    {"icloud.com", "apple"},
    {"inbox.ru", "mail_ru"},
    {"interia.pl", "interia.pl"},
    {"juno.com", "juno.com"},
    {"laposte.net", "laposte"},
    {"libero.it", "italia_online"},
    {"list.ru", "mail_ru"},
    {"live.co.uk", "microsoft"},
    {"live.com", "microsoft"},
    {"live.fr", "microsoft"},
    {"live.nl", "microsoft"},
    {"mac.com", "apple"},
    {"mail.com", "united_internet"},
    {"mail.ru", "mail_ru"},
    {"me.com", "apple"},
    {"msn.com", "microsoft"},
    {"naver.com", "naver"},
    {"ntlworld.com", "virgin_media"},
    {"o2.pl", "o2.pl"},
    {"onet.pl", "onet"},
    {"optonline.net", "optonline.net"},
    {"optusnet.com.au", "optusnet.com.au"},
    {"orange.fr", "orange_france"},
    {"outlook.com", "microsoft"},
    {"outlook.de", "microsoft"},
    {"outlook.fr", "microsoft"},
    {"poczta.onet.pl", "onet"},
    {"proton.me", "proton"},
    {"protonmail.com", "proton"},
    {"qq.com", "tencent"},
    {"rambler.ru", "rambler.ru"},
    {"rediffmail.com", "rediffmail.com"},
    {"rocketmail.com", "yahoo"},
    {"rogers.com", "rogers.com"},
    {"sbcglobal.net", "yahoo"},
    {"seznam.cz", "seznam"},
    {"sfr.fr", "sfr"},
    {"shaw.ca", "shaw.ca"},
    {"sina.com", "sina.com"},
    {"sky.com", "sky.com"},
    {"skynet.be", "skynet.be"},
    {"softbank.ne.jp", "softbank.ne.jp"},
    {"sohu.com", "sohu.com"},
    {"sympatico.ca", "sympatico.ca"},
    {"t-online.de", "telekom"},
    {"talktalk.net", "talktalk.net"},
    {"telenet.be", "telenet.be"},
    {"telus.net", "telus.net"},
    {"terra.com.br", "terra.com.br"},
    {"tin.it", "telecom_italia"},
    {"tiscali.it", "tiscali.it"},
    {"ukr.net", "ukr.net"},
    {"uol.com.br", "uol"},
    {"verizon.net", "yahoo"},
    {"vip.qq.com", "tencent"},
    {"virgilio.it", "italia_online"},
    {"virginmedia.com", "virgin_media"},
    {"wanadoo.fr", "orange_france"},
    {"web.de", "united_internet"},
    {"windstream.net", "windstream.net"},
    {"wp.pl", "wp.pl"},
    {"xtra.co.nz", "xtra.co.nz"},
    {"ya.ru", "yandex"},
    {"yahoo.ca", "yahoo"},
    {"yahoo.co.id", "yahoo"},
    {"yahoo.co.in", "yahoo"},
    {"yahoo.co.jp", "yahoo_japan"},
    {"yahoo.co.uk", "yahoo"},
    {"yahoo.com", "yahoo"},
    {"yahoo.com.ar", "yahoo"},
    {"yahoo.com.au", "yahoo"},
    {"yahoo.com.br", "yahoo"},
    {"yahoo.com.mx", "yahoo"},
    {"yahoo.de", "yahoo"},
    {"yahoo.es", "yahoo"},
    {"yahoo.fr", "yahoo"},
    {"yahoo.in", "yahoo"},
    {"yahoo.it", "yahoo"},
    {"yandex.com", "yandex"},
    {"yandex.ru", "yandex"},
    {"yeah.net", "netease"},
    {"ymail.com", "yahoo"},
    {"ziggo.nl", "ziggo.nl"},
    {"zoho.com", "zoho"},
};
static_assert(std::is_sorted(std::begin(kDomains), std::end(kDomains),
                             [](const Served& a, const Served& b) { return a.domain < b.domain; }));

// Of the hosts that take mail for domains of others, too: the end of their names.
constexpr Served kHosts[] = {
    {"google.com", "google"},
    {"googlemail.com", "google"},
    {"protection.outlook.com", "microsoft"},
    {"hotmail.com", "microsoft"},
    {"mx.microsoft", "microsoft"},
    {"yahoodns.net", "yahoo"},
    {"mail.icloud.com", "apple"},
    {"gmx.net", "united_internet"},
    {"web.de", "united_internet"},
    {"mail.com", "united_internet"},
    {"kundenserver.de", "united_internet"},
    {"mail.ru", "mail_ru"},
    {"yandex.net", "yandex"},
    {"yandex.ru", "yandex"},
    {"pphosted.com", "proofpoint"},
    {"ppe-hosted.com", "proofpoint"},
    {"mimecast.com", "mimecast"},
    {"barracudanetworks.com", "barracuda"},
    {"messagelabs.com", "symantec"},
    {"iphmx.com", "cisco"},
    {"secureserver.net", "godaddy"},
    {"emailsrvr.com", "rackspace"},
    {"zoho.com", "zoho"},
    {"zoho.eu", "zoho"},
    {"protonmail.ch", "proton"},
    {"messagingengine.com", "fastmail"},
    {"qq.com", "tencent"},
    {"netease.com", "netease"},
    {"t-online.de", "telekom"},
    {"comcast.net", "comcast"},
};

const Served* Find(std::string_view domain) {
  const auto place = std::lower_bound(
      std::begin(kDomains), std::end(kDomains), domain,
      [](const Served& each, std::string_view wanted) { return each.domain < wanted; });
  return place != std::end(kDomains) && place->domain == domain ? place : nullptr;
}

bool IsBelow(std::string_view name, std::string_view domain) {
  return EndsWithIgnoringCase(name, domain) &&
         (name.size() == domain.size() || name[name.size() - domain.size() - 1] == '.');
}

}  // namespace

bool IsLargeMailboxProvider(std::string_view domain) { return Find(domain) != nullptr; }

std::string_view ProviderOfDomain(std::string_view domain) {
  const Served* const served = Find(domain);
  return served == nullptr ? std::string_view() : served->provider;
}

bool IsProviderName(std::string_view provider) {
  const auto is_it = [provider](const Served& each) { return each.provider == provider; };
  return std::any_of(std::begin(kDomains), std::end(kDomains), is_it) ||
         std::any_of(std::begin(kHosts), std::end(kHosts), is_it);
}

std::string_view ProviderOfHost(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  for (const Served& each : kHosts) {
    if (IsBelow(host, each.domain)) return each.provider;
  }
  return {};
}

}  // namespace bounced
