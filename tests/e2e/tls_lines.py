"""Says lines of any octets to a server of SMTP under implicit TLS.

usage: tls_lines.py PORT

Each line of standard input is a session of its own: lines in hexadecimal, with blanks between them.
They follow EHLO, each after the reply to the one before; then comes QUIT. All that the server said
goes to standard output, octet for octet.
"""
import socket
import ssl
import sys


def read_reply(lines):
    """False: the connection has ended."""
    while True:
        line = lines.readline()
        sys.stdout.buffer.write(line)
        if not line.endswith(b"\n"):
            return False
        if line[3:4] != b"-":
            return True


def main():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for session in sys.stdin:
        with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=30) as plain, \
                context.wrap_socket(plain) as connection, connection.makefile("rb") as lines:
            said = [b"EHLO client.sender.example", *map(bytes.fromhex, session.split()), b"QUIT"]
            if not read_reply(lines):
                continue
            for line in said:
                connection.sendall(line + b"\r\n")
                if not read_reply(lines):
                    break


main()
