"""Asks a daemon for verdicts, as a client in Python does.

usage: check.py SERVER ADDRESS...; prints a line for each: the verdict and the reason. The modules
that protoc makes of the API have to be in PYTHONPATH.
"""
import sys

import grpc

from bounced.v1 import suppression_pb2, suppression_pb2_grpc


def main():
    server, addresses = sys.argv[1], sys.argv[2:]
    with grpc.insecure_channel(server) as channel:
        service = suppression_pb2_grpc.SuppressionServiceStub(channel)
        for address in addresses:
            request = suppression_pb2.CheckRequest(address=address)
            answer = service.Check(request, timeout=30)
            print(suppression_pb2.Verdict.Name(answer.verdict), answer.suppression.reason)


main()
