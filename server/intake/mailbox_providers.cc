#include "server/intake/mailbox_providers.h"

#include <algorithm>

namespace bounced {
namespace {

// In the order of octets. Providers of mailboxes to the public, of which each has millions.
constexpr std::string_view kProviders[] = {
    "126.com",         "139.com",       "163.com",          "aim.com",        "alice.it",
    "aol.com",         "arcor.de",      "att.net",          "bellsouth.net",  "bigpond.com",
    "bk.ru",           "bluewin.ch",    "blueyonder.co.uk", "bol.com.br",     "btinternet.com",
    "centurylink.net", "charter.net",   "comcast.net",      "cox.net",        "daum.net",
    "docomo.ne.jp",    "earthlink.net", "email.cz",         "ezweb.ne.jp",    "fastmail.com",
    "free.fr",         "freenet.de",    "gmail.com",        "gmx.at",         "gmx.ch",
    "gmx.com",         "gmx.de",        "gmx.net",          "googlemail.com", "hanmail.net",
    "hotmail.co.uk",   "hotmail.com",   "hotmail.de",       "hotmail.es",     "hotmail.fr",
    "hotmail.it",      "icloud.com",    "inbox.ru",         "interia.pl",     "juno.com",
    "laposte.net",     "libero.it",     "list.ru",          "live.co.uk",     "live.com",
    "live.fr",         "live.nl",       "mac.com",          "mail.com",       "mail.ru",
    "me.com",          "msn.com",       "naver.com",        "ntlworld.com",   "o2.pl",
    "onet.pl",         "optonline.net", "optusnet.com.au",  "orange.fr",      "outlook.com",
    "outlook.de",      "outlook.fr",    "poczta.onet.pl",   "proton.me",      "protonmail.com",
    "qq.com",          "rambler.ru",    "rediffmail.com",   "rocketmail.com", "rogers.com",
    "sbcglobal.net",   "seznam.cz",     "sfr.fr",           "shaw.ca",        "sina.com",
    "sky.com",         "skynet.be",     "softbank.ne.jp",   "sohu.com",       "sympatico.ca",
    "t-online.de",     "talktalk.net",  "telenet.be",       "telus.net",      "terra.com.br",
    "tin.it",          "tiscali.it",    "ukr.net",          "uol.com.br",     "verizon.net",
    "vip.qq.com",      "virgilio.it",   "virginmedia.com",  "wanadoo.fr",     "web.de",
    "windstream.net",  "wp.pl",         "xtra.co.nz",       "ya.ru",          "yahoo.ca",
    "yahoo.co.id",     "yahoo.co.in",   "yahoo.co.jp",      "yahoo.co.uk",    "yahoo.com",
    "yahoo.com.ar",    "yahoo.com.au",  "yahoo.com.br",     "yahoo.com.mx",   "yahoo.de",
    "yahoo.es",        "yahoo.fr",      "yahoo.in",         "yahoo.it",       "yandex.com",
    "yandex.ru",       "yeah.net",      "ymail.com",        "ziggo.nl",       "zoho.com",
};
static_assert(std::is_sorted(std::begin(kProviders), std::end(kProviders)));

}  // namespace

bool IsLargeMailboxProvider(std::string_view domain) {
  return std::binary_search(std::begin(kProviders), std::end(kProviders), domain);
}

}  // namespace bounced
