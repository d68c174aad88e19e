from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from store import Store


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        store = Store()
        visits = store.call("INCR", "visits")
        work = store.call("GET", "work") or "0"
        text = f"visits {visits}, work {work}, from {self.client_address[0]}\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


print("web: ready", flush=True)
ThreadingHTTPServer(("0.0.0.0", 8000), Page).serve_forever()
