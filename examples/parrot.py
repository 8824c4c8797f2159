"""A chat server that repeats what it is asked, for the example in plugins/reply.py: python parrot.py [PORT]."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Parrot(BaseHTTPRequestHandler):
    """Answers as the OpenAI chat API does."""

    def do_POST(self) -> None:  # the name that http.server calls
        """Say the last message again."""
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        said = f"You said: {request['messages'][-1]['content']}"
        body = json.dumps({"choices": [{"message": {"role": "assistant", "content": said}, "finish_reason": "stop"}]})
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing at the terminal."""


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if sys.argv[1:] else 8765), Parrot) as server:
        print(f"listening on port {server.server_port}", flush=True)
        server.serve_forever()
