#!/usr/bin/env python3
"""Measures how long the admission webhook takes for a review while many are asked at once.

Starts the webhook with certificates of its own, opens so many connections, and sends reviews of a new Deployment over each, one after
the other. Prints one JSON object: reviews, the client's times (with TLS, HTTP and this script's own time), and the share of reviews
that the handler itself answered within 0.3 ms and 5 ms, by the webhook's own histogram. Fails when an answer has no patch.

With --hostile N, others are connected meanwhile: N that say nothing, N that send a review byte by byte, 8 that send what is no review
as fast as they are refused, and one that sends updates of an object of 1.3 MB. It fails when one of the latter two kinds is not
answered as it should be.

    cargo build --release
    benches/webhook/reviews.py target/release/streamflow --connections 500 --reviews 100
    benches/webhook/reviews.py target/release/streamflow --connections 500 --reviews 100 --hostile 100
"""

import argparse
import asyncio
import collections
import json
import pathlib
import re
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

REVIEW = {
    "apiVersion": "admission.k8s.io/v1",
    "kind": "AdmissionReview",
    "request": {
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
        "kind": {"group": "apps", "version": "v1", "kind": "Deployment"},
        "namespace": "web",
        "name": "shop",
        "operation": "CREATE",
        "object": {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "shop"},
            "spec": {
                "selector": {"matchLabels": {"app": "shop"}},
                "template": {
                    "metadata": {"labels": {"app": "shop"}},
                    "spec": {"containers": [{"name": "shop", "image": "nginx"}]},
                },
            },
        },
    },
}


async def ask(address, context, request, reviews, opened, times):
    reader, writer = await asyncio.open_connection(*address, ssl=context, server_hostname="localhost")
    # All connections are there before the first review is sent.
    await opened.wait()
    for _ in range(reviews):
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", head).group(1))
        body = await reader.readexactly(length)
        times.append(time.perf_counter() - began)
        if b'"patch"' not in body:
            sys.exit(f"an answer without a patch: {body[:200]}")
    writer.close()


def post(body, kind="application/json"):
    head = f"POST /mutate HTTP/1.1\r\nhost: x\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def exchange(reader, writer, request):
    """Sends a request and returns the status and the body of its answer."""
    writer.write(request)
    await writer.drain()
    head = await reader.readuntil(b"\r\n\r\n")
    body = await reader.readexactly(int(re.search(rb"content-length: (\d+)", head).group(1)))
    return int(head.split(b" ", 2)[1]), body


async def silent(address):
    _, writer = await asyncio.open_connection(*address)
    try:
        await asyncio.Event().wait()
    finally:
        writer.close()


async def byte_by_byte(address, context):
    while True:
        _, writer = await asyncio.open_connection(*address, ssl=context, server_hostname="localhost")
        try:
            for byte in post(json.dumps(REVIEW).encode()):
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.05)
        except ConnectionError:
            # It was too slow, and starts anew.
            pass
        finally:
            writer.close()


async def malformed(address, context, counts):
    requests = [
        (400, post(b"{")),
        (400, post(b"\0" * 100_000)),
        (400, post(b"[" * 100_000)),
        (400, post(b'{"kind":"AdmissionReview"}')),
        (415, post(b"{}", "text/plain")),
    ]
    while True:
        reader, writer = await asyncio.open_connection(*address, ssl=context, server_hostname="localhost")
        for wanted, request in requests:
            status, body = await exchange(reader, writer, request)
            if status != wanted:
                sys.exit(f"{request[:80]} was answered by {status}: {body}")
            counts["malformed_refused"] += 1
        writer.close()


async def large(address, context, counts):
    old = json.loads(json.dumps(REVIEW["request"]["object"]))
    old["metadata"]["annotations"] = {"note": "x" * 1_325_000}
    new = json.loads(json.dumps(old))
    new["metadata"]["labels"] = {"team": "checkout"}
    review = {**REVIEW, "request": {**REVIEW["request"], "operation": "UPDATE", "object": new, "oldObject": old}}
    request = post(json.dumps(review).encode())
    counts["large_bytes"] = len(request)
    reader, writer = await asyncio.open_connection(*address, ssl=context, server_hostname="localhost")
    while True:
        status, body = await exchange(reader, writer, request)
        if status != 200 or b'"patch"' not in body:
            sys.exit(f"a large update was answered by {status}: {body[:200]}")
        counts["large_answered"] += 1
        await asyncio.sleep(0.2)


async def load(address, authority, connections, reviews, hostile):
    context = ssl.create_default_context(cafile=authority)
    times, counts = [], collections.Counter()
    others = []
    if hostile:
        others += [silent(address) for _ in range(hostile)]
        others += [byte_by_byte(address, context) for _ in range(hostile)]
        others += [malformed(address, context, counts) for _ in range(8)]
        others += [large(address, context, counts)]
    others = [asyncio.create_task(other) for other in others]
    opened = asyncio.Barrier(connections)
    request = post(json.dumps(REVIEW).encode())
    await asyncio.gather(*(ask(address, context, request, reviews, opened, times) for _ in range(connections)))
    for other in others:
        if other.done():
            other.result()
        other.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    return sorted(times), counts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--connections", type=int, default=500)
    parser.add_argument("--reviews", type=int, default=100, help="over each connection")
    parser.add_argument("--hostile", type=int, default=0, help="connections that are slow or send nonsense meanwhile")
    args = parser.parse_args()
    program = pathlib.Path(args.program).resolve()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "webhook", "certs", "--out", "certs", "-o", "none"], cwd=folder, check=True)
        command = [program, "webhook", "serve", "--certs", "certs", "-o", "ndjson", "--drain-delay", "0"]
        command += ["--listen", "127.0.0.1:0", "--probes", "127.0.0.1:0"]
        webhook = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            ready = json.loads(webhook.stdout.readline())
            host, port = re.fullmatch(r"https://(.+):(\d+)/mutate", ready["reviews"]).groups()
            authority = pathlib.Path(folder) / "certs/ca.crt"
            times, counts = asyncio.run(load((host, int(port)), authority, args.connections, args.reviews, args.hostile))
            metrics = urllib.request.urlopen(ready["probes"] + "/metrics").read().decode()
        finally:
            webhook.terminate()
            webhook.wait()
    bucket = lambda bound: int(re.search(rf'review_seconds_bucket{{le="{bound}"}} (\d+)', metrics).group(1))
    all_reviews = bucket(r"\+Inf")
    print(json.dumps({
        "connections": args.connections,
        "reviews": len(times),
        "client_ms_median": round(statistics.median(times) * 1000, 2),
        "client_ms_p99": round(times[int(len(times) * 0.99)] * 1000, 2),
        "handler_share_within_0.3_ms": bucket("0.0003") / all_reviews,
        "handler_share_within_5_ms": bucket("0.005") / all_reviews,
        **counts,
    }))


main()
