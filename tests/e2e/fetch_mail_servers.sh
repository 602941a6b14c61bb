#!/bin/sh
# fetch_mail_servers.sh FOLDER: unpacks Debian's Exim and OpenSMTPD into FOLDER/root, unless they are
# there. They cannot be installed: a machine has one mail server, and the tests' is Postfix. Says on
# standard error what is missing, and exits with 1.
set -eu
mkdir -p "$1"
cd "$1"
exec 9>lock
flock 9
[ ! -e complete ] || exit 0
rm -rf root ./*.deb
apt-get -qq -o Acquire::http::Timeout=20 -o Acquire::Retries=1 download exim4-daemon-light opensmtpd
for package in ./*.deb; do dpkg -x "$package" root; done
# Their libraries have to be installed: a program with the right of another user takes none from here.
if ldd root/usr/sbin/exim4 root/usr/sbin/smtpd | grep 'not found' >&2; then exit 1; fi
touch complete
