import os


def app(environ, start_response):
    found = environ["PATH_INFO"] == "/ping"
    body = b"pong" if found else b""
    start_response("200 OK" if found else "404 Not Found", [
        ("Content-Type", "text/plain"),
        ("Content-Length", str(len(body))),
        ("X-Ips-Generation", str(os.getpid())),
    ])
    return [body]
